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
# # What the score means
#
# "The detector says 0.97": what may anybody conclude from that? On its own, nothing. This notebook turns scores into
# **likelihood ratios** on pictures whose truth is known, checks them on others, moves the prior, and breaks the calibration
# on purpose, so that you see the plots show it.
#
# The scores are simulated: 1,000 generated and 1,000 camera pictures, two bell curves that overlap, because then the right
# answer is known. Replace them with the scores of your own pictures; nothing else changes.

# %%
SEPARATION = 2.0  # how far the two classes lie apart, in standard deviations; try 0.5 and 4
N = 1000  # pictures of each class

# %%
import numpy as np

from forensics.calibration import CALIBRATORS, cllr, cllr_cal, cllr_min, elub_bounds, llr_band, misleading_rates
from forensics.calibration.displays import EmpiricalCrossEntropyDisplay, PavDisplay, TippettDisplay
from forensics.calibration.simulation import simulate_scores, true_llrs

scores, labels = simulate_scores(N, separation=SEPARATION)  # labels: 1 where H1 is true, generated; 0 where H2 is
half = len(scores) // 2

# %% [markdown]
# ## 1. Calibrate on one half, validate on the other
#
# A detector's score says how a picture compares with those it learned from. How much *more expected* a score is among
# generated pictures than among camera originals is a ratio of two frequencies, and frequencies have to be measured. They
# are measured on one half; whether the result is right is asked of the other half, which had no say in it.

# %%
calibrator = CALIBRATORS["logistic"]().fit(scores[:half], labels[:half])
llrs, truth = calibrator.transform(scores[half:]), labels[half:]
found, right = float(calibrator.transform(1.5)), float(true_llrs(1.5, separation=SEPARATION))
print(f"a score of 1.5 has the likelihood ratio {10**found:.0f}; the right answer, known here, is {10**right:.0f}")
assert abs(found - right) < 0.2

# %% [markdown]
# Cllr is what the likelihood ratios cost on average, in bits: 0 if they were always right and certain, 1 if they always said
# "LR = 1". It splits into what the detector cannot tell apart (Cllr min) and what the calibration gets wrong (Cllr cal).

# %%
print(f"Cllr {cllr(llrs, truth):.3f} = Cllr min {cllr_min(llrs, truth):.3f} + Cllr cal {cllr_cal(llrs, truth):.3f}")
wrong_h2, wrong_h1 = misleading_rates(llrs, truth, beyond=1.0)
print(f"LR above 10 for a camera original: {wrong_h2:.1%}; LR below 1/10 for a generated picture: {wrong_h1:.1%}")
assert cllr(llrs, truth) < 1 and cllr_cal(llrs, truth) < 0.05
TippettDisplay.from_llrs(llrs, truth).plot()

# %% [markdown]
# ## 2. How far may it go, and how sure is it?
#
# With 500 camera originals nobody can know what happens once in ten thousand. So a likelihood ratio is *bounded*: beyond the
# bound it would be extrapolation. And since other pictures would have given another line, it has an *interval*; words are
# taken from the end of the interval nearer to 1.

# %%
lower, upper = elub_bounds(llrs, truth)
low, high = llr_band(scores[:half], labels[:half]).at(1.5)
print(f"bounds: LR from 1/{10**-lower:.0f} to {10**upper:.0f}; 500 pictures of a class can never carry more than 501")
print(f"interval of the LR of a score of 1.5: {10**low:.0f} to {10**high:.0f}")
assert upper <= np.log10(501) + 0.01 and low < right < high

# %% [markdown]
# ## 3. Move the prior
#
# A likelihood ratio is not the probability that the picture is generated. That depends on what was believed before: among
# pictures sent in by a newsroom one in a hundred may be generated, in a folder of reported abuse perhaps every second one.
# **The examiner states the likelihood ratio; the prior belongs to the court.** Change it and watch.

