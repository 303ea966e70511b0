"""What a copy withholds so that whoever is shown in a picture is not shown again."""

from forensics.redaction.boxes import Box, mixed, touched
from forensics.redaction.covering import STYLES, cover, covered_boxes, hatched
from forensics.redaction.faces import find_faces
from forensics.redaction.maps import hidden_cells, redacted_attribution, redacted_localisation
from forensics.redaction.metadata import WITHHELD, redacted_metadata
from forensics.redaction.plan import WHAT, Covering, Redaction, place_message
from forensics.redaction.showing import Shown, shown

__all__ = [
    "STYLES",
    "WHAT",
    "WITHHELD",
    "Box",
    "Covering",
    "Redaction",
    "Shown",
    "cover",
    "covered_boxes",
    "find_faces",
    "hatched",
    "hidden_cells",
    "mixed",
    "place_message",
    "redacted_attribution",
    "redacted_localisation",
    "redacted_metadata",
    "shown",
    "touched",
]
