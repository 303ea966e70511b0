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
# # Why was it flagged?
#
# A branch of the detector answered "fake" with high log-odds. What in the picture did it respond to? An *attribution* answers
# that, for one branch, on one view. It is **not a map of forged places**, and it can be wrong about the branch itself.
# Therefore each comes with checks of its own, and this notebook ends with where they fail.
#
# All maps are of the first view, 256 x 256 pixels at the upper left. Without a GPU the whole takes some minutes on two cores.

# %%
PICTURE, ORIGINAL, SPLICE = "flower-upsample.jpg", "flower.jpg", "china-splice.jpg"
BRANCH = "replknet"  # a network, which passes gradients
STEPS = 32  # of integrated gradients; with 16 the sum misses the limit of its check by a little
VIEW = 0

# %%
from pathlib import Path

import forensics as fx
from forensics.attribution import compare_branches, draw, usable_methods
from forensics.demo import write_exhibits

folder = Path("../reports/notebook-03").resolve()
write_exhibits(folder / "exhibits")

# %% [markdown]
# ## 1. Which branch said what
#
# The picture is a flower that was passed through an up-sampler, as generators have one. Both networks speak strongly for "fake", the
# statistics weakly. How strongly a branch speaks is not how much it counts: of the joint log-odds the statistics add most here, and next the network that is
# asked below. The outcome is what may be stated; log-odds of a branch and scores are not probabilities.

# %%
detector = fx.load_detector()
finding, original, splice = (detector.examine(folder / "exhibits" / name) for name in (PICTURE, ORIGINAL, SPLICE))
print("outcome:", finding.outcome, f"  uncalibrated score {finding.scores.score:.3f}")
for branch, log_odds in finding.scores.by_branch.items():
    adds = f"adds {finding.scores.contributions[branch]:+.2f} to the joint log-odds"
    print(f"{branch:<10} log-odds {log_odds:+.2f}   {adds}   of the original {original.scores.by_branch[branch]:+.2f}")
assert finding.scores.by_branch[BRANCH] > 2 > finding.scores.by_branch["statistics"] > 0
assert original.scores.by_branch[BRANCH] < 0 and finding.scores.leading == "statistics"

# %% [markdown]
# ## 2. What the network responded to
#
# Integrated gradients go from "nothing there" (a blurred copy) to the picture and credit each pixel on the way. The cells add up to the
# difference between the two answers. Brown speaks for "fake", blue for "real"; the scale is the same for every map.

# %%
from PIL import Image

why = fx.attribute(detector, finding, branch=BRANCH, view=VIEW, steps=STEPS)
drawing = draw(why, evidence=finding.evidence)
print(drawing.caption, drawing.alt, sep="\n")
assert abs(why.cells.sum() - (why.output - why.reference) - why.delta) < 0.01
Image.fromarray(drawing.pixels)

# %% [markdown]
# The same credit, by what the network is given: colours, two kinds of noise residuals, and relations of neighbouring pixels. And the checks:
# what was measured, against which limit. All that were made of this picture pass. `randomisation` and `localisation` were measured once, on forgeries whose place is
# known; the second **fails: these networks do not find local forgeries**. So the map is marked *not reliable*, whatever it looks like.

# %%
print("groups, log-odds:", {name: round(value, 2) for name, value in why.groups.items()})
print("integrated gradients, 32 steps:")
for check in why.trust.checks:
    print(f"{check.name:<14} {check.value:+.3f}  limit {check.limit}  passed: {check.passed}   {check.text}")
print("all in all:", why.trust.words)
assert why.trust.failed == ("localisation",)
assert abs(sum(why.groups.values()) - why.cells.sum()) < 0.01

# %% [markdown]
# ## 3. The branch that counts
#
# The statistics count patterns and pass no gradients: methods that need them are refused, and those that leave parts out remain.
# Shapley values of the groups add up to what they explain, here the difference from a picture without any of them. **Leaving groups out one by one need
# not add up, and the two can disagree**: without the median residual ConvNeXt answers as before, since the other groups stand in for it. Its Shapley
# value is large, as it counts what the median residual adds where others are not there yet.

