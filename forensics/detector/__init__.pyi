from .examining import Detector as Detector
from .finding import Finding as Finding
from .loading import load_detector as load_detector
from .loading import starter_files as starter_files
from .pictures import ErrorRow as ErrorRow
