"""Measured sets of two and more drugs: a line a set, `drug_1, drug_2, ..., score`, from CSV, TSV or
an Excel workbook.

Scores are of one of three kinds:

score   deviation from no interaction, 0 where drugs do not interact (fitted deviations from Bliss
        or Loewe).
ratio   a ratio that is 1 where drugs do not interact (fractional inhibitory concentration); its
        log2 is used.
growth  growth relative to no drug, for which sets of one drug are needed too; its natural logarithm
        is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name
from qtwin.patient.file import Line
from qtwin.problem.screen.cells import Table, read_table
from qtwin.problem.screen.workbook import Rows

Kind = Literal["score", "ratio", "growth"]
_DRUG = re.compile(r"drug[ _]?(\d+)")
_SCORE = ("score", "synergy", "growth", "fic", "ratio", "value", "label")
_GROUP = ("subset", "group", "medium", "media", "context")


@dataclass(frozen=True, kw_only=True)
class CombinationSets:
    """Sets of drugs with a measured value each; repeats averaged after the logarithm.

    Attributes:
        drugs: (n) names.
        members: (s) rising drug indices of each set.
        value: (s,) score, log2 ratio or log growth.
        sd: (s,) standard deviation between repeats, NaN where there was one.
        repeats: (s,) number of measurements.
        kind: What the values are.
        sheet: Where in a workbook they stood.
        sha256: Digest of the file.
        notes: What was read past.
    """

    drugs: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    value: NDArray[np.float64]
    sd: NDArray[np.float64]
    repeats: NDArray[np.int64]
    kind: Kind
    sheet: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()

    def of_size(self, size: int) -> Mapping[tuple[int, ...], float]:
        """Sets of one size with their values."""
        return {
            m: float(v) for m, v in zip(self.members, self.value, strict=True) if len(m) == size
        }

    def words(self, members: Sequence[int]) -> str:
        """The set as text."""
        return " + ".join(self.drugs[i] for i in members)


def read_sets(
    path: Path,
    *,
    kind: str = "score",
    sheet: str = "",
    leave_out: Sequence[str] = (),
    score: str = "",
) -> CombinationSets:
    """Sets and their values.

    Args:
        path: A CSV file or an Excel workbook.
        kind: What the values are.
        sheet: The sheet of a workbook; by default the only one that holds both pairs and larger
            sets.
        leave_out: Groups (values of a column such as `subset`) whose lines are not used.
        score: The column of the value, where it is not known by a usual name.

    Raises:
        InputError: for anything that cannot be read or cannot be true, with the line it is on.
    """
    if kind not in get_args(Kind):
        raise unknown_name("kind of value", kind, get_args(Kind))
    of: Kind = cast(Kind, kind)
    table = read_table(
        path,
        what="table of measured sets",
        sheet=sheet,
        able=_holds_orders,
        wanted="pairs and larger sets",
    )
    columns, at, group = _layout(table, score)
    left_out = {g.casefold() for g in leave_out}
    found: dict[tuple[str, ...], list[float]] = {}
    spelled: dict[str, str] = {}
    skipped = 0
    for line in table.lines:
        if group is not None and line.cells[group].casefold() in left_out:
            skipped += 1
            continue
        drugs = [line.cells[name] for name in columns if line.cells[name]]
        if not drugs:
            raise InputError(
                f"{line.where}: expected a drug, got none",
                hint="name the drugs or take the line out",
            )
        keys = sorted(d.casefold() for d in drugs)
        if len(set(keys)) < len(keys):
            raise InputError(
                f"{line.where}: a drug stands twice in one set", hint="correct the line"
            )
        for d in drugs:
            spelled.setdefault(d.casefold(), d)
        found.setdefault(tuple(keys), []).append(_value(table, line, at, of))
    if leave_out and not skipped:
        raise InputError(
            f"{table.name}: no line of the group {leave_out[0]!r} to leave out",
            hint="check the group's name",
        )
    names = sorted(spelled)
    place = {d: k for k, d in enumerate(names)}
    sets = sorted((tuple(place[d] for d in keys), values) for keys, values in found.items())
    sets.sort(key=lambda item: (len(item[0]), item[0]))
    repeated = sum(len(v) > 1 for _, v in sets)
    return CombinationSets(
        drugs=tuple(spelled[d] for d in names),
        members=tuple(m for m, _ in sets),
        value=np.array([np.mean(v) for _, v in sets]),
        sd=np.array([np.std(v, ddof=1) if len(v) > 1 else np.nan for _, v in sets]),
        repeats=np.array([len(v) for _, v in sets], dtype=np.int64),
        kind=of,
        sheet=table.sheet,
        sha256=table.sha256,
        notes=(
            *table.notes(),
            *([f"{skipped} lines of {', '.join(leave_out)} are not used"] if skipped else []),
            *([f"{repeated} sets were measured more than once and averaged"] if repeated else []),
        ),
    )


def _value(table: Table, line: Line, column: str, kind: Kind) -> float:
    value = table.number(line, column)
    if kind == "score":
        return value
    if value <= 0.0:
        raise InputError(
            f"{line.where}: expected a positive {kind}, got {value:g}",
            hint="are these deviations? then take the kind score",
        )
    return math.log2(value) if kind == "ratio" else math.log(value)


def _layout(table: Table, score: str) -> tuple[list[str], str, str | None]:
    """Columns of the drugs, of the value and of the group."""
    columns = [name for name in table.header if _DRUG.fullmatch(name)]
    if len(columns) < 2:
        raise InputError(
            f"{table.name} line 1: expected columns drug_1, drug_2, got none",
            hint="the header is drug_1, drug_2, ..., score",
        )
    wanted = [score.strip().lower()] if score else _SCORE
    at = [name for name in wanted if name in table.header]
    if not at:
        raise InputError(
            f"{table.name} line 1: no column {' or '.join(wanted)}",
            hint=f"it has {', '.join(filter(None, table.header))}",
        )
    return columns, at[0], next((name for name in _GROUP if name in table.header), None)


def _holds_orders(rows: Rows) -> bool:
    """Whether a sheet has pairs as well as larger sets."""
    columns = [k for k, name in enumerate(rows[0][1]) if _DRUG.fullmatch(name.strip().lower())]
    sizes = {sum(1 for k in columns if k < len(cells) and cells[k]) for _, cells in rows[1:]}
    return len(columns) > 2 and 2 in sizes and max(sizes, default=0) > 2
