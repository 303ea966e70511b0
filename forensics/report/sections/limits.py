"""What the findings do not carry, and what else could explain them."""

from forensics.report.blocks import Block, Section, heading, items, paragraph, table
from forensics.report.context import Context
from forensics.report.sections.phrases import text_or

__all__ = ["alternatives", "limits"]

NOT_TESTED = (
    ("Source camera (sensor pattern noise)", "Needs reference pictures from the device."),
    ("Signature of a C2PA manifest", "Only the presence of a manifest was looked for."),
    ("Consistency of light, shadow, perspective, reflections", "Needs an examiner."),
    ("Content, place, time, persons", "Needs other sources than the file."),
    ("Copies and earlier publication", "Nothing was searched for outside the exhibits."),
)


def limits(context: Context) -> Section:
    """Return the limits of the method, of this case, and what was not tested."""
    general = [
        "A score is no measure of certainty, however near to 0 or 1. Only a likelihood ratio says how strong the findings are, and "
        "where none is stated, how often pictures of known origin get such a score is not known for this kind of picture.",
        "A likelihood ratio holds for pictures like those of its calibration. Its interval says what the number of those pictures "
        "leaves open; it does not cover generators and cameras that were not among them.",
        "What a court may believe about the picture depends on all other evidence too. A likelihood ratio is no such belief.",
        "The detector knows the pictures it was trained on. Generators, editing tools and cameras that came later, "
        "or that were not part of the training, can give any score.",
        "Saving, scaling, cropping, screenshots and messaging services remove the traces that are looked for; they "
        "can move the score in either direction.",
        "An alteration of a small part can be lost in the mean over many views; a score of one view is not a "
        "localisation either.",
        "A residual picture always shows something. Structure in it has to be compared with what is normal for the "
        "subject, the camera and the compression.",
    ]
    blocks: list[Block] = [items(general)]
    particular: dict[tuple[str, str], list[int]] = {}
    for exhibit, finding in context.examined:
        for caveat in finding.caveats:
            particular.setdefault((caveat.code, caveat.text), []).append(exhibit.number)
    blocks.append(heading("In this case"))
    if particular:
        blocks.append(
            items(
                f"{_of(numbers, context)}{text_or(text, limit=600)} [{text_or(code, limit=80)}]"
                for (code, text), numbers in particular.items()
            )
        )
    else:
        blocks.append(paragraph("The detector recorded no particular reservations."))
    if context.redacted:
        blocks.append(
            paragraph("Pictures and places are withheld in this copy, so that residuals cannot be read in it.")
        )
    untested = list(NOT_TESTED)
    if any(finding.robustness is None for _, finding in context.examined):
        untested.append(
            ("Stability under recompression and resizing", "No copies were scored, or not of every exhibit.")
        )
    blocks.append(table("Not tested in this examination", ("Question", "Why"), untested))
    blocks.append(
        paragraph(
            "Networks of this kind are machine-learning systems; this report is meant for use together with an expert "
            "who can be questioned about it."
        )
    )
    return Section("Limits", blocks)


def _of(numbers: list[int], context: Context) -> str:
    """Name the exhibits that a reservation is about, unless there is but one."""
    if len(context.exhibits) == 1:
        return ""
    many = len(numbers) > 1
    return f"Exhibit{'s' if many else ''} {', '.join(map(str, numbers))}: "


def alternatives(context: Context) -> Section:  # noqa: ARG001  # every section takes the context
    """Return innocent reasons for a high score and other reasons for a low one, balanced."""
    return Section(
        "Alternative explanations",
        [
            heading("A higher score may also come from"),
            items(
                (
                    "processing in the camera or phone: night mode, portrait blur, noise reduction, sharpening, upscaling;",
                    "retouching that leaves the content true: colour, contrast, dust, cropping and scaling;",
                    "repeated saving by messaging services and social networks, conversion between formats;",
                    "screenshots, scans, photographs of screens or prints, drawings, text and graphics.",
                )
            ),
            heading("A lower score may also come from"),
            items(
                (
                    "a generator or editing tool that the detector never saw;",
                    "added grain, blur or compression after an alteration, on purpose or in transit;",
                    "an alteration that is small beside the picture, or lies between the views;",
                    "a photograph of a generated picture, or a true photograph of a staged scene.",
                )
            ),
        ],
    )
