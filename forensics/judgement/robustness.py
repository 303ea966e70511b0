"""How the result of one exhibit changes when the exhibit is delivered in other ways."""

from dataclasses import dataclass

from forensics.records.converting import recorded

__all__ = ["DeliveredScore", "Robustness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredScore:
    """What became of one copy.

    Parameters
    ----------
    delivery, text : str
        Name, and what was done.
    score : float or None
        Uncalibrated, in [0, 1]; None if the copy is unsuitable for scoring.
    llr : float or None
        log10 LR, bounded, of the copy in its own stratum; None without one.
    outcome, stratum : str
    """

    delivery: str
    text: str
    score: float | None
    llr: float | None
    outcome: str
    stratum: str


@recorded(derived=("llr_range", "score_range", "flips"))
@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """The exhibit as received, and its copies.

    Parameters
    ----------
    received : DeliveredScore
        The exhibit itself.
    copies : tuple of DeliveredScore
    """

    received: DeliveredScore
    copies: tuple[DeliveredScore, ...]

    @property
    def llr_range(self) -> tuple[float, float] | None:
        """Lowest and highest log10 LR of the exhibit and its copies; None if none has one."""
        llrs = [c.llr for c in (self.received, *self.copies) if c.llr is not None]
        return (min(llrs), max(llrs)) if llrs else None

    @property
    def score_range(self) -> tuple[float, float] | None:
        """Lowest and highest uncalibrated score; None if none has one."""
        scores = [c.score for c in (self.received, *self.copies) if c.score is not None]
        return (min(scores), max(scores)) if scores else None

    @property
    def flips(self) -> tuple[str, ...]:
        """Deliveries whose LR lies on the other side of 1 than that of the exhibit."""
        own = self.received.llr
        if own is None:
            return ()
        return tuple(c.delivery for c in self.copies if c.llr is not None and c.llr * own < 0)

    @property
    def summary(self) -> str:
        """What became of the copies, in a sentence without a full stop."""
        with_lr = [c.llr for c in self.copies if c.llr is not None]
        words = f"delivered in {len(self.copies)} other ways: "
        if self.received.llr is None or not with_lr:
            scores = self.score_range
            return f"{words}score {scores[0]:.3f} to {scores[1]:.3f}" if scores else f"{words}no copy could be scored"
        low, high = min(with_lr), max(with_lr)
        lacking = len(self.copies) - len(with_lr)
        side = f"the side changes in {', '.join(self.flips)}" if self.flips else "the side does not change"
        without = f" ({lacking} without one)" if lacking else ""
        return f"{words}log10 LR {low:+.2f} to {high:+.2f}{without}; {side}"
