"""Simulated scores of pictures of known origin, cards made from them, and the card that starter 0.3 once had."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from forensics.calibration import Card
from forensics.evaluation.fitting import fit_card
from forensics.evaluation.scoring import ScoredCopy

FACE = "face found, JPEG 60 to 84, short side 256 to 639"
OTHER = "no face found, JPEG 60 to 84, short side 256 to 639"  # a neighbour of FACE
FEW = "no face found, JPEG 85 and more, short side 256 to 639"  # no neighbour of it
NEIGHBOURS = "any subject, JPEG 60 to 84, short side 256 to 639"
# Withdrawn as evidence (decision 015); for these weights and for tests of what a calibrated detector says.
STARTER_CARD = Path(__file__).parent / "cards" / "starter.json"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def scored_copies(
    n: int,
    *,
    stratum: str = FACE,
    separation: float = 2.0,
    seed: int = 0,
    sources: tuple[int, int] = (2, 2),
    deliveries: tuple[str, ...] = ("as received",),
    prefix: str = "",
) -> Iterator[ScoredCopy]:
    """Yield scores of n pictures of each class: two normals of unit variance, so many sources of H1 and of H2."""
    rng = np.random.default_rng(seed)
    for label in (1, 0):
        for k in range(n):
            z = float(rng.normal(separation * (label - 0.5), 1))
            name = hashlib.sha256(f"{prefix} {seed} {stratum} {label} {k}".encode()).hexdigest()
            number = sources[0] if label else sources[1]
            source = f"{prefix}{'fake' if label else 'real'}-{k % number}" if number else name
            for delivery in deliveries:
                yield ScoredCopy(
                    sha256=name, label=label, source=source, delivery=delivery, stratum=stratum,
                    log_odds=z + float(rng.normal(0, 0.05)) * (delivery != "as received"), pooled={},
                )  # fmt: skip


def make_card(*, calibrator: str = "logistic", merged: bool = False, detector_sha256: str = "0" * 64) -> Card:
    """Return a card of one stratum with 120 pictures of each class, beside a smaller one or taken together with it."""
    few = scored_copies(60, stratum=OTHER, seed=1) if merged else scored_copies(20, stratum=FEW, seed=1)
    scored = [*scored_copies(120), *few]
    return fit_card(
        scored, detector_sha256=detector_sha256, weights={"name": "simulated", "sha256": "1" * 64}, now=NOW,
        calibrator=calibrator, minimum=40, together=70 if merged else 40,
    )  # fmt: skip
