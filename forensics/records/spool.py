"""Pieces of bytes on the disk, in the order added, read back one at a time."""

import os
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from typing import Self, overload

__all__ = ["Spool"]

IN_MEMORY = 2**20  # bytes up to which nothing touches the disk


class Spool(Sequence[bytes]):
    """A sequence of bytes of which one is in memory at a time.

    Parameters
    ----------
    folder : path, optional
        Where the file lies once it is larger than a megabyte; the system's folder for temporary files if not given. The file has
        no name where the system allows that, so that nothing is left of it however the process ends.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        place = None if folder is None else os.fspath(folder)
        self._file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY, dir=place)  # noqa: SIM115  # closed by close
        self._ends = array("Q", [0])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, data: bytes) -> int:
        """Add one piece and return its index."""
        self._file.seek(self._ends[-1])
        self._file.write(data)
        self._ends.append(self._ends[-1] + len(data))
        return len(self) - 1

    def close(self) -> None:
        """Give up all that was added."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        k = range(len(self))[index]
        self._file.seek(self._ends[k])
        return self._file.read(self._ends[k + 1] - self._ends[k])

    def __iter__(self) -> Iterator[bytes]:
        return (self[k] for k in range(len(self)))
