"""Records as JSON values and back, by one converter.

A frozen dataclass whose fields are JSON scalars, tuples, mappings, arrays or other such records is written by `to_record`
and read by `from_record` as it stands. What its annotations do not say is said once beside the class, with `recorded`.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_origin

import numpy as np
from cattrs import Converter, transform_error
from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.strategies import configure_union_passthrough

from forensics.errors import ForensicsError, RecordError
from forensics.records.arrays import element_type, read_only
from forensics.records.canonical import JsonObject

__all__ = ["JsonObject", "JsonScalar", "as_field", "from_record", "recorded", "to_record"]

JsonScalar: TypeAlias = str | int | float | bool | None
T = TypeVar("T")

as_field = override  # of cattrs: how one field is written and read
WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number"}
NOT_FINITE = ("inf", "-inf", "nan")  # the text that `forensics.records.canonical.storable` makes of such numbers


def to_record(value: object) -> Any:
    """Return a record, or what records are made of, as JSON values.

    Tuples become lists, mappings dicts, arrays nested lists with null for NaN. Numbers and text stay as they are.
    """
    return _converter.unstructure(value)


def from_record(
    kind: type[T],
    record: object,
    *,
    called: str | None = None,
    next_step: str = "Read it with the version of forensics that wrote it, or mend it.",
) -> T:
    """Return the record that `to_record` came from.

    Parameters
    ----------
    kind : type
        A dataclass, or a type such as ``tuple[Caveat, ...]``.
    record : JSON values
    called : str, optional
        What a refusal calls it; the record of its class if not given.
    next_step : str
        Of a refusal.

    Raises
    ------
    RecordError
        A member is missing, unknown or of another type; the message says where. Text is not taken for a number, nor
        true and false for 1 and 0.
    ForensicsError
        What the record itself refuses when it is made.
    """
    try:
        return _converter.structure(record, kind)
    except BaseValidationError as err:
        own = _first_of_ours(err)
        if own is not None:
            raise own from err
        found = "; ".join(_placed(text) for text in transform_error(err, format_exception=_said))
    except (AttributeError, KeyError, TypeError, ValueError) as err:
        found = _placed(_said(err))
    called = called or f"the record of a {getattr(kind, '__name__', str(kind))}"
    end = "" if found.endswith("?") else "."
    raise RecordError(f"{called} cannot be read: {found}{end} {next_step}")


def recorded(
    *,
    constants: Mapping[str, Any] | None = None,
    derived: tuple[str, ...] = (),
    left_out: Mapping[str, Callable[[], Any]] | None = None,
    older: Callable[[JsonObject], JsonObject] | None = None,
    **overrides: Any,
) -> Callable[[type[T]], type[T]]:
    """Say how records of a class differ from its fields; used as a decorator above ``@dataclass``.

    Parameters
    ----------
    constants : mapping of str to JSON values, optional
        Members that every record of the class has, such as its schema; a record with others is refused.
    derived : tuple of str
        Properties that are written for readers of the file, and ignored when it is read.
    left_out : mapping of str to callable, optional
        Fields that are not written, and what makes their value when a record is read.
    older : callable, optional
        Given a record as it was found, returns one of today's shape; it may change its argument, a copy.
    **overrides : as_field
        Of fields that are written or read in a way of their own.
    """
    constants, left_out = constants or {}, left_out or {}

    def register(kind: type[T]) -> type[T]:
        unwritten = {name: override(omit=True) for name in left_out}
        made = {name: override(struct_hook=_ignoring(make)) for name, make in left_out.items()}
        write_fields = make_dict_unstructure_fn(kind, _converter, **{**overrides, **unwritten})
        read_fields = make_dict_structure_fn(
            kind,
            _converter,
            _cattrs_forbid_extra_keys=True,
            **{**overrides, **made},
        )

        def write(value: T) -> JsonObject:
            return {
                **constants,
                **write_fields(value),
                **{name: _converter.unstructure(getattr(value, name)) for name in derived},
            }

        def read(record: object, _: object) -> T:
            given = _object(record)
            given = dict(given) if older is None else older(dict(given))
            for name, expected in constants.items():
                if given.pop(name, None) != expected:
                    raise ValueError(f"must have the {name} {expected!r}, got {_object(record).get(name)!r:.80}")
            for name in derived:
                given.pop(name, None)
            for name in left_out.keys() & given.keys():
                raise ValueError(f"has {name}, which is never written")
            return read_fields({**given, **dict.fromkeys(left_out)}, kind)

        _converter.register_unstructure_hook(kind, write)
        _converter.register_structure_hook(kind, read)
        return kind

    return register


def _object(record: object) -> Mapping[str, Any]:
    if not isinstance(record, Mapping):
        raise TypeError(f"must be an object, got {type(record).__name__}")
    return record


def _ignoring(make: Callable[[], Any]) -> Callable[[Any, Any], Any]:
    return lambda _value, _type: make()


def _said(err: BaseException, _: type | None = None) -> str:
    if isinstance(err, KeyError):
        return f"lacks {err.args[0]}"
    if isinstance(err, ForbiddenExtraKeysError):
        known, surplus = [f.name for f in fields(err.cl)], sorted(err.extra_fields)
        close = [name for key in surplus for name in get_close_matches(key, known, n=1)]
        hint = f". Did you mean {close[0]!r}?" if close else ""
        return f"has {', '.join(surplus)}, which is unknown: there are {', '.join(known)}{hint}"
    return str(err)


def _placed(text: str) -> str:
    """Return what is wrong with its place in front: ``parts[0].share must be a number``."""
    said, _, place = text.partition(" @ $")
    place = place.removeprefix(".")
    if said.startswith("lacks ") and place:
        return f"{place} is missing"
    if said.startswith(("must ", "lacks ", "has ")):
        return f"{place or 'it'} {said}"
    return f"{place}: {said}" if place else said


def _first_of_ours(err: BaseException) -> ForensicsError | None:
    if isinstance(err, ForensicsError):
        return err
    parts = err.exceptions if isinstance(err, BaseExceptionGroup) else ()
    return next((own for own in map(_first_of_ours, parts) if own is not None), None)


def _scalar(kind: type, accepted: type) -> Callable[[Any, Any], Any]:
    def read(value: Any, _: Any) -> Any:
        if kind is float and isinstance(value, str) and value in NOT_FINITE:
            return float(value)
        if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f"must be {WORDS[kind]}, got {value!r:.80}")
        return kind(value)

    return read


def _is_choice(annotation: Any) -> bool:
    origin: Any = get_origin(annotation)
    return origin is Literal


def _choice(value: Any, annotation: Any) -> Any:
    allowed = get_args(annotation)
    if value not in allowed:
        raise ValueError(f"must be one of {', '.join(map(str, allowed))}, got {value!r:.80}")
    return value


def _array(annotation: Any) -> Callable[[Any, Any], Any]:
    dtype = element_type(annotation)

    def read(value: Any, _: Any) -> Any:
        array = np.array(value, dtype=dtype if dtype.kind == "f" else None)
        return read_only(array.astype(dtype, casting="same_kind" if array.size else "unsafe"), dtype)

    return read


def _dataclass(kind: type[T], made: Converter) -> Callable[[Any, Any], T]:
    read_fields = make_dict_structure_fn(kind, made, _cattrs_forbid_extra_keys=True)
    return lambda record, _: read_fields(_object(record), kind)


def _array_values(array: Any) -> Any:
    if array.dtype.kind != "f" or not np.isnan(array).any():
        return array.tolist()
    values = array.astype(object)
    values[np.isnan(array)] = None
    return values.tolist()


def _make_converter() -> Converter:
    made = Converter(forbid_extra_keys=True, unstruct_collection_overrides={tuple: list})
    configure_union_passthrough(JsonScalar, made)
    for kind, accepted in ((str, str), (bool, bool), (int, Integral), (float, Real)):
        made.register_structure_hook(kind, _scalar(kind, accepted))
    made.register_structure_hook_func(_is_choice, _choice)
    made.register_structure_hook_factory(is_dataclass, _dataclass)
    made.register_structure_hook_factory(lambda t: element_type(t) is not None, _array)
    made.register_unstructure_hook_func(lambda t: t is np.ndarray or element_type(t) is not None, _array_values)
    return made


_converter = _make_converter()
