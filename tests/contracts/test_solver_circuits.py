"""Every circuit that a solver of the table measures runs unchanged on every simulator, and its cost
is told at compile time.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from qtwin.backend import registry as backends
from qtwin.backend.base import Ansatz, Backend, Capabilities, Estimate, Samples
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import AtMostOne, Exactly, NotBoth
from qtwin.solver import TABLE, registry
from qtwin.solver.base import Instance
from tests.oracles.instances import random_polynomial

QUANTUM = [name for name in TABLE if registry.find(name).card().kind == "quantum"]
CIRCUITS = [name for name in QUANTUM if "backend" in registry.options_of(registry.find(name))]


class Recorder(Backend):
    """The project's simulator under another name; notes what it was asked."""

    def __init__(self) -> None:
        self.inner = backends.load("statevector")
        self.seen: list[tuple[Ansatz, np.ndarray]] = []

    def capabilities(self) -> Capabilities:
        return Capabilities(name="recorder", summary="notes circuits", max_qubits=20, exact=True)

    def sample(self, ansatz: Ansatz, theta: np.ndarray, *, shots: int, seed: int) -> Samples:
        self.seen.append((ansatz, np.array(theta)))
        return self.inner.sample(ansatz, theta, shots=shots, seed=seed)

    def expectation(self, ansatz, theta, observable, *, shots=None, seed=0) -> Estimate:
        return self.inner.expectation(ansatz, theta, observable, shots=shots, seed=seed)


def _encoding() -> BinaryModel:
    """Five options, exactly two of the first four, one of a class, a pair kept apart: every kind of
    start and mixer occurs.
    """
    rules = (
        Exactly(name="two", count=2, members=(0, 1, 2, 3)),
        AtMostOne(name="class", members=(4, 5)),
        NotBoth(name="apart", pair=(0, 4)),
    )
    known = np.array([[1, 1, 0, 0, 0, 0]], dtype=np.uint8)
    return encode(
        random_polynomial(6, 2, 3), names=list("abcdef"), constraints=rules, feasible=known
    )


@cache
def _recorded(name: str) -> tuple[tuple[Ansatz, np.ndarray], ...]:
    recorder = Recorder()
    options = {"layers": 2} if "layers" in registry.options_of(registry.find(name)) else {}
    solver = registry.find(name)(backend=recorder, shots=300, **options)  # type: ignore[call-arg]
    solver.solve(Instance(encoding=_encoding()), seed=2)
    return tuple(recorder.seen[:3] + recorder.seen[-1:])


@pytest.mark.parametrize("backend", ["aer", "pennylane"])
@pytest.mark.parametrize("name", CIRCUITS)
def test_every_circuit_runs_on_every_backend_unchanged(name: str, backend: str) -> None:
    circuits = _recorded(name)
    assert circuits
    for ansatz, theta in circuits:
        n = ansatz.n_qubits
        observable = diagonal(random_polynomial(n, 2, 1))
        ours = backends.load("statevector").expectation(ansatz, theta, observable).value
        theirs = backends.load(backend).expectation(ansatz, theta, observable).value
        assert theirs == pytest.approx(ours, abs=1e-9)


def test_the_simulated_methods_are_named() -> None:
    """Those that build no circuit of commuting strings say that they are simulations, and count by
    formulas.
    """
    assert set(QUANTUM) - set(CIRCUITS) == {"falqon", "grover-adaptive-search", "grover-mixer-qaoa"}


@pytest.mark.parametrize("name", QUANTUM)
def test_resources_are_told_at_compile_time(name: str) -> None:
    options = {"shots": 300} if "shots" in registry.options_of(registry.find(name)) else {}
    result = registry.load(name, options).solve(Instance(encoding=_encoding()), seed=0)
    told = result.info["resources"]
    assert told["n_qubits"] >= 2
    assert told["circuit_evaluations"] >= 1 or name == "qaoa"
    assert told["shots"] >= 1
    if name in CIRCUITS or name == "falqon":
        assert set(told["two_qubit"]) == {"all-to-all", "heavy-hex", "square"}
        gates = {lattice: cost["gates"] for lattice, cost in told["two_qubit"].items()}
        assert 0 < gates["all-to-all"] <= min(gates["heavy-hex"], gates["square"])
        assert all(0 < cost["depth"] <= cost["gates"] for cost in told["two_qubit"].values())
    else:
        assert "note" in told


@pytest.mark.parametrize("name", QUANTUM)
def test_odd_energies_are_solved_or_refused(name: str) -> None:
    """A constant, coefficients 15 orders apart, a time limit that is over at once; no variable at
    all is refused.
    """
    solver = registry.load(
        name, {"shots": 200} if "shots" in registry.options_of(registry.find(name)) else {}
    )
    spread = BinaryPolynomial.of(3, {(0,): 1e12, (0, 1): -3e12, (2,): 1e-3})
    for polynomial, limit_s in ((BinaryPolynomial.of(2, {(): 2.0}), None), (spread, 1e-9)):
        result = solver.solve(Instance(encoding=plain(polynomial)), seed=0, time_limit_s=limit_s)
        assert result.bits is not None
        assert np.isfinite(result.energy)
    with pytest.raises(InputError):
        solver.solve(Instance(encoding=plain(BinaryPolynomial.of(0, {(): 1.0}))), seed=0)
