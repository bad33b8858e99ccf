"""The command behind a page or a figure, run anew in another folder, and the numbers of both held
side by side.
"""

from __future__ import annotations

import csv
import json
import math
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from pydantic import Field

from qtwin.benchmark.environment import versions
from qtwin.errors import InputError, QtwinError
from qtwin.progress import SILENT, Progress
from qtwin.report.origin import ORIGIN, made_by
from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "qtwin.reproduced/1"
_COMMANDS = ("run", "bench", "trial", "scaling", "mitigation", "molecule", "map", "screen", "twin")
# Where the page and its records go is ours to say now: finished tasks of the old store would be
# taken for new ones. A paid job is asked about anew.
_LEFT_OUT = {"--out": 1, "-o": 1, "--store": 1, "--json": 0, "--yes": 0}


class Likeness(Part):
    """What became of the numbers of one figure.

    Attributes:
        figure: Its name.
        rows: Rows of its table now; None where it was not drawn again.
        columns: Columns of the table.
        changes: Column to the largest relative change of a number in it, where there is one; None
            where the tables do not match in shape.
        words: Cells of text that differ.
    """

    figure: str
    rows: int | None = None
    columns: int = 0
    changes: dict[str, float] | None = None
    words: int = 0

    @property
    def sentence(self) -> str:
        """The same in words."""
        if self.rows is None:
            return "not drawn again"
        if self.changes is None:
            return "other rows or columns"
        said = "every number the same"
        if self.changes:
            listed = ", ".join(
                f"{name} by at most {_percent(change)}" for name, change in self.changes.items()
            )
            said = (
                f"{listed}; {self.columns - len(self.changes)} of {self.columns} columns the same"
            )
        return said + (f"; {self.words} words differ" if self.words else "")


class Reproduced(StudyResult):
    """A page made again, and every number of its figures held against the first.

    Attributes:
        command: What was run.
        folder: Where the new page is.
        figure: The one figure asked about; "" for the whole page.
        versions_changed: Packages that are other than then.
        figures: Each figure, then and now.
    """

    schema_: Literal["qtwin.reproduced/1"] = Field(default=SCHEMA, alias="schema")
    command: str
    folder: str
    figure: str
    versions_changed: tuple[str, ...]
    figures: tuple[Likeness, ...]

    def to_pandas(self) -> pd.DataFrame:
        """A row for each figure."""
        import pandas as pd

        return pd.DataFrame([f.to_json() | {"difference": f.sentence} for f in self.figures])

    @property
    def shown(self) -> Path:
        """The new folder, or the drawing of the figure asked about."""
        return Path(self.folder) if not self.figure else _drawing(Path(self.folder), self.figure)

    def __repr__(self) -> str:
        return (
            f"Reproduced({self.command}: "
            f"{'; '.join(f'{f.figure}: {f.sentence}' for f in self.figures)})"
        )

    def _repr_html_(self) -> str:
        return str(self.to_pandas()[["figure", "rows", "difference"]].to_html(index=False))


def reproduce(
    made: str | Path,
    out: str | Path | None = None,
    *,
    command: Callable[[Sequence[str]], None] | None = None,
    progress: Progress = SILENT,
) -> Reproduced:
    """Run what made a page into another folder, and compare.

    Args:
        made: A folder that qtwin wrote, a file in it, or a figure in its ``figures``.
        out: Where the new page goes; default: beside the old, its name with ``-again``.
        command: What runs the arguments of a command; by default another process does.
        progress: Who hears of it.

    Raises:
        InputError: for a folder whose command is not known or is none that draws, or if `out` is
            that folder.
        QtwinError: when the command fails.

    Example:
        >>> import pathlib, subprocess, sys, tempfile
        >>> import qtwin as qt
        >>> folder = pathlib.Path(tempfile.mkdtemp()) / "six"
        >>> command = ["screen", "interactions", "falqon-six-drugs", "--out", str(folder), "--json"]
        >>> done = subprocess.run([sys.executable, "-m", "qtwin", *command], capture_output=True)
        >>> again = qt.reproduce(folder)  # into six-again, by the same command
        >>> {figure.figure: figure.sentence for figure in again.figures}
        {'safe_subset': 'every number the same', 'synergy': 'every number the same'}
    """
    folder, figure = _place(Path(made).absolute())
    arguments, then = _origin(folder)
    target = folder.with_name(folder.name + "-again") if out is None else Path(out)
    if target.resolve() == folder.resolve():
        raise InputError(
            f"the page would be written over the one in {folder}",
            hint="name another folder with --out",
        )
    again = [*_without_output(arguments), "--out", str(target)]
    names = (
        sorted(p.stem for p in (folder / "figures").glob("*.csv")) if figure is None else [figure]
    )
    before = {name: _rows(folder / "figures" / f"{name}.csv") for name in names}
    progress.note("qtwin " + shlex.join(again), style="bold")
    changed = _changed(then, versions())
    for line in changed:
        progress.note(f"other than then: {line}", style="yellow")
    with made_by(again):
        (command or _elsewhere)(again)
    return Reproduced(
        command=shlex.join(("qtwin", *again)),
        folder=str(target),
        figure=figure or "",
        versions_changed=tuple(changed),
        figures=tuple(
            _compare(name, rows, _rows(target / "figures" / f"{name}.csv"))
            for name, rows in before.items()
        ),
    )


