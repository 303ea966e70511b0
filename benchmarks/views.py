"""What each view adds: turns, brightness and contrast, each beside the picture as it is.

The published method looks at six turns because it gained by them; whether these weights do is a question to measure,
and each view costs as much as the first.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.withheld import arguments, sides
from forensics.detector import Detector, load_detector
from forensics.evaluation.labelled import Pictures
from forensics.evaluation.tables import interval_cell, markdown_table
from forensics.evidence.record import Evidence
from forensics.records.arrays import Float64Array
from forensics.scores import BranchScores
from forensics.views import DIHEDRAL, PLAIN, TONES, Tiles

__all__ = ["ViewGain", "all_views", "score_views", "view_gain_table", "view_gains"]

BASE = "identity"
PUBLISHED = ("identity", "rot90", "rot180", "rot270", "hflip", "vflip")
RESAMPLES = 1000
SEED = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewGain:
    """What a set of views adds to the upright one.

    Parameters
    ----------
    views : tuple of str
        Without the upright one.
    n_real, n_fake : int
    auc, gain : float
        AUC with these views, and how much it is above that of the upright view alone.
    interval : (float, float)
        95 % bootstrap interval of the gain, over pictures, the same draw for both.
    """

    views: tuple[str, ...]
    n_real: int
    n_fake: int
    auc: float
    gain: float
    interval: tuple[float, float]

    @property
    def useful(self) -> bool:
        """Whether the gain is more than chance would give."""
        return self.interval[0] > 0


def all_views(scheme: Tiles) -> tuple[Tiles, Tiles]:
    """Return every turn as it is, and every brightness and contrast upright: two examinations of each picture."""
    return (
        replace(scheme, turns=tuple(DIHEDRAL), tones=(PLAIN,)),
        replace(scheme, turns=(BASE,), tones=tuple(tone for tone in TONES if tone != PLAIN)),
    )


def score_views(detectors: Sequence[Detector], pictures: Pictures) -> tuple[list[dict[str, BranchScores]], list[int]]:
    """Return for every picture its scores by look, and its label.

    Parameters
    ----------
    detectors : sequence of Detector
        The same weights with different `Tiles`, such as `all_views` gives.
    pictures : Pictures
        The withheld side; those that are unsuitable are left out.
    """
    looks: list[dict[str, BranchScores]] = []
    labels: list[int] = []
    for picture in pictures:
        evidence = Evidence.from_file(picture.path)
        found = [detector.examine(evidence).scores for detector in detectors]
        if all(scores is not None for scores in found):
            looks.append(
                {name: own for scores in found if scores is not None for name, own in _by_look(scores).items()}
            )
            labels.append(picture.label)
    return looks, labels


def _by_look(scores: BranchScores) -> dict[str, BranchScores]:
    """Divide scores by what follows the place of the tile in the names of the views."""
    names = [view.split(" ", 2)[2] for view in scores.views]
    return {name: _of_views(scores, [k for k, n in enumerate(names) if n == name]) for name in dict.fromkeys(names)}


def _of_views(scores: BranchScores, which: Sequence[int]) -> BranchScores:
    return BranchScores(
        branches=scores.branches,
        views=tuple(scores.views[k] for k in which),
        logits=scores.logits[:, which],
        boxes=scores.boxes[which],
        fusion=scores.fusion,
    )


def _together(parts: Sequence[BranchScores]) -> float:
    first = parts[0]
    return BranchScores(
        branches=first.branches,
        views=tuple(v for p in parts for v in p.views),
        logits=np.concatenate([p.logits for p in parts], axis=1),
        boxes=np.concatenate([p.boxes for p in parts]),
        fusion=first.fusion,
    ).log_odds


def view_gains(looks: Sequence[Mapping[str, BranchScores]], labels: Sequence[int]) -> list[ViewGain]:
    """Return the gain of each look, of the published six turns, and of all looks together.

    Raises
    ------
    ValueError
        A class is missing.
    """
    truth = np.array(labels)
    if set(truth.tolist()) != {0, 1}:
        raise ValueError("the gain of views needs pictures of both classes. Withhold a source with fakes.")
    others = [name for name in looks[0] if name != BASE]
    sets: list[tuple[str, ...]] = [(name,) for name in others]
    sets += [tuple(n for n in PUBLISHED if n in others), tuple(others)]
    base = np.array([look[BASE].log_odds for look in looks])
    rng = np.random.default_rng(SEED)
    classes = [np.flatnonzero(truth == label) for label in (0, 1)]
    # How often each picture of a class is in each draw; reals and fakes in turn.
    draws = [[np.bincount(rng.choice(c, len(c)), minlength=len(truth))[c] for c in classes] for _ in range(RESAMPLES)]
    real, fake = (np.array(counts) for counts in zip(*draws, strict=True))
    rows = []
    for views in sets:
        joint = np.array([_together([look[BASE], *(look[v] for v in views)]) for look in looks])
        more, less = (_wins(scores[classes[1]], scores[classes[0]]) for scores in (joint, base))
        gains = np.einsum("ri,ij,rj->r", fake, more - less, real) / more.size
        low, high = np.percentile(gains, [2.5, 97.5])
        rows.append(
            ViewGain(
                views=views, n_real=len(classes[0]), n_fake=len(classes[1]), auc=float(more.mean()),
                gain=float((more - less).mean()),
                interval=(float(low), float(high)),
            )
        )  # fmt: skip
    return rows


def _wins(fakes: Float64Array, reals: Float64Array) -> Float64Array:
    """Return for every pair whether the fake has the higher score, ties half, (fakes, reals); the mean is the AUC."""
    return (fakes[:, None] > reals) + 0.5 * (fakes[:, None] == reals)


def view_gain_table(rows: Iterable[ViewGain]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("upright view and", "real", "fake", "AUC", "gain", "95 % interval", "gain beyond chance"),
        (
            (_called(r.views), r.n_real, r.n_fake, r.auc, f"{r.gain:+.3f}", interval_cell(r.interval),
             "yes" if r.useful else "no")
            for r in rows
        ),
    )  # fmt: skip


def _called(views: Sequence[str]) -> str:
    return " and ".join(views) if len(views) < 3 else f"{len(views)} others ({', '.join(views)})"


def main() -> None:
    """Print the table of weights on withheld pictures."""
    options = arguments("views", __doc__, "weights", "at-most").parse_args()
    _, _, withheld = sides(options)
    scheme = load_detector(options.weights).weights.manifest.scheme
    if not isinstance(scheme, Tiles):
        raise SystemExit(
            "these weights look at the six published views, and at nothing else. Measure weights that use tiles."
        )
    detectors = [load_detector(options.weights, localise=False, views=views) for views in all_views(scheme)]
    looks, labels = score_views(detectors, withheld if options.at_most is None else withheld.thinned(options.at_most))
    print(view_gain_table(view_gains(looks, labels)))


if __name__ == "__main__":
    main()
