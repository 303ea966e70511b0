"""Pictures of known origin to a card, a card to likelihood ratios in findings and reports, and to a validation report."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

import forensics as fx
from forensics.calibration import read_card
from forensics.cli import app
from forensics.detector import Detector
from forensics.detector.looking import Answer
from forensics.errors import CalibrationError
from forensics.evaluation import procedures
from forensics.judgement import rules, suitability
from forensics.records.converting import from_record
from forensics.records.progress import Watch
from forensics.report import read_record, verify_report
from forensics.types import ENFSI_2015, BranchScores, Evidence, Finding
from tests.calibrations import FACE, make_card
from tests.conftest import encoded, textured

WEIGHTS = Path(__file__).parent.parent / "parity" / "dfd_tiny.pth"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
N = 45  # pictures of each class


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let brightness stand for the networks: everything round them is as it is, and takes no time."""

    def look(self: Detector, evidence: Evidence, watch: Watch) -> Answer:
        z = (float(evidence.pixels.mean()) - 120.0) / 8.0
        logits = np.zeros((len(self.branches), 1, 2))
        logits[..., 1] = z
        return Answer(
            scores=BranchScores(branches=self.branches, views=("v",), logits=logits, boxes=np.zeros((1, 4), int))
        )

    monkeypatch.setattr(Detector, "_look", look)
    monkeypatch.setattr(suitability, "finds_face", lambda _pixels: False)


def write_pictures(folder: Path, *, seed: int, sources: str = "ab", n: int = N) -> Path:
    """Write n pictures of each class; generated ones are brighter on average."""
    rng = np.random.default_rng(seed)
    for label, brighter in (("real", 0.0), ("fake", 24.0)):
        for k in range(n):
            source = folder / label / f"{label}-{sources[k % len(sources)]}"
            source.mkdir(parents=True, exist_ok=True)
            shift = int(rng.normal(brighter, 8))
            pixels = np.clip(textured(72, 80, seed=1000 * seed + k).astype(int) + shift, 0, 255).astype(np.uint8)
            (source / f"{k}.png").write_bytes(encoded(pixels))
    return folder


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "labelled", seed=1)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def calibrate(labelled: Path, out: Path, *more: object) -> Result:
    return invoke("calibrate", labelled, "--out", out, "--weights", WEIGHTS, "--minimum", 30, *more)


