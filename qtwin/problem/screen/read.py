"""Reading combination screens: long and wide tables and square matrices, as CSV, TSV or a sheet of
a workbook.

A long table has a line a measurement (`drug_1, drug_2, context, synergy`; singles
`drug, context, effect`); a wide one a line a pair or drug and a column a context. A pair table may
bring its singles in two more columns (`effect_1`, `effect_2`). A square matrix has a drug a line
and a drug a column, for one context, whose name may stand in its first cell; both halves or one are
filled. Columns are known by their usual names or named by the caller; others are not read. Repeated
measurements are averaged and their spread is kept. A pair that was measured nowhere in a context is
a forbidden pair there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from qtwin.errors import InputError, unknown_drug, unknown_name
from qtwin.patient.file import Line, read_json
from qtwin.problem.screen.cells import Table, read_table
from qtwin.problem.screen.screen import Array, Screen

USUAL: Mapping[str, tuple[str, ...]] = {
    "drug_1": ("drug_1", "drug1", "drug_a", "drug_row", "drug_row_idx", "drug_i"),
    "drug_2": ("drug_2", "drug2", "drug_b", "drug_col", "drug_col_idx", "drug_j"),
    "drug": ("drug", "drug_name", "compound"),
    "context": (
        "context",
        "cell_line",
        "cell_line_name",
        "cell_line_idx",
        "cell",
        "strain",
        "medium",
    ),
    "synergy": ("synergy", "synergy_loewe", "loewe", "synergy_bliss", "bliss", "label", "score"),
    "effect": ("effect", "inhibition", "ri", "response"),
    "effect_1": ("effect_1", "ri_row"),
    "effect_2": ("effect_2", "ri_col"),
}
"""Role of a column to the names by which it is known, in small letters."""
Diagonal = Literal["unused", "effect"]
_ONLY_CONTEXT = "all"
_NO_CONTEXT = ("", "drugs", "name", *USUAL["drug_1"], *USUAL["drug_2"], *USUAL["drug"])
"""First cells of a matrix that name no context."""


@dataclass(kw_only=True)
class _Read:
    """What was read so far, names in small letters: drugs and contexts to their spelling, measured
    pairs and singles.
    """

    names: Mapping[str, str] | None
    drugs: dict[str, str] = field(default_factory=dict)
    contexts: dict[str, str] = field(default_factory=dict)
    pairs: dict[tuple[str, str, str], list[float]] = field(default_factory=dict)
    alone: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def drug(self, told: str, column: str, where: str) -> str:
        """A drug's name in small letters, looked up where the tables have indices."""
        if not told:
            raise InputError(
                f"{where}: expected a drug in {column}, got none",
                hint="name the drug or take the line out",
            )
        name = told
        if self.names is not None:
            if told not in self.names:
                raise InputError(
                    f"{where}: {column} {told!r} is not in the index map", hint="add it to the map"
                )
            name = self.names[told]
        key = name.casefold()
        self.drugs.setdefault(key, name)
        return key

    def pair(self, a: str, b: str, context: str, value: float, where: str) -> None:
        """Add one measurement of two drugs."""
        if a == b:
            raise InputError(
                f"{where}: {self.drugs[a]!r} is paired with itself",
                hint="take the line out; singles have their own table",
            )
        self.contexts.setdefault(context.casefold(), context)
        first, second = sorted((a, b))
        self.pairs.setdefault((context.casefold(), first, second), []).append(value)