def _elsewhere(arguments: Sequence[str]) -> None:
    """Run a command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "qtwin", *arguments], check=False, stdout=subprocess.DEVNULL
    )
    if done.returncode not in (0, 1):  # 1 is an alarm, which the page tells
        raise QtwinError(
            f"qtwin {shlex.join(arguments)} ended with {done.returncode}",
            hint="run that command itself",
        )


def _drawing(folder: Path, figure: str) -> Path:
    """The drawing of a figure that a page wrote."""
    svg = folder / "figures" / f"{figure}.svg"
    return svg if svg.exists() else svg.with_suffix(".png")


def _place(made: Path) -> tuple[Path, str | None]:
    """The folder of a page, and the figure that is asked about."""
    if made.is_dir():
        return made, None
    if not made.exists():
        raise InputError(
            f"nothing at {made}", hint="name a folder that qtwin wrote, or a figure in it"
        )
    if made.parent.name != "figures":
        return made.parent, None
    figure = made.stem.removesuffix("-narrow")
    if not (made.parent / f"{figure}.csv").exists():
        raise InputError(
            f"{made} has no numbers beside it",
            hint=f"name a figure that has: ls {made.parent}/*.csv",
        )
    return made.parent.parent, figure


def _origin(folder: Path) -> tuple[list[str], dict[str, str]]:
    file = folder / ORIGIN
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
        arguments, then = (
            [str(a) for a in read["arguments"]],
            {str(k): str(v) for k, v in read["versions"].items()},
        )
    except FileNotFoundError:
        raise InputError(
            f"{folder} does not say which command made it",
            hint="run that command once with this version of qtwin",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{file} cannot be read: {error}", hint="run the command itself") from None
    if not arguments or arguments[0] not in _COMMANDS:
        came = shlex.join(arguments[:2]) or "nothing"
        raise InputError(
            f"{file} names {came!r}, one of {', '.join(_COMMANDS)} was wanted",
            hint="run the command itself",
        )
    return arguments, then


def _without_output(arguments: list[str]) -> list[str]:
    kept, skip = [], 0
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        if skip:
            skip -= 1
        elif name in _LEFT_OUT:
            skip = 0 if equals else _LEFT_OUT[name]
        elif argument.startswith("-o"):  # the file written behind the letter
            continue
        else:
            kept.append(argument)
    return kept


def _changed(then: dict[str, str], now: dict[str, str]) -> list[str]:
    names = sorted({*then, *now})
    return [
        f"{n} {then.get(n, 'absent')} -> {now.get(n, 'absent')}"
        for n in names
        if then.get(n) != now.get(n)
    ]


def _compare(name: str, old: list[list[str]] | None, new: list[list[str]] | None) -> Likeness:
    if new is None:
        return Likeness(figure=name)
    rows, columns = len(new) - 1, len(new[0])
    if (
        old is None
        or len(old) != len(new)
        or any(len(a) != len(b) for a, b in zip(old, new, strict=True))
        or old[0] != new[0]
    ):
        return Likeness(figure=name, rows=rows, columns=columns)
    changes: dict[str, float] = {}
    words = 0
    for a_row, b_row in zip(old[1:], new[1:], strict=True):
        for head, a, b in zip(new[0], a_row, b_row, strict=True):
            a_number, b_number = _number(a), _number(b)
            if a_number is None or b_number is None:
                words += a != b
            elif a_number != b_number:
                change = abs(a_number - b_number) / max(abs(a_number), abs(b_number))
                changes[head] = max(change, changes.get(head, 0.0))
    return Likeness(figure=name, rows=rows, columns=columns, changes=changes, words=words)


def _rows(file: Path) -> list[list[str]] | None:
    if not file.exists():
        return None
    try:
        rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{file} cannot be read: {error}", hint="name another figure, or run the command itself"
        ) from None
    return rows or None


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _percent(change: float) -> str:
    return f"{100 * change:.0f} %" if change >= 0.1 else f"{100 * change:.2g} %"
