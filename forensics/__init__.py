"""Examine photographs that may be deepfakes, and report what was found in a way that holds up.

The public names below are loaded when first used, so that ``import forensics`` is fast and needs no torch.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
