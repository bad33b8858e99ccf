"""The cells of a table that a user named: CSV separated by commas, semicolons or tabs, or a sheet
of an Excel workbook.

Where cells are not separated by commas, `1,5` is read as a decimal comma, as European programs
write it. Nothing is guessed: commas and points in one file, and tab-separated files in which every
comma could just as well part thousands, are refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qtwin.errors import InputError, unknown_name
from qtwin.patient.file import Line, read_csv
from qtwin.patient.file import number as plain_number
from qtwin.problem.screen.workbook import Rows, read_workbook

_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


@dataclass(kw_only=True)
class Table:
    """A table and what its numbers look like.

    Attributes:
        name: The file, and the sheet of a workbook; for errors.
        header: Column names in small letters.
        spelled: The same as the file spells them.
        lines: Its lines, blank ones left out.
        sha256: Digest of the file.
        sheet: Of a workbook, "" for text.
        separator: Between cells, "" in a workbook.
    """

    name: str
    header: tuple[str, ...]
    spelled: tuple[str, ...]
    lines: tuple[Line, ...]
    sha256: str
    sheet: str = ""
    separator: str = ""
    _seen: dict[str, str] = field(default_factory=dict, repr=False)

    def number(self, line: Line, column: str) -> float:
        """A cell as a finite number; `1,5` with a decimal comma where commas do not separate the
        cells.

        Raises:
            InputError: if it is none, or if the file writes numbers in two ways.
        """
        if self.separator == ",":
            return plain_number(line, column)
        cell = line.cells[column]
        if _COMMA.fullmatch(cell):
            self._seen.setdefault(
                "thousands" if _THOUSANDS.fullmatch(cell) else "comma", line.where
            )
            line = replace(line, cells={**line.cells, column: cell.replace(",", ".")})
        elif "." in cell:
            self._seen.setdefault("point", line.where)
        value = plain_number(line, column)
        comma = self._seen.get("comma", self._seen.get("thousands"))
        if comma is not None and "point" in self._seen:
            raise InputError(
                f"{line.where}: expected one decimal sign in a file, got commas ({comma}) "
                f"and points ({self._seen['point']})",
                hint="write every number with a decimal point, and no sign between thousands",
            )
        return value

    def notes(self) -> tuple[str, ...]:
        """What was understood of its numbers, once they are read.

        Raises:
            InputError: if every comma could part thousands as well.
        """
        if self.separator != ";" and "thousands" in self._seen and "comma" not in self._seen:
            raise InputError(
                f"{self._seen['thousands']}: a comma that is a decimal sign or parts "
                "thousands came",
                hint="write numbers with a decimal point, and no sign between thousands",
            )
        commas = "comma" in self._seen or "thousands" in self._seen
        return (f"{self.name}: decimal commas were read",) if commas else ()


def read_table(
    path: Path,
    *,
    what: str,
    sheet: str = "",
    able: Callable[[Rows], bool] | None = None,
    wanted: str = "a table",
) -> Table:
    """A table from a text file or a workbook.

    Args:
        path: A CSV or TSV file, or an Excel workbook (.xlsx).
        what: What it should be, for errors.
        sheet: The sheet of a workbook; by default the only one that is `able`, or that is not
            empty.
        able: Whether a sheet could be the one.
        wanted: What an able sheet holds, for errors.

    Raises:
        InputError: if it cannot be read, or which sheet is meant is not clear.
    """
    if path.suffix.lower() == ".xlsx":
        return _of_workbook(path, what, sheet, able or bool, wanted)
    if sheet:
        raise InputError(
            f"{path.name} is no workbook, and the sheet {sheet!r} was asked for",
            hint="leave --sheet out",
        )
    header, lines, digest = read_csv(path, what=what)
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
    separator = max(",;\t", key=first.count)
    spelled = [name.strip() for name in next(csv.reader([first], delimiter=separator))]
    return Table(
        name=path.name,
        header=tuple(header),
        spelled=tuple(spelled),
        lines=tuple(lines),
        sha256=digest,
        separator=separator,
    )


def _of_workbook(
    path: Path, what: str, sheet: str, able: Callable[[Rows], bool], wanted: str
) -> Table:
    sheets, digest = read_workbook(path, what=what)
    if sheet:
        if sheet not in sheets:
            raise unknown_name(f"sheet of {path.name}", sheet, sheets)
        if not sheets[sheet]:
            raise InputError(
                f"{path.name}: the sheet {sheet!r} is empty", hint=f"it has {', '.join(sheets)}"
            )
        return _of_rows(sheets[sheet], path.name, sheet, digest)
    found = [name for name, rows in sheets.items() if rows and able(rows)]
    if len(found) != 1:
        said = f"{' and '.join(found)} hold" if found else "no sheet holds"
        raise InputError(
            f"{path.name}: {said} {wanted}",
            hint=f"name the sheet with --sheet; there are {', '.join(sheets)}",
        )
    return _of_rows(sheets[found[0]], path.name, found[0], digest)


def _of_rows(rows: Rows, file: str, sheet: str, digest: str) -> Table:
    name = f"{file}, sheet {sheet}"
    first, spelled = rows[0]
    header = [cell.strip().lower() for cell in spelled]
    doubled = next((n for n in header if n and header.count(n) > 1), None)
    if doubled is not None:
        raise InputError(
            f"{name} line {first}: two columns have the name {doubled!r}", hint="keep one of them"
        )
    lines = []
    for number, cells in rows[1:]:
        where = f"{name} line {number}"
        if len(cells) > len(header) and any(cells[len(header) :]):
            raise InputError(
                f"{where}: expected {len(header)} cells, got {len(cells)}",
                hint="name every column in the first line",
            )
        lines.append(Line(number=number, where=where, cells=_cells(header, cells)))
    return Table(
        name=name,
        header=tuple(header),
        spelled=tuple(spelled),
        lines=tuple(lines),
        sha256=digest,
        sheet=sheet,
    )


def _cells(header: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    padded = [*cells, *[""] * (len(header) - len(cells))]
    return dict(zip(header, padded, strict=False))
