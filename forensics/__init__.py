"""Examine photographs that may be deepfakes, and report what was found in a way that holds up.

The public names stand in ``__init__.pyi`` and are loaded when first used, so that ``import forensics`` is fast and needs
no torch.
"""

import lazy_loader

from forensics.version import __version__ as __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
