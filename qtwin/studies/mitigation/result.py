"""The result of a study of mitigation, typed.

`low` and `high` are 95 %, by the bootstrap over repetitions.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import Field

from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "qtwin.mitigation/1"


class Mean(Part):
    """A mean, or a root mean square, with its interval."""

    value: float
    low: float
    high: float


class EnergyRow(Part):
    """One way to treat noise on one line of qubits: errors of the energy of H2."""

    line: str
    label: str
    idle: bool
    rms_millihartree: Mean
    bias_millihartree: Mean
    standard_error_millihartree: float
    shots: int
    errors_millihartree: tuple[float, ...]


class SampleRow(Part):
    """One way to treat noise on one line of qubits: mean energy and share of optimal shots; None
    where it has no samples.
    """

    line: str
    label: str
    energy: Mean | None
    optimum: Mean | None


class Energies(Part):
    """The energies of H2 and what is right."""

    exact_hartree: float
    rows: tuple[EnergyRow, ...]


class Choices(Part):
    """Samples of QAOA on a choice of exactly so many options, and what it gives without noise."""

    best: float
    ideal_energy: float
    ideal_optimum: float
    ideal_repaired: float
    rows: tuple[SampleRow, ...]


class MitigationResult(StudyResult):
    """What each way to treat noise is worth, beside none and beside tossed coins."""

    schema_: Literal["qtwin.mitigation/1"] = Field(default=SCHEMA, alias="schema")
    spec: dict[str, Any]
    spec_hash: str
    versions: dict[str, str]
    machine: dict[str, Any]
    command: str
    seed: int
    device: str
    energy: Energies
    sampling: Choices
    verdict: str
    verdict_points: tuple[str, ...]
    wall_s: float

    def to_pandas(self, table: Literal["energy", "sampling"] = "energy") -> pd.DataFrame:
        """A table of the result: errors of the energy of H2, or the worth of samples, a row for
        each way and line of qubits.
        """
        import pandas as pd

        rows: tuple[Part, ...] = self.energy.rows if table == "energy" else self.sampling.rows
        return pd.json_normalize([r.to_json() for r in rows])

    def to_html(self, path: str | Path = "report.html") -> Path:
        """The page that opens offline; figures go beside it.

        Raises:
            InputError: for a folder that cannot be written.
        """
        from qtwin.report.sheet import write_sheet
        from qtwin.studies.mitigation.run import sheet

        target = Path(path)
        return write_sheet(sheet(self), target.parent if target.suffix == ".html" else target)

    def __repr__(self) -> str:
        return f"MitigationResult({self.device}: {self.verdict})"

    def _repr_html_(self) -> str:
        return f"<p><b>{html.escape(self.verdict)}</b></p>{self.to_pandas().to_html(index=False)}"
