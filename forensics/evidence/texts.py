"""Texts of foreign origin, made fit for a message or for a record."""

import unicodedata

__all__ = ["one_line", "storable"]


def one_line(text: str, longest: int = 200) -> str:
    """Return text on one line with control, format and surrogate characters escaped, shortened in the middle."""
    visible = "".join(
        c if unicodedata.category(c)[0] != "C" and c not in "\u2028\u2029" else c.encode("unicode_escape").decode()
        for c in text
    )
    return visible if len(visible) <= longest else f"{visible[: longest // 2]}…{visible[-longest // 2 :]}"


def storable(text: str | bytes, longest: int = 1000, *, tell: bool = True) -> str:
    """Return text that JSON can hold, bytes that are none escaped; cut at its end, where `tell` says how long it was."""
    clean = text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text
    clean = clean.encode("utf-8", "backslashreplace").decode()
    if len(clean) <= longest:
        return clean
    return f"{clean[:longest]}…" + (f" ({len(clean)} characters)" if tell else "")
