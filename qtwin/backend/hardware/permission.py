"""The permission under which paid jobs go out. Without one nothing does: a solver on its own cannot spend money or send data.

>>> with granted(Permission(budget=Budget(project="demo", max_usd=5.0), confirm=ask)):
...     solver.solve(instance, seed=1)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from qtwin.backend.hardware.budget import Budget
from qtwin.backend.hardware.ledger.entry import Entry
from qtwin.backend.hardware.ledger.submit import Pace
from qtwin.backend.hardware.price import Estimate
from qtwin.errors import ConsentError, InterruptedRunError, QtwinError


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
        told: Is told what happens.
        estimates, sent: What was estimated and written down so far, in order.
        closing: Is called when the permission ends: batches and sessions that were opened under it take no more jobs then.
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
    told: Callable[[str], None] = lambda _: None
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
            except QtwinError as error:  # it ends by itself; what happened in the block matters more
                permission.told(f"{error.message}; it ends by itself")


def current() -> Permission:
    """The permission that holds here.

    Raises:
        ConsentError: if there is none.
    """
    found = _CURRENT.get()
    if found is None:
        raise ConsentError(
            "a paid machine was asked for outside of an experiment with a budget",
            hint="use it in a spec with a [hardware] section: qtwin jobs submit SPEC, or qtwin run SPEC",
        )
    return found
