import hashlib
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from forensics.errors import RecordError
from forensics.evidence import KnownFiles, is_flat, perceptual_hashes
from forensics.evidence.known import json_objects, text_lines
from forensics.records.converting import from_record, to_record
from forensics.types import Evidence, KnownMatch
from tests.conftest import textured
from tests.hostile import hostile_texts

A, B, C = (hashlib.sha256(text).hexdigest() for text in (b"a", b"b", b"c"))
MD5, SHA1 = "d41d8cd98f00b204e9800998ecf8427e", "da39a3ee5e6b4b0d3255bfef95601890afd80709"


@pytest.fixture
def known(tmp_path: Path) -> Callable[..., KnownFiles]:
    """Read a list of that content."""

    def read(content: str | bytes, name: str = "list.txt") -> KnownFiles:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return KnownFiles.from_file(path)

    return read


@pytest.fixture
def file(make_evidence: Callable[..., Evidence]) -> Callable[..., Evidence]:
    """A picture with that digest, whatever its pixels."""

    def make(sha256: str = "0" * 64, pixels: np.ndarray | None = None) -> Evidence:
        made = make_evidence(pixels)
        return Evidence(pixels=made.pixels, sha256=sha256, name="x.png", media_type="image/png", n_bytes=1)

    return make


def entries(known: KnownFiles, evidence: Evidence, **options: int) -> list[tuple[str, str, int, int]]:
    return [(m.kind, m.entry, m.distance, m.rows) for m in known.matches(evidence, **options)]


# Checksums


