"""The case in the words that tools of digital forensics share: CASE and UCO, as JSON-LD.

Written by ourselves, so that nothing but the standard library is needed; tests let ``case_validate`` check it against CASE 1.5.0 (UCO
1.4 and later: the method of a digest is a plain string).

What UCO has no word for is in a namespace of ours, declared in the file itself. A score is no ``classificationConfidence`` ("the level
of confidence that a classification assertion is correct"), so ``ArtifactClassificationResultFacet`` is not used: it would call an
uncalibrated number what it is not. Our facet is a kind of ``AnalyticResultFacet``, which claims nothing but that an analysis had a result.
"""

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from forensics.custody.entries import ACTIONS, Entry, Item, is_utc
from forensics.packaging.contents import report_rows
from forensics.records.canonical import canonical_text, digest, storable

__all__ = ["Described", "ReportFile", "case_document"]

Node: TypeAlias = dict[str, Any]

CASE_UCO = "https://ontology.unifiedcyberontology.org/uco"
# Names under .invalid (RFC 2606) belong to nobody and are looked up by nobody: opening the file contacts no one.
CONTEXT = {
    "kb": "https://forensics.invalid/kb/",
    "fx": "https://forensics.invalid/ontology/1/",
    "investigation": "https://ontology.caseontology.org/case/investigation/",
    **{
        name: f"{CASE_UCO}/{name}/"
        for name in ("action", "analysis", "core", "identity", "observable", "tool", "types")
    },
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
NAMES = uuid.UUID("7d3c1f0e-52a4-5b0b-9d6f-3f6a0c4e8b21")  # of this file format; any fixed one serves

# Properties of our facet: type, what it means.
OURS: Mapping[str, tuple[str, str]] = {
    "score": ("double", "Ensemble mean in [0, 1], uncalibrated. It says nothing of how likely anything is."),
    "logOdds": ("double", "Natural-log odds of the score; what calibration takes."),
    "llr": ("double", "log10 likelihood ratio of H1 to H2, calibrated and bounded; absent without a calibration."),
    "llrLower": ("double", "Lower end of its 95 % interval."),
    "llrUpper": ("double", "Upper end of its 95 % interval."),
    "lowerBound": ("double", "Below which the calibration pictures carry no likelihood ratio."),
    "upperBound": ("double", "Above which the calibration pictures carry no likelihood ratio."),
    "stratum": ("string", "The reference pictures of the calibration."),
    "outcome": ("string", "supports_h1, supports_h2, inconclusive, unsuitable or uncalibrated."),
    "reason": ("string", "Why this outcome."),
    "h1": ("string", "The proposition H1."),
    "h2": ("string", "The proposition H2."),
    "caveat": ("string", "Code of something that a reader must know."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFile:
    """A report in the package."""

    item: Item
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the document describes.

    Parameters
    ----------
    numbers : sequence of str
        Of the case, as the reports give them.
    reports : sequence of ReportFile
    exhibits : sequence of (int, str, int, str or None)
        Number, SHA-256, size, place in the package or None.
    findings : sequence of mapping
        As in ``findings.jsonl``, with or without their arrays.
    entries : sequence of Entry
        Of the custody log.
    exif : bool
        Whether the values of EXIF fields are told.
    """

    numbers: Sequence[str]
    reports: Sequence[ReportFile]
    exhibits: Sequence[tuple[int, str, int, str | None]]
    findings: Sequence[Mapping[str, Any]]
    entries: Sequence[Entry] = ()
    exif: bool = True


@dataclass(slots=True)
class _Graph:
    nodes: dict[str, Node] = field(default_factory=dict)

    def add(self, node: Node) -> str:
        """Add a node once and return its identifier."""
        return self.nodes.setdefault(node["@id"], node)["@id"]


def case_document(described: Described) -> bytes:
    """Return the JSON-LD; the same for the same input."""
    graph = _Graph()
    for name in _declarations():
        graph.add(name)
    files = _files(described)
    for sha256, node in files.items():
        graph.add(node)
        graph.nodes.update({n["@id"]: n for n in _facets(sha256, node)})
    by_digest = {sha256: node["@id"] for sha256, node in files.items()}
    parts = [*_exhibits(described, graph, by_digest), *_examinations(described, graph, by_digest)]
    parts += [*_reports(described, graph, by_digest), *_custody(described, graph, by_digest)]
    key = [report.item.sha256 for report in described.reports]
    investigation = _node("Investigation", "investigation:Investigation", *described.numbers, *key)
    investigation |= {"core:name": ", ".join(described.numbers) or "Number not given", "core:object": _refs(parts)}
    investigation["investigation:investigationForm"] = "case"
    graph.add(investigation)
    bundle = _node("Bundle", "core:Bundle", *key)
    bundle |= {
        "core:name": "Evidence package",
        "core:object": _refs(n for n in graph.nodes if _in_bundle(graph.nodes[n])),
    }
    graph.add(bundle)
    document = storable({"@context": CONTEXT, "@graph": [graph.nodes[name] for name in sorted(graph.nodes)]})
    return (json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()


def _exhibits(described: Described, graph: _Graph, files: Mapping[str, str]) -> Iterator[str]:
    for number, sha256, _n_bytes, _place in described.exhibits:
        node = _node("ProvenanceRecord", "investigation:ProvenanceRecord", sha256)
        yield graph.add({**node, "investigation:exhibitNumber": str(number), "core:object": _refs([files[sha256]])})


def _examinations(described: Described, graph: _Graph, files: Mapping[str, str]) -> Iterator[str]:
    """Yield the examinations; the examiner is the one of the report that has the finding."""
    examiner = {
        str(row["evidence"]["sha256"]): str(report.record["case"]["examiner"])
        for report in reversed(described.reports)
        for row in report_rows(report.record)
        if "evidence" in row and (report.record.get("case") or {}).get("examiner")
    }
    for row in described.findings:
        if "evidence" not in row:
            continue
        sha256, run = row["evidence"]["sha256"], row.get("run") or {}
        key = digest(canonical_text(storable(_facet_values(row))))
        facet = _node("ExaminationFacet", ["fx:ExaminationFacet", "analysis:AnalyticResultFacet"], key)
        graph.add({**facet, **_facet_values(row)})
        result = _node("AnalyticResult", "analysis:AnalyticResult", key)
        graph.add({**result, "core:name": f"Outcome: {row.get('outcome')}", "core:hasFacet": _refs([facet["@id"]])})
        action = _action("examined", graph, key, time=str(run.get("examined_at")), actor=examiner.get(sha256, ""))
        version = str((run.get("software") or {}).get("forensics", "not recorded"))
        action["action:instrument"] = _refs([_tool(graph, "forensics", version)])
        yield graph.add({**action, "action:object": _refs([files[sha256]]), "action:result": _refs([result["@id"]])})


def _reports(described: Described, graph: _Graph, files: Mapping[str, str]) -> Iterator[str]:
    for report in described.reports:
        case, generator = report.record.get("case") or {}, report.record["generator"]
        action = _action(
            "reported",
            graph,
            report.item.sha256,
            time=str(report.record.get("created")),
            actor=str(case.get("examiner") or ""),
        )
        about = sorted({files[row["evidence"]["sha256"]] for row in report_rows(report.record) if "evidence" in row})
        tool = _tool(graph, str(generator.get("name")), str(generator.get("version")))
        yield graph.add(
            {
                **action,
                "action:instrument": _refs([tool]),
                **({"action:object": _refs(about)} if about else {}),
                "action:result": _refs([files[report.item.sha256]]),
            }
        )


def _custody(described: Described, graph: _Graph, files: Mapping[str, str]) -> Iterator[str]:
    before = None
    for entry in described.entries:
        action = _action(entry.action, graph, entry.sha256, time=entry.time, actor=entry.actor)
        action["core:description"] = f"Entry {entry.sequence}: {ACTIONS[entry.action]}."
        if entry.note:
            action["core:description"] += f" {entry.note}"
        action["action:instrument"] = _refs([_tool(graph, entry.tool.name, entry.tool.version)])
        for side, items in (("action:object", entry.inputs), ("action:result", entry.outputs)):
            if items:
                action[side] = _refs(sorted({files[item.sha256] for item in items}))
        if before:
            action["investigation:wasInformedBy"] = _refs([before])
        before = graph.add(action)
        yield before


def _files(described: Described) -> dict[str, Node]:
    """Return a node per content: a file is what its digest says, whatever names it had."""
    known: dict[str, Node] = {}
    evidence = {row["evidence"]["sha256"]: row["evidence"] for row in described.findings if "evidence" in row}

    def note(sha256: str, n_bytes: object, *names: str) -> None:
        node = known.setdefault(sha256, {**_node("File", "observable:File", sha256), "_names": [], "_bytes": n_bytes})
        node["_names"] += [name for name in names if name not in node["_names"]]

    for sha256, row in evidence.items():
        note(sha256, row.get("n_bytes"), str(row["name"]))
        known[sha256]["@type"] = "observable:RasterPicture"
        known[sha256]["_evidence"] = row if described.exif else {**row, "metadata": {}}
    for _number, sha256, n_bytes, place in described.exhibits:
        note(sha256, n_bytes)
        known[sha256]["_place"] = place
    for report in described.reports:
        note(report.item.sha256, report.item.n_bytes, report.item.name.rpartition("/")[2])
        known[report.item.sha256]["_place"] = report.item.name
    for entry in described.entries:
        for item in (*entry.inputs, *entry.outputs):
            note(item.sha256, item.n_bytes, item.name)
    return known


def _facets(sha256: str, node: Node) -> Iterator[Node]:
    """Yield the facets of a file, and name them in its node."""
    names, n_bytes, place = node.pop("_names"), node.pop("_bytes"), node.pop("_place", None)
    evidence: Mapping[str, Any] = node.pop("_evidence", {})
    hashed = _node("Hash", "types:Hash", sha256)
    yield {**hashed, "types:hashMethod": "SHA256", "types:hashValue": _typed("hexBinary", sha256)}
    content = _node("ContentDataFacet", "observable:ContentDataFacet", sha256)
    media = {"observable:mimeType": str(evidence["media_type"])} if evidence.get("media_type") else {}
    facets = [{**content, "observable:hash": _refs([hashed["@id"]]), **media}]
    file = _node("FileFacet", "observable:FileFacet", sha256)
    if names:
        file["observable:fileName"] = sorted(names)
    if place:
        file["observable:filePath"] = place
    if type(n_bytes) is int:
        file["observable:sizeInBytes"] = n_bytes
    facets.append(file)
    sides = {"pictureWidth": evidence.get("width"), "pictureHeight": evidence.get("height")}
    if all(type(side) is int for side in sides.values()):
        raster = _node("RasterPictureFacet", "observable:RasterPictureFacet", sha256)
        facets.append({**raster, **{f"observable:{name}": side for name, side in sides.items()}})
    exif = (evidence.get("metadata") or {}).get("exif") or {}
    if exif:
        entries = [
            {
                **_node("ControlledDictionaryEntry", "types:ControlledDictionaryEntry", sha256, str(key)),
                "types:key": str(key),
                "types:value": str(exif[key]),
            }
            for key in sorted(exif)
        ]
        yield from entries
        values = _node("ControlledDictionary", "types:ControlledDictionary", sha256)
        yield {**values, "types:entry": _refs(entry["@id"] for entry in entries)}
        facets.append(
            {**_node("EXIFFacet", "observable:EXIFFacet", sha256), "observable:exifData": _refs([values["@id"]])}
        )
    yield from facets
    node["core:hasFacet"] = _refs(facet["@id"] for facet in facets)


def _facet_values(row: Mapping[str, Any]) -> Node:
    """Return what a finding says, as properties of our facet."""
    scores, lr, propositions = row.get("scores") or {}, row.get("lr") or {}, row.get("propositions") or {}
    lower, upper = lr.get("interval") or (None, None)
    bottom, top = lr.get("bounds") or (None, None)
    values = {
        "score": scores.get("score"), "logOdds": scores.get("log_odds"), "llr": lr.get("llr"), "llrLower": lower, "llrUpper": upper,
        "lowerBound": bottom, "upperBound": top, "stratum": lr.get("stratum"), "outcome": row.get("outcome"), "reason": row.get("reason"),
        "h1": propositions.get("h1"), "h2": propositions.get("h2"),
    }  # fmt: skip
    told: Node = {
        f"fx:{name}": _typed("double", repr(float(value))) if OURS[name][0] == "double" else str(value)
        for name, value in values.items()
        if value is not None
    }
    caveats = [str(caveat.get("code")) for caveat in row.get("caveats") or ()]
    return {**told, "fx:caveat": caveats} if caveats else told


def _declarations() -> Iterator[Node]:
    """Yield the words of our own, so that the file explains itself."""
    yield {
        "@id": "fx:ExaminationFacet",
        "@type": "owl:Class",
        "rdfs:subClassOf": {"@id": "analysis:AnalyticResultFacet"},
        "rdfs:comment": "What one examination of one picture found.",
    }
    for name, (kind, meaning) in OURS.items():
        yield {
            "@id": f"fx:{name}",
            "@type": "owl:DatatypeProperty",
            "rdfs:range": {"@id": f"xsd:{kind}"},
            "rdfs:comment": meaning,
        }


def _action(name: str, graph: _Graph, key: str, *, time: str, actor: str) -> Node:
    node = _node("InvestigativeAction", "investigation:InvestigativeAction", name, key)
    node["core:name"] = name
    if is_utc(time):
        node["action:startTime"] = _typed("dateTime", time)
    if actor.strip():
        identity = _node("Identity", "identity:Identity", actor)
        node["action:performer"] = {"@id": graph.add({**identity, "core:name": actor})}
    return node


def _tool(graph: _Graph, name: str, version: str) -> str:
    return graph.add({**_node("Tool", "tool:Tool", name, version), "core:name": name, "tool:version": version})


def _node(kind: str, types: str | list[str], *key: str) -> Node:
    """Return a node whose identifier follows from what it is about, so that it is the same every time."""
    name = uuid.uuid5(NAMES, digest(canonical_text(storable({"kind": kind, "key": list(key)}))))
    return {"@id": f"kb:{kind}-{name}", "@type": types}


def _in_bundle(node: Node) -> bool:
    """Return whether UCO counts a node among its objects: facets, digests and our declarations belong to others."""
    kinds = node["@type"] if isinstance(node["@type"], list) else [node["@type"]]
    return not any(kind.startswith(("owl:", "types:")) or kind.endswith("Facet") for kind in kinds)


def _refs(names: Iterable[str]) -> list[Node]:
    return [{"@id": name} for name in names]


def _typed(kind: str, value: str) -> Node:
    return {"@type": f"xsd:{kind}", "@value": value}
