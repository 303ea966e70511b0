"""The bytes of a custody log: locked, added to at the end, on the disk before it is said that they are.

The lock is taken on the log itself: it is never replaced by another file, so that the lock stays where the data are, and no
second file lies among the evidence. The system drops it when a program dies.
"""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from forensics.custody.entries import MAX_LINE
from forensics.errors import CustodyError

if sys.platform == "win32":
    import msvcrt

    LOCKED = 2**40  # a byte far behind the end: locked bytes cannot be read by others there
else:
    import fcntl

__all__ = ["opened", "read_lines", "read_tail", "write_lines"]

CHUNK = 2**14  # read at once from the end; an entry has about 500 bytes


@contextmanager
def opened(path: Path, *, writing: bool) -> Iterator[int]:
    """Yield the file descriptor of a log that nobody else writes to meanwhile."""
    flags = (os.O_RDWR | os.O_APPEND | os.O_CREAT) if writing else os.O_RDONLY
    new = writing and not path.exists()
    if not new and not path.is_file():
        raise CustodyError(f"{path} is not there, or is no ordinary file. Name a custody log, or a new file for one.")
    try:
        fd = os.open(path, flags | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0), 0o644)
        try:
            _lock(fd, writing=writing)
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise CustodyError(f"{path} is no ordinary file. Name a custody log, or a new file for one.")
            if new and sys.platform != "win32":
                _sync_folder(path.parent)
            yield fd
        finally:
            os.close(fd)  # and with it the lock
    except OSError as err:
        verb = "written" if writing else "read"
        raise CustodyError(
            f"the custody log {path} cannot be {verb}: {err.strerror or err}. Check the place, its free room and your "
            "permissions."
        ) from err


if sys.platform == "win32":

    def _lock(fd: int, *, writing: bool) -> None:  # noqa: ARG001  # there is one kind of lock only
        while True:
            os.lseek(fd, LOCKED, os.SEEK_SET)
            with suppress(OSError):  # after ten seconds
                msvcrt.locking(fd, msvcrt.LK_LOCK, 1)
                return

else:

    def _lock(fd: int, *, writing: bool) -> None:
        # flock and not lockf: it holds between threads of one program too, and closing another descriptor does not drop it.
        fcntl.flock(fd, fcntl.LOCK_EX if writing else fcntl.LOCK_SH)


def _sync_folder(folder: Path) -> None:
    """Make sure that the name of a new file is on the disk too."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read_lines(path: Path, start: int = 0) -> Iterator[bytes]:
    """Yield the lines that were there when reading began; only the last can lack its line end, or one that is too long."""
    if not path.exists():
        return
    with opened(path, writing=False) as fd:
        end = os.fstat(fd).st_size
    with path.open("rb") as file:
        file.seek(start)
        while start < end:
            line = file.readline(min(MAX_LINE + 2, end - start))
            start += len(line)
            yield line
            if not line.endswith(b"\n"):
                return


def read_tail(fd: int, path: Path) -> tuple[bytes | None, int, bytes]:
    """Return the last whole line without its line end, where the whole lines end, and what comes after them."""
    size = os.fstat(fd).st_size
    n = 0
    while True:
        n = min(size, max(CHUNK, 4 * n))
        os.lseek(fd, size - n, os.SEEK_SET)
        data = _read(fd, n)
        cut = data.rfind(b"\n")
        start = data.rfind(b"\n", 0, max(cut, 0))
        if n == size or (cut >= 0 and start >= 0):
            break
        if n > 3 * MAX_LINE:
            raise CustodyError(
                f"the end of {path} is no entry of a custody log: a line has more than {MAX_LINE:,} bytes. Name the log."
            )
    line = data[start + 1 : cut] if cut >= 0 else None
    return line, size - n + cut + 1, data[cut + 1 :]


def _read(fd: int, n: int) -> bytes:
    parts = []
    while n > 0 and (part := os.read(fd, n)):
        parts.append(part)
        n -= len(part)
    return b"".join(parts)


def write_lines(fd: int, end: int, data: bytes, path: Path) -> None:
    """Put whole lines behind the whole lines, or leave the file as it was."""
    size = os.fstat(fd).st_size
    try:
        if (
            size > end
        ):  # a torn line. Should the machine stop before the entry about it is written, nothing that counted is lost.
            os.ftruncate(fd, end)
        left = memoryview(data)
        while left:
            left = left[os.write(fd, left) :]
        os.fsync(fd)
    except OSError as err:
        with suppress(OSError):
            os.ftruncate(fd, min(size, end))
        raise CustodyError(
            f"the custody log {path} cannot be written: {err.strerror or err}. The entry was not added. Make room or "
            "choose another place."
        ) from err
