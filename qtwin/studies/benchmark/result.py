"""The result of a sweep, typed.

Intervals are 95 %; None stands for what could not be computed, and for "never" among times.
"""

from __future__ import annotations

import html
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from qtwin.benchmark.analysis import Cell
from qtwin.benchmark.metrics import Interval
from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "qtwin.bench/1"
Number = float | None
Ends = tuple[Number, Number] | None
"""Both ends of an interval; an upper end of None is infinity. None where there is no interval."""


class CellRow(Part):
    """One solver at one size of one family (`qtwin.benchmark.analysis.Cell` says what each number
    is).
    """

    family: str
    n: int
    label: str
    kind: str
    instances: int
    runs: int
    successes: int
    probability: float
    interval: Ends
    failed: int
    out_of_time: int
    run_s: Number
    tts_s: Number
    gap: Number
    proven: int
    primal_s: Number
    tts_interval: Ends
    ratio: Number
    regret: Number
    stage_s: dict[str, Number]
    shots: float
    evaluations: float
    hits: int
    drawn: int
    reads_to_solution: Number
    reads_interval: Ends
    read_tts_s: Number
    qpu_run_s: Number
    qpu_tts_s: Number
    qpu_tts_interval: Ends
    qpu_unknown: str

    def cell(self) -> Cell:
        """The cell as the analysis has it: "never" is infinite again, and what is not known is
        NaN.
        """
        values = {k: getattr(self, k) for k in type(self).model_fields}
        for name in ("run_s", "gap", "primal_s", "ratio", "regret", "qpu_run_s"):
            values[name] = math.nan if values[name] is None else values[name]
        never = {
            "tts_s": True,
            "reads_to_solution": self.drawn > 0,
            "read_tts_s": self.drawn > 0,
            "qpu_tts_s": self.kind == "quantum" and not self.qpu_unknown,
        }
        for name, known in never.items():
            if values[name] is None:
                values[name] = math.inf if known else math.nan
        for name in ("interval", "tts_interval", "reads_interval", "qpu_tts_interval"):
            if values[name] is not None:
                values[name] = Interval(*(math.inf if end is None else end for end in values[name]))
        values["stage_s"] = {k: math.nan if v is None else v for k, v in self.stage_s.items()}
        return Cell(**values)


class GrowthRow(Part):
    """The law that a solver's time to solution follows in a family; `refused` says why there is
    none.
    """

    family: str
    solver: str
    form: str = ""
    sizes: tuple[int, ...] = ()
    tts_s: tuple[Number, ...] = ()
    censored: tuple[int, ...] = ()
    intercept: Number = None
    slope: Number = None
    slope_interval: Ends = None
    base: Number = None
    base_interval: Ends = None
    aic: Number = None
    residuals: tuple[Number, ...] = ()
    choice: str = ""
    refused: str = ""

    @property
    def words(self) -> str:
        """The law with its interval, or why there is none."""
        if self.refused or self.base_interval is None:
            return self.refused
        low, high = self.base_interval
        return (
            f"{self.form}: {self.base:.3g} ({low:.3g} to "
            f"{'infinity' if high is None else f'{high:.3g}'})"
        )


class CrossoverRow(Part):
    """Where a quantum solver's idealised QPU time comes below the best classical time."""

    family: str
    quantum: str
    classical: str
    words: str
    size: Number
    interval: Ends


class PlaceRow(Part):
    """What a sweep shows of one family at one size (`qtwin.benchmark.features`)."""

    family: str
    generator: str
    n: int
    instances: int
    n_variables: float
    n_decision: float
    objective_degree: float
    objective_density: float
    log2_candidates: float
    largest_choice: float
    energy_bits: float
    terms: dict[str, float]
    proven: int
    proven_by: tuple[str, ...]
    construction: bool
    published_proof: str


class MachineRow(Part):
    """A fault-tolerant machine; `factory` describes that of its CCZ states."""

    logical_qubits: int
    toffolis: float
    distance: int
    factory: dict[str, Any]
    factories: int
    physical_qubits: int
    wall_s: Number
    failure: float


class RequirementRow(Part):
    """What Grover's search would need to overtake the best classical solver; `refused` says why
    that is not known.
    """

    family: str
    classical: str = ""
    cores: int | None = None
    size: int | None = None
    interval: Ends = None
    machine: MachineRow | None = None
    practical: bool = False
    words: str = ""
    refused: str = ""


