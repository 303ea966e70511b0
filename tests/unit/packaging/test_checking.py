"""What a check finds: any changed byte, and whatever a hostile package tries."""

import hashlib
import os
import shutil
from pathlib import Path

import bagit
import pytest

from forensics.custody import load_private_key, new_key, sign_file
from forensics.errors import CustodyError
from forensics.packaging import checking, verify_package
from forensics.report.checks.verification import Verification
from tests.report_samples import NOW

FILES = (
    "data/reports/first.html", "data/reports/first.json", "data/reports/first.html.sig", "data/custody.jsonl",
    "data/custody-1/custody.jsonl", "data/custody-1/custody.jsonl.sig", "data/exhibits/IMG_1.jpg", "data/findings.jsonl",
    "data/extracts/findings.csv", "data/extracts/metadata.csv", "data/extracts/custody.csv", "data/keys/examiner.pem.pub",
    "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt", "metadata/case.jsonld",
    "tagmanifest-sha256.txt", "tagmanifest-sha512.txt", "tagmanifest-sha256.txt.sig",
)  # fmt: skip


def manifests(bag: Path) -> None:
    """Write all manifests anew, as somebody would who wants to hide a change."""
    for kind in ("manifest", "tagmanifest"):
        for algorithm in ("sha256", "sha512"):
            lines = []
            for path in sorted(bag.rglob("*")):
                name = path.relative_to(bag).as_posix()
                if path.is_file() and name.startswith("data/") == (kind == "manifest") and "tagmanifest" not in name:
                    lines.append(f"{hashlib.new(algorithm, path.read_bytes()).hexdigest()}  {name}\n")
            (bag / f"{kind}-{algorithm}.txt").write_text("".join(lines))


def oxum(bag: Path) -> None:
    sizes = [p.stat().st_size for p in (bag / "data").rglob("*") if p.is_file()]
    text = (bag / "bag-info.txt").read_text()
    (bag / "bag-info.txt").write_text(text[: text.index("Payload-Oxum")] + f"Payload-Oxum: {sum(sizes)}.{len(sizes)}\n")
    manifests(bag)


def test_as_made_it_holds_up(bag: Path) -> None:
    check = verify_package(bag)
    assert check.ok
    assert check.problems == ()
    assert "each of its 20 listed files" in check.proofs[0]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("at", [0.0, 0.5, 0.999])
def test_a_flipped_byte_is_found_and_its_file_named(bag: Path, name: str, at: float) -> None:
    data = bytearray((bag / name).read_bytes())
    data[int(at * (len(data) - 1))] ^= 1
    (bag / name).write_bytes(data)
    check = verify_package(bag)
    assert not check.ok
    assert any(name in problem for problem in check.problems), check.problems
    if not name.startswith(("tagmanifest-", "manifest-")):
        assert check.problems[0].startswith(name), check.problems
    whole = any("whole BagIt bag" in proof for proof in check.proofs)
    assert whole == name.endswith("256.txt.sig")  # which no manifest lists


def test_every_kind_of_file_is_tried(bag: Path) -> None:
    kinds = {
        p.relative_to(bag).as_posix().replace("second", "first").replace("IMG_2", "IMG_1")
        for p in bag.rglob("*")
        if p.is_file()
    }
    assert kinds == set(FILES)


@pytest.mark.parametrize("name", [name for name in FILES if name != "tagmanifest-sha256.txt.sig"])
def test_a_missing_file_is_named(bag: Path, name: str) -> None:
    (bag / name).unlink()
    assert any(name in problem and "missing" in problem for problem in verify_package(bag).problems)


@pytest.mark.parametrize(
    "name", ["data/exhibits/more.jpg", "more.txt", "metadata/more.txt", ".hidden", "tagmanifest-md5.txt", "data/x\ny"]
)
def test_a_file_that_was_added_is_named(bag: Path, name: str) -> None:
    (bag / name).write_bytes(b"x")
    shown = name.replace("\n", "⟨U+000A⟩")
    assert any(p.startswith(shown) and "added" in p for p in verify_package(bag).problems)


