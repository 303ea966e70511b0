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
# # Residuals by eye
#
# What does each residual show of an original, of a forgery, and of the forgery after somebody saved it again? Here the
# answer is known, because the forgeries are made on the spot. Each residual is shown on *one fixed scale*, so that two pictures
# can be compared, and each sentence about it is checked with figures of a marked region. Several residuals show nothing, and
# some mislead; that is measured too.
#
# A residual is not a verdict. It says how a place differs from other places, and places differ for many honest reasons.

# %%
PART = (48, 64, 176, 176)  # left, top, right, bottom: within the pasted part, a blurred background
PETALS = (128, 64, 240, 170)  # the textured end of the pasted part
SKY = (400, 16, 528, 128)  # untouched, as calm as PART
TREES = (350, 280, 560, 420)  # untouched, finely textured
LAKE = (390, 235, 530, 295)  # untouched water with boats

# %%
import numpy as np
from IPython.display import display

import forensics as fx
from forensics.explorers.drawing.picture_rows import picture_row
from forensics.judgement.deliveries import DELIVERIES, deliver
from forensics.demo.photographs import forge, photographs
from forensics.residuals import RESIDUALS, region_statistics

# %% [markdown]
# ## 1. Three pictures
#
# A photograph (by danielbuechele on Flickr, CC BY 2.0), the same with a part of another photograph pasted in (upper left), and the pasted one saved
# again at JPEG quality 60. All are JPEG files. The name of each stands below it, here and in all that follows.

# %%
originals = photographs()
save = DELIVERIES["JPEG 95"].make
original = fx.Evidence.from_bytes(save(originals["china"]), name="original")
splice = fx.Evidence.from_bytes(save(forge(originals, "china", "splice")), name="splice")
again = deliver(splice, "JPEG 60")
three = {"original": original, "splice": splice, "splice, saved again at 60": again}
picture_row({name: e.pixels for name, e in three.items()})

# %% [markdown]
# ## 2. The same three, seen by five residuals
#
# The first channel of each on its fixed scale, which stands below the three, without any stretching. The text above them is part of
# the package: read *what to ignore* first.

# %%
for name in ("srm", "ela", "noise_level", "double_quantisation", "copy_move"):
    residual = RESIDUALS[name]
    print(f"\n{residual.title}, channel “{residual.channels[0]}”\nLook at: {residual.look_at}\nIgnore: {residual.ignore}")
    display(picture_row({state: fx.residual_maps(e, name)[..., 0] for state, e in three.items()}, residual=residual))

# %% [markdown]
# ## 3. Grain: SRM and noise level
#
# The pasted part stands out: it has less than half of the grain that the rest of the picture has on average. **So has the
# untouched sky**, and even less. Neither figure says which of the two was pasted: calm places have little grain in any picture.
# Against the original the place has changed a lot, but in a case nobody has the original.

# %%
for name in ("srm", "noise_level"):
    maps = [fx.residual_maps(e, name) for e in (original, splice)]
    before, part, sky = (region_statistics(m, b, residual=RESIDUALS[name])[0] for m, b in zip((*maps, maps[1]), (PART, PART, SKY)))
    amounts = [a.mean_absolute for a in (before.region, part.region, sky.region, part.rest)]
    print(f"{name:<12} original {amounts[0]:.2f}, pasted part {amounts[1]:.2f}, sky {amounts[2]:.2f}, rest {amounts[3]:.2f}")
    assert amounts[1] < amounts[3] / 2 and amounts[2] < amounts[1] < amounts[0] / 2

# %% [markdown]
# ## 4. ELA misleads most easily
#
# By ELA the trees, which nobody touched, differ from the sky at least three times as much as the pasted part does.
# What ELA shows here is texture. After one more saving it falls everywhere, in the pasted part and out of it.

# %%
ela = RESIDUALS["ela"]
figures = {}
for e, state in zip(three.values(), ("original", "splice", "again")):
    maps = ela(e.pixels)
    figures[state] = [region_statistics(maps, b, residual=ela)[1].region.mean_absolute for b in (PART, SKY, TREES)]
    print(f"{state:<9} pasted part {figures[state][0]:.2f}, sky {figures[state][1]:.2f}, trees {figures[state][2]:.2f} grey levels")
part, sky, trees = figures["splice"]
assert trees - sky > 3 * (part - sky) and all(a < b for a, b in zip(figures["again"], figures["splice"]))

# %% [markdown]
# ## 5. JPEG ghosts: the last saving, and one that never was
#
# In the copy saved again, the whole picture is dark at quality 60, its last saving. It is also dark at 80, at which it was
# never saved: the steps of quality 80 are half of those of 60, so that nothing more is lost. **90 and 95 are darker
# still than 80**, although the saving at 95 came before that at 60: steps so fine change little of any picture, so that these two channels tell hardly anything. A dark channel is therefore
# a hint, not a history. And the pasted part, whose own past is another, is darkest at 60 as
# well: it has no ghost of its own in this picture.

# %%
ghosts = RESIDUALS["jpeg_ghosts"]
stats = {s.channel: s for s in region_statistics(ghosts(again.pixels), PETALS, residual=ghosts)}
for channel, s in stats.items():
    print(f"{channel}: pasted part {s.region.mean:.2f}, rest {s.rest.mean:.2f}")
rest = {channel: s.rest.mean for channel, s in stats.items()}
assert min(rest, key=rest.get) == "quality 60" and rest["quality 80"] < rest["quality 75"] / 2 < rest["quality 70"]
assert rest["quality 95"] < rest["quality 90"] < rest["quality 80"] < rest["quality 85"]  # fine steps change little
assert min(stats, key=lambda c: stats[c].region.mean) == "quality 60"  # the pasted part tells the same as the rest

