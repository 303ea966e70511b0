"""The files of a folder that should be a whole bag (BagIt, RFC 8493) of the kind that we write; each problem is named with its file.

Read by ourselves before any library does: what a stranger put together must not lead out of its folder, and ``bagit`` stops at the first
kind of problem, passes over lines that it cannot read, and takes a file for listed that one manifest of two lists.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forensics.custody.beside import SUFFIXES
from forensics.packaging.names import composed
from forensics.packaging.writing import ALGORITHMS, BAGIT, CHUNK
from forensics.records.canonical import visible

__all__ = ["Structure", "read_structure"]

MAX_TAG = 64 * 2**20  # bytes of a manifest: some 600,000 files
MAX_DEPTH = 8  # folders in folders; ours have three
MAX_NAMED = 200  # problems of one kind before the rest is counted
_LINE = {"sha256": re.compile(r"([0-9a-f]{64})  (.+)"), "sha512": re.compile(r"([0-9a-f]{128})  (.+)")}
# Made over the tag manifest, so that it cannot list them.
BESIDE = tuple(f"tagmanifest-sha256.txt{suffix}" for suffix in SUFFIXES)
REQUIRED = (
    "bagit.txt",
    "bag-info.txt",
    *(f"{kind}-{a}.txt" for kind in ("manifest", "tagmanifest") for a in ALGORITHMS),
)


@dataclass(slots=True)
class Structure:
    """The files of a package, and what is wrong with them.

    Parameters
    ----------
    folder : Path
    sizes : dict of str to int
        Of the ordinary files; the rest is a problem and never opened.
    paths : dict of str to Path
        Where they are: a file system can spell a name in another form of Unicode than the manifest does.
    digests : dict of str to str
        SHA-256 of the files in the payload, computed now.
    problems : list of str
    has_exhibits : bool
        Whether the package says that it holds the exhibits.
    n_listed : int
        Files that the manifests list.
    """

    folder: Path
    sizes: dict[str, int] = field(default_factory=dict)
    paths: dict[str, Path] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    has_exhibits: bool = False
    n_listed: int = 0

    def has(self, name: str) -> bool:
        """Return whether there is such an ordinary file."""
        return name in self.sizes

    def under(self, start: str, end: str) -> list[str]:
        """Return the names that begin and end so, in order."""
        return sorted(name for name in self.sizes if name.startswith(start) and name.endswith(end))


def read_structure(folder: Path) -> Structure:
    """Look at every file of a package once, and follow nothing out of it."""
    bag = Structure(folder)
    bag.problems += _few(_walk(bag, folder, ""))
    if bag.has("fetch.txt"):
        bag.problems.append(
            "fetch.txt: the package wants files to be fetched from elsewhere. Nothing was fetched; a package of ours holds all its files."
        )
    for name in REQUIRED:
        if not bag.has(name):
            bag.problems.append(f"{name} is missing: this is no whole package. Ask for a new copy.")
    if bag.has("bagit.txt") and (text := _text(bag, "bagit.txt")) is not None and text != BAGIT.decode():
        bag.problems.append(
            "bagit.txt was changed: it should hold the two lines of BagIt 1.0 in UTF-8 and nothing else."
        )
    payload = _listed(bag, "manifest")
    tags = _listed(bag, "tagmanifest")
    bag.n_listed = len(payload) + len(tags)
    bag.problems += _few(_strangers(bag, payload, tags))
    bag.problems += _few(_differences(bag, {**payload, **tags}))
    _read_info(bag)
    return bag


def _walk(bag: Structure, folder: Path, inside: str) -> Iterator[str]:
    if inside.count("/") > MAX_DEPTH:
        yield f"{visible(inside)} lies too deep for a package of ours. It was not looked at."
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as err:
        yield f"{visible(inside) or 'the folder'} cannot be read: {err.strerror or err}. Check your permissions."
        return
    for entry in entries:
        name = f"{inside}{entry.name}"
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as err:
            yield f"{visible(name)} cannot be read: {err.strerror or err}. Check your permissions."
            continue
        kind = status.st_mode
        if stat.S_ISDIR(kind):
            yield from _walk(bag, folder / entry.name, f"{name}/")
        elif stat.S_ISREG(kind):
            if composed(name) in bag.sizes:
                yield f"{visible(name)}: two files have this name in different spellings of Unicode. One was added."
            bag.sizes[composed(name)] = status.st_size
            bag.paths[composed(name)] = folder / entry.name
        else:
            what = "a link" if stat.S_ISLNK(kind) else "no ordinary file"
            yield f"{visible(name)} is {what}, which a package of ours never holds. It was not opened."


def _listed(bag: Structure, kind: str) -> dict[str, dict[str, str]]:
    """Return name -> algorithm -> digest of the manifests of one kind, and note what is wrong with their lines."""
    found: dict[str, dict[str, str]] = {}
    present = [f"{kind}-{algorithm}.txt" for algorithm in ALGORITHMS if bag.has(f"{kind}-{algorithm}.txt")]
    for algorithm in ALGORITHMS:
        manifest = f"{kind}-{algorithm}.txt"
        lines = ((_text(bag, manifest) if bag.has(manifest) else None) or "").split("\n")
        wrong = [f"{manifest}: its last line has no end: cut off or changed."] if lines.pop() else []
        for number, line in enumerate(lines, start=1):
            match = _LINE[algorithm].fullmatch(line)
            if match is None:
                wrong.append(
                    f"{manifest}, line {number}: it is no digest and name of a file: changed. It was not used."
                )
                continue
            digest, name = match.groups()
            if _leads_out(name) or name.startswith("data/") != (kind == "manifest"):
                wrong.append(
                    f"{manifest}, line {number}: {visible(name)[:200]} is no place for a file that this manifest may list. It was not opened."
                )
            elif algorithm in found.setdefault(composed(name), {}):
                wrong.append(f"{manifest}, line {number}: {visible(name)[:200]} is listed twice: changed.")
            else:
                found[composed(name)][algorithm] = digest
        bag.problems += _few(wrong)
    bag.problems += _few(
        f"{visible(name)} is not listed in {manifest}: added, or the manifest was changed."
        for name, digests in found.items()
        for manifest in present
        if manifest.removeprefix(f"{kind}-").removesuffix(".txt") not in digests
    )
    return found


def _strangers(bag: Structure, payload: Mapping[str, object], tags: Mapping[str, object]) -> Iterator[str]:
    """Yield the files that no manifest lists, and the listed ones that are not there."""
    free = {*BESIDE, *(f"tagmanifest-{algorithm}.txt" for algorithm in ALGORITHMS)}
    for name in sorted(bag.sizes):
        if name not in payload and name not in tags and name not in free:
            yield f"{visible(name)} is in no manifest: it was added, or the line about it was taken away."
    for name in sorted({*payload, *tags} - set(bag.sizes)):
        yield f"{visible(name)} is missing. Ask for a new copy."


def _differences(bag: Structure, listed: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name in sorted(set(listed) & set(bag.sizes)):
        try:
            computed = _digests(bag.paths[name])
        except OSError as err:
            yield f"{visible(name)} cannot be read: {err.strerror or err}."
            continue
        if name.startswith("data/"):
            bag.digests[name] = computed["sha256"]
        wrong = [algorithm for algorithm, digest in listed[name].items() if digest != computed[algorithm]]
        kind = "manifest" if name.startswith("data/") else "tagmanifest"
        if wrong and len(wrong) == len(listed[name]):
            yield f"{visible(name)} was changed: it has not the digests that the manifests list. Its SHA-256 is {computed['sha256']}."
        elif wrong:
            yield f"{kind}-{wrong[0]}.txt was changed: the digest that it lists for {visible(name)} is not that of the file, which the other one lists."


def _read_info(bag: Structure) -> None:
    text = _text(bag, "bag-info.txt") if bag.has("bag-info.txt") else None
    if text is None:
        return
    lines = [line.partition(": ") for line in text.split("\n")]
    values = {label: value for label, _colon, value in lines}
    bag.has_exhibits = values.get("Exhibits") == "included"
    sizes = [size for name, size in bag.sizes.items() if name.startswith("data/")]
    now, said = f"{sum(sizes)}.{len(sizes)}", values.get("Payload-Oxum", "nothing")
    if said != now:  # compared as text: the number may have any length
        bag.problems.append(
            f"bag-info.txt: Payload-Oxum is {visible(said)[:100]}, and the payload has {now} (bytes, files): one of the two was changed."
        )


def _text(bag: Structure, name: str) -> str | None:
    """Return the text of a tag file; one that cannot be read is a problem."""
    try:
        if bag.sizes[name] > MAX_TAG:
            bag.problems.append(f"{name} has {bag.sizes[name]:,} bytes; {MAX_TAG:,} are allowed. It was not read.")
            return None
        return bag.paths[name].read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as err:
        bag.problems.append(f"{name} cannot be read as text in UTF-8: {visible(str(err))}.")
        return None


def _leads_out(name: str) -> bool:
    return (
        any(part in ("", ".", "..") for part in name.split("/"))
        or name.startswith("~")
        or any(c in name for c in "\\:\x00\r")
        or len(name) > 4096
    )


def _digests(path: Path) -> dict[str, str]:
    found = {algorithm: hashlib.new(algorithm) for algorithm in ALGORITHMS}
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            for one in found.values():
                one.update(part)
    return {algorithm: one.hexdigest() for algorithm, one in found.items()}


def _few(problems: Iterable[str]) -> list[str]:
    found = list(problems)
    rest = len(found) - MAX_NAMED
    return found if rest <= 0 else [*found[:MAX_NAMED], f"and {rest:,} more of this kind."]
