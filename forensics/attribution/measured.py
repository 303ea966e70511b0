"""What was measured once of each branch and method, on forgeries whose place is known; stored with the weights."""

from forensics.attribution.faithfulness import judged
from forensics.attribution.record import TrustCheck
from forensics.models.companion import Companion

__all__ = ["measured_checks"]


def measured_checks(companion: Companion, branch: str, method: str, *, have: set[str]) -> list[TrustCheck]:
    """Return the checks that stand for all pictures; those that were made of this picture itself are left out.

    Parameters
    ----------
    companion : Companion
        With the rows of `benchmarks.explanations.explanation_rows`.
    branch, method : str
    have : set of str
        Names of the checks that were made.
    """
    row = next((r for r in companion.attributions if (r["branch"], r["method"]) == (branch, method)), None)
    if row is None:
        return []
    low, high = row["pointing_interval"]
    pointing = judged(
        "localisation",
        row["pointing"],
        f"On {row['n']} local forgeries the strongest cell lay in the forged place in {100 * row['pointing']:.0f} of 100 "
        f"({100 * low:.0f} to {100 * high:.0f}), where chance has {100 * row['chance']:.0f}.",
    )
    if "randomisation" in have or "randomisation" not in row:
        return [pointing]
    value = row["randomisation"]
    shuffled = judged(
        "randomisation",
        value,
        f"Rank correlation with the map of the same network with shuffled weights, median of {row['n_checked']} forgeries: {value:.2f}.",
    )
    return [shuffled, pointing]
