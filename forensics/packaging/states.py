"""Signatures and time-stamps of a custody log are of the log as it was; entries added since, such as that of the package, are not under them.

So the log as it was goes into the package too, with what vouches for it: it is a beginning of the log as it is now.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from forensics.custody import query_path, signature_path, timestamp_path
from forensics.custody.entries import open_file
from forensics.custody.storage import read_lines

__all__ = ["State", "signed_states"]

MAX_BESIDE = 2**20  # bytes of a signature or time-stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A file beside the log, and the state of the log that it is about.

    Parameters
    ----------
    beside : Path
    length : int
        Number of lines; 0 if it fits no state, and then it goes beside the whole log, where checking shows that.
    n_bytes : int
    """

    beside: Path
    length: int
    n_bytes: int

    def read(self, log: Path) -> bytes:
        """Return the log as it was."""
        with open_file(log) as file:
            return file.read(self.n_bytes)


def signed_states(log: Path) -> list[State]:
    """Return what vouches for a log, with the state that each names; the digest lies in these files as text or as bytes."""
    beside = [
        path
        for path in (signature_path(log), query_path(log), timestamp_path(log))
        if path.is_file() and not path.is_symlink()
    ]
    found = {path: State(beside=path, length=0, n_bytes=0) for path in beside}
    data = {path: _start(path) for path in beside}
    hashed, n_bytes = hashlib.sha256(), 0
    for number, line in enumerate(read_lines(log), start=1):
        hashed.update(line)
        n_bytes += len(line)
        here = hashed.digest()
        for path in beside:
            if here in data[path] or here.hex().encode() in data[path]:
                found[path] = State(beside=path, length=number, n_bytes=n_bytes)
    return [found[path] for path in beside]


def _start(path: Path) -> bytes:
    with open_file(path) as file:
        return file.read(MAX_BESIDE)
