"""Why a branch answered so: attributions on captum, each with what was measured of the explanation itself.

All methods are registered on import. The names in ``__init__.pyi`` are loaded when first used: neither listing the methods nor
drawing an attribution needs torch or captum.
"""

import lazy_loader

from forensics.attribution.methods import catalogue as _catalogue  # registers the methods

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

del _catalogue