def read_screen(
    path: str | Path,
    singles: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    index_map: str | Path | None = None,
    sheet: str = "",
    diagonal: Diagonal = "unused",
) -> Screen:
    r"""A combination screen from its tables.

    Args:
        path: The pairs: a long or wide table, or a square matrix (CSV, TSV or .xlsx).
        singles: The single effects; None if the pairs bring them along.
        columns: Role (a key of `USUAL`) to the name of its column, where it has another than the
            usual ones.
        index_map: JSON object from a drug's index to its name, where the tables name drugs by
            index.
        sheet: The sheet of the pairs in a workbook; by default the only one that is not empty.
        diagonal: "effect" where the diagonal of a square matrix holds the single effects.

    Raises:
        InputError: for anything that cannot be read or does not fit together, with the line it is
            on.

    Example:
        >>> import pathlib, tempfile
        >>> import qtwin as qt
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "matrix.csv"
        >>> _ = file.write_text("HeLa,A,B,C\nA,30,5,-2\nB,,40,9\nC,,,20\n")
        >>> screen = qt.read_screen(file, diagonal="effect")
        >>> screen
        Screen(3 drugs, 1 context, 3 of 3 pairs, 3 values, no pair measured twice)
        >>> qt.solve(screen.to_model(size=2), "enumeration").chosen
        ('A', 'B')
    """
    given = {role: name.strip().lower() for role, name in (columns or {}).items()}
    for role in given:
        if role not in USUAL:
            raise unknown_name("column role", role, USUAL)
    if diagonal not in get_args(Diagonal):
        raise unknown_name("use of the diagonal", diagonal, get_args(Diagonal))
    read = _Read(names=_index_names(None if index_map is None else Path(index_map)))
    table = read_table(Path(path), what="table of drug pairs", sheet=sheet, wanted="a table")
    at = _find(table, given, ("drug_1", "drug_2"), needed=False)
    square = len(at) < 2 and _is_square(table)
    if square:
        _matrix(table, read, diagonal)
    else:
        at = _find(
            table,
            given,
            ("drug_1", "drug_2"),
            layout="drug_1, drug_2, context, synergy; a matrix names the drugs twice",
        )
        _pairs(table, read, given, at)
    if not read.pairs:
        raise InputError(
            f"{table.name}: expected pairs, got none",
            hint="one line a measured pair: drug_1, drug_2, context, synergy",
        )
    notes, digests, where = list(table.notes()), [table.sha256], table.name
    if singles is not None:
        other = read_table(Path(singles), what="table of single-drug effects", wanted="a table")
        listed = dict(read.drugs)
        read.alone.clear()
        _singles(other, read, given)
        notes += other.notes()
        digests.append(other.sha256)
        where = other.name
        for drug in read.drugs:
            if drug not in listed:
                known = unknown_drug("drug", drug, listed.values())
                raise InputError(
                    f"{where}: the drug {drug!r} has a single effect and is in no pair",
                    hint=f"take it out; {known.hint}",
                )
    elif not square:
        _singles_of_pairs(table, read, given, at)
    elif not read.alone:
        raise InputError(
            f"{where}: no single-drug effects",
            hint='give their table, or diagonal "effect" where they stand on the diagonal',
        )
    read.notes = [*notes, *read.notes]
    return _assembled(read, where, tuple(digests))


def _index_names(path: Path | None) -> Mapping[str, str] | None:
    if path is None:
        return None
    raw, _ = read_json(path, what="index map")
    if (
        not isinstance(raw, dict)
        or not raw
        or not all(isinstance(v, str) and v.strip() for v in raw.values())
    ):
        raise InputError(
            f'{path.name}: expected an object {{"0": "name", ...}}',
            hint="map every index to a drug's name",
        )
    return {str(k).strip(): v.strip() for k, v in raw.items()}


def _find(
    table: Table,
    given: Mapping[str, str],
    roles: Iterable[str],
    *,
    layout: str = "",
    needed: bool = True,
) -> dict[str, str]:
    """Role to column, for the roles that the header has."""
    found: dict[str, str] = {}
    for role in roles:
        if role in given:
            if given[role] not in table.header:
                raise unknown_name(f"column of {table.name}", given[role], table.header)
            found[role] = given[role]
            continue
        known = [name for name in USUAL[role] if name in table.header]
        if len(known) > 1:
            raise InputError(
                f"{table.name} line 1: {' and '.join(known)} could both be the column {role}",
                hint=f"name it: {role}={known[0]}",
            )
        if known:
            found[role] = known[0]
        elif needed:
            raise InputError(
                f"{table.name} line 1: no column {role}",
                hint=f"the header is {layout}, or name the column",
            )
    return found


def _is_square(table: Table) -> bool:
    """Whether a table's lines and columns name the same drugs; a half may lack the line and the
    column that would be empty.
    """
    rows = {line.cells[table.header[0]].casefold() for line in table.lines}
    columns = {name.casefold() for name in table.header[1:] if name}
    return bool(rows & columns) and 2 * len(rows & columns) >= max(len(rows), len(columns)) - 1


