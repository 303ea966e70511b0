"""What belongs to the whole process: threads of one operation, processes beside this one, memory that nobody uses any more."""

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from threading import RLock
from typing import TypeVar

import cv2
import torch
from torch.utils.data import DataLoader

__all__ = ["in_processes", "return_freed_memory", "threads_per_operation"]

T = TypeVar("T")

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


def in_processes(make: Callable[[int], T], numbers: range, *, workers: int) -> Iterator[T]:
    """Return what `make` makes of each number, in order, whichever process makes it.

    Parameters
    ----------
    make : callable
        Depends on nothing but the number.
    numbers : range
    workers : int
        Processes, each with one thread; all is made in this one if 0. OpenCV then keeps to one thread in this process
        too, as a forked process would wait for its threads for ever.
    """
    if workers:
        cv2.setNumThreads(1)
    loader: DataLoader[T] = DataLoader(numbers, batch_size=None, num_workers=workers, collate_fn=make)  # type: ignore[arg-type]  # a range is indexed as a data set is
    return iter(loader)


def return_freed_memory() -> None:
    """Give memory that was freed back to the system, where the C library keeps it: 0.3 GB after a full ensemble is fused."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)
