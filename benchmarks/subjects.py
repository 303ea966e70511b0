"""What is timed: photographs of any size, and the full-size ensemble in the published arrangement and in ours."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import nn

from forensics.models import BRANCHES, write_weights
from forensics.models.branch import Branch
from forensics.models.networks.depthwise import DepthwiseConv
from forensics.models.weights import BranchSpec, Manifest
from forensics.views import FixedFrame

FULL_SIZE = {
    "convnext": ("reference_convnext", {"depths": [3, 3, 27, 3], "widths": [128, 256, 512, 1024]}),
    "replknet": (
        "reference_replknet",
        {"kernel_sizes": [31, 29, 27, 13], "layers": [2, 2, 18, 2], "widths": [128, 256, 512, 1024]},
    ),
}
MEGAPIXELS = {1: (1152, 864), 2: (1632, 1224), 12: (4000, 3000), 48: (8000, 6000)}


def photograph(megapixels: int) -> np.ndarray:
    """Return a real photograph mirrored side by side up to the size: content does not change the work."""
    width, height = MEGAPIXELS[megapixels]
    pixels = np.asarray(load_sample_image("china.jpg"))
    more = ((0, max(0, height - pixels.shape[0])), (0, max(0, width - pixels.shape[1])), (0, 0))
    return np.ascontiguousarray(np.pad(pixels, more, mode="symmetric")[:height, :width])


def jpeg(pixels: np.ndarray) -> bytes:
    """Return the picture as a JPEG of quality 92."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def full_size_branches() -> dict[str, Branch]:
    """Return ConvNeXt-B and RepLKNet-31B with weights drawn from a fixed seed; none were ever published."""
    torch.manual_seed(0)
    return {name: BRANCHES[architecture](**arguments) for name, (architecture, arguments) in FULL_SIZE.items()}


@contextmanager
def full_size_weights() -> Iterator[Path]:
    """Give a folder with weights of the full-size ensemble."""
    with tempfile.TemporaryDirectory() as folder:
        for name, branch in full_size_branches().items():
            architecture, arguments = FULL_SIZE[name]
            manifest = Manifest(
                name="full size, random weights",
                branches={name: BranchSpec(architecture=architecture, arguments=arguments)},
                scheme=FixedFrame(),
                licence="none",
            )
            write_weights(Path(folder) / f"{name}.safetensors", branches={name: branch}, manifest=manifest)
        yield Path(folder)


def as_published(module: nn.Module) -> None:
    """Give large kernels back to `nn.Conv2d`, in place: un-merged, in the default layout."""
    for name, child in module.named_children():
        if isinstance(child, DepthwiseConv):
            plain = nn.Conv2d(
                child.in_channels, child.out_channels, child.kernel_size, padding=child.padding, groups=child.groups,
                bias=child.bias is not None,
            )  # fmt: skip
            plain.load_state_dict(child.state_dict())
            setattr(module, name, plain)
        else:
            as_published(child)
    module.to(memory_format=torch.contiguous_format).eval().requires_grad_(False)
