"""``forensics package``."""

from pathlib import Path

import typer
from typer.testing import CliRunner

from forensics.commands.package import package
from forensics.commands.verifying import verify
from forensics.errors import CustodyError
from forensics.packaging import verify_package
from forensics.records.check import NotShown

app = typer.Typer()
app.command()(package)


def test_the_command_prints_where(case: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("FORENSICS_PASSPHRASE", raising=False)
    found = CliRunner().invoke(app, [str(case), "--key", str(case / "examiner.pem"), "--actor", "R. Okafor"])
    assert found.exit_code == 0, found.output
    made = case.parent / "case-12-bag"
    assert found.stdout == f"{made}\n"
    assert "Exhibits: included" in found.stderr
    assert verify_package(made, key=case / "examiner.pem.pub").ok


def test_without_exhibits_and_out(case: Path) -> None:
    out = case.parent / "other"
    found = CliRunner().invoke(app, [str(case), "--without-exhibits", "--out", str(out), "--actor", "A"])
    assert found.stdout == f"{out}\n"
    assert "Exhibits: left out on request" in found.stderr
    assert not (out / "data/exhibits").exists()


def test_what_is_wrong_reaches_the_caller(case: Path) -> None:
    found = CliRunner().invoke(app, [str(case)])
    assert isinstance(found.exception, CustodyError)
    assert found.stdout == ""


def test_what_a_package_cannot_show_is_never_said_to_have_passed(case: Path) -> None:
    """No exhibits, one report unsigned, no time-stamps, a log whose end nobody noted."""
    out = case.parent / "other"
    CliRunner().invoke(app, [str(case), "--without-exhibits", "--out", str(out), "--actor", "A"])
    check = verify_package(out)
    for proof in check.proofs:
        first, _, rest = proof.partition(": ")
        says_so = first == "Not shown" or (first.startswith("data/") and rest.startswith("Not shown: "))
        assert isinstance(proof, NotShown) == says_so, proof
    telling = typer.Typer()
    telling.command()(verify)
    told = CliRunner().invoke(telling, [str(out)]).stdout
    assert "not shown: data/reports/first.html: that exhibit 1, IMG_1.jpg, is as it was." in told
    assert "not shown: who made the package." in told
