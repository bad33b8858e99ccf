"""Pictures of an interaction graph and the drugs that were chosen on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qtwin.problem.interaction_graph import InteractionGraph
from qtwin.report import look
from qtwin.report.look import both
from qtwin.report.picture import Picture, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DRAWN = 40
"""Drugs up to which the graph itself can be read."""


def graph_picture(graph: InteractionGraph, chosen: Sequence[int], *, name: str, title: str, caption: str) -> Picture:
    """Drugs in a circle, harmful and synergistic pairs between them, the chosen ones filled."""
    turn = np.pi / 2 - 2 * np.pi * np.arange(graph.n) / graph.n
    x, y = np.cos(turn), np.sin(turn)
    taken = set(chosen)

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(min(width_in, 6.4), min(width_in, 6.4) * 0.82)
        axes = figure.add_subplot()
        for pairs, weights, colour, dash, label in (
            (graph.harm, graph.harm_weight, look.VERMILLION, "-", "harmful"),
            (graph.synergy, graph.synergy_weight, look.BLUE, (0, (4, 2)), "synergistic"),
        ):
            for k, (i, j) in enumerate(pairs):
                width = 0.8 + 2.2 * float(weights[k]) / float(max(weights.max(), 1e-9))
                axes.plot(
                    [x[i], x[j]],
                    [y[i], y[j]],
                    color=colour,
                    linestyle=dash,
                    linewidth=width,
                    alpha=0.85,
                    zorder=1,
                    label=label if not k else None,
                )
        for i, drug in enumerate(graph.drugs):
            inside = i in taken
            axes.plot(
                x[i],
                y[i],
                marker="o",
                markersize=13,
                color=look.INK if inside else "white",
                markeredgecolor=look.INK,
                markeredgewidth=1.4,
                zorder=3,
            )
            side = "left" if x[i] > 0.15 else "right" if x[i] < -0.15 else "center"
            lift = "center" if side != "center" else "bottom" if y[i] > 0 else "top"
            axes.annotate(
                look.short(drug, 20),
                (1.12 * x[i], 1.12 * y[i]),
                ha=side,
                va=lift,
                fontweight="bold" if inside else "normal",
                zorder=4,
            )
        axes.plot([], [], marker="o", color=look.INK, linestyle="none", markersize=9, label="chosen")
        axes.plot([], [], marker="o", color="white", markeredgecolor=look.INK, linestyle="none", markersize=9, label="left out")
        axes.set_aspect("equal")
        axes.set_xlim(-1.75, 1.75)
        axes.set_ylim(-1.3, 1.3)
        axes.axis("off")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=4 if width_in > 5 else 2, handlelength=3.2)
        return figure

    wide, narrow = both(draw)
    kept = ", ".join(graph.drugs[i] for i in sorted(taken))
    return Picture(
        name=name,
        title=title,
        caption=f"{caption} Lines are as wide as the interaction is heavy.",
        alt=f"Chosen: {kept}.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["drug_1", "drug_2", "kind", "weight"],
            [
                (graph.drugs[i], graph.drugs[j], kind, w)
                for kind, pairs, weights in (
                    ("harm", graph.harm, graph.harm_weight),
                    ("synergy", graph.synergy, graph.synergy_weight),
                )
                for (i, j), w in zip(pairs, weights, strict=True)
            ],
        ),
    )


def degree_picture(graph: InteractionGraph, chosen: Sequence[int], *, name: str, title: str, caption: str) -> Picture:
    """For large graphs: how many harmful partners the chosen drugs have, and those left out."""
    degree = graph.adjacency().sum(axis=1)
    inside = np.zeros(graph.n, dtype=np.bool_)
    inside[list(chosen)] = True
    edges = np.arange(-0.5, degree.max() + 1.0 + degree.max() // 30, 1 + degree.max() // 30)  # whole numbers of partners

    def draw(width_in: float) -> Figure:
        figure = look.new_figure(width_in, 3.2 if width_in > 5 else 2.9)
        axes = figure.add_subplot()
        axes.hist(
            [degree[inside], degree[~inside]],
            bins=edges.tolist(),
            stacked=True,
            color=[look.BLUE, "white"],
            edgecolor=look.INK,
            linewidth=0.7,
            label=[f"kept ({inside.sum()})", f"left out ({(~inside).sum()})"],
        )
        for patch in axes.containers[1]:
            patch.set_hatch("////")
        axes.set_xlabel("harmful partners of a drug in the list")
        axes.set_ylabel("drugs")
        axes.legend(loc="upper right")
        return figure

    wide, narrow = both(draw)
    return Picture(
        name=name,
        title=title,
        caption=caption,
        alt=f"{inside.sum()} drugs kept with {degree[inside].mean():.1f} partners on average, {(~inside).sum()} left out with"
        f" {degree[~inside].mean() if (~inside).any() else 0.0:.1f}.",
        wide=wide,
        narrow=narrow,
        csv=table(
            ["drug", "harmful_partners", "kept"], [(d, int(degree[i]), bool(inside[i])) for i, d in enumerate(graph.drugs)]
        ),
    )
