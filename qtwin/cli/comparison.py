"""A comparison on the terminal: who of the solvers found what, then what the twin recommends."""

from __future__ import annotations

from pathlib import Path

from qtwin.cli.show import note, table
from qtwin.report.number import percent, seconds
from qtwin.studies.regimen.result import Comparison, SolverRow


def show(result: Comparison, folder: Path) -> None:
    """Print the solvers' table, the recommendation with its points, and where the page is."""
    header = (
        "solver",
        "status",
        "utility on the twin, QALY",
        "regret, QALY",
        "P(best) per shot, 95 %",
        "QPU time to solution",
        "time, s",
    )
    table("Solver comparison", header, [_row(r) for r in result.solvers])
    note(result.verdict, style="bold green")
    for line in result.verdict_points:
        note(line)
    note(result.solver_verdict, style="dim")
    note(f"{folder / 'report.html'}  Research software: not a medical device, not for prescribing.")


def _row(row: SolverRow) -> tuple[str, ...]:
    p, regret = row.success_probability, row.regret_twin
    return (
        row.label,
        row.status + (f", proven on the {row.scope}" if row.proven else ""),
        "-" if row.objective_twin is None else f"{row.objective_twin:.4f}",
        ("-" if row.regimen is None else "infeasible") if regret is None else f"{regret:.4f}",
        ""
        if p is None
        else percent(p.value) + (f" ({percent(p.low)} to {percent(p.high)})" if p.low is not None and p.high is not None else ""),
        _qpu(row),
        f"{row.total_wall_s:.2f}",
    )


def _qpu(row: SolverRow) -> str:
    """Idealised seconds of a quantum processor until a shot is the best with 99 %."""
    ends = None if row.qpu is None else row.qpu.to_solution_s
    return "" if ends is None or ends.value is None else seconds(ends.value)
