"""One branch: residual channels from pixels, then a network; and the registry of branch architectures.

A builder takes JSON values and returns a `Branch`, so that a weights file can name its architecture and arguments
and nothing else is needed to build it again.
"""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor, nn

from forensics.registry import Registry

__all__ = ["BRANCHES", "Branch", "BranchBuilder", "ChannelStack"]


class ChannelStack(Protocol):
    """A module from pixels (N, 3, S, S) in [0, 1] to channels (N, C, S, S), without trainable parameters."""

    groups: Mapping[str, slice]
    n_channels: int


class Branch(nn.Module):
    """One network with its own residual channels.

    Parameters
    ----------
    channels : nn.Module
        A `ChannelStack`.
    body : nn.Module
        From channels (N, C, S, S) to logits (N, 2) in the order (real, fake).
    attribution_layer : str
        Name of the module, within the branch, whose output is the last feature map; for Grad-CAM.
    passes_gradients : bool
        Whether logits can be differentiated by channels; not where the body counts.
    """

    def __init__(
        self, *, channels: nn.Module, body: nn.Module, attribution_layer: str, passes_gradients: bool = True
    ) -> None:
        super().__init__()
        self.channels = channels
        self.body = body
        self.attribution_layer = attribution_layer
        self.passes_gradients = passes_gradients
        self.get_submodule(attribution_layer)

    @property
    def groups(self) -> Mapping[str, slice]:
        """Channel group name to its channels."""
        return self.channels.groups  # type: ignore[return-value]  # nn.Module hides attribute types

    def forward(self, pixels: Tensor) -> Tensor:
        """Return logits (N, 2), in the order (real, fake), of pixels (N, 3, S, S) in [0, 1]."""
        return self.body(self.channels(pixels))

    def localise(self, channels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits (N, 2) of channels (N, C, S, S), and those of a map of forged places if the body makes one.

        The map has shape (N, 1, S / 4, S / 4); larger means forged.
        """
        with_mask = getattr(self.body, "with_mask", None)
        return with_mask(channels) if callable(with_mask) else (self.body(channels), None)

    def reparameterize(self) -> None:
        """Merge, in place, whatever can be merged without changing the output."""
        for module in self.body.modules():
            merge = getattr(module, "reparameterize", None)
            if callable(merge):
                merge()


class BranchBuilder(Protocol):
    """Builds an untrained branch from JSON values."""

    def __call__(self, **arguments: object) -> Branch:
        """Return the branch."""
        ...


BRANCHES: Registry[BranchBuilder] = Registry("branches")
