from .examining import Detector as Detector
from .finding import Finding as Finding
from .lines import FindingLines as FindingLines
from .lines import read_findings as read_findings
from .loading import load_detector as load_detector
from .loading import starter_files as starter_files
from .pictures import ErrorRow as ErrorRow
