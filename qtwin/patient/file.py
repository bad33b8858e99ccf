"""Files that a user names: JSON, CSV and NDJSON, each failure said plainly; and a lock beside those
that are written.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtwin.errors import InputError

MAX_BYTES = 64 * 2**20


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose keys each came once.

    Raises:
        ValueError: if one came twice; it is not repeated, for it may be anything.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it names a key twice in one object")
    return found


def not_finite(value: Any, where: str = "") -> str | None:
    """The place of the first number that is not finite, as in
    `entry[3].resource.valueQuantity.value`, or None.
    """
    if isinstance(value, float):
        return None if math.isfinite(value) else where
    below: Any = ()
    if isinstance(value, dict):
        below = ((f"{where}.{key}" if where else key, item) for key, item in value.items())
    elif isinstance(value, list):
        below = ((f"{where}[{i}]", item) for i, item in enumerate(value))
    return next(
        (found for place, item in below if (found := not_finite(item, place)) is not None), None
    )


def read_json(path: Path, *, what: str) -> tuple[dict[str, Any], str]:
    """A JSON object and the SHA-256 of its bytes.

    NaN, Infinity and numbers too large for a float are left in: the caller knows what they were to
    be and names it.

    Raises:
        InputError: if the file is missing, unreadable, too large, empty, not JSON, names a key
            twice, or is not an object.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"{path} is larger than {MAX_BYTES >> 20} MiB", hint=f"is this the {what}?"
            )
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"expected a {what}, got no file at {path}",
            hint="check the path in the spec or on the command line",
        ) from None
    except IsADirectoryError:
        raise InputError(
            f"expected a {what}, got the folder {path}", hint="name the file"
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="check the path and its permissions"
        ) from None
    if not raw.strip():
        raise InputError(
            f"expected a {what}, got the empty file {path}", hint="export the record again"
        )
    try:
        value = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=distinct)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as JSON: {error}",
            hint=f"it should be a {what} in JSON; correct or export it again",
        ) from None
    if not isinstance(value, dict):
        raise InputError(
            f"expected an object, got {path}, which holds a JSON {type(value).__name__}",
            hint=f"it should be a {what}",
        )
    return value, hashlib.sha256(raw).hexdigest()


# Reading a CSV file that a user named, with every way it can fail said plainly, by line.


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
            raise InputError(
                f"{path} is larger than {MAX_BYTES >> 20} MiB", hint=f"is this the {what}?"
            )
        raw = path.read_bytes()
        return raw.decode("utf-8-sig"), hashlib.sha256(raw).hexdigest()
    except FileNotFoundError:
        raise InputError(
            f"expected a {what}, got no file at {path}", hint="check the path"
        ) from None
    except IsADirectoryError:
        raise InputError(
            f"expected a {what}, got the folder {path}", hint="name the file"
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            f"expected a {what}, got {path.name}, which is not UTF-8 text",
            hint="export it as UTF-8 CSV",
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="check the path and its permissions"
        ) from None


def read_csv(path: Path, *, what: str) -> tuple[list[str], list[Line], str]:
    """The header in small letters, the lines that are not blank, and the SHA-256 of the file.

    Cells are separated by what the header has most of: commas, semicolons or tabs.

    Raises:
        InputError: if the file cannot be read, has no header, or a line has more or fewer cells
            than the header.
    """
    text, digest = _text(path, what)
    rows = text.splitlines()
    if not rows or not rows[0].strip():
        raise InputError(
            f"{path.name} line 1: expected a {what}, got no header",
            hint="the first line names the columns",
        )
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
                raise InputError(
                    f"{where}: expected {len(header)} cells, got {len(cells)}",
                    hint="quote cells with commas",
                )
            told = dict(zip(header, (c.strip() for c in cells), strict=True))
            lines.append(Line(number=reader.line_num, where=where, cells=told))
    except csv.Error as error:
        raise InputError(
            f"{path.name} line {reader.line_num}: {error}", hint="export the table as CSV again"
        ) from None
    doubled = sorted({name for name in header if name and header.count(name) > 1})
    if doubled:
        place = len(header) - header[::-1].index(doubled[0])
        raise InputError(
            f"{path.name} line 1: the name of column {place} came twice", hint="keep one of them"
        )
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
        raise InputError(
            f"{line.where}: {column}: expected a number, got {came}", hint="correct the cell"
        ) from None
    if not math.isfinite(value):
        raise InputError(
            f"{line.where}: expected a finite number for {column}, got {value}",
            hint="correct or remove the line",
        )
    return value


def constant(lines: Sequence[Line], column: str) -> tuple[str, str]:
    """What a column says on every line that says anything, and where it says so first; '' and '' if
    nowhere.

    Raises:
        InputError: if two lines say different things; what they say is not repeated, for it may
            name the person.
    """
    told = [line for line in lines if line.cells.get(column)]
    for line in told[1:]:
        if line.cells[column] != told[0].cells[column]:
            raise InputError(
                f"{line.where}: {column} is not that of line {told[0].number}; the same was "
                "wanted on every line",
                hint="correct the column; one table a person",
            )
    return (told[0].cells[column], told[0].where) if told else ("", "")


# One process at a time: an exclusive lock on a file beside the one that is written.


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on `path`, which is made if it is not there; waits for other processes.

    The operating system frees the lock when a process dies.
    """
    with path.open("a+b") as file:
        if sys.platform == "win32":
            import msvcrt
            import time

            while True:
                file.seek(0)
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                    break
                except OSError:
                    time.sleep(0.05)
            try:
                yield
            finally:
                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
            yield  # closing the file frees the lock


# A FHIR record from its file: a Bundle in JSON, or a bulk export, one resource a line (NDJSON), in
# a file or a folder.

_SUFFIXES = frozenset({".ndjson", ".jsonl"})


def _raw(path: Path) -> bytes:
    files = (
        sorted(p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES)
        if path.is_dir()
        else [path]
    )
    if sum(file.stat().st_size for file in files) > MAX_BYTES:
        raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB", hint="export one patient")
    return b"\n".join(file.read_bytes() for file in files)


def _is_bulk(path: Path) -> bool:
    """Whether a file holds several JSON objects, one a line."""
    if path.is_dir():
        return any(p.suffix.lower() in _SUFFIXES for p in path.iterdir())
    if path.suffix.lower() in _SUFFIXES:
        return path.exists()
    try:
        with path.open("rb") as file:
            first, second = file.readline(MAX_BYTES).strip(), file.readline(MAX_BYTES).strip()
        told = json.loads(first.decode("utf-8-sig")) if second.startswith(b"{") else None
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(told, dict) and told.get("resourceType") not in (None, "Bundle")


def read_fhir(path: Path) -> tuple[dict[str, Any], str]:
    """A Bundle and the SHA-256 of what it was read from.

    Raises:
        InputError: if it cannot be read; of a bulk export with the line that is no JSON.
    """
    if not _is_bulk(path):
        return read_json(path, what="FHIR Bundle")
    try:
        raw = _raw(path)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="check the path and its permissions"
        ) from None
    entries: list[dict[str, Any]] = []
    for number, line in enumerate(raw.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line.decode("utf-8-sig"), object_pairs_hook=distinct)
        except (ValueError, RecursionError):
            raise InputError(
                f"{path.name} line {number} cannot be read as JSON, expected one resource a line",
                hint="export the record again",
            ) from None
        bundled = (
            told.get("entry")
            if isinstance(told, dict) and told.get("resourceType") == "Bundle"
            else None
        )
        entries += bundled if isinstance(bundled, list) else [{"resource": told}]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}, hashlib.sha256(
        raw
    ).hexdigest()
