"""The paid machines of a spec: which solvers need them, what a job may not contain, and what the
jobs took.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qtwin.backend.hardware import PROVIDERS
from qtwin.spec import SolverSection, Spec
from qtwin.studies.regimen.prepare import Prepared


def is_paid(section: SolverSection) -> bool:
    """Whether a solver runs on a machine that costs money."""
    return str(section.options.get("backend", "")).partition(":")[0] in PROVIDERS


def project_of(spec: Spec) -> str:
    """What the budget is for."""
    return (spec.hardware.project if spec.hardware else "") or spec.title


def identifiers(prepared: Prepared) -> Iterator[str]:
    """Texts that must not be in a job: who the person is, what she has, takes and was measured, and
    the names of the options.
    """
    patient, choice = prepared.patient, prepared.choice
    yield patient.patient_id
    yield from patient.provenance.sha256
    yield from (g.diplotype for g in patient.genotypes.values())
    yield from (v.date.isoformat() for v in patient.visits)
    for c in patient.conditions:
        yield from (c.display, c.code, c.key)
    yield from (m.inn for m in patient.medications)
    for dose in (*choice.options, *choice.current):
        yield from (dose.label, dose.drug.inn)
    yield prepared.spec.title


def hardware_section(spec: Spec) -> dict[str, Any] | None:
    """For the result and the report: every paid job of the project, what it told the provider, and
    what it took.
    """
    if spec.hardware is None:
        return None
    from qtwin.backend.hardware.ledger import Ledger
    from qtwin.backend.hardware.price import Budget

    ledger = Ledger(spec.hardware.ledger or None)
    try:
        entries = [e for e in ledger.entries() if e.planned.get("project") == project_of(spec)]
    finally:
        ledger.close()
    spent = Budget(project=project_of(spec)).spent(entries)
    return {
        "plan": spec.hardware.plan,
        "budget": spec.hardware.budget.model_dump(),
        "spent": {"jobs": spent.jobs, "qpu_s": spent.qpu_s, "usd": spent.usd},
        "jobs": [
            {
                "key": e.key[:12],
                "backend": e.backend,
                "state": e.state,
                "job_id": e.job_id,
                "created": e.created,
                "shots": e.request.get("shots"),
                "qpu_s": e.usage.get("qpu_s"),
                "planned_qpu_s": e.planned.get("qpu_s"),
                "two_qubit_depth": e.planned.get("two_qubit_depth"),
                "calibrated": e.planned.get("calibrated"),
                "left": e.planned.get("left"),
            }
            for e in entries
        ],
    }
