"""Why a branch answered so: attributions on captum, each with what was measured of the explanation itself.

The names in ``__init__.pyi`` are loaded when first used: drawing an attribution needs neither torch nor captum.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
