"""Losses of a training step: of classes, of ranks inside pairs, and of places."""

import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.training.config import LossConfig

__all__ = ["batch_auc", "mask_loss", "pair_loss"]


def pair_loss(logits: Tensor, independent: Tensor, settings: LossConfig) -> Tensor:
    """Cross-entropy, and a ranking term on independently drawn pairs.

    With identical post-processing any pair can be ranked by sharpness or file size alone, so those pairs are left out
    of the ranking.
    """
    n = len(independent)
    labels = torch.arange(2, device=logits.device).repeat_interleave(n)
    loss = F.cross_entropy(logits, labels, label_smoothing=settings.smoothing)
    log_odds = logits[:, 1] - logits[:, 0]
    gap = log_odds[n:] - log_odds[:n]
    if bool(independent.any()):
        loss = loss + settings.rank * F.softplus(settings.rank_margin - gap[independent]).mean()
    return loss


def mask_loss(mask: Tensor, truth: Tensor) -> Tensor:
    """Return cross-entropy over all places, and one minus the Dice coefficient of the forged members."""
    truth = F.interpolate(truth, size=mask.shape[-2:], mode="area")
    entropy = F.binary_cross_entropy_with_logits(mask, truth)
    half = len(mask) // 2
    p, t = torch.sigmoid(mask[half:]), truth[half:]
    dice = 2 * (p * t).sum(dim=(1, 2, 3)) / ((p * p + t * t).sum(dim=(1, 2, 3)) + 1.0)
    return entropy + 0.5 * (1.0 - dice).mean()


def batch_auc(logits: Tensor) -> float:
    """Return the AUC of the forged half of a batch against the half of originals; ties count half."""
    n = len(logits) // 2
    z = (logits[:, 1] - logits[:, 0]).double()
    return float(((z[n:, None] > z[None, :n]).double() + 0.5 * (z[n:, None] == z[None, :n])).mean())
