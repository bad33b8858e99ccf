"""Planted records: what is known of a solver comes out of its records, failures counted, a twin's
regret beside the energy.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from qtwin.benchmark import analysis


def _record(instance: str, run: int, **more: Any) -> dict[str, Any]:
    return {
        "task_id": f"{instance}-{run}",
        "instance_id": instance,
        "task": {"family": "planted", "n": 10, "label": "bernoulli", "run": run},
        "instance": {"optimum": -10.0, "worst": 10.0},
        "kind": "classical",
        "status": "feasible",
        "feasible": True,
        "proven": False,
        "scope": "encoding",
        "total_s": 2.0,
        "trace": [],
        "stage_s": {"train": 1.5, "execute": 0.5},
        "shots": 100,
        "evaluations": 7,
        "samples": {"shots": 100, "lowest": more["energy"], "lowest_count": 12},
    } | more


def test_a_bernoulli_solver_comes_back() -> None:
    """p = 0.3, 2 s a run: TTS = 2 ln 0.01 / ln 0.7 = 25.8 s; a miss has energy 0, half of the way
    from worst to best.
    """
    rng = np.random.default_rng(3)
    records = [
        _record(f"i{k}", r, energy=-10.0 if rng.random() < 0.3 else 0.0)
        for k in range(20)
        for r in range(50)
    ]
    best = analysis.best_known(records)
    (cell,) = analysis.cells(records, best)
    assert cell.runs == 1000
    assert cell.interval.low <= 0.3 <= cell.interval.high
    truth = 2.0 * math.log(0.01) / math.log(0.7)
    assert cell.tts_interval.low <= truth <= cell.tts_interval.high
    assert cell.tts_s == pytest.approx(truth, rel=0.2)
    assert cell.ratio == 0.5
    assert cell.gap == 1.0
    assert cell.stage_s["train"] == 1.5
    assert (cell.shots, cell.evaluations) == (100, 7)
    assert (cell.hits, cell.drawn) == (12 * cell.successes, 100 * cell.runs)


def test_failures_and_time_outs_are_runs_that_did_not_succeed() -> None:
    records = [
        _record("i", 0, energy=-10.0),
        _record("i", 1, energy=None, feasible=False, status="failed", total_s=None),
        _record("i", 2, energy=-3.0, status="time limit"),
        _record("i", 3, energy=-12.0, feasible=False),
    ]
    (cell,) = analysis.cells(records, analysis.best_known(records))
    assert (cell.successes, cell.runs, cell.failed, cell.out_of_time) == (1, 4, 1, 1)


def test_regret_is_counted_on_the_twin() -> None:
    """The encoded optimum is worth 0.1 less than what another solver found on the twin: both
    succeed in their own measure.
    """
    records = [
        _record("i", 0, energy=-10.0, utility=0.4),
        _record(
            "i",
            1,
            energy=-9.0,
            utility=0.5,
            task={"family": "planted", "n": 10, "label": "on the twin", "run": 0},
        ),
        _record(
            "i",
            2,
            energy=-9.5,
            utility=0.2,
            task={"family": "planted", "n": 10, "label": "neither", "run": 0},
        ),
    ]
    cells = {c.label: c for c in analysis.cells(records, analysis.best_known(records))}
    assert cells["bernoulli"].regret == pytest.approx(0.1)
    assert cells["on the twin"].regret == 0.0
    assert [cells[name].successes for name in ("bernoulli", "on the twin", "neither")] == [1, 1, 0]


def test_one_never_solved_is_censored() -> None:
    records = [_record("i", r, energy=-1.0) for r in range(30)]
    (cell,) = analysis.cells(records, analysis.best_known(records))
    assert cell.tts_s == math.inf
    assert cell.tts_interval.high == math.inf
    most = float(beta.ppf(0.975, 0.6, 30.6))  # what thirty misses leave
    assert cell.interval == (0.0, pytest.approx(most))
    assert cell.tts_interval.low == pytest.approx(2.0 * math.log(0.01) / math.log1p(-most), rel=0.1)


def test_a_contradicted_proof_is_no_proof_and_named() -> None:
    """One states that none is below -3, one that nothing is below -2; a third has -10, as the
    construction knows.
    """
    label = {"family": "planted", "n": 10, "run": 0}
    records = [
        _record("i", 0, energy=-10.0, task={**label, "label": "finder"}),
        _record(
            "i",
            1,
            energy=-3.0,
            proven=True,
            bound=-3.0,
            status="optimal",
            task={**label, "label": "liar"},
        ),
        _record("i", 2, energy=-2.5, bound=-2.0, task={**label, "label": "bounder"}),
        _record(
            "i",
            3,
            energy=-10.0,
            proven=True,
            bound=-10.0,
            status="optimal",
            task={**label, "label": "prover"},
        ),
    ]
    rows = {r["task"]["label"]: r for r in analysis.believed(records)}
    assert not rows["liar"]["proven"]
    assert rows["liar"]["bound"] is rows["bounder"]["bound"] is None
    assert rows["prover"]["proven"]
    assert rows["prover"]["bound"] == -10.0
    alarms = {(e["solver"], e["kind"]) for e in analysis.offences(rows.values()) if e["alarm"]}
    assert alarms == {("liar", "proof"), ("liar", "bound"), ("bounder", "bound")}


def test_a_run_over_its_limit_does_not_succeed() -> None:
    records = [
        _record("i", 0, energy=-10.0),
        _record("i", 1, energy=-10.0, offences={"limit": "took 9 s of 2 s"}),
    ]
    (cell,) = analysis.cells(records, analysis.best_known(records))
    assert (cell.successes, cell.runs) == (1, 2)
