"""Widgets for notebooks. What they show is computed by `forensics.explorers.state`, which needs no kernel."""

from forensics.explorers.widgets import explore

__all__ = ["explore"]