def test_manifests_written_anew_do_not_hide_a_change(bag: Path, made_once: Path) -> None:
    """Of the layers below: the report against its exhibit, and the signature over the tag manifest."""
    with (bag / "data/exhibits/IMG_1.jpg").open("r+b") as file:
        file.seek(2000)
        file.write(b"\x00\x01")
    oxum(bag)
    check = verify_package(bag, key=made_once / "examiner.pem.pub")
    assert any(p.startswith("tagmanifest-sha256.txt: the signature does not fit") for p in check.problems)
    assert any("IMG_1.jpg, is not in the package with the digest" in p for p in check.problems)


@pytest.mark.parametrize("change", [(b"2026-0117", b"2026-0118"), (b"2026-0117", b"another")])
def test_a_record_that_is_not_of_its_report_is_found(bag: Path, change: tuple[bytes, bytes]) -> None:
    record = (bag / "data/reports/first.json").read_bytes()
    (bag / "data/reports/first.json").write_bytes(record.replace(*change))
    (bag / "tagmanifest-sha256.txt.sig").unlink()
    oxum(bag)
    assert verify_package(bag).problems == (
        "data/reports/first.html: data/reports/first.json is not the record of this report: one of the two was changed.",
    )


def test_a_log_that_is_not_the_one_signed_is_found(bag: Path) -> None:
    lines = (bag / "data/custody.jsonl").read_bytes().splitlines(keepends=True)
    (bag / "data/custody.jsonl").write_bytes(b"".join(lines[1:]))
    (bag / "tagmanifest-sha256.txt.sig").unlink()
    oxum(bag)
    problems = verify_package(bag).problems
    assert (
        "data/custody-1/custody.jsonl: it is not the beginning of data/custody.jsonl: one of the two was changed."
        in problems
    )
    assert any(
        p.startswith("data/custody.jsonl: before line 1") or p.startswith("data/custody.jsonl: ") for p in problems
    )
    assert any(p.startswith("data/reports/first.html: Custody log:") for p in problems)


def test_a_changed_report_is_found_by_its_own_checks(bag: Path) -> None:
    page = (bag / "data/reports/second.html").read_bytes()
    (bag / "data/reports/second.html").write_bytes(page.replace(b"Okafor", b"Okafur", 1))
    (bag / "tagmanifest-sha256.txt.sig").unlink()
    oxum(bag)
    problems = verify_package(bag).problems
    assert problems
    assert all(p.startswith("data/reports/second.html: ") for p in problems)


def test_no_report_is_a_problem(bag: Path) -> None:
    shutil.rmtree(bag / "data/reports")
    oxum(bag)
    assert any(p.startswith("data/reports: there is no report") for p in verify_package(bag).problems)


def test_the_key_must_be_the_one(bag: Path, tmp_path: Path) -> None:
    other = new_key(tmp_path / "other.pem", passphrase=None)
    assert other is not None
    problems = verify_package(bag, key=tmp_path / "other.pem.pub").problems
    assert problems[0].startswith("tagmanifest-sha256.txt: the signature is by another key")


def test_a_key_and_no_signature(bag: Path, made_once: Path) -> None:
    key = made_once / "examiner.pem.pub"
    (bag / "tagmanifest-sha256.txt.sig").unlink()
    assert any("It is not signed" in proof for proof in verify_package(bag).proofs)
    problems = verify_package(bag, key=key).problems
    assert len(problems) == 1  # the other report was signed with it
    assert problems[0].startswith("data/reports/second.html: There is no signature")
    (bag / "data/reports/first.html.sig").unlink()
    oxum(bag)
    assert any(p.startswith("tagmanifest-sha256.txt.sig: neither") for p in verify_package(bag, key=key).problems)


@pytest.mark.parametrize("version", ["0.97", "1.1", "1.0\r"])
def test_another_declaration_is_found_though_the_manifests_fit(bag: Path, version: str) -> None:
    text = f"BagIt-Version: {version}\nTag-File-Character-Encoding: UTF-8\n"
    (bag / "bagit.txt").write_bytes(text.encode())
    (bag / "tagmanifest-sha256.txt.sig").unlink()
    manifests(bag)
    assert any(p.startswith("bagit.txt was changed") for p in verify_package(bag).problems)


