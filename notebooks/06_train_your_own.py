# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#       format_version: '1.3'
#       jupytext_version: 1.19.6
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Train on your own pictures
#
# How does a laboratory go on from the shipped weights with pictures of its own? In six steps: **label** a folder,
# **write** a configuration, **audit** the training stream, **measure** before, **train**, **measure** again.
#
# The folder made here is for practice: eight generated textures and parts of three photographs. It is far too small
# to teach or to measure anything, so every figure below shows *how* the step is done and nothing about the weights.
# A score stays uncalibrated, before and after, and is not a probability. **The shipped weights are withdrawn as evidence**
# (MODEL_CARD.md): they are a place to start from. What comes out is to be judged on pictures that nobody has looked at.
#
# With `WEIGHTS` and `PICTURES` of your own, the same cells do the real work; raise `STEPS` and `PAIRS` then.

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

WEIGHTS = "starter"  # the shipped weights; or a weights file or folder
STEPS, PAIRS = 40, 100  # of training; for the audit, which wants 2000
practice = TemporaryDirectory()  # gone when this notebook is closed
folder = Path(practice.name)

# %% [markdown]
# ## 1. A labelled folder
#
# One folder with the files as they came, never saved again, and `index.csv` with one line for each: its path in the
# folder, `real` (a camera original) or `fake` (generator output), the source it came from, and whether it shows a
# face.
#
# **The source is what matters most.** Pictures of one source (a camera, a case, a generator, a website) share their
# compression, size and subject. Training and measuring are divided by source, so that no figure comes from pictures
# whose siblings were trained on. Here a copy passed through an up-sampling maker stands in for generator output.

# %%
from forensics.demo import write_practice_folder

PICTURES = write_practice_folder(folder / "pictures").parent
print(*(PICTURES / "index.csv").read_text(encoding="utf-8").splitlines()[:12], sep="\n")

# %% [markdown]
# ## 2. A configuration
#
# Each branch must be written as the initial weights have it, or the start is refused. `branch_tables` copies the
# branches out of the weights' own manifest, mask head included if they have one.

# %%
from forensics.training.initial import branch_tables, read_initial

weights = read_initial(WEIGHTS)
branches = branch_tables(weights.manifest.branches)
print(weights.manifest.name, weights.sha256, branches, dict(weights.manifest.training), sep="\n")

# %% [markdown]
# The rest says which sources are trained on and which are withheld, which forgeries are made on the fly and in what
# shares (`found` are the fakes of your own folder), and how long and how fast. A low learning rate keeps what the
# weights know; one like that of a start from scratch overwrites it. `configs/starter.toml` has every key, with reasons.
# The number of steps is lowered for practice, as `--set optimiser.steps=40` does on the command line.

# %%
SETTINGS = """name = "practice"
licence = "for practice only"
seed = 1
data = { train = ["textures", "photographs"], withheld = ["astronaut"] }
forgeries = { tile = 64, late_tile = 64, shares = { upsample = 0.4, found = 0.2, splice = 0.2, self_blend = 0.2 } }
loss = { mask = 0.5 }
statistics = { pairs = 0 }
optimiser = { steps = 2000, pairs = 4, warmup = 4, lr = 1e-4, final_lr = 1e-5, ema = 0.9 }"""

# %%
from forensics.training.config import read_config
from forensics.evaluation.labelled import Pictures, split

(folder / "practice.toml").write_text(f"{SETTINGS}\n{branches}", encoding="utf-8")
config = read_config(folder / "practice.toml", [f"optimiser.steps={STEPS}"])
training, withheld = split(Pictures.open(PICTURES), train=config.data.train, withheld=config.data.withheld, halved=())
print(len(training), "pictures to train on,", len(withheld), "withheld")
assert not {p.source for p in training} & {p.source for p in withheld}

# %% [markdown]
# ## 3. Audit the stream before anything is trained
#
# A network learns the easiest difference between its classes. If sharpness, coded size or brightness of a tile tells
# forged from original, it learns that, and fails where it does not hold. The audit gives such statistics, and nothing
# else, to simple classifiers; they must stay near 0.5. With a hundred pairs the standard error of such a figure is
# about 0.04 (the root of 2 / (12 · 100)), more than the limit of 0.03, so here the result is shown and not acted on.
# **In earnest: 2000 pairs, and no training on a stream that fails.**

