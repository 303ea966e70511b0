"""The custody log as it was when it was signed or time-stamped, which is a beginning of the log as it is now.

Entries added since, such as that of the package, are not under the signature. So the log as it was goes into the package too, with what
vouches for it.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from forensics.custody.beside import vouching_files
from forensics.custody.entries import open_file
from forensics.custody.storage import read_lines

__all__ = ["SignedLog", "signed_logs"]

MAX_BESIDE = 2**20  # bytes of a signature or time-stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLog:
    """A file beside the log, and how much of the log it vouches for.

    Parameters
    ----------
    beside : Path
    length : int
        Number of lines; 0 if it fits none, and then it goes beside the whole log, where checking shows that.
    n_bytes : int
    """

    beside: Path
    length: int
    n_bytes: int

    def read(self, log: Path) -> bytes:
        """Return the log as it was."""
        with open_file(log) as file:
            return file.read(self.n_bytes)


def signed_logs(log: Path) -> list[SignedLog]:
    """Return what vouches for a log, with the part of the log that each names; the digest lies in these files as text or as bytes."""
    beside = vouching_files(log)
    found = {path: SignedLog(beside=path, length=0, n_bytes=0) for path in beside}
    data = {path: _start(path) for path in beside}
    hashed, n_bytes = hashlib.sha256(), 0
    for number, line in enumerate(read_lines(log), start=1):
        hashed.update(line)
        n_bytes += len(line)
        here = hashed.digest()
        for path in beside:
            if here in data[path] or here.hex().encode() in data[path]:
                found[path] = SignedLog(beside=path, length=number, n_bytes=n_bytes)
    return [found[path] for path in beside]


def _start(path: Path) -> bytes:
    with open_file(path) as file:
        return file.read(MAX_BESIDE)
