"""Evidence in, finding out: the one place where loading, views, networks and judgement meet.

The public names are loaded when first used, as ``__init__.pyi`` lists them: reading a finding back needs no torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