# %%
from forensics.training.measuring.audit import audit_run, audit_table

audited = audit_run(config, training, pairs=PAIRS)
print(*audit_table(audited).splitlines()[:4], sep="\n")
print("every limited row passed:", all(row.passed for row in audited))

# %% [markdown]
# ## 4. Measure before
#
# Withheld pictures only, both classes saved once more alike ("JPEG 75"), so that a difference in how the files were
# saved cannot count. `judgement="mean"` keeps to the plain mean over branches, before as after: what was fitted for
# the shipped weights does not belong to others. `views` are the same before and after: scores of tiles of another side
# differ, whatever was trained.

# %%
import forensics as fx
from forensics.evaluation import comparison, scoring
from forensics.views import Tiles

views = Tiles(size=64, stride=64, turns=("identity",))
before = fx.load_detector(None if WEIGHTS == "starter" else WEIGHTS, judgement="mean", views=views)
scored_before = scoring.usable(scoring.score_labelled(before, withheld, deliveries=["JPEG 75"]))
print(comparison.auc_table(r for r in comparison.auc_rows(scored_before) if r.source == "all"))

# %% [markdown]
# ## 5. Train
#
# The same from a command line, where a run that was killed goes on when the command is given again:
#
#     forensics train practice.toml --data pictures --out run --init starter
#
# What came out names what it came from, so that a report on it can. A branch of statistics, if the weights have one,
# is not trained but fitted. With `statistics.pairs = 0` it is kept as it was, as here; with some thousand pairs it is fitted
# to your pictures alone, keeps nothing of the initial weights, and a warning says so.

# %%
from forensics.models.weights import read_manifest
from forensics.training.loop import train

files = train(config, training, folder / "run", workers=0, init=weights)
record = read_manifest(files[-1]).training
print([path.name for path in files], record, sep="\n")
assert record["init_sha256"] == weights.sha256

# %% [markdown]
# The log, as `forensics plot run --out curves.html` draws it into a file. Look for losses that are not numbers or
# that rise. The AUC here is taken inside training batches, on pairs the branches are learning from: it cannot show
# how well they do on other pictures, and a gain in it is not a result.

# %%
from forensics.training.plots import draw_log, read_log

rows = read_log(folder / "run" / "log.jsonl")
assert rows[-1]["step"] == STEPS
draw_log(rows)

# %% [markdown]
# ## 6. Measure again, and read it

# %%
after = fx.load_detector(folder / "run", judgement="mean", views=views)
scored_after = scoring.usable(scoring.score_labelled(after, withheld, deliveries=["JPEG 75"]))
print(comparison.auc_table(r for r in comparison.auc_rows(scored_after) if r.source == "all"))
pairs = list(zip(scored_before, scored_after, strict=True))
moved = [abs(b.joint - a.joint) for b, a in pairs]
print(len(pairs), "pictures of", {a.source for _, a in pairs})
print(f"joint log-odds moved by {max(moved):.2f} at most, {sum(moved) / len(moved):.2f} in the mean")
assert max(moved) > 0

# %% [markdown]
# **What this run shows:** the folder, the configuration and the weights fit together; the training started from the
# weights named above; it moved the scores.
#
# **What it does not show:** whether the new weights are better or worse.
#
# - The number of withheld pictures stands above. The interval beside an AUC comes from drawing *these* again, and where
#   all fakes happen to lie above all originals it shrinks to a point. It knows nothing of a second camera.
# - They are parts of a single photograph and its copies. Pictures of one source resemble each other, so that more
#   parts would not be more evidence; other cameras and other generators would.
# - The withheld fakes were made by a maker that the training stream uses too. That is easier than any case.
# - Looking at a withheld source, changing the configuration and looking again turns it into a training source. Keep
#   one that is looked at once, at the end.
#
# **For a real run:** originals of many cameras and fakes of several generators, in numbers like those that the
# shipped weights were trained with (printed in section 2), at least two sources of originals withheld, and the audit
# passed. Then
# `forensics evaluate practice.toml --data pictures --weights run --companion run/companion.json` prints false
# alarms by source, what saving and resizing change, and every family of forgeries, and fits the joint judgement. The
# comparison to make is that table for both weights, on tiles of one side (`forensics weights show` prints which). Even
# then a score has no meaning as evidence before it is
# calibrated on pictures like those of the case.
