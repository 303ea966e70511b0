"""Lines of Python that an explorer shows, executed."""

__all__ = ["run_line", "value_of"]


def run_line(line: str, **names: object) -> dict[str, object]:
    """Execute a line with these names, and return all names there are then."""
    exec(line, names)  # noqa: S102  # our own line, which is what is tested
    return names


def value_of(line: str, **names: object) -> object:
    """Return the value of an expression, or of what a line assigns."""
    return eval(line.partition(" = ")[2] if line.split(" = ")[0].isidentifier() else line, names)  # noqa: S307  # as above
