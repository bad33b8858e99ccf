"""Paid machines of an experiment, and what they may cost."""

from __future__ import annotations

from pydantic import Field, field_validator, model_validator

from qtwin.backend.hardware.price import plans
from qtwin.errors import unknown_name
from qtwin.spec.reading import Section


class HardwareBudgetSection(Section):
    """Hard limits on all paid jobs of a project together; at least one must be given."""

    max_usd: float | None = Field(default=None, ge=0)
    max_qpu_s: float | None = Field(default=None, ge=0)
    max_jobs: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _some_limit(self) -> HardwareBudgetSection:
        if self.max_usd is None and self.max_qpu_s is None and self.max_jobs is None:
            raise ValueError("expected a limit: max_usd, max_qpu_s or max_jobs, got none")
        return self


class HardwareSection(Section):
    """Paid machines: whose prices, how much at most, and where jobs are written down.

    `project` names what the budget is for; all experiments of one project share it. `settle_s` is
    how long a job may be missing from the provider's listing; `poll_s` is the time between two
    looks at a job that is waited for.
    """

    budget: HardwareBudgetSection
    plan: str = "open"
    price_usd_per_s: float | None = Field(default=None, ge=0)
    project: str = ""
    ledger: str = ""
    settle_s: float = Field(default=20.0, ge=0, le=3600)
    poll_s: float = Field(default=10.0, gt=0, le=3600)

    @field_validator("plan")
    @classmethod
    def _known_plan(cls, plan: str) -> str:
        if plan not in plans():
            raise unknown_name("plan in [hardware]", plan, plans())
        return plan
