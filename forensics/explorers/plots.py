"""Interactive plots of scores, on the fixed scale from 0 to 1."""

import plotly.graph_objects as go

from forensics.scores import BranchScores

__all__ = ["draw_view_scores"]

COLOURS = ("#1d4f6e", "#b3641f", "#5d7a2e", "#7a4b86")  # apart for colour-blind readers, and in grey
MARKS = ("circle", "diamond", "square", "cross")


def draw_view_scores(scores: BranchScores) -> go.FigureWidget:
    """Return a plot of the uncalibrated score of every branch on every view.

    Parameters
    ----------
    scores : BranchScores

    Returns
    -------
    plotly.graph_objects.FigureWidget
        One trace per branch, one point per view; point `k` is view `k`.
    """
    figure = go.FigureWidget()
    n = len(scores.views)
    numbers = list(range(1, n + 1))
    for k, (branch, values) in enumerate(zip(scores.branches, scores.view_scores, strict=True)):
        figure.add_scatter(
            x=numbers,
            y=values.tolist(),
            mode="markers",
            name=branch,
            text=list(scores.views),
            marker={"color": COLOURS[k % len(COLOURS)], "symbol": MARKS[k % len(MARKS)], "size": 8},
            hovertemplate="%{text}<br>" + branch + " %{y:.3f}<extra></extra>",
        )
        figure.add_hline(y=float(values.mean()), line={"color": COLOURS[k % len(COLOURS)], "width": 1, "dash": "dot"})
    figure.update_layout(
        title="Uncalibrated score of every view (not a probability); dotted: mean of a branch",
        template="plotly_white",
        height=340,
        margin={"l": 60, "r": 20, "t": 50, "b": 50},
        legend={"orientation": "h", "y": 1.08, "x": 1, "xanchor": "right"},
    )
    figure.update_xaxes(title="view, in the order of examination", range=[0.5, n + 0.5], tick0=1, dtick=max(1, n // 10))
    figure.update_yaxes(title="score: 0 like ‘real’, 1 like ‘fake’", range=[-0.03, 1.03])
    return figure
