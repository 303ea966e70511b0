"""Progress of long work, on stderr or in the notebook."""

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

__all__ = ["tracked"]

T = TypeVar("T")


def tracked(items: Iterable[T], description: str) -> Iterator[T]:
    """Yield the items and show how many are done."""
    from rich.console import Console
    from rich.progress import track

    total = len(items) if isinstance(items, Sized) else None
    return iter(track(items, description=description, total=total, console=Console(file=sys.stderr)))
