"""A Python in which only the core and what its requirements bring can be imported.

``python -P tests/without_extras.py -m forensics examine ...`` runs a module, ``... -c CODE`` a piece of code. What is the core
is read from the metadata of the ``forensics`` that is found first; everything else that is installed is hidden.
"""

import runpy
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from types import ModuleType

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def brought(name: str) -> set[str]:
    """Return the distributions that are installed with one, without extras that nobody asks for."""
    found: set[str] = set()
    to_read = [(canonicalize_name(name), "")]
    while to_read:
        distribution, extra = to_read.pop()
        found.add(distribution)
        try:
            lines = requires(distribution) or ()
        except PackageNotFoundError:  # for another system
            continue
        for line in lines:
            needed = Requirement(line)
            if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
                continue
            to_read += [
                (canonicalize_name(needed.name), asked)
                for asked in ("", *needed.extras)
                if asked or canonicalize_name(needed.name) not in found
            ]
    return found


class CoreFinder(PathFinder):
    """Find modules as ever, but for the hidden ones."""

    hidden: frozenset[str] = frozenset()

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the place of a module, or None."""
        return None if fullname.partition(".")[0] in cls.hidden else super().find_spec(fullname, path, target)


def hide_extras() -> frozenset[str]:
    """Make everything impossible to import that the core does not bring; return the names of those modules."""
    core = brought("forensics")
    CoreFinder.hidden = frozenset(
        module
        for module, distributions in packages_distributions().items()
        if not core & {canonicalize_name(name) for name in distributions}
    )
    sys.meta_path[sys.meta_path.index(PathFinder)] = CoreFinder
    return CoreFinder.hidden


if __name__ == "__main__":
    missing = hide_extras()
    for module in missing & set(sys.modules):  # what this file itself and site hooks have imported
        del sys.modules[module]
    how, what, *rest = sys.argv[1:]
    sys.argv = [what, *rest]
    if how == "-c":
        exec(what, {"__name__": "__main__"})  # noqa: S102  # our own tests
    else:
        runpy.run_module(what, run_name="__main__", alter_sys=True)
