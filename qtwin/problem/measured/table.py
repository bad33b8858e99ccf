"""Reading measured singles and pairs from tables, long or wide, with drug names or indices.

A long table has a line a measurement (`drug_1, drug_2, context, synergy`; singles `drug, context, effect`); a wide one a line a
pair or drug and a column a context. A pair table may bring its singles in two more columns (`effect_1`, `effect_2`). Columns are
known by their usual names or named by the caller; others are not read. Repeated measurements are averaged and their spread is
kept. A pair that was measured nowhere in a context is a forbidden pair there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from qtwin.errors import InputError, unknown_name
from qtwin.patient.csvfile import Line, number, read_csv
from qtwin.patient.jsonfile import read_json
from qtwin.problem.measured.combinations import Array, MeasuredCombinations

USUAL: Mapping[str, tuple[str, ...]] = {
    "drug_1": ("drug_1", "drug1", "drug_a", "drug_row", "drug_row_idx", "drug_i"),
    "drug_2": ("drug_2", "drug2", "drug_b", "drug_col", "drug_col_idx", "drug_j"),
    "drug": ("drug", "drug_name", "compound"),
    "context": ("context", "cell_line", "cell_line_name", "cell_line_idx", "cell", "strain", "medium"),
    "synergy": ("synergy", "synergy_loewe", "loewe", "synergy_bliss", "bliss", "label", "score"),
    "effect": ("effect", "inhibition", "ri", "response"),
    "effect_1": ("effect_1", "ri_row"),
    "effect_2": ("effect_2", "ri_col"),
}
"""Role of a column to the names by which it is known, in small letters."""
_ONLY_CONTEXT = "all"


def read_combinations(
    table: Path, singles: Path | None = None, *, columns: Mapping[str, str] | None = None, index_map: Path | None = None
) -> MeasuredCombinations:
    """Singles and pairs from their tables.

    Args:
        table: The pairs, CSV.
        singles: The single effects, CSV; None if the pair table brings them along.
        columns: Role (a key of `USUAL`) to the name of its column, where it has another than the usual ones.
        index_map: JSON object from a drug's index to its name, where the tables name drugs by index.

    Raises:
        InputError: for anything that cannot be read or does not fit together, with the line it is on.
    """
    given = {role: name.strip().lower() for role, name in (columns or {}).items()}
    for role in given:
        if role not in USUAL:
            raise unknown_name("column role", role, USUAL)
    names = _index_names(index_map)
    header, lines, digest = read_csv(table, what="table of drug pairs")
    at = _find(header, given, ("drug_1", "drug_2"), table, "drug_1, drug_2, context, synergy")
    spelled = _spelling(table, header)
    drugs: dict[str, str] = {}
    contexts: dict[str, str] = {}
    pairs: dict[tuple[str, str, str], list[float]] = {}
    for line, context, value in _measured(header, lines, given, at, "synergy", table, spelled):
        a, b = (_name(line, at[role], names) for role in ("drug_1", "drug_2"))
        if a.casefold() == b.casefold():
            raise InputError(f"{line.where}: {a!r} is paired with itself", hint="take the line out; singles have their own table")
        for name in (a, b):
            drugs.setdefault(name.casefold(), name)
        contexts.setdefault(context.casefold(), context)
        first, second = sorted((a.casefold(), b.casefold()))
        pairs.setdefault((context.casefold(), first, second), []).append(value)
    if not pairs:
        raise InputError(f"{table.name}: no pair came", hint="one line a measured pair: drug_1, drug_2, context, synergy")
    digests = [digest]
    if singles is None:
        alone = _singles_of_pairs(header, lines, given, at, names, table)
    else:
        digests.append("")
        alone, digests[1] = _singles(singles, given, names)
    return _assemble(drugs, contexts, pairs, alone, singles or table, tuple(digests))


def _index_names(path: Path | None) -> Mapping[str, str] | None:
    if path is None:
        return None
    raw, _ = read_json(path, what="index map")
    if not isinstance(raw, dict) or not raw or not all(isinstance(v, str) and v.strip() for v in raw.values()):
        raise InputError(f'{path.name}: an object {{"0": "name", ...}} was wanted', hint="map every index to a drug's name")
    return {str(k).strip(): v.strip() for k, v in raw.items()}


def _spelling(path: Path, header: Sequence[str]) -> dict[str, str]:
    """Column names in small letters to how the file spells them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
    spelled = next(csv.reader([first], delimiter=max(",;\t", key=first.count)))
    return dict(zip(header, (name.strip() for name in spelled), strict=True))


def _find(
    header: Sequence[str], given: Mapping[str, str], wanted: Iterable[str], path: Path, layout: str, *, needed: bool = True
) -> dict[str, str]:
    """Role to column, for the roles that the header has."""
    found: dict[str, str] = {}
    for role in wanted:
        if role in given:
            if given[role] not in header:
                raise unknown_name(f"column of {path.name}", given[role], header)
            found[role] = given[role]
            continue
        known = [name for name in USUAL[role] if name in header]
        if len(known) > 1:
            raise InputError(
                f"{path.name} line 1: {' and '.join(known)} could both be the column {role}", hint=f"name it: {role}={known[0]}"
            )
        if known:
            found[role] = known[0]
        elif needed:
            raise InputError(f"{path.name} line 1: no column {role} came", hint=f"the header is {layout}, or name the column")
    return found


