"""What has to be done before processes that make or score pictures are forked."""

import cv2

__all__ = ["ready_to_fork"]


def ready_to_fork(workers: int) -> int:
    """Stop OpenCV's threads, for which a forked process would wait for ever, and return `workers`.

    OpenCV stays at one thread in this process too; what it does here is light.
    """
    if workers:
        cv2.setNumThreads(1)
    return workers
