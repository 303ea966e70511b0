"""What goes into a record beside the findings: the custody log, look-ups by hash, and the figures of the calibration card."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from forensics.calibration import Card, read_card
from forensics.custody import CustodyLog
from forensics.errors import CalibrationError, ReportError
from forensics.evidence import KnownFiles, perceptual_hashes
from forensics.evidence.record import Evidence
from forensics.records.converting import to_record
from forensics.redaction import WITHHELD, Redaction
from forensics.report.sections.phrases import exhibit_label

__all__ = ["card_figures", "custody_entries", "looked_up"]

JsonObject: TypeAlias = dict[str, Any]

SHIPPED = Path(__file__).parents[1] / "assets" / "calibration.json"


def custody_entries(log: CustodyLog, digests: Sequence[str], *, names: bool) -> JsonObject:
    """Return the head of a log, its length, and its entries about the exhibits.

    Parameters
    ----------
    log : CustodyLog
    digests : sequence of str
        SHA-256 of the exhibits in the order in which they are numbered; empty for one that could not be read.
    names : bool
        False leaves out who did what, notes, and all files but the exhibits, which are named by number.

    Raises
    ------
    ReportError
        The log is broken: a report does not vouch for it.
    """
    check = log.verify()
    if not check.ok:
        raise ReportError(
            f"the custody log is broken: {check.problems[0]} Mend nothing; keep it as it is and say so in the case's notes."
        )
    numbers = {digest: number for number, digest in reversed(list(enumerate(digests, start=1))) if digest}
    told = [to_record(e) for e in check.entries if any(i.sha256 in numbers for i in (*e.inputs, *e.outputs))]
    entries = told if names else [_nameless(entry, numbers) for entry in told]
    return {"head": check.head, "length": len(check.entries), "entries": entries}


def _nameless(entry: JsonObject, numbers: Mapping[str, int]) -> JsonObject:
    items = {
        side: [
            {**item, "name": exhibit_label(numbers[item["sha256"]])}
            for item in entry[side]
            if item["sha256"] in numbers
        ]
        for side in ("inputs", "outputs")
    }
    nameless = {key: value for key, value in entry.items() if key != "message"}
    return {**nameless, **items, "actor": WITHHELD, "note": WITHHELD if entry["note"] else ""}


def looked_up(evidence: Evidence, known: Sequence[KnownFiles], redaction: Redaction) -> JsonObject:
    """Return the perceptual hashes of an exhibit whose pixels are at hand, and what lists say of it.

    A perceptual hash is a tiny picture: of an exhibit of which anything is covered it is left out. Where names are withheld,
    so are those that a list gives its entries.
    """
    lists = [
        {
            "name": WITHHELD if redaction.names else one.name,
            "sha256": one.sha256,
            "matches": [_match(to_record(match), redaction) for match in one.matches(evidence)],
            "notes": [*one.problems, *filter(None, [one.not_compared(evidence)])],
        }
        for one in known
    ]
    hidden = redaction.covering(evidence).boxes
    return {"perceptual": {} if hidden else dict(perceptual_hashes(evidence.pixels)), "lists": lists}


def _match(match: JsonObject, redaction: Redaction) -> JsonObject:
    return {**match, "entry": WITHHELD, "list_name": WITHHELD} if redaction.names else match


def card_figures(card: Card | None, named: Collection[str], strata: Collection[str]) -> JsonObject | None:
    """Return what a card says of the kinds of pictures that the findings are about.

    Parameters
    ----------
    card : Card or None
        The shipped one is read if this is None.
    named, strata : collection of str
        Digests of the cards that the findings name, and their kinds of pictures.

    Returns
    -------
    dict or None
        None if no finding was calibrated, or the card that it names is not at hand.

    Raises
    ------
    ReportError
        `card` is not the one that the findings name.
    """
    named = set(named) - {""}
    if card is not None and named - {card.sha256}:
        raise ReportError(
            f"the findings name the calibration {sorted(named)[0][:12]}…, the card given is {card.sha256[:12]}…. Pass the card they were made with."
        )
    if not named:
        return None
    if card is None:
        try:
            card = read_card(SHIPPED)
        except CalibrationError:
            return None
        if card.sha256 not in named:
            return None
    record = card.to_dict()
    wanted = ("n", "bounds", "metrics", "checked", "checked_n", "held_out")
    return {
        **{name: record[name] for name in ("created", "data", "checked_on", "level")},
        "sha256": card.sha256,
        "strata": {
            name: _figures(record["strata"][name], wanted) for name in sorted(strata) if name in record["strata"]
        },
    }


def _figures(stratum: Mapping[str, Any], wanted: Sequence[str]) -> JsonObject:
    return {name: stratum[name] for name in wanted}
