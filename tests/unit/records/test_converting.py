from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pytest

from forensics.errors import CalibrationError, RecordError
from forensics.records.arrays import Float32Array, IntArray, keep_copies
from forensics.records.converting import JsonObject, JsonScalar, as_field, from_record, recorded, to_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    share: float
    kind: Literal["exact", "perceptual"] = "exact"

    def __post_init__(self) -> None:
        if self.share < 0:
            raise CalibrationError("a share is 0 or more. Mend it.")


def _older(record: JsonObject) -> JsonObject:
    if "old_name" in record:
        record["note"] = f"was {record.pop('old_name')}"
    return record


@recorded(
    constants={"schema": "example/1"},
    derived=("total", "names"),
    left_out={"seconds": lambda: 0.0},
    older=_older,
    code=as_field(unstruct_hook=lambda code: f"{code:x}", struct_hook=lambda text, _: int(text, 16)),
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whole:
    size: tuple[int, int]
    parts: tuple[Part, ...]
    settings: Mapping[str, JsonScalar]
    anything: Mapping[str, Any]
    values: Float32Array | None
    boxes: IntArray
    seconds: float
    first: Part | None = None
    sure: bool = False
    note: str = ""
    code: int = 255
    more: Mapping[str, Part] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keep_copies(self)

    @property
    def total(self) -> float:
        return sum(part.share for part in self.parts)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)


def whole(**changes: Any) -> Whole:
    given = {
        "size": (3, 2),
        "parts": (Part(name="a", share=0.25), Part(name="b", share=0.5, kind="perceptual")),
        "settings": {"n": 1, "x": 0.5, "on": True, "none": None, "text": "1"},
        "anything": {"list": (1, {"deep": (2,)})},
        "values": np.array([[0.5, np.nan]], dtype=np.float32),
        "boxes": np.array([[0, 1]]),
        "seconds": 3.0,
        "more": {"c": Part(name="c", share=1.0)},
    }
    return Whole(**{**given, **changes})


RECORD = {
    "schema": "example/1",
    "size": [3, 2],
    "parts": [{"name": "a", "share": 0.25, "kind": "exact"}, {"name": "b", "share": 0.5, "kind": "perceptual"}],
    "settings": {"n": 1, "x": 0.5, "on": True, "none": None, "text": "1"},
    "anything": {"list": [1, {"deep": [2]}]},
    "values": [[0.5, None]],
    "boxes": [[0, 1]],
    "first": None,
    "sure": False,
    "note": "",
    "code": "ff",
    "more": {"c": {"name": "c", "share": 1.0, "kind": "exact"}},
    "total": 0.75,
    "names": ["a", "b"],
}


def test_a_record_by_hand() -> None:
    assert to_record(whole()) == RECORD
    assert list(to_record(whole())) == list(RECORD)
    assert to_record((whole(values=None),)) == [{**RECORD, "values": None}]


def test_it_is_read_back_as_it_was() -> None:
    again = from_record(Whole, RECORD)
    assert to_record(again) == RECORD
    assert (again.size, again.seconds, again.parts[1].kind) == ((3, 2), 0.0, "perceptual")
    assert again.values is not None
    assert again.values.dtype == np.float32
    assert np.isnan(again.values[0, 1])
    assert again.boxes.dtype == np.int64
    assert not again.boxes.flags.writeable
    assert {name: type(value) for name, value in again.settings.items()} == {
        "n": int, "x": float, "on": bool, "none": type(None), "text": str,
    }  # fmt: skip
    with pytest.raises(TypeError):
        again.settings["n"] = 2  # type: ignore[index]


def test_derived_values_are_not_read_and_may_be_missing() -> None:
    assert from_record(Whole, {**RECORD, "total": 99.0}).total == 0.75
    assert from_record(Whole, {k: v for k, v in RECORD.items() if k not in ("total", "names")}).total == 0.75


def test_older_shapes_are_read_and_the_record_given_is_left_alone() -> None:
    given = {**{k: v for k, v in RECORD.items() if k != "note"}, "old_name": "x"}
    before = dict(given)
    assert from_record(Whole, given).note == "was x"
    assert given == before


@recorded(constants={"schema": "small/1"}, derived=("twice",))
@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    n: int

    @property
    def twice(self) -> int:
        return 2 * self.n


def test_a_record_given_is_left_alone_where_there_is_no_older_shape() -> None:
    given = {"schema": "small/1", "n": 2, "twice": 4}
    assert from_record(Small, given) == Small(n=2)
    assert given == {"schema": "small/1", "n": 2, "twice": 4}


def test_a_whole_number_is_a_float_and_what_storable_makes_of_others_too() -> None:
    assert isinstance(from_record(Part, {"name": "a", "share": 1}).share, float)
    assert from_record(Part, {"name": "a", "share": "inf"}).share == np.inf


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sise": 1}, r"it has sise, which is unknown: there are size, parts, settings,"),
        ({"seconds": 1.0}, r"it has seconds, which is never written"),
        ({"note": 5}, r"note must be text, got 5"),
        ({"sure": 1}, r"sure must be true or false, got 1"),
        ({"size": [True, 2]}, r"size\[0\] must be a whole number, got True"),
        ({"size": [3.5, 2]}, r"size\[0\] must be a whole number, got 3\.5"),
        ({"size": [3, 2, 1]}, r"size"),
        ({"size": 3}, r"size"),
        ({"size": "32"}, r"size"),
        ({"parts": [{"name": "a"}]}, r"parts\[0\]\.share is missing"),
        ({"parts": [{"name": "a", "share": "1"}]}, r"parts\[0\]\.share must be a number, got '1'"),
        (
            {"parts": [{"name": "a", "share": 1, "kind": "near"}]},
            r"parts\[0\]\.kind must be one of exact, perceptual, got 'near'",
        ),
        ({"parts": ["a"]}, r"parts\[0\]"),
        ({"parts": {"a": 1}}, r"parts"),
        ({"first": 3}, r"first"),
        ({"settings": {"n": [1]}}, r"settings"),
        ({"settings": [1]}, r"settings"),
        ({"anything": None}, r"anything"),
        ({"values": [[1, 2], [3]]}, r"values"),
        ({"values": [["a"]]}, r"values"),
        ({"boxes": [[0.5, 1]]}, r"boxes"),
        ({"schema": "example/2"}, r"it must have the schema 'example/1', got 'example/2'"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place_and_the_next_step(changes: JsonObject, words: str) -> None:
    with pytest.raises(RecordError, match=words) as caught:
        from_record(Whole, {**RECORD, **changes})
    assert str(caught.value).startswith("the record of a Whole cannot be read: ")
    assert str(caught.value).endswith("Read it with the version of forensics that wrote it, or mend it.")


@pytest.mark.parametrize("record", [None, [], "x", 3])
def test_what_is_no_object_is_told(record: object) -> None:
    with pytest.raises(RecordError, match="it must be an object, got"):
        from_record(Whole, record)
    with pytest.raises(RecordError, match="it must be an object, got"):
        from_record(Part, record)


def test_what_a_record_refuses_itself_is_passed_on() -> None:
    with pytest.raises(CalibrationError, match=r"^a share is 0 or more. Mend it.$"):
        from_record(Whole, {**RECORD, "parts": [{"name": "a", "share": -1.0}]})


def test_several_of_a_kind_are_read_at_once() -> None:
    assert from_record(tuple[Part, ...], RECORD["parts"]) == whole().parts
