"""Time-stamps of an authority (RFC 3161): that a file existed, as it is, at a time that somebody else vouches for.

Only the digest of a file leaves the machine, and only when the user carries it or names an address. Query and reply lie
beside the file, as ``NAME.tsq`` and ``NAME.tsr``, in the forms that ``openssl ts`` reads too. Replies need
``pip install 'forensics[timestamp]'``.
"""

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit

from forensics.custody.beside import query_path, timestamp_path
from forensics.custody.entries import Item
from forensics.custody.rfc3161 import (
    GRANTED,
    MAX_BYTES,
    claims,
    decoded,
    mismatches,
    query_bytes,
    read_certificates,
    read_query,
    read_small,
    require_client,
    untrusted,
)
from forensics.errors import CustodyError
from forensics.records.canonical import visible
from forensics.records.check import Check, NotShown
from forensics.records.writing import write_atomically

__all__ = ["TimestampCheck", "attach_reply", "request", "verify_timestamp", "write_query"]

TIMEOUT = 30.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampCheck(Check):
    """What a check of a time-stamp found.

    Parameters
    ----------
    time : str or None
        UTC, as the authority wrote it; None if the reply cannot be read.
    authority : str
        Subject of the certificate in the reply, or empty.
    """

    time: str | None = None
    authority: str = ""


def write_query(path: str | PathLike[str]) -> Path:
    """Write the query for a file; one that is there already for the same bytes is kept, because a reply may be on its way.

    Raises
    ------
    CustodyError
        The file cannot be read, the query cannot be written, or another query lies there.
    """
    item, target = Item.from_file(path), query_path(path)
    if target.exists():
        if read_query(target)[0] != bytes.fromhex(item.sha256):
            raise CustodyError(
                f"{target} was made for other bytes than {item.name} has now. Find the file as it was then, or move the "
                "query away."
            )
        return target
    return write_atomically(target, query_bytes(bytes.fromhex(item.sha256)), error=CustodyError)


def attach_reply(path: str | PathLike[str], reply: str | PathLike[str] | bytes) -> Path:
    """Keep the reply of an authority beside a file, if it answers the query that lies there.

    Parameters
    ----------
    path : path
        The file whose query was sent.
    reply : path or bytes
        What the authority sent.

    Raises
    ------
    CustodyError
        There is no query, the reply refuses, or is for another file or query; or another reply is kept already.
    MissingExtraError
        The package rfc3161-client is not installed.
    """
    path, target = Path(path), timestamp_path(path)
    data = reply if isinstance(reply, bytes) else read_small(Path(reply))
    item = Item.from_file(path)
    if not query_path(path).is_file():
        raise CustodyError(
            f"there is no query {query_path(path).name} that this could answer. Write one with 'forensics timestamp "
            f"{item.name}'."
        )
    problems = mismatches(decoded(data), item, read_query(query_path(path)))
    if problems:
        raise CustodyError(
            f"the reply is not kept: {' '.join(problems)} Ask the authority again with {query_path(path).name}."
        )
    if target.exists():
        if read_small(target) != data:
            raise CustodyError(f"{target} holds another reply, and is not replaced. Move it away first.")
        return target
    return write_atomically(target, data, error=CustodyError)


def verify_timestamp(path: str | PathLike[str], *, roots: str | PathLike[str] | None = None) -> TimestampCheck:
    """Check the reply beside a file.

    Parameters
    ----------
    path : path
    roots : path, optional
        Certificates in PEM that the reader trusts to name authorities. Without them nobody vouches for the time.

    Raises
    ------
    CustodyError
        The file or `roots` cannot be read. Whatever is wrong with the time-stamp is a problem in the result.
    MissingExtraError
        The package rfc3161-client is not installed.
    """
    path = Path(path)
    item, target = Item.from_file(path), timestamp_path(path)
    trusted = None if roots is None else read_certificates(Path(roots))
    require_client()
    if not target.is_file():
        missing = f"there is no time-stamp {target.name} beside {item.name}. Make a query with 'forensics timestamp'."
        return TimestampCheck(problems=(missing,))
    try:
        query = read_query(query_path(path)) if query_path(path).is_file() else None
        response = decoded(read_small(target))
        problems = mismatches(response, item, query)
        if response.status != GRANTED:  # then there is nothing else in it
            return TimestampCheck(problems=tuple(problems))
        time, within, authority = claims(response)
    except CustodyError as err:
        return TimestampCheck(problems=(str(err),))
    if trusted is not None:
        problems += untrusted(response, trusted, bytes.fromhex(item.sha256), Path(roots or ""))
    if problems:
        return TimestampCheck(time=time, authority=authority, problems=tuple(problems))
    none = "That it answers a query of ours is not shown: there is none beside it."
    asked = "It answers the query beside it." if query else none
    what = f"The time-stamp names the SHA-256 of {item.name} as it is now, and the time {time}{within}. {asked}"
    if trusted is None:
        proofs = [
            what,
            NotShown(
                "that the time is true. Without certificates that you trust nobody vouches for the authority, "
                "which calls itself "
                f"{visible(authority)!r}, and its signature was not checked: anybody can make such a file. Give its root "
                "certificate."
            ),
        ]
    else:
        vouching = f"a certificate in {Path(roots or '').name} vouched at that time"
        proofs = [what, f"It is signed by {visible(authority)!r}, for which {vouching}."]
    return TimestampCheck(time=time, authority=authority, proofs=tuple(proofs))


def request(path: str | PathLike[str], url: str, *, timeout: float = TIMEOUT) -> Path:
    """Send the digest of a file to an authority and keep its reply. The file itself is not sent.

    Parameters
    ----------
    path : path
    url : str
        ``http`` or ``https``; nothing else is contacted, and no other address is followed to.
    timeout : float
        Seconds.

    Returns
    -------
    Path
        The reply.

    Raises
    ------
    CustodyError
        There is a reply already, the authority cannot be reached, or its reply does not fit.
    MissingExtraError
        The package rfc3161-client is not installed.
    """
    if not _is_web(url):
        raise CustodyError(f"{url!r} is no address of an authority. Give one that begins with http:// or https://.")
    require_client()
    if timestamp_path(path).exists():
        raise CustodyError(f"{timestamp_path(path)} exists, and a time-stamp is not replaced. Move it away first.")
    query = read_small(write_query(path))
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        asked = urllib.request.Request(url, data=query, headers=headers)  # noqa: S310  # the scheme was checked
        with urllib.request.build_opener(_StayHere).open(asked, timeout=timeout) as answer:
            data = bytes(answer.read(MAX_BYTES + 1))
    except urllib.error.HTTPError as err:
        with err:
            place = err.headers.get("Location")
        further = f" It names {place!r}; give that address if you trust it." if place else ""
        raise CustodyError(
            f"the authority {url} answers {err.code} {err.reason}.{further} Ask it for its address, or try later."
        ) from err
    except (OSError, http.client.HTTPException, ValueError) as err:
        reason = getattr(err, "reason", None) or getattr(err, "strerror", None) or err or type(err).__name__
        raise CustodyError(
            f"the authority {url} cannot be reached: {reason}. Check the address, or carry {query_path(path).name} to it "
            "by another way."
        ) from err
    if len(data) > MAX_BYTES:
        raise CustodyError(
            f"the authority {url} sent more than {MAX_BYTES:,} bytes, which no time-stamp has. Check the address."
        )
    return attach_reply(path, data)


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: only what the user named is contacted."""

    def redirect_request(self, *args: object, **options: object) -> None:  # noqa: ARG002
        return None
