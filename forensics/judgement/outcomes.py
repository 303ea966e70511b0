"""The five outcomes of an examination."""

from typing import Literal, TypeAlias

__all__ = ["OUTCOMES", "Outcome"]

Outcome: TypeAlias = Literal["supports_h1", "supports_h2", "inconclusive", "unsuitable", "uncalibrated"]

OUTCOMES: tuple[Outcome, ...] = ("supports_h1", "supports_h2", "inconclusive", "unsuitable", "uncalibrated")
