"""The map, typed: where classical wins, where it is open, and what a quantum machine would need."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from qtwin.benchmark.advantage.point import Axes, Origin
from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "qtwin.map/1"
Number = float | None
"""None for a time that never comes, and where there is none."""


class AxisRow(Part):
    """A row of a map."""

    key: str
    words: str


class AxesPart(Part):
    """Both axes of a map, with the upper ends of its columns."""

    x: str
    y: str
    column_ends: tuple[int, ...]
    rows: tuple[AxisRow, ...]


class PracticeRow(Part):
    """How large a question is that practice asks."""

    label: str
    short: str
    size: int
    source: str
    status: str


class VerdictPart(Part):
    """A kind and the sentence behind it."""

    kind: str
    words: str


class ContenderRow(Part):
    """A method at a place (`qtwin.benchmark.advantage.point.MethodTimes`)."""

    label: str
    kind: str
    time_s: Number
    low_s: Number
    high_s: Number
    successes: int
    runs: int
    proven: int
    note: str
    reads: Number
    qpu_s: Number
    qpu_low_s: Number
    qpu_high_s: Number
    qpu_unknown: str


class PlaceEntry(Part):
    """Where an instance or family sits, and what happened there
    (`qtwin.benchmark.advantage.point.BenchmarkPoint`).
    """

    axes: Axes
    name: str
    origin: Origin
    size: int
    level: str
    detail: str
    instances: int
    proven: int
    construction: bool
    source: str
    command: str
    requirement: str
    plausible: bool
    classical: str
    verdict: VerdictPart
    contenders: tuple[ContenderRow, ...]


class CellEntry(Part):
    """A cell that holds something; its verdict is the least settled of its places."""

    axes: Axes
    column: int
    row: int
    key: str
    title: str
    verdict: VerdictPart
    places: tuple[PlaceEntry, ...]


class Source(Part):
    """A result that the map was drawn from."""

    file: str
    schema_: str = Field(alias="schema")
    title: str
    command: str


class MapResult(StudyResult):
    r"""The whole map; `map.json` is its dump.

    Example:
        >>> import pathlib, tempfile
        >>> import qtwin as qt
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> family, solver = '{name = "dense", sizes = [6]}', '{name = "enumeration"}'
        >>> spec = f'title = "Six variables"\nseed = 1\nfamily = [{family}]\nsolver = [{solver}]\n'
        >>> _ = (folder / "sweep.toml").write_text(spec)
        >>> result = qt.run_sweep(folder / "sweep.toml", folder / "out", workers=0)
        >>> drawn = qt.run_map(folder / "out", folder / "map")
        >>> qt.MapResult.read(folder / "map" / "map.json") == drawn
        True
        >>> drawn.to_pandas()[["place", "size", "proven"]].values.tolist()
        [['dense', 6, 1]]
    """

    schema_: Literal["qtwin.map/1"] = Field(default=SCHEMA, alias="schema")
    title: str
    question: str
    decision_rule: str
    verdict: str
    axes: dict[Axes, AxesPart]
    assumptions: dict[str, Any]
    in_practice: tuple[PracticeRow, ...]
    cells: tuple[CellEntry, ...]
    sources: tuple[Source, ...]
    machine: dict[str, Any]
    versions: dict[str, str]
    command: str

    def to_pandas(self) -> pd.DataFrame:
        """A row for each place, with its cell, its size and its verdict."""
        import pandas as pd

        return pd.DataFrame(
            [
                {"cell": c.title, "place": p.name, "origin": p.origin, "size": p.size}
                | {
                    "instances": p.instances,
                    "proven": p.proven,
                    "verdict": p.verdict.kind,
                    "words": p.verdict.words,
                }
                for c in self.cells
                for p in c.places
            ]
        )

    def __repr__(self) -> str:
        return f"MapResult({len(self.cells)} cells: {self.verdict})"

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.verdict)}</b></p>{self.to_pandas().to_html(index=False)}"
