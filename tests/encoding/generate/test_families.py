"""Every family keeps its promise: the planted optimum is the optimum, the seed is the instance,
published energies come out.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.encoding.generate import LARGEST, TABLE, load, make, options_of
from qtwin.encoding.generate.xorsat import _equations
from qtwin.encoding.polynomial import BinaryPolynomial, from_spins, index_to_bits
from qtwin.errors import InputError

SMALL = {
    "frustrated-loops": 14,
    "wishart": 13,
    "xorsat": 12,
    "dense": 10,
    "three-regular": 12,
    "cardinality": 10,
    "twin": 9,
}


@pytest.mark.parametrize("family", [f for f in TABLE if f not in ("labs", "screen", "file")])
def test_the_seed_is_the_instance(family: str) -> None:
    n = SMALL.get(family, 10)
    first, again, other = (make(family, n, seed=s) for s in (3, 3, 4))
    assert first.encoding.polynomial.terms == again.encoding.polynomial.terms
    assert first.encoding.polynomial.terms != other.encoding.polynomial.terms
    assert first.encoding.n_decision == n
    assert set(first.options) == set(options_of(family))
    assert first.hardness


@pytest.mark.parametrize("family", ["frustrated-loops", "wishart", "xorsat"])
@pytest.mark.parametrize("seed", range(4))
def test_the_planted_state_is_the_lowest_of_all(family: str, seed: int) -> None:
    made = make(family, SMALL[family], seed=seed)
    assert made.optimum is not None
    assert made.optimal_bits is not None
    values = made.encoding.polynomial.values()
    assert values.min() == pytest.approx(made.optimum, abs=1e-9)
    assert made.encoding.polynomial.evaluate(made.optimal_bits[None, :])[0] == pytest.approx(
        made.optimum, abs=1e-9
    )


@pytest.mark.parametrize("family", ["frustrated-loops", "wishart", "xorsat"])
def test_planted_instances_of_the_largest_size_hold_their_energy(family: str) -> None:
    made = make(family, LARGEST, seed=1)
    assert made.optimal_bits is not None
    assert made.encoding.polynomial.evaluate(made.optimal_bits[None, :])[0] == pytest.approx(
        made.optimum, abs=1e-6
    )


def test_three_regular_counts_edges_and_cuts() -> None:
    polynomial = make("three-regular", 10, seed=2).encoding.polynomial
    couplings = [t for t in polynomial.terms if len(t) == 2]
    assert len(couplings) == 15
    assert all(sum(i in t for t in couplings) == 3 for i in range(10))
    bits = index_to_bits(np.arange(2**10), 10)
    cut = sum((bits[:, i] != bits[:, j]).astype(float) for i, j in couplings)
    np.testing.assert_allclose(polynomial.evaluate(bits), -cut)


def test_sherrington_kirkpatrick_energy_a_spin_is_near_the_published_limit() -> None:
    """Mean over instances at n = 16; finite-size value e(n) = -0.7632 + 0.70 n^(-2/3) (Boettcher
    2005, EPJB 46:501).
    """
    lowest = [
        make("sherrington-kirkpatrick", 16, seed=s).encoding.polynomial.values().min() / 16
        for s in range(30)
    ]
    expected = -0.7632 + 0.70 * 16 ** (-2 / 3)
    assert np.mean(lowest) == pytest.approx(expected, abs=4 * np.std(lowest) / np.sqrt(30) + 0.02)


def test_xorsat_is_three_regular_without_clashes() -> None:
    rows = _equations(60, np.random.default_rng(0))
    assert len(set(rows)) == 60
    assert all(len(set(r)) == 3 for r in rows)
    assert np.bincount(np.array(rows).ravel(), minlength=60).tolist() == [3] * 60


def test_cardinality_is_penalised_outside_its_size_only() -> None:
    encoding = make("cardinality", 10, seed=5).encoding
    bits = index_to_bits(np.arange(2**10), 10)
    inside = bits.sum(axis=1) == 2
    energy, objective = encoding.polynomial.evaluate(bits), encoding.objective.evaluate(bits)
    np.testing.assert_allclose(energy[inside], objective[inside])
    assert energy[~inside].min() > energy[inside].min()


def test_the_twins_family_is_its_question_on_small_sets() -> None:
    made = make("twin", 9, seed=6, order=2, n_members=32)
    assert made.problem is not None
    bits = index_to_bits(np.arange(2**9), 9)
    pairs = bits[bits.sum(axis=1) <= 2]
    np.testing.assert_allclose(
        made.encoding.objective.evaluate(_padded(made, pairs)),
        -made.problem.objective(pairs),
        atol=1e-10,
    )


def _padded(made, bits):  # type: ignore[no-untyped-def]
    out = np.zeros((len(bits), made.encoding.polynomial.n_variables))
    out[:, : made.encoding.n_decision] = bits
    return out


def test_spins_of_any_degree_become_bits() -> None:
    rng = np.random.default_rng(1)
    terms = {t: rng.normal() for t in [(), (0,), (1, 2), (0, 2, 3), (0, 1, 2, 3)]}
    polynomial: BinaryPolynomial = from_spins(4, [*terms.items(), ((2, 2), 0.5)])
    bits = index_to_bits(np.arange(16), 4)
    spins = 1.0 - 2.0 * bits
    expected = sum(c * spins[:, list(t)].prod(axis=1) for t, c in terms.items()) + 0.5
    np.testing.assert_allclose(polynomial.evaluate(bits), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("family", "n", "options"),
    [
        ("wishart", 0, {}),
        ("wishart", LARGEST + 1, {}),
        ("three-regular", 7, {}),
        ("frustrated-loops", 6, {}),
        ("cardinality", 6, {"k": 7}),
        ("dense", 6, {"degree": 5}),
        ("dense", 6, {"densty": 0.5}),
        ("twin", 190, {}),
        ("planted", 10, {}),
        ("labs", 2, {}),
        ("screen", 10, {}),
    ],
)
def test_unusable_requests_are_refused(family: str, n: int, options: dict[str, float]) -> None:
    with pytest.raises(InputError):
        make(family, n, seed=0, **options)


def test_every_line_of_the_table_leads_somewhere() -> None:
    assert all(callable(load(name)) for name in TABLE)