def _matrix(table: Table, read: _Read, diagonal: Diagonal) -> None:
    """Pairs of a square matrix; a pair in both halves is one measurement, which must be the same in
    both.
    """
    corner = table.spelled[0].strip()
    context = _ONLY_CONTEXT if corner.lower() in _NO_CONTEXT else corner
    wanted = [
        (name, spelled)
        for name, spelled in zip(table.header[1:], table.spelled[1:], strict=True)
        if name
    ]
    columns = {name: read.drug(spelled, "the header", table.name) for name, spelled in wanted}
    counted = Counter(columns.values())
    rows: dict[str, str] = {}
    cells: dict[tuple[str, str], tuple[float, str]] = {}
    unused = 0
    for line in table.lines:
        drug = read.drug(line.cells[table.header[0]], "the first column", line.where)
        if drug in rows or counted[drug] > 1:
            raise InputError(
                f"{line.where}: {read.drugs[drug]!r} stands twice in the matrix",
                hint="keep one line and one column",
            )
        rows[drug] = line.where
        for name, partner in columns.items():
            if not line.cells[name]:
                continue
            value = table.number(line, name)
            if partner == drug and diagonal == "effect":
                read.alone[context.casefold(), drug] = [value]
            elif partner == drug:
                unused += value != 0.0
            else:
                before, where = cells.setdefault(
                    (min(drug, partner), max(drug, partner)), (value, line.where)
                )
                if abs(before - value) > 1e-9 * max(1.0, abs(before)):
                    raise InputError(
                        f"{line.where}: expected a symmetric matrix, got {value:g} for "
                        f"{read.drugs[drug]} and"
                        f" {read.drugs[partner]} here and {before:g} on {where}",
                        hint="leave one half empty, or give repeated measurements as a long table",
                    )
    _check_square(list(rows), list(columns.values()), read, table)
    for (a, b), (value, where) in cells.items():
        read.pair(a, b, context, value, where)
    read.contexts.setdefault(context.casefold(), context)
    if unused:
        read.notes.append(f"{unused} values on the diagonal are not used")


def _check_square(rows: Sequence[str], columns: Sequence[str], read: _Read, table: Table) -> None:
    """Every drug needs a line and a column, but for the empty line and column that a half may leave
    out.
    """
    lines_only = [d for d in rows if d not in columns]
    columns_only = [d for d in columns if d not in rows]
    upper = set(lines_only) <= {rows[0]} and set(columns_only) <= {columns[-1]}
    lower = set(lines_only) <= {rows[-1]} and set(columns_only) <= {columns[0]}
    if not upper and not lower:
        name, lacks = (lines_only[0], "column") if lines_only else (columns_only[0], "line")
        raise InputError(
            f"{table.name}: {read.drugs[name]!r} has no {lacks} in the matrix",
            hint="name each drug in a line and in a column",
        )


def _pairs(table: Table, read: _Read, given: Mapping[str, str], at: Mapping[str, str]) -> None:
    for line, context, value in _measured(table, given, at, "synergy"):
        a, b = (
            read.drug(line.cells[at[role]], at[role], line.where) for role in ("drug_1", "drug_2")
        )
        read.pair(a, b, context, value, line.where)


def _measured(
    table: Table, given: Mapping[str, str], at: Mapping[str, str], role: str
) -> Iterable[tuple[Line, str, float]]:
    """(line, context, value) of every measurement, of a long or a wide table."""
    found = _find(table, given, ("context", role), needed=False)
    if role in found:
        for line in table.lines:
            context = line.cells[found["context"]] if "context" in found else _ONLY_CONTEXT
            if not context:
                raise InputError(
                    f"{line.where}: expected a {found['context']}, got none",
                    hint="name the context or take the line out",
                )
            yield line, context, table.number(line, found[role])
        return
    if "context" in found:
        raise InputError(
            f"{table.name} line 1: no column {role}",
            hint=f"known as {', '.join(USUAL[role])}; or name it",
        )
    wide = [name for name in table.header if name and name not in at.values()]
    if not wide:
        raise InputError(
            f"{table.name} line 1: no column {role} and no column of a context",
            hint="add the measured values",
        )
    spelled = dict(zip(table.header, table.spelled, strict=True))
    for line in table.lines:
        for name in wide:
            if line.cells[name]:
                yield line, spelled[name], table.number(line, name)


