"""Reading the cells of an Excel workbook (.xlsx, ECMA-376) with the standard library alone: values,
no formulas, no styles.
"""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from qtwin.errors import InputError
from qtwin.patient.file import MAX_BYTES

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_COLUMNS, _CELLS = 16_384, 5_000_000
"""Columns of a sheet by the standard; cells that are read, empty ones before the last of a row
too.
"""
Rows = list[tuple[int, list[str]]]
"""Row number in the sheet, and its cells from column A on; empty cells are empty text."""


def read_workbook(path: Path, *, what: str) -> tuple[Mapping[str, Rows], str]:
    """Every sheet of a workbook, hidden ones too, and the SHA-256 of the file.

    Raises:
        InputError: if the file cannot be read, is larger than 64 MiB (unpacked as well), or is no
            workbook.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"{path} is larger than {MAX_BYTES >> 20} MiB", hint=f"is this the {what}?"
            )
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        with zipfile.ZipFile(path) as archive:
            return _sheets(archive, path), digest
    except FileNotFoundError:
        raise InputError(
            f"expected a {what}, got no file at {path}", hint="check the path"
        ) from None
    except IsADirectoryError:
        raise InputError(
            f"expected a {what}, got the folder {path}", hint="name the file"
        ) from None
    except (
        zipfile.BadZipFile,
        ET.ParseError,
        KeyError,
        ValueError,
        IndexError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ):
        raise InputError(
            f"expected a {what}, got {path.name}, which is no Excel workbook",
            hint="save it as .xlsx or CSV again",
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="check the path and its permissions"
        ) from None


def _sheets(archive: zipfile.ZipFile, path: Path) -> dict[str, Rows]:
    if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
        raise InputError(
            f"{path.name} unpacks to more than {MAX_BYTES >> 20} MiB",
            hint="save only the sheets that are needed",
        )
    shared: list[str] = []
    if "xl/sharedStrings.xml" in archive.namelist():
        shared = [
            _text(item) for item in _parse(archive, "xl/sharedStrings.xml").iter(f"{_MAIN}si")
        ]
    targets = {
        link.get("Id"): str(link.get("Target"))
        for link in _parse(archive, "xl/_rels/workbook.xml.rels")
    }
    found: dict[str, Rows] = {}
    for sheet in _parse(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet"):
        target = targets[sheet.get(_LINK)]
        member = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
        found[str(sheet.get("name"))] = list(_rows(_parse(archive, member), shared))
    return found


def _parse(archive: zipfile.ZipFile, member: str) -> ET.Element:
    return ET.fromstring(archive.read(member))


def _text(item: ET.Element) -> str:
    """The text of a shared or inline string, its runs joined, phonetic help left out."""
    return "".join(
        t.text or "" for part in item if part.tag != f"{_MAIN}rPh" for t in part.iter(f"{_MAIN}t")
    )


def _rows(sheet: ET.Element, shared: list[str]) -> Iterator[tuple[int, list[str]]]:
    width = 0
    for row in sheet.iter(f"{_MAIN}row"):
        cells: dict[int, str] = {}
        number = int(row.get("r", "0"))
        for cell in row.iter(f"{_MAIN}c"):
            match = _CELL.fullmatch(cell.get("r", ""))
            if match is None:
                raise ValueError(f"a cell without a place in row {number}")
            cells[_column(match[1])] = _value(cell, shared)
        width += max(cells, default=-1) + 1
        if width > _CELLS:
            raise InputError(
                f"a sheet with more than {_CELLS:,} cells came",
                hint="save only the columns that are needed",
            )
        if any(cells.values()):
            yield number, [cells.get(k, "") for k in range(max(cells) + 1)]


def _column(letters: str) -> int:
    place = 0
    for letter in letters:
        place = 26 * place + ord(letter) - ord("A") + 1
    if place > _COLUMNS:
        raise ValueError(f"column {letters}")
    return place - 1


def _value(cell: ET.Element, shared: list[str]) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return "" if inline is None else _text(inline).strip()
    value = cell.find(f"{_MAIN}v")
    if value is None or value.text is None:
        return ""
    if kind == "s":
        return shared[int(value.text)].strip()
    return value.text.strip()
