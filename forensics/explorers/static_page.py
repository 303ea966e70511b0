"""An explorer as one page without scripts: what each tab would show at first."""

from collections.abc import Callable, Mapping

from forensics.explorers.drawing.html_parts import (
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
from forensics.explorers.picture_parts import Square, place_words
from forensics.explorers.python_lines import code_line
from forensics.explorers.session import Session
from forensics.explorers.state import TABS, State, update
from forensics.explorers.tabs.compare import compare_html
from forensics.explorers.tabs.residuals import reference_words, residual_layers, residual_rows
from forensics.explorers.tabs.why import counts_blocks, explained_html
from forensics.report.blocks import paragraph
from forensics.residuals import RESIDUALS

__all__ = ["static_html"]

SIDE = 256  # pixels of the pictures in the page, so that it stays below 1.5 MB
HIDDEN = "Pictures are left out of this copy."


def static_html(session: Session, *, redact: bool) -> str:
    """Return the page of an explorer.

    Parameters
    ----------
    session : Session
    redact : bool
        Leave out every pixel of the exhibits.
    """
    state = _small(session.state)
    makers: Mapping[str, Callable[[], str]] = {
        "overview": lambda: overview_html(session.finding, session.detector.scale) + scores_html(session.finding),
        "residuals": lambda: blocks_html([paragraph(HIDDEN)]) if redact else _residuals(session, state),
        "why": lambda: _why(session, outlines=not redact),
        "robustness": lambda: robustness_html(session.finding),
        "metadata": lambda: metadata_html(session.finding),
        "compare": lambda: compare_html(session.finding, session.other, alone="No second picture was compared."),
        "report": lambda: (
            session.written or blocks_html([paragraph("No report was written yet. The line below writes one.")])
        ),
    }
    parts = [
        f'<section class="fx"><h2>{title}</h2>{makers[name]()}{code_html(code_line(update(state, tab=name)))}</section>'
        for name, title in TABS.items()
    ]
    head = f'<div class="fx"><h3>{safe(session.finding.evidence.name)}</h3></div>{session.background.message.value}'
    return f"{style()}{head}{''.join(parts)}"


def _why(session: Session, *, outlines: bool) -> str:
    """Return how much the branches count, and what was explained."""
    counts = blocks_html(counts_blocks(session.finding, session.state.branch))
    return counts + explained_html(
        session.why, session.finding, outlines=outlines, nothing="Nothing was explained here."
    )


def _residuals(session: Session, state: State) -> str:
    evidence = session.finding.evidence
    residual = RESIDUALS[state.residual]
    box = state.square.box(state.subject)
    references = session.references or ()
    layers = residual_layers(evidence, box, state, references)
    figures = "".join(
        image_html(layer.pixels, alt=layer.alt, caption=f"{layer.name}. {layer.alt}", exact=k > 0)
        for k, layer in enumerate(layers)
    )
    read = blocks_html([paragraph(f"Look at: {residual.look_at}"), paragraph(f"Ignore: {residual.ignore}")])
    table = amounts_html(
        residual_rows(evidence, box, state, references),
        residual,
        f"{residual.title}, {'marked region' if state.region else 'part shown'}, {place_words(state.region or box)}; channel "
        f"“{residual.channels[state.channel]}”. {reference_words(references, pending=session.references is None)}",
    )
    return f'<div class="figures">{figures}</div>{bar_html(residual, state.gain)}{read}{table}'


def _small(state: State) -> State:
    """Return the state with the middle of the part that is shown; a region that does not lie in it goes."""
    square = state.square
    side = min(SIDE, square.side)
    inner = Square(left=square.left + (square.side - side) // 2, top=square.top + (square.side - side) // 2, side=side)
    return update(state, square=inner)
