"""A file that keeps what took long to compute: a head that says for what, then one JSON line per item.

Work that was cut off goes on where it stopped. A file with another head is refused and never touched, because it may be
anything.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["append_line", "open_kept"]


def open_kept(path: Path, head: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return the lines that a file holds after its head; a new file gets its head, a line that was cut off is taken away.

    Raises
    ------
    ValueError
        The file has another head, or is none of these.
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        append_line(path, head)
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)  # UnicodeDecodeError is a ValueError
    if not lines or json.loads(lines[0]) != head:
        raise ValueError("it was kept by another detector, in another mode or for other conditions")
    if not lines[-1].endswith("\n"):
        lines = lines[:-1]
        path.write_text("".join(lines), encoding="utf-8")
    return [json.loads(line) for line in lines[1:]]


def append_line(path: Path, record: Mapping[str, object]) -> None:
    """Add one line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, sort_keys=True) + "\n")
