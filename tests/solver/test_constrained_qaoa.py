"""QAOA with mixers that keep constraints, and with warm starts, against conservation laws, limits
and matrices.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.fixed_size import encode_fixed_size
from qtwin.encoding.mixer import ring_rounds
from qtwin.encoding.model import plain
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError
from qtwin.problem.constraint import AtMostOne, Exactly, NotBoth
from qtwin.problem.fixed_size import FixedSize
from qtwin.solver import registry
from qtwin.solver.base import Instance
from qtwin.solver.quantum.grover_mixer_qaoa import GroverMixerQAOA
from qtwin.solver.quantum.warm_start_qaoa import WarmStartQAOA, relaxed, warm_circuit
from qtwin.solver.quantum.xy_qaoa import XYQAOA, xy_circuit
from qtwin.solver.variational.circuit import ansatz, circuit
from qtwin.solver.variational.feasible_subspace import dicke_turns, feasible_subspace
from qtwin.solver.variational.training import exact_simulator, train
from tests.oracles.dense_backend import DenseBackend
from tests.oracles.instances import constrained, random_polynomial

SIMULATOR = exact_simulator()


def choose(n: int, k: int, seed: int) -> Instance:
    """Exactly k of n, random values, penalised as well."""
    rng = np.random.default_rng(seed)
    pairs = np.triu(rng.normal(size=(n, n)), 1)
    choice = FixedSize(
        names=tuple(f"d{i}" for i in range(n)),
        size=k,
        linear=rng.normal(size=n),
        pairs=pairs + pairs.T,
        forbidden=np.zeros((n, n), dtype=np.bool_),
        unit="1",
    )
    return Instance(encoding=encode_fixed_size(choice, tuple(range(k))))


def weights_of(n: int) -> np.ndarray:
    return np.array([i.bit_count() for i in range(1 << n)])


# Dicke states


@pytest.mark.parametrize(("m", "k"), [(1, 0), (3, 0), (3, 3), (2, 1), (4, 1), (5, 3), (6, 3)])
def test_dicke_states_hold_every_assignment_of_their_weight_equally(m: int, k: int) -> None:
    """In a wider register, on scattered qubits; sqrt(1 / C(m, k)) each (Baertschi, Eidenbenz
    2019).
    """
    n = m + 1
    members = list(np.random.default_rng(m).permutation(n)[:m])
    ones, turns = dicke_turns(n, [int(i) for i in members], k)
    reference = np.zeros(n, dtype=np.int8)
    reference[ones] = 1
    made = circuit(n, [(t, None) for t in turns], free=0, reference=reference)
    state = DenseBackend().states(made.ansatz, made.full(np.zeros(0)))[-1]
    bits = index_to_bits(np.arange(1 << n), n)
    inside = (bits[:, members].sum(axis=1) == k) & (bits.sum(axis=1) == k)
    assert state[inside] == pytest.approx(
        np.full(math.comb(m, k), math.comb(m, k) ** -0.5), abs=1e-12
    )
    assert np.abs(state[~inside]).max() < 1e-12
    assert len(turns) <= m * k, "O(m k) gates"


# XY mixers


@given(seed=st.integers(0, 1000), complete=st.booleans(), k=st.integers(1, 4))
@settings(max_examples=8, deadline=None)
def test_hamming_weight_is_kept_by_the_circuit(seed: int, complete: bool, k: int) -> None:
    found = feasible_subspace(choose(5, k, seed).encoding)
    assert (found.blocks, found.weights) == ((tuple(range(5)),), (k,))
    whole, _ = xy_circuit(found, 2, complete=complete)
    theta = np.random.default_rng(seed).normal(size=4)
    p = SIMULATOR.probabilities(whole.ansatz, whole.full(theta))
    assert p[weights_of(5) != k].sum() < 1e-12


def test_the_kept_penalty_falls_away_and_nothing_else() -> None:
    encoding = choose(6, 2, 0).encoding
    found = feasible_subspace(encoding)
    rows = index_to_bits(np.arange(64), 6)
    objective = encoding.objective.evaluate(rows)
    assert found.polynomial.evaluate(rows) == pytest.approx(objective, abs=1e-9)
    assert found.names == tuple(c.name for c in encoding.constraints)
    other = feasible_subspace(constrained(4))
    assert other.names == ("one of the first class",)
    assert other.blocks == ((0, 1, 2, constrained(4).polynomial.n_variables),)
    whole = constrained(4).polynomial
    inside = other.drawn(200)
    assert other.polynomial.evaluate(inside) == pytest.approx(
        whole.evaluate(inside[:, : whole.n_variables]), abs=1e-9
    )
    assert np.ptp(other.drawn(3000)[:, :3].mean(axis=0)) < 0.06, (
        "each of the class and none of it are equally likely"
    )
    assert feasible_subspace(plain(whole)).blocks == ()


@pytest.mark.parametrize("mixer", ["ring", "complete"])
def test_the_subspace_and_the_circuit_are_one_method(mixer: str) -> None:
    """Trained on the allowed states alone, the angles give the same energy on the full register of
    every kind of backend.
    """
    instance = choose(5, 2, 7)
    inside = XYQAOA(layers=2, mixer=mixer, shots=500).solve(instance, seed=1)
    dense = XYQAOA(layers=2, mixer=mixer, shots=500, backend=DenseBackend()).solve(instance, seed=1)
    assert dense.info["theta"][:4] == pytest.approx(inside.info["theta"], abs=1e-12)
    whole, _ = xy_circuit(
        feasible_subspace(instance.encoding),
        2,
        complete=mixer == "complete",
        scale=inside.info["cost_scale"],
    )
    p = np.abs(DenseBackend().states(whole.ansatz, np.array(dense.info["theta"]))[-1]) ** 2
    assert p @ instance.encoding.polynomial.values() == pytest.approx(
        inside.info["expectation_exact"], abs=1e-9
    )
    for result in (inside, dense):
        assert (result.samples.bits.sum(axis=1) == 2).all()
        assert result.info["feasible_share"] == 1.0
    uniform = [
        v
        for v, w in zip(instance.encoding.polynomial.values(), weights_of(5), strict=True)
        if w == 2
    ]
    assert inside.info["expectation_exact"] < np.mean(uniform) - 0.2 * np.ptp(uniform)


def test_qubits_outside_the_blocks_are_pairs_with_an_idle_one() -> None:
    """A class, a pair kept apart and slack: the listed subspace and the register of |+> and X give
    one energy.
    """
    encoding = constrained(4)
    inside = XYQAOA(layers=2, shots=500).solve(Instance(encoding=encoding), seed=1)
    found = feasible_subspace(encoding)
    whole, _ = xy_circuit(found, 2, complete=False, scale=inside.info["cost_scale"])
    p = SIMULATOR.probabilities(whole.ansatz, whole.full(np.array(inside.info["theta"])))
    bits = index_to_bits(np.arange(p.size), found.n_qubits)
    assert p @ found.polynomial.evaluate(bits) == pytest.approx(
        inside.info["expectation_exact"], abs=1e-8
    )
    closed = found.closed()
    assert not closed.free
    assert closed.size == found.size == len(np.unique(closed.listed(), axis=0))


def test_classes_are_one_hot_with_a_qubit_for_none() -> None:
    rules = (
        AtMostOne(name="a", members=(0, 1, 2)),
        AtMostOne(name="b", members=(3, 4)),
        NotBoth(name="c", pair=(0, 3)),
    )
    points = np.array([[0, 0, 0, 0, 0]], dtype=np.uint8)
    encoding = encode(
        random_polynomial(5, 2, 3), names=list("abcde"), constraints=rules, feasible=points
    )
    found = feasible_subspace(encoding)
    assert found.blocks == ((0, 1, 2, 5), (3, 4, 6))
    assert found.size == 12 == len(np.unique(found.listed(), axis=0))
    result = XYQAOA(layers=2, shots=2000).solve(Instance(encoding=encoding), seed=0)
    assert all(c.holds(result.samples.bits).all() for c in rules[:2])
    assert result.energy == pytest.approx(min(encoding.polynomial.evaluate(found.listed()[:, :5])))


def test_what_is_too_wide_is_refused_with_the_limit() -> None:
    with pytest.raises(InputError, match="assignments that the mixer reaches"):
        XYQAOA().solve(choose(45, 8, 0), seed=0)
    with pytest.raises(InputError, match="conserved quantity"):
        XYQAOA().solve(Instance(encoding=plain(BinaryPolynomial.of(21, {(0, 20): 1.0}))), seed=0)


@pytest.mark.slow
def test_forty_drugs_of_which_exactly_six_run_exactly() -> None:
    instance = choose(40, 6, 1)
    result = XYQAOA(layers=1, shots=2000, max_evaluations=30).solve(instance, seed=0)
    assert result.info["feasible_assignments"] == math.comb(40, 6)
    assert (result.samples.bits.sum(axis=1) == 6).all()


def test_without_anything_to_keep_it_is_plain_qaoa() -> None:
    polynomial = random_polynomial(4, 2, 2)
    found = feasible_subspace(plain(polynomial))
    whole, _ = xy_circuit(found, 2, complete=False)
    theta = np.random.default_rng(0).normal(size=4)
    scale = train(polynomial, 1, seed=0).cost_scale
    plainly = SIMULATOR.probabilities(ansatz(polynomial, 2), theta * [scale, 1, scale, 1])
    assert SIMULATOR.probabilities(whole.ansatz, whole.full(theta)) == pytest.approx(
        plainly, abs=1e-12
    )


def test_ring_of_two_is_one_pair() -> None:
    assert ring_rounds([4, 7]) == (((4, 7),),)


# Grover mixer


def test_the_grover_mixer_treats_equal_values_alike_and_all_shots_are_feasible() -> None:
    """Baertschi, Eidenbenz 2020: amplitudes depend on the value alone."""
    rule = NotBoth(name="apart", pair=(0, 1))
    encoding = encode(
        BinaryPolynomial.of(6, {(i,): 1.0 for i in range(6)}),
        names=list("abcdef"),
        constraints=(rule, Exactly(name="two", count=2, members=tuple(range(6)))),
        feasible=np.array([[1, 0, 1, 0, 0, 0]], dtype=np.uint8),
    )
    flat = GroverMixerQAOA(layers=1, shots=20000).solve(Instance(encoding=encoding), seed=0)
    assert flat.info["feasible_choices"] == math.comb(6, 2) - 1
    assert rule.holds(flat.samples.bits[:, :6]).all()
    expected = 20000 / 14  # all of one value: uniform, whatever the angles
    # chi-square of 13 degrees, 1 in 10,000
    assert ((flat.samples.counts - expected) ** 2 / expected).sum() < 40


def test_the_grover_mixer_is_its_matrix() -> None:
    instance = choose(5, 2, 3)
    result = GroverMixerQAOA(layers=2, shots=100).solve(instance, seed=0)
    inside = weights_of(5) == 2
    values = instance.encoding.objective.values()[inside]
    c = (values - values.mean()) / values.std()
    psi = np.full(10, 10**-0.5, dtype=complex)
    start = psi.copy()
    for gamma, beta in np.array(result.info["theta"]).reshape(-1, 2):
        psi = np.exp(-1j * gamma * c) * psi
        psi = psi + (np.exp(-1j * beta) - 1) * start * (start.conj() @ psi)
    assert np.abs(psi) ** 2 @ values == pytest.approx(result.info["expectation_exact"], abs=1e-9)
    assert result.info["expectation_exact"] < values.mean() - 0.2 * np.ptp(values)


def test_one_marked_choice_of_sixteen_is_found_as_grover_finds_it() -> None:
    """It contains Grover's search: two layers of phase pi reach sin^2(5 asin(1/4)) = 0.908, and no
    two layers reach more.
    """
    needle = BinaryPolynomial.of(4, {(0, 1, 2, 3): -1.0})
    result = GroverMixerQAOA(layers=2, shots=100, starts=3).solve(
        Instance(encoding=plain(needle)), seed=0
    )
    assert result.info["probability_of_minimum"] == pytest.approx(
        math.sin(5 * math.asin(0.25)) ** 2, abs=0.01
    )


# Warm starts


@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_a_start_of_one_half_is_plain_qaoa(seed: int) -> None:
    polynomial = random_polynomial(4, 2, seed)
    theta = np.random.default_rng(seed).normal(size=4)
    warm = warm_circuit(polynomial, np.full(4, 0.5), 2)
    assert SIMULATOR.probabilities(warm.ansatz, warm.full(theta)) == pytest.approx(
        SIMULATOR.probabilities(ansatz(polynomial, 2), theta), abs=1e-12
    )
    half = WarmStartQAOA(layers=2, epsilon=0.5, shots=10).solve(
        Instance(encoding=plain(polynomial)), seed=0
    )
    assert half.info["expectation_exact"] == pytest.approx(
        train(polynomial, 2, seed=0).energy, abs=1e-6
    )


def test_epsilon_zero_keeps_a_whole_start_whatever_the_angles() -> None:
    polynomial = random_polynomial(4, 2, 5)
    bits = np.array([1, 0, 0, 1], dtype=np.uint8)
    warm = warm_circuit(polynomial, bits.astype(float), 3)
    p = SIMULATOR.probabilities(warm.ansatz, warm.full(np.random.default_rng(0).normal(size=6)))
    assert p[0b1001] == pytest.approx(1.0, abs=1e-12)
    known = Instance(encoding=plain(polynomial), warm_start=bits)
    result = WarmStartQAOA(epsilon=0.0, layers=1, shots=50).solve(known, seed=0)
    assert result.info["started_from"] == "warm start"
    assert result.bits.tolist() == bits.tolist()


@given(seed=st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_the_relaxation_is_convex_and_never_above_any_bits(seed: int) -> None:
    polynomial = random_polynomial(5, 2, seed)
    x = relaxed(polynomial)
    _, linear, pairs = polynomial.quadratic_form
    q = (pairs + pairs.T) / 2
    lift = max(0.0, -np.linalg.eigvalsh(q)[0])
    value = polynomial.constant + x @ q @ x + linear @ x - lift * (x - x**2).sum()
    assert value <= polynomial.values().min() + 1e-6
    grid = np.random.default_rng(seed).random((200, 5))
    others = (
        polynomial.constant
        + np.einsum("mi,ij,mj->m", grid, q, grid)
        + grid @ linear
        - lift * (grid - grid**2).sum(axis=1)
    )
    assert value <= others.min() + 1e-6


def test_what_cannot_be_warm_started_is_refused() -> None:
    cubic = plain(random_polynomial(4, 3, 0))
    with pytest.raises(InputError, match="quadratic polynomial, got degree 3"):
        WarmStartQAOA().solve(Instance(encoding=cubic), seed=0)
    with pytest.raises(InputError, match="epsilon"):
        WarmStartQAOA(epsilon=0.6)
    with pytest.raises(InputError, match="feasible choices"):
        GroverMixerQAOA().solve(
            Instance(encoding=plain(BinaryPolynomial.of(40, {(0,): 1.0}))), seed=0
        )
    assert registry.load("grover-mixer-qaoa", {"objective_shots": 100, "optimizer": "cobyla"})
