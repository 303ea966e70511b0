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
# # Examine a picture
#
# From a file to an evidence report, in four steps: **load**, **look**, **export**, **verify**.
#
# Everything stays on this machine. The file you pick is opened for reading only. Nothing here says whether a
# picture is genuine: the detector gives an *uncalibrated score*, which is not a probability. **The weights that ship are
# withdrawn as evidence**: on pictures unlike those of their making they do no better than chance (MODEL_CARD.md). They
# are here to show the steps. With weights that were calibrated on pictures of known origin (`02_what_the_score_means`), a
# finding states a likelihood ratio where it can, and often that it is inconclusive.

# %%
from pathlib import Path

import forensics as fx
from forensics.demo import write_exhibits

folder = Path("../reports/notebook-01").resolve()
exhibits = write_exhibits(folder / "exhibits")  # real photographs, and forgeries made from them on the spot
[path.name for path in exhibits]

# %% [markdown]
# ## 1. Load
#
# Put the path of your own picture here, or keep the example: a photograph of the astronaut Eileen Collins (NASA,
# public domain) whose face was blended with a shifted copy of itself, as face-swapping tools do at the border of a
# swapped face.

# %%
PICTURE = folder / "exhibits" / "astronaut-self_blend.jpg"

detector = fx.load_detector()  # the starter weights; withdrawn as evidence, see MODEL_CARD.md
finding = detector.examine(PICTURE, robustness="full")  # ten copies of it too, as pictures travel
print(finding.evidence.name, finding.evidence.sha256)
print("H1:", finding.propositions.h1, " H2:", finding.propositions.h2)
print(f"outcome: {finding.outcome}. {finding.reason}")
assert finding.outcome == "uncalibrated" and finding.lr is None

# %% [markdown]
# The outcome is `uncalibrated`, and the reason says why: nothing may be concluded from this score. It could be worse: with
# the calibration that these weights once had, three in four face swaps got support for having been taken by a camera, when
# others judged them on pictures that nobody here had seen. Where a finding does take a side, read its two propositions
# first: what was not asked is not answered.

# %% [markdown]
# What loading did to the file, and what the file says about itself. The second is reported and never scored: any
# of it can be missing, removed on the way, or written by anyone.

# %%
metadata = finding.evidence.metadata
print("notes:", *(finding.evidence.notes or ["nothing was changed"]), sep="\n  ")
print("stored as", metadata.stored_size, metadata.stored_mode)
print("estimated JPEG quality:", metadata.jpeg_quality, "  sub-sampling:", metadata.subsampling)
print("software named:", list(metadata.software) or "none", "  EXIF fields:", len(metadata.exif))

# %% [markdown]
# ## 2. Look
#
# The explorer has a tab for each question. *Overview*: what was found, and how strong it is. *Residuals*: noise and
# compression of a part beside pictures of known origin, which are saved again as this file was, so that the comparison is
# fair; mark a region and read its figures. *Why*: what a branch of the detector responded to, with the checks that say how
# far such a map can be relied on. *Robustness*, *Metadata* and *Compare* are about the copies of this picture, its file and
# a second picture. *Report* writes what you found.
#
# Each residual says *what to look at* and *what to ignore*. Compare the suspected part with other parts of the same picture
# that show the same material: an effect that is everywhere says nothing. The line below the tabs is the Python that does
# the same.
#
# *Pick a picture* examines another file; the steps below then work on that one.

# %%
explorer = fx.explore(detector, finding)
explorer

# %% [markdown]
# The numbers behind the plot. A large spread means that the views disagree, and then the mean says little.

# %%
scores = explorer.finding.scores
for branch, log_odds in scores.by_branch.items():
    print(f"{branch:<10} log-odds {log_odds:+.2f}")
print(f"joint uncalibrated score {scores.score:.3f} over {len(scores.views)} views, spread {scores.spread:.3f}")

# %% [markdown]
# Would the result be the same if the picture had reached us in another way? Each copy has the same content. A score or a
# likelihood ratio that wanders says more about the delivery than about the picture. Without a calibration there are scores only.

# %%
panel = finding.robustness
for copy in (panel.received, *panel.copies):
    strength = "no likelihood ratio" if copy.llr is None else f"log10 LR {copy.llr:+.2f}"
    print(f"{copy.delivery:<16} score {copy.score:.3f}   {strength}   {copy.outcome}")
print("range of log10 LR:", panel.llr_range, "  the side changes in:", panel.flips or "none")

# %% [markdown]
# ## 3. Export the report
#
# One HTML file without scripts that opens offline and prints. `redact=True` leaves every pixel out, for a copy that
# may be passed on when a person in the picture must be protected.

# %%
case = fx.Case(number="notebook 01", examiner="your name", question="Was the face altered after the picture was taken?")
report = fx.write_report([explorer.finding], folder / "report.html", case=case)
redacted = fx.write_report([explorer.finding], folder / "report-redacted.html", case=case, redact=True)
for path in (report, redacted):
    print(path.name, f"{path.stat().st_size / 1e6:.2f} MB")

# %% [markdown]
# ## 4. Verify it
#
# Whoever receives the report can check that it is as it was written, and that the exhibits are those it names.

# %%
check = fx.verify_report(report, evidence=PICTURE.parent)
print("unchanged:", check.ok)
print(*check.proofs, sep="\n")

# %% [markdown]
# One changed byte is found, here in a copy:

# %%
page = bytearray(report.read_bytes())
page[page.index(b"Summary")] ^= 1
tampered = folder / "report-tampered.html"
tampered.write_bytes(page)
check = fx.verify_report(tampered)
print("unchanged:", check.ok)
print(*check.problems, sep="\n")

# %% [markdown]
# ## What to do next
#
# - Ask for the original file: a copy from a messaging service has lost most of the traces.
# - Examine other pictures of the same device and event, and compare.
# - Have somebody who is trained in image examination read the residuals before anything is concluded.
