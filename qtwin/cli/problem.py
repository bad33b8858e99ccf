"""`qtwin problem`: what the solvers of a spec see, as a file for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.cli.audit import write_down
from qtwin.cli.check import Checked
from qtwin.cli.encode import encoded_from, problem_of, sampled, twin_of
from qtwin.cli.show import note, stage, table
from qtwin.encoding.instance import FORMATS, format_of
from qtwin.errors import InputError, unknown_name
from qtwin.report.number import number

_CIRCUIT = ".qasm"


def check_output(path: Path) -> None:
    """Refuse a suffix that nothing writes, before anything is computed (InputError)."""
    if path.suffix.lower() not in {*FORMATS, _CIRCUIT}:
        raise unknown_name("suffix of an instance file", path.suffix or path.name, {**FORMATS, _CIRCUIT: ""})


def export_problem(checked: Checked, path: Path, *, layers: int) -> dict[str, Any]:
    """Write the encoding of a checked spec, or the QAOA circuit on it.

    Names of drugs go into the file; nothing else of the record does: no identifier, date or measurement.

    Args:
        checked: The spec.
        path: Ends in .json, .qubo, .lp, .qs or .qasm.
        layers: Depth of the circuit for .qasm, at the angles of a linear ramp.

    Raises:
        InputError: for what the format cannot hold.
    """
    spec = checked.spec
    with stage("Twin") as found:
        twin = twin_of(checked)
        found.append(f"{twin.n_members:,} members")
    write_down("export problem", checked.patient, detail=f"{path.suffix} file, seed {spec.seed}")
    with stage("Encoding") as found:
        problem = problem_of(checked, twin)
        made = encoded_from(problem, checked.feasible, sampled(problem, checked.feasible, spec), spec.encoding, spec.seed)
        encoding = made.encoding
        found.append(f"{encoding.polynomial.n_variables} bits")
    if path.suffix.lower() == _CIRCUIT:
        from qtwin.backend.openqasm import to_openqasm3
        from qtwin.solver.training import ansatz, ramp

        if layers < 1:
            raise InputError(f"{layers} layers came, at least 1 was wanted", hint="raise --layers")
        text = to_openqasm3(ansatz(encoding.polynomial, layers), ramp(layers))
    else:
        text = format_of(path).write(encoding)

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8")

    write_atomically(path, write)
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
        "warnings": [made.words] if made.words else [],
    }
    rows = [(k.replace("_", " "), number(v) if isinstance(v, float) else str(v)) for k, v in told.items() if k != "warnings"]
    table("What the solvers see", ("", ""), rows)
    if made.words:
        note(f"warning: {made.words}", style="yellow")
    return told
