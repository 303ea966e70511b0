"""Lines of Python that an explorer shows, executed."""

import ast

__all__ = ["run_line", "value_of", "values_of"]


def run_line(lines: str, **names: object) -> dict[str, object]:
    """Execute lines with these names, and return all names there are then."""
    exec(lines, names)  # noqa: S102  # our own lines, which are what is tested
    return names


def value_of(lines: str, **names: object) -> object:
    """Execute lines, and return the value of the last: of an expression, or of what it assigns."""
    return values_of(lines, **names)[-1]


def values_of(lines: str, **names: object) -> list[object]:
    """Execute lines in their order, and return the value of each: of an expression, or of what it assigns."""
    found = []
    for statement in ast.parse(lines).body:
        if isinstance(statement, ast.Expr):
            found.append(eval(ast.unparse(statement), names))  # noqa: S307  # as above
            continue
        exec(ast.unparse(statement), names)  # noqa: S102  # as above
        found.append(names[statement.targets[0].id])  # type: ignore[attr-defined]  # they are assignments to a name
    return found
