"""Evidence in, finding out: the one place where loading, views, networks and judgement meet."""

from forensics.detector.examining import Detector
from forensics.detector.loading import load_detector, starter_files
from forensics.detector.pictures import ErrorRow

__all__ = ["Detector", "ErrorRow", "load_detector", "starter_files"]
