"""Before money is spent or data leaves: the budget of the spec, the person's consent, the audit
log, and a last question.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from qtwin.backend.hardware.price import Estimate, plans, price_usd_per_s
from qtwin.cli.show import ask, note, table
from qtwin.errors import InputError
from qtwin.patient.consent import require_consent
from qtwin.patient.record import write_down
from qtwin.report.number import seconds
from qtwin.studies.regimen.hardware import identifiers, is_paid, project_of

if TYPE_CHECKING:
    from qtwin.backend.hardware.price import Permission
    from qtwin.studies.regimen.prepare import Prepared

SCOPE = "cloud-submission"


@contextmanager
def paid(
    prepared: Prepared, *, mode: Literal["estimate", "submit", "run"], yes: bool
) -> Iterator[Permission | None]:
    """Let the paid solvers of a spec do what `mode` says inside the block; None where there is no
    such solver.

    Raises:
        InputError: for paid solvers without a [hardware] section.
        ConsentError: if the person has not allowed cloud submission.
    """
    spec = prepared.spec
    machines = sorted({str(s.options["backend"]) for s in spec.solver if is_paid(s)})
    if not machines:
        yield None
        return
    if spec.hardware is None:
        raise InputError(
            f"{machines[0]} costs money and the spec has no budget",
            hint="add [hardware.budget] with max_usd, max_qpu_s or max_jobs",
        )
    from qtwin.backend.hardware.ledger.submit import Pace
    from qtwin.backend.hardware.price import Budget, Permission, granted

    if mode != "estimate":
        scope = require_consent(prepared.patient, SCOPE)
        write_down(
            "cloud submission",
            prepared.patient,
            consent=scope,
            detail=f"{mode} on {', '.join(machines)}",
        )
    section = spec.hardware
    rate = (
        price_usd_per_s(section.plan)
        if section.price_usd_per_s is None
        else section.price_usd_per_s
    )
    with granted(
        Permission(
            budget=Budget(project=project_of(spec), **section.budget.model_dump()),
            plan=section.plan,
            price_usd_per_s=rate,
            mode=mode,
            confirm=lambda price: confirmed(price, yes=yes),
            identifiers=frozenset(identifiers(prepared)),
            ledger=section.ledger,
            pace=Pace(settle_s=section.settle_s),
            poll_s=section.poll_s,
            progress=lambda step: _tell(step, section.settle_s),
        )
    ) as permission:
        yield permission


_WORDS = {
    "sending": "sending, written down as UNKNOWN until the provider answers",
    "taken": "taken by the provider",
    "asking what became of it": "no answer: asking the provider for the job's tag before "
    "anything is sent again",
    "found": "found at the provider and adopted",
    "not taken": "certainly not taken",
    "settled": "no duplicate is left",
}


def _tell(step: str, settle_s: float) -> None:
    """Progress in words; steps that mean nothing to a reader are left out."""
    if step == "submitted":
        note(f"  written down as SUBMITTED; looking for duplicates for {settle_s:g} s", style="dim")
    elif step in _WORDS or step.startswith("waiting"):
        note(f"  {_WORDS.get(step, step)}", style="dim")


def confirmed(price: Estimate, *, yes: bool) -> bool:
    """Show what a job will take and ask, unless `yes`.

    Raises:
        InputError: if nobody can be asked.
    """
    show_estimates([price])
    if yes:
        return True
    if not sys.stdin.isatty():
        raise InputError(
            "nobody can be asked to confirm the job",
            hint="pass --yes in scripts; --dry-run only estimates",
        )
    return ask("Buy this job?")


def show_estimates(prices: list[Estimate]) -> None:
    """A table of what jobs will take."""
    header = ("machine", "qubits", "two-qubit depth", "circuits", "shots", "QPU time", "price, USD")
    rows = [
        (
            p.backend,
            str(p.n_qubits),
            f"{p.two_qubit_depth} ({p.two_qubit_gates} gates)",
            str(p.circuits),
            f"{p.shots:,}",
            seconds(p.qpu_s),
            f"{p.usd:.2f} ({p.plan})",
        )
        for p in prices
    ]
    table("What it will take, estimated", header, rows)
    if prices:
        plan = plans()[prices[0].plan]
        note(
            f"  price of {prices[0].plan}: {plan['source']}; calibration {prices[0].calibrated}",
            style="dim",
        )
