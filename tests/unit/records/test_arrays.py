from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from forensics.records.arrays import Float32Array, keep_copies, read_only


def test_only_an_array_that_nobody_can_write_to_is_taken_as_it_is() -> None:
    own = np.arange(6, dtype=np.uint8)
    assert read_only(own, np.uint8) is not own
    view = own[:]
    view.setflags(write=False)
    taken = read_only(view, np.uint8)
    own[0] = 9
    assert taken[0] == 0
    own.setflags(write=False)
    assert read_only(own, np.uint8) is own
    assert read_only(own, np.float32).dtype == np.float32
    turned = np.asfortranarray(np.zeros((2, 3), np.uint8))
    turned.setflags(write=False)
    assert read_only(turned, np.uint8).flags.c_contiguous


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    names: tuple[str, ...]
    shares: Mapping[str, float]
    values: Float32Array | None
    note: list[int]

    def __post_init__(self) -> None:
        keep_copies(self)


def test_a_record_keeps_copies_of_what_its_maker_can_still_change() -> None:
    names, shares, values, note = ["a"], {"a": 1.0}, np.zeros(2), [1]
    record = Measured(names=names, shares=shares, values=values, note=note)  # type: ignore[arg-type]
    names.append("b")
    shares["b"] = 2.0
    values[0] = 9.0
    assert (record.names, dict(record.shares)) == (("a",), {"a": 1.0})
    assert record.values is not None
    assert record.values.tolist() == [0.0, 0.0]
    assert record.values.dtype == np.float32
    assert record.note is note
    with pytest.raises(TypeError, match="does not support item assignment"):
        record.shares["a"] = 0.0  # type: ignore[index]
    assert Measured(names=(), shares={}, values=None, note=[]).values is None
