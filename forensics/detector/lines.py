"""Findings as JSON lines: on the disk as each picture ends, read back one at a time."""

import json
import logging
import tempfile
from array import array
from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Self

from forensics.detector.finding import Finding
from forensics.detector.pictures import ErrorRow, file_name
from forensics.errors import RecordError
from forensics.records.writing import write_atomically

__all__ = ["FindingLines", "read_findings"]

logger = logging.getLogger(__name__)

NEXT = "Name a file that 'forensics examine --json' wrote."


def read_findings(path: str | PathLike[str]) -> Iterator[Finding | ErrorRow]:
    """Yield what ``forensics examine --json`` wrote, one picture after another.

    A last line that was cut off, because the program was stopped while it wrote, is left out, and a warning is logged.

    Parameters
    ----------
    path : path

    Yields
    ------
    Finding or ErrorRow
        Findings without pixels; see `Finding.attach`.

    Raises
    ------
    RecordError
        The file cannot be read, or a line is neither a finding nor an error.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    logger.warning("%s: line %d was cut off and is left out.", path, number)
                    return
                yield _result(line, f"line {number} of {path}")
    except OSError as err:
        raise RecordError(f"{path} cannot be read: {err.strerror}. {NEXT}") from err


class FindingLines:
    """The JSON lines of a run: each is on the disk when `add` returns.

    Parameters
    ----------
    path : Path, optional
        Made by the first line. A temporary file without a name if not given.
    resume : bool
        Go on after the lines that are there; otherwise the first line replaces them. A last line that was cut off is taken away.

    Raises
    ------
    RecordError
        The file cannot be read, or holds something else.
    """

    def __init__(self, path: Path | None = None, *, resume: bool = False) -> None:
        self.path = path
        self.identities: list[tuple[str, str]] = []  # name and SHA-256 of each line's picture
        self._of_findings = bytearray()
        self._ends = array("Q", [0])
        self._file: BinaryIO | None = None
        if path is not None and resume and path.exists():
            self._go_on(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self.identities)

    def __getitem__(self, index: int) -> Finding | ErrorRow:
        return _result(self.line(index), f"line {index + 1} of {self.path or 'this run'}")

    def __iter__(self) -> Iterator[Finding | ErrorRow]:
        return (self[k] for k in range(len(self)))

    @property
    def n_findings(self) -> int:
        """How many lines are findings; the others are about files that could not be examined."""
        return sum(self._of_findings)

    def add(self, result: Finding | ErrorRow) -> int:
        """Write the line of a picture and return its index.

        Raises
        ------
        RecordError
            It cannot be written.
        """
        # A lone surrogate, as in a file name that is no text, becomes the JSON escape for it.
        line = result.to_json().encode("utf-8", "backslashreplace") + b"\n"
        try:
            file = self._opened()
            file.seek(0, 2)
            file.write(line)
            file.flush()
        except OSError as err:
            raise RecordError(
                f"{self.path or 'a temporary file'} cannot be written: {err.strerror}. Make room, or choose another place with --json; "
                "what was written before stays, and --resume goes on after it."
            ) from err
        self._note(result, len(line))
        return len(self) - 1

    def line(self, index: int) -> bytes:
        """Return a line as it stands in the file."""
        file = self._opened()
        file.seek(self._ends[index])
        return file.read(self._ends[index + 1] - self._ends[index])

    def is_finding(self, index: int) -> bool:
        """Return whether a line is a finding."""
        return bool(self._of_findings[index])

    def arrange(self, indices: Iterable[int]) -> None:
        """Keep these lines only, in this order; the file is replaced as a whole.

        Raises
        ------
        RecordError
            It cannot be written.
        """
        chosen = list(indices)
        if self.path is None or chosen == list(range(len(self))):
            return
        write_atomically(self.path, lambda file: file.writelines(map(self.line, chosen)))
        lengths = [self._ends[k + 1] - self._ends[k] for k in chosen]
        self.identities = [self.identities[k] for k in chosen]
        self._of_findings = bytearray(self._of_findings[k] for k in chosen)
        self._ends = array("Q", [0])
        for length in lengths:
            self._ends.append(self._ends[-1] + length)
        self._opened().close()
        self._file = self.path.open("r+b")

    def _opened(self) -> BinaryIO:
        if self._file is None:
            if self.path is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115  # closed at the end of the run
            else:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("w+b")
        return self._file

    def _go_on(self, path: Path) -> None:
        try:
            self._file = path.open("r+b")
        except OSError as err:
            raise RecordError(f"{path} cannot be read: {err.strerror}. {NEXT}") from err
        try:
            for number, line in enumerate(self._file, start=1):
                if not line.endswith(b"\n"):
                    break
                self._note(_result(line, f"line {number} of {path}"), len(line))
            self._file.truncate(self._ends[-1])
        except RecordError:
            self._file.close()
            raise

    def _note(self, result: Finding | ErrorRow, length: int) -> None:
        self._ends.append(self._ends[-1] + length)
        self._of_findings.append(isinstance(result, Finding))
        identity = result.evidence if isinstance(result, Finding) else result
        self.identities.append((file_name(identity.name), identity.sha256))


def _result(line: bytes, where: str) -> Finding | ErrorRow:
    try:
        record = json.loads(line)
        is_error = str(record.get("schema")).startswith("forensics.error/")
        return ErrorRow.from_dict(record) if is_error else Finding.from_dict(record)
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise RecordError(f"{where} is neither a finding nor an error: {err}. {NEXT}") from err
