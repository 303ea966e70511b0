"""Array types of the records, and read-only copies of what a record is given."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

__all__ = ["Float32Array", "Float64Array", "IntArray", "UInt8Array", "element_type", "keep_copies", "read_only"]

UInt8Array: TypeAlias = NDArray[np.uint8]
Float32Array: TypeAlias = NDArray[np.float32]
Float64Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


def read_only(array: Any, dtype: Any) -> Any:
    """Return a C-contiguous, read-only copy; the array itself if it is that already and no view of another."""
    if isinstance(array, np.ndarray) and array.dtype == dtype and array.base is None:
        flags = array.flags
        if flags.c_contiguous and not flags.writeable:
            return array
    copy = np.array(array, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy


def keep_copies(record: Any) -> None:
    """Replace what callers could still change by read-only copies; for ``__post_init__`` of a frozen record.

    Fields annotated as tuple, mapping or one of the array types become that; others, and None, are left.
    """
    for name, copied in _copiers(record.__class__).items():
        value = getattr(record, name)
        if value is not None:
            object.__setattr__(record, name, copied(value))


def element_type(annotation: Any) -> Any:
    """Return the dtype of an array type such as `Float32Array`; None for other types."""
    if get_origin(annotation) is not np.ndarray:
        return None
    (scalar,) = get_args(get_args(annotation)[1])
    return np.dtype(scalar)


@cache
def _copiers(kind: type[Any]) -> dict[str, Callable[[Any], Any]]:
    found = {name: _copier(annotation) for name, annotation in get_type_hints(kind).items()}
    return {name: copied for name, copied in found.items() if copied is not None}


def _copier(annotation: Any) -> Callable[[Any], Any] | None:
    optional = get_origin(annotation) in (Union, UnionType)
    for option in get_args(annotation) if optional else (annotation,):
        if get_origin(option) is tuple:
            return tuple
        if get_origin(option) is Mapping:
            return lambda value: MappingProxyType(dict(value))
        if element_type(option) is not None:
            return partial(read_only, dtype=element_type(option))
    return None
