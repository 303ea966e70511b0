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
# A folder of pictures arrives with one question. This notebook examines **all** of them, orders them for reading, looks at two in
# depth, and writes one report that others can verify. What could not be examined stays in the report, too: a folder of which
# only the striking pictures are reported gives a wrong impression.

# %%
CASE = "notebook 05"
QUESTION = "Were these pictures generated, or altered by a generator?"
DEEP = "flower-upsample.jpg"  # with all ten deliveries, and an attribution
SECOND = "astronaut-self_blend.jpg"  # with all ten deliveries
RESIDUALS = ("srm", "ela", "spectrum")

# %%
from pathlib import Path

import forensics as fx
from forensics.demo import write_exhibits

folder = Path("../reports/notebook-05").resolve()
write_exhibits(folder / "exhibits")
(folder / "exhibits" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut off on the way")

# %% [markdown]
# ## 1. Examine the folder
#
# One picture after another, in the order of the names. A file that cannot be read becomes an error row, and the next one is taken.
# The files are opened for reading only: their digests are the same afterwards.

# %%
from hashlib import sha256

paths = sorted((folder / "exhibits").glob("*.jpg"))
before = [sha256(path.read_bytes()).hexdigest() for path in paths]
detector = fx.load_detector()  # the starter weights; they are not for casework, see MODEL_CARD.md
rows = list(detector.examine_many(paths))  # with the two harmless copies of each, the default
assert len(rows) == len(paths) == 8
assert before == [sha256(path.read_bytes()).hexdigest() for path in paths]

# %%
findings = {row.evidence.name: row for row in rows if isinstance(row, fx.Finding)}
errors = {Path(row.name).name: row for row in rows if isinstance(row, fx.ErrorRow)}
for name, row in errors.items():
    print(f"{name}: {type(row.error).__name__}: {row.error}")
assert list(errors) == ["broken.jpg"]

# %% [markdown]
# ## 2. Triage
#
# The order in which to read, and nothing more. The score is *uncalibrated*: 0.69 is not "69 % generated". The outcome is
# what may be stated, and of most of these pictures it is that nothing may be stated.

# %%
from IPython.display import HTML

ordered = sorted(findings.values(), key=lambda f: -f.scores.score)
lines = [(f.evidence.name, f"{f.scores.score:.3f}", f.outcome, ", ".join(f.reason_codes)) for f in ordered]
lines += [(name, "", "not examined", type(row.error).__name__) for name, row in errors.items()]
cells = ["<tr>" + "".join(f"<td>{value}</td>" for value in line) + "</tr>" for line in lines]
HTML("<table><tr><th>name<th>score<th>outcome<th>reason</tr>" + "".join(cells) + "</table>")

# %% [markdown]
# How good is this order? Here it is known which are forgeries: the names with a hyphen. The up-sampled flower comes first.
# The splice stands *below* an original, and the blended face is the last of all: **local forgeries are not seen by these
# weights**, and a low place in the table clears nobody.

# %%
order = [f.evidence.name for f in ordered]
print(*order, sep="\n")
assert order[0] == "flower-upsample.jpg"
assert order.index("china-splice.jpg") > order.index("china.jpg") and order[-1] == "astronaut-self_blend.jpg"
assert not any(f.outcome == "supports_h1" for f in ordered)

# %% [markdown]
# ## 3. Two in depth
#
# The first because it came out on top, the second because the question names it. Both are examined again in ten other deliveries.
# The examination itself is repeatable: the score is the same as in the folder.

# %%
for name in (DEEP, SECOND):
    deep = detector.examine(folder / "exhibits" / name, robustness="full")
    assert deep.scores.score == findings[name].scores.score and len(deep.robustness.copies) == 10
    findings[name] = deep
    print(name, "outcome:", deep.outcome, "  side changes in:", deep.robustness.flips or "none")
    print(*(f"  {c.delivery:<16} score {c.score:.3f}  {c.outcome}" for c in deep.robustness.copies), sep="\n")

# %% [markdown]
# What moved the score of the first? The statistics count most in the joint score, so they are asked, on one view: what would their log-odds be
# without each group of channels? This is what the branch responded to, not where something was forged; the checks say how far
# it can be relied on.

# %%
why = fx.attribute(detector, findings[DEEP], branch="statistics", view=0, method="group_ablation")
for group, value in why.groups.items():
    print(f"{group:<20} {value:+.2f} log-odds")
for check in why.trust.checks:
    print(f"{check.name}: {check.value:.2f}, passed: {check.passed}. {check.text}")
print("all in all:", why.trust.words)
assert why.part is None and why.groups

# %% [markdown]
# ## 4. The report
#
# All eight files, in the order of the names, with the error row. The notes are printed as the examiner's words: say what you saw *and* what
# you did not do.

# %%
notes = "Exhibits were examined as received. Two were examined in depth; the choice is explained in section 3 of the notebook. "
notes += "broken.jpg could not be read; the original was asked for. No residual was read by a second person."
case = fx.Case(number=CASE, examiner="your name", question=QUESTION, notes=notes)
everything = [errors.get(path.name) or findings[path.name] for path in paths]
report = fx.write_report(everything, folder / "report.html", case=case, attributions=[why], residuals=RESIDUALS)
page = report.read_text(encoding="utf-8")
assert all(path.name in page for path in paths) and notes.split(";")[0] in page and "<script" not in page
print(report.name, f"{report.stat().st_size / 1e6:.2f} MB")

# %% [markdown]
# ## 5. Verify
#
# First the report alone, then with the folder of exhibits, as the receiver would. Exhibits are recognised by content, so that
# another name does not matter, and a changed file does.

# %%
check = fx.verify_report(report)
with_files = fx.verify_report(report, evidence=folder / "exhibits")
assert check.ok and with_files.ok and len(with_files.proofs) > len(check.proofs)
print(*with_files.proofs, sep="\n")

# %% [markdown]
# One byte was added to an exhibit, which nobody would see. The report is unchanged, and the exhibit is not the one it names:

# %%
altered = folder / "altered"
altered.mkdir(exist_ok=True)
for path in paths:
    (altered / path.name).write_bytes(path.read_bytes() + (b" " if path.name == DEEP else b""))
check = fx.verify_report(report, evidence=altered)
print(*(line for line in (*check.problems, *check.proofs) if DEEP in line), sep="\n")
assert DEEP in " ".join(check.problems)

# %% [markdown]
# ## What to do next
#
# - Ask for the broken file again, and for the originals of those that are inconclusive.
# - Let a second person read the residuals without knowing the scores.
# - Write into the notes what would change your mind.
