"""Names of files in a package."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.packaging.names import safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("IMG_1.jpg", "IMG_1.jpg"),
        ("한국 사진.jpg", "한국_사진.jpg"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("a\nb", "a_b"),
        ("CON", "_CON"),
        ("con.tar.gz", "_con.tar.gz"),
        ("COM¹.txt", "_COM¹.txt"),
        ("consul.jpg", "consul.jpg"),
        ("x.jpg. . .", "x.jpg._._"),
        (".hidden", "hidden"),
        ("-rf", "_-rf"),
        ("a%0Ab", "a_0Ab"),
        ("Pru\u0308fung.jpg", "Pr\u00fcfung.jpg"),
        ("\u202egpj.exe", "_gpj.exe"),
        ("ä" * 100 + ".jpeg", "ä" * 57 + ".jpeg"),
    ],
)  # fmt: skip
def test_names(name: str, safe: str) -> None:
    assert safe_name(name, set()) == safe


def test_names_are_unlike_without_case_and_form() -> None:
    taken: set[str] = set()
    names = [safe_name(name, taken) for name in ("a.jpg", "A.jpg", "a.JPG", "ä", "a\u0308", "straße", "STRASSE")]
    assert names == ["a.jpg", "A-2.jpg", "a-3.JPG", "ä", "ä-2", "straße", "STRASSE-2"]


@given(st.lists(st.text(max_size=300), max_size=20))
def test_any_names(given_names: list[str]) -> None:
    taken: set[str] = set()
    names = [safe_name(name, taken) for name in given_names]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-8")) <= 130
        assert not set(name) & set('/\\\r\n\t\0%:*?"<>| ')
        assert not name.startswith((".", "-", "~"))
        assert not name.endswith((".", " "))
        assert name.isprintable()
