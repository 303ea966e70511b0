"""The files of a bag (BagIt, RFC 8493) as they are written: each is read once, and hashed while it is copied.

Our own lines and not ``bagit.make_bag``: that changes the working directory of the whole program, reads every file a second time, and
writes the version before the RFC. Tests and `verify_package` let the library check what comes out.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from forensics.custody.entries import Item, open_file
from forensics.errors import CustodyError
from forensics.records.canonical import visible

__all__ = ["ALGORITHMS", "BAGIT", "CHUNK", "Bag", "Progress", "pieces"]

Progress: TypeAlias = Callable[[int, int], None]

ALGORITHMS = ("sha256", "sha512")
BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
CHUNK = 2**20  # bytes read at once
LONGEST_VALUE = 300  # characters of a line in bag-info.txt


@dataclass(frozen=True, slots=True)
class _Written:
    sha256: str
    sha512: str
    n_bytes: int


class Bag:
    """A bag in the making; names of files are already safe.

    Parameters
    ----------
    root : Path
        An empty folder.
    progress : callable, optional
        Called with the bytes written so far and the bytes expected.
    expected : int
    """

    def __init__(self, root: Path, *, progress: Progress | None = None, expected: int = 0) -> None:
        self.root = root
        self.files: dict[str, _Written] = {}
        self._progress, self._expected, self._done = progress, expected, 0

    def add(self, name: str, parts: Iterable[bytes]) -> Item:
        """Write a file and return it as a custody log names it.

        Raises
        ------
        CustodyError
            It cannot be written.
        """
        path = self.root / name
        digests = [hashlib.new(algorithm) for algorithm in ALGORITHMS]
        n_bytes = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                for part in parts:
                    file.write(part)
                    n_bytes += len(part)
                    for one in digests:
                        one.update(part)
                    self._tell(len(part))
                file.flush()
                os.fsync(file.fileno())
        except OSError as err:
            raise CustodyError(
                f"{name} of the package cannot be written: {err.strerror or err}. Make room, or choose another place with --out."
            ) from err
        self.files[name] = _Written(digests[0].hexdigest(), digests[1].hexdigest(), n_bytes)
        return Item(name=name, sha256=self.files[name].sha256, n_bytes=n_bytes)

    def copy(self, name: str, source: Path, *, sha256: str | None = None) -> Item:
        """Copy a file byte by byte, and refuse it if it has not the digest that it should have.

        Raises
        ------
        CustodyError
            It cannot be read or written, or was changed since it was looked at.
        """
        item = self.add(name, pieces(source))
        if sha256 not in (None, item.sha256):
            raise CustodyError(
                f"{source} was changed while the package was made: its SHA-256 was {sha256} and is {item.sha256}. Nothing was written; find out what "
                "writes to the case folder, and make the package again."
            )
        return item

    def finish(self, info: Sequence[tuple[str, str]]) -> Path:
        """Write what makes the folder a bag: its declaration, facts about it, and the manifests.

        Parameters
        ----------
        info : sequence of (str, str)
            Labels and values of ``bag-info.txt``; values are cut and made visible, so that none can pass for a line of its own.

        Returns
        -------
        Path
            Of ``tagmanifest-sha256.txt``, whose digest stands for the whole package.
        """
        payload = [name for name in self.files if name.startswith("data/")]
        size = sum(self.files[name].n_bytes for name in payload)
        self.add("bagit.txt", [BAGIT])
        lines = [*info, ("Payload-Oxum", f"{size}.{len(payload)}")]
        text = "".join(f"{label}: {visible(value)[:LONGEST_VALUE].strip()}\n" for label, value in lines)
        self.add("bag-info.txt", [text.encode()])
        for algorithm in ALGORITHMS:
            self.add(f"manifest-{algorithm}.txt", [self._manifest(payload, algorithm)])
        tags = [name for name in self.files if not name.startswith("data/")]
        for algorithm in ALGORITHMS:
            self.add(f"tagmanifest-{algorithm}.txt", [self._manifest(tags, algorithm)])
        return self.root / "tagmanifest-sha256.txt"

    def _manifest(self, names: Iterable[str], algorithm: str) -> bytes:
        return "".join(f"{getattr(self.files[name], algorithm)}  {name}\n" for name in sorted(names)).encode()

    def _tell(self, n_bytes: int) -> None:
        self._done += n_bytes
        if self._progress is not None:
            self._progress(min(self._done, self._expected), self._expected)


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of an ordinary file.

    Raises
    ------
    CustodyError
        It cannot be read.
    """
    with open_file(path) as file:
        try:
            while part := file.read(CHUNK):
                yield part
        except OSError as err:
            raise CustodyError(f"{path} cannot be read: {err.strerror or err}. Try a copy of the disk.") from err
