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

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "EXTRAS",
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
    "needed_by",
]

# A module that the core does without -> the distribution that holds it, and the extra in pyproject.toml that brings it.
EXTRAS = {
    "anywidget": ("anywidget", "lab"),
    "av": ("av", "video"),
    "c2pa": ("c2pa-python", "provenance"),
    "captum": ("captum", "explain"),
    "ipywidgets": ("ipywidgets", "lab"),
    "jupyterlab": ("jupyterlab", "lab"),
    "openvino": ("openvino", "fast"),
    "plotly": ("plotly", "lab"),
    "rfc3161_client": ("rfc3161-client", "timestamp"),
    "sklearn": ("scikit-learn", "train"),
    "timm": ("timm", "train"),
}


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
    """An optional dependency is not installed.

    Attributes
    ----------
    distribution : str
        What is missing, by the name under which it is installed.
    extra : str
        The extra that brings it: ``pip install 'forensics[extra]'``.
    """

    distribution = ""
    extra = ""


@contextmanager
def needed_by(what: str) -> Iterator[None]:
    """Name the extra to install when an import within fails for want of one.

    Parameters
    ----------
    what : str
        Subject of the sentence, such as ``"An attribution"``.

    Raises
    ------
    MissingExtraError
        A module of `EXTRAS` is not installed. Other failures stay as they are.

    Examples
    --------
    >>> with needed_by("A plot"):
    ...     raise ModuleNotFoundError(name="plotly.subplots")
    Traceback (most recent call last):
    forensics.errors.MissingExtraError: A plot needs plotly, which is not installed. Next: pip install 'forensics[lab]'.
    """
    try:
        yield
    except ModuleNotFoundError as err:
        module = (err.name or "").partition(".")[0]
        if module not in EXTRAS:
            raise
        distribution, extra = EXTRAS[module]
        missing = MissingExtraError(
            f"{what} needs {distribution}, which is not installed. Next: pip install 'forensics[{extra}]'."
        )
        missing.distribution, missing.extra = distribution, extra
        raise missing from err
