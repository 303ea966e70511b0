"""What the detector and its parts say of a picture, found again in their text so that it can be said in another language.

A finding holds sentences with the measured values in them. They are English wherever they were made, so that one finding
reads the same in every log. A report in another language takes them apart: each sentence is matched with the patterns below,
its values are kept, and the pattern's translation is filled with them. A test runs everything that makes such sentences.
"""

import re
from functools import cache

from forensics.report.language.speaking import direct, language, sentences

__all__ = ["MEASURED", "measured", "unmatched"]

LONGEST = 5000  # characters; nothing that the package says is longer, and hostile text is left alone

MEASURED: tuple[str, ...] = (
    # forensics.judgement
    "No calibration card is loaded, so the score has no known meaning as evidence; it may only be used to decide what to look "
    "at more closely.",
    "These weights are withdrawn as evidence: on pictures unlike those of their making they do no better than chance and take face "
    "swaps for photographs; nothing may be concluded from the score.",
    "Support for H2 is no sign that the picture is unaltered. It says that the picture is unlike the generated pictures of the "
    "calibration, no more: other generators and alterations of a part may leave no trace that the detector knows.",
    "The score fits neither the generated nor the camera pictures of the calibration (p = {p1} for H1, {p2} for H2; a class fits "
    "above {level}): the picture lies outside what was validated.",
    "The score is common among generated and among camera pictures of the calibration (p = {p1} for H1, {p2} for H2; a class fits "
    "above {level}).",
    "The interval of the likelihood ratio includes 1.",
    "The end of the interval of the likelihood ratio nearer to 1 lies between 1/{lr} and {lr_again}.",
    "The likelihood ratio and the class that the score fits (p = {p1} for H1, {p2} for H2; a class fits above {level}) point to "
    "different sides.",
    "Among the pictures of the calibration such a score fits {side} and not {other} (p = {p1} for H1, {p2} for H2; a class fits "
    "above {level}), and the whole interval of the likelihood ratio lies on the side of {side_again}.",
    "The likelihood ratio moves to the other side of 1 when the picture is delivered otherwise ({deliveries}); its content is the "
    "same.",
    # forensics.calibration.card
    "The calibration holds nothing for pictures of this kind ({stratum}): {why}. Use the score only to decide what to look at more "
    "closely, or calibrate with pictures of this kind ('forensics calibrate').",
    "no picture of this kind was among those it was made from",
    "{h1} generated pictures and {h2} camera pictures, with a face and without, were at hand, and at least {least} of each are needed",
    "{h1} generated pictures and {h2} camera pictures were at hand, and at least {least} of each are needed",
    # forensics.judgement.suitability
    "The picture is compressed too strongly: estimated JPEG quality {quality}, at least {least} is needed.",
    "The file has the marks of a screenshot: what it holds passed through a display, which is not what was validated. Ask for the "
    "picture itself.",
    # forensics.detector
    "The short side has {n} pixels; at least {least} are needed.",
    "The short side has {n} pixel; at least {least} are needed.",
    "Every part of the picture is flat; there is nothing in which traces could be found.",
    "The picture is larger than the tile cap covers: {share} % of its pixels lay between the tiles and were not looked at.",
    "{n} tiles without structure (sky, wall, black) were left out.",
    "{n} tile without structure (sky, wall, black) was left out.",
    "The published view scheme resizes the picture to {size} x {size_again} and cuts parts of turned views; fine traces may be lost.",
    "Fast mode was asked for, but {backend} failed ({why}).",
    "Nothing faster is available on this machine; the scores were computed as in exact mode.",
    "Computed in fast mode, by {backend} in {precision}: a score may differ by up to {tolerance} from that of exact mode, which is "
    "the one to quote.",
    # forensics.evidence
    "The file holds {n} frames; the first was examined.",
    "The colour profile was not applied; pixel values are as stored.",
    "The EXIF orientation {n} is not defined and was ignored.",
    "EXIF orientation {n} applied.",
    "16 bits a channel: the high byte was kept.",
    "Grey was written to all three channels.",
    "Transparency was dropped; the colours are as stored.",
    "Palette colours were written out as RGB.",
    "CMYK was converted to RGB without a profile.",
    "{mode} was converted to RGB.",
    "The file name held bytes that are no text; they are written as \\udcXX.",
    "The name ends in {suffix}, the content is {kind}.",
    # forensics.redaction
    "The whole picture is withheld in this copy.",
    "No face was found, so that the whole picture is withheld in this copy.",
    "One place is covered in this copy: {places}.",
    "{n} places are covered in this copy: {places}.",
    "columns {left} to {right}, rows {top} to {bottom}",
    "and {n} more",
    # forensics.residuals
    "quality {n}",
    # forensics.judgement.deliveries
    "saved as JPEG of quality {quality}, 4:2:0",
    "scaled to {percent} % of each side (mean of pixels), saved as JPEG of quality 90",
    "as received",
    "resized {percent} %",
    # forensics.attribution
    "The sum differs from what it explains ({difference} log-odds) by {share} %.",
    "It is drawn at random and right on average only, so this is told and not judged.",
    "Cells removed, most important first: the log-odds fall below those of {share} % of {n} copies of the map laid elsewhere.",
    "Cells brought back, most important first: the log-odds rise above those of {share} % of {n} copies of the map laid elsewhere.",
    "Half the distance between these two curves: {gain} log-odds.",
    "Rank correlation with the map of a copy saved at JPEG 95: {value}.",
    "In a copy saved at JPEG 95 {share} % of the credit is another.",
    "Rank correlation with the map of the same network with shuffled weights: {value}.",
    "Rank correlation with the map of the same network with shuffled weights, median of {n} forgeries: {value}.",
    "Squared error of the changes that the map foretells: {value} of the squared changes.",
    "A change of at most one grey level changes the map by up to {share} % of its norm.",
    "On {n} local forgeries the strongest cell lay in the forged place in {hits} of 100 ({low} to {high}), where chance has {chance}.",
    "not checked",
    "1 check made, passed",
    "{n} checks made, all passed",
    "not reliable: failed {checks}",
    "−{limit} log-odds per cell, for ‘real’",
    "+{limit} log-odds per cell, for ‘fake’",
    "What the branch “{branch}” responded to in columns {left} to {right}, rows {top} to {bottom}: {method}, in log-odds per cell of "
    "{width} × {height} pixels.",
    "Explained: log-odds {output}.",
    "Explained: logit of ‘fake’ {output}.",
    "Explained: logit of ‘real’ {output}.",
    "The baseline “{baseline}” has {reference}, a difference of {difference}.",
    "The cells sum to {fake} for ‘fake’ and {real} for ‘real’.",
    "This view is the highest of {n}.",
    "It is no map of forged places.",
    "Checks: {checks}.",
    "Map of {columns} by {rows} cells, {checks}: sum for ‘fake’ {fake}, for ‘real’ {real} log-odds; strongest for ‘fake’ {strongest} in "
    "the cell at column {x}, row {y}; {share} percent of the cells at the ends of the scale or beyond.",
)


