"""A page of sections with pictures and tables: what trials, checks and validations are reported on.

As the report of an experiment it is one self-contained HTML file that makes no request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from qtwin.errors import InputError
from qtwin.report.chart import Figure
from qtwin.report.origin import command_line
from qtwin.report.page import environment, inlined, replace_file, write_pictures

DISCLAIMER = "Research software. Not a medical device; not for diagnosis or prescribing."


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with a note; rows whose number is in `flagged` are printed in red, columns in
    `numeric` right-aligned.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: frozenset[int] = frozenset()
    flagged: frozenset[int] = frozenset()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Square:
    """A cell of a grid: what it says, in which of the styles ``k0`` to ``k3``, and the anchor where
    its evidence is.
    """

    text: str
    style: str
    anchor: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A map as a table of links; None where nothing was measured.

    Rows from the top, their words first.
    """

    title: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Square | None]]]
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading with text, a grid, pictures, tables and links (words, address); `listed` in the
    page's contents or not.
    """

    anchor: str
    title: str
    text: Sequence[str] = ()
    grids: Sequence[Grid] = ()
    pictures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    links: Sequence[tuple[str, str]] = ()
    listed: bool = True


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A whole page.

    Attributes:
        kind: What it reports, such as "virtual trial".
        title, verdict, points: The head: one sentence, and what supports it.
        cards: (name, value, note).
        sections: The body.
        warnings: What limits it.
        facts: Provenance, name to text.
    """

    kind: str
    title: str
    verdict: str
    points: Sequence[str] = ()
    cards: Sequence[tuple[str, str, str]] = ()
    sections: Sequence[Section] = ()
    warnings: Sequence[str] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


def write_sheet(sheet: Sheet, out_dir: Path, *, name: str = "report.html") -> Path:
    """Write the page and its pictures into `out_dir`; returns the page's path.

    Raises:
        InputError: if the folder cannot be written to.
    """
    target = Path(out_dir) / name
    pictures = [picture for section in sheet.sections for picture in section.pictures]
    text = environment().get_template("sheet.html.j2")
    page = text.render(s=sheet, disclaimer=DISCLAIMER, command=command_line(), **inlined(pictures))
    try:
        write_pictures(target.parent, pictures)
        replace_file(target, page.encode())
    except OSError as error:
        raise InputError(
            f"cannot write the report to {target.parent}: {error.strerror}",
            hint="choose a folder with --out",
        ) from error
    return target