def _name(line: Line, column: str, names: Mapping[str, str] | None) -> str:
    cell = line.cells[column]
    if not cell:
        raise InputError(f"{line.where}: no {column} came", hint="name the drug or take the line out")
    if names is None:
        return cell
    if cell not in names:
        raise InputError(f"{line.where}: {column} {cell!r} is not in the index map", hint="add it to the map")
    return names[cell]


def _measured(
    header: Sequence[str],
    lines: Sequence[Line],
    given: Mapping[str, str],
    at: Mapping[str, str],
    role: str,
    path: Path,
    spelled: Mapping[str, str],
) -> Iterable[tuple[Line, str, float]]:
    """(line, context, value) of every measurement, of a long or a wide table."""
    found = _find(header, given, ("context", role), path, "", needed=False)
    if role in found:
        for line in lines:
            context = line.cells[found["context"]] if "context" in found else _ONLY_CONTEXT
            if not context:
                raise InputError(f"{line.where}: no {found['context']} came", hint="name the context or take the line out")
            yield line, context, number(line, found[role])
        return
    if "context" in found:
        raise InputError(f"{path.name} line 1: no column {role} came", hint=f"known as {', '.join(USUAL[role])}; or name it")
    wide = [name for name in header if name and name not in at.values()]
    if not wide:
        raise InputError(f"{path.name} line 1: no column {role} and no column of a context came", hint="add the measured values")
    for line in lines:
        for name in wide:
            if line.cells[name]:
                yield line, spelled[name], number(line, name)


def _singles(
    path: Path, given: Mapping[str, str], names: Mapping[str, str] | None
) -> tuple[dict[tuple[str, str], list[float]], str]:
    """(context, drug) to measured effects, in small letters, and the digest of the file."""
    header, lines, digest = read_csv(path, what="table of single-drug effects")
    found = _find(header, given, ("drug",), path, "drug, context, effect", needed=False)
    if "drug" not in found:
        at = _find(header, given, ("drug_1", "drug_2"), path, "drug, context, effect")
        return _singles_of_pairs(header, lines, given, at, names, path), digest
    alone: dict[tuple[str, str], list[float]] = {}
    for line, context, value in _measured(header, lines, given, found, "effect", path, _spelling(path, header)):
        drug = _name(line, found["drug"], names)
        alone.setdefault((context.casefold(), drug.casefold()), []).append(value)
    return alone, digest


def _singles_of_pairs(
    header: Sequence[str],
    lines: Sequence[Line],
    given: Mapping[str, str],
    at: Mapping[str, str],
    names: Mapping[str, str] | None,
    path: Path,
) -> dict[tuple[str, str], list[float]]:
    found = _find(header, given, ("context", "effect_1", "effect_2"), path, "", needed=False)
    if "effect_1" not in found or "effect_2" not in found:
        raise InputError(
            f"{path.name}: no single-drug effects came", hint="give their table, or the columns effect_1 and effect_2"
        )
    alone: dict[tuple[str, str], list[float]] = {}
    for line in lines:
        context = (line.cells[found["context"]] if "context" in found else _ONLY_CONTEXT).casefold()
        for role, effect in (("drug_1", "effect_1"), ("drug_2", "effect_2")):
            drug = _name(line, at[role], names).casefold()
            alone.setdefault((context, drug), []).append(number(line, found[effect]))
    return alone


def _assemble(
    drugs: Mapping[str, str],
    contexts: Mapping[str, str],
    pairs: Mapping[tuple[str, str, str], Sequence[float]],
    alone: Mapping[tuple[str, str], Sequence[float]],
    singles: Path,
    digests: tuple[str, ...],
) -> MeasuredCombinations:
    for _, drug in alone:
        if drug not in drugs:
            unknown = unknown_name("drug", drug, drugs.values())
            raise InputError(
                f"{singles.name}: the drug {drug!r} has a single effect and is in no pair", hint=f"take it out; {unknown.hint}"
            )
    names, where = sorted(drugs), sorted(contexts)
    column = {name: k for k, name in enumerate(names)}
    row = {name: k for k, name in enumerate(where)}
    single, single_sd = (np.full((len(where), len(names)), np.nan) for _ in range(2))
    for (context, drug), values in alone.items():
        if context in row:
            single[row[context], column[drug]], single_sd[row[context], column[drug]] = _mean_sd(values)
    if np.isnan(single).any():
        c, d = (int(k) for k in np.argwhere(np.isnan(single))[0])
        raise InputError(
            f"{singles.name}: no single effect of {drugs[names[d]]} in {contexts[where[c]]} came",
            hint="measure it, or take the drug out of the pairs",
        )
    listed = sorted({(column[a], column[b]) for _, a, b in pairs})
    place = {pair: k for k, pair in enumerate(listed)}
    synergy, synergy_sd = (np.full((len(where), len(listed)), np.nan) for _ in range(2))
    repeats = np.zeros((len(where), len(listed)), dtype=np.int64)
    for (context, a, b), values in pairs.items():
        at = row[context], place[column[a], column[b]]
        synergy[at], synergy_sd[at] = _mean_sd(values)
        repeats[at] = len(values)
    unused = len({c for c, _ in alone} - set(row))
    notes = [
        *([f"{(repeats > 1).sum()} pairs were measured more than once and averaged"] if (repeats > 1).any() else []),
        *([f"singles of {unused} contexts without pairs are not used"] if unused else []),
    ]
    return MeasuredCombinations(
        drugs=tuple(drugs[name] for name in names),
        contexts=tuple(contexts[name] for name in where),
        single=single,
        single_sd=single_sd,
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
