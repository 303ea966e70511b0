from forensics.evaluation.tables import interval_cell, markdown_table
from forensics.training.measuring.audit import AuditRow, audit_table


def test_a_table_by_hand() -> None:
    table = markdown_table(("of", "n", "share", "interval"), [("x", 3, 0.5, interval_cell((0.25, 1.0)))])
    assert table == "| of | n | share | interval |\n|---|---|---|---|\n| x | 3 | 0.500 | 0.250 to 1.000 |"


def test_limits_of_the_audit_are_shown_as_they_are_meant() -> None:
    """The linear limit has two sides, that of trees one; a share has none."""
    rows = [
        AuditRow(family="f", test=test, n_pairs=9, value=value, limit=limit)
        for test, value, limit in (("logistic", 0.46, 0.03), ("trees", 0.4, 0.06), ("sign: bytes", 0.9, None))
    ]
    assert audit_table(rows).splitlines()[2:] == [
        "| f | logistic | 9 | 0.460 | 0.50 ± 0.03 | **failed** |",
        "| f | trees | 9 | 0.400 | 0.56 | passed |",
        "| f | sign: bytes | 9 | 0.900 |  |  |",
    ]
