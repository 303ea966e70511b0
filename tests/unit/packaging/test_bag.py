"""What goes into a package, and what never does."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import bagit
import pytest

from forensics.custody import CustodyLog, load_private_key, verify_log
from forensics.detector import ErrorRow
from forensics.errors import CustodyError
from forensics.packaging import bag as bag_module
from forensics.packaging import verify_package, write_package
from forensics.report import write_report
from forensics.types import Evidence
from tests.report_samples import CASE, NOW, evidence, finding, jpeg, unreadable
from tests.unit.packaging.conftest import build_case, picture

Make = Callable[..., Path]


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def redacted(folder: Path, name: str, what: object = "whole") -> None:
    one = evidence(picture(1), name="IMG_1.jpg", exif={"GPSLatitude": "48.1", "Make": "Canon"})
    write_report([finding(one, n_views=4)], folder / name, case=CASE, now=NOW, residuals=(), redact=what)


def test_a_package_holds_the_case_and_nothing_else(packaged_once: Path) -> None:
    assert set(tree(packaged_once)) == {
        "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sha512.txt", "metadata/case.jsonld",
        "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig", "tagmanifest-sha512.txt", "data/custody-1/custody.jsonl",
        "data/custody-1/custody.jsonl.sig", "data/custody.jsonl", "data/exhibits/IMG_1.jpg", "data/exhibits/IMG_2.jpg",
        "data/extracts/custody.csv", "data/extracts/findings.csv", "data/extracts/metadata.csv", "data/findings.jsonl",
        "data/keys/examiner.pem.pub", "data/reports/first.html", "data/reports/first.html.sig", "data/reports/first.json",
        "data/reports/second.html", "data/reports/second.json",
    }  # fmt: skip
    assert not any(b"PRIVATE KEY" in data or b"private notes" in data for data in tree(packaged_once).values())


def test_bagit_itself_accepts_it(packaged_once: Path) -> None:
    found = bagit.Bag(str(packaged_once))
    assert found.validate()
    assert sorted(found.algorithms) == ["sha256", "sha512"]
    assert found.info["Bagging-Date"] == "2026-01-02"
    assert found.info["External-Identifier"] == "2026-0117"
    payload = [data for name, data in tree(packaged_once).items() if name.startswith("data/")]
    assert found.info["Payload-Oxum"] == f"{sum(map(len, payload))}.{len(payload)}"


def test_manifests_are_sorted_and_the_signature_has_the_given_time(packaged_once: Path) -> None:
    for name in ("manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt"):
        names = [line.partition("  ")[2] for line in (packaged_once / name).read_text().splitlines()]
        assert names == sorted(names)
    signature = json.loads((packaged_once / "tagmanifest-sha256.txt.sig").read_text())
    assert signature["time"] == "2026-01-02T03:04:05+00:00"
    assert signature["signer"] == "R. Okafor"


def test_exhibits_and_reports_are_byte_identical(packaged_once: Path, made_once: Path) -> None:
    phone = made_once / "from the phone" / "DCIM"
    for name in ("IMG_1.jpg", "IMG_2.jpg"):
        assert (packaged_once / "data/exhibits" / name).read_bytes() == (phone / name).read_bytes()
    assert (packaged_once / "data/reports/first.html").read_bytes() == (made_once / "first.html").read_bytes()


def test_same_input_and_clock_same_bytes(made_once: Path, tmp_path: Path, package: Make) -> None:
    made = []
    for place in ("a", "b with another name"):
        case = Path(shutil.copytree(made_once, tmp_path / place / "case-12"))
        key = load_private_key(case / "examiner.pem")
        made.append(tree(package(case, tmp_path / place / "out", key=key)))
    assert made[0] == made[1]


def test_the_clock_is_the_only_date(case: Path, package: Make) -> None:
    made = package(case, now=datetime(2031, 5, 6, tzinfo=UTC))
    assert "Bagging-Date: 2031-05-06\n" in (made / "bag-info.txt").read_text()


def test_a_moved_package_holds_up(packaged_once: Path, tmp_path: Path, made_once: Path) -> None:
    moved = shutil.copytree(packaged_once, tmp_path / "a stick" / "x")
    check = verify_package(moved, key=made_once / "examiner.pem.pub")
    assert check.problems == ()
    assert any("by the key given" in proof for proof in check.proofs)
    assert sum("is in the package with the digest" in proof for proof in check.proofs) == 2


def test_the_case_is_left_as_it_was_but_for_one_entry(case: Path, package: Make) -> None:
    before = tree(case)
    made = package(case)
    after = tree(case)
    log = after.pop("custody.jsonl")
    assert log.startswith(before.pop("custody.jsonl"))
    assert after == before
    entries = list(CustodyLog(case / "custody.jsonl").entries())
    assert [e.action for e in entries] == ["received", "signed", "packaged"]
    assert [item.name for item in entries[-1].inputs] == ["first.html", "second.html", "IMG_1.jpg", "IMG_2.jpg"]
    assert "data/exhibits/IMG_2.jpg" in [item.name for item in entries[-1].outputs]
    for item in entries[-1].outputs:  # what it says of the package is so
        assert len((made / item.name).read_bytes()) == item.n_bytes
    assert (made / "data/custody.jsonl").read_bytes() == log


def test_a_signed_state_of_the_log_goes_along(packaged_once: Path) -> None:
    short = (packaged_once / "data/custody-1/custody.jsonl").read_bytes()
    assert short.count(b"\n") == 1
    assert (packaged_once / "data/custody.jsonl").read_bytes().startswith(short)


def test_a_time_stamp_of_an_earlier_state_goes_with_that_state(case: Path, package: Make) -> None:
    """A reply holds the digest as bytes, a signature as text."""
    log = case / "custody.jsonl"
    reply = b"0\x82" + hashlib.sha256(log.read_bytes()).digest() + b"rest"
    (case / "custody.jsonl.tsr").write_bytes(reply)
    made = package(case)
    assert (made / "data/custody-2/custody.jsonl.tsr").read_bytes() == reply
    assert (made / "data/custody-2/custody.jsonl").read_bytes().count(b"\n") == 2
    assert (made / "data/custody-1/custody.jsonl.sig").is_file()


def test_a_signature_that_fits_no_state_is_found_wrong(case: Path, package: Make) -> None:
    shutil.copy(case / "first.html.sig", case / "custody.jsonl.sig")
    made = package(case)
    assert (made / "data/custody.jsonl.sig").is_file()
    check = verify_package(made)
    assert any(p.startswith("data/custody.jsonl: the signature does not fit") for p in check.problems)


def test_packaging_twice_keeps_what_was_signed(case: Path, package: Make, tmp_path: Path) -> None:
    package(case)
    made = package(case, tmp_path / "second")
    assert (made / "data/custody-1/custody.jsonl.sig").is_file()
    assert verify_package(made).ok
    assert verify_log(made / "data/custody.jsonl").entries[-1].sequence == 4


def test_the_records_are_those_of_the_reports(packaged_once: Path) -> None:
    record = json.loads((packaged_once / "data/reports/first.json").read_text())
    assert record["case"]["number"] == "2026-0117"
    lines = (packaged_once / "data/findings.jsonl").read_text().splitlines()
    assert len(lines) == 3  # two findings and a picture that cannot be read; those of findings.jsonl are the same ones
    assert record["findings"][0] in [json.loads(line) for line in lines]


def test_findings_that_no_report_has_go_along(case: Path, package: Make) -> None:
    other = finding(evidence(picture(7), name="third.jpg"), n_views=4)
    (case / "later.jsonl").write_text(other.to_json() + "\n")
    made = package(case)
    assert other.evidence.sha256 in (made / "data/findings.jsonl").read_text()
    assert not (made / "data/exhibits/third.jpg").exists()


def test_a_damaged_findings_file_is_refused(case: Path, package: Make) -> None:
    whole = (case / "findings.jsonl").read_bytes()
    (case / "findings.jsonl").write_bytes(whole[:-50])
    with pytest.raises(CustodyError, match=r"line 2 of .*findings\.jsonl"):
        package(case)


def test_without_exhibits(case: Path, package: Make) -> None:
    made = package(case, exhibits=False)
    assert not (made / "data/exhibits").exists()
    assert (made / "data/custody.jsonl").is_file()
    check = verify_package(made)
    assert check.ok
    assert sum(p.count("The package holds no exhibits") for p in check.proofs) == 2
    rows = list(csv.DictReader(io.StringIO((made / "data/extracts/findings.csv").read_text())))
    assert rows[0]["path"] == "IMG_1.jpg"


@pytest.mark.parametrize("what", ["whole", "names", "places"])
def test_a_redacted_report_takes_nothing_along_that_it_withholds(case: Path, package: Make, what: str) -> None:
    from forensics.redaction import Redaction

    for name in ("first.html", "first.html.sig", "second.html"):
        (case / name).unlink()
    other = finding(evidence(picture(2), name="IMG_2.jpg"), n_views=4)  # of the case, and not of the redacted report
    (case / "findings.jsonl").write_text(other.to_json() + "\n")
    plan = Redaction(what="whole" if what == "whole" else "none", names=what == "names", places=what == "places")
    redacted(case, "Maria Lopez.html", plan)
    made = package(case)
    held = tree(made)
    assert not [name for name in held if "exhibits" in name or "custody" in name]
    assert "left out, because a report is redacted" in held["bag-info.txt"].decode()
    everything = b"".join(data for name, data in held.items() if not name.endswith(".html"))
    for secret in (b"48.1", b"sealed, no. 4471", b"IMG_2", b"EXIFFacet"):
        assert secret not in everything, secret
    if what == "names":
        assert b"Maria" not in everything + "".join(held).encode()
        assert b"IMG_1" not in everything
    assert verify_package(made).ok
    last = list(CustodyLog(case / "custody.jsonl").entries())[-1]
    assert last.action == "packaged"  # the laboratory knows all the same
    assert "left out" in last.note


def test_a_redacted_report_with_exhibits_only_on_request(case: Path, package: Make) -> None:
    for name in ("first.html", "second.html"):
        (case / name).unlink()
    redacted(case, "covered.html")
    made = package(case, exhibits=True)
    assert (made / "data/exhibits/IMG_1.jpg").is_file()
    assert (made / "data/custody.jsonl").is_file()
    assert "EXIFFacet" not in (made / "metadata/case.jsonld").read_text()


@pytest.mark.parametrize("exhibits", [None, False])
def test_a_redaction_is_not_undone_by_the_report_beside_it(case: Path, package: Make, exhibits: bool | None) -> None:
    redacted(case, "covered.html")
    with pytest.raises(CustodyError, match="would undo the redaction"):
        package(case, exhibits=exhibits)
    assert package(case, exhibits=True).is_dir()


def test_no_report_no_package(tmp_path: Path, package: Make) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "page.html").write_text("<p>")
    with pytest.raises(CustodyError, match=r"holds no report.*--report"):
        package(tmp_path / "case")
    assert names_in(tmp_path) == ["case"]


def test_a_cut_report_is_not_passed_over(case: Path, package: Make) -> None:
    whole = (case / "second.html").read_bytes()
    (case / "second.html").write_bytes(whole[: whole.index(b'id="record"') + 500])
    with pytest.raises(CustodyError, match=r"second\.html is a report that cannot be read"):
        package(case)


def test_a_missing_exhibit_is_named(case: Path, package: Make) -> None:
    (case / "from the phone" / "DCIM" / "IMG_2.jpg").unlink()
    with pytest.raises(CustodyError, match=r"IMG_2\.jpg \(SHA-256 [0-9a-f]{64}\) lies nowhere.*--without-exhibits"):
        package(case)


def test_links_are_not_followed(case: Path, package: Make, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    photograph = case / "from the phone" / "DCIM" / "IMG_2.jpg"
    photograph.rename(outside / "IMG_2.jpg")
    photograph.symlink_to(outside / "IMG_2.jpg")
    (case / "linked").symlink_to(outside)
    with pytest.raises(CustodyError, match=r"IMG_2\.jpg .*lies nowhere"):
        package(case)


def test_a_report_behind_a_link_stays_out(case: Path, package: Make, tmp_path: Path) -> None:
    shutil.copy(case / "second.html", tmp_path / "of another case.html")
    (case / "third.html").symlink_to(tmp_path / "of another case.html")
    made = package(case)
    assert sorted(p.name for p in (made / "data/reports").glob("*.html")) == ["first.html", "second.html"]


def test_an_existing_place_is_refused(case: Path, package: Make, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(CustodyError, match="never replaced"):
        package(case, tmp_path / "out")
    with pytest.raises(CustodyError, match="lies in the case folder"):
        package(case, case / "out")
    with pytest.raises(CustodyError, match="there is no folder"):
        package(case, tmp_path / "no" / "out")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CustodyError, match="never replaced"):
        package(case, tmp_path / "dangling")
    assert (
        len(list(CustodyLog(case / "custody.jsonl").entries())) == 2
    )  # refused before anything was said to have happened


def test_packages_in_the_case_are_passed_over(case: Path, package: Make, tmp_path: Path) -> None:
    shutil.move(package(case), case / "sent")
    made = package(case, tmp_path / "again")
    assert not any("first-2" in name for name in tree(made))
    with pytest.raises(CustodyError, match="is a package already"):
        package(case / "sent", tmp_path / "of a package")


def test_a_log_wants_an_actor_and_must_hold_up(case: Path) -> None:
    with pytest.raises(CustodyError, match="--actor"):
        write_package(case, now=NOW)
    log = case / "custody.jsonl"
    log.write_bytes(log.read_bytes().replace(b"4471", b"4472"))
    broken = log.read_bytes()
    with pytest.raises(CustodyError, match="does not hold up"):
        write_package(case, actor="A", now=NOW)
    assert log.read_bytes() == broken
    assert names_in(case.parent) == ["case-12"]


def test_two_logs_are_refused(case: Path, package: Make) -> None:
    (case / "old").mkdir()
    shutil.copy(case / "custody.jsonl", case / "old")
    with pytest.raises(CustodyError, match="2 custody logs"):
        package(case)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, CustodyError])
@pytest.mark.parametrize("place", ["case_document", "_rename", "sign_file", "finding_rows"])
def test_no_trace_after_an_error(
    case: Path, monkeypatch: pytest.MonkeyPatch, place: str, error: type[BaseException]
) -> None:
    def fail(*args: object, **options: object) -> None:
        raise error("stop")

    monkeypatch.setattr(bag_module, place, fail)
    key = load_private_key(case / "examiner.pem")
    with pytest.raises(error):
        write_package(case, key=key, actor="A", now=NOW)
    assert names_in(case.parent) == ["case-12"]
    check = verify_log(case / "custody.jsonl")
    assert check.ok
    actions = [e.action for e in check.entries[2:]]
    assert actions == ([] if place == "finding_rows" else ["packaged", "noted"])
    if actions:
        assert "was not finished" in check.entries[-1].note


def test_what_changes_meanwhile_is_refused(case: Path, monkeypatch: pytest.MonkeyPatch, package: Make) -> None:
    read = bag_module.read_case

    def then_changed(*args: object, **options: object) -> object:
        found = read(*args, **options)
        (case / "from the phone" / "DCIM" / "IMG_1.jpg").write_bytes(b"x" * 4058)
        return found

    monkeypatch.setattr(bag_module, "read_case", then_changed)
    with pytest.raises(CustodyError, match="was changed while the package was made"):
        package(case)
    assert names_in(case.parent) == ["case-12"]


def test_an_entry_added_meanwhile_stays_out(case: Path, monkeypatch: pytest.MonkeyPatch, package: Make) -> None:
    append = CustodyLog.append

    def twice(self: CustodyLog, action: str, **options: object) -> object:
        entry = append(self, action, **options)
        append(self, "noted", actor="somebody else", now=NOW)
        return entry

    monkeypatch.setattr(CustodyLog, "append", twice)
    made = package(case)
    assert verify_log(made / "data/custody.jsonl").entries[-1].action == "packaged"


@pytest.mark.parametrize(
    "name",
    ["..", "../../x.jpg", "a\nb.jpg", "a\x00b.jpg", "n" * 300 + ".jpg", "CON.jpg", "dots...", "-rf.jpg", "\u202egpj.exe", "%0A.jpg",
     "C:\\x.jpg", "~root.jpg", "", " ", "한국 사진.jpg", "\udcff.jpg"],
)  # fmt: skip
def test_hostile_names_stay_inside(tmp_path: Path, package: Make, name: str) -> None:
    folder = tmp_path / "case"
    folder.mkdir()
    pictures = [evidence(picture(seed), name=name) for seed in (1, 2)]
    for seed in (1, 2):
        (folder / f"{seed}.bin").write_bytes(jpeg(picture(seed)))
    write_report([finding(one, n_views=4) for one in pictures], folder / "r.html", case=CASE, now=NOW, residuals=())
    made = package(folder)
    assert bagit.Bag(str(made)).validate()
    check = verify_package(made)
    assert check.problems == ()
    files = names_in(made / "data/exhibits")
    assert len(files) == 2
    assert all(len(file.encode()) < 130 and not file.startswith((".", "-", "~")) for file in files)
    told = json.loads((made / "metadata/case.jsonld").read_text())["@graph"]
    names = [n for node in told for n in node.get("observable:fileName", ())]
    assert (name if name != "\udcff.jpg" else "⟨U+DCFF⟩.jpg") in names  # the JSON-LD keeps what it was called


def test_a_hostile_case_number_is_one_line(tmp_path: Path, package: Make) -> None:
    folder = build_case(tmp_path / "case")
    for name in ("first.html", "second.html", "custody.jsonl", "custody.jsonl.sig"):
        (folder / name).unlink()
    number = "1\nPayload-Oxum: 1.1\r\nExhibits: left out\u202e" + "9" * 5000
    from forensics.report import Case

    one = evidence(picture(1), name="IMG_1.jpg")
    write_report([finding(one, n_views=4)], folder / "r.html", case=Case(number=number), now=NOW, residuals=())
    made = package(folder)
    assert verify_package(made).ok
    lines = (made / "bag-info.txt").read_text().splitlines()
    assert len(lines) == 5
    assert max(map(len, lines)) < 400


def test_hostile_names_of_reports(case: Path, package: Make) -> None:
    (case / "second.html").rename(case / "CON.html")
    (case / "sub").mkdir()
    shutil.copy(case / "first.html", case / "sub" / "FIRST.html")
    (case / "sub" / "evil\n..\\..\\x.html").write_bytes((case / "first.html").read_bytes())
    made = package(case)
    assert verify_package(made).ok
    assert sorted(p.name for p in (made / "data/reports").glob("*.html")) == [
        "FIRST-2.html", "_CON.html", "evil_.._.._x.html", "first.html",
    ]  # fmt: skip


def test_time_stamps_go_along(case: Path, package: Make) -> None:
    (case / "first.html.tsr").write_bytes(b"0\x82reply")
    (case / "first.html.tsq").write_bytes(b"0\x82query")
    made = package(case)
    assert (made / "data/reports/first.html.tsr").read_bytes() == b"0\x82reply"
    assert (made / "data/reports/first.html.tsq").read_bytes() == b"0\x82query"
    assert any(p.startswith("data/reports/first.html: ") for p in verify_package(made).problems)


def test_progress_ends_at_the_whole(case: Path, package: Make) -> None:
    told: list[tuple[int, int]] = []
    package(case, progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] > 0
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_nothing_of_the_machine_is_in_it(packaged_once: Path) -> None:
    assert not [name for name, data in tree(packaged_once).items() if str(packaged_once.parent).encode() in data]


def test_evidence_is_what_the_report_says(packaged_once: Path) -> None:
    found = [Evidence.from_file(path).sha256 for path in sorted((packaged_once / "data/exhibits").iterdir())]
    assert found == [evidence(picture(seed)).sha256 for seed in (1, 2)]


def test_a_line_about_a_file_that_was_not_examined_goes_along_once_and_without_its_folder(
    case: Path, package: Make
) -> None:
    """The first report holds the same error, and the folder is a person's name."""
    rows = [
        ErrorRow(name="/home/A. Victim/broken.jpg", error=unreadable().error),
        ErrorRow(name="/x/other.jpg", error=unreadable().error),
    ]
    with (case / "findings.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(f"{row.to_json()}\n" for row in rows)
    made = package(case)
    lines = [json.loads(line) for line in (made / "data/findings.jsonl").read_text().splitlines()]
    assert [line["name"] for line in lines if "error" in line] == ["broken.jpg", "other.jpg"]
    assert not [name for name, data in tree(made).items() if b"Victim" in data]
