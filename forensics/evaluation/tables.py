"""Markdown tables, as the commands print them and the documents hold them."""

from collections.abc import Iterable, Sequence

__all__ = ["interval_cell", "markdown_table"]


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; floats get three digits."""
    lines = [_line(head), "|" + "---|" * len(head)]
    return "\n".join(lines + [_line(row) for row in rows])


def interval_cell(interval: tuple[float, float]) -> str:
    """Return both ends with three digits."""
    return f"{interval[0]:.3f} to {interval[1]:.3f}"


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(f"{c:.3f}" if isinstance(c, float) else str(c) for c in cells) + " |"
