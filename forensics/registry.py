"""One small registry for the parts that can be extended: branches, residuals, calibrators, report sections.

Duplicates raise, typing errors get a suggestion, and third-party parts come in through the entry-point
groups ``forensics.<kind>``, loaded when their name is first asked for.
"""

import difflib
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from forensics.errors import UnknownNameError

__all__ = ["Registry"]

T = TypeVar("T")
Part = TypeVar("Part")


class Registry(Generic[T]):
    """Names to parts of one kind.

    Parameters
    ----------
    kind : str
        Plural noun, also the entry-point group: ``forensics.<kind>``.

    Examples
    --------
    >>> colours: Registry[str] = Registry("colours")
    >>> colours.add("blue", "#00f")
    >>> colours["blue"]
    '#00f'
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._parts: dict[str, T] = {}

    def add(self, name: str, part: T) -> None:
        """Add a part; a name that is taken raises ``ValueError``."""
        if name in self._parts:
            raise ValueError(f"{name!r} is already among the {self.kind}. Register the new part under another name.")
        self._parts[name] = part

    def register(self, name: str) -> Callable[[Part], Part]:
        """Return a decorator that adds the decorated part under ``name``."""

        def decorate(part: Part) -> Part:
            self.add(name, part)  # type: ignore[arg-type]  # Part is T at every call site; a bound would hide its own type
            return part

        return decorate

    def names(self) -> tuple[str, ...]:
        """Return all names, built-in first, in order of registration."""
        return (*self._parts, *(n for n in self._plugins() if n not in self._parts))

    def __getitem__(self, name: str) -> T:
        if name not in self._parts:
            plugins = self._plugins()
            if name not in plugins:
                raise UnknownNameError(self._unknown(name))
            loaded = plugins[name].load()
            self._parts.setdefault(name, loaded)
        return self._parts[name]

    def __contains__(self, name: object) -> bool:
        return name in self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def _plugins(self) -> dict[str, EntryPoint]:
        return {e.name: e for e in entry_points(group=f"forensics.{self.kind}")}

    def _unknown(self, name: str) -> str:
        close = difflib.get_close_matches(name, self.names(), n=1)
        hint = f" Did you mean {close[0]!r}?" if close else " Choose one of these."
        return f"No {name!r} among the {self.kind}: {', '.join(self.names())}.{hint}"
