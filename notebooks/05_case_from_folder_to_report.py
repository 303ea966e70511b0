# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A case, from a folder to a report
#
# A folder of pictures arrives with one question. This notebook examines **all** of its files, orders them for reading, looks at two
# in depth, and writes one report that others can verify. What could not be examined stays in the report, too: a folder of which
# only the striking pictures are reported gives a wrong impression.
#
# Set `FOLDER` for a folder of your own; everything runs on it. What is said below *of the demo* is checked for the demo only.

# %%
FOLDER = ""  # with your pictures, such as "~/case-12/exhibits"; empty for the demo, whose pictures are made on the spot
OUTPUT = "../reports/notebook-05"  # where the report goes
CASE, EXAMINER = "notebook 05", "your name"
QUESTION = "Were these pictures generated, or altered by a generator?"
NOTES = ""  # what you saw and did, printed as yours; if empty, the report says what this notebook did
RESIDUALS = ("srm", "ela", "spectrum")

# %%
from pathlib import Path
import forensics as fx
from forensics.demo import write_exhibits
demo, output = not FOLDER, Path(OUTPUT).expanduser().resolve()
folder = output / "exhibits" if demo else Path(FOLDER).expanduser().resolve()
if demo:
    write_exhibits(folder)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off on the way")

# %% [markdown]
# ## 1. Examine the folder
#
# Every file, whatever its name ends in: a picture is known by its content, so that `IMG_0001.JPG`, a PNG and a file without an ending
# are taken, too. What cannot be read becomes an error row, and the next one is taken. Folders within it are named and not
# entered. The files are opened for reading only: their digests are the same afterwards.

# %%
from hashlib import sha256
paths = sorted(p for p in folder.iterdir() if p.is_file())
before = [sha256(path.read_bytes()).hexdigest() for path in paths]
detector = fx.load_detector()  # the starter weights; withdrawn as evidence, see MODEL_CARD.md
rows = dict(zip(paths, detector.examine_many(paths), strict=True))  # harmless copies too, where an outcome takes a side
print(len(paths), "files; folders not entered:", [p.name for p in folder.iterdir() if p.is_dir()] or "none")
assert paths and before == [sha256(path.read_bytes()).hexdigest() for path in paths], "FOLDER holds no file, or one changed"

# %%
findings = {path: row for path, row in rows.items() if isinstance(row, fx.Finding)}
errors = {path: row for path, row in rows.items() if isinstance(row, fx.ErrorRow)}
scored = sorted((p for p, f in findings.items() if f.scores is not None), key=lambda p: -findings[p].scores.score)
unscored = [path for path in findings if path not in scored]
print(*(f"not examined: {path.name}: {row.error}" for path, row in errors.items()), sep="\n")
print(*(f"not scored: {path.name}: {findings[path].reason}" for path in unscored), sep="\n")
assert len(scored) + len(unscored) + len(errors) == len(paths)
assert not demo or ([p.name for p in errors], len(scored), unscored) == (["broken.jpg"], 7, [])

# %% [markdown]
# ## 2. Triage
#
# The order in which to read, and nothing more. The score is *uncalibrated*: 0.69 is not "69 % generated". The outcome is
# what may be stated. File names are shown as text, since anyone can name a file `<img onerror=…>`.

# %%
from IPython.display import HTML
from forensics.explorers.drawing.html_parts import safe
lines = [(p.name, f"{findings[p].scores.score:.3f}", findings[p].outcome, ", ".join(findings[p].reason_codes)) for p in scored]
lines += [(p.name, "", findings[p].outcome, ", ".join(findings[p].reason_codes)) for p in unscored]
lines += [(path.name, "", "not examined", type(row.error).__name__) for path, row in errors.items()]
cells = ["<tr>" + "".join(f"<td>{safe(value)}</td>" for value in line) + "</tr>" for line in lines]
HTML("<table><tr><th>name<th>score<th>outcome<th>reason</tr>" + "".join(cells) + "</table>")

# %% [markdown]
# How good is this order? In the demo it is known which are forgeries: the names with a hyphen. The up-sampled flower comes first.
# The splice stands *below* an original, and the blended face is the last of all: **local forgeries are not seen by these
# weights**, and a low place in the table clears nobody.
#
# **Every outcome is `uncalibrated`**: these weights are withdrawn as evidence, since on pictures unlike those of their making they rank
# no better than chance. With the calibration that they once had, the blended face got `supports_h2`, a *camera took the picture*; so
# did 73 of 97 face swaps that others judged. The reason stands beside each outcome, in the table by its code and in the report in full.

# %%
order, outcome = [path.name for path in scored], {path.name: f.outcome for path, f in findings.items()}
print(*(f"{findings[path].outcome}: {findings[path].reason}" for path in scored[-1:]), sep="\n")
if demo:
    assert order[0] == "flower-upsample.jpg" and order[-1] == "astronaut-self_blend.jpg"
    assert order.index("china-splice.jpg") > order.index("china.jpg")
    assert set(outcome.values()) == {"uncalibrated"} and "withdrawn as evidence" in findings[scored[-1]].reason

