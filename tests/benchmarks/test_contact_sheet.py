"""The sheet of examples of every maker."""

from pathlib import Path

import numpy as np

from benchmarks.contact_sheet import MARGIN, TITLE, contact_sheet
from forensics.evaluation.labelled import Pictures
from forensics.training.makers import MAKERS
from tests.conftest import encoded, textured


def test_a_contact_sheet_has_a_row_for_every_maker(tmp_path: Path) -> None:
    rows = ["path,label,source,face"]
    for k in range(6):
        (tmp_path / f"{k}.png").write_bytes(encoded(textured(260, 270, seed=k), "PNG"))
        rows.append(f"{k}.png,real,one,0")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    sheet = contact_sheet(Pictures.open(tmp_path), seed=1, examples=2, tile=64)
    assert sheet.shape == (len(MAKERS.names()) * (64 + MARGIN + TITLE), 8 * (64 + MARGIN), 3)
    splice = list(MAKERS.names()).index("splice") * (64 + MARGIN + TITLE) + TITLE
    row = sheet[splice : splice + 64]
    original, mask, difference = row[:, :64], row[:, 136:200, 0] > 0, row[:, 204:268]
    assert original.std() > 1
    assert mask.any()
    # Where nothing was forged the difference is mid-grey, but for what equalising the pair moved.
    assert np.median(np.abs(difference[~mask].astype(int) - 128)) < 16
