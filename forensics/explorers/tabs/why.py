"""The tab Why: the map of what a branch responded to, what was measured of it, and a second branch beside it."""

import ipywidgets as w

from forensics.attribution import METHODS, compare_branches, draw, usable_methods
from forensics.attribution.record import Attribution
from forensics.detector.finding import Finding
from forensics.errors import ForensicsError
from forensics.evidence.record import Evidence
from forensics.explorers.drawing.html_parts import (
    blocks_html,
    branch_words,
    groups_html,
    image_html,
    safe,
    trust_html,
)
from forensics.explorers.session import Session
from forensics.explorers.state import CHECKS, choose_branch
from forensics.explorers.tabs.controls import button, control, page, row, set_options
from forensics.messages import decimals, signed
from forensics.report.blocks import Block, callout, items, paragraph

__all__ = ["WhyTab", "attribution_html", "counts_blocks", "explained_html"]

HIGHEST = "the one with the highest log-odds"
PRESS = "Choose a branch, a method and a view, and press Explain."
SIDE = 384  # pixels of a map on the screen


class WhyTab:
    """Pickers for branch, method and view, a button that runs the method, and what came of it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        none = [("-", "")]
        self.branch = control(
            w.Dropdown, "Branch", "Which part of the detector is asked", self._choose_branch, options=none
        )
        self.beside = control(
            w.Dropdown,
            "Compare with",
            "A second branch, asked about the same view",
            lambda branch: session.choose(second_branch=branch),
            options=none,
        )
        self.method = control(
            w.Dropdown,
            "Method",
            "How the branch is asked; methods it does not allow are left out",
            lambda method: session.choose(method=method),
            options=none,
        )
        self.view = control(
            w.Dropdown,
            "View",
            "Which look of the detector is explained",
            lambda view: session.choose(view=view or None),
            options=[(HIGHEST, "")],
        )
        self.trust = control(
            w.Dropdown,
            "Checks",
            "quick: some seconds; full: several times as long",
            lambda trust: session.choose(trust=trust),
            options=CHECKS,
        )
        self.run = button(
            "Explain", "Ask the branch; what comes is measured and shown below", lambda: session.explain(wait=False)
        )
        self.about, self.result = page(), page()
        self.box = w.VBox(
            [row(self.branch, self.beside, self.method), row(self.view, self.trust, self.run), self.about, self.result]
        )
        self._shown: object = None

    def refresh(self) -> None:
        """Bind the pickers and show the last attributions."""
        session, state = self._session, self._session.state
        self.run.disabled = session.background.busy or not state.branch
        if not state.branch:
            self.about.value = blocks_html([paragraph("The picture was not scored, so there is nothing to explain.")])
            self.result.value = ""
            return
        branches = [(b, b) for b in state.subject.branches]
        set_options(self.branch, branches, state.branch)
        others = [(words, b) for words, b in branches if b != state.branch]
        set_options(self.beside, [("none", ""), *others], state.second_branch)
        methods = usable_methods(session.detector, state.branch)
        set_options(self.method, [(METHODS[m].title, m) for m in methods], state.method)
        set_options(self.view, [(HIGHEST, ""), *((v, v) for v in state.subject.views)], state.view or "")
        self.trust.value = state.trust
        chosen = METHODS[state.method]
        self.about.value = blocks_html(
            [
                paragraph(f"Look at: {chosen.look_at}"),
                paragraph(f"Ignore: {chosen.ignore} ({chosen.reference})"),
                *counts_blocks(session.finding, state.branch),
            ]
        )
        key = (len(session.why), session.finding, state.hidden)
        if key != self._shown:
            self._shown = key
            self.result.value = explained_html(session.why, session.finding, outlines=not state.hidden)

    def _choose_branch(self, branch: str) -> None:
        methods = usable_methods(self._session.detector, branch) if branch else ()
        self._session.change(lambda state: choose_branch(state, branch, methods))


def counts_blocks(finding: Finding, first: str) -> list[Block]:
    """Return how much each branch counts in the joint score of a finding, the chosen one first."""
    scores = finding.scores
    if scores is None:
        return []
    ordered = sorted(scores.branches, key=lambda branch: branch != first)
    return [items(branch_words(scores, branch) for branch in ordered)]


def explained_html(
    attributions: list[Attribution], finding: Finding, *, outlines: bool = True, nothing: str = PRESS
) -> str:
    """Return the last attribution, beside the one before if that is of the same view, and a list of all.

    Parameters
    ----------
    attributions : list of Attribution
    finding : Finding
        Of the picture they are of.
    outlines : bool
        Whether the outlines of the picture are drawn under the maps.
    nothing : str
        What is said where there is none.
    """
    if not attributions:
        text = f"{nothing} A map says what the branch responded to; it is no map of forged places."
        return blocks_html([paragraph(text)])
    evidence = finding.evidence if outlines else None
    last, before = attributions[-1], attributions[-2:-1]
    pair = [a for a in before if _comparable(a, last)] + [last]
    shares = {} if finding.scores is None else finding.scores.shares
    shown = "".join(attribution_html(a, evidence, counts=shares.get(a.branch)) for a in pair)
    parts = [f'<div class="fx pair">{shown}</div>', groups_html(pair)]
    if len(pair) == 2:
        parts.append(_agreement(*pair))
    rows = [
        f"why[{k}]: {a.branch}, {METHODS[a.method].title}, {a.view}: {a.trust.words}"
        for k, a in enumerate(attributions)
    ]
    return "".join(parts) + blocks_html([paragraph("All attributions so far, for the report:"), items(rows)])


def attribution_html(attribution: Attribution, evidence: Evidence | None, *, counts: float | None = None) -> str:
    """Return one attribution: its map, if it has one, with its trust checks beside it; `counts` is the share of its branch."""
    share = "" if counts is None else f" <small>counts {decimals(100 * counts, 0)} percent in the joint score</small>"
    head = f"<h4>{safe(attribution.branch)}: {safe(METHODS[attribution.method].title)}{share}</h4>"
    picture = ""
    if attribution.part is not None:
        drawing = draw(attribution, evidence=evidence, side=SIDE)
        picture = image_html(drawing.pixels, alt=drawing.alt, caption=drawing.caption) + (
            f'<p class="key"><span>{safe(drawing.low)}</span><span class="ramp signed"></span><span>{safe(drawing.high)}</span></p>'
        )
    facts = f"Log-odds of the branch on this view {decimals(attribution.output, 2)}"
    if attribution.reference is not None:
        facts += f"; of the baseline “{attribution.baseline}” {decimals(attribution.reference, 2)}"
        facts += f", a difference of {signed(attribution.output - attribution.reference)}"
    if "view chosen" in attribution.settings:
        facts += f". Of the views it is {attribution.settings['view chosen']}, the one most in favour of ‘fake’"
    words = blocks_html([paragraph(f"{facts}. {attribution.seconds:.1f} s.")])
    return f'<div class="explained">{head}<div class="map">{picture}{words}</div><div class="trust">{trust_html(attribution.trust)}</div></div>'


def _comparable(one: Attribution, other: Attribution) -> bool:
    return (one.evidence_sha256, one.view) == (other.evidence_sha256, other.view) and one.branch != other.branch


def _agreement(one: Attribution, other: Attribution) -> str:
    try:
        words = compare_branches(one, other).words
    except ForensicsError as err:
        words = str(err)
    return blocks_html([callout("Where the branches agree", words)])