def test_checksums_as_sha256sum_writes_them(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    content = f"# seized phone\n{A}  a/one.jpg\n\n{B.upper()} *two  x.jpg\n   # more\n{C}\n"
    found = known(content)
    assert (found.layout, found.n_exact, found.n_perceptual, found.problems) == ("checksums", 3, 0, ())
    assert (found.name, found.sha256) == ("list.txt", hashlib.sha256(content.encode()).hexdigest())
    assert entries(found, file(A)) == [("exact", "a/one.jpg", 0, 1)]
    assert entries(found, file(B)) == [("exact", "two  x.jpg", 0, 1)]
    assert entries(found, file(C)) == [("exact", "(no name)", 0, 1)]
    assert entries(found, file(MD5 * 2)) == []


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (f"{A}  x", "x"), (f"{A} x", "x"), (f"{A}\tx", "x"), (f"{A}   x", " x"), (f"SHA256 (a (1).jpg) = {A}", "a (1).jpg"),
        (f"\\{A}  a\\nb\\\\c", "a\nb\\c"), (f"{A}  a\\nb", "a\\nb"), (f"{A} **x", "*x"),
    ],
)  # fmt: skip
def test_names_of_checksums(
    row: str, name: str, known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    assert entries(known(row), file(A)) == [("exact", name, 0, 1)]


def test_a_digest_that_differs_in_its_end_only_is_no_match(
    known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    rows = [f"{A[:16]}{k:048x}" for k in range(5)]
    found = known("".join(f"{row}  {k}\n" for k, row in enumerate(rows)))
    assert [entries(found, file(row)) for row in rows] == [[("exact", str(k), 0, 1)] for k in range(5)]
    assert entries(found, file(A)) == []


def test_rows_with_the_same_digest_are_counted_and_the_first_is_named(
    known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    found = known(f"{B}  b\n{A}  first\n{A}  second\n{B}  b\n{A}  third\n")
    (match,) = found.matches(file(A))
    assert (match.entry, match.rows) == ("first", 3)
    assert "3 rows of the list" in match.text
    many = known("".join(f"{row}  {k}\n" for k, row in enumerate([B, A, C] * 200)))
    assert [entries(many, file(row)) for row in (A, B, C)] == [[("exact", str(k), 0, 200)] for k in (1, 0, 2)]


def test_broken_rows_are_counted_and_the_first_is_named(known: Callable[..., KnownFiles]) -> None:
    rows = [f"{A}  ok", "not a row", f"{A[:-1]}  short", f"{A}0  long", f"{A[:-1]}g  no digit", f"{A}\0  nul", f"{A}x"]
    found = known("\n".join([*rows, f"{MD5}  m", f"{SHA1}  s", "dhash:0123456789abcdef  d"]))
    assert found.n_exact == 1
    assert found.problems == (
        "6 lines are broken and were not used; the first is line 2.",
        "2 lines have only MD5 or SHA-1 and were not used; the first is line 8.",
        "1 line has another kind of perceptual hash and was not used: line 10.",
    )


def test_line_ends_and_marks(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    found = known(f"\ufeff{A}  a.jpg\r\n{B}  b.jpg\r\n\r\n".encode())
    assert (found.n_exact, found.problems) == (2, ())
    assert entries(found, file(A)) == [("exact", "a.jpg", 0, 1)]
    assert entries(found, file(B)) == [("exact", "b.jpg", 0, 1)]
    assert known(f"\ufeff# remark\n{A}  a").problems == ()


# Tables


def test_a_table_as_in_the_reference_data_set(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    found = known(
        '"SHA-256","SHA-1","MD5","CRC32","FileName","FileSize"\r\n'
        f'"{A.upper()}","{SHA1}","{MD5}","0","one, two.jpg",5\r\n'
        f'"{B}","{SHA1}","{MD5}","0","say ""hi""",5\r\n'
        f'"","{SHA1}","{MD5}","0","old.jpg",5\r\n'
        f'"{C}","{SHA1}"\r\n'
        f'"{C}","{SHA1}","{MD5}","0","open,5\r\n'
        f'"{C}","{SHA1}","{MD5}","0","a"b,5\r\n'
        f'"{C[:10]} {C[10:]}","{SHA1}","{MD5}","0","gap",5\r\n'
        '"","","","0","none",5\r\n'
    )
    assert (found.layout, found.n_exact) == ("table", 2)
    assert entries(found, file(A)) == [("exact", "one, two.jpg", 0, 1)]
    assert entries(found, file(B)) == [("exact", 'say "hi"', 0, 1)]
    assert found.problems == (
        "1 line has only MD5 or SHA-1 and was not used: line 4.",
        "4 lines are broken and were not used; the first is line 5.",
        "1 line has no digest and was not used: line 9.",
    )


@pytest.mark.parametrize(
    ("header", "row"),
    [("name,sha256", f"#1.jpg,{A}"), ("sha_256;Name", f"{A};#1.jpg"), ("id\tSHA 256", f"#1.jpg\t{A}"),
     ("# made by x\nfilename,SHA256", f"#1.jpg,{A}"), ("\ufeffsha-256,path", f"{A},#1.jpg")],
)  # fmt: skip
def test_headers(header: str, row: str, known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    found = known(f"{header}\n{row}\n")
    assert (found.layout, found.problems) == ("table", ())
    assert entries(found, file(A)) == [("exact", "#1.jpg", 0, 1)]


def test_a_table_without_names_and_with_both_hashes(
    known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    phash = perceptual_hashes(textured())["phash"]
    found = known(f"sha256,phash\n{A},{phash}\n{B},\n,phash:{phash}\n")
    assert (found.n_exact, found.n_perceptual, found.problems) == (2, 2, ())
    assert entries(found, file(A)) == [("exact", "(no name)", 0, 1), ("perceptual", "(no name)", 0, 1)]


# Project VIC


def vics(*media: object, **more: object) -> str:
    return json.dumps({"@odata.context": "http://example/DataModels/1.3.xml#Media", **more, "value": list(media)})


def test_project_vic(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    found = known(
        vics(
            {"MediaID": 1, "Category": 2, "MD5": MD5, "SHA1": SHA1, "SHA256": A.upper()},
            {"MediaID": 2, "MD5": MD5, "SHA1": SHA1},
            {"MediaID": 3, "Hashes": [{"HashName": "PhotoDNA", "HashValue": "x"}, {"HashName": "SHA-256", "HashValue": B}]},
            {"MediaID": 4, "MediaFiles": [{"FileName": "c]}\\\".jpg", "SHA256": C}], "Note": "{[\"SHA256\""},
            {"MediaID": 5, "SHA256": "zz"},
            {"MediaID": 6},
        )
    )  # fmt: skip
    assert (found.layout, found.n_exact) == ("Project VIC JSON", 3)
    assert entries(found, file(A)) == [("exact", "media 1, category 2", 0, 1)]
    assert entries(found, file(B)) == [("exact", "media 3", 0, 1)]
    assert entries(found, file(C)) == [("exact", 'c]}\\".jpg, media 4', 0, 1)]
    assert found.problems == (
        "1 object has only MD5 or SHA-1 and was not used: object 2.",
        "1 object is broken and was not used: object 5.",
        "1 object has no digest and was not used: object 6.",
    )


def test_names_that_json_spells_out_can_be_stored(
    known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    (match,) = known(f'[{{"sha256": "{A}", "name": "a\\ud800\\u202eb"}}]').matches(file(A))
    assert match.entry == "a\\ud800\u202eb"
    assert match.entry.encode()


def test_media_inside_cases_and_a_plain_array(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    case = {"CaseID": "x", "Media": [{"MediaID": 1, "SHA256": A}, {"MediaID": 2, "SHA256": B}], "Tags": ["y"]}
    found = known(vics(case, {"CaseID": "z", "Media": []}))
    assert (found.n_exact, found.problems) == (2, ())
    assert entries(found, file(B)) == [("exact", "media 2", 0, 1)]
    found = known("\ufeff" + json.dumps([{"sha256": A, "name": "n"}], indent=2))
    assert entries(found, file(A)) == [("exact", "n", 0, 1)]


def test_a_cut_list_says_so(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    text = vics({"MediaID": 1, "SHA256": A}, {"MediaID": 2, "SHA256": B})
    for end in (len(text) - 1, len(text) - 3, len(text) - 10):
        found = known(text[:end])
        assert found.problems[-1].startswith("1 object is cut off by the end of the file and was not used")
        assert entries(found, file(A)) == [("exact", "media 1", 0, 1)]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 50, 64, 100])
def test_rows_that_blocks_cut_are_whole(
    block: int, monkeypatch: pytest.MonkeyPatch, known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    for module in (json_objects, text_lines):
        monkeypatch.setattr(module, "BLOCK", block)
    note = 'quotes " and \\ and ]}[{ in a text'
    found = known(vics({"MediaID": 1, "note": note, "SHA256": A}, {"note": [{"x": note}], "MediaID": 2, "SHA256": B}))
    assert (found.n_exact, found.problems) == (2, ())
    assert entries(found, file(B)) == [("exact", "media 2", 0, 1)]
    found = known(f"{A}  a\n# x\n{B}  b\n")
    assert entries(found, file(B)) == [("exact", "b", 0, 1)]


def test_large_and_deep_objects_are_passed_over(
    known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    long_text, many = "x" * 5 * 2**20 + '\\"]}', [{"k": k} for k in range(200_000)]
    found = known(
        vics(
            {"MediaID": 1, "SHA256": A},
            {"n": long_text, "SHA256": C},
            {"n": many, "SHA256": C},
            {"MediaID": 4, "SHA256": B},
        )
    )
    assert found.problems == (
        "2 objects are objects of more than 1048576 bytes and were not used; the first is object 2.",
    )
    assert entries(found, file(B)) == [("exact", "media 4", 0, 1)]
    deep = vics({"MediaID": 1, "SHA256": A})[:-2] + ',{"d":' + "[" * 100_000
    found = known(deep)
    assert entries(found, file(A)) == [("exact", "media 1", 0, 1)]
    assert found.problems == (
        "1 object is nested more than 64 deep, and nothing after them was read and was not used: object 2.",
    )


# Perceptual hashes


def test_perceptual_hashes_are_those_of_the_library_and_deterministic() -> None:
    """Grey that grows up to the middle and falls behind it: dhash asks of 8 places whether the next is lighter."""
    grey = 250 - np.abs(np.arange(90) - 44.5) * 5
    pixels = np.repeat(np.tile(grey, (90, 1))[..., None], 3, axis=2).astype(np.uint8)
    before = pixels.copy()
    found = perceptual_hashes(pixels)
    assert dict(found) == dict(perceptual_hashes(pixels))
    assert np.array_equal(pixels, before)
    assert set(found) == {"phash", "dhash"}
    assert all(len(value) == 16 and int(value, 16) >= 0 for value in found.values())
    assert found["dhash"] == "f0" * 8


def test_a_copy_is_near_and_another_picture_is_far(
    known: Callable[..., KnownFiles], file: Callable[..., Evidence], photograph: np.ndarray
) -> None:
    phash = perceptual_hashes(photograph)["phash"]
    flipped = f"{int(phash, 16) ^ 0b111:016x}"
    found = known(f"phash:{flipped}  three bits\nphash:{phash.upper()}  none\n{A}  exact\n")
    small = np.asarray(Image.fromarray(photograph).resize((320, 214), Image.Resampling.LANCZOS))
    assert entries(found, file(pixels=photograph)) == [("perceptual", "none", 0, 2), ("perceptual", "three bits", 3, 2)]
    assert entries(found, file(pixels=photograph), distance=2) == [("perceptual", "none", 0, 1)]
    assert entries(found, file(pixels=photograph), distance=3)[1:] == [("perceptual", "three bits", 3, 2)]
    assert entries(found, file(pixels=small))[0][:2] == ("perceptual", "none")
    assert entries(found, file(pixels=photograph[::-1])) == []
    assert [m[0] for m in entries(found, file(A, photograph))] == ["exact", "perceptual", "perceptual"]


def test_a_match_says_what_it_proves(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    found = known(f"{A}  a\nphash:{perceptual_hashes(textured())['phash']}  p\n")
    exact, alike = found.matches(file(A))
    assert exact.text.startswith(f"The file has the same bytes as “a” in the list “list.txt” (SHA-256 {found.sha256}).")
    assert "0 of 64 bits of their perceptual hashes differ" in alike.text
    assert "a lead and no proof" in alike.text
    assert "prob" not in (exact.text + alike.text).lower()


def test_flat_pictures_are_not_compared(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    rng = np.random.default_rng(0)
    grainy = np.clip(rng.normal(128, 12, (400, 400, 3)), 0, 255).astype(np.uint8)
    for flat in (np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8), grainy):
        assert is_flat(flat)
        found = known(f"phash:{perceptual_hashes(grainy)['phash']}  grain\n{A}  a\n")
        assert entries(found, file(A, flat), distance=31) == [("exact", "a", 0, 1)]
        assert "nearly even" in (found.not_compared(file(A, flat)) or "")
    assert not is_flat(textured())
    assert known(f"phash:{perceptual_hashes(textured())['phash']}  x").not_compared(file()) is None


def test_blank_rows_of_a_list_are_not_used(known: Callable[..., KnownFiles]) -> None:
    found = known(f"{A}  a\nphash:8000000000000000  black\nphash:0000000000000000  white\n")
    assert found.n_perceptual == 0
    assert found.problems == (
        "2 lines have the perceptual hash of a blank picture and were not used; the first is line 2.",
    )


def test_what_cannot_be_compared_is_said(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    exact = known(f"{A}  a\n", "a.txt")
    assert "no perceptual hashes" in (exact.not_compared(file()) or "")
    alike = known("phash:0123456789abcdef  x\n", "b.txt")
    without = from_record(Evidence, to_record(file(A)))
    assert alike.matches(without) == ()
    assert "pixels were not at hand" in (alike.not_compared(without) or "")
    assert entries(exact, without) == [("exact", "a", 0, 1)]


@pytest.mark.parametrize("distance", [-1, 32, 64])
def test_distances_beyond_sense_are_refused(
    distance: int, known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    with pytest.raises(ValueError, match="distance must be 0 to 31"):
        known(f"{A}  a").matches(file(), distance=distance)


def test_many_similar_rows_are_counted_and_twenty_are_named(
    known: Callable[..., KnownFiles], file: Callable[..., Evidence]
) -> None:
    phash = perceptual_hashes(textured())["phash"]
    found = known("".join(f"phash:{phash}  {k}\n" for k in range(25))).matches(file())
    assert [m.entry for m in found] == [str(k) for k in range(20)]
    assert {m.rows for m in found} == {25}


# What is no list, and hostile lists


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no row that can be used. It is empty."),
        (b"\xef\xbb\xbf\r\n \n", "has no row that can be used. It has no rows."),
        (b"# only\n# remarks\n", "has no row that can be used. It has no rows."),
        (b"hello\n", "has no row that can be used. 1 line is broken and was not used: line 1."),
        (f"{MD5}  a\n".encode() * 2, "has no row that can be used. 2 lines have only MD5 or SHA-1"),
        (b"sha256,name\n", "has no row that can be used. It has no rows."),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is no text in UTF-8 (it starts with 89 50 4e 47"),
        (f"{A}  a\n".encode("utf-16"), "is no text in UTF-8 (it starts with ff fe"),
        (b"{}", "has no row that can be used. It has no rows."),
        (b'{"value": 5}', "has no row that can be used. It has no rows."),
        (b"[" * 1000, "has no row that can be used. 1 object is nested more than 64 deep"),
        (b'["' + b"\\" * 9, "has no row that can be used. 1 object is cut off"),
    ],
)
def test_what_is_no_list_is_refused(content: bytes, message: str, known: Callable[..., KnownFiles]) -> None:
    with pytest.raises(RecordError) as caught:
        known(content)
    assert str(caught.value).startswith(f"the list of known files list.txt {message}")
    assert "Give checksums (sha256sum)" in str(caught.value)


def test_a_folder_a_pipe_and_nothing_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, message in (
        ("", "no ordinary file"),
        ("pipe", "no ordinary file"),
        ("gone", "does not open: No such file"),
    ):
        with pytest.raises(RecordError, match=message):
            KnownFiles.from_file(tmp_path / name)
    with pytest.raises(RecordError, match="does not open"):
        KnownFiles.from_file("a\0b")


def test_a_line_of_a_hundred_megabytes_is_not_held(tmp_path: Path, file: Callable[..., Evidence]) -> None:
    path = tmp_path / "list.txt"
    with path.open("wb") as out:
        out.write(f"{A}  a\n".encode())
        for _ in range(100):
            out.write(b"x" * 2**20)
        out.write(f"\n{B}  b\n".encode())
    tracemalloc.start()
    found = KnownFiles.from_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    assert found.problems == ("1 line is longer than 65536 bytes and was not used: line 2.",)
    assert entries(found, file(B)) == [("exact", "b", 0, 1)]
    path.write_bytes(f"{A}  a\n".encode() + b"y" * 70_000)
    assert KnownFiles.from_file(path).problems == found.problems


def test_hostile_names_stay_text(known: Callable[..., KnownFiles], file: Callable[..., Evidence]) -> None:
    for text in hostile_texts(100):
        name = (
            text.encode("utf-8", "backslashreplace").decode().replace("\n", " ").replace("\r", " ").replace("\0", " ")
        )
        found = known(f"{A}  {name}\n{B}  b")
        if len(name.encode()) > 65_000:
            assert found.problems[0].startswith("1 line is longer than 65536 bytes")
            continue
        (match,) = found.matches(file(A))
        assert match.entry == (name if len(name) <= 1000 else f"{name[:1000]}…") or not name.strip()
        json.dumps(to_record(match), ensure_ascii=False).encode()
    assert entries(known(f"{A}  ".encode() + b"\xff\xfe.jpg"), file(A)) == [("exact", "\\xff\\xfe.jpg", 0, 1)]


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=300) | st.text(max_size=300).map(str.encode),
    st.sampled_from([b"", f"{A}  a\n".encode(), b"[", b"sha256,x\n"]),
)
def test_no_bytes_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes) -> None:
    path = tmp_path_factory.mktemp("lists") / "list"
    path.write_bytes(start + content)
    try:
        found = KnownFiles.from_file(path)
    except RecordError:
        return
    assert found.n_exact + found.n_perceptual > 0


def test_a_list_that_changed_is_not_believed(tmp_path: Path, file: Callable[..., Evidence]) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"{A}  a\n")
    found = KnownFiles.from_file(path)
    before = path.stat().st_mtime_ns
    assert entries(found, file(A)) == [("exact", "a", 0, 1)]
    assert path.stat().st_mtime_ns == before
    path.write_text(f"{B}  bb\n")
    with pytest.raises(RecordError, match=r"was changed after it was read\. Read it again"):
        found.matches(file(A))
    path.unlink()
    with pytest.raises(RecordError, match="was changed after it was read"):
        found.matches(file(A))
    assert found.matches(file(B)) == ()


def test_the_place_of_the_list_does_not_depend_on_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Callable[..., Evidence]
) -> None:
    (tmp_path / "list.txt").write_text(f"{A}  a\n")
    monkeypatch.chdir(tmp_path)
    found = KnownFiles.from_file("list.txt")
    monkeypatch.chdir("/")
    assert entries(found, file(A)) == [("exact", "a", 0, 1)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**256 - 1) | st.integers(0, 9), min_size=1, max_size=60))
def test_every_row_is_found_again(tmp_path_factory: pytest.TempPathFactory, numbers: list[int]) -> None:
    path = tmp_path_factory.mktemp("lists") / "list"
    path.write_text("".join(f"{n:064x}  {k}\n" for k, n in enumerate(numbers)))
    found = KnownFiles.from_file(path)
    for n in numbers:
        evidence = Evidence(
            pixels=np.zeros((0, 0, 3), np.uint8), sha256=f"{n:064x}", name="x", media_type="image/png", n_bytes=1
        )
        assert entries(found, evidence) == [("exact", str(numbers.index(n)), 0, numbers.count(n))]


@given(st.text(max_size=20), st.sampled_from(["exact", "perceptual"]), st.integers(0, 31), st.integers(1, 9))
def test_a_match_survives_json(entry: str, kind: str, distance: int, rows: int) -> None:
    match = KnownMatch(list_name="l", list_sha256="0" * 64, entry=entry, kind=kind, distance=distance, rows=rows)  # type: ignore[arg-type]
    assert from_record(KnownMatch, json.loads(json.dumps(to_record(match)))) == match
    with pytest.raises(ValueError, match="kind must be"):
        KnownMatch(list_name="l", list_sha256="0", entry="e", kind="close")  # type: ignore[arg-type]
