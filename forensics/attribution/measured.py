"""What was measured once of each branch and method, on forgeries whose place is known; stored with the weights."""

from forensics.attribution.faithfulness import judged
from forensics.attribution.record import TrustCheck
from forensics.messages import Message
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
    shares = {"hits": row["pointing"], "low": low, "high": high, "chance": row["chance"]}
    values = {"n": row["n"], **{name: 100.0 * share for name, share in shares.items()}}
    pointing = judged("localisation", row["pointing"], Message("points_at_forgeries", values))
    if "randomisation" in have or "randomisation" not in row:
        return [pointing]
    value = row["randomisation"]
    ranks = Message("shuffled_ranks_of_many", {"n": row["n_checked"], "value": value})
    return [judged("randomisation", value, ranks), pointing]
