"""Why a branch answered so: attributions on captum, each with what was measured of the explanation itself.

All methods are registered on import, which needs neither torch nor captum; the other names are loaded when first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forensics.attribution.methods.catalogue import METHODS, Method, usable_methods

if TYPE_CHECKING:
    from forensics.attribution.attributing import attribute
    from forensics.attribution.comparing import Agreement, compare_branches
    from forensics.attribution.limits import LIMITS
    from forensics.attribution.methods.baselines import BASELINES
    from forensics.attribution.methods.explained_view import TARGETS
    from forensics.attribution.rendering import Drawing, draw

_HOMES = {
    "Agreement": "comparing",
    "BASELINES": "methods.baselines",
    "Drawing": "rendering",
    "LIMITS": "limits",
    "TARGETS": "methods.explained_view",
    "attribute": "attributing",
    "compare_branches": "comparing",
    "draw": "rendering",
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
