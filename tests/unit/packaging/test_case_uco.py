"""The JSON-LD: what it says, and that CASE 1.5.0 takes it."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from case_utils.case_validate import validate

from forensics.custody import CustodyLog, Item
from forensics.packaging.case_uco import Described, ReportFile, case_document
from tests.report_samples import HOSTILE, NOW, evidence, finding

LR = {"llr": -1.25, "interval": [-1.5, -0.5], "bounds": [-2.0, 2.0], "at_bound": False, "stratum": "face"}
# The library's own parser of JSON-LD uses what it will drop; a warning of case_utils about our words stays an error.
LIBRARY = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")


def described(tmp_path: Path, name: str = "IMG.jpg", **options: Any) -> Described:
    one = {**finding(evidence(name=name, exif={name: name, "Make": "Canon"}), n_views=4).to_dict(), "lr": LR}
    row = {"schema": "forensics.error/1.0", "name": name, "error": "no"}
    log = CustodyLog(tmp_path / "custody.jsonl")
    sha256, size = one["evidence"]["sha256"], one["evidence"]["n_bytes"]
    items = [Item(name=name, sha256=sha256, n_bytes=size)]
    log.append("received", actor="R. Okafor", inputs=items, now=NOW)
    log.append("noted", actor=name, note=name, now=NOW)
    log.append("packaged", actor="R. Okafor", inputs=items, outputs=items, now=NOW)
    record = {
        "created": "2026-01-02T03:04:05+00:00", "generator": {"name": "forensics", "version": "0.1.0"},
        "case": {"number": "12", "examiner": "R. Okafor"}, "findings": [one, row],
    }  # fmt: skip
    report = ReportFile(item=Item(name="data/reports/r.html", sha256="a" * 64, n_bytes=5), record=record)
    fields = {
        "numbers": ["12"], "reports": [report], "exhibits": [(1, sha256, size, "data/exhibits/IMG.jpg")],
        "findings": [one, row], "entries": tuple(log.entries()),
    }  # fmt: skip
    return Described(**{**fields, **options})


def graph(data: bytes) -> dict[str, dict[str, Any]]:
    return {node["@id"]: node for node in json.loads(data)["@graph"]}


def of_kind(nodes: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [
        node
        for node in nodes.values()
        if kind in ([node["@type"]] if isinstance(node["@type"], str) else node["@type"])
    ]


def judged(path: Path, data: bytes) -> Any:
    path.write_bytes(data)
    return validate(str(path), inference="none", allow_warnings=False, allow_infos=False)


@LIBRARY
@pytest.mark.slow
@pytest.mark.parametrize("name", ["IMG.jpg", HOSTILE])
def test_case_accepts_it_without_a_warning(tmp_path: Path, name: str) -> None:
    found = judged(tmp_path / "case.jsonld", case_document(described(tmp_path, name)))
    assert found.conforms, found.text
    assert not found.undefined_concepts
    assert "Results (" not in found.text  # neither warnings nor remarks


@LIBRARY
@pytest.mark.slow
def test_case_accepts_that_of_a_package(packaged_once: Path, tmp_path: Path) -> None:
    found = judged(tmp_path / "case.jsonld", (packaged_once / "metadata/case.jsonld").read_bytes())
    assert found.conforms, found.text
    assert not found.undefined_concepts


@LIBRARY
@pytest.mark.slow
def test_case_would_refuse_a_mistake(tmp_path: Path) -> None:
    data = case_document(described(tmp_path))
    for wrong in (data.replace(b'"types:hashMethod": "SHA256",', b""), data.replace(b"xsd:hexBinary", b"xsd:string")):
        assert wrong != data
        assert not judged(tmp_path / "case.jsonld", wrong).conforms


def test_everything_named_is_there_and_ids_end_in_a_uuid(tmp_path: Path) -> None:
    nodes = graph(case_document(described(tmp_path)))
    own = [name for name in nodes if name.startswith("kb:")]
    pattern = r"kb:[A-Za-z]+-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert own
    assert all(re.fullmatch(pattern, name) for name in own)
    named = {name for node in nodes.values() for name in re.findall(r'"@id": "(kb:[^"]+)"', json.dumps(node))}
    assert named <= set(nodes)
    (bundle,) = of_kind(nodes, "core:Bundle")
    held = {ref["@id"] for ref in bundle["core:object"]}
    for kind in (
        "investigation:InvestigativeAction",
        "observable:File",
        "tool:Tool",
        "analysis:AnalyticResult",
        "identity:Identity",
    ):
        assert {node["@id"] for node in of_kind(nodes, kind)} <= held, kind


def test_the_same_every_time(tmp_path: Path) -> None:
    one = described(tmp_path)
    assert case_document(one) == case_document(one)


def test_an_exhibit(tmp_path: Path) -> None:
    nodes = graph(case_document(described(tmp_path)))
    (picture,) = of_kind(nodes, "observable:RasterPicture")
    facets = [nodes[ref["@id"]] for ref in picture["core:hasFacet"]]
    told = {key: value for facet in facets for key, value in facet.items() if not key.startswith("@")}
    row = evidence(name="IMG.jpg")
    assert told["observable:fileName"] == ["IMG.jpg"]
    assert told["observable:filePath"] == "data/exhibits/IMG.jpg"
    assert told["observable:sizeInBytes"] == row.n_bytes
    assert told["observable:mimeType"] == "image/jpeg"
    assert (told["observable:pictureWidth"], told["observable:pictureHeight"]) == (640, 427)
    hashed = nodes[told["observable:hash"][0]["@id"]]
    assert hashed["types:hashMethod"] == "SHA256"
    assert hashed["types:hashValue"] == {"@type": "xsd:hexBinary", "@value": row.sha256}
    values = nodes[told["observable:exifData"][0]["@id"]]
    entries = {nodes[ref["@id"]]["types:key"]: nodes[ref["@id"]]["types:value"] for ref in values["types:entry"]}
    assert entries == {"IMG.jpg": "IMG.jpg", "Make": "Canon"}
    (record,) = of_kind(nodes, "investigation:ProvenanceRecord")
    assert record["investigation:exhibitNumber"] == "1"
    assert record["core:object"] == [{"@id": picture["@id"]}]


def test_exif_is_left_out_on_request(tmp_path: Path) -> None:
    text = case_document(described(tmp_path, exif=False)).decode()
    assert "EXIF" not in text
    assert "Canon" not in text


def test_an_examination_and_its_numbers(tmp_path: Path) -> None:
    nodes = graph(case_document(described(tmp_path)))
    (action,) = [n for n in of_kind(nodes, "investigation:InvestigativeAction") if n["core:name"] == "examined"]
    assert action["action:startTime"] == {"@type": "xsd:dateTime", "@value": "2026-01-02T03:00:00+00:00"}
    assert nodes[action["action:performer"]["@id"]]["core:name"] == "R. Okafor"
    assert nodes[action["action:instrument"][0]["@id"]]["tool:version"] == "0.1.0"
    assert nodes[action["action:object"][0]["@id"]]["@type"] == "observable:RasterPicture"
    result = nodes[action["action:result"][0]["@id"]]
    facet = nodes[result["core:hasFacet"][0]["@id"]]
    scores = finding(evidence(name="IMG.jpg"), n_views=4).to_dict()["scores"]
    assert facet["fx:score"] == {"@type": "xsd:double", "@value": repr(scores["score"])}
    assert facet["fx:logOdds"]["@value"] == repr(scores["log_odds"])
    assert facet["fx:llr"]["@value"] == "-1.25"
    assert (facet["fx:llrLower"]["@value"], facet["fx:llrUpper"]["@value"]) == ("-1.5", "-0.5")
    assert (facet["fx:lowerBound"]["@value"], facet["fx:upperBound"]["@value"]) == ("-2.0", "2.0")
    assert facet["fx:outcome"] == "uncalibrated"
    assert facet["fx:caveat"] == ["flat_tiles", "not_calibrated"]


def test_custody_is_a_chain_of_actions(tmp_path: Path) -> None:
    one = described(tmp_path)
    nodes = graph(case_document(one))
    actions = of_kind(nodes, "investigation:InvestigativeAction")
    chain = [n for n in actions if n["core:name"] in ("received", "noted", "packaged")]
    chain.sort(key=lambda n: n["core:description"])
    assert [n["core:description"].partition(":")[0] for n in chain] == ["Entry 1", "Entry 2", "Entry 3"]
    assert "investigation:wasInformedBy" not in chain[0]
    for before, after in pairwise(chain):
        assert after["investigation:wasInformedBy"] == [{"@id": before["@id"]}]


def test_a_score_is_called_nothing_else(tmp_path: Path) -> None:
    text = case_document(described(tmp_path)).decode().lower()
    assert "confidence" not in text
    assert "probability" not in text


def test_every_word_of_ours_is_declared(tmp_path: Path) -> None:
    text = case_document(described(tmp_path)).decode()
    nodes = graph(text.encode())
    assert set(re.findall(r'"(fx:[A-Za-z0-9]+)"', text)) <= set(nodes)


def test_no_name_of_a_file_can_end_the_text(tmp_path: Path) -> None:
    data = case_document(described(tmp_path, HOSTILE))
    assert data.isascii()
    assert b"<script>" in data  # text in JSON, which no browser runs
