"""The check of a package, which may come from anybody: nothing in it is followed, fetched or trusted."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from forensics.custody import load_public_key, verify_log, verify_signature, verify_timestamp
from forensics.errors import CustodyError, ForensicsError
from forensics.packaging.contents import named_exhibits
from forensics.packaging.structure import Structure, read_structure
from forensics.packaging.writing import CHUNK
from forensics.records.canonical import canonical_text, visible
from forensics.records.check import Check, NotShown, of_part
from forensics.report.checks.verification import read_record, verify_report

__all__ = ["PackageCheck", "verify_package"]

Checked: TypeAlias = Iterator[tuple[bool, str]]

TAGS = "tagmanifest-sha256.txt"
# What reading a record that somebody edited can raise, beside our own errors.
EDITED = (ForensicsError, OSError, LookupError, TypeError, ValueError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageCheck(Check):
    """What a check of a package found; each problem is named with its file."""


def verify_package(
    folder: str | PathLike[str],
    *,
    key: str | PathLike[str] | None = None,
    roots: str | PathLike[str] | None = None,
) -> PackageCheck:
    """Check every file of a package against its manifests, and what the files say against each other.

    Parameters
    ----------
    folder : path
        Of the package, wherever it was moved to.
    key : path, optional
        The public key (PEM) that must have signed the package; or, if it is not signed, each of its reports.
    roots : path, optional
        Certificates (PEM) of the time-stamp authorities that are trusted; there must be a time-stamp then.

    Raises
    ------
    CustodyError
        There is no such folder, or the key cannot be read. Whatever is wrong with the package is a problem in the result.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CustodyError(f"{folder} is not there, or is no folder. Name the folder of the package.")
    if key is not None:
        load_public_key(key)
    if roots is not None and not Path(roots).is_file():
        raise CustodyError(
            f"{roots} is not there. Name a file with the certificates (PEM) of authorities that you trust."
        )
    bag = read_structure(folder)
    problems, proofs = list(bag.problems), []
    if not problems:
        problems += _as_others_see_it(folder)
    if not problems:
        proofs.append(
            f"It is a whole BagIt bag: each of its {bag.n_listed:,} listed files has the SHA-256 and the SHA-512 that the manifests list, none is missing "
            "and none was added."
        )
    for check in (_signature(bag, key), _times(bag, roots), _log(bag, roots), _reports(bag, key, roots)):
        for passed, text in check:
            (proofs if passed else problems).append(text)
    return PackageCheck(problems=tuple(problems), proofs=tuple(proofs))


def _as_others_see_it(folder: Path) -> Iterator[str]:
    """Let the library that others check bags with look too; digests were compared already."""
    import bagit  # type: ignore[import-untyped]

    try:
        bagit.Bag(str(folder)).validate(completeness_only=True)
    except (bagit.BagError, OSError, ValueError, LookupError) as err:
        yield f"The library bagit refuses the package: {visible(str(err))}"


def _signature(bag: Structure, key: str | PathLike[str] | None) -> Checked:
    if not bag.has(f"{TAGS}.sig"):
        if key is None:
            yield (
                True,
                NotShown(
                    "who made the package. It is not signed; whoever changes a file can write the manifests anew."
                ),
            )
        elif not any(bag.has(f"{name}.sig") for name in bag.under("data/reports/", ".html")):
            yield (
                False,
                f"{TAGS}.sig: neither the package nor a report in it is signed, and a key was named that must have signed it.",
            )
        return
    if not bag.has(TAGS):
        return  # named already
    yield from _findings_of(TAGS, partial(verify_signature, bag.paths[TAGS], public_key=key))


def _times(bag: Structure, roots: str | PathLike[str] | None) -> Checked:
    """Check the time-stamp of the package; those of reports and of the log are checked with these."""
    if bag.has(f"{TAGS}.tsr") and bag.has(TAGS):
        yield from _findings_of(TAGS, partial(verify_timestamp, bag.paths[TAGS], roots=roots))
    elif roots is not None and not any(name.endswith(".tsr") for name in bag.sizes):
        yield (
            False,
            f"{TAGS}.tsr: nothing in the package has a time-stamp, and authorities were named that must have made one.",
        )


