"""The JSON of a finding follows the schema that ships with the package, and the schema refuses what is no finding."""

import copy
import dataclasses
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import forensics
from forensics.detector import load_detector
from forensics.types import BranchScores, Caveat, Evidence, Finding, LikelihoodRatio, Metadata, RunRecord
from tests.conftest import textured

SCHEMA = json.loads((Path(forensics.__file__).parent / "assets" / "finding.schema.json").read_text())
WEIGHTS = Path(__file__).parent.parent / "parity" / "dfd_tiny.pth"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


@pytest.fixture
def record(make_evidence: Callable[..., Evidence], now: datetime) -> dict[str, object]:
    finding = load_detector(WEIGHTS).examine(make_evidence(textured()), now=now)
    lr = LikelihoodRatio(
        llr=0.4, interval=(0.1, 0.7), bounds=(-1.0, 1.0), at_bound=False, stratum="s", calibration_sha256="0" * 64
    )
    return json.loads(dataclasses.replace(finding, lr=lr, outcome="inconclusive").to_json())


def test_findings_of_every_kind_follow_the_schema(
    validator: jsonschema.Draft202012Validator,
    record: dict[str, object],
    photograph_file: Path,
    make_evidence: Callable[..., Evidence],
    now: datetime,
) -> None:
    detector = load_detector(WEIGHTS)
    validator.validate(record)
    validator.validate(json.loads(detector.examine(photograph_file, now=now).to_json()))
    unsuitable = detector.examine(make_evidence(np.zeros((20, 20, 3), np.uint8)), now=now)
    assert unsuitable.scores is None
    validator.validate(json.loads(unsuitable.to_json()))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("outcome",), "fake"),
        (("schema",), "forensics.finding/2.0"),
        (("evidence", "sha256"), "ABC"),
        (("evidence", "metadata", "jpeg_quality"), "90"),
        (("evidence", "metadata", "provenance", "state"), "valid"),
        (("scores", "score"), 1.5),
        (("scores", "logits"), [[[0.0]]]),
        (("lr", "llr"), None),
        (("run", "examined_at"), 5),
        (("run", "settings", "threads"), [1]),
        (("verdict",), "guilty"),
        (("caveats",), [{"code": "c"}]),
    ],
)  # fmt: skip
def test_what_is_no_finding_is_refused(
    validator: jsonschema.Draft202012Validator, record: dict[str, object], path: tuple[str, ...], value: object
) -> None:
    changed = copy.deepcopy(record)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    assert not validator.is_valid(changed)


@pytest.mark.parametrize("key", list(SCHEMA["required"]))
def test_every_field_is_required(
    validator: jsonschema.Draft202012Validator, record: dict[str, object], key: str
) -> None:
    assert not validator.is_valid({k: v for k, v in record.items() if k != key})


def test_the_schema_names_the_fields_of_the_records() -> None:
    def names(kind: type) -> set[str]:
        return {f.name for f in dataclasses.fields(kind)}

    properties = SCHEMA["properties"]
    assert set(properties["evidence"]["properties"]) == names(Evidence) - {"pixels", "remarks"} | {"notes"}
    assert set(properties["evidence"]["properties"]["metadata"]["properties"]) == names(Metadata)
    assert set(properties["run"]["properties"]) == names(RunRecord)
    assert set(SCHEMA["$defs"]["message"]["properties"]) == names(Caveat)
    assert set(properties) == names(Finding) | {"schema", "reason", "reason_codes"}
    assert set(SCHEMA["$defs"]["likelihood_ratio"]["properties"]) == names(LikelihoodRatio)
    assert set(SCHEMA["$defs"]["scores"]["properties"]) >= names(BranchScores)


def test_a_file_that_cannot_be_examined_follows_its_own_schema(tmp_path: Path) -> None:
    errors = json.loads((Path(forensics.__file__).parent / "assets" / "error.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(errors)
    told = jsonschema.Draft202012Validator(errors)
    (tmp_path / "b.png").write_bytes(b"no picture")
    for row in load_detector(WEIGHTS).examine_many([tmp_path / "b.png", tmp_path / "none.png", b""]):
        line = json.loads(row.to_json())
        told.validate(line)
        told.validate({k: v for k, v in line.items() if k != "path"})  # as a report holds it
        for key in set(line) - {"path"}:
            assert not told.is_valid({k: v for k, v in line.items() if k != key}), key
        assert not told.is_valid({**line, "verdict": "guilty"})
        assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(line)
