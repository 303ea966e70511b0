"""Interleaved runs: whatever slows a machine down for a while slows all variants down alike."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["Row", "compare", "seconds"]

Action = Callable[[], object]


def seconds(action: Action, rounds: int) -> list[float]:
    """Return how long an action took each time, after one call that sets things up."""
    action()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        taken.append(time.perf_counter() - start)
    return taken


@dataclass(frozen=True)
class Row:
    """One variant against the baseline of the same rounds.

    Parameters
    ----------
    name, baseline, variant : str
    seconds, baseline_seconds : float
        Medians.
    times_as_fast : float
        Median over rounds of baseline time / variant time.
    lowest, highest : float
        Of the same ratio over the rounds.
    rounds : int
    """

    name: str
    baseline: str
    variant: str
    seconds: float
    baseline_seconds: float
    times_as_fast: float
    lowest: float
    highest: float
    rounds: int


def compare(name: str, baseline: tuple[str, Action], variants: Mapping[str, Action], *, rounds: int) -> list[Row]:
    """Time a baseline and its variants in turn, `rounds` times after one round that sets things up."""
    actions = {baseline[0]: baseline[1], **variants}
    taken: dict[str, list[float]] = {label: [] for label in actions}
    for k in range(rounds + 1):
        for label, action in actions.items():
            start = time.perf_counter()
            action()
            if k:
                taken[label].append(time.perf_counter() - start)
    base = taken[baseline[0]]
    rows = []
    for label in variants:
        ratios = [b / v for b, v in zip(base, taken[label], strict=True)]
        rows.append(
            Row(
                name=name,
                baseline=baseline[0],
                variant=label,
                seconds=statistics.median(taken[label]),
                baseline_seconds=statistics.median(base),
                times_as_fast=statistics.median(ratios),
                lowest=min(ratios),
                highest=max(ratios),
                rounds=rounds,
            )
        )
    return rows
