"""Going on after a run that was cut short: which pictures have their line already, and whether it may stay."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from forensics.detector import ErrorRow, FindingLines
    from forensics.detector.finding import Finding
    from forensics.reproducibility import RunRecord

__all__ = ["Results", "lines_of_files", "require_same_run"]


class Results:
    """The results of a run in the order of its files, read back one at a time, findings with the pixels of their pictures.

    Parameters
    ----------
    lines : FindingLines
    files : sequence of path
        The pictures as given.
    places : sequence of int
        Which line is that of each file.
    """

    def __init__(self, lines: "FindingLines", files: Sequence[Path], places: Sequence[int]) -> None:
        self._lines = lines
        self._of_files = list(zip(files, places, strict=True))
        self.n_findings = lines.n_findings

    def __iter__(self) -> "Iterator[Finding | ErrorRow]":
        from forensics.detector.finding import Finding

        for file, place in self._of_files:
            result = self._lines[place]
            yield _with_pixels(result, file) if isinstance(result, Finding) else result


def _with_pixels(finding: "Finding", file: Path) -> "Finding":
    """Return a finding with the pixels of its picture; all else stays as it was when it was examined.

    Raises
    ------
    EvidenceError
        The file cannot be read any more, or holds something else now.
    """
    from forensics.evidence.record import Evidence

    fresh = finding.attach(Evidence.from_file(file, check_credentials=False)).evidence
    return replace(finding, evidence=replace(finding.evidence, pixels=fresh.pixels))


def require_same_run(lines: "FindingLines", run: "RunRecord") -> None:
    """Refuse to go on after findings that were made in another way.

    Raises
    ------
    BadParameter
        They differ in weights, settings or software.
    """
    for k in range(len(lines)):
        result = lines[k]
        made = getattr(result, "run", None)  # an error names no run
        if made is None:
            continue
        for part in ("weights", "settings", "software"):
            then, now = dict(getattr(made, part)), dict(getattr(run, part))
            if then != now:
                name = next(n for n in {**then, **now} if then.get(n) != now.get(n))
                raise typer.BadParameter(
                    f"{lines.path} was begun with other {part}: {name} was {then.get(name)}, and is {now.get(name)}. "
                    "Give the options of the first run, or choose another name for --json."
                )


def lines_of_files(lines: "FindingLines", files: Sequence[Path]) -> list[int | None]:
    """Return which line is that of each file; None for a file that is still to be examined.

    A line is that of a file with its name and its digest. Of several such files, which hold the same bytes, each gets one of
    their lines. The line of a file that could not be read is given up if it can be read now.

    Raises
    ------
    BadParameter
        A line is of no file that was given, or of one that was changed.
    """
    from forensics.detector.pictures import file_name, identity_of

    waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
    for k, identity in enumerate(lines.identities):
        waiting[identity].append(k)
    named = {name for name, _digest in waiting}
    places: list[int | None] = []
    digests: dict[str, str] = {}
    for file in files:
        name = file_name(file)
        digests[name] = identity_of(file)[0] if name in named else ""
        found = waiting.get((name, digests[name]))
        places.append(found.pop(0) if found else None)
    for (name, digest), left in waiting.items():
        if not left or not digest:
            continue
        if name in digests:
            raise typer.BadParameter(
                f"{name!r} was changed since {lines.path} was begun, or is given less often: the SHA-256 there is {digest}. "
                "Find the file as it was, or choose another name for --json and examine all pictures again."
            )
        raise typer.BadParameter(
            f"{lines.path} has a line about {name!r}, which is not among the pictures given. "
            "Name the pictures of the first run too, or choose another name for --json."
        )
    return places
