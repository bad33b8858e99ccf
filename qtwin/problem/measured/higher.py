"""Measured sets of two and more drugs: a line a set, `drug_1, drug_2, ..., score`, from CSV or an Excel workbook.

Scores are of one of three kinds:

score   deviation from no interaction, 0 where drugs do not interact (fitted deviations from Bliss or Loewe).
ratio   a ratio that is 1 where drugs do not interact (fractional inhibitory concentration); its log2 is used.
growth  growth relative to no drug, for which sets of one drug are needed too; its natural logarithm is used.
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
from qtwin.patient.csvfile import read_csv
from qtwin.problem.measured.workbook import Rows, read_workbook

Kind = Literal["score", "ratio", "growth"]
_DRUG = re.compile(r"drug[ _]?(\d+)")
_SCORE = ("score", "synergy", "growth", "fic", "ratio", "value", "label")
_GROUP = ("subset", "group", "medium", "media", "context")


@dataclass(frozen=True, kw_only=True)
class MeasuredSets:
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
        return {m: float(v) for m, v in zip(self.members, self.value, strict=True) if len(m) == size}

    def words(self, members: Sequence[int]) -> str:
        """The set as text."""
        return " + ".join(self.drugs[i] for i in members)


def read_sets(
    path: Path, *, kind: str = "score", sheet: str = "", leave_out: Sequence[str] = (), score: str = ""
) -> MeasuredSets:
    """Sets and their values.

    Args:
        path: A CSV file or an Excel workbook.
        kind: What the values are.
        sheet: The sheet of a workbook; by default the only one that holds both pairs and larger sets.
        leave_out: Groups (values of a column such as `subset`) whose lines are not used.
        score: The column of the value, where it is not known by a usual name.

    Raises:
        InputError: for anything that cannot be read or cannot be true, with the line it is on.
    """
    if kind not in get_args(Kind):
        raise unknown_name("kind of value", kind, get_args(Kind))
    of: Kind = cast(Kind, kind)
    rows, name, digest = _workbook_rows(path, sheet) if path.suffix.lower() == ".xlsx" else _csv_rows(path, sheet)
    where = f"{path.name}, sheet {name}" if name else path.name
    columns, at, group = _layout(rows[0][1], where, score)
    found: dict[tuple[str, ...], list[float]] = {}
    spelled: dict[str, str] = {}
    skipped = 0
    for number, cells in rows[1:]:
        here = f"{where} line {number}"
        row = [*cells, *[""] * (len(rows[0][1]) - len(cells))]
        if group is not None and row[group].casefold() in {g.casefold() for g in leave_out}:
            skipped += 1
            continue
        drugs = [row[k] for k in columns if row[k]]
        if not drugs:
            raise InputError(f"{here}: no drug came", hint="name the drugs or take the line out")
        keys = sorted(d.casefold() for d in drugs)
        if len(set(keys)) < len(keys):
            raise InputError(f"{here}: a drug stands twice in one set", hint="correct the line")
        for d in drugs:
            spelled.setdefault(d.casefold(), d)
        found.setdefault(tuple(keys), []).append(_value(row[at], of, here))
    if leave_out and not skipped:
        raise InputError(f"{where}: no line of the group {leave_out[0]!r} came to leave out", hint="check the group's name")
    names = sorted(spelled)
    place = {d: k for k, d in enumerate(names)}
    sets = sorted((tuple(place[d] for d in keys), values) for keys, values in found.items())
    sets.sort(key=lambda item: (len(item[0]), item[0]))
    repeated = sum(len(v) > 1 for _, v in sets)
    return MeasuredSets(
        drugs=tuple(spelled[d] for d in names),
        members=tuple(m for m, _ in sets),
        value=np.array([np.mean(v) for _, v in sets]),
        sd=np.array([np.std(v, ddof=1) if len(v) > 1 else np.nan for _, v in sets]),
        repeats=np.array([len(v) for _, v in sets], dtype=np.int64),
        kind=of,
        sheet=name,
        sha256=digest,
        notes=(
            *([f"{skipped} lines of {', '.join(leave_out)} are not used"] if skipped else []),
            *([f"{repeated} sets were measured more than once and averaged"] if repeated else []),
        ),
    )


def _value(cell: str, kind: Kind, here: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        came = f"{cell!r}" if cell else "no value"
        raise InputError(f"{here}: {came} came, a number was wanted", hint="correct the cell or take the line out") from None
    if not math.isfinite(value):
        raise InputError(f"{here}: {cell!r} came, a finite number was wanted", hint="correct the cell or take the line out")
    if kind == "score":
        return value
    if value <= 0.0:
        raise InputError(
            f"{here}: a {kind} of {value:g} came, a positive one was wanted", hint="are these deviations? then: score"
        )
    return math.log2(value) if kind == "ratio" else math.log(value)


def _layout(header: Sequence[str], where: str, score: str) -> tuple[list[int], int, int | None]:
    """Columns of the drugs, of the value and of the group."""
    names = [name.strip().lower() for name in header]
    columns = [k for k, name in enumerate(names) if _DRUG.fullmatch(name)]
    if len(columns) < 2:
        raise InputError(f"{where} line 1: no columns drug_1, drug_2 came", hint="the header is drug_1, drug_2, ..., score")
    wanted = [score.strip().lower()] if score else _SCORE
    at = [k for name in wanted for k, column in enumerate(names) if column == name]
    if not at:
        raise InputError(f"{where} line 1: no column {' or '.join(wanted)} came", hint=f"it has {', '.join(filter(None, names))}")
    group = next((k for name in _GROUP for k, column in enumerate(names) if column == name), None)
    return columns, at[0], group


def _csv_rows(path: Path, sheet: str) -> tuple[Rows, str, str]:
    if sheet:
        raise InputError(f"{path.name} is no workbook, and the sheet {sheet!r} was asked for", hint="leave --sheet out")
    header, lines, digest = read_csv(path, what="table of measured sets")
    return [(1, list(header)), *((line.number, list(line.cells.values())) for line in lines)], "", digest


def _workbook_rows(path: Path, sheet: str) -> tuple[Rows, str, str]:
    sheets, digest = read_workbook(path, what="workbook of measured sets")
    if sheet:
        if sheet not in sheets:
            raise unknown_name(f"sheet of {path.name}", sheet, sheets)
        if not sheets[sheet]:
            raise InputError(f"{path.name}: the sheet {sheet!r} is empty", hint=f"it has {', '.join(sheets)}")
        return sheets[sheet], sheet, digest
    able = [name for name, rows in sheets.items() if rows and _holds_orders(rows)]
    if len(able) != 1:
        what = f"{' and '.join(able)} hold" if able else "no sheet holds"
        raise InputError(
            f"{path.name}: {what} pairs and larger sets", hint=f"name the sheet with --sheet; there are {', '.join(sheets)}"
        )
    return sheets[able[0]], able[0], digest


def _holds_orders(rows: Rows) -> bool:
    """Whether a sheet has pairs as well as larger sets."""
    columns = [k for k, name in enumerate(rows[0][1]) if _DRUG.fullmatch(name.strip().lower())]
    sizes = {sum(1 for k in columns if k < len(cells) and cells[k]) for _, cells in rows[1:]}
    return len(columns) > 2 and 2 in sizes and max(sizes, default=0) > 2
