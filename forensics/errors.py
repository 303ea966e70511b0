"""Every error the package raises on purpose, as one tree.

::

    ForensicsError
    ├── EvidenceError (ValueError)            a file cannot be read as a picture, or has no pixels at hand
    ├── ModelError (RuntimeError)             a detector cannot be built or run
    │   └── WeightsMismatchError              a weights file does not fit the network
    ├── CalibrationError (ValueError)
    │   └── NotCalibratedError
    ├── AttributionError (ValueError)         an explanation was asked for that there cannot be
    ├── Cancelled                             long work was stopped by whoever asked for it
    ├── RecordError (ValueError)              a record cannot be written as JSON, or read from it
    │   ├── ReportError                       a report cannot be written or read
    │   └── CustodyError                      a custody log, signature, time-stamp or package cannot be written or read
    ├── UnknownNameError (LookupError)        no registered part has that name
    └── MissingExtraError (ImportError)       an optional dependency is not installed

A message says what failed, the value received, the values allowed, and ends with the next step.
"""

__all__ = [
    "AttributionError",
    "CalibrationError",
    "Cancelled",
    "CustodyError",
    "EvidenceError",
    "ForensicsError",
    "MissingExtraError",
    "ModelError",
    "NotCalibratedError",
    "RecordError",
    "ReportError",
    "UnknownNameError",
    "WeightsMismatchError",
]


class ForensicsError(Exception):
    """Base of all errors raised on purpose by this package."""


class EvidenceError(ForensicsError, ValueError):
    """A file cannot be read as a picture within the limits, or its pixels are not at hand."""


class ModelError(ForensicsError, RuntimeError):
    """A detector cannot be built or run."""


class WeightsMismatchError(ModelError):
    """A weights file does not fit the network it was opened for."""


class CalibrationError(ForensicsError, ValueError):
    """Scores cannot be turned into likelihood ratios."""


class NotCalibratedError(CalibrationError):
    """No calibration covers this input."""


class AttributionError(ForensicsError, ValueError):
    """An explanation was asked for that this branch, method or picture cannot give."""


class Cancelled(ForensicsError):
    """Long work was stopped by whoever asked for it; nothing was changed."""


class RecordError(ForensicsError, ValueError):
    """A record cannot be written as JSON, or read from it."""


class ReportError(RecordError):
    """A report cannot be written or read."""


class CustodyError(RecordError):
    """A custody log, a signature, a time-stamp or a package cannot be written or read."""


class UnknownNameError(ForensicsError, LookupError):
    """No registered part has the requested name."""


class MissingExtraError(ForensicsError, ImportError):
    """An optional dependency is not installed."""
