"""`qtwin problem`: what the solvers of a spec see, as a file for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.cli.show import note, stage, table
from qtwin.encoding.instance import FORMATS, format_of
from qtwin.errors import unknown_name
from qtwin.patient.access import write_down
from qtwin.report.number import number
from qtwin.studies.regimen.prepare import Prepared
from qtwin.studies.regimen.run import model_of, problem_of, twin_of
from qtwin.studies.stages import Stages

_CIRCUIT = ".qasm"


def check_output(path: Path) -> None:
    """Refuse a suffix that nothing writes, before anything is computed (InputError)."""
    if path.suffix.lower() not in {*FORMATS, _CIRCUIT}:
        raise unknown_name("suffix of an instance file", path.suffix or path.name, {**FORMATS, _CIRCUIT: ""})


def export_problem(prepared: Prepared, path: Path, *, layers: int) -> dict[str, Any]:
    """Write the encoding of a checked spec, or the QAOA circuit on it.

    Names of drugs go into the file; nothing else of the record does: no identifier, date or measurement.

    Args:
        prepared: The spec and its record.
        path: Ends in .json, .qubo, .lp, .qs or .qasm.
        layers: Depth of the circuit for .qasm, at the angles of a linear ramp.

    Raises:
        InputError: for what the format cannot hold.
    """
    spec, patient = prepared.spec, prepared.patient
    with stage("Twin") as found:
        twin = twin_of(prepared)
        found.append(f"{twin.n_members:,} members")
    write_down("export problem", patient, detail=f"{path.suffix} file, seed {spec.seed}")
    with stage("Encoding") as found:
        encoding = model_of(problem_of(prepared, twin), spec, Stages())
        found.append(f"{encoding.n_variables} bits")
    text = encoding.to_openqasm3(layers) if path.suffix.lower() == _CIRCUIT else format_of(path).write(encoding)

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8")

    write_atomically(path, write)
    warning = "" if encoding.fit is None else encoding.fit.warning
    low, high = encoding.polynomial.coefficient_range
    told = {
        "file": str(path),
        "n_variables": encoding.polynomial.n_variables,
        "n_decision": encoding.n_decision,
        "n_terms": encoding.polynomial.n_terms,
        "degree": encoding.polynomial.degree,
        "coefficient_min": low,
        "coefficient_max": high,
        "surrogate": spec.encoding.surrogate,
        "constraints": len(encoding.constraints),
        "penalty_weight_max": max((p.weight for p in encoding.penalties), default=0.0),
        "warnings": [warning] if warning else [],
    }
    rows = [(k.replace("_", " "), number(v) if isinstance(v, float) else str(v)) for k, v in told.items() if k != "warnings"]
    table("What the solvers see", ("", ""), rows)
    if warning:
        note(f"warning: {warning}", style="yellow")
    return told