def measured(text: str) -> str:
    """Return what a part of the package says of a picture, in the language in force; as it stands if it is not known.

    Parameters
    ----------
    text : str
        One or more sentences of `MEASURED`, a text of the catalogue, or such texts with commas between them.
    """
    if language() == "en" or not text or len(text) > LONGEST:
        return text
    return _value(text)


def unmatched(text: str) -> bool:
    """Return whether a text would stay English in the language in force."""
    return language() != "en" and _known(text) is None


def _known(text: str) -> str | None:
    """Return the translation of a text of the catalogue, of sentences, or of several texts with commas between them."""
    said = direct(text)
    if said != text:
        return said
    found = _sentences(text)
    if found is not None:
        return sentences(*found)
    return _several(text)


def _several(text: str) -> str | None:
    """Return the translations of texts with semicolons or commas between them; None if none of them is known."""
    for mark in ("; ", ", "):
        parts = text.split(mark)
        known = [_value(part) for part in parts] if len(parts) > 1 else parts
        if any(a != b for a, b in zip(parts, known, strict=True)):
            return direct(mark).join(known)
    return None


def _sentences(text: str) -> list[str] | None:
    """Return the translations of the sentences that a text consists of; None if one of them is not known."""
    found: list[str] = []
    at = 0
    while at < len(text):
        matches = ((template, pattern.match(text, at)) for template, pattern in _patterns())
        first = next(((template, m) for template, m in matches if m), None)
        if first is None:
            return None
        template, match = first
        said = direct(template)
        if said == template:
            return None
        values = {name: _value(value) for name, value in match.groupdict().items()}
        found.append(said.format(**values))
        at = match.end() + 1
    return found


def _value(text: str) -> str:
    """Return a value within a sentence: most are numbers, some are texts of their own."""
    if text.replace(".", "").isdigit():
        return text
    known = _known(text)
    return text if known is None else known


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each template with its pattern, those with most fixed text first."""
    ordered = sorted(MEASURED, key=lambda t: -len(re.sub(r"{\w+}", "", t)))
    return tuple((template, _pattern(template)) for template in ordered)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"{(\w+)}", template)
    text = "".join(re.escape(p) if k % 2 == 0 else f"(?P<{p}>.+?)" for k, p in enumerate(pieces))
    return re.compile(f"{text}(?= |$)", re.DOTALL)
