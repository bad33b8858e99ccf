"""A hard limit on what all jobs of a project take together, checked in the transaction that writes the next one down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qtwin.backend.hardware.ledger.entry import Entry, settled_s
from qtwin.backend.hardware.price import Estimate
from qtwin.errors import InputError


class BudgetError(InputError):
    """The job would exceed the budget; nothing was sent (exit code 2)."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What the jobs of a project have taken: as measured where the provider told it, else as estimated."""

    jobs: int
    qpu_s: float
    usd: float


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Limits over all jobs that carry the same project; None is no limit.

    Attributes:
        project: What the jobs are for.
        max_jobs, max_qpu_s, max_usd: Limits.
    """

    project: str
    max_jobs: int | None = None
    max_qpu_s: float | None = None
    max_usd: float | None = None

    def spent(self, entries: Iterable[Entry]) -> Spent:
        """What the project's jobs have taken: as settled by the provider, and as planned until then; nothing if never sent."""
        jobs, qpu_s, usd = 0, 0.0, 0.0
        for e in entries:
            if e.planned.get("project") != self.project:
                continue
            planned_s = float(e.planned.get("qpu_s", 0.0))
            rate = float(e.planned.get("usd", 0.0)) / planned_s if planned_s > 0 else 0.0
            known = settled_s(e.usage)
            took_s = known if known is not None else 0.0 if e.state == "CANCELLED" and not e.job_id else planned_s
            jobs += e.state != "CANCELLED" or took_s > 0
            qpu_s, usd = qpu_s + took_s, usd + took_s * rate
        return Spent(jobs=jobs, qpu_s=qpu_s, usd=usd)

    def require(self, estimate: Estimate, entries: Iterable[Entry]) -> Spent:
        """What is spent already, if one more job fits.

        Raises:
            BudgetError: naming the limit that it would exceed.
        """
        spent = self.spent(entries)
        for what, limit, before, more in (
            ("jobs", self.max_jobs, float(spent.jobs), 1.0),
            ("seconds of the processor", self.max_qpu_s, spent.qpu_s, estimate.qpu_s),
            ("USD", self.max_usd, spent.usd, estimate.usd),
        ):
            if limit is not None and before + more > limit * (1.0 + 1e-12):
                raise BudgetError(
                    f"the budget is {limit:g} {what}, {before:.4g} are spent or committed and this job needs {more:.4g} more",
                    hint="raise the limit in [hardware.budget], take fewer shots, or cancel a job; nothing was sent",
                )
        return spent
