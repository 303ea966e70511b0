"""One run of ``forensics examine``: pictures examined one after another, each line written as its picture ends, and the custody log."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from forensics.commands.examine.resuming import Results, lines_of_files, require_same_run

if TYPE_CHECKING:
    from forensics.calibration.likelihood import VerbalScale
    from forensics.custody import CustodyLog, Item
    from forensics.detector import Detector, FindingLines
    from forensics.detector.examining import Panel
    from forensics.detector.finding import Finding
    from forensics.evidence import TrustList

__all__ = ["Examination"]


@dataclass(kw_only=True)
class Examination:
    """The pictures of a run, and which line is that of each as far as it has come.

    Parameters
    ----------
    files : list of path
    lines : FindingLines
    detector : Detector
    robustness : {"quick", "full", "none"}
    trust : TrustList or None
    words : VerbalScale
    to_stdout : bool
        Print the lines; otherwise what a person reads.
    log : CustodyLog or None
    actor : str
        Who examines, for the log.
    """

    files: list[Path]
    lines: "FindingLines"
    detector: "Detector"
    robustness: "Panel"
    trust: "TrustList | None"
    words: "VerbalScale"
    to_stdout: bool
    log: "CustodyLog | None"
    actor: str
    places: list[int | None] = field(default_factory=list)

    def begin(self) -> None:
        """Find out which pictures have their line already, and enter all of them in the log as opened.

        Raises
        ------
        BadParameter
            The lines that are there are of other pictures, or were made in another way.
        CustodyError
            A file is not what the log first recorded.
        """
        require_same_run(self.lines, self.detector.run_record(robustness=self.robustness))
        self.places = lines_of_files(self.lines, self.files)
        self._in_order()
        before = [file for file, place in zip(self.files, self.places, strict=True) if place is not None]
        if before:
            typer.echo(
                f"{len(before):,} of {len(self.files):,} pictures were examined before; their lines stay.", err=True
            )
        if self.log is None:
            return
        if items := self._same(self.files):
            self.log.append("opened", actor=self.actor, inputs=items)
        if items := self._same(before):
            note = "Their lines of an earlier run are kept; opened now for their digests, and for the report if there is one."
            self.log.append("noted", actor=self.actor, inputs=items, note=note)

    def examine(self) -> bool:
        """Examine the pictures that have no line yet, and return whether all of them were; Ctrl-C ends it after the last whole picture."""
        from forensics.detector import ErrorRow

        ahead = [k for k, place in enumerate(self.places) if place is None]
        progress = len(ahead) > 1 and sys.stderr.isatty()
        done: list[int] = []
        try:
            results = self.detector.examine_many(
                [self.files[k] for k in ahead], progress=progress, robustness=self.robustness, trust=self.trust
            )
            for k, result in zip(ahead, results, strict=True):
                self.places[k] = self.lines.add(result)
                done.append(k)
                if isinstance(result, ErrorRow):
                    typer.echo(str(result.error), err=True)
                if self.to_stdout:
                    typer.echo(self.lines.line(len(self.lines) - 1), nl=False)
                elif not isinstance(result, ErrorRow):
                    typer.echo("\n".join(_described(result, self.words)))
        except KeyboardInterrupt:
            self._enter(done)
            return False
        self._in_order()
        self._enter(done)
        return True

    @property
    def results(self) -> Results:
        """Findings and errors in the order of the files, once all were examined."""
        return Results(self.lines, self.files, [place for place in self.places if place is not None])

    @property
    def whole(self) -> bool:
        """Whether every picture could be examined, those of earlier runs too."""
        return self.lines.n_findings == len(self.files)

    def _in_order(self) -> None:
        """Put the lines into the order of the files; the lines of no file, which errors that no longer hold are, go."""
        kept = [place for place in self.places if place is not None]
        self.lines.arrange(kept)
        if self.lines.path is not None:
            new = iter(range(len(kept)))
            self.places = [None if place is None else next(new) for place in self.places]

    def _enter(self, done: list[int]) -> None:
        """Hash the exhibits again, and enter which were examined in this run, what came out, and which could not be opened."""
        from forensics.custody import Item
        from forensics.messages import Message

        if self.log is None:
            return
        could = {k: self.lines.is_finding(place) for k in done if (place := self.places[k]) is not None}
        unopened = self._same([self.files[k] for k, good in could.items() if not good])
        items = self._same([self.files[k] for k, good in could.items() if good])
        if unopened:
            self.log.append("noted", actor=self.actor, inputs=unopened, note=Message("not_opened"))
        path = self.lines.path
        outputs = [Item.from_file(path)] if path is not None and path.exists() else []
        if items:
            self.log.append("examined", actor=self.actor, inputs=items, outputs=outputs)

    def _same(self, files: list[Path]) -> "list[Item]":
        """Return the files that are there as items of the log; one that is not what it first recorded stops the work."""
        from forensics.custody import Item

        items = [Item.from_file(file) for file in files if file.is_file()]
        for item in items:
            if self.log is not None:
                self.log.require_same(item, actor=self.actor)
        return items


def _described(finding: "Finding", scale: "VerbalScale") -> Iterator[str]:
    """Yield the lines that a person reads."""
    from forensics.evidence.texts import one_line

    evidence = finding.evidence
    yield (
        f"{one_line(evidence.name)}  {evidence.media_type}  {evidence.width} x {evidence.height}  sha256 {evidence.sha256}"
    )
    if finding.scores is not None:
        branches = ", ".join(f"{name} {value:+.2f}" for name, value in finding.scores.by_branch.items())
        yield f"  uncalibrated score {finding.scores.score:.4f} (not a probability); log-odds by branch: {branches}"
        if finding.scores.fusion is not None:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in finding.scores.fusion.shares.items())
            yield f"  in the score the branches count: {shares}"
    yield f"  outcome: {finding.outcome}. {finding.reason}"
    lr = finding.lr
    if lr is not None:
        yield (
            f"  log10 LR {lr.llr:+.2f}{' (bound reached)' if lr.at_bound else ''}, 95 % interval {lr.interval[0]:+.2f} to "
            f"{lr.interval[1]:+.2f}, bounds {lr.bounds[0]:+.2f} to {lr.bounds[1]:+.2f}; reference: {lr.stratum}"
        )
        if finding.outcome in ("supports_h1", "supports_h2"):
            yield f"  in words: {lr.words(scale)}. H1: {lr.propositions.h1} H2: {lr.propositions.h2}"
    if finding.robustness is not None:
        yield f"  {finding.robustness.summary}"
    for note in evidence.notes:
        yield f"  note: {note}"
    for caveat in finding.caveats:
        if caveat.text != finding.reason:
            yield f"  caveat: {caveat.text}"
