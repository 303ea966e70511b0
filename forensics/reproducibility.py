"""What makes a run repeatable: digests, the record of the machine and software, deterministic computation."""

import hashlib
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from forensics import __version__
from forensics.records.arrays import keep_copies

__all__ = [
    "RunRecord",
    "deterministic",
    "file_sha256",
    "joint_sha256",
    "lock_sha256",
    "machine",
    "processor_features",
    "record_run",
    "utc_now",
]

# All that can change a number in any finding; `record_run` is told what else took part.
DECISIVE = ("numpy", "opencv-python", "pillow", "pillow-heif", "torch")
CPUINFO = Path("/proc/cpuinfo")  # Linux
LOCK = "requirements.lock"
# Instructions that decide how fast networks can be computed, by their names in Linux.
FEATURES = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16")
_512 = tuple(feature for feature in FEATURES if feature.startswith(("avx512", "amx")))
HELD_BACK = {
    "SSE41": ("avx2", *_512),
    "AVX": ("avx2", *_512),
    "AVX2": _512,
    "AVX2_VNNI": _512,
    "AVX2_VNNI_2": _512,
    "AVX512_CORE": _512[1:],
    "AVX512_CORE_VNNI": _512[2:],
    "AVX512_CORE_BF16": _512[3:],
    "AVX512_CORE_FP16": _512[3:],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is needed to repeat an examination.

    Parameters
    ----------
    examined_at : str
        UTC, ISO 8601, whole seconds. The only field that differs between two runs on one machine.
    software : mapping of str to str
        Package to version, for all that can change a number.
    platform : mapping of str to str
        Operating system, machine, processor, device.
    weights : mapping of str to str
        Weights name, digest, licence, and the digest of each branch.
    settings : mapping of str to JSON scalars
        Everything that was set: mode, view scheme, tile size, cap, threads.
    """

    examined_at: str
    software: Mapping[str, str]
    platform: Mapping[str, str]
    weights: Mapping[str, str]
    settings: Mapping[str, str | int | float | bool | None]

    def __post_init__(self) -> None:
        keep_copies(self)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def lock_sha256() -> str:
    """Return the digest of the list of dependencies that this version was tested with; empty if it is not at hand."""
    places = (
        Path(__file__).parent / "assets" / LOCK,
        Path(__file__).parents[1] / LOCK,
    )  # installed; beside the sources
    return next((file_sha256(place) for place in places if place.is_file()), "")


def joint_sha256(digests: Iterable[str]) -> str:
    """Return one digest for several files: the file's own if it is one, else that of the sorted digests, one a line."""
    ordered = sorted(digests)
    return ordered[0] if len(ordered) == 1 else hashlib.sha256("\n".join(ordered).encode()).hexdigest()


def utc_now() -> datetime:
    """Return the present in UTC, whole seconds."""
    return datetime.now(tz=UTC).replace(microsecond=0)


def record_run(
    *,
    now: datetime,
    weights: Mapping[str, str],
    settings: Mapping[str, str | int | float | bool | None],
    device: str,
    also: Sequence[str] = (),
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
    also : sequence of str
        Packages that took part beside those of every examination.

    Raises
    ------
    ValueError
        If `now` has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone. Pass datetime.now(tz=UTC).")
    return RunRecord(
        examined_at=now.astimezone(UTC).isoformat(timespec="seconds"),
        software=_software() | {name: _installed(name) for name in also},
        platform={**machine(), "device": device},
        weights=weights,
        settings=settings,
    )


@cache
def _software() -> dict[str, str]:
    found = {"forensics": __version__, "python": platform.python_version()}
    return found | {name: _installed(name) for name in DECISIVE}


@cache  # the metadata of a package is a file to parse
def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


@cache
def machine() -> dict[str, str]:
    """Return what this machine is, in the words of a `RunRecord`."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "features": ", ".join(processor_features()) or "unknown",
    }


def processor_features() -> tuple[str, ...]:
    """Return which of the instructions in `FEATURES` the processor has; empty where the system does not tell.

    The variable ``ONEDNN_MAX_CPU_ISA``, by which the kernels of PyTorch can be held back, hides what it forbids.
    """
    flags: set[str] = set()
    if CPUINFO.is_file():
        for line in CPUINFO.read_text(errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                flags = set(line.partition(":")[2].split())
                break
    allowed = os.environ.get("ONEDNN_MAX_CPU_ISA", "DEFAULT").upper()
    return tuple(f for f in FEATURES if f in flags and f not in HELD_BACK.get(allowed, ()))


def _processor() -> str:
    if CPUINFO.is_file():
        for line in CPUINFO.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


@contextmanager
def deterministic() -> Iterator[None]:
    """Make torch compute the same bits for the same input on this machine; restore its flags afterwards."""
    import torch

    before = torch.get_deterministic_debug_mode()
    benchmark, tf32 = torch.backends.cudnn.benchmark, torch.backends.cudnn.allow_tf32
    try:
        # The same as use_deterministic_algorithms(True), which imports a compiler and takes a second.
        torch.set_deterministic_debug_mode("error")
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False  # a GPU would round float32 to ten bits
        yield
    finally:
        torch.set_deterministic_debug_mode(before)
        torch.backends.cudnn.benchmark = benchmark
        torch.backends.cudnn.allow_tf32 = tf32
