"""Any circuit on the state vector against matrices: fused phases, batches by tile, swaps, wide
strings, one qubit upwards.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.statevector import StatevectorBackend, circuit
from qtwin.backend.statevector import qaoa as walsh
from qtwin.backend.statevector.layered import Layered, alone
from qtwin.encoding.mixer import complete_rounds, ring_rounds, xy_layers
from qtwin.encoding.pauli import PauliSum, diagonal, transverse_field
from tests.oracles.circuits import qaoa, strings
from tests.oracles.dense_backend import DenseBackend, matrix
from tests.oracles.instances import random_polynomial


def single(n: int, x: int, z: int, c: float = 1.0) -> PauliSum:
    bits = [np.array([[mask >> i & 1 for i in range(n)]], dtype=np.bool_) for mask in (x, z)]
    return PauliSum(x=bits[0], z=bits[1], coefficients=np.array([c]))


def ansatz_of(
    n: int, generators: list[PauliSum], reference: np.ndarray | None = None, shared: int = 0
) -> Ansatz:
    """One parameter a layer; `shared` > 0: that many in turn."""
    count = shared or len(generators)
    first = np.zeros(n, dtype=np.int8) if reference is None else reference.astype(np.int8)
    layers = tuple(Layer(generator=g, parameter=k % count) for k, g in enumerate(generators))
    return Ansatz(n_qubits=n, reference=first, layers=layers, n_parameters=count)


def assert_agrees(ansatz: Ansatz, observable: PauliSum, seed: int, threads: int = 1) -> None:
    theta = np.random.default_rng(seed).normal(size=ansatz.n_parameters)
    backend = StatevectorBackend(threads=threads)
    value, gradient = backend.value_and_gradient(ansatz, theta, observable)
    wanted, slopes = DenseBackend().value_and_gradient(ansatz, theta, observable)
    scale = np.abs(observable.coefficients).sum()
    assert value == pytest.approx(wanted, abs=1e-12 * scale)
    assert backend.expectation(ansatz, theta, observable).value == pytest.approx(
        wanted, abs=1e-12 * scale
    )
    np.testing.assert_allclose(gradient, slopes, atol=1e-11 * scale)


@pytest.mark.parametrize(("n", "seed"), [*itertools.product(range(1, 6), range(3)), (6, 0)])
def test_random_strings_in_any_order(n: int, seed: int) -> None:
    """Phases of one, few and many strings between single strings with every number of Y."""
    rng = np.random.default_rng([n, seed])
    generators = [single(n, *rng.integers(0, 2**n, 2).tolist(), rng.normal()) for _ in range(12)]
    generators[4:4] = [
        diagonal(random_polynomial(n, 2, seed)),
        *(single(n, 0, int(m)) for m in rng.integers(0, 2**n, 5)),
    ]
    generators += [single(n, 0, int(m), rng.normal()) for m in rng.integers(0, 2**n, 7)]
    ansatz = ansatz_of(n, generators, rng.integers(-1, 2, n), shared=9)
    assert_agrees(ansatz, diagonal(random_polynomial(n, 3, seed)), seed)
    assert_agrees(ansatz, strings(n, 5, seed), seed)


@pytest.mark.parametrize("n", [3, 6])
@pytest.mark.parametrize("rounds_of", [ring_rounds, complete_rounds])
def test_xy_rounds_are_swaps_of_half_the_amplitudes(n: int, rounds_of) -> None:
    generators = [diagonal(random_polynomial(n, 2, 1)), *xy_layers(n, rounds_of(range(n)))] * 2
    ansatz = ansatz_of(n, generators, np.arange(n) % 2, shared=3)
    kinds = {
        int(k)
        for step in circuit.compiled(ansatz)
        if isinstance(step, circuit.Batch)
        for k in step.code[:, 0]
    }
    assert kinds == {circuit.SWAP}
    assert_agrees(ansatz, diagonal(random_polynomial(n, 3, 2)), n)


def test_tied_angles_of_every_string_are_qaoa() -> None:
    """Multi-angle QAOA with equal angles is QAOA (Herrman et al. 2022, Sci. Rep. 12:6781)."""
    n, p = 9, 2
    cost = diagonal(random_polynomial(n, 2, 3))
    kept = cost.z.any(axis=1)
    fields = [single(n, 1 << i, 0) for i in range(n)]
    pieces = [
        PauliSum(
            x=cost.x[k : k + 1], z=cost.z[k : k + 1], coefficients=cost.coefficients[k : k + 1]
        )
        for k in np.flatnonzero(kept)
    ]
    layers, theta, owners = [], [], []
    angles = np.array([0.3, -0.5, 0.7, -0.2])
    for level in range(p):
        for group, angle in ((pieces, angles[2 * level]), (fields, angles[2 * level + 1])):
            layers += group
            theta += [angle] * len(group)
            owners += [2 * level + (group is fields)] * len(group)
    ansatz = ansatz_of(n, layers, np.full(n, -1))
    value, gradient = StatevectorBackend().value_and_gradient(ansatz, np.array(theta), cost)
    plain = qaoa(cost, p)
    wanted, slopes = StatevectorBackend().value_and_gradient(plain, angles[[0, 2, 1, 3]], cost)
    assert value == pytest.approx(wanted, abs=1e-11)
    summed = np.zeros(4)
    np.add.at(summed, owners, gradient)
    np.testing.assert_allclose(summed, slopes[[0, 2, 1, 3]], atol=1e-10)


@pytest.mark.parametrize("threads", [1, 2])
def test_wide_circuits_keep_what_small_ones_have(threads: int) -> None:
    """17 qubits, of which 5 take part: the rest is |0>, so matrices on 5 qubits know the answer,
    wherever the 5 lie.
    """
    n, rng = 17, np.random.default_rng(3)
    for place in ([0, 1, 2, 3, 4], [12, 13, 14, 15, 16], [0, 5, 9, 14, 16]):
        small = [single(5, *rng.integers(0, 32, 2).tolist(), rng.normal()) for _ in range(14)] + [
            diagonal(random_polynomial(5, 2, 4))
        ]
        wide = []
        for g in small:
            x, z = (
                np.zeros((len(g.coefficients), n), dtype=np.bool_),
                np.zeros((len(g.coefficients), n), dtype=np.bool_),
            )
            x[:, place], z[:, place] = g.x, g.z
            wide.append(PauliSum(x=x, z=z, coefficients=g.coefficients))
        first = np.zeros(n)
        first[place] = [-1, 0, 1, -1, 0]
        observable = wide[-1]
        theta = rng.normal(size=15)
        got = StatevectorBackend(threads=threads).value_and_gradient(
            ansatz_of(n, wide, first), theta, observable
        )
        wanted = DenseBackend().value_and_gradient(
            ansatz_of(5, small, first[place]), theta, small[-1]
        )
        assert got[0] == pytest.approx(wanted[0], abs=1e-12)
        np.testing.assert_allclose(got[1], wanted[1], atol=1e-11)


def test_a_string_wider_than_a_tile_runs_alone_and_undoes_itself() -> None:
    n = 15
    wide = single(n, 2**n - 1, 0b1011, 0.7)
    ansatz = ansatz_of(n, [transverse_field(n), wide, single(n, 1, 1)], shared=3)
    assert any(isinstance(step, circuit.Rotation) for step in circuit.compiled(ansatz))
    layered, theta = Layered(ansatz), np.array([0.4, 0.9, -0.3])
    layered.run(theta)
    observable = diagonal(random_polynomial(n, 2, 1))
    value, gradient = layered.gradient(theta, observable)
    for k in range(3):
        step = np.eye(3)[k] * 1e-5
        up, down = (
            StatevectorBackend().expectation(ansatz, theta + s * step, observable).value
            for s in (1, -1)
        )
        assert gradient[k] == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-6)
    assert value == pytest.approx(
        StatevectorBackend().expectation(ansatz, theta, observable).value, abs=1e-11
    )
    start = layered.probabilities()  # the adjoint method has brought the state back to |0>
    assert start[0] == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 12, 13, 15])
def test_the_transform_is_its_own_inverse_and_the_characters(n: int) -> None:
    values = np.random.default_rng(n).normal(size=1 << n)
    got = values.copy()
    walsh.transform(got, alone)
    if n <= 5:
        signs = np.array(
            [[(-1) ** (a & b).bit_count() for a in range(1 << n)] for b in range(1 << n)]
        )
        np.testing.assert_allclose(got, signs @ values, atol=1e-12)
    walsh.transform(got, alone)
    np.testing.assert_allclose(got, values * 2**n, atol=1e-9)


def test_equal_strings_of_a_layer_add_up() -> None:
    g = PauliSum(
        x=np.ones((3, 2), dtype=np.bool_),
        z=np.zeros((3, 2), dtype=np.bool_),
        coefficients=np.array([0.2, 0.5, -0.1]),
    )
    assert_agrees(ansatz_of(2, [single(2, 1, 1), g]), single(2, 0, 1), 0)
    np.testing.assert_allclose(matrix(g), matrix(single(2, 3, 0, 0.6)))