@pytest.mark.usefixtures("quick")
def test_from_pictures_to_a_finding_with_words(labelled: Path, tmp_path: Path) -> None:
    card = tmp_path / "out" / "card.json"
    done = calibrate(labelled, card, "--h1", "It was generated.", "--scores", tmp_path / "scores.jsonl")
    assert done.exit_code == 0, done.output
    made = read_card(card)
    assert made.sha256 in done.stdout
    (name,) = made.strata
    assert name == "any subject, not JPEG, short side below 256"  # fewer than 100: taken together with its neighbours
    assert made.strata[name].n == (N, N)
    assert made.data["sources"]["fake"] == {"fake-a": 23, "fake-b": 22}
    assert str(tmp_path) not in card.read_text()  # no file name, no place
    lines = (tmp_path / "scores.jsonl").read_text().splitlines()
    assert len(lines) == 1 + 2 * N

    detector = fx.load_detector(WEIGHTS, calibration=card)
    exhibit = tmp_path / "exhibit.png"
    exhibit.write_bytes(encoded(np.clip(textured(72, 80, seed=77).astype(int) + 28, 0, 255).astype(np.uint8)))
    finding = detector.examine(exhibit, now=NOW)
    assert finding.outcome == "supports_h1", finding.reason
    assert finding.lr is not None
    assert finding.propositions.h1 == "It was generated."
    assert finding.lr.propositions == finding.propositions
    assert finding.robustness is not None  # the two harmless copies
    assert [c.delivery for c in finding.robustness.copies] == ["JPEG 85", "resized 75 %"]
    assert finding.robustness.copies[0].llr is None  # a copy of a kind for which the card holds nothing
    assert finding.run.settings["calibration_sha256"] == made.sha256
    assert finding.run.software["scikit-image"]
    assert Finding.from_json(finding.to_json()).to_dict() == finding.to_dict()

    report = tmp_path / "report.html"
    done = invoke(
        "examine", exhibit, "--weights", WEIGHTS, "--calibration", card, "--robustness", "full", "--report", report
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "log10 LR +" in done.stdout
    assert "in words: " in done.stdout
    assert "support for H1 over H2. H1: It was generated." in done.stdout
    assert "delivered in 10 other ways" in done.stdout
    page = report.read_text(encoding="utf-8")
    assert verify_report(report).ok
    assert "times more expected if H1 is true than if H2 is" in page
    for above, words in ENFSI_2015.bands:  # the whole table is printed
        assert re.search(f"above {above:,.0f}.{{0,40}}{words}", page, re.DOTALL), words
    assert "H2: The picture was taken by a camera and not altered" in page
    assert "messenger-like" in page
    assert "--robustness full" in page
    scale = read_record(report)["scale"]
    assert scale["sha256"] == from_record(fx.VerbalScale, {k: v for k, v in scale.items() if k != "sha256"}).sha256


def test_an_outcome_is_taken_back_if_a_harmless_copy_changes_the_side(monkeypatch: pytest.MonkeyPatch) -> None:
    def look(self: Detector, evidence: Evidence, watch: Watch) -> Answer:
        z = -2.3 if evidence.media_type == "image/jpeg" else 2.3  # copies are JPEG, the exhibit is PNG
        logits = np.zeros((len(self.branches), 1, 2))
        logits[..., 1] = z
        scores = BranchScores(branches=self.branches, views=("v",), logits=logits, boxes=np.zeros((1, 4), int))
        return Answer(scores=scores)

    monkeypatch.setattr(Detector, "_look", look)
    monkeypatch.setattr(rules, "stratum_of", lambda _evidence: FACE)
    detector = fx.load_detector(WEIGHTS)
    detector.calibration = make_card(detector_sha256=detector.sha256)
    exhibit = encoded(textured(100, 100))
    finding = detector.examine(exhibit)
    assert (finding.outcome, finding.reason_codes) == ("inconclusive", ("flips_under_processing",))
    assert finding.robustness is not None
    assert finding.robustness.flips == ("JPEG 85", "resized 75 %")
    assert detector.examine(exhibit, robustness="none").outcome == "supports_h1"


@pytest.mark.usefixtures("quick")
def test_support_for_h2_is_never_said_alone(labelled: Path, tmp_path: Path) -> None:
    card, report = tmp_path / "card.json", tmp_path / "report.html"
    assert calibrate(labelled, card).exit_code == 0
    exhibits = []
    for name, shift in (("low.png", -4), ("high.png", 28)):
        pixels = np.clip(textured(72, 80, seed=78).astype(int) + shift, 0, 255).astype(np.uint8)
        (tmp_path / name).write_bytes(encoded(pixels))
        exhibits.append(tmp_path / name)
    done = invoke("examine", *exhibits, "--weights", WEIGHTS, "--calibration", card, "--report", report)
    assert done.exit_code == 0, done.output
    assert "outcome: supports_h2" in done.stdout
    assert "Support for H2 is no sign that the picture is unaltered" in done.stdout
    page = report.read_text(encoding="utf-8")
    assert page.count("Support for H2 is no sign that a picture is unaltered.") >= 1
    assert re.search(r"support for H2 over H1 \(log10 LR −\d", page)
    assert re.search(r"support for H1 over H2 \(log10 LR \d", page)


@pytest.mark.usefixtures("quick")
def test_a_laboratory_may_swap_the_words(labelled: Path, tmp_path: Path) -> None:
    card, scale = tmp_path / "card.json", tmp_path / "scale.toml"
    assert calibrate(labelled, card).exit_code == 0
    scale.write_text('name = "Own"\nsource = "Manual"\nversion = "7"\nneutral = "nothing"\nbands = [[1, "a hint"]]\n')
    exhibit = tmp_path / "exhibit.png"
    exhibit.write_bytes(encoded(np.clip(textured(72, 80, seed=77).astype(int) + 28, 0, 255).astype(np.uint8)))
    folder = invoke("examine", exhibit, "--weights", WEIGHTS, "--calibration", card, "--report", tmp_path)
    assert folder.exit_code == 2
    assert "is a folder" in " ".join(folder.stderr.replace("│", " ").split())
    assert folder.stdout == ""  # told before anything was examined
    report = tmp_path / "report.html"
    common = ("examine", exhibit, "--weights", WEIGHTS, "--calibration", card, "--report", report)
    done = invoke(*common, "--scale", scale)
    assert done.exit_code == 0, done.output
    assert "in words: a hint for H1 over H2" in done.stdout
    page = report.read_text(encoding="utf-8")
    assert "Verbal scale: Own, version 7" in page
    assert "ENFSI" not in page
    refused = invoke(*common, "--scale", exhibit)
    assert isinstance(refused.exception, CalibrationError)


@pytest.mark.usefixtures("quick")
def test_kinds_without_a_card_are_told_and_none_means_none(labelled: Path, tmp_path: Path) -> None:
    card = tmp_path / "card.json"
    assert calibrate(labelled, card).exit_code == 0
    large = encoded(textured(300, 300), "JPEG", quality=90)
    finding = fx.load_detector(WEIGHTS, calibration=card).examine(large)
    assert (finding.outcome, finding.reason_codes) == ("uncalibrated", ("no_card_for_stratum",))
    assert "JPEG 85 and more, short side 256 to 639" in finding.reason
    assert finding.lr is None
    without = fx.load_detector(WEIGHTS, calibration="none").examine(large)
    assert without.reason_codes == ("not_calibrated",)
    crushed = encoded(textured(300, 300), "JPEG", quality=20)
    unfit = fx.load_detector(WEIGHTS, calibration=card).examine(crushed)
    assert (unfit.outcome, unfit.reason_codes) == ("unsuitable", ("too_compressed",))


@pytest.mark.usefixtures("quick")
def test_a_card_beside_the_weights_is_used_and_a_foreign_one_refused(labelled: Path, tmp_path: Path) -> None:
    from forensics.models.weights import convert_weights

    folder = tmp_path / "weights"
    folder.mkdir()
    convert_weights(WEIGHTS, folder / "own.safetensors", name="own", licence=None)
    card = folder / "calibration.json"
    assert invoke("calibrate", labelled, "--out", card, "--weights", folder, "--minimum", 30).exit_code == 0
    assert fx.load_detector(folder).calibration is not None
    assert fx.load_detector(folder, judgement="mean").calibration is None
    assert fx.load_detector(folder, calibration="none").calibration is None
    with pytest.raises(CalibrationError, match="is for the detector"):
        fx.load_detector(calibration=card)  # the starter
    edited = json.loads(card.read_bytes())
    edited["level"] = 0.2
    card.write_text(json.dumps(edited))
    with pytest.raises(CalibrationError, match="changed after it was made"):
        fx.load_detector(folder)


@pytest.mark.usefixtures("quick")
def test_work_that_was_cut_off_goes_on_and_gives_the_same_card(labelled: Path, tmp_path: Path) -> None:
    scores = tmp_path / "scores.jsonl"
    first = procedures.calibrate(labelled, tmp_path / "a.json", weights=WEIGHTS, minimum=30, scores=scores, now=NOW)
    lines = scores.read_text().splitlines(keepends=True)
    scores.write_text("".join(lines[:20]) + lines[20][:50])
    second = procedures.calibrate(labelled, tmp_path / "b.json", weights=WEIGHTS, minimum=30, scores=scores, now=NOW)
    assert first.sha256 == second.sha256
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    with pytest.raises(CalibrationError, match="Name another --scores"):
        procedures.calibrate(
            labelled, tmp_path / "c.json", weights=WEIGHTS, minimum=30, scores=scores, deliveries=["all"]
        )
    (labelled / "scores.txt").write_text("something else")
    with pytest.raises(CalibrationError, match="Name another --scores"):
        procedures.calibrate(labelled, tmp_path / "c.json", weights=WEIGHTS, minimum=30, scores=labelled / "scores.txt")
    assert (labelled / "scores.txt").read_text() == "something else"
    (labelled / "scores.bin").write_bytes(b"\xff\xd8\xff")
    with pytest.raises(CalibrationError, match="Name another --scores"):
        procedures.calibrate(labelled, tmp_path / "c.json", weights=WEIGHTS, minimum=30, scores=labelled / "scores.bin")
    assert not (tmp_path / "c.json").exists()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: [p.unlink() for p in (f / "fake").rglob("*.png")], "no fake pictures"),
        (lambda f: [p.unlink() for p in sorted((f / "fake").rglob("*.png"))[:30]], "at least 30 of each"),
        (lambda f: (f / "fake" / "x.png").write_bytes(next((f / "real").rglob("*.png")).read_bytes()), "the same file"),
        (lambda f: [p.write_bytes(b"") for p in (f / "real").rglob("*.png")], "no kind of picture|the same file"),
        (lambda f: (f / "real" / "gone.png").symlink_to(f / "nowhere"), "cannot be read: No such file"),
    ],
)
def test_pictures_that_cannot_serve_leave_nothing(
    labelled: Path, tmp_path: Path, spoil: Callable[[Path], object], message: str
) -> None:
    spoil(labelled)
    done = calibrate(labelled, tmp_path / "card.json")
    assert isinstance(done.exception, CalibrationError)
    assert re.search(message, str(done.exception)), done.exception
    assert not list(tmp_path.glob("card*"))


