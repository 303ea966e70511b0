"""Limits that the checks of an attribution are held against, and checks that are measured once and stored with the weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from forensics.attribution.record import TrustCheck
from forensics.messages import Message
from forensics.models.companion import Companion

__all__ = ["LIMITS", "Limit", "judged", "stored_checks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a check is held against.

    Parameters
    ----------
    at_least : float or None
    at_most : float or None
        One of the two.
    why : str
    """

    why: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self) -> float:
        """The one that is set."""
        return self.at_least if self.at_least is not None else self.at_most  # type: ignore[return-value]  # one is set

    def passed(self, value: float) -> bool:
        """Whether a value is within the limit."""
        return bool(value >= self.at_least if self.at_least is not None else value <= self.value)


# Every limit of the package for attributions, in one place.
LIMITS: Mapping[str, Limit] = MappingProxyType(
    {
        "convergence": Limit(
            at_most=0.02,
            why="the map must add up to what it explains; 2 % is far below any difference that a reader could see",
        ),
        "deletion": Limit(
            at_least=1.0,
            why="removing what is said to matter must lower the answer more than the same map laid elsewhere does; more than "
            "each of nine such maps happens by chance in one of ten",
        ),
        "insertion": Limit(at_least=1.0, why="the same, for bringing cells back"),
        "removal": Limit(
            at_least=0.0, why="what is said to matter least must be missed less than what is said to matter most (ROAD)"
        ),
        "stability": Limit(
            at_least=0.5,
            why="a copy saved again at JPEG 95 looks the same, so its explanation must rank the cells alike; 0.5 is a rank "
            "correlation at which most of the cells that stand out do so in both",
        ),
        "randomisation": Limit(
            at_most=0.3,
            why="weights shuffled at random know nothing; a map that stays alike shows the picture, not the network",
        ),
        "infidelity": Limit(
            at_most=1.0,
            why="of the squared change when cells are taken out; at 1 the map foretells no better than saying that nothing "
            "will change",
        ),
        "sensitivity": Limit(
            at_most=1.0,
            why="one grey level cannot be seen; a map that changes by as much as it holds is noise",
        ),
        "localisation": Limit(
            at_least=0.7,
            why="on forgeries whose place is known the strongest cell must lie there in at least seven of ten; 0.8 is the aim",
        ),
    }
)
REPORTED = frozenset({"infidelity"})  # measured and told, not judged: methods whose values do not add up cannot meet it


def judged(name: str, value: float, message: Message, *, only_told: bool = False) -> TrustCheck:
    """Return a check held against its limit, or only told."""
    limit = LIMITS[name]
    reported = only_told or name in REPORTED
    return TrustCheck(
        name=name,
        value=value,
        limit=None if reported else limit.value,
        passed=None if reported else limit.passed(value),
        message=message,
    )


def stored_checks(companion: Companion, branch: str, method: str, *, have: set[str]) -> list[TrustCheck]:
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
