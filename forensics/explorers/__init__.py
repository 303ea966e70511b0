"""Widgets for notebooks. What they show follows from `forensics.explorers.state`, which needs no kernel."""

from forensics.errors import needed_by

with needed_by("The explorer"):
    from forensics.explorers.explorer import Explorer, explore

__all__ = ["Explorer", "explore"]
