"""The result of a scaling study, typed. Intervals are 95 %."""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "qtwin.scaling/1"


class InstanceRow(Part):
    """One instance: the exact probability that a sample is a ground state."""

    n: int
    instance: int
    probability: float
    ground_states: int


class LineFit(Part):
    """log2 of the expected samples = intercept + slope n; `base` is 2^slope."""

    intercept: float
    slope: float
    base: float
    base_interval: tuple[float, float]
    residual_sd: float
    points: int


class AmplifiedMachine(Part):
    """What amplifying this QAOA would take at one size."""

    n: int
    probability: float
    toffolis: float
    physical_qubits: int
    wall_s: float
    extrapolated: bool


class Amplified(LineFit):
    """The growth of the calls with amplitude amplification, and machines for it."""

    machines: tuple[AmplifiedMachine, ...]


class Method(Part):
    """Whose method it is."""

    citation: str
    kind: str


class ScalingResult(StudyResult):
    """How the success of fixed-angle QAOA falls with size."""

    schema_: Literal["qtwin.scaling/1"] = Field(default=SCHEMA, alias="schema")
    title: str
    verdict: str
    spec: dict[str, Any]
    theta: tuple[float, ...]
    rows: tuple[InstanceRow, ...]
    fit: LineFit
    amplified: Amplified
    solvers: dict[str, Method]
    seed: int
    machine: dict[str, Any]
    versions: dict[str, str]
    command: str
    wall_s: float

    def to_pandas(self) -> pd.DataFrame:
        """A row for each instance."""
        import pandas as pd

        return pd.DataFrame([r.to_json() for r in self.rows])

    def to_html(self, path: str | Path = "report.html") -> Path:
        """The page that opens offline; figures go beside it.

        Raises:
            InputError: for a folder that cannot be written.
        """
        from qtwin.report.sheet import write_sheet
        from qtwin.studies.scaling.run import sheet

        target = Path(path)
        return write_sheet(sheet(self), target.parent if target.suffix == ".html" else target)

    def __repr__(self) -> str:
        return f"ScalingResult({self.verdict})"

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.verdict)}</b></p>{self.to_pandas().to_html(index=False)}"
