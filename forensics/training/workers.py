"""What a process that makes or scores pictures beside the main one has to do first."""

import cv2

__all__ = ["one_thread"]


def one_thread(number: int) -> None:
    """Keep OpenCV in a forked process from waiting for the threads of its parent, which are not there.

    Parameters
    ----------
    number : int
        Of the process, as a ``DataLoader`` gives it.
    """
    del number
    cv2.setNumThreads(1)
