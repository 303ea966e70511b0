"""Progress of long work, on stderr or in the notebook."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from threading import Event, Lock
from typing import TypeVar

from forensics.errors import Cancelled

__all__ = ["Watch", "tracked"]

T = TypeVar("T")


def tracked(items: Iterable[T], description: str) -> Iterator[T]:
    """Yield the items and show how many are done."""
    from rich.console import Console
    from rich.progress import track

    total = len(items) if isinstance(items, Sized) else None
    return iter(track(items, description=description, total=total, console=Console(file=sys.stderr)))


class Watch:
    """Tells how far work of several parts is, and stops it when asked to.

    Parameters
    ----------
    parts : int
        How many are expected; each counts alike.
    progress : callable, optional
        Called with (done, total) from the threads that work, one at a time.
    cancel : threading.Event, optional
        Set by another thread to stop the work.
    """

    FINE = 1000  # steps that one part is told in

    def __init__(
        self, parts: int, *, progress: Callable[[int, int], None] | None = None, cancel: Event | None = None
    ) -> None:
        self.parts = parts
        self._progress, self._cancel, self._lock = progress, cancel, Lock()
        self._begun, self._steps, self._taken = 0, 1, 0

    def begin(self, steps: int) -> None:
        """Begin the next part, which takes so many steps; raise `Cancelled` if asked to stop."""
        self._begun, self._steps, self._taken = self._begun + 1, max(1, steps), 0
        self._tell()

    def step(self) -> None:
        """Count one step; raise `Cancelled` if asked to stop."""
        with self._lock:
            self._taken = min(self._steps, self._taken + 1)
            self._tell()

    def finish(self) -> None:
        """Say that all is done, whatever was expected."""
        if self._progress is not None:
            self._progress(self.FINE * self.parts, self.FINE * self.parts)

    def _tell(self) -> None:
        if self._cancel is not None and self._cancel.is_set():
            raise Cancelled("the work was cancelled. Nothing was changed; ask again when it is wanted.")
        if self._progress is not None:
            done = self.FINE * max(0, self._begun - 1) + self.FINE * self._taken // self._steps
            self._progress(min(done, self.FINE * self.parts), self.FINE * self.parts)
