from .attribution import attribute as attribute
from .detector import Detector as Detector
from .detector import ErrorRow as ErrorRow
from .detector import load_detector as load_detector
from .errors import AttributionError as AttributionError
from .errors import CalibrationError as CalibrationError
from .errors import EvidenceError as EvidenceError
from .errors import ForensicsError as ForensicsError
from .errors import ModelError as ModelError
from .errors import WeightsMismatchError as WeightsMismatchError
from .explorers import explore as explore
from .redaction import Redaction as Redaction
from .report import Case as Case
from .report import verify_report as verify_report
from .report import write_report as write_report
from .residuals import RESIDUALS as RESIDUALS
from .residuals import residual_maps as residual_maps
from .types import Attribution as Attribution
from .types import BranchScores as BranchScores
from .types import Caveat as Caveat
from .types import Evidence as Evidence
from .types import Finding as Finding
from .types import LikelihoodRatio as LikelihoodRatio
from .types import Limits as Limits
from .types import VerbalScale as VerbalScale

__version__: str
