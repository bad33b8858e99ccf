"""What counts against a budget: what the provider has settled, and until then what was planned."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from qtwin.backend.hardware.ledger import Entry, Ledger
from qtwin.backend.hardware.price import Budget
from tests.backend.hardware.test_ledger import order


def entry(tmp_path: Path, **changes: Any) -> Entry:
    planned = {"project": "p", "qpu_s": 10.0, "usd": 5.0}
    return dataclasses.replace(
        Ledger(tmp_path / "j.sqlite").intend(dataclasses.replace(order(), planned=planned)),
        posts=1,
        job_id="j",
        **changes,
    )


@pytest.mark.parametrize("state", ["UNKNOWN", "SUBMITTED", "DONE", "FAILED", "CANCELLED"])
@pytest.mark.parametrize(
    ("usage", "seconds"),
    [
        ({}, 10.0),
        ({"qpu_s": 0}, 10.0),
        ({"qpu_s": 0.0, "status": "pending"}, 10.0),
        ({"qpu_s": float("nan"), "status": "final"}, 10.0),
        ({"qpu_s": -5, "status": "final"}, 10.0),
        ({"qpu_s": "2"}, 10.0),
        ({"qpu_s": 0, "status": "final"}, 0.0),
        ({"qpu_s": 4.0, "status": "final"}, 4.0),
        ({"qpu_s": 12.0}, 12.0),
    ],
)
def test_zero_frees_nothing_until_it_is_settled(
    tmp_path: Path, state: Any, usage: dict[str, Any], seconds: float
) -> None:
    spent = Budget(project="p").spent([entry(tmp_path, state=state, usage=usage)])
    assert (spent.qpu_s, spent.usd) == (seconds, seconds / 2)


def test_a_job_that_was_cancelled_before_it_was_sent_takes_nothing(tmp_path: Path) -> None:
    never = dataclasses.replace(entry(tmp_path, state="CANCELLED"), job_id="", posts=0)
    assert Budget(project="p").spent([never]).qpu_s == 0.0
    assert Budget(project="another").spent([entry(tmp_path, state="DONE")]).jobs == 0