# %%
print(BRANCH, usable_methods(detector, BRANCH), "\nstatistics", usable_methods(detector, "statistics"))
assert "integrated_gradients" not in usable_methods(detector, "statistics")
groups = fx.attribute(detector, finding, branch="statistics", view=VIEW, method="group_shapley", trust="none")
print("statistics", {name: round(value, 2) for name, value in groups.groups.items()}, groups.trust.words)
assert abs(sum(groups.groups.values()) - (groups.output - groups.reference)) < 0.01 and groups.cells is None
ways = [fx.attribute(detector, finding, branch="convnext", view=VIEW, method=f"group_{m}") for m in ("ablation", "shapley")]
print(*(f"convnext, {a.method}: median residual {a.groups['med']:+.2f}; {a.trust.words}" for a in ways), sep="\n")
assert abs(ways[0].groups["med"]) < 0.2 < 1 < ways[1].groups["med"]

# %% [markdown]
# The four values are larger than their sum: they cancel, and what is left is small. Whoever shows only the largest tells half of it. Occlusion
# gives a map of this branch; it promises no sum, so its cells need not add up. Here it was not checked, and says so.

# %%
assert max(abs(v) for v in groups.groups.values()) > abs(groups.output - groups.reference)
places = fx.attribute(detector, finding, branch="statistics", view=VIEW, method="occlusion", trust="none")
assert places.delta is None and places.trust.state == "not_checked"
Image.fromarray(draw(places, evidence=finding.evidence).pixels)

# %% [markdown]
# ## 4. Do the branches agree?
#
# Two branches that respond to the same places support each other a little; two that do not, do not refute each other. Compare the
# share in common with what chance has.

# %%
both = compare_branches(why, places)
print(both.words)
assert -0.5 < both.rank_correlation < 0.5  # they do not tell the same

# %% [markdown]
# ## 5. Where it fails: two maps of one answer
#
# Grad-CAM draws another picture of the same network on the same view: smoother, and more pleasing to the eye. The cells that speak most for "fake" are
# others, fewer in common than by chance. The checks tell more than the eye: bringing its cells back raises the answer less than one of nine
# copies of the same map laid elsewhere does (`insertion`), and over twelve forgeries it stays too much like the maps of shuffled weights (`randomisation`). With 4 steps,
# integrated gradients fail another one: their sum misses what they should explain. And the first map passed every check of this picture, and still finds no
# forgeries: **checks that passed do not make a map right; one that failed makes it useless**.

# %%
smooth = fx.attribute(detector, finding, branch=BRANCH, view=VIEW, method="grad_cam")
short = fx.attribute(detector, finding, branch=BRANCH, view=VIEW, steps=4)
rows = [(name, c) for name, a in (("Grad-CAM", smooth), ("4 steps", short)) for c in a.trust.checks]
print("map       check          measured  limit  passed")
print(*(f"{name:<9} {c.name:<14} {c.value:>+8.3f} {c.limit:>6}  {c.passed}" for name, c in rows), compare_branches(why, smooth).words, sep="\n")
assert {"insertion", "randomisation"} <= set(smooth.trust.failed) and short.trust.failed == ("convergence", "localisation")
assert compare_branches(why, smooth).shared_top < compare_branches(why, smooth).expected_top
Image.fromarray(draw(smooth, evidence=finding.evidence).pixels)

# %% [markdown]
# ## 6. Where it fails: originals and local forgeries
#
# **An original gets a map too**, with cells that speak for "fake", although the branch says "real". And in the picture with a
# pasted part (columns 27 to 250, rows 49 to 181) the strongest cell lies *below* the pasted part: local forgeries are mostly not located.

# %%
of = {"original": original, "splice": splice}
maps = {n: fx.attribute(detector, f, branch=BRANCH, view=VIEW, steps=16, trust="none") for n, f in of.items()}
for name, a in maps.items():
    row, column = divmod(int(a.cells.argmax()), a.cells.shape[1])
    print(f"{name}: log-odds {a.output:+.2f}; strongest cell at column {column * 16}, row {row * 16}")
    assert a.output < 0 and (a.cells > 0).any()
assert row * 16 > 181  # of the splice

# %% [markdown]
# ## 7. Into the report, with their checks
#
# Both maps are shown, and the report says of each that it is not reliable, which checks it failed, and that no conclusion rests on it. Whoever receives
# the report can verify that it is unchanged.

# %%
case = fx.Case(number="notebook 03", examiner="your name", notes="The map of 4 steps is shown as one that failed a check.")
report = fx.write_report([finding], folder / "report.html", case=case, attributions=[why, short])
check = fx.verify_report(report, evidence=folder / "exhibits" / PICTURE)
print("unchanged:", check.ok, f"  {report.stat().st_size / 1e6:.2f} MB", *check.proofs, sep="\n")
assert check.ok and all(a.trust.words in report.read_text(encoding="utf-8") for a in (why, short))
assert (why.trust.state, short.trust.state) == ("not_reliable", "not_reliable")