# %% [markdown]
# ## 3. What moved the scores
#
# The joint log-odds are a sum: a constant, and what each branch adds. **How much a branch counts is not how much it moved this
# exhibit.** In the demo the statistics count 90 percent, and they add 0.4 to 0.7 to every picture of the flower and of
# the pagoda, originals too. What sets the up-sampled flower apart from the others is RepLKNet, which counts 8 percent and adds nearly as much.

# %%
import numpy as np
added = {path: findings[path].scores.contributions for path in scored}
usual = {b: np.median([a[b] for a in added.values()] or [0.0]) for b in detector.branches}
print("counts, in percent:", {b: round(100 * share) for b, share in detector.companion.fusion.shares.items()})
print(*(f"{p.name}: " + ", ".join(f"{b} {v:+.2f}" for b, v in a.items()) for p, a in added.items()), sep="\n")
apart = {p: max(usual, key=lambda b: abs(added[p][b] - usual[b])) for p in scored[:1]}
asked = [(p, b) for p in scored[:1] for b in dict.fromkeys((findings[p].scores.leading, apart[p]))]
assert not demo or [branch for _, branch in asked] == ["statistics", "replknet"]

# %% [markdown]
# Two branches are asked about the exhibit on top: the one that added most, and the one farthest from what it adds to the other exhibits.
# On the first view, because a view picked for being high says little. Which groups of channels did they respond to?
# The credits add up to the difference from a picture without any of them. In the demo **the statistics have credits more than ten times as large as
# that difference**: they cancel, and the largest of them explains nothing by itself. Of channel groups only two things are checked, and the words say so.

# %%
why = [fx.attribute(detector, findings[path], branch=b, view=0, method="group_shapley") for path, b in asked]
for a in why:
    difference, largest = a.output - a.reference, max(map(abs, a.groups.values()))
    print(f"{a.branch}, {a.view}: {a.output:+.2f}, a difference of {difference:+.2f}", {g: f"{v:+.2f}" for g, v in a.groups.items()})
    print("  FAR SMALLER than the credits, which cancel;" if abs(difference) < largest / 4 else " ", a.trust.words)
    assert abs(sum(a.groups.values()) - difference) < 0.01 and a.part is None
assert not demo or [abs(a.output - a.reference) < max(map(abs, a.groups.values())) / 10 for a in why] == [True, False]

# %% [markdown]
# ## 4. Two in depth
#
# The one on top, and the lowest of those whose outcome takes a side, as such a statement is what others build on; where none does, as
# in the demo, the lowest of all. Both are examined again in ten other deliveries. The examination itself is repeatable: the score is the same as in the folder.

# %%
sided = [path for path in scored if findings[path].outcome.startswith("supports")]
deep = list(dict.fromkeys([*scored[:1], *(sided or scored)[-1:]]))
for path in deep:
    again = detector.examine(path, robustness="full")
    assert again.scores.score == findings[path].scores.score and len(again.robustness.copies) == 10
    findings[path] = rows[path] = again
    print(path.name, "outcome:", again.outcome, "  side changes in:", again.robustness.flips or "none")
    print(*(f"  {c.delivery:<16} {'' if c.score is None else f'{c.score:.3f}'}  {c.outcome}" for c in again.robustness.copies), sep="\n")

# %% [markdown]
# ## 5. The report
#
# All files, in the order of the names, with the error rows. The notes are printed as the examiner's words: say what you saw *and* what
# you did not do. If you leave `NOTES` empty, they say what was done here and no more.

# %%
did = f"{len(paths)} files were examined as received; not read: {', '.join(p.name for p in errors) or 'none'}. "
did += f"In all deliveries: {', '.join(p.name for p in deep) or 'none'}; explained: {', '.join(a.branch for a in why) or 'nothing'}. "
case = fx.Case(number=CASE, examiner=EXAMINER, question=QUESTION, notes=NOTES or did + "No residual was read by a second person.")
report = fx.write_report(list(rows.values()), output / "report.html", case=case, attributions=why, residuals=RESIDUALS)
page = report.read_text(encoding="utf-8")
assert "<script" not in page and all(before[k] in page for k, path in enumerate(paths) if path in findings)
assert not demo or all(path.name in page for path in paths)
print(report.name, f"{report.stat().st_size / 1e6:.2f} MB")

# %% [markdown]
# ## 6. Verify
#
# First the report alone, then with the folder of exhibits, as the receiver would. Exhibits are recognised by content, so that
# another name does not matter, and a changed file does.

# %%
check = fx.verify_report(report)
with_files = fx.verify_report(report, evidence=folder)
print(*with_files.problems, *with_files.proofs, sep="\n")
assert check.ok and (with_files.ok or not demo) and len(with_files.proofs) > len(check.proofs)

# %% [markdown]
# To a copy of the folder, one byte is added to an exhibit, which nobody would see. The report is unchanged, and the exhibit is not the one
# it names:

# %%
from tempfile import TemporaryDirectory
changed = (scored or paths)[0]
with TemporaryDirectory() as copies:
    for path in paths:
        (Path(copies) / path.name).write_bytes(path.read_bytes() + (b" " if path == changed else b""))
    check = fx.verify_report(report, evidence=copies)
print(*check.problems, sep="\n")
assert not check.ok

# %% [markdown]
# ## What to do next
#
# - Ask for the files again that could not be read, and for the originals of those that are inconclusive.
# - Let a second person read the residuals without knowing the scores.
# - Write into the notes what would change your mind.
