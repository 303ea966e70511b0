"""What a check cannot show is told apart by its class, never by its words."""

import copy

from forensics.records.check import NotShown, of_part


def test_it_reads_as_a_sentence_and_keeps_its_parts() -> None:
    proof = NotShown("who wrote it.")
    assert proof == "Not shown: who wrote it."
    named = of_part("data/a.html", proof)
    assert isinstance(named, NotShown)
    assert named == "data/a.html: Not shown: who wrote it."
    again = of_part("bag", named)
    assert isinstance(again, NotShown)
    assert (again.where, again.what) == ("bag: data/a.html: ", "who wrote it.")


def test_a_sentence_that_speaks_of_it_is_a_proof() -> None:
    """A file may be named so; its words are no state."""
    assert not isinstance(of_part("Not shown: x", "It is whole."), NotShown)


def test_a_copy_says_the_same() -> None:
    """As `dataclasses.asdict` and other processes make one."""
    proof = NotShown("who wrote it.", where="a.html: ")
    for again in (copy.copy(proof), copy.deepcopy(proof)):
        assert isinstance(again, NotShown)
        assert (again, again.where, again.what) == (proof, "a.html: ", "who wrote it.")
