"""Masked circuits answer the same question, and say less about it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.backend.hardware.mask import Mask, jittered, scaled, scan
from qtwin.encoding.pauli import PauliSum, diagonal
from qtwin.errors import ConsentError, InputError
from tests.oracles.circuits import mixed, qaoa, strings
from tests.oracles.dense_backend import DenseBackend
from tests.oracles.instances import random_polynomial

DENSE = DenseBackend()


def probabilities(ansatz, theta) -> np.ndarray:
    """(2,) * n, axis i is qubit i."""
    n = ansatz.n_qubits
    flat = np.abs(DENSE.states(ansatz, theta)[-1]) ** 2
    return flat.reshape((2,) * n).transpose(tuple(reversed(range(n))))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 4))
def test_a_masked_circuit_has_the_same_distribution_and_expectations(seed: int, n: int) -> None:
    ansatz = mixed(n, diagonal(random_polynomial(n, 2, seed)), seed)
    theta = np.random.default_rng(seed).uniform(-1, 1, ansatz.n_parameters)
    mask = Mask.drawn(n, np.random.default_rng(seed))
    hidden = mask.ansatz(ansatz)
    every = np.array(list(np.ndindex(*(2,) * n)), dtype=np.uint8)
    plain, masked = probabilities(ansatz, theta), probabilities(hidden, theta)
    for bits in every:
        assert masked[tuple(bits)] == pytest.approx(plain[tuple(mask.bits(bits))], abs=1e-12)
    observable = strings(n, 4, seed)
    value = DENSE.expectation(ansatz, theta, observable).value
    assert DENSE.expectation(hidden, theta, mask.sum(observable)).value == pytest.approx(
        value, abs=1e-10
    )
    assert Mask.from_plain(json.loads(json.dumps(mask.plain()))) == mask


def test_a_mask_is_a_permutation_and_every_one_occurs() -> None:
    drawn = [Mask.drawn(3, np.random.default_rng(k)) for k in range(400)]
    assert len({m.order for m in drawn}) == 6
    assert len({m.flips for m in drawn}) == 8


@pytest.mark.parametrize("seed", range(3))
def test_scaling_keeps_the_distribution_and_hides_the_unit(seed: int) -> None:
    cost = diagonal(random_polynomial(4, 2, seed))
    ansatz = qaoa(PauliSum(x=cost.x, z=cost.z, coefficients=3e4 * cost.coefficients), 2)
    theta = np.random.default_rng(seed).uniform(-1, 1, 4) * np.array([1e-4, 1e-4, 1, 1])
    small, factors = scaled(ansatz)
    assert max(
        np.abs(layer.generator.coefficients).max() for layer in small.layers
    ) == pytest.approx(1.0)
    np.testing.assert_allclose(
        probabilities(small, theta * factors), probabilities(ansatz, theta), atol=1e-9
    )


@pytest.mark.parametrize("seed", range(20))
def test_jitter_moves_every_coefficient_and_never_the_solution(seed: int) -> None:
    polynomial = random_polynomial(6, 2, seed)
    cost = diagonal(polynomial)
    moved = jittered(qaoa(cost, 2), 0.999, np.random.default_rng(seed))
    new = moved.layers[0].generator
    assert new is moved.layers[2].generator
    assert (new.coefficients != cost.coefficients).all()
    every = np.array(list(np.ndindex(*(2,) * 6)), dtype=np.uint8)
    signs = 1.0 - 2.0 * ((every.astype(int) @ cost.z.T.astype(int)) % 2)
    assert np.argmin(signs @ new.coefficients) == np.argmin(polynomial.evaluate(every))


def test_what_cannot_be_jittered_without_harm_is_refused() -> None:
    rng = np.random.default_rng(0)
    one, other = (qaoa(diagonal(random_polynomial(4, 2, k)), 1) for k in (0, 1))
    with pytest.raises(InputError, match="one diagonal layer under a jitter, got 2"):
        jittered(replace(one, layers=(*one.layers, *other.layers)), 0.5, rng)
    with pytest.raises(InputError, match="at most 20 variables"):
        jittered(qaoa(diagonal(random_polynomial(21, 2, 0)), 1), 0.5, rng)
    with pytest.raises(InputError, match="below 1"):
        jittered(qaoa(diagonal(random_polynomial(4, 2, 0)), 1), 1.0, rng)


@pytest.mark.parametrize(
    "text", ["seen 2024-03-01", "CYP2D6 *4/*41", "carrier of rs429358", "Patient P-77", {"p-77": 1}]
)
def test_the_scan_refuses_what_tells_of_a_person(text: object) -> None:
    with pytest.raises(ConsentError):
        scan(json.dumps({"deep": [{"in": text}]}).encode(), {"P-77"})


def test_the_scan_looks_into_what_is_packed() -> None:
    import base64
    import zlib

    packed = base64.b64encode(zlib.compress(b"....... patient-0815 ......")).decode()
    with pytest.raises(ConsentError, match="identifier"):
        scan(json.dumps({"qpy": packed}).encode(), {"patient-0815"})
    assert scan(json.dumps({"qpy": packed}).encode(), {"another"}) > 2
