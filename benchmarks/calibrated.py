"""What the acceptance table says of the calibration that lies beside the weights."""

from typing import TypeAlias

from forensics.calibration import Card

__all__ = ["Fact", "calibration_facts"]

Fact: TypeAlias = tuple[int, str, str, str, bool | None]  # number, quantity, value, what fails, whether it passed


def calibration_facts(card: Card | None) -> list[Fact]:
    """Return the rows of the calibration, from what its card reached on sources that it had not seen."""
    quantities = (
        (16, "Cllr and its calibration loss, each kind of picture, unseen sources", "1 or more, above 0.15"),
        (17, "bounds of the likelihood ratio", "any above n + 1"),
        (18, "conformal coverage at 0.05, each class, unseen sources", "below 85 %"),
    )
    strata = {} if card is None else {name: s for name, s in card.strata.items() if s.checked}
    if not strata:
        return [
            (n, what, "no calibration card that was checked lies beside the weights", fail, None)
            for n, what, fail in quantities
        ]

    def shown(name: str, metric: str) -> str:
        estimate = strata[name].checked[metric]
        return f"{estimate.value:.3f} ({estimate.interval[0]:.3f} to {estimate.interval[1]:.3f})"

    costs = [(s.checked["cllr"].value, s.checked["cllr_cal"].value) for s in strata.values()]
    factors = {name: (10.0 ** s.bounds[0], 10.0 ** s.bounds[1]) for name, s in strata.items()}
    allowed = all(
        low >= 1 / (s.n[0] + 1) and high <= s.n[1] + 1
        for (low, high), s in zip(factors.values(), strata.values(), strict=True)
    )
    fits = [s.checked[key].value for s in strata.values() for key in ("coverage_h1", "coverage_h2")]
    values = (
        (
            "; ".join(f"{name}: {shown(name, 'cllr')}, {shown(name, 'cllr_cal')}" for name in strata),
            all(cost < 1 and loss <= 0.15 for cost, loss in costs),
        ),
        (
            "; ".join(
                f"{name}: 1/{1 / low:.1f} to {high:.1f}, n {strata[name].n[0]} and {strata[name].n[1]}"
                for name, (low, high) in factors.items()
            ),
            allowed,
        ),
        (
            "; ".join(f"{name}: H1 {shown(name, 'coverage_h1')}, H2 {shown(name, 'coverage_h2')}" for name in strata),
            min(fits) >= 0.85,
        ),
    )
    return [(n, what, value, fail, passed) for (n, what, fail), (value, passed) in zip(quantities, values, strict=True)]
