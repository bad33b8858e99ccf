"""Nothing that a solver says is believed, nothing that it breaks is anybody else's, and what it did
is named.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtwin.benchmark import analysis
from qtwin.benchmark.execute import execute
from qtwin.benchmark.records import Records
from qtwin.benchmark.sweep import run
from qtwin.benchmark.task import Entrant, Group, Task, expand
from qtwin.encoding.generate import make
from qtwin.errors import InputError
from qtwin.solver import TABLE, apart, registry
from qtwin.solver.ask import ask, challenged
from qtwin.solver.base import Instance, SolverFailureError
from qtwin.spec import BenchSpec
from qtwin.studies.benchmark.summary import summarise
from tests.benchmark import bad_solvers

NAMES = [
    k
    for k, v in vars(bad_solvers).items()
    if isinstance(v, type) and issubclass(v, bad_solvers.Honest)
]


@pytest.fixture(autouse=True)
def _plugged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """As entry points of another package would: by module and class."""
    own = registry.places
    theirs = {name: f"tests.benchmark.bad_solvers:{name}" for name in NAMES}
    monkeypatch.setattr(registry, "places", lambda group, table: {**theirs, **own(group, table)})


def _task(name: str, **more: Any) -> Task:
    return Task(**{"family": "dense", "n": 8, "instance": 0, "solver": name, "label": name, **more})


def _optimum(n: int = 8) -> float:
    return float(make("dense", n, seed=0).encoding.polynomial.values().min())


def test_an_honest_plug_in_is_believed() -> None:
    record = execute(_task("Honest"))
    assert (record["status"], record["offences"], record["printed"]) == ("feasible", {}, "")
    assert record["energy"] == _optimum()
    assert 0.0 < record["clock_s"] <= record["total_s"] < 1.0  # not the nanosecond that it states


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Interrupts", "KeyboardInterrupt"),
        ("Unspeakable", "UnspeakableError"),
        ("Segfaults", "signal 11"),
        ("LeavesQuietly", "process ended"),
        ("Spins", "bit of -1"),
        ("Halves", "float64"),
        ("Objects", "object"),
        ("Matrices", r"shape \(1, 8\)"),
        ("Words", "returned str"),
        ("Lookalike", "expected a Result"),
        ("Scribbles", "read-only"),
    ],
)
def test_what_is_no_answer_is_a_failed_task(name: str, words: str) -> None:
    solver, instance = registry.load(name, {}), Instance(encoding=make("dense", 8, seed=0).encoding)
    with pytest.raises(SolverFailureError, match=words):
        ask(solver, instance, name=name, seed=0)
    record = execute(_task(name))
    assert record["status"] == "failed"
    assert "energy" not in record


def test_samples_that_cannot_be_are_no_answer() -> None:
    """Values that count nothing are refused where they are put together, before anybody believes
    them.
    """
    record = execute(_task("BentSamples"))
    assert record["status"] in ("failed", "refused")
    assert record.get("energy") is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ComplexEnergy", "energy"),
        ("ProvesTheWorst", "proof"),
        ("BoundsTooHigh", "bound"),
        ("BoundOfInfinity", "bound"),
        ("ProvesNothingIsAllowed", "proof"),
        ("OptimalByDecree", "status"),
        ("OfItsOwnStatus", "status"),
        ("EndlessTime", "time"),
        ("SlowClock", "time"),
        ("LazyBits", "time"),
        ("Prophet", "trace"),
        ("HidesShots", "counts"),
        ("Unwritable", "info"),
        ("Vandal", "energy"),
    ],
)
def test_an_untruth_is_named_and_corrected(name: str, kind: str) -> None:
    record = execute(_task(name))
    assert kind in record["offences"]
    assert not record["proven"]
    assert record["bound"] is None
    assert record["status"] in ("feasible", "infeasible")
    if record["energy"] is not None:
        assert record["energy"] >= _optimum()
    assert record["total_s"] > 0.0
    json.dumps(record, allow_nan=False)


def test_the_harness_has_a_clock_of_its_own() -> None:
    """Sleep is charged, whatever is done to the clocks, whenever the answer is computed, and if it
    was thought of before.
    """
    for name, least_s in (
        ("SlowClock", 0.4),
        ("LazyBits", 0.4),
        ("Remembers", 0.3),
        ("Remembers", 0.3),
    ):
        assert execute(_task(name))["total_s"] >= least_s


def test_what_is_printed_is_captured(capfd: pytest.CaptureFixture[str]) -> None:
    record = execute(_task("Shouts"))
    assert capfd.readouterr().out == ""
    assert {"to the descriptor", "from a child", "to the stream"} <= set(
        record["printed"].splitlines()
    )


def test_a_vandal_spoils_nothing_for_the_next() -> None:
    before = execute(_task("enumeration"))
    execute(_task("Vandal"))
    after = execute(_task("enumeration"))
    assert (after["energy"], after["proven"], after["offences"]) == (before["energy"], True, {})
    assert "QTWIN_SPOILT" not in os.environ


def test_our_own_solvers_get_a_copy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    from qtwin.solver.classical.random_sampling import RandomSampling

    def vandal(self: object, instance: Instance, **_: object) -> None:
        instance.encoding.polynomial.quadratic_form[1][:] = 0.0
        raise SystemExit(0)

    monkeypatch.setattr(RandomSampling, "solve", vandal)
    assert "SystemExit" in execute(_task("random"))["error"]
    assert execute(_task("enumeration"))["energy"] == _optimum()


@pytest.mark.parametrize("name", ["NeverEnds", "ForksAndWaits"])
def test_a_time_limit_holds_from_outside(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_TINY_S", 2.0)
    record = execute(_task(name, time_limit_s=0.2))
    assert record["status"] == "failed"
    assert "limit of 0.2 s" in record["error"] or "tiny instance" in record["error"]


def test_a_memory_limit_holds_from_outside() -> None:
    record = execute(_task("Hoards"), memory_gib=0.5)
    assert record["status"] == "failed"
    assert "memory" in record["error"]


def test_one_that_kills_its_parent_ends_nothing() -> None:
    assert execute(_task("KillsItsParent"))["status"] in ("failed", "feasible")
    assert execute(_task("Honest"))["status"] == "feasible"


@pytest.mark.parametrize("name", ["NoCard", "NoStart"])
def test_one_that_cannot_be_made_is_refused(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="cannot be made"):
        registry.load(name, {})
    assert capfd.readouterr().out == ""
    assert "NoCard" not in registry.cards()
    assert "tabu" in registry.cards()


def test_a_rival_challenges_a_proof_that_is_too_large_to_list() -> None:
    """19 variables are more than are listed; an impostor of the name of one of ours is challenged
    like any other.
    """
    instance = Instance(encoding=make("dense", 19, seed=0).encoding)
    for name, kind in (
        ("ProvesTheWorst", "proof"),
        ("Impostor", "proof"),
        ("BoundsTooHigh", "bound"),
    ):
        solver = registry.load(name, {})
        found = ask(solver, instance, name=name, seed=0)
        assert found.result.offences.get(kind) is None
        assert kind in challenged(found, solver, instance, seed=0).result.offences
    honest = registry.load("Honest", {})
    found = ask(honest, instance, name="Honest", seed=0)
    assert challenged(found, honest, instance, seed=0) == found


def _sweep(
    tmp_path: Path, names: list[str], *, workers: int, n: int = 8, **more: Any
) -> list[dict[str, Any]]:
    tasks = list(
        expand(
            [Group(family="dense", sizes=[n])],
            [Entrant(solver=x, label=x, **more) for x in names],
            seed=1,
        )
    )
    records = Records(tmp_path / "r.sqlite")
    run(tasks, records, workers=workers)
    assert len(records) == len(names)
    return analysis.believed(list(records))


def test_a_sweep_goes_on_whatever_its_solvers_do(tmp_path: Path) -> None:
    bad = ["LeavesQuietly", "Interrupts", "Segfaults", "KillsItsParent", "Words"]
    rows = {r["task"]["label"]: r for r in _sweep(tmp_path, [*bad, "enumeration"], workers=2)}
    assert rows["enumeration"]["proven"]
    assert all(rows[name]["status"] == "failed" for name in bad if name != "KillsItsParent")


def test_a_proof_that_another_answer_beats_is_an_alarm(tmp_path: Path) -> None:
    rows = _sweep(tmp_path, ["ProvesTheWorst", "BoundsTooHigh", "random", "tabu"], workers=0, n=19)
    best = analysis.best_known(rows)
    (known,) = best.values()
    assert known.energy == pytest.approx(
        float(make("dense", 19, seed=0).encoding.polynomial.values().min())
    )
    assert not known.proven
    alarmed = {(e["solver"], e["kind"]) for e in analysis.offences(rows) if e["alarm"]}
    assert alarmed == {("ProvesTheWorst", "proof"), ("BoundsTooHigh", "bound")}
    spec = BenchSpec.model_validate(
        {
            "title": "t",
            "seed": 1,
            "family": [{"name": "dense", "sizes": [19]}],
            "solver": [{"name": "tabu"}],
        }
    )
    told = summarise(spec, rows)
    assert told["verdict"].startswith("ALARM")
    assert len(told["alarms"]) == 2
    assert "ProvesTheWorst was the quickest" not in told["verdict"]


def test_a_bound_and_a_proof_that_hold_are_kept(tmp_path: Path) -> None:
    rows = _sweep(tmp_path, ["enumeration", "cp-sat", "tabu"], workers=0, n=10)
    assert sum(r["proven"] for r in rows) == 2
    assert analysis.offences(rows) == []


def test_every_solver_of_ours_tells_the_truth(tmp_path: Path) -> None:
    """On a constrained instance, small enough that every proof and bound is looked up."""
    made = make("cardinality", 8, seed=2)
    for name in (
        "enumeration",
        "cp-sat",
        "tabu",
        "local-search",
        "greedy",
        "random",
        "simulated-annealing",
        "auto",
        "xy-qaoa",
    ):
        instance = Instance(encoding=made.encoding)
        found = ask(registry.load(name, {}), instance, name=name, seed=3, time_limit_s=5.0)
        assert found.result.offences == {}, name
        assert found.result.bits is not None
        assert np.isfinite(found.result.energy)
        assert name in TABLE
