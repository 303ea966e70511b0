"""What belongs to the whole process: the number of threads of one operation, and memory that nobody uses any more."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import RLock

import torch

__all__ = ["return_freed_memory", "threads_per_operation"]

_LOCK = RLock()  # the number belongs to the whole process

# A forked process has none of the threads of the one it comes from, and PyTorch would wait for them for ever.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=partial(torch.set_num_threads, 1))


@contextmanager
def threads_per_operation(n: int) -> Iterator[None]:
    """Let an operation use `n` threads; one caller at a time, others wait."""
    with _LOCK:
        before = torch.get_num_threads()
        torch.set_num_threads(n)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library keeps it: 0.3 GB after a full ensemble is fused."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)
