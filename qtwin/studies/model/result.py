"""Answers to one binary model, typed: of one solver (`Solution`), and of several side by side
(`ModelComparison`).
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

SOLUTION: Final = "qtwin.solution/1"
COMPARISON: Final = "qtwin.model-comparison/1"
Number = float | None
"""None where there is none; among shots and times, for "never"."""


class SampleRate(Part):
    """How often a sample is the best answer of all that took part, with its 95 % Beta interval.

    Without an interval, and `no_interval` says why, where there are too few samples.
    """

    value: float
    low: Number
    high: Number
    no_interval: str
    successes: int
    trials: int
    target: str


class Ends(Part):
    """A number with its 95 % interval."""

    value: Number
    low: Number
    high: Number


class DeviceSeconds(Part):
    """A run on the idealised quantum processor; `unknown` says why there is no time."""

    shot_s: Number
    shots: int
    training_shots: int
    run_s: Number
    depth: int | None
    lattice: str
    unknown: str
    assumptions: str


class InstanceFile(Part):
    """What was solved."""

    file: str
    problem: str | None
    sha256: str
    n_variables: int
    n_decision: int
    n_terms: int
    degree: int
    constraints: int | None


class AnswerRow(Part):
    """What a solver said, as far as it is true."""

    name: str
    backend: str
    status: str
    objective_encoded: Number
    bound: Number
    proven: bool
    wall_s: dict[str, float]
    shots: int
    evaluations: int
    info: dict[str, Any]
    offences: dict[str, str]


class NullRow(Part):
    """What a null baseline found of the same question."""

    name: str
    label: str
    status: str
    energy: Number
    total_wall_s: float
    refused: str = ""
    success_probability: SampleRate | None
    shots_to_solution: Ends | None


class Solution(StudyResult):
    """One solver's answer to the instance of a file."""

    schema_: Literal["qtwin.solution/1"] = Field(default=SOLUTION, alias="schema")
    instance: InstanceFile
    solvers: tuple[AnswerRow, ...]
    energy: Number
    feasible: bool | None
    bits: tuple[int, ...] | None
    chosen: tuple[str, ...]
    whole_numbers: dict[str, int]
    success_probability: SampleRate | None
    shots_to_solution: Ends | None
    qpu: DeviceSeconds | None
    nulls: tuple[NullRow, ...]
    alarms: tuple[str, ...]
    printed: str
    options: dict[str, Any]
    seed: int
    clock_s: float
    compiling_s: float
    trace: tuple[tuple[float, int, Number], ...]
    versions: dict[str, str]

    def __repr__(self) -> str:
        row = self.solvers[0]
        answer = "no answer" if self.energy is None else f"energy {self.energy:.6g}"
        return f"Solution({row.name}: {row.status}{', proven' if row.proven else ''}, {answer})"


class ModelRow(Part):
    """One solver's answer.

    Attributes:
        gap: Energy above the best of all that took part; None for an answer that is not allowed.
        feasible: None where the model does not say what is allowed.
        success_probability: Share of its samples that are the best answer of all that took part;
            None where it kept none.
        shots_to_solution: Samples until one is that with 99 %.
        qpu: The same run on the idealised quantum processor; None for what is no quantum solver.
        seconds: All that the answer cost here, training included, compilation left out.
    """

    solver: str
    label: str
    kind: Literal["classical", "quantum", "null"]
    backend: str
    status: str
    energy: Number
    gap: Number
    bound: Number
    proven: bool
    feasible: bool | None
    chosen: tuple[str, ...] | None
    success_probability: SampleRate | None
    shots_to_solution: Ends | None
    qpu: DeviceSeconds | None
    shots: int
    evaluations: int
    seconds: float
    compiling_s: float
    options: dict[str, Any]
    info: dict[str, Any]
    offences: dict[str, str]


class ModelComparison(StudyResult):
    """Answers of several solvers to one binary model, the null baselines beside the quantum ones.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> study = qt.compare(model, [qt.solve(model, "enumeration"), qt.solve(model, "tabu")])
        >>> study.best_energy, study.proven
        (-1.5, True)
        >>> study.to_pandas()["proven"].tolist()
        [True, False]
    """

    schema_: Literal["qtwin.model-comparison/1"] = Field(default=COMPARISON, alias="schema")
    verdict: str
    alarms: tuple[str, ...]
    solvers: tuple[ModelRow, ...]
    best_energy: Number
    proven: bool
    n_variables: int
    n_decision: int
    n_terms: int
    degree: int
    constraints: int | None
    instance: InstanceFile | None
    seed: int
    versions: dict[str, str]
    machine: dict[str, Any]
    command: str

    def to_pandas(self) -> pd.DataFrame:
        """A row for each solver, in the order in which they were given."""
        import pandas as pd

        rows = []
        for r in self.solvers:
            p, needed = r.success_probability, r.shots_to_solution
            rows.append(
                {
                    "solver": r.label,
                    "kind": r.kind,
                    "status": r.status,
                    "proven": r.proven,
                    "feasible": r.feasible,
                    "energy": r.energy,
                    "gap": r.gap,
                    "bound": r.bound,
                    "p_best_per_shot": None if p is None else p.value,
                    "p_best_low": None if p is None else p.low,
                    "p_best_high": None if p is None else p.high,
                    "shots": r.shots,
                    "shots_to_solution": None if needed is None else needed.value,
                    "qpu_seconds": None if r.qpu is None else r.qpu.run_s,
                    "seconds": r.seconds,
                }
            )
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return (
            f"ModelComparison({len(self.solvers)} solvers on {self.n_variables} variables: "
            f"{self.verdict})"
        )

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.verdict)}</b></p>{self.to_pandas().to_html(index=False)}"
