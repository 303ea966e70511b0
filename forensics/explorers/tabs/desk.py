"""What tabs share: the desk they stand on, and controls that are labelled and say what they do."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import ipywidgets as w

from forensics.attribution.record import Attribution
from forensics.detector import Detector
from forensics.detector.finding import Finding
from forensics.evidence.record import Evidence
from forensics.explorers.background import Background
from forensics.explorers.events import Event
from forensics.explorers.references import Reference
from forensics.explorers.state import State

__all__ = ["CheckList", "Desk", "FilePicker", "Picked", "Tab", "button", "choice", "page", "row", "slider", "told"]

Picked: TypeAlias = Path | tuple[str, bytes]  # a path, or name and bytes of an upload
LABEL = {"description_width": "6.5rem"}
WIDE = "22rem"


class Desk(Protocol):
    """The explorer, as its tabs see it."""

    detector: Detector
    finding: Finding
    other: Finding | None
    why: list[Attribution]
    written: str
    state: State
    background: Background

    @property
    def references(self) -> tuple[Reference, ...] | None:
        """Matched pictures of known origin; None until they are there. They are made when first asked for."""

    def send(self, event: Event) -> None:
        """Change the state, and show what changed."""

    def refresh(self) -> None:
        """Show the tab that is in view anew."""

    def explain(self, *, wait: bool = True) -> None:
        """Compute the attribution that is chosen."""

    def deliver(self, *, wait: bool = True) -> None:
        """Examine all copies of the exhibit."""

    def compare(self, picture: str | Evidence | Picked, *, wait: bool = True) -> None:
        """Examine a second exhibit."""

    def export(self, path: str | Path | None = None, *, wait: bool = True) -> None:
        """Write the report and verify it."""


class Tab(Protocol):
    """One tab."""

    box: w.VBox

    def refresh(self, desk: Desk) -> None:
        """Show what the state asks for."""


class FilePicker:
    """A button that takes a file, and a line that takes a path.

    Parameters
    ----------
    what : str
        What is picked, as in ``Pick a picture``.
    pick : callable
        Called with a path, or with the name and the bytes of an upload.
    """

    def __init__(self, what: str, pick: Callable[[Picked], None]) -> None:
        self.upload = w.FileUpload(
            description=what,
            icon="",
            multiple=False,
            tooltip=f"{what} of up to about 8 MB; type the path of larger ones. It stays on this machine.",
            layout={"width": "12rem"},
        )
        self.path = w.Text(
            description="or its path",
            placeholder="folder/picture.jpg, then Enter",
            continuous_update=False,
            tooltip="Path of a picture on the machine that runs the notebook; press Enter to examine it",
            style={"description_width": "5rem"},
            layout={"width": "24rem", "max_width": "100%"},
        )
        self._pick = pick
        self.upload.observe(self._uploaded, names="value")
        self.path.observe(self._typed, names="value")
        self.box = row(self.upload, self.path)

    def _uploaded(self, change: Any) -> None:
        for file in change["new"]:
            self._pick((str(file["name"]), bytes(file["content"])))
        if change["new"]:
            self.upload.value = ()  # so that the same file can be picked again

    def _typed(self, change: Any) -> None:
        if change["new"].strip():
            self._pick(Path(change["new"].strip()).expanduser())


def choice(description: str, tooltip: str, options: Sequence[Any], tell: Callable[[Any], None]) -> w.Dropdown:
    """Return a drop-down list that tells what was chosen."""
    return told(
        w.Dropdown(
            options=options,
            description=description,
            tooltip=tooltip,
            style=LABEL,
            layout={"width": WIDE, "max_width": "100%"},
        ),
        tell,
    )


def slider(description: str, tooltip: str, tell: Callable[[Any], None], **options: Any) -> w.IntSlider:
    """Return a slider of whole numbers that tells its value when it is let go."""
    made = w.IntSlider(
        description=description,
        tooltip=tooltip,
        continuous_update=False,
        style=LABEL,
        layout={"width": WIDE, "max_width": "100%"},
        **options,
    )
    return told(made, tell)


def button(description: str, tooltip: str, press: Callable[[], None]) -> w.Button:
    """Return a button."""
    made = w.Button(description=description, tooltip=tooltip, layout={"width": "auto"})
    made.on_click(lambda _: press())
    return made


def told(control: Any, tell: Callable[[Any], None]) -> Any:
    """Return the control, which tells each new value."""
    control.observe(lambda change: tell(change["new"]), names="value")
    return control


class CheckList:
    """A list of things each of which can be in or out.

    Parameters
    ----------
    description, tooltip : str
    tell : callable
        Called with the values that are in, in order.
    width : str
        Of one of them.
    """

    def __init__(
        self, description: str, tooltip: str, tell: Callable[[tuple[Any, ...]], None], *, width: str = "15.5rem"
    ) -> None:
        self._tooltip, self._tell, self._width = tooltip, tell, width
        self._filling = False
        self.options: tuple[tuple[str, Any], ...] = ()
        self.items = w.HBox(layout={"flex_flow": "row wrap", "width": "100%", "max_width": "50rem"})
        label = w.Label(
            description, layout={"width": LABEL["description_width"], "display": "flex", "justify_content": "flex-end"}
        )
        self.box = w.HBox([label, self.items], layout={"width": "100%", "align_items": "flex-start"})

    def show(self, options: Sequence[tuple[str, Any]], chosen: Sequence[Any]) -> None:
        """Show these (words, value), with the chosen values in."""
        self._filling = True
        try:
            if tuple(options) != self.options:
                self.options = tuple(options)
                self.items.children = [self._item(words) for words, _ in options]
            for item, (_, value) in zip(self.items.children, self.options, strict=True):
                item.value = value in chosen
        finally:
            self._filling = False

    def _item(self, words: str) -> w.Checkbox:
        made = w.Checkbox(
            description=words, tooltip=self._tooltip, indent=False, layout={"width": self._width, "max_width": "100%"}
        )
        return told(made, lambda _: self._changed())

    def _changed(self) -> None:
        if not self._filling:
            self._tell(tuple(v for item, (_, v) in zip(self.items.children, self.options, strict=True) if item.value))


def row(*children: w.Widget) -> w.HBox:
    """Return widgets beside each other, below each other where there is no room."""
    return w.HBox(list(children), layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 8px"})


def page() -> w.HTML:
    """Return a place for a page of words."""
    return w.HTML(layout={"width": "100%", "margin": "0"})