# %% [markdown]
# ## 6. Double quantisation: silent, unless the order is right
#
# On the three pictures it is zero everywhere, also on the splice. **Zero means that nothing can be told.** It speaks when a
# picture was saved at a low quality, altered, and saved at a higher one: then the altered part fits one
# quantisation (positive), the rest two (negative). One more saving at 60 silences it.

# %%
dq, low = RESIDUALS["double_quantisation"], deliver(original, "JPEG 60")
assert not any(dq(e.pixels).any() for e in three.values())
suited = fx.Evidence.from_bytes(DELIVERIES["JPEG 85"].make(forge({**originals, "china": low.pixels}, "china", "splice")))
petals, trees = (region_statistics(dq(suited.pixels), b, residual=dq)[0].region.mean for b in (PETALS, TREES))
assert petals > 0.5 and trees < -0.2 and not dq(deliver(suited, "JPEG 60").pixels).any()
print(f"saved at 60, pasted, saved at 85: pasted part {petals:+.2f}, trees {trees:+.2f} ({dq.unit})")
picture_row({"saved at 60, pasted, saved at 85": dq(suited.pixels)[..., 0]}, residual=dq)

# %% [markdown]
# ## 7. Copied areas
#
# It finds what was copied *within* the picture, and nothing of a part from another picture: zero on all three. In this one a roof
# was copied to the right. Both places are marked, also after saving at 60; which is the source, the map does not tell. Of the copied
# ellipse only the roof is found: the sky in it has too little detail.

# %%
copied = RESIDUALS["copy_move"]
assert not any(copied(e.pixels).any() for e in three.values())
doubled = fx.Evidence.from_bytes(save(forge(originals, "china", "copy_move")))
sides = [np.hsplit(copied(e.pixels)[..., 0] > 0, [380]) for e in (doubled, deliver(doubled, "JPEG 60"))]
print(*(f"marked: {left.mean():.1%} of the left side, {right.mean():.1%} of the right" for left, right in sides), sep="\n")
assert all(side.any() for pair in sides for side in pair)
display(picture_row({"a roof copied to the right": doubled.pixels}))
picture_row({"marked as copied": copied(doubled.pixels)[..., 0]}, residual=copied)

# %% [markdown]
# ## 8. Up-sampling: spectrum and neighbouring pixels
#
# A flower (by vultilion on Flickr, CC BY 2.0), the same passed through an up-sampler as generators have one, and that saved again at 60.
# The up-sampler leaves a bright point at the edge of the spectrum and moves the mean of the pixel relations. **One saving
# at 60 removes both**; their absence says nothing. And the untouched photograph of the pagoda reaches the end of the scale of the spectrum
# too (its last figure): a bright point is no sign of a generator by itself.

# %%
flower, up = (fx.Evidence.from_bytes(save(x)) for x in (originals["flower"], forge(originals, "flower", "upsample")))
flowers = {"flower": flower, "up-sampled": up, "and saved at 60": deliver(up, "JPEG 60"), "pagoda, untouched": original}
peaks = [float(fx.residual_maps(e, "spectrum").max()) for e in flowers.values()]
means = [float(fx.residual_maps(e, "npr")[..., 1].mean()) for e in flowers.values()]
print("brightest point:", np.round(peaks, 2), "  mean of pixel relations:", np.round(means, 2))
assert peaks[1] > 2 > max(peaks[0], peaks[2]) and peaks[3] > 2
assert abs(means[1]) > 5 * max(abs(means[0]), abs(means[2]))
picture_row({n: fx.residual_maps(e, "spectrum")[..., 0] for n, e in flowers.items()}, residual=RESIDUALS["spectrum"], shown=280)

# %% [markdown]
# ## 9. The others, in figures
#
# Demosaicing shows nothing here: photographs of 640 x 427 pixels have been scaled down, which removes its trace. The wavelet
# noise of the pasted part lies within a third of that of the untouched sky, so that it does not tell them apart.
#
# Of pixel relations (`npr`), block grid and median the pasted part has more than the sky. **That is texture, not a trace**: the
# untouched lake has at least twice as much as the pasted part, the trees ten times. A figure that stands alone beside the calmest place of a picture always looks like a finding.

# %%
for name in ("demosaicing", "wavelet_noise", "npr", "block_grid", "median"):
    maps = RESIDUALS[name](splice.pixels)
    found = [region_statistics(maps, b, residual=RESIDUALS[name])[0].region for b in (PART, SKY, LAKE, TREES)]
    part, sky, lake, trees = (a.mean_absolute for a in found)
    print(f"{name:<14} part {part:.2f}, sky {sky:.2f}, lake {lake:.2f}, trees {trees:.2f} {RESIDUALS[name].unit}")
    assert name != "demosaicing" or max(abs(a.mean) for a in found) < 0.1
    assert name != "wavelet_noise" or abs(part / sky - 1) < 1 / 3
    assert name not in ("npr", "block_grid", "median") or min(lake, trees) > 2 * part > 2 * sky

# %% [markdown]
# ## What to take with you
#
# - Compare a part with others of the *same material* in the same picture, never with the average of the picture.
# - Nothing shown is not nothing there: copied areas, double quantisation and demosaicing were silent about a plain paste.
# - Ask for the file before it was sent: one saving at 60 removed the traces of up-sampling and of double quantisation.