class SolverEntry(Part):
    """What stands behind a label."""

    name: str
    options: dict[str, Any]
    time_limit_s: Number
    kind: str = ""
    citation: str = ""


class Offence(Part):
    """What a solver said and what was found."""

    solver: str
    family: str
    n: int
    kind: str
    alarm: bool
    mark: str
    runs: int
    words: str


class NoiseLevel(Part):
    """Samples at the best known energy, at one two-qubit error rate."""

    error: float
    hits: int
    shots: int
    low: float
    high: float


class NoiseRow(Part):
    """Success of a sample against the two-qubit error rate; `refused` says why there is no fit."""

    family: str
    n: int
    solver: str
    resources: dict[str, Any]
    levels: tuple[NoiseLevel, ...]
    chance: Number
    p0: Number = None
    gates: Number = None
    gates_interval: Ends = None
    budget: Number = None
    budget_interval: Ends = None
    refused: str = ""


class BenchmarkResult(StudyResult):
    r"""A sweep: every cell, growth, crossovers, what was not believed, and the verdict.

    Example:
        >>> import pathlib, tempfile
        >>> import qtwin as qt
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> family, solver = '{name = "dense", sizes = [6]}', '{name = "enumeration"}'
        >>> spec = f'title = "Six variables"\nseed = 1\nfamily = [{family}]\nsolver = [{solver}]\n'
        >>> _ = (folder / "sweep.toml").write_text(spec)
        >>> result = qt.run_sweep(folder / "sweep.toml", folder / "out", workers=0)
        >>> [(c.label, c.n, c.successes, c.runs) for c in result.cells]
        [('enumeration', 6, 1, 1)]
        >>> qt.BenchmarkResult.read(folder / "out" / "result.json") == result
        True
    """

    schema_: Literal["qtwin.bench/1"] = Field(default=SCHEMA, alias="schema")
    spec: dict[str, Any]
    spec_hash: str
    versions: dict[str, str]
    machine: dict[str, Any]
    command: str
    seed: int
    verdict: str
    alarms: tuple[str, ...]
    tasks: int
    ran_now: int
    answered: int
    instances: int
    proven_instances: int
    cells: tuple[CellRow, ...]
    growth: tuple[GrowthRow, ...]
    growth_qpu: tuple[GrowthRow, ...]
    qpu_assumptions: str
    crossovers: tuple[CrossoverRow, ...]
    places: tuple[PlaceRow, ...]
    requirements: tuple[RequirementRow, ...]
    solvers: dict[str, SolverEntry]
    offences: tuple[Offence, ...]
    noise: tuple[NoiseRow, ...]
    compiling_s: float
    wall_s: float

    def to_pandas(
        self, table: Literal["cells", "growth", "places", "noise", "offences"] = "cells"
    ) -> pd.DataFrame:
        """A table of the result.

        Args:
            table: "cells", a row for each solver at each size of each family; "growth", the laws of
                time to solution; "places", what each family is like at each size; "noise", success
                against the error rate; "offences", what was not believed.
        """
        import pandas as pd

        rows: dict[str, tuple[Part, ...]] = {
            "cells": self.cells,
            "growth": self.growth,
            "places": self.places,
            "noise": self.noise,
            "offences": self.offences,
        }
        return pd.DataFrame([r.to_json() for r in rows[table]])

    def to_html(self, path: str | Path = "report.html", *, records: Any = None) -> Path:
        """The page that opens offline; figures go beside it.

        Args:
            path: The page, or its folder.
            records: Records of the sweep (`qtwin.benchmark.records.Records`), for figures of single
                runs; None leaves those out.

        Raises:
            InputError: for a folder that cannot be written.
        """
        from qtwin.studies.benchmark.page import page_of

        target = Path(path)
        return page_of(
            self, list(records or ()), target.parent if target.suffix == ".html" else target
        )

    def __repr__(self) -> str:
        return (
            f"BenchmarkResult({self.instances} instances, {len(self.solvers)} solvers: "
            f"{self.verdict})"
        )

    def _repr_html_(self) -> str:
        shown = self.to_pandas()[
            ["family", "n", "label", "kind", "successes", "runs", "tts_s", "qpu_tts_s"]
        ]
        return f"<p><b>{html.escape(self.verdict)}</b></p>{shown.to_html(index=False)}"
