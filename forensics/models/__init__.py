"""Networks only: branches, the ensemble, and reading and writing their weights."""

from forensics.models import architectures as _architectures  # registers the built-in branches
from forensics.models.branch import BRANCHES, Branch
from forensics.models.ensemble import Ensemble
from forensics.models.networks import statistics as _statistics
from forensics.models.networks import traced as _traced
from forensics.models.weights import read_weights, write_weights

__all__ = ["BRANCHES", "Branch", "Ensemble", "read_weights", "write_weights"]

del _architectures, _statistics, _traced
