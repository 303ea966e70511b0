"""Controls that are labelled and say what they do, and the shape that all tabs have."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import ipywidgets as w

from forensics.explorers.python_lines import Picked

__all__ = ["CheckList", "FilePicker", "Tab", "button", "control", "on_change", "page", "row", "set_options"]

LABEL = {"description_width": "6.5rem"}
WIDE = "22rem"


class Tab(Protocol):
    """One tab."""

    box: w.VBox

    def refresh(self) -> None:
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
        on_change(self.upload, self._uploaded)
        on_change(self.path, self._typed)
        self.box = row(self.upload, self.path)

    def _uploaded(self, files: Sequence[Any]) -> None:
        for file in files:
            self._pick((str(file["name"]), bytes(file["content"])))
        if files:
            self.upload.value = ()  # so that the same file can be picked again

    def _typed(self, path: str) -> None:
        if path.strip():
            self._pick(Path(path.strip()).expanduser())


def control(
    kind: type[w.Widget],
    description: str,
    tooltip: str,
    tell: Callable[[Any], None],
    *,
    width: str = WIDE,
    **options: Any,
) -> Any:
    """Return a labelled control of that kind, which tells each new value; a slider or a text when it is let go."""
    if "continuous_update" in kind.class_trait_names():
        options["continuous_update"] = False
    layout = {"width": width, "max_width": "100%"}
    made = kind(description=description, tooltip=tooltip, style=LABEL, layout=layout, **options)
    return on_change(made, tell)


def button(description: str, tooltip: str, press: Callable[[], None]) -> w.Button:
    """Return a button."""
    made = w.Button(description=description, tooltip=tooltip, layout={"width": "auto"})
    made.on_click(lambda _: press())
    return made


def on_change(widget: Any, tell: Callable[[Any], None]) -> Any:
    """Return the control, which tells each new value."""
    widget.observe(lambda change: tell(change["new"]), names="value")
    return widget


def set_options(widget: Any, options: Sequence[tuple[str, Any]], value: Any) -> None:
    """Let a list offer these (words, value) and show one; options that stay are not sent again."""
    if tuple(widget.options) != tuple(options):
        widget.options = options
    widget.value = value


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
        self.options: tuple[tuple[str, Any], ...] = ()
        self.items = w.HBox(layout={"flex_flow": "row wrap", "width": "100%", "max_width": "50rem"})
        label = w.Label(
            description, layout={"width": LABEL["description_width"], "display": "flex", "justify_content": "flex-end"}
        )
        self.box = w.HBox([label, self.items], layout={"width": "100%", "align_items": "flex-start"})

    def show(self, options: Sequence[tuple[str, Any]], chosen: Sequence[Any]) -> None:
        """Show these (words, value), with the chosen values in."""
        if tuple(options) != self.options:
            self.options = tuple(options)
            self.items.children = [self._item(words) for words, _ in options]
        for item, (_, value) in zip(self.items.children, self.options, strict=True):
            item.value = value in chosen

    def _item(self, words: str) -> w.Checkbox:
        layout = {"width": self._width, "max_width": "100%"}
        return on_change(
            w.Checkbox(description=words, tooltip=self._tooltip, indent=False, layout=layout),
            lambda _: self._tell(
                tuple(v for item, (_, v) in zip(self.items.children, self.options, strict=True) if item.value)
            ),
        )


def row(*children: w.Widget) -> w.HBox:
    """Return widgets beside each other, below each other where there is no room."""
    return w.HBox(list(children), layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "0 8px"})


def page() -> w.HTML:
    """Return a place for a page of words."""
    return w.HTML(layout={"width": "100%", "margin": "0"})
