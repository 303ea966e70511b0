"""Examine photographs that may be deepfakes, and report what was found in a way that holds up.

The public names stand in ``__init__.pyi`` and are loaded when first used, so that ``import forensics`` is fast and needs
no torch.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