# %%
LIKELIHOOD_RATIO = 40.0
print("prior probability of H1   posterior with LR 40")
for prior in (0.001, 0.01, 0.1, 0.5, 0.9):
    odds = prior / (1 - prior) * LIKELIHOOD_RATIO
    print(f"{prior:>22.1%}   {odds / (1 + odds):.1%}")
assert 0.01 / 0.99 * 40 / (1 + 0.01 / 0.99 * 40) < 0.3  # one in a hundred before: still more likely a camera original

# %% [markdown]
# So "the detector is 97.6 % sure" would be true for one prior and grossly wrong for another. A court **may** conclude that the
# findings are forty times more expected if the picture was generated. It may **not** conclude from that alone that the picture
# was generated, nor that it was 40 times more *likely* generated than not.
#
# The empirical cross-entropy shows, for every prior, whether somebody who uses these ratios is better off than without.

# %%
EmpiricalCrossEntropyDisplay.from_llrs(llrs, truth).plot()

# %% [markdown]
# ## 4. Break the calibration
#
# Three common mistakes. Each keeps the *order* of the pictures, so that accuracy and AUC look as good as before. Cllr cal and
# the plots tell.

# %%
mistakes = {
    "the raw score taken for log10 odds": 2 * scores[half:],
    "one generated picture in twenty taken for the rule": llrs - np.log10(19),
    "every ratio exaggerated threefold": 3 * llrs,
}
for name, broken in mistakes.items():
    print(f"{name:<50}  Cllr {cllr(broken, truth):.3f}   Cllr min {cllr_min(broken, truth):.3f}")
assert all(cllr(b, truth) > 1.2 * cllr(llrs, truth) for b in mistakes.values())

# %% [markdown]
# In the PAV plot calibrated ratios lie on the diagonal. Exaggerated ones are flatter: what claims to be LR 1,000 is worth 10.

# %%
exaggerated = mistakes["every ratio exaggerated threefold"]
PavDisplay.from_llrs(exaggerated, truth).plot()

# %% [markdown]
# In the Tippett plot a shifted calibration shows at LR = 1: far more than the expected share of generated pictures lies on the
# wrong side, and hardly any camera original.

# %%
shifted = mistakes["one generated picture in twenty taken for the rule"]
wrong_h2, wrong_h1 = misleading_rates(shifted, truth)
print(f"wrong side of 1: camera originals {wrong_h2:.1%}, generated pictures {wrong_h1:.1%}")
assert wrong_h1 > 3 * wrong_h2
TippettDisplay.from_llrs(shifted, truth).plot()

# %% [markdown]
# ## 5. Other pictures than those of the calibration
#
# The other half, on which we checked, was drawn like the first. Casework is not. The detector that ships here had a calibration
# card, checked on sources that neither its weights nor the card had seen, and it claimed little: LR from 1/10 to 4. Then others
# judged it on 869 pictures of six families. It ranked worse than a coin, and 73 of 97 face swaps got support for having been taken by
# a camera. **The card was withdrawn**, and every finding says `uncalibrated` and why. Below is how that looks: the calibration of
# section 1, which passed every check, on pictures in which the detector sees no difference.

# %%
import forensics as fx

assert fx.load_detector().calibration is None  # withdrawn
others, other_truth = simulate_scores(N, separation=0.0)
carried = calibrator.transform(others)
wrong_h2, wrong_h1 = misleading_rates(carried, other_truth)
print(f"Cllr {cllr(carried, other_truth):.2f}; wrong side of 1: camera originals {wrong_h2:.0%}, generated pictures {wrong_h1:.0%}")
assert cllr(carried, other_truth) > 1 > cllr(llrs, truth) and min(wrong_h2, wrong_h1) > 0.4

# %% [markdown]
# ## Exercises
#
# 1. Set `SEPARATION` to 0.5. Which of Cllr min and Cllr cal changes, and why?
# 2. Calibrate on 20 pictures of each class instead of 1,000. What happens to the interval, and to the bound?
# 3. Which pictures would you need to find out, before a case, that a calibration does not carry over to it?
# 4. Write the conclusion of a report for LR 40 in one sentence that a judge cannot misread. Compare it with "97.6 % fake".