def _log(bag: Structure, roots: str | PathLike[str] | None) -> Checked:
    """Check the custody log, and that the states of it that were signed are beginnings of it."""
    for name in sorted(n for n in bag.sizes if n.startswith("data/custody") and n.endswith("custody.jsonl")):
        path = bag.paths[name]
        early = name != "data/custody.jsonl" and bag.has("data/custody.jsonl")
        if not early:
            yield from _findings_of(name, partial(verify_log, path))
        if bag.has(f"{name}.sig"):
            yield from _findings_of(name, partial(verify_signature, path))
        if bag.has(f"{name}.tsr"):
            yield from _findings_of(name, partial(verify_timestamp, path, roots=roots))
        if early:
            if _begins(path, bag.paths["data/custody.jsonl"]):
                yield True, f"{name}: it is the beginning of data/custody.jsonl, byte for byte."
            else:
                yield False, f"{name}: it is not the beginning of data/custody.jsonl: one of the two was changed."


def _reports(bag: Structure, key: str | PathLike[str] | None, roots: str | PathLike[str] | None) -> Checked:
    names = bag.under("data/reports/", ".html")
    if not names:
        yield False, "data/reports: there is no report in the package. Ask for a new copy."
    signed = bag.has(f"{TAGS}.sig")
    present = {digest for place, digest in bag.digests.items() if place.startswith("data/exhibits/")}
    for name in names:
        path = bag.paths[name]
        try:
            record = read_record(path)
            log = bag.paths.get("data/custody.jsonl") if isinstance(record.get("custody"), dict) else None
            found = verify_report(
                path, key=None if signed else key, roots=roots if bag.has(f"{name}.tsr") else None, custody=log
            )
            checks = [*_exhibits(bag, record, present), *_record(bag, name, record)]
        except EDITED as err:
            yield False, f"{name}: it cannot be read as a report: {visible(str(err))[:500]}"
            continue
        yield from ((True, of_part(name, proof)) for proof in found.proofs)
        yield from ((False, f"{name}: {problem}") for problem in found.problems)
        yield from ((passed, of_part(name, text)) for passed, text in checks)
        if log is None and isinstance(record.get("custody"), dict):
            yield (
                True,
                NotShown(
                    "that the custody log still has what the report says of it. It is not in the package.",
                    where=f"{name}: ",
                ),
            )


def _exhibits(bag: Structure, record: Mapping[str, Any], present: set[str]) -> Checked:
    for number, evidence in named_exhibits(record):
        name = visible(evidence["name"])
        if evidence["sha256"] in present:
            yield True, f"Exhibit {number}, {name}, is in the package with the digest that the report names."
        elif bag.has_exhibits:
            yield (
                False,
                f"Exhibit {number}, {name}, is not in the package with the digest that the report names: it is missing or was changed.",
            )
        else:
            yield True, NotShown(f"that exhibit {number}, {name}, is as it was. The package holds no exhibits.")


def _record(bag: Structure, name: str, record: Mapping[str, Any]) -> Checked:
    beside = f"{name.removesuffix('.html')}.json"
    if not bag.has(beside):
        yield False, f"{beside} is missing. Ask for a new copy."
        return
    expected = canonical_text(dict(record)).encode()
    if bag.sizes[beside] == len(expected) and bag.paths[beside].read_bytes() == expected:
        yield True, f"{beside} is the record of this report in canonical form."
    else:
        yield False, f"{beside} is not the record of this report: one of the two was changed."


def _findings_of(name: str, check: Callable[[], Any]) -> Checked:
    try:
        found = check()
    except EDITED as err:
        yield False, f"{name}: it cannot be checked: {visible(str(err))[:500]}"
        return
    yield from ((True, of_part(name, proof)) for proof in found.proofs)
    yield from ((False, f"{name}: {visible(problem)}") for problem in found.problems)


def _begins(short: Path, whole: Path) -> bool:
    """Return whether a file is the beginning of another."""
    try:
        with short.open("rb") as one, whole.open("rb") as other:
            while part := one.read(CHUNK):
                if other.read(len(part)) != part:
                    return False
    except OSError:
        return False
    return True