def test_what_the_library_refuses_is_a_problem(bag: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise bagit.BagValidationError("for a reason of its own")

    monkeypatch.setattr(bagit.Bag, "validate", refuse)
    assert verify_package(bag).problems == ("The library bagit refuses the package: for a reason of its own",)


def test_roots_reach_the_reports_that_have_a_time_stamp(
    bag: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: dict[str, object] = {}

    def noted(path: Path, **options: object) -> Verification:
        asked[path.name] = options["roots"]
        return Verification(problems=(), proofs=())

    roots = tmp_path / "roots.pem"
    roots.write_text("none")
    (bag / "data/reports/first.html.tsr").write_bytes(b"reply")
    monkeypatch.setattr(checking, "verify_report", noted)
    verify_package(bag, roots=roots)
    assert asked == {"first.html": roots, "second.html": None}


def test_roots_and_no_time_stamp(bag: Path, tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text("none")
    assert any(
        "nothing in the package has a time-stamp" in p
        for p in verify_package(bag, roots=tmp_path / "roots.pem").problems
    )


def test_a_time_stamp_over_the_package_may_be_added(bag: Path) -> None:
    (bag / "tagmanifest-sha256.txt.tsr").write_bytes(b"no reply")
    problems = verify_package(bag).problems
    assert len(problems) == 1
    assert problems[0].startswith("tagmanifest-sha256.txt: ")


def test_wrong_use_is_an_error(bag: Path, tmp_path: Path) -> None:
    for options in ({"key": tmp_path / "no.pub"}, {"roots": tmp_path / "no.pem"}):
        with pytest.raises(CustodyError):
            verify_package(bag, **options)
    with pytest.raises(CustodyError, match="no folder"):
        verify_package(tmp_path / "nowhere")


def test_an_empty_folder(tmp_path: Path) -> None:
    problems = verify_package(tmp_path).problems
    assert [p.partition(" ")[0] for p in problems[:6]] == [
        "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "data/../../outside.txt", "/etc/passwd", "~/x", "data//x", "data/./x", "C:\\x", "data\\x", "bagit.txt", "data/a\rb", "x" * 5000],
)  # fmt: skip
def test_paths_that_lead_out_are_named_and_not_opened(bag: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = bag.parent / "outside.txt"
    outside.write_text("secret")
    for algorithm in ("sha256", "sha512"):
        digest = hashlib.new(algorithm, b"secret").hexdigest()
        with (bag / f"manifest-{algorithm}.txt").open("a") as file:
            file.write(f"{digest}  {name}\n")
    seen: list[str] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *a, **k: (seen.append(str(self)), real(self, *a, **k))[1])
    problems = verify_package(bag).problems
    assert any("manifest-sha256.txt, line" in p and "no place for a file" in p for p in problems)
    assert not [path for path in seen if "outside" in path or "passwd" in path]


def test_links_are_named_and_not_opened(bag: Path) -> None:
    outside = bag.parent / "outside.jpg"
    (bag / "data/exhibits/IMG_1.jpg").rename(outside)
    (bag / "data/exhibits/IMG_1.jpg").symlink_to(outside)
    (bag / "data/loop").symlink_to(bag)
    problems = verify_package(bag).problems
    assert "data/exhibits/IMG_1.jpg is a link, which a package of ours never holds. It was not opened." in problems
    assert any(p.startswith("data/loop is a link") for p in problems)
    assert any("IMG_1.jpg, is not in the package" in p for p in problems)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(bag: Path) -> None:
    (bag / "data/reports/first.html").unlink()
    os.mkfifo(bag / "data/reports/first.html")
    assert any(p.startswith("data/reports/first.html is no ordinary file") for p in verify_package(bag).problems)


def test_nothing_is_fetched(bag: Path) -> None:
    (bag / "fetch.txt").write_text("http://127.0.0.1:9/x 10 data/x.jpg\n")
    assert any(p.startswith("fetch.txt: ") and "Nothing was fetched" in p for p in verify_package(bag).problems)


@pytest.mark.parametrize("value", ["9" * 10_000 + ".1", "1", "", "-1.-1", "x.y", "\u0661.\u0661"])
def test_an_absurd_oxum(bag: Path, value: str) -> None:
    text = (bag / "bag-info.txt").read_text()
    (bag / "bag-info.txt").write_text(text[: text.index("Payload-Oxum")] + f"Payload-Oxum: {value}\n")
    manifests(bag)
    assert any(p.startswith("bag-info.txt: Payload-Oxum") for p in verify_package(bag).problems)


def test_a_file_that_one_manifest_lists_is_found(bag: Path) -> None:
    """The library bagit accepts this."""
    lines = (bag / "manifest-sha512.txt").read_text().splitlines(keepends=True)
    (bag / "manifest-sha512.txt").write_text("".join(line for line in lines if "IMG_1" not in line))
    problems = verify_package(bag).problems
    assert any(p.startswith("data/exhibits/IMG_1.jpg is not listed in manifest-sha512.txt") for p in problems)


@pytest.mark.parametrize(
    "line", ["not a line\n", "# comment\n", "\n", "0" * 64 + " one-space\n", "G" * 64 + "  data/x\n"]
)
def test_lines_that_are_none(bag: Path, line: str) -> None:
    with (bag / "manifest-sha256.txt").open("a") as file:
        file.write(line)
    assert any(p.startswith("manifest-sha256.txt, line") for p in verify_package(bag).problems)


def test_a_line_twice_and_a_line_without_end(bag: Path) -> None:
    text = (bag / "manifest-sha256.txt").read_text()
    (bag / "manifest-sha256.txt").write_text(text + text.splitlines()[0])
    problems = verify_package(bag).problems
    assert any("has no end" in p for p in problems)
    (bag / "manifest-sha256.txt").write_text(text + text.splitlines(keepends=True)[0])
    assert any("is listed twice" in p for p in verify_package(bag).problems)


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"])
@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"\x00" * 100, b"BagIt-Version: 9.9\nTag-File-Character-Encoding: rot13\n"]
)
def test_broken_tag_files(bag: Path, name: str, data: bytes) -> None:
    (bag / name).write_bytes(data)
    assert any(p.startswith(name) for p in verify_package(bag).problems)


def test_a_huge_manifest_is_not_read(bag: Path) -> None:
    os.truncate(bag / "manifest-sha256.txt", 70 * 2**20)
    assert any(p.startswith("manifest-sha256.txt has 73,400,320 bytes") for p in verify_package(bag).problems)


def test_a_thousand_strangers_are_counted(bag: Path) -> None:
    for n in range(1000):
        (bag / "data" / f"{n}.txt").write_bytes(b"")
    problems = verify_package(bag).problems
    assert "and 800 more of this kind." in problems
    assert len(problems) < 300


def test_deep_folders(bag: Path) -> None:
    (bag / "data" / "/".join("a" * 40)).mkdir(parents=True)
    assert any("lies too deep" in p for p in verify_package(bag).problems)


@pytest.mark.parametrize("data", [b"", b"<!doctype html>", b'<pre id="record" tabindex="0">{"generator":{},"figures":[1],"findings":3}</pre>',
                                  b'<pre id="record" tabindex="0">{"generator":{},"figures":[],"findings":[{"run":5}],"custody":{"head":1}}</pre>',
                                  b'<pre id="record" tabindex="0">' + b"[" * 100_000 + b"</pre>"])  # fmt: skip
def test_hostile_reports(bag: Path, data: bytes) -> None:
    (bag / "data/reports/first.html").write_bytes(data)
    oxum(bag)
    assert any(p.startswith("data/reports/first.html: ") for p in verify_package(bag).problems)


def test_a_decomposed_name_is_the_same_name(tmp_path: Path, package, made_once: Path) -> None:  # type: ignore[no-untyped-def]
    """What a package looks like after it went through a file system that stores names decomposed."""
    case = Path(shutil.copytree(made_once, tmp_path / "case"))
    (case / "second.html").rename(case / "Pr\u00fcfung.html")
    made = package(case)
    for end in ("html", "json"):
        (made / f"data/reports/Pr\u00fcfung.{end}").rename(made / f"data/reports/Pru\u0308fung.{end}")
    assert verify_package(made).problems == ()


def test_signing_again_is_seen(bag: Path, tmp_path: Path, made_once: Path) -> None:
    new_key(tmp_path / "thief.pem", passphrase=None)
    (bag / "data/findings.jsonl").write_bytes(b"")
    oxum(bag)
    sign_file(bag / "tagmanifest-sha256.txt", load_private_key(tmp_path / "thief.pem"), signer="R. Okafor", now=NOW)
    problems = verify_package(bag, key=made_once / "examiner.pem.pub").problems
    assert any("by another key" in p for p in problems)
