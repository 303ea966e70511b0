"""Work of several parts is told in equal shares, and stops when asked to."""

from threading import Event

import pytest

from forensics.errors import Cancelled
from forensics.records.progress import Watch


def test_every_part_counts_alike() -> None:
    told: list[tuple[int, int]] = []
    watch = Watch(2, progress=lambda done, total: told.append((done, total)))
    watch.begin(4)
    watch.step()
    watch.step()
    watch.begin(1)
    watch.step()
    watch.step()  # more than was expected is no more than all
    watch.finish()
    assert told == [(v, 2000) for v in (0, 250, 500, 1000, 2000, 2000, 2000)]


def test_it_stops_at_the_next_step_or_part() -> None:
    stop = Event()
    watch = Watch(1, cancel=stop)
    watch.begin(2)
    watch.step()
    stop.set()
    with pytest.raises(Cancelled, match="ask again"):
        watch.step()
    with pytest.raises(Cancelled):
        watch.begin(1)
