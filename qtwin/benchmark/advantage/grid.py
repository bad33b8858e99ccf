"""The axes of both maps and how places fall into their cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qtwin.benchmark.advantage.place import Axes, Place
from qtwin.benchmark.advantage.verdict import Verdict, hardest, judge

SPARSE = 0.25
"""Share of interacting pairs up to which an objective is called sparse."""
FEW = 0.5
"""Largest share of the options that may be chosen at once for a choice of few."""

SIZES: Mapping[Axes, tuple[int, ...]] = {"regimen": (10, 15, 20, 30, 50, 100, 200), "molecule": (4, 8, 12, 16, 20, 30, 100)}
"""Upper ends of the columns."""
LEVELS: Mapping[Axes, tuple[tuple[str, str], ...]] = {
    "regimen": (
        ("few", "pairs, few chosen"),
        ("sparse", "pairs, sparse"),
        ("dense", "pairs, dense"),
        ("third", "third order"),
        ("fourth", "fourth order and more"),
    ),
    "molecule": (("weak", "weak correlation"), ("moderate", "moderate correlation"), ("strong", "strong correlation")),
}
"""Rows from the bottom, key and words."""
AXES_WORDS: Mapping[Axes, tuple[str, str]] = {
    "regimen": ("decision variables", "interactions of the objective"),
    "molecule": ("spatial orbitals in the active space", "correlation: weight of the leading determinant"),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell that holds something.

    Attributes:
        axes, column, row: Where, counted from the lower left.
        key: Anchor on the page.
        title: In words.
        verdict: The least settled of its places.
        places: With the verdict on each.
    """

    axes: Axes
    column: int
    row: int
    key: str
    title: str
    verdict: Verdict
    places: tuple[tuple[Place, Verdict], ...]


def regimen_level(degree: float, density: float, largest_choice: float, n: float) -> str:
    """Row of an objective: its order, and for pairs whether few are chosen, few interact, or neither."""
    if degree >= 4:
        return "fourth"
    if degree >= 3:
        return "third"
    if largest_choice <= FEW * n:
        return "few"
    return "sparse" if density <= SPARSE else "dense"


def molecule_level(leading_weight: float) -> str:
    """Row of a molecule: how much of the wave function its leading determinant holds (0.9 and 0.7 divide the rows)."""
    return "weak" if leading_weight >= 0.9 else "moderate" if leading_weight >= 0.7 else "strong"


def column_of(axes: Axes, size: int) -> int:
    """Column of a size; the last one takes what is larger."""
    ends = SIZES[axes]
    return next((k for k, end in enumerate(ends) if size <= end), len(ends) - 1)


def column_words(axes: Axes, column: int) -> str:
    """The sizes of a column."""
    ends = SIZES[axes]
    return f"up to {ends[0]}" if column == 0 else f"{ends[column - 1] + 1} to {ends[column]}"


def cells(places: Sequence[Place]) -> list[Cell]:
    """Cells that hold a place, by axes, row and column."""
    groups: dict[tuple[Axes, int, int], list[Place]] = defaultdict(list)
    for place in places:
        row = [key for key, _ in LEVELS[place.axes]].index(place.level)
        groups[place.axes, row, column_of(place.axes, place.size)].append(place)
    out = []
    for (axes, row, column), members in sorted(groups.items(), key=lambda item: (item[0][0] != "regimen", item[0])):
        judged = [(place, judge(place)) for place in sorted(members, key=lambda p: (p.size, p.name))]
        key, words = LEVELS[axes][row]
        unit = "variables" if axes == "regimen" else "orbitals"
        out.append(
            Cell(
                axes=axes,
                column=column,
                row=row,
                key=f"{axes}-{key}-{SIZES[axes][column]}",
                title=f"{words}, {column_words(axes, column)} {unit}",
                verdict=hardest([verdict for _, verdict in judged]),
                places=tuple(judged),
            )
        )
    return out
