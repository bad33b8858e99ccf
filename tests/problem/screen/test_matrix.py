"""Square matrices, workbooks, semicolons and decimal commas say what the long table says; what is
ambiguous is refused.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.problem.screen.read import read_screen
from qtwin.problem.screen.screen import Screen
from qtwin.problem.screen.sets import read_sets
from tests.oracles.public_data import PUBLIC_DATA
from tests.problem.screen.test_sets import workbook

DRUGS = ("aspirin", "bortezomib", "Cisplatin", "dasatinib")
ONEIL = PUBLIC_DATA / "oneil"
Cell = str | float | None


def _pairs(seed: int = 1) -> dict[tuple[int, int], float]:
    rng = np.random.default_rng(seed)
    return {
        p: round(float(rng.normal(5.0, 20.0)), 4) for p in combinations(range(4), 2) if p != (1, 2)
    }


def _singles(folder: Path, name: str = "singles.csv", *, context: str = "") -> Path:
    path = folder / name
    head = "drug,context,effect" if context else "drug,effect"
    lines = [f"{d},{context + ',' if context else ''}{10 * k}" for k, d in enumerate(DRUGS)]
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    return path


def _matrix(kind: str, corner: str = "") -> list[list[Cell]]:
    """A full, upper or lower matrix, or the upper half without its empty line and column."""
    pairs = _pairs()
    rows: list[list[Cell]] = [[corner, *DRUGS]]
    for i, d in enumerate(DRUGS):
        row: list[Cell] = [d]
        for j in range(4):
            value = pairs.get((min(i, j), max(i, j)))
            shown = {"full": i != j, "upper": j > i, "short": j > i, "lower": j < i}[kind]
            row.append(value if shown else None)
        rows.append(row)
    return [[row[0], *row[2:]] for row in rows[:-1]] if kind == "short" else rows


def _write(path: Path, rows: list[list[Cell]], separator: str = ",", comma: bool = False) -> Path:
    def text(cell: Cell) -> str:
        said = "" if cell is None else str(cell)
        return said.replace(".", ",") if comma and isinstance(cell, float) else said

    path.write_text(
        "\n".join(separator.join(text(c) for c in row) for row in rows), encoding="utf-8"
    )
    return path


def _same(a: Screen, b: Screen) -> None:
    assert a.drugs == b.drugs
    for field in ("singles", "pairs", "synergy", "repeats", "synergy_sd"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


@pytest.fixture
def long(tmp_path: Path) -> Screen:
    rows: list[list[Cell]] = [
        ["drug_1", "drug_2", "synergy"],
        *([DRUGS[i], DRUGS[j], v] for (i, j), v in _pairs().items()),
    ]
    return read_screen(_write(tmp_path / "long.csv", rows), _singles(tmp_path))


@pytest.mark.parametrize("kind", ["full", "upper", "lower", "short"])
@pytest.mark.parametrize("file", ["m.csv", "m.tsv", "m.xlsx", "m.txt"])
def test_a_matrix_says_what_the_long_table_says(
    kind: str, file: str, tmp_path: Path, long: Screen
) -> None:
    rows, path = _matrix(kind), tmp_path / file
    if file == "m.xlsx":
        workbook(path, {"notes": [], "matrix": rows})
    else:
        _write(path, rows, {"m.csv": ",", "m.tsv": "\t", "m.txt": ";"}[file], comma=file == "m.txt")
    data = read_screen(path, _singles(tmp_path))
    _same(data, long)
    assert data.contexts == ("all",)
    # the same value in both halves is one measurement, and says nothing of the noise
    assert int(data.repeats.max()) == 1
    assert data.replicates is None
    assert any("decimal commas" in note for note in data.notes) == (file == "m.txt")


def test_the_first_cell_names_the_context_and_the_diagonal_may_hold_the_singles(
    tmp_path: Path, long: Screen
) -> None:
    rows = _matrix("upper", "HT29")
    for k in range(4):
        rows[k + 1][k + 1] = 10.0 * k
    path = _write(tmp_path / "m.csv", rows)
    data = read_screen(path, diagonal="effect")
    _same(data, long)
    assert data.contexts == ("HT29",)
    for singles in (_singles(tmp_path, context="ht29"), _singles(tmp_path, "plain.csv")):
        beside = read_screen(path, singles)
        _same(beside, long)
        assert "3 values on the diagonal are not used" in beside.notes
    with pytest.raises(InputError, match="no single-drug effects"):
        read_screen(path)
    with pytest.raises(InputError, match="no single effect of aspirin in HT29"):
        read_screen(path, _singles(tmp_path, "other.csv", context="K562"))
    with pytest.raises(InputError, match="unknown use of the diagonal"):
        read_screen(path, diagonal="singles")  # type: ignore[arg-type]


def test_a_matrix_of_indices(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [["", "0", "1"], ["0", 4.0, 7.0], ["1", None, 5.0]]
    names = tmp_path / "map.json"
    names.write_text('{"0": "B", "1": "A"}', encoding="utf-8")
    data = read_screen(_write(tmp_path / "m.csv", rows), diagonal="effect", index_map=names)
    assert data.drugs == ("A", "B")
    assert data.singles.tolist() == [[5.0, 4.0]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {(2, 1): 3.25},
            r"m.csv line 3: expected a symmetric matrix, got 3.25 for bortezomib and aspirin here",
        ),
        ({(2, 0): "bortezomip"}, r"'bortezomip' has no column in the matrix"),
        ({(0, 2): "bortezomip"}, r"'bortezomib' has no column in the matrix"),
        ({(1, 0): "asprin"}, r"'asprin' has no column in the matrix"),
        ({(2, 0): "ASPIRIN"}, r"m.csv line 3: 'aspirin' stands twice"),
        ({(2, 0): ""}, r"m.csv line 3: expected a drug in the first column"),
        ({(1, 2): "n/a"}, r"m.csv line 2: bortezomib: expected a number, got something else"),
    ],
)
def test_spoilt_matrices_are_refused(
    change: dict[tuple[int, int], Cell], message: str, tmp_path: Path
) -> None:
    rows = _matrix("full")
    for (r, c), value in change.items():
        rows[r][c] = value
    with pytest.raises(InputError, match=message):
        read_screen(_write(tmp_path / "m.csv", rows), _singles(tmp_path))


def test_no_other_drug_is_suggested(tmp_path: Path) -> None:
    singles = _singles(tmp_path)
    singles.write_text(singles.read_text(encoding="utf-8") + "\naspirine,3\n", encoding="utf-8")
    matrix = _matrix("full")
    matrix[2][0] = "bortezomip"
    for path, alone in (
        (_write(tmp_path / "m.csv", _matrix("full")), singles),
        (_write(tmp_path / "n.csv", matrix), _singles(tmp_path, "good.csv")),
    ):
        with pytest.raises(InputError) as refused:
            read_screen(path, alone)
        assert "did you mean" not in refused.value.hint


@pytest.mark.parametrize(
    ("separator", "cells", "expected"),
    [
        (";", ("1,5", "-0,25", "2"), (1.5, -0.25, 2.0)),
        (";", ("1,500", "2,250", "3,125"), (1.5, 2.25, 3.125)),
        (";", ("1.5", "-0.25", "2"), (1.5, -0.25, 2.0)),
        ("\t", ("1,5", "2,250", "1e-3"), (1.5, 2.25, 0.001)),
        ("\t", ("1,500", "2,250", "3"), None),
        (";", ("1,5", "2.5", "3"), None),
        (";", ("1.234,5", "2", "3"), None),
    ],
)
def test_decimal_commas(
    separator: str, cells: tuple[str, ...], expected: tuple[float, ...] | None, tmp_path: Path
) -> None:
    pairs = [
        ["drug_1", "drug_2", "context", "synergy"],
        *([a, b, "x", v] for (a, b), v in zip(combinations("ABC", 2), cells, strict=True)),
    ]
    path = _write(tmp_path / "p.csv", pairs, separator)
    alone = _write(tmp_path / "s.csv", [["drug", "x"], ["A", 1.0], ["B", 2.0], ["C", 3.0]])
    sets = _write(
        tmp_path / "sets.csv",
        [["drug_1", "drug_2", "score"], *([r[0], r[1], r[3]] for r in pairs[1:])],
        separator,
    )
    if expected is None:
        for read in (lambda: read_screen(path, alone), lambda: read_sets(sets)):
            with pytest.raises(InputError, match=r"decimal sign|expected a number"):
                read()
    else:
        assert tuple(read_screen(path, alone).synergy[0]) == expected
        assert tuple(read_sets(sets).value) == expected


def test_a_workbook_of_pairs_and_one_of_singles(tmp_path: Path, long: Screen) -> None:
    rows: list[list[Cell]] = [
        ["Drug_1", "Drug_2", "Synergy"],
        *([DRUGS[i], DRUGS[j], v] for (i, j), v in _pairs().items()),
    ]
    book = workbook(tmp_path / "p.xlsx", {"pairs": rows, "more": [["hello"]]})
    alone = workbook(
        tmp_path / "s.xlsx",
        {"s": [["Drug", "Effect"], *([d, 10.0 * k] for k, d in enumerate(DRUGS))]},
    )
    _same(read_screen(book, alone, sheet="pairs"), long)
    with pytest.raises(InputError, match="pairs and more hold a table"):
        read_screen(book, alone)
    with pytest.raises(InputError, match="unknown sheet"):
        read_screen(book, alone, sheet="pair")


@pytest.mark.skipif(not ONEIL.exists(), reason="the measured tables are not here")
def test_a_cell_line_of_the_measured_screen_as_a_matrix(tmp_path: Path) -> None:
    """O'Neil 2016: one cell line written as a matrix with decimal commas is the same column of the
    screen.
    """
    whole = read_screen(ONEIL / "oneil_loewe_583x39.csv", ONEIL / "oneil_ri_38x39.csv")
    at = whole.place("HT29")
    square = whole.matrix(whole.synergy[at])
    rows: list[list[Cell]] = [["HT29", *whole.drugs]]
    rows += [
        [d, *(None if np.isnan(v) or i >= j else float(v) for j, v in enumerate(square[i]))]
        for i, d in enumerate(whole.drugs)
    ]
    one = read_screen(
        _write(tmp_path / "ht29.csv", rows, ";", comma=True), ONEIL / "oneil_ri_38x39.csv"
    )
    assert (one.drugs, one.contexts) == (whole.drugs, ("HT29",))
    np.testing.assert_array_equal(one.matrix(one.synergy[0]), square)
    np.testing.assert_array_equal(one.singles[0], whole.singles[at])
