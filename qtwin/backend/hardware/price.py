"""What a paid job costs and who allowed it: estimates, hard budgets, and the permission without
which nothing goes out.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from qtwin.backend.hardware.ledger.store import Entry, settled_s
from qtwin.backend.hardware.ledger.submit import Pace
from qtwin.errors import ConsentError, InputError, InterruptedRunError, QtwinError, unknown_name


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(
        files("qtwin.data").joinpath("hardware_plans.toml").read_text(encoding="utf-8")
    )


def plans() -> dict[str, dict[str, Any]]:
    """Plans by name, each with ``price`` in USD/s, its source and its status."""
    return dict(_data()["plans"])


def price_usd_per_s(plan: str) -> float:
    """Price of a second of the processor (InputError for an unknown plan)."""
    known = plans()
    if plan not in known:
        raise unknown_name("plan", plan, known)
    return float(known[plan]["price"]["value"])


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a job is expected to take.

    Attributes:
        backend: The machine.
        plan: Whose price was taken.
        n_qubits, depth, two_qubit_depth, two_qubit_gates: Of the compiled circuit.
        circuits: Distinct circuits that run: parameter sets times bases, noise factors and
            randomisations.
        shots: In all.
        circuit_us: Duration of one circuit with its readout.
        qpu_s: Time of the processor.
        usd: Price.
        calibrated: When the machine's properties were measured, or that a snapshot stood in.
    """

    backend: str
    plan: str
    n_qubits: int
    depth: int
    two_qubit_depth: int
    two_qubit_gates: int
    circuits: int
    shots: int
    circuit_us: float
    qpu_s: float
    usd: float
    calibrated: str = ""

    def plain(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def qpu_seconds(
    *, circuits: int, shots: int, circuit_s: float, repetition_s: float | None = None
) -> float:
    """Time of the processor for all shots of all circuits together.

    Args:
        circuits: Distinct circuits.
        shots: In all.
        circuit_s: Duration of one circuit with its readout.
        repetition_s: Delay between shots; the usual one by default.
    """
    time = _data()["time"]
    delay = float(time["repetition"]["value"]) if repetition_s is None else repetition_s
    return (
        float(time["job"]["value"])
        + circuits * float(time["circuit"]["value"])
        + shots * (circuit_s + delay)
    )


def longest_s(estimate_s: float, left_s: float | None) -> int:
    """The limit on the processor's time that goes with a job: three times the estimate, but no more
    than the budget has left.
    """
    limit = max(10.0, 3.0 * estimate_s)
    return max(1, math.floor(min(limit, left_s) if left_s is not None else math.ceil(limit)))


# A hard limit on what all jobs of a project take together, checked in the transaction that writes
# the next one down.


class BudgetError(InputError):
    """The job would exceed the budget; nothing was sent (exit code 2)."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What the jobs of a project have taken: as measured where the provider says so, else as
    estimated.
    """

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
        """What the project's jobs have taken: as settled by the provider, and as planned until
        then; nothing if never sent.
        """
        jobs, qpu_s, usd = 0, 0.0, 0.0
        for e in entries:
            if e.planned.get("project") != self.project:
                continue
            planned_s = float(e.planned.get("qpu_s", 0.0))
            rate = float(e.planned.get("usd", 0.0)) / planned_s if planned_s > 0 else 0.0
            known = settled_s(e.usage)
            took_s = (
                known
                if known is not None
                else 0.0
                if e.state == "CANCELLED" and not e.job_id
                else planned_s
            )
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
                    f"the budget is {limit:g} {what}, {before:.4g} are spent or committed "
                    f"and this job needs {more:.4g} more",
                    hint="raise the limit in [hardware.budget], take fewer shots, or cancel a "
                    "job; nothing was sent",
                )
        return spent


# The permission under which paid jobs go out. Without one nothing does: a solver on its own cannot
# spend money or send data.
#
# >>> with granted(Permission(budget=Budget(project="demo", max_usd=5.0), confirm=ask)):
# ...     solver.solve(instance, seed=1)


class PendingError(InterruptedRunError):
    """The job was sent, or only estimated, and its result is not there yet (exit code 3)."""


@dataclass(kw_only=True)
class Permission:
    """What may be done, and what was.

    Attributes:
        budget: Hard limits.
        plan: Whose prices are taken.
        price_usd_per_s: Instead of the plan's price.
        mode: Only estimate; submit and not wait; or run and wait.
        confirm: Is asked before a job is bought; False stops it.
        identifiers: Texts of the record that must not leave.
        ledger: File or URL, "" for the default.
        pace: Patience with the provider.
        poll_s: Between two looks at a job that is waited for.
        progress: Is called with what happens.
        estimates, sent: What was estimated and written down so far, in order.
        closing: Is called when the permission ends: batches and sessions that were opened under it
            take no more jobs then.
    """

    budget: Budget
    plan: str = "open"
    price_usd_per_s: float | None = None
    mode: Literal["estimate", "submit", "run"] = "run"
    confirm: Callable[[Estimate], bool] = lambda _: False
    identifiers: frozenset[str] = frozenset()
    ledger: str = ""
    pace: Pace = field(default_factory=Pace)
    poll_s: float = 10.0
    progress: Callable[[str], None] = lambda _: None
    estimates: list[Estimate] = field(default_factory=list)
    sent: list[Entry] = field(default_factory=list)
    closing: list[Callable[[], None]] = field(default_factory=list)


_CURRENT: ContextVar[Permission | None] = ContextVar("permission", default=None)


@contextmanager
def granted(permission: Permission) -> Iterator[Permission]:
    """Let paid jobs go out inside the block, in this thread."""
    token = _CURRENT.set(permission)
    try:
        yield permission
    finally:
        _CURRENT.reset(token)
        while permission.closing:
            try:
                permission.closing.pop()()
            # it ends by itself; what happened in the block matters more
            except QtwinError as error:
                permission.progress(f"{error.message}; it ends by itself")


def current() -> Permission:
    """The permission that holds here.

    Raises:
        ConsentError: if there is none.
    """
    found = _CURRENT.get()
    if found is None:
        raise ConsentError(
            "a paid machine was asked for outside of an experiment with a budget",
            hint="use it in a spec with a [hardware] section: qtwin jobs submit SPEC, or qtwin "
            "run SPEC",
        )
    return found
