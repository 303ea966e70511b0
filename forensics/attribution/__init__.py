"""Why a branch answered so: attributions on captum, each with what was measured of the explanation itself.

The names below are loaded when first used: drawing an attribution needs neither torch nor captum.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.attribution.attributing import attribute, usable_methods
    from forensics.attribution.comparing import Agreement, compare_branches
    from forensics.attribution.faithfulness import LIMITS
    from forensics.attribution.looks import BASELINES, TARGETS
    from forensics.attribution.methods import METHODS, Method
    from forensics.attribution.rendering import Drawing, draw

_HOMES = {
    "Agreement": "comparing",
    "BASELINES": "looks",
    "Drawing": "rendering",
    "LIMITS": "faithfulness",
    "METHODS": "attributing",
    "Method": "methods",
    "TARGETS": "looks",
    "attribute": "attributing",
    "compare_branches": "comparing",
    "draw": "rendering",
    "usable_methods": "attributing",
}

__all__ = [
    "BASELINES",
    "LIMITS",
    "METHODS",
    "TARGETS",
    "Agreement",
    "Drawing",
    "Method",
    "attribute",
    "compare_branches",
    "draw",
    "usable_methods",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'forensics.attribution' has no attribute {name!r}")
    value = getattr(import_module(f"forensics.attribution.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
