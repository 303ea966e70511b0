"""Long work beside a notebook: one piece at a time, with a bar, words and a button that stops it."""

import logging
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeAlias, TypeVar

import ipywidgets as w

from forensics.errors import Cancelled, ForensicsError
from forensics.explorers.drawing.html_parts import problem_html, safe

__all__ = ["Background", "Progress", "Work", "headless"]

T = TypeVar("T")
Progress: TypeAlias = Callable[[int, int], None]
Work: TypeAlias = Callable[[Progress, Event], T]

STEPS = 200  # of the bar; a message to the browser is sent when it moves, no more often
logger = logging.getLogger(__name__)


def headless() -> bool:
    """Whether ``FORENSICS_HEADLESS`` is set: work is done at once and shown as a page, as in tests of notebooks."""
    return os.environ.get("FORENSICS_HEADLESS", "") not in ("", "0")


class Background:
    """Does one piece of work at a time in a thread of its own, or at once where `headless`.

    Parameters
    ----------
    changed : callable
        Called when work begins and when it ends, however it does, so that buttons can follow.

    Attributes
    ----------
    box : ipywidgets.Widget
        The bar with its words and its button, and the message that is left when work ends; shown while there is either.
    busy : bool
        Whether work is being done.
    cancel : threading.Event
        Of the work that runs; the button sets it.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self.cancel = Event()
        self.busy = False
        self._changed = changed
        self.bar = w.IntProgress(value=0, min=0, max=STEPS, layout={"width": "16rem"})
        self.words = w.HTML()
        self.button = w.Button(description="Cancel", tooltip="Stop this work; nothing that is shown changes")
        self.message = w.HTML()
        self._line = w.HBox([self.bar, self.words, self.button], layout={"display": "none", "align_items": "center"})
        self.box = w.VBox([self._line, self.message])
        self.button.on_click(lambda _: self.stop())
        self._future: Future[object] | None = None
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="explorer")

    def stop(self) -> None:
        """Ask the work that runs to stop; it does before its next step."""
        self.cancel.set()
        self.button.disabled = True
        self.words.value = "<span>Stopping …</span>"

    def say(self, problem: Exception | str) -> None:
        """Leave a message in one line; an empty one takes it away. Where `headless`, nobody sees it at once, so it is logged too."""
        self.message.value = problem_html(problem) if str(problem) else ""
        if headless() and str(problem):
            logger.warning("%s", problem)

    def run(self, title: str, work: Work[T], done: Callable[[T], None], *, wait: bool = False) -> None:
        """Do a piece of work, then hand what it returns to `done`.

        Parameters
        ----------
        title : str
            What is being done.
        work : callable
            Called with a function that takes (done, total), and with the event that asks it to stop.
        done : callable
            Called with the result, from the thread that worked. Not called if the work failed or was stopped.
        wait : bool
            Return only when it is done, as a call from a cell wants it.
        """
        if self.busy:
            self.say("Something is still being worked on. Wait for it, or cancel it.")
            return
        cancel = self.cancel = Event()
        self.say("")
        self.bar.value, self.button.disabled = 0, False
        self.words.value = f"<span>{safe(title)} …</span>"
        self._line.layout.display = "flex"

        self.busy = True

        def whole() -> None:
            try:
                result = work(self._moved, cancel)
                if cancel.is_set():
                    raise Cancelled("Cancelled; nothing was changed.")
                self.busy = False
                done(result)
            except Cancelled:
                self.say("Cancelled; nothing was changed.")
            except ForensicsError as err:
                self.say(err)
            finally:
                self.busy = False
                self._line.layout.display = "none"
                self._changed()

        if headless():
            whole()
            return
        self._changed()
        self._future = self._pool.submit(whole)
        self._future.add_done_callback(self._unforeseen)
        if wait:
            self.wait()

    def wait(self, timeout: float | None = None) -> None:
        """Return when no work is left; an interrupt of the kernel stops the work."""
        if self._future is not None:
            try:
                self._future.result(timeout)
            except KeyboardInterrupt:
                self.stop()
                raise

    def _moved(self, done: int, total: int) -> None:
        value = min(STEPS, STEPS * done // max(1, total))
        if value != self.bar.value:
            self.bar.value = value

    def _unforeseen(self, future: "Future[object]") -> None:
        """Say what nobody thought of; without this it would be lost with the thread."""
        error = future.exception()
        if error is not None:
            logger.error("work in the background failed", exc_info=error)
            self.say(f"Failed: {type(error).__name__}: {error}. Please report this.")
