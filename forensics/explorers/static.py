"""An explorer as one page without scripts: what each tab would show at first."""

from collections.abc import Callable, Mapping

from forensics.explorers.events import LookMoved
from forensics.explorers.page import (
    amounts_html,
    bar_html,
    blocks_html,
    code_html,
    image_html,
    metadata_html,
    overview_html,
    robustness_html,
    safe,
    scores_html,
    style,
)
from forensics.explorers.places import Look, place_words
from forensics.explorers.python import code_line
from forensics.explorers.state import TABS, State, replace_tab, update
from forensics.explorers.tabs.compare import compare_html
from forensics.explorers.tabs.desk import Desk
from forensics.explorers.tabs.residuals import reference_words, residual_layers, residual_rows
from forensics.explorers.tabs.why import counts_blocks, explained_html
from forensics.report.blocks import paragraph
from forensics.residuals import RESIDUALS

__all__ = ["static_html"]

SIDE = 256  # pixels of the pictures in the page, so that it stays below 1.5 MB
HIDDEN = "Pictures are left out of this copy."


def static_html(desk: Desk, *, redact: bool) -> str:
    """Return the page of an explorer.

    Parameters
    ----------
    desk : Desk
    redact : bool
        Leave out every pixel of the exhibits.
    """
    state = _small(desk.state)
    makers: Mapping[str, Callable[[], str]] = {
        "overview": lambda: overview_html(desk.finding, desk.detector.scale) + scores_html(desk.finding),
        "residuals": lambda: blocks_html([paragraph(HIDDEN)]) if redact else _residuals(desk, state),
        "why": lambda: _why(desk, outlines=not redact),
        "robustness": lambda: robustness_html(desk.finding),
        "metadata": lambda: metadata_html(desk.finding),
        "compare": lambda: compare_html(desk.finding, desk.other, alone="No second picture was compared."),
        "report": lambda: (
            desk.written or blocks_html([paragraph("No report was written yet. The line below writes one.")])
        ),
    }
    parts = [
        f'<section class="fx"><h2>{title}</h2>{makers[name]()}{code_html(code_line(replace_tab(state, name)))}</section>'
        for name, title in TABS.items()
    ]
    head = f'<div class="fx"><h3>{safe(desk.finding.evidence.name)}</h3></div>{desk.background.message.value}'
    return f"{style()}{head}{''.join(parts)}"


def _why(desk: Desk, *, outlines: bool) -> str:
    """Return how much the branches count, and what was explained."""
    counts = blocks_html(counts_blocks(desk.finding, desk.state.branch))
    return counts + explained_html(desk.why, desk.finding, outlines=outlines, nothing="Nothing was explained here.")


def _residuals(desk: Desk, state: State) -> str:
    evidence = desk.finding.evidence
    residual = RESIDUALS[state.residual]
    box = state.look.box(state.subject)
    references = desk.references or ()
    layers, panel = residual_layers(evidence, box, state, references)
    figures = "".join(
        image_html(layer.pixels, alt=layer.alt, caption=f"{layer.name}. {layer.alt}", exact=k > 0)
        for k, layer in enumerate(layers)
    )
    read = blocks_html([paragraph(f"Look at: {panel.look_at}"), paragraph(f"Ignore: {panel.ignore}")])
    table = amounts_html(
        residual_rows(evidence, box, state, references),
        residual,
        f"{residual.title}, {'marked region' if state.region else 'part shown'}, {place_words(state.region or box)}; channel "
        f"“{residual.channels[state.channel]}”. {reference_words(references, pending=desk.references is None)}",
    )
    return f'<div class="figures">{figures}</div>{bar_html(residual, state.gain)}{read}{table}'


def _small(state: State) -> State:
    """Return the state with the middle of the part that is shown; a region that does not lie in it goes."""
    look = state.look
    side = min(SIDE, look.side)
    inner = Look(left=look.left + (look.side - side) // 2, top=look.top + (look.side - side) // 2, side=side)
    return update(state, LookMoved(inner))
