"""Larger sets from CSV and from workbooks made by hand, cell by cell."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.problem.screen.sets import read_sets
from qtwin.problem.screen.workbook import read_workbook
from tests.oracles.public_data import PUBLIC_DATA

HIGHER = PUBLIC_DATA / "higher_order"
_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def workbook(path: Path, sheets: dict[str, list[list[str | float | None]]]) -> Path:
    """A workbook with shared, inline and numeric cells, holes left out as Excel leaves them out."""
    shared: list[str] = []
    with zipfile.ZipFile(path, "w") as archive:
        for k, rows in enumerate(sheets.values(), 1):
            lines = []
            for r, row in enumerate(rows, 1):
                cells = []
                for c, value in enumerate(row):
                    place = f"{chr(ord('A') + c)}{r}"
                    if isinstance(value, str) and c % 2:
                        cells.append(
                            f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
                        )
                    elif isinstance(value, str):
                        shared.append(value)
                        cells.append(f'<c r="{place}" t="s"><v>{len(shared) - 1}</v></c>')
                    elif value is not None:
                        cells.append(f'<c r="{place}"><v>{value}</v></c>')
                lines.append(f'<row r="{r}">{"".join(cells)}</row>')
            archive.writestr(
                f"xl/worksheets/sheet{k}.xml",
                f"<worksheet {_NS}><sheetData>{''.join(lines)}</sheetData></worksheet>",
            )
        names = "".join(
            f'<sheet name="{n}" sheetId="{k}" r:id="rId{k}"/>' for k, n in enumerate(sheets, 1)
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {_NS} xmlns:r="{_RELATION}"><sheets>{names}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="rId{k}" Target="worksheets/sheet{k}.xml"/>'
            for k in range(1, len(sheets) + 1)
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f"<Relationships>{links}</Relationships>")
        texts = "".join(
            f"<si><r><t>{escape(s[:1])}</t></r><r><t>{escape(s[1:])}</t></r></si>" for s in shared
        )
        archive.writestr("xl/sharedStrings.xml", f"<sst {_NS}>{texts}</sst>")
    return path


ROWS: list[list[str | float | None]] = [
    ["Drug_1", "Drug_2", "Drug_3", "Score", "Subset"],
    ["A", "B", None, 0.5, "train"],
    ["B", "A", None, 2.0, "train"],
    ["A", "C & D", None, 1.0, "train"],
    ["B", "C & D", None, 4.0, "test"],
    ["A", "B", "C & D", 0.25, "test"],
    ["A", "B", "C & D", 88.0, "clinical"],
]


def test_a_workbook_tells_what_its_csv_tells(tmp_path: Path) -> None:
    book = workbook(tmp_path / "sets.xlsx", {"about": [["hello"]], "data": ROWS})
    plain = tmp_path / "sets.csv"
    plain.write_text(
        "\n".join(",".join("" if v is None else str(v) for v in row) for row in ROWS),
        encoding="utf-8",
    )
    sheets, _ = read_workbook(book, what="workbook")
    assert sheets["data"][1] == (2, ["A", "B", "", "0.5", "train"])
    for path in (book, plain):
        data = read_sets(path, kind="ratio", leave_out=["clinical"])
        assert data.drugs == ("A", "B", "C & D")
        assert data.members == ((0, 1), (0, 2), (1, 2), (0, 1, 2))
        # log2, repeats averaged after it
        np.testing.assert_allclose(data.value, [0.0, 0.0, 2.0, -2.0])
        assert data.sd[0] == pytest.approx(2**0.5)
        assert data.repeats.tolist() == [2, 1, 1, 1]
        assert data.words((0, 2)) == "A + C & D"
    assert read_sets(book, kind="growth", leave_out=["clinical"]).value[3] == pytest.approx(
        math.log(0.25)
    )


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({(1, 3): "NaN"}, {}, "line 2: expected a finite number for score, got nan"),
        ({(1, 3): None}, {}, "line 2: score: expected a number, got nothing"),
        ({(1, 1): "a"}, {}, "line 2: a drug stands twice"),
        ({(1, 3): -0.5}, {"kind": "ratio"}, "line 2: expected a positive ratio, got -0.5"),
        ({(0, 3): "Wert"}, {}, "no column score"),
        ({(0, 0): "First"}, {"sheet": "data"}, "line 2"),
        ({}, {"sheet": "dat"}, "sheet of"),
        ({}, {"leave_out": ["clinic"]}, "no line of the group 'clinic'"),
        ({}, {"kind": "scores"}, "kind of value"),
        ({(5, 2): None, (6, 2): None}, {}, "no sheet holds pairs and larger sets"),
    ],
)
def test_spoilt_sets_are_refused(
    change: dict[tuple[int, int], str | float | None],
    options: dict[str, object],
    message: str,
    tmp_path: Path,
) -> None:
    rows = [list(row) for row in ROWS]
    for (r, c), value in change.items():
        rows[r][c] = value
    if change.get((0, 0)) == "First":  # one drug column fewer leaves a set without a drug
        rows[1] = ["A", None, None, 0.5, "train"]
    with pytest.raises(InputError, match=message):
        read_sets(workbook(tmp_path / "sets.xlsx", {"data": rows}), **options)  # type: ignore[arg-type]


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sets.xlsx"
    with pytest.raises(InputError, match="no file at"):
        read_sets(path)
    path.write_bytes(b"not a zip file")
    with pytest.raises(InputError, match="is no Excel workbook"):
        read_sets(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(InputError, match="is no Excel workbook"):
        read_sets(path)


@pytest.mark.skipif(not HIGHER.exists(), reason="the measured tables are not here")
def test_the_measured_workbooks() -> None:
    ecoli = read_sets(HIGHER / "caramel_ecoli_interactions.xlsx")
    assert ecoli.sheet == "Russ_2018"
    assert [len(ecoli.of_size(k)) for k in (2, 3, 5, 7, 9)] == [36, 6, 3, 3, 1]
    tuberculosis = read_sets(
        HIGHER / "caramel_mtb_interactions.xlsx", kind="ratio", leave_out=["clinical"]
    )
    assert int(tuberculosis.repeats.sum()) == 289 - 57
