"""Backends by name with options, each refusal in words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from qtwin.backend import registry
from qtwin.backend.base import Ansatz
from qtwin.errors import InputError
from tests.oracles.circuits import ising, qaoa, sherrington


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("aer:", {}, "key=value in the backend's name 'aer:', got ''"),
        ("aer:statevectr", {}, "'statevectr'"),
        ("aer:density_matrix,0.1", {}, "got '0.1'"),
        ("aer:density_matrix,method=statevector", {}, "given twice"),
        ("aer:density_matrix", {"method": "statevector"}, "given twice"),
        ("aer", {"metod": "statevector"}, "unknown option of backend 'aer': 'metod'"),
        ("aer", {"threads": 1.5}, "expected a whole number"),
        ("aer", {"threads": -1}, "0 (all) or more"),
        ("aer", {"depolarising_2q": 1.2}, "depolarising_2q, got 1.2"),
        ("aer", {"depolarising_2q": float("nan")}, "depolarising_2q, got nan"),
        ("aer", {"readout_error": 0.7}, "readout_error, got 0.7"),
        ("aer", {"noise_from": "fezz"}, "unknown snapshot 'fezz'"),
        ("aer", {"noise_from": "fez", "readout_error": 0.1}, "error rates and noise_from"),
        ("aer", {"bond_dimension": 4}, "matrix product state"),
        ("fake:fezz", {}, "unknown snapshot 'fezz'"),
        ("fake:fez,twirls=-1", {}, "0 or more twirls, got -1"),
        ("fake:fez,twirls=2,fractional=true", {}, "fractional gates"),
        ("fake:fez,line=worst", {}, "one of 'best', 'typical'"),
        ("pennylane:default.qbit", {}, "no device 'default.qbit'"),
        ("statevector:threads=0", {}, "at least 1 thread, got 0"),
    ],
)
def test_what_cannot_be_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        registry.load(name, options)
    assert message in caught.value.message + caught.value.hint


def test_what_stands_first_is_the_first_option() -> None:
    assert registry.load("aer:density_matrix").capabilities().name == "aer:density_matrix"
    assert (
        registry.load("aer", {"method": "matrix_product_state"}).capabilities().name
        == "aer:matrix_product_state"
    )
    assert registry.load("fake:manila").capabilities().max_qubits == 5


def test_too_wide_is_refused_before_it_runs() -> None:
    for name in ("fake:manila", "aer:density_matrix"):
        ansatz = qaoa(ising(*sherrington(14, seed=0)), 1)
        with pytest.raises(InputError, match="got 14"):
            registry.load(name).sample(ansatz, np.zeros(2), shots=1, seed=0)


def _ready(n: int, bits: int) -> Ansatz:
    return Ansatz(n_qubits=n, reference=np.full(n, bits, dtype=np.int8), layers=(), n_parameters=0)


def test_noise_does_what_its_rates_say() -> None:
    """<Z> of |1> made by one X is -(1 - p); two CX on |00> leave (1 - p)^2 of Z Z; a flipped
    readout leaves 1 - 2 e.
    """
    z = ising(np.ones(1), np.zeros((1, 1)))
    p = 0.07
    one = registry.load("aer:density_matrix", {"depolarising_1q": p})
    assert one.expectation(_ready(1, 1), np.zeros(0), z).value == pytest.approx(-(1 - p), abs=1e-12)
    zz = ising(np.zeros(2), np.array([[0.0, 1.0], [1.0, 0.0]]))
    pair = type(zz)(x=zz.x[-1:], z=zz.z[-1:], coefficients=zz.coefficients[-1:])
    ansatz = qaoa(pair, 1)
    ansatz = Ansatz(
        n_qubits=2, reference=np.zeros(2, dtype=np.int8), layers=ansatz.layers[:1], n_parameters=1
    )
    two = registry.load("aer:density_matrix", {"depolarising_2q": p})
    assert two.expectation(ansatz, np.array([0.3]), pair).value == pytest.approx(
        (1 - p) ** 2, abs=1e-12
    )
    e = 0.1
    read = registry.load("aer", {"readout_error": e})
    found = read.expectation(_ready(1, 0), np.zeros(0), z, shots=20_000, seed=1)
    assert abs(found.value - (1 - 2 * e)) < 4.5 * found.standard_error
    with pytest.raises(InputError, match="without shots"):
        read.expectation(_ready(1, 0), np.zeros(0), z)


def test_a_small_bond_loses_what_a_large_one_keeps() -> None:
    ansatz = qaoa(ising(*sherrington(8, seed=3)), 2)
    theta, cost = np.array([0.4, 0.7, 0.5, 0.3]), ansatz.layers[0].generator
    exact = registry.load("statevector").expectation(ansatz, theta, cost).value
    wide = registry.load("aer:matrix_product_state").expectation(ansatz, theta, cost).value
    assert wide == pytest.approx(exact, abs=1e-9)
    assert not registry.load("aer:matrix_product_state", {"bond_dimension": 2}).capabilities().exact
