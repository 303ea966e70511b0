"""Why a branch answered so on a view: the map, what was measured of it, channel groups, a second branch beside it."""

import ipywidgets as w

from forensics import attribution as asking  # its names are loaded when used: captum takes a second or more
from forensics.attribution.record import Attribution
from forensics.detector.finding import Finding
from forensics.errors import ForensicsError
from forensics.evidence.record import Evidence
from forensics.explorers.events import BesideChosen, BranchChosen, Checks, MethodChosen, TrustChosen, ViewChosen
from forensics.explorers.page import blocks_html, branch_words, groups_html, image_html, safe, trust_html
from forensics.explorers.state import CHECKS, State
from forensics.explorers.tabs.desk import Desk, button, choice, page, row
from forensics.messages import decimals, signed
from forensics.report.blocks import Block, callout, items, paragraph

__all__ = ["WhyTab", "attribution_html", "counts_blocks", "explained_html"]

HIGHEST = "the one with the highest log-odds"
PRESS = "Choose a branch, a method and a view, and press Explain."
SIDE = 384  # pixels of a map on the screen


class WhyTab:
    """Pickers for branch, method and view, a button that runs the method, and what came of it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.branch = choice("Branch", "Which part of the detector is asked", [("-", "")], self._tell_branch)
        self.beside = choice(
            "Compare with", "A second branch, asked about the same view", [("-", "")], self._tell_beside
        )
        self.method = choice(
            "Method", "How the branch is asked; methods it does not allow are left out", [("-", "")], self._tell_method
        )
        self.view = choice("View", "Which look of the detector is explained", [(HIGHEST, "")], self._tell_view)
        self.trust = choice(
            "Checks", "quick: some seconds; full: several times as long", list(CHECKS), self._tell_trust
        )
        self.run = button(
            "Explain",
            "Ask the branch; what comes is measured and shown below",
            lambda: desk.explain(wait=False),
        )
        self.about, self.result = page(), page()
        self.box = w.VBox(
            [row(self.branch, self.beside, self.method), row(self.view, self.trust, self.run), self.about, self.result]
        )
        self._filling = False
        self._shown: object = None
        self._usable: dict[str, tuple[str, ...]] = {}

    def refresh(self, desk: Desk) -> None:
        """Bind the pickers and show the last attributions."""
        state = desk.state
        self.run.disabled = desk.background.busy or not state.branch
        if not state.branch:
            self.about.value = blocks_html([paragraph("The picture was not scored, so there is nothing to explain.")])
            self.result.value = ""
            return
        if not self._usable:
            self._load(desk)
        if not self._usable:
            return
        self._bind(state)
        self.about.value = blocks_html([*_about(state.method), *counts_blocks(desk.finding, state.branch)])
        key = (len(desk.why), desk.finding, state.hidden)
        if key != self._shown:
            self._shown = key
            self.result.value = explained_html(desk.why, desk.finding, outlines=not state.hidden)

    def _load(self, desk: Desk) -> None:
        """Find out which methods each branch allows."""
        branches, detector = desk.state.subject.branches, desk.detector
        if not desk.background.busy:
            desk.background.run(
                "Loading the methods of attribution",
                lambda _progress, _stop: {b: asking.usable_methods(detector, b) for b in branches},
                self._usable.update,
            )

    def _bind(self, state: State) -> None:
        self._filling = True
        try:
            methods = self._usable[state.branch]
            _fill(self.branch, [(b, b) for b in state.subject.branches], state.branch)
            others = [(b, b) for b in state.subject.branches if b != state.branch]
            _fill(self.beside, [("none", ""), *others], state.beside)
            _fill(self.method, [(asking.METHODS[m].title, m) for m in methods], state.method)
            _fill(self.view, [(HIGHEST, ""), *((v, v) for v in state.subject.views)], state.view or "")
            self.trust.value = state.trust
        finally:
            self._filling = False

    def _tell_branch(self, branch: str) -> None:
        if not self._filling:
            self._desk.send(BranchChosen(branch, self._usable[branch]))

    def _tell_beside(self, branch: str) -> None:
        if not self._filling:
            self._desk.send(BesideChosen(branch))

    def _tell_method(self, method: str) -> None:
        if not self._filling:
            self._desk.send(MethodChosen(method))

    def _tell_view(self, view: str) -> None:
        if not self._filling:
            self._desk.send(ViewChosen(view or None))

    def _tell_trust(self, trust: Checks) -> None:
        if not self._filling:
            self._desk.send(TrustChosen(trust))


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
        f"why[{k}]: {a.branch}, {asking.METHODS[a.method].title}, {a.view}: {a.trust.words}"
        for k, a in enumerate(attributions)
    ]
    return "".join(parts) + blocks_html([paragraph("All attributions so far, for the report:"), items(rows)])


def attribution_html(attribution: Attribution, evidence: Evidence | None, *, counts: float | None = None) -> str:
    """Return one attribution: its map, if it has one, with its trust checks beside it; `counts` is the share of its branch."""
    share = "" if counts is None else f" <small>counts {decimals(100 * counts, 0)} percent in the joint score</small>"
    head = f"<h4>{safe(attribution.branch)}: {safe(asking.METHODS[attribution.method].title)}{share}</h4>"
    picture = ""
    if attribution.part is not None:
        drawing = asking.draw(attribution, evidence=evidence, side=SIDE)
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
        words = asking.compare_branches(one, other).words
    except ForensicsError as err:
        words = str(err)
    return blocks_html([callout("Where the branches agree", words)])


def _about(method: str) -> list[Block]:
    chosen = asking.METHODS[method]
    return [paragraph(f"Look at: {chosen.look_at}"), paragraph(f"Ignore: {chosen.ignore} ({chosen.reference})")]


def _fill(control: w.Dropdown, options: list[tuple[str, str]], value: str) -> None:
    if tuple(control.options) != tuple(options):
        control.options = options
    control.value = value
