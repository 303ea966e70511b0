"""What makes a run repeatable: digests, the record of the machine and software, deterministic computation."""

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from forensics.types import RunRecord
from forensics.version import __version__

__all__ = ["RunRecord", "deterministic", "file_sha256", "machine", "record_run", "utc_now"]

# All that can change a number in a finding.
DECISIVE = ("numpy", "opencv-python", "pillow", "pillow-heif", "timm", "torch")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def utc_now() -> datetime:
    """Return the present in UTC, whole seconds."""
    return datetime.now(tz=UTC).replace(microsecond=0)


def record_run(
    *,
    now: datetime,
    weights: Mapping[str, str],
    settings: Mapping[str, str | int | float | bool | None],
    device: str,
) -> RunRecord:
    """Return the record of one examination on this machine.

    Parameters
    ----------
    now : datetime
        Aware; written in UTC.
    weights, settings : mapping
        As in `RunRecord`.
    device : str
        ``"cpu"`` or ``"cuda:0"``.

    Raises
    ------
    ValueError
        If `now` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone. Pass datetime.now(tz=UTC).")
    return RunRecord(
        examined_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        software=_software(),
        platform={**machine(), "device": device},
        weights=weights,
        settings=settings,
    )


@cache
def _software() -> dict[str, str]:
    found = {"forensics": __version__, "python": platform.python_version()}
    for name in DECISIVE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


@cache
def machine() -> dict[str, str]:
    """Return what this machine is, in the words of a `RunRecord`."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


@contextmanager
def deterministic() -> Iterator[None]:
    """Make torch compute the same bits for the same input on this machine; restore its flags afterwards."""
    import torch

    algorithms = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    try:
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
        yield
    finally:
        torch.use_deterministic_algorithms(algorithms, warn_only=warn_only)
        torch.backends.cudnn.benchmark = benchmark
