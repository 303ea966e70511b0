"""The acceptance table: 25 rows whatever was measured, verdicts that can be counted by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.acceptance import Measured, acceptance_rows, acceptance_table
from benchmarks.calibrated import calibration_facts
from benchmarks.left_out import LeftOut, append_left_out, read_left_out
from forensics.evaluation.fitting import check_card, fit_card
from forensics.evaluation.scoring import JOINT, ScoredCopy
from forensics.judgement.deliveries import AS_RECEIVED
from forensics.training.measuring.audit import AuditRow
from forensics.training.measuring.families import FamilyRow, MaskRow
from forensics.training.measuring.withheld import MEAN
from tests.calibrations import FACE, NOW, scored_copies

CHANCE = (0.4, 0.6)


def picture(name: str, label: int, source: str, value: float, delivery: str = AS_RECEIVED) -> ScoredCopy:
    return ScoredCopy(
        sha256=name, source=source, label=label, delivery=delivery, stratum="any", log_odds=value,
        by_branch={"a": value, "b": 0.0, MEAN: value / 2}, pooled={"a": (value, value), "b": (0.0, 0.0)},
    )  # fmt: skip


@pytest.fixture
def measured() -> Measured:
    """Originals of two sources at 0 to 19; fakes of sdfd above all of them, those of gpt4o_images below all."""
    originals = [picture(f"{s}{k}", 0, s, float(k)) for s in ("r", "s") for k in range(20)]
    fakes = [picture(f"d{k}", 1, "sdfd", 30.0 + k) for k in range(10)]
    fakes += [picture(f"g{k}", 1, "gpt4o_images", -30.0 - k) for k in range(10)]
    return Measured(scored=originals + fakes, families=(), masks=())


def verdicts(measured: Measured) -> dict[int, str]:
    return {row.number: row.verdict for row in acceptance_rows(measured)}


def test_there_are_25_rows_and_none_is_empty(measured: Measured) -> None:
    rows = acceptance_rows(measured)
    assert [row.number for row in rows] == list(range(1, 26))
    assert all(row.value and row.quantity and row.fail for row in rows)
    assert acceptance_table(rows).count("\n") == 26


def test_sources_are_judged_by_their_own_limit(measured: Measured) -> None:
    found = verdicts(measured)
    assert found[8] == "passed"  # sdfd: 1.0
    assert found[9] == "**failed**"  # gpt4o_images: 0.0, reversed


def test_a_joint_judgement_as_good_as_its_best_branch_passes_and_a_branch_at_chance_fails(measured: Measured) -> None:
    rows = {row.number: row for row in acceptance_rows(measured)}
    assert rows[14].value.startswith("0.500 against 0.500")
    assert rows[14].verdict == "passed"
    assert rows[15].verdict == "**failed**"  # b says nothing: 0.500, below 0.65


def test_false_alarms_of_every_stratum_count(measured: Measured) -> None:
    """No original of r passes the threshold of s as received; saved again, all of them do: 20 of 40."""
    assert verdicts(measured)[12] == "passed"
    worse = [picture(f"r{k}", 0, "r", 99.0, delivery="JPEG 60") for k in range(20)]
    worse += [picture(f"s{k}", 0, "s", 0.0, delivery="JPEG 60") for k in range(20)]
    worse.append(picture("d0", 1, "sdfd", 30.0, delivery="JPEG 60"))
    rows = {row.number: row for row in acceptance_rows(replace(measured, scored=[*measured.scored, *worse]))}
    assert "JPEG 60 50.0%" in rows[12].value
    assert rows[12].verdict == "**failed**"


def test_families_and_masks(measured: Measured) -> None:
    families = [
        FamilyRow(family=name, branch=JOINT, n_pairs=200, auc=auc, interval=CHANCE)
        for name, auc in (("splice", 0.95), ("removal", 0.80), ("beautify", 0.55))
    ]
    mask = MaskRow(family="splice", n=10, pixel_f1=0.4, pointing=0.7, chance=0.2, false_area=0.1)
    rows = {
        row.number: row
        for row in acceptance_rows(replace(measured, families=families, masks=[mask], trained=("splice", "removal")))
    }
    assert rows[6].verdict == "**failed**"  # removal below 0.90
    assert "beautify" not in rows[6].value
    assert rows[11].verdict == "passed"
    assert "pointing 0.700 (chance 0.200)" in rows[11].value


@pytest.mark.parametrize(("auc", "verdict"), [(0.59, "**failed**"), (0.60, "passed")])
def test_swapped_faces(measured: Measured, auc: float, verdict: str) -> None:
    swaps = [
        FamilyRow(family="poisson_blend, H.264", branch=name, n_pairs=80, auc=value, interval=CHANCE)
        for name, value in (("replknet", 0.9), (JOINT, auc))
    ]
    row = {row.number: row for row in acceptance_rows(replace(measured, swaps=swaps))}[10]
    assert row.verdict == verdict
    assert row.value.startswith(f"{auc:.3f}")
    assert "n = 80" in row.value
    assert verdicts(measured)[10] == "not measured"


def test_audit_rows_use_their_own_limits(measured: Measured) -> None:
    def audit(linear: float, trees: float, paired: float) -> list[AuditRow]:
        return [
            AuditRow(family=f, test=t, n_pairs=500, value=v, limit=m)
            for f in ("stream", "splice")
            for t, v, m in (("logistic", linear, 0.03), ("trees", trees, 0.06), ("paired", paired, 0.16))
        ]

    assert [verdicts(replace(measured, audit=audit(0.52, 0.58, 0.70)))[n] for n in (3, 4)] == ["passed", "passed"]
    assert [verdicts(replace(measured, audit=audit(0.54, 0.61, 0.70)))[n] for n in (3, 4)] == ["**failed**"] * 2
    assert verdicts(replace(measured, audit=audit(0.52, 0.58, 0.76)))[4] == "**failed**"


def left_out(name: str, kind: str, auc: float, condition: str = "as trained", branch: str = JOINT) -> LeftOut:
    return LeftOut(
        name=name, kind=kind, condition=condition, steps=9, seed=1, weights_sha256="0" * 64, branch=branch, n=5,
        auc=auc, interval=CHANCE,
    )  # fmt: skip


def test_left_out_families_and_a_second_seed(measured: Measured, tmp_path: Path) -> None:
    """Branch a over the two withheld sources as received: (1.0 + 0.0) / 2; its other seed reaches (0.9 + 0.2) / 2.

    Branch b was in no other run, branch c in no first one, and the joint judgement of a run with fewer branches is another.
    """
    path = tmp_path / "new" / "left-out.jsonl"
    rows = [left_out("splice", "family", 0.80), left_out("removal", "family", 0.74)]
    append_left_out(path, rows)
    again = [left_out(name, "seed", auc, AS_RECEIVED, "a") for name, auc in (("sdfd", 0.9), ("gpt4o_images", 0.2))]
    again += [left_out("sdfd", "seed", 0.0, AS_RECEIVED, branch) for branch in ("c", JOINT)]
    append_left_out(path, again)
    assert list(read_left_out(path))[:2] == rows
    found = {row.number: row for row in acceptance_rows(replace(measured, left_out=read_left_out(path)))}
    assert found[7].value.startswith("mean 0.770")
    assert found[7].verdict == "passed"
    assert found[25].value == "a 0.500 and 0.550"
    assert found[25].verdict == "passed"
    far = [*again[:2], left_out("sdfd", "seed", 0.4, AS_RECEIVED, "b")]
    row = {r.number: r for r in acceptance_rows(replace(measured, left_out=far))}[25]
    assert row.value == "a 0.500 and 0.550, b 0.500 and 0.400"
    assert row.verdict == "**failed**"
    assert verdicts(replace(measured, left_out=[left_out("splice", "family", 0.59)]))[7] == "**failed**"


def test_rows_of_the_calibration_come_from_the_card() -> None:
    assert [fact[0] for fact in calibration_facts(None)] == [16, 17, 18]
    assert all(passed is None for *_, passed in calibration_facts(None))
    made_from = list(scored_copies(120, separation=6))
    card = fit_card(made_from, detector_sha256="0" * 64, weights={}, now=NOW)
    assert calibration_facts(card)[0][4] is None  # never checked
    checked = check_card(card, list(scored_copies(80, separation=6, seed=5, prefix="o-")), made_from=made_from)
    facts = {number: (value, passed) for number, _, value, _, passed in calibration_facts(checked)}
    assert [passed for _, passed in facts.values()] == [True, True, True]
    assert f"{checked.strata[FACE].checked['cllr'].value:.3f}" in facts[16][0]
    assert facts[17][0] == f"{FACE}: 1/10.0 to 10.0, n 120 and 120"
    estimate = replace(checked.strata[FACE].checked["cllr_cal"], value=0.2)
    stratum = replace(checked.strata[FACE], checked={**checked.strata[FACE].checked, "cllr_cal": estimate})
    assert calibration_facts(replace(checked, strata={FACE: stratum}))[0][4] is False