@pytest.mark.usefixtures("quick")
def test_an_unreadable_picture_is_left_out_and_counted(labelled: Path, tmp_path: Path) -> None:
    (labelled / "real" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not a picture")
    assert calibrate(labelled, tmp_path / "card.json").exit_code == 0
    assert read_card(tmp_path / "card.json").data["left_out"] == 1


@pytest.mark.usefixtures("quick")
def test_wrong_use_is_told_before_anything_is_scored(labelled: Path, tmp_path: Path) -> None:
    exhibit = tmp_path / "exhibit.jpg"
    exhibit.write_bytes(encoded(textured(), "JPEG"))
    before = exhibit.read_bytes()
    others = write_pictures(tmp_path / "others", seed=3, n=2)
    for out, more, code, message in (
        (exhibit, (), 1, "is not replaced"),
        (exhibit / "card.json", (), 1, "no folder that can be written to"),
        (tmp_path, (), 1, "is a folder"),
        (tmp_path / "card.json", ("--delivery", "JPEG 7"), 2, "JPEG 75"),
        (tmp_path / "card.json", ("--calibrator", "logit"), 2, "logistic"),
        (tmp_path / "card.json", ("--level", "2"), 2, "0.5"),
        (tmp_path / "card.json", ("--h1", " "), 2, "empty"),
        (tmp_path / "card.json", ("--check", labelled), 1, "are among those"),
        (tmp_path / "card.json", ("--check", others), 1, "on both sides: fake-a"),
        (tmp_path / "card.json", ("--sign", exhibit), 1, "openssl"),
    ):
        done = calibrate(labelled, out, *more, "--scores", tmp_path / "scores.jsonl")
        assert done.exit_code == code, done.output
        assert message in f"{done.exception} {done.output}", done.output
    assert not (tmp_path / "scores.jsonl").exists()  # nothing was scored
    assert exhibit.read_bytes() == before
    assert not (tmp_path / "card.json").exists()


@pytest.mark.usefixtures("quick")
def test_a_signed_card_is_verified(labelled: Path, tmp_path: Path) -> None:
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key, pem = Ed25519PrivateKey.generate(), serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(private)
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "public.pem").write_bytes(public)
    card = tmp_path / "card.json"
    assert calibrate(labelled, card, "--sign", tmp_path / "key.pem").exit_code == 0
    done = invoke("verify", card, "--key", tmp_path / "public.pem")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("passed: ") == 2
    assert "the holder of the key" in invoke("verify", card).stdout
    (tmp_path / "card.json.sig").write_text("AAAA")
    failed = invoke("verify", card, "--key", tmp_path / "public.pem")
    assert failed.exit_code == 1
    assert "FAILED: " in failed.stdout
    assert "signature" in failed.stdout
    card.write_bytes(card.read_bytes().replace(b'"level":0.05', b'"level":0.06'))
    assert invoke("verify", card).exit_code == 1


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_validation_report_holds_up(labelled: Path, tmp_path: Path) -> None:
    card, out = tmp_path / "card.json", tmp_path / "validation" / "report.html"
    assert calibrate(labelled, card, "--delivery", "all").exit_code == 0
    others = write_pictures(tmp_path / "others", seed=2, sources="cd")
    common = {"weights": WEIGHTS, "calibration": card, "organisation": "<b>Lab</b>", "now": NOW}
    validated = procedures.validate(others, out, scores=tmp_path / "kept.jsonl", **common)  # type: ignore[arg-type]
    characteristics = {row.characteristic for row in validated.rows}
    assert characteristics == {
        "accuracy", "discrimination", "calibration", "robustness", "coherence", "generalisation",
    }  # fmt: skip
    first = out.read_bytes()
    assert verify_report(out).ok
    page = first.decode()
    assert "<script" not in page
    assert "&lt;b&gt;Lab&lt;/b&gt;" in page
    assert "--criteria criteria.toml" not in page  # ours were used
    for words in (
        "Tippett plots by source",
        "real-d (camera)",
        "Tippett plot",
        "Empirical cross-entropy",
        "Meuwly",
        "fake-c (generated)",
        "messenger-like",
    ):
        assert words in page
    data = json.loads(out.with_suffix(".json").read_text())
    assert data["sources_of_the_calibration"] == []
    assert "Not independent" not in page
    own = tmp_path / "own.html"
    procedures.validate(labelled, own, **common)  # type: ignore[arg-type]
    assert "Sources of the calibration are among these pictures: fake-a, fake-b, real-a, real-b" in own.read_text(
        encoding="utf-8"
    )
    assert data["rows"] == read_record(out)["data"]["rows"]
    assert sum(data["outcomes"]["H1"].values()) == N
    procedures.validate(others, out, scores=tmp_path / "kept.jsonl", **common)  # type: ignore[arg-type]
    assert out.read_bytes() == first  # the same input gives the same bytes

    strict = tmp_path / "strict.toml"
    strict.write_text('name = "Strict"\n[accuracy]\ncllr = { below = 0.0001 }\n')
    done = invoke(
        "validate", others, "--out", out, "--weights", WEIGHTS, "--calibration", card, "--criteria", strict, "--scores",
        tmp_path / "kept.jsonl",
    )  # fmt: skip
    assert done.exit_code == 1
    assert "failed       accuracy" in done.stdout
    assert "Not all criteria are met" in out.read_text(encoding="utf-8")
    assert "--criteria criteria.toml" in out.read_text(encoding="utf-8")
    page = bytearray(out.read_bytes())
    page[page.index(b"Cllr")] ^= 1
    out.write_bytes(page)
    assert not verify_report(out).ok


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[accuracies]\ncllr = { below = 1 }", "no characteristic 'accuracies'"),
        ("[accuracy]\nclr = { below = 1 }", "no metric 'clr'"),
        ("[accuracy]\ncllr = 1", "Write one limit"),
        ("[accuracy]\ncllr = { under = 1 }", "Write one limit"),
        ("[accuracy]\ncllr = { below = inf }", "must be finite"),
        ("[accuracy", "cannot be read as criteria"),
    ],
)
def test_criteria_that_say_nothing_are_refused(labelled: Path, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "criteria.toml").write_text(text)
    done = invoke(
        "validate", labelled, "--out", tmp_path / "v.html", "--weights", WEIGHTS, "--criteria", tmp_path / "criteria.toml"
    )  # fmt: skip
    assert isinstance(done.exception, CalibrationError)
    assert message in str(done.exception)
    assert not (tmp_path / "v.html").exists()


@pytest.mark.usefixtures("quick")
def test_a_validation_needs_a_card_and_pictures_of_its_kinds(labelled: Path, tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="no calibration card"):
        procedures.validate(labelled, tmp_path / "v.html", weights=WEIGHTS)
    assert calibrate(labelled, tmp_path / "card.json").exit_code == 0
    for label in ("real", "fake"):
        (tmp_path / "large" / label).mkdir(parents=True)
        picture = textured(300, 300, seed=len(label) + ord(label[0]))
        (tmp_path / "large" / label / "a.png").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    with pytest.raises(CalibrationError, match="holds nothing for any of these pictures"):
        procedures.validate(
            tmp_path / "large", tmp_path / "v.html", weights=WEIGHTS, calibration=tmp_path / "card.json"
        )
    assert not (tmp_path / "v.html").exists()
