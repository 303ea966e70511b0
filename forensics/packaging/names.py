"""Names of files in a package: what every file system, archive and manifest can hold, whatever they were before."""

import unicodedata

__all__ = ["composed", "safe_name"]

LONGEST = 120  # bytes in UTF-8, so that a signature's name beside it fits too; file systems stop at 255
SUFFIX = 16  # bytes of an ending that is kept whole when a name is cut

# Devices on Windows, with any ending: a file of that name cannot be unpacked there.
_DEVICES = {
    "con", "prn", "aux", "nul", "conin$", "conout$", "clock$",
    *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³"),
}  # fmt: skip


def composed(name: str) -> str:
    """Return a name in the one form (NFC) in which names are compared: some file systems store another."""
    return unicodedata.normalize("NFC", name)


def safe_name(name: str, taken: set[str]) -> str:
    """Return a name for a file that is one part of a path everywhere, and unlike all that are taken; it is added to them.

    Letters and digits of any script, and ``. - _`` stay; all else becomes ``_``: folders, spaces, what is not seen, what
    a manifest or a shell would read as something else.

    Parameters
    ----------
    name : str
        Anything.
    taken : set of str
        Names given before, as this function keeps them: upper and lower case count as the same.

    Examples
    --------
    >>> names = set()
    >>> safe_name("a/b c.jpg", names), safe_name("A_B_C.JPG", names), safe_name("con.txt", names)
    ('a_b_c.jpg', 'A_B_C-2.JPG', '_con.txt')
    """
    safe = "".join(c if c.isalnum() or c in ".-_" else "_" for c in composed(name))
    safe = composed(safe).strip(".")  # neither hidden, nor with an end that Windows takes away
    safe = f"_{safe}" if safe.startswith("-") else safe  # no option of a command
    if not safe.strip("_"):
        safe = "unnamed"
    if safe.partition(".")[0].casefold() in _DEVICES:
        safe = f"_{safe}"
    stem, dot, ending = safe.rpartition(".")
    if not dot or len(ending.encode()) > SUFFIX:
        stem, dot, ending = safe, "", ""
    stem = _cut(stem, LONGEST - len(f"{dot}{ending}".encode()))
    number, found = 1, f"{stem}{dot}{ending}"
    while _key(found) in taken:
        number += 1
        found = f"{stem}-{number}{dot}{ending}"
    taken.add(_key(found))
    return found


def _key(name: str) -> str:
    return composed(composed(name).casefold())


def _cut(text: str, n_bytes: int) -> str:
    return text.encode()[:n_bytes].decode("utf-8", "ignore").rstrip(".") or "unnamed"
