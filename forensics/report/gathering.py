"""What a report needs of each exhibit, put aside as the findings come, so that no two pictures are in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, Self, overload

from forensics.attribution.record import Attribution
from forensics.calibration.likelihood import VerbalScale
from forensics.detector.finding import Finding
from forensics.detector.pictures import error_record, placeless, read_error
from forensics.errors import ReportError
from forensics.evidence import KnownFiles
from forensics.evidence.record import Evidence
from forensics.judgement.rules import contradicts
from forensics.messages import carried
from forensics.records.canonical import JsonObject, canonical_text, storable, visible
from forensics.records.converting import from_record, to_record
from forensics.records.spool import Spool
from forensics.redaction import Covering, Redaction, redacted_attribution, redacted_localisation, redacted_metadata
from forensics.report.accompanying import looked_up
from forensics.report.context import Exhibit, Figure
from forensics.report.pictures.attributions import draw_attributions
from forensics.report.pictures.figures import draw_figures
from forensics.report.pieces import Items, stored
from forensics.report.sections.phrases import exhibit_label

__all__ = ["Exhibits", "Gathered", "NotExamined", "Pictures"]

NAMING = ("name_not_text", "name_ends_otherwise", "as_recorded")  # notes that tell of the name, or may
KEPT = 64  # exhibits that stay in memory once read; every section goes through all of them


class NotExamined(Protocol):
    """A picture that could not be examined, such as an ``ErrorRow`` of the detector."""

    @property
    def name(self) -> str:
        """The path or name as given."""

    @property
    def error(self) -> Exception:
        """Why."""


class Exhibits(Sequence[Exhibit]):
    """The exhibits of a record, each read when it is asked for."""

    def __init__(self, rows: Sequence[JsonObject] | Items) -> None:
        self._rows = rows
        self._read = lru_cache(KEPT)(self._read_one)

    def _read_one(self, index: int) -> Exhibit:
        row, number = self._rows[index], index + 1
        if "error" in row:
            return Exhibit(
                number=number, name=row["name"], problem=read_error(row), sha256=row["sha256"], n_bytes=row["n_bytes"]
            )
        finding = from_record(Finding, row)
        evidence = finding.evidence
        return Exhibit(
            number=number, name=evidence.name, finding=finding, sha256=evidence.sha256, n_bytes=evidence.n_bytes
        )

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Exhibit: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Exhibit]: ...
    def __getitem__(self, index: int | slice) -> Exhibit | Sequence[Exhibit]:
        chosen = range(len(self))[index]
        return [self._read(k) for k in chosen] if isinstance(chosen, range) else self._read(chosen)


class Pictures(Mapping[str, bytes]):
    """PNG bytes by figure id, each read when it is asked for."""

    def __init__(self, spool: Spool, places: Mapping[str, int]) -> None:
        self._spool = spool
        self._places = places

    def __getitem__(self, name: str) -> bytes:
        return self._spool[self._places[name]]

    def __iter__(self) -> Any:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Gathered:
    """What is put aside of the exhibits added so far: their rows of the record, their figures, and small facts of each.

    Parameters
    ----------
    redaction : Redaction
    residuals : sequence of str
        Names of the residuals to draw.
    attributions : sequence of Attribution
    known : sequence of KnownFiles or None
        Lists to look the exhibits up in; None if the report says nothing of hashes.
    scale : VerbalScale
        The words in force.
    folder : path
        Of the temporary files, which vanish when this is closed.
    """

    def __init__(
        self,
        *,
        redaction: Redaction,
        residuals: Sequence[str],
        attributions: Sequence[object],
        known: Sequence[KnownFiles] | None,
        scale: VerbalScale,
        folder: str | PathLike[str],
    ) -> None:
        self.redaction = redaction
        self.residuals = residuals
        self.attributions = attributions
        self.known = known
        self.scale = scale
        self.covered: dict[str, JsonObject] = {}
        self.hashes: dict[str, JsonObject] = {}
        self.digests: list[str] = []  # of every exhibit; empty for one whose bytes could not be read
        self.cards: set[str] = set()
        self.strata: set[str] = set()
        self._rows, self._pngs = Spool(folder), Spool(folder)
        self._figures: dict[str, Figure] = {}
        self._places: dict[str, int] = {}
        self._faces: dict[str, Sequence[Sequence[int]]] = {}
        self._explained: dict[int, tuple[JsonObject, list[Figure]]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._rows.close()
        self._pngs.close()

    @property
    def rows(self) -> Items:
        """The rows of the record, one for each exhibit."""
        return Items(self._rows)

    @property
    def pictures(self) -> Pictures:
        """The PNG bytes of all figures."""
        return Pictures(self._pngs, self._places)

    @property
    def figures(self) -> list[JsonObject]:
        """The figures of the exhibits in order, then those of the attributions in the order in which they were given."""
        of_attributions = [f for k in sorted(self._explained) for f in self._explained[k][1]]
        return to_record(list({f.id: f for f in (*self._figures.values(), *of_attributions)}.values()))

    @property
    def searched(self) -> Redaction:
        """The redaction with the faces that were found."""
        return replace(self.redaction, faces={**self.redaction.faces, **self._faces}) if self._faces else self.redaction

    @property
    def explanations(self) -> list[JsonObject]:
        """The attributions in the order in which they were given, each with the number of its exhibit.

        Raises
        ------
        ReportError
            One is of a picture or of weights that no finding is about.
        """
        for k, attribution in enumerate(self.attributions):
            if k not in self._explained and isinstance(attribution, Attribution):
                raise ReportError(
                    f"an attribution is of the picture {attribution.evidence_sha256[:12]}… and the weights {attribution.weights_sha256[:12]}…, "
                    "which no finding of this report is about. Pass the finding that it explains, or leave it out."
                )
        return [self._explained[k][0] for k in sorted(self._explained)]

    def add(self, row: Finding | NotExamined, *, examined: int) -> None:
        """Put aside what the report needs of the next exhibit.

        Parameters
        ----------
        row : Finding or ErrorRow
        examined : int
            How many findings the report will hold; the more, the less is drawn of each.

        Raises
        ------
        ReportError
            It is neither, or the scale has no word for its likelihood ratio.
        """
        number = len(self._rows) + 1
        if isinstance(row, Finding):
            self._require_words(row)
            redaction = self._redaction_of(row.evidence)
            covering = redaction.covering(row.evidence)
            self._draw(number, row, redaction, examined)
            self._explain(number, row, redaction, covering)
            self._note(number, row, redaction, covering)
            values = _finding_row(number, row, redaction, covering)
        elif hasattr(row, "name") and hasattr(row, "error"):
            values = _error_row(number, row, names=not self.redaction.names)
            self.digests.append(values["sha256"])
        else:
            raise ReportError(
                f"a report holds Finding and ErrorRow, got {type(row).__name__}. Pass what examine returned."
            )
        self._rows.add(canonical_text(storable(values)).encode("utf-8"))

    def _require_words(self, finding: Finding) -> None:
        scale = self.scale
        if contradicts(finding.outcome, finding.lr, scale):
            raise ReportError(
                f"{visible(finding.evidence.name)} was judged to be on a side, and the verbal scale {scale.name!r:.80} has no word "
                "of support for its likelihood ratio. Write the report with the scale that decided, or examine again with this one "
                "(--scale, load_detector(scale=...))."
            )

    def _redaction_of(self, evidence: Evidence) -> Redaction:
        """Return the redaction with the faces of one exhibit found: one with all of them is large in a large case."""
        known = self._faces.get(evidence.sha256)
        if known is not None:
            return replace(self.redaction, faces={**self.redaction.faces, evidence.sha256: known})
        found = self.redaction.searched([evidence])
        if evidence.sha256 in found.faces:
            self._faces[evidence.sha256] = found.faces[evidence.sha256]
        return found

    def _draw(self, number: int, finding: Finding, redaction: Redaction, examined: int) -> None:
        for figure, png in draw_figures(
            [(number, finding)], residuals=self.residuals, redaction=redaction, exhibits=examined
        ):
            self._keep(figure, png)
            self._figures.setdefault(figure.id, figure)

    def _explain(self, number: int, finding: Finding, redaction: Redaction, covering: Covering) -> None:
        key = finding.evidence.sha256, finding.run.weights.get("sha256")
        for k, one in enumerate(self.attributions):
            if k in self._explained or not isinstance(one, Attribution):
                continue
            if (one.evidence_sha256, one.weights_sha256) == key:
                drawn = list(draw_attributions([(number, one)], [(number, finding)], redaction=redaction, first=k + 1))
                for figure, png in drawn:
                    self._keep(figure, png)
                row = {"exhibit": number, **to_record(redacted_attribution(one, covering.boxes))}
                self._explained[k] = stored(row), [figure for figure, _png in drawn]

    def _keep(self, figure: Figure, png: bytes) -> None:
        if figure.id not in self._places:  # a colour bar serves all
            self._places[figure.id] = self._pngs.add(png)

    def _note(self, number: int, finding: Finding, redaction: Redaction, covering: Covering) -> None:
        self.digests.append(finding.evidence.sha256)
        self.cards.add(str(finding.run.settings.get("calibration_sha256") or ""))
        if finding.lr is not None:
            self.strata.add(finding.lr.stratum)
        self.covered[str(number)] = _covered(covering)
        if self.known is not None and finding.evidence.pixels.size:
            self.hashes[str(number)] = looked_up(finding.evidence, self.known, redaction)


def _covered(covering: Covering) -> JsonObject:
    return {
        "places": len(covering.boxes), "whole": covering.whole, "found": covering.found, "marked": covering.marked,
    }  # fmt: skip


def _error_row(number: int, row: NotExamined, *, names: bool) -> JsonObject:
    # A folder's name can name a source or a victim: a report holds the names of files, never their places.
    given = str(row.name)
    name = (Path(given).name or given) if names else exhibit_label(number)
    why = placeless(carried(row.error), given, name)
    return error_record(name, why, sha256=getattr(row, "sha256", ""), n_bytes=getattr(row, "n_bytes", 0))


def _finding_row(number: int, finding: Finding, redaction: Redaction, covering: Covering) -> JsonObject:
    if covering.boxes and finding.localisation is not None:
        finding = replace(finding, localisation=redacted_localisation(finding.localisation, covering.boxes))
    values: JsonObject = to_record(finding)
    if redaction.active:
        values["evidence"]["metadata"] = redacted_metadata(values["evidence"]["metadata"], redaction)
    if redaction.names:
        values["evidence"]["name"] = exhibit_label(number)
        notes = values["evidence"]["notes"]
        values["evidence"]["notes"] = [note for note in notes if note["code"] not in NAMING]
    return values
