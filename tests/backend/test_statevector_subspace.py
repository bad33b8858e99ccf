"""QAOA in a feasible subspace against full matrices, closed forms and finite differences."""

from __future__ import annotations

import itertools
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.statevector import StatevectorBackend
from qtwin.backend.statevector.distribution import lowest_share
from qtwin.backend.statevector.subspace import SubspaceQaoa, blocks, fixed_weight, listed
from qtwin.encoding.mixer import block_rounds, complete_rounds, ring_rounds, xy_layers
from qtwin.encoding.pauli import diagonal
from qtwin.encoding.polynomial import index_to_bits
from qtwin.errors import InputError
from tests.oracles.instances import random_polynomial
from tests.oracles.subspaces import amplitudes

CASES = [(2, 1), (3, 1), (5, 2), (6, 3), (7, 5), (7, 0), (4, 4), (1, 1)]


@given(n=st.integers(1, 18), data=st.data())
@settings(max_examples=30, deadline=None)
def test_words_are_the_combinations_in_combinadic_order(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    states = fixed_weight(n, k)
    assert states.size == comb(n, k)
    bits = states.bits()
    assert (bits.sum(axis=1) == k).all()
    np.testing.assert_array_equal(states.places(bits), np.arange(states.size))
    place = data.draw(st.integers(0, states.size - 1))
    assert sum(comb(int(c), t + 1) for t, c in enumerate(np.flatnonzero(bits[place]))) == place


@pytest.mark.parametrize(("n", "degree"), [(6, 2), (7, 5), (9, 3)])
def test_costs_are_the_polynomial_at_any_degree(n: int, degree: int) -> None:
    polynomial = random_polynomial(n, degree, n)
    states = fixed_weight(n, n // 2)
    np.testing.assert_allclose(
        states.costs(polynomial), polynomial.evaluate(states.bits()), atol=1e-12
    )


@pytest.mark.parametrize(("n", "k"), CASES)
@pytest.mark.parametrize("rounds_of", [ring_rounds, complete_rounds])
def test_xy_mixers_are_those_of_the_matrices(n: int, k: int, rounds_of) -> None:
    polynomial, rounds = random_polynomial(n, 3, 10 * n + k), rounds_of(range(n))
    theta = np.random.default_rng(k).normal(size=6)
    fixed = fixed_weight(n, k)
    wanted = amplitudes(fixed.words, polynomial, theta, rounds)
    for states in (fixed, listed(fixed.bits()[::-1])):
        got = SubspaceQaoa(states, states.costs(polynomial), mixer=rounds).amplitudes(theta)
        np.testing.assert_allclose(got, wanted[states.words], atol=1e-12)
    assert np.linalg.norm(got) == pytest.approx(1.0, abs=1e-12), "nothing leaves the subspace"


def test_one_hot_blocks_stay_one_hot() -> None:
    """Two blocks of which exactly one is taken, side by side: 3 x 2 states, each block on a
    ring.
    """
    blocks = [(0, 2, 4), (1, 3)]
    bits = np.array(
        [[i in chosen for i in range(5)] for chosen in itertools.product(*blocks)], dtype=np.uint8
    )
    states, rounds, polynomial = listed(bits), block_rounds(blocks), random_polynomial(5, 2, 3)
    theta = np.array([0.7, -0.9, 0.2, 1.3])
    got = SubspaceQaoa(states, states.costs(polynomial), mixer=rounds).amplitudes(theta)
    np.testing.assert_allclose(
        got, amplitudes(states.words, polynomial, theta, rounds)[states.words], atol=1e-12
    )


@pytest.mark.parametrize("start", [None, "biased"])
def test_grover_mixer_is_that_of_the_matrices(start: str | None) -> None:
    rng = np.random.default_rng(5)
    states, polynomial, theta = (
        listed(index_to_bits(rng.permutation(64)[:11], 6)),
        random_polynomial(6, 3, 1),
        rng.normal(size=4),
    )
    first = None if start is None else (v := rng.random(11)) / np.linalg.norm(v)
    got = SubspaceQaoa(states, states.costs(polynomial), mixer="grover", start=first).amplitudes(
        theta
    )
    np.testing.assert_allclose(
        got, amplitudes(states.words, polynomial, theta, None, first)[states.words], atol=1e-12
    )


def test_grover_mixer_gives_equal_costs_equal_amplitudes() -> None:
    """Baertschi, Eidenbenz 2020, arXiv:2006.00354: states of one objective value share one
    amplitude.
    """
    states = fixed_weight(9, 4)
    cost = np.random.default_rng(2).integers(0, 4, states.size).astype(float)
    got = SubspaceQaoa(states, cost, mixer="grover").amplitudes(
        np.array([0.4, -1.0, 1.1, -0.3, 0.2, 2.0])
    )
    for level in range(4):
        assert np.ptp(got[cost == level].real) < 1e-14
        assert np.ptp(got[cost == level].imag) < 1e-14


def test_grover_search_finds_the_marked_state_at_the_known_rate() -> None:
    """Cost 1 on one of N states, gamma = beta = pi: Grover's iteration, probability sin^2((2 p + 1)
    arcsin N^-1/2).
    """
    states = fixed_weight(10, 3)
    cost = np.zeros(states.size)
    cost[17] = 1.0
    for p in (1, 2, 5):
        found = SubspaceQaoa(states, cost, mixer="grover").probabilities(np.full(2 * p, np.pi))[17]
        assert found == pytest.approx(
            np.sin((2 * p + 1) * np.arcsin(states.size**-0.5)) ** 2, abs=1e-12
        )


@pytest.mark.parametrize("mixer", ["ring", "complete", "grover", "table"])
def test_gradients_are_finite_differences(mixer: str) -> None:
    n, rng = 8, np.random.default_rng(4)
    states = fixed_weight(n, 3)
    if mixer == "table":
        states = listed(states.bits())
    rounds = {"ring": ring_rounds, "complete": complete_rounds, "table": ring_rounds}.get(
        mixer, lambda _: "grover"
    )(range(n))
    cost, other = states.costs(random_polynomial(n, 3, 9)), rng.normal(size=states.size)
    simulator, theta, direction = (
        SubspaceQaoa(states, cost, mixer=rounds),
        rng.normal(size=6),
        rng.normal(size=6),
    )
    for observable in (None, other):
        value, gradient = simulator.value_and_gradient(theta, observable)
        assert value == pytest.approx(simulator.value(theta, observable), abs=1e-12)
        up, down = (simulator.value(theta + s * 1e-5 * direction, observable) for s in (1, -1))
        assert gradient @ direction == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-7)
    value, gradient = simulator.cvar_and_gradient(theta, 0.2)
    assert value == pytest.approx(simulator.cvar(theta, 0.2), abs=1e-12)
    up, down = (simulator.cvar(theta + s * 1e-6 * direction, 0.2) for s in (1, -1))
    assert gradient @ direction == pytest.approx((up - down) / 2e-6, rel=1e-4, abs=1e-6)


def test_cvar_runs_from_the_mean_to_the_minimum() -> None:
    rng = np.random.default_rng(0)
    energies, p = rng.normal(size=50), rng.dirichlet(np.ones(50))
    assert lowest_share(energies, p, 1.0)[0] == pytest.approx(energies @ p)
    assert lowest_share(energies, p, 1e-9)[0] == pytest.approx(energies.min())
    copies = np.repeat(energies, 1000)  # alpha as a count of equal shots, by hand
    ordered = np.sort(copies)
    assert lowest_share(copies, np.full(50000, 2e-5), 0.3)[0] == pytest.approx(
        ordered[:15000].mean()
    )


@pytest.mark.parametrize("rounds_of", [ring_rounds, complete_rounds])
@pytest.mark.parametrize(("n", "k"), [(16, 5), (15, 11)])
def test_blocks_and_runs_agree_with_the_circuit_on_all_assignments(
    n: int, k: int, rounds_of
) -> None:
    """Wide enough that pairs lie below, across and above the cut of the blocks."""
    assert 2 < blocks.cut_of(n, k) < n - 1
    states, polynomial, rounds = fixed_weight(n, k), random_polynomial(n, 3, n), rounds_of(range(n))
    first, start = np.zeros((1, n), dtype=np.int8), np.zeros(states.size)
    first[0, np.random.default_rng(k).permutation(n)[:k]] = 1
    start[states.places(first)] = 1.0
    layers = [
        Layer(generator=diagonal(polynomial), parameter=0),
        *(Layer(generator=g, parameter=1) for g in xy_layers(n, rounds)),
    ]
    layers += [Layer(generator=layer.generator, parameter=layer.parameter + 2) for layer in layers]
    ansatz = Ansatz(n_qubits=n, reference=first[0], layers=tuple(layers), n_parameters=4)
    theta = np.array([0.3, -0.5, 0.2, 0.8])
    simulator = SubspaceQaoa(states, states.costs(polynomial), mixer=rounds, start=start)
    value, gradient = simulator.value_and_gradient(theta)
    wanted, slopes = StatevectorBackend().value_and_gradient(ansatz, theta, diagonal(polynomial))
    assert value == pytest.approx(wanted, abs=1e-11)
    np.testing.assert_allclose(gradient, slopes, atol=1e-10)


@pytest.mark.parametrize(("n", "k"), [(20, 6), (24, 20)])
def test_threads_do_not_change_the_answer(n: int, k: int) -> None:
    states = fixed_weight(n, k)
    cost, theta = states.costs(random_polynomial(n, 2, 5)) / n, np.array([0.3, -0.4, 0.6, -0.2])
    for mixer in (ring_rounds(range(n)), "grover"):
        one, two = (SubspaceQaoa(states, cost, mixer=mixer, threads=t) for t in (1, 3))
        np.testing.assert_allclose(one.amplitudes(theta), two.amplitudes(theta), atol=1e-14)
        (a, slopes), (b, others) = one.value_and_gradient(theta), two.value_and_gradient(theta)
        assert a == pytest.approx(b, abs=1e-12)
        np.testing.assert_allclose(slopes, others, atol=1e-11)


def test_samples_are_feasible_and_follow_the_distribution() -> None:
    states = fixed_weight(8, 3)
    simulator = SubspaceQaoa(
        states, states.costs(random_polynomial(8, 2, 2)), mixer=ring_rounds(range(8))
    )
    theta = np.array([0.4, -0.7])
    samples = simulator.sample(theta, shots=20000, seed=3)
    assert samples.shots == 20000
    assert (samples.bits.sum(axis=1) == 3).all()
    seen = np.zeros(states.size)
    seen[states.places(samples.bits)] = samples.counts
    p = simulator.probabilities(theta)
    assert (np.abs(seen - 20000 * p) < 5 * np.sqrt(20000 * p + 1)).all()
    again = simulator.sample(theta, shots=20000, seed=3)
    np.testing.assert_array_equal(again.counts, samples.counts)


@pytest.mark.parametrize("n", range(2, 9))
def test_rounds_hold_every_pair_once_and_are_disjoint(n: int) -> None:
    everything = {frozenset(p) for p in itertools.combinations(range(n), 2)}
    ring = {frozenset((i, (i + 1) % n)) for i in range(n)}
    for rounds, wanted in ((complete_rounds(range(n)), everything), (ring_rounds(range(n)), ring)):
        pairs = [frozenset(p) for r in rounds for p in r]
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == wanted
        assert all(len({i for p in r for i in p}) == 2 * len(r) for r in rounds)
    assert len(complete_rounds(range(n))) == n - 1 + n % 2


def test_what_cannot_be_is_refused() -> None:
    states = fixed_weight(6, 2)
    cost = np.zeros(15)
    for bad in (
        lambda: fixed_weight(63, 2),
        lambda: fixed_weight(5, 6),
        lambda: fixed_weight(60, 30, memory_bytes=10**9),
    ):
        with pytest.raises(InputError):
            bad()
    with pytest.raises(InputError, match="twice"):
        listed(np.ones((2, 3)))
    with pytest.raises(InputError, match=r"shape \(1, 3\)"):
        listed(np.full((1, 3), 2))
    with pytest.raises(InputError, match="not in the subspace"):
        states.places(np.ones((1, 6)))
    with pytest.raises(InputError, match=r"shape \(3,\)"):
        states.places(np.zeros(3))
    with pytest.raises(InputError, match=r"\(15,\) finite"):
        SubspaceQaoa(states, np.full(15, np.nan), mixer="grover")
    for pairs in (((0, 6),), ((2, 2),), ((0, 1), (1, 2))):
        with pytest.raises(InputError, match="6 qubits"):
            SubspaceQaoa(states, cost, mixer=(pairs,))
    for mixer in (None, [(0, 1)], 3, "ring"):
        with pytest.raises(InputError, match="mixer"):
            SubspaceQaoa(states, cost, mixer=mixer)
    for wrong in (3.5, True, "3", None):
        with pytest.raises(InputError, match="whole number"):
            fixed_weight(6, wrong)
        if wrong is not None:
            with pytest.raises(InputError, match="whole number"):
                StatevectorBackend(threads=wrong)
    with pytest.raises(InputError, match="norm"):
        SubspaceQaoa(states, cost, mixer="grover", start=np.ones(15))
    grover = SubspaceQaoa(states, cost, mixer="grover")
    for angles, said in (
        (np.ones(3), "even number of angles, got 3"),
        (["a", "b"], "numbers"),
        (np.array([1, np.inf]), "finite"),
    ):
        with pytest.raises(InputError, match=said):
            grover.value(angles)
    with pytest.raises(InputError, match="distinct"):
        ring_rounds((1, 1))
    with pytest.raises(InputError, match="distinct qubits"):
        ring_rounds("ab")
    with pytest.raises(InputError, match="at least 1 thread, got 0"):
        SubspaceQaoa(states, cost, mixer="grover", threads=0)
    with pytest.raises(InputError, match="3 qubits"):
        xy_layers(3, (((0, 3),),))


def test_the_example_of_the_page_runs() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/theory/simulation.md"
    code = page.read_text(encoding="utf-8").split("```python")[1].split("```")[0]
    exec(compile(code, str(page), "exec"), {})