def _singles(table: Table, read: _Read, given: Mapping[str, str]) -> None:
    found = _find(table, given, ("drug",), needed=False)
    if "drug" not in found:
        at = _find(table, given, ("drug_1", "drug_2"), layout="drug, context, effect")
        _singles_of_pairs(table, read, given, at)
        return
    for line, context, value in _measured(table, given, found, "effect"):
        drug = read.drug(line.cells[found["drug"]], found["drug"], line.where)
        read.alone.setdefault((context.casefold(), drug), []).append(value)


def _singles_of_pairs(
    table: Table, read: _Read, given: Mapping[str, str], at: Mapping[str, str]
) -> None:
    found = _find(table, given, ("context", "effect_1", "effect_2"), needed=False)
    if "effect_1" not in found or "effect_2" not in found:
        raise InputError(
            f"{table.name}: no single-drug effects",
            hint="give their table, or the columns effect_1 and effect_2",
        )
    for line in table.lines:
        context = (line.cells[found["context"]] if "context" in found else _ONLY_CONTEXT).casefold()
        for role, effect in (("drug_1", "effect_1"), ("drug_2", "effect_2")):
            drug = read.drug(line.cells[at[role]], at[role], line.where)
            read.alone.setdefault((context, drug), []).append(table.number(line, found[effect]))


def _same_context(read: _Read) -> None:
    """Pairs and singles of one context each, one of which does not name it, are of the same
    context.
    """
    told = {c for c, _ in read.alone}
    if (
        len(told) != 1
        or len(read.contexts) != 1
        or told == set(read.contexts)
        or _ONLY_CONTEXT not in {*told, *read.contexts}
    ):
        return
    (only,) = read.contexts
    read.alone = {(only, drug): values for (_, drug), values in read.alone.items()}


def _assembled(read: _Read, singles: str, digests: tuple[str, ...]) -> Screen:
    _same_context(read)
    drugs, contexts = read.drugs, read.contexts
    names, where = sorted(drugs), sorted(contexts)
    column = {name: k for k, name in enumerate(names)}
    row = {name: k for k, name in enumerate(where)}
    single, single_sd = (np.full((len(where), len(names)), np.nan) for _ in range(2))
    for (context, drug), values in read.alone.items():
        if context in row:
            single[row[context], column[drug]], single_sd[row[context], column[drug]] = _mean_sd(
                values
            )
    if np.isnan(single).any():
        c, d = (int(k) for k in np.argwhere(np.isnan(single))[0])
        told = {context for context, _ in read.alone}
        unnamed = where == [_ONLY_CONTEXT] and told and _ONLY_CONTEXT not in told
        raise InputError(
            f"{singles}: no single effect of {drugs[names[d]]} in {contexts[where[c]]}",
            hint="name the context of the pairs: a column context, or the first cell of a matrix"
            if unnamed
            else "measure it, or take the drug out of the pairs",
        )
    listed = sorted({(column[a], column[b]) for _, a, b in read.pairs})
    place = {pair: k for k, pair in enumerate(listed)}
    synergy, synergy_sd = (np.full((len(where), len(listed)), np.nan) for _ in range(2))
    repeats = np.zeros((len(where), len(listed)), dtype=np.int64)
    for (context, a, b), values in read.pairs.items():
        at = row[context], place[column[a], column[b]]
        synergy[at], synergy_sd[at] = _mean_sd(values)
        repeats[at] = len(values)
    unused = len({c for c, _ in read.alone} - set(row))
    notes = [
        *read.notes,
        *(
            [f"{(repeats > 1).sum()} pairs were measured more than once and averaged"]
            if (repeats > 1).any()
            else []
        ),
        *([f"singles of {unused} contexts without pairs are not used"] if unused else []),
    ]
    return Screen(
        drugs=tuple(drugs[name] for name in names),
        contexts=tuple(contexts[name] for name in where),
        singles=single,
        singles_sd=single_sd,
        pairs=np.array(listed, dtype=np.int64).reshape(-1, 2),
        synergy=synergy,
        synergy_sd=synergy_sd,
        repeats=repeats,
        sha256=digests,
        notes=tuple(notes),
    )


def _mean_sd(values: Sequence[float]) -> tuple[float, float]:
    array: Array = np.array(values)
    return float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else float("nan")
