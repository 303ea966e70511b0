"""What the records are made of: array types, read-only copies, and values as JSON."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Float32Array", "Float64Array", "IntArray", "JsonObject", "UInt8Array", "frozen", "plain"]

UInt8Array: TypeAlias = NDArray[np.uint8]
Float32Array: TypeAlias = NDArray[np.float32]
Float64Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
JsonObject: TypeAlias = dict[str, Any]


def frozen(array: Any, dtype: Any) -> Any:
    """Return a C-contiguous, read-only copy; the array itself if it is that already and no view of another."""
    if isinstance(array, np.ndarray) and array.dtype == dtype and array.base is None:
        flags = array.flags
        if flags.c_contiguous and not flags.writeable:
            return array
    copy = np.array(array, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy


def plain(value: Any) -> Any:
    """Return a record as JSON values; tuples become lists, mappings become dicts, arrays become nested lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    return value
