from .attribution import attribute as attribute
from .attribution.record import Attribution as Attribution
from .calibration.likelihood import LikelihoodRatio as LikelihoodRatio
from .calibration.likelihood import VerbalScale as VerbalScale
from .detector import Detector as Detector
from .detector import ErrorRow as ErrorRow
from .detector import load_detector as load_detector
from .detector import read_findings as read_findings
from .detector.finding import Finding as Finding
from .errors import AttributionError as AttributionError
from .errors import CalibrationError as CalibrationError
from .errors import EvidenceError as EvidenceError
from .errors import ForensicsError as ForensicsError
from .errors import ModelError as ModelError
from .errors import WeightsMismatchError as WeightsMismatchError
from .evidence.record import Evidence as Evidence
from .evidence.record import Limits as Limits
from .explorers import explore as explore
from .messages import Caveat as Caveat
from .redaction import Redaction as Redaction
from .report import Case as Case
from .report import verify_report as verify_report
from .report import write_report as write_report
from .residuals import RESIDUALS as RESIDUALS
from .residuals import residual_maps as residual_maps
from .scores import BranchScores as BranchScores

__version__: str
