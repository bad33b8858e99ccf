"""Reading a CSV file that a user named, with every way it can fail said plainly, by line."""

from __future__ import annotations

import csv
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qtwin.errors import InputError
from qtwin.patient.jsonfile import MAX_BYTES


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a table.

    Attributes:
        number: Of the line in its file, the header being 1.
        where: The file's name and the line's number, for errors.
        cells: Column to cell; columns in small letters.
    """

    number: int
    where: str
    cells: Mapping[str, str]


def _text(path: Path, what: str) -> tuple[str, str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB", hint=f"is this the {what}?")
        raw = path.read_bytes()
        return raw.decode("utf-8-sig"), hashlib.sha256(raw).hexdigest()
    except FileNotFoundError:
        raise InputError(f"no file at {path}, a {what} was wanted", hint="check the path") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, a {what} was wanted", hint="name the file") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is not UTF-8 text, a {what} was wanted", hint="export it as UTF-8 CSV") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check the path and its permissions") from None


def read_csv(path: Path, *, what: str) -> tuple[list[str], list[Line], str]:
    """The header in small letters, the lines that are not blank, and the SHA-256 of the file.

    Cells are separated by what the header has most of: commas, semicolons or tabs.

    Raises:
        InputError: if the file cannot be read, has no header, or a line has more or fewer cells than the header.
    """
    text, digest = _text(path, what)
    rows = text.splitlines()
    if not rows or not rows[0].strip():
        raise InputError(f"{path.name} line 1: no header came, a {what} was wanted", hint="the first line names the columns")
    reader = csv.reader(rows, delimiter=max(",;\t", key=rows[0].count))
    lines: list[Line] = []
    header: list[str] = []
    try:
        header = [name.strip().lower() for name in next(reader)]
        for cells in reader:
            where = f"{path.name} line {reader.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise InputError(f"{where}: {len(cells)} cells came, {len(header)} were wanted", hint="quote cells with commas")
            told = dict(zip(header, (c.strip() for c in cells), strict=True))
            lines.append(Line(number=reader.line_num, where=where, cells=told))
    except csv.Error as error:
        raise InputError(f"{path.name} line {reader.line_num}: {error}", hint="export the table as CSV again") from None
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        place = len(header) - header[::-1].index(doubled[0])
        raise InputError(f"{path.name} line 1: the name of column {place} came twice", hint="keep one of them")
    return header, lines, digest


def number(line: Line, column: str) -> float:
    """A cell as a finite number.

    Raises:
        InputError: if it is none.
    """
    cell = line.cells[column]
    try:
        value = float(cell)
    except ValueError:
        came = "something else" if cell else "nothing"
        raise InputError(f"{line.where}: {column}: {came} came, a number was wanted", hint="correct the cell") from None
    if not math.isfinite(value):
        raise InputError(f"{line.where}: {column} is {value}, a finite number was wanted", hint="correct or remove the line")
    return value


def constant(lines: Sequence[Line], column: str) -> tuple[str, str]:
    """What a column says on every line that says anything, and where it says so first; '' and '' if nowhere.

    Raises:
        InputError: if two lines say different things; what they say is not repeated, for it may name the person.
    """
    told = [line for line in lines if line.cells.get(column)]
    for line in told[1:]:
        if line.cells[column] != told[0].cells[column]:
            raise InputError(
                f"{line.where}: {column} is not that of line {told[0].number}; the same was wanted on every line",
                hint="correct the column; one table a person",
            )
    return (told[0].cells[column], told[0].where) if told else ("", "")
