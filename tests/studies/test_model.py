"""One model, several solvers: who found the best energy, who proves it, and what the null baselines
say.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest

import qtwin as qt
from qtwin.benchmark.metrics import posterior
from qtwin.encoding.instance import write_instance
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.nulls import DESCENT, UNIFORM_BITS, UNIFORM_FEASIBLE
from qtwin.studies.model.result import Solution
from qtwin.studies.model.solve import compare_file, solve_file

Q = np.array([[-1.0, 2.0, 0.5], [0.0, -1.5, 0.25], [0.0, 0.0, -0.5]])


@pytest.fixture(scope="module")
def model() -> qt.BinaryModel:
    return qt.BinaryModel.from_qubo(Q)


def _least() -> float:
    return min(float(x @ Q @ x) for x in (np.array(b) for b in itertools.product((0, 1), repeat=3)))


def test_a_comparison_of_a_quantum_solver_has_everything(model: qt.BinaryModel) -> None:
    runs = [qt.solve(model, "enumeration"), qt.solve(model, qt.QAOA(layers=1, shots=200), seed=3)]
    study = qt.compare(model, runs, seed=3)
    rows = {r.label: r for r in study.solvers}
    assert {UNIFORM_BITS, UNIFORM_FEASIBLE, DESCENT} < set(rows)
    assert study.best_energy == pytest.approx(_least())
    assert rows["enumeration"].proven
    assert rows["enumeration"].gap == 0.0
    assert rows["enumeration"].success_probability is None
    quantum = rows[runs[1].label]
    assert runs[1].samples is not None
    energies = model.polynomial.evaluate(runs[1].samples.bits)
    hits = int(runs[1].samples.counts[energies <= _least() + 1e-9].sum())
    p = quantum.success_probability
    assert p is not None
    assert (p.successes, p.trials) == (hits, 200)
    assert (p.low, p.high) == pytest.approx(posterior(hits, 200))
    assert quantum.shots_to_solution is not None
    assert quantum.shots_to_solution.value == pytest.approx(
        max(1.0, np.log(0.01) / np.log1p(-hits / 200))
    )
    assert quantum.qpu is not None
    assert quantum.qpu.run_s is not None
    assert quantum.qpu.run_s > 0
    assert "proves that none is lower" in study.verdict
    table = study.to_pandas()
    assert list(table["solver"]) == [r.label for r in study.solvers]
    assert {
        "energy",
        "gap",
        "bound",
        "feasible",
        "p_best_low",
        "shots_to_solution",
        "qpu_seconds",
        "seconds",
    } < set(table)


def test_a_comparison_is_read_back_as_it_was(model: qt.BinaryModel, tmp_path: Path) -> None:
    study = qt.compare_runs(
        model, [qt.solve(model, "enumeration"), qt.solve(model, "random", shots=20, seed=1)]
    )
    assert qt.ModelComparison.read(study.write(tmp_path / "result.json")) == study
    assert study.verdict in repr(study)
    assert "<table" in study._repr_html_()


def test_a_false_proof_is_an_alarm_and_is_taken_away(model: qt.BinaryModel) -> None:
    right = qt.solve(model, "enumeration")
    wrong = dataclasses.replace(
        right,
        label="liar",
        result=dataclasses.replace(
            right.result, bits=np.zeros(3, np.uint8), energy=0.0, proven=True, bound=0.0
        ),
    )
    study = qt.compare_runs(model, [right, wrong])
    liar = study.solvers[1]
    assert (liar.proven, liar.bound) == (False, None)
    assert len(study.alarms) == 2
    assert study.verdict.startswith("ALARM")
    assert study.solvers[0].proven


def test_what_cannot_be_compared_is_refused(model: qt.BinaryModel) -> None:
    with pytest.raises(InputError, match="at least one run"):
        qt.compare(model, [])
    other = qt.solve(qt.BinaryModel.from_qubo(-Q), "enumeration")
    with pytest.raises(InputError, match="another model"):
        qt.compare(model, [other])


def test_a_file_is_given_to_several_solvers_on_several_backends(tmp_path: Path) -> None:
    write_instance(qt.generate("dense", 4, seed=1).encoding, tmp_path / "d.qubo")
    study = compare_file(
        tmp_path / "d.qubo",
        ["enumeration", "qaoa", "tabu"],
        backends=["statevector", "aer"],
        options={"layers": 1, "shots": 50},
        time_limit_s=20.0,
    )
    found = [(r.solver, r.backend) for r in study.solvers if r.kind != "null"]
    assert [name for name, _ in found] == ["enumeration", "qaoa", "qaoa", "tabu"]
    assert len({backend for name, backend in found if name == "qaoa"}) == 2
    assert all(
        r.success_probability.trials == 50
        for r in study.solvers
        if r.solver == "qaoa" and r.success_probability
    )
    assert study.instance is not None
    assert study.instance.file == "d.qubo"
    for options, backends, word in (
        ({"layerz": 1}, [], "layerz"),
        ({}, ["aer"], "runs on a backend"),
    ):
        with pytest.raises(InputError, match=word):
            compare_file(
                tmp_path / "d.qubo", ["enumeration", "tabu"], options=options, backends=backends
            )
    with pytest.raises(InputError, match="several backends"):
        compare_file(tmp_path / "d.qubo", [], backends=["aer", "statevector"])


def test_a_solver_that_refuses_is_a_row_that_says_so(tmp_path: Path) -> None:
    """Three thousand qubits are no state vector; the refusal names the limit, however large the
    number is.
    """
    big = plain(BinaryPolynomial.of(3000, [((i,), -1.0 if i % 2 else 1.0) for i in range(3000)]))
    write_instance(big, tmp_path / "big.qubo")
    study = compare_file(tmp_path / "big.qubo", ["greedy", "qaoa"])
    greedy, qaoa = (
        next(r for r in study.solvers if r.solver == name) for name in ("greedy", "qaoa")
    )
    assert greedy.energy == pytest.approx(-1500.0)
    assert (qaoa.status, qaoa.energy) == ("refused", None)
    assert "qubits on 'statevector', got 3000" in qaoa.info["refused"]
    with pytest.raises(InputError, match="qubits on 'statevector', got 3000"):
        solve_file(tmp_path / "big.qubo", "qaoa")


def test_one_answer_is_read_back_as_it_was(tmp_path: Path) -> None:
    write_instance(qt.BinaryModel.from_qubo(Q), tmp_path / "q.qubo")
    told = solve_file(tmp_path / "q.qubo", "enumeration")
    assert told.energy == pytest.approx(_least())
    assert Solution.read(told.write(tmp_path / "result.json")) == told
    assert "proven" in repr(told)
