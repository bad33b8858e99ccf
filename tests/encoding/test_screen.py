"""Measured combinations and interaction graphs as encodings, against plain sums, exhaustive listing
and published optima.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.fixed_size import encode_fixed_size, most_by_size, sufficient_weight
from qtwin.encoding.penalty import check_sufficiency
from qtwin.encoding.polynomial import index_to_bits
from qtwin.encoding.screen import encode_screen, growth, instance, posterior_draws
from qtwin.encoding.spectrum import (
    maximum_safe_subset,
    sufficient_harm_weight,
    synergy_choice,
    synergy_encoding,
)
from qtwin.errors import InputError
from qtwin.problem.fixed_size import FixedSize
from qtwin.problem.interaction_graph import graph_of, published_graph
from qtwin.problem.near_optimal import near_optimal
from qtwin.problem.screen.read import read_screen
from qtwin.problem.screen.screen import Screen
from tests.oracles.public_data import PUBLIC_DATA

ONEIL = PUBLIC_DATA / "oneil"


def _measured(n: int, *, seed: int, missing: float = 0.2, contexts: int = 2) -> Screen:
    rng = np.random.default_rng(seed)
    pairs = np.array(list(combinations(range(n), 2)), dtype=np.int64)
    synergy = rng.normal(5.0, 20.0, (contexts, len(pairs)))
    synergy[rng.random(synergy.shape) < missing] = np.nan
    repeats = np.where(np.isnan(synergy), 0, rng.integers(1, 3, synergy.shape))
    single = rng.uniform(-5.0, 90.0, (contexts, n))
    return Screen(
        drugs=tuple(f"drug {i}" for i in range(n)),
        contexts=tuple(f"line {c}" for c in range(contexts)),
        singles=single,
        singles_sd=np.full_like(single, np.nan),
        pairs=pairs,
        synergy=synergy,
        synergy_sd=np.where(repeats > 1, 8.0, np.nan),
        repeats=repeats,
    )


def _permitted(choice: FixedSize) -> list[tuple[int, ...]]:
    return [m for m in combinations(range(choice.n), choice.size) if choice.permitted(m)]


@settings(deadline=None, max_examples=25)
@given(size=st.integers(1, 5), seed=st.integers(0, 10_000))
def test_the_mean_objective_is_the_mean_of_singles_plus_the_mean_of_pairs(
    size: int, seed: int
) -> None:
    data = _measured(7, seed=seed)
    choice = instance(data, 1, size=size)
    table = {
        (int(i), int(j)): float(s) for (i, j), s in zip(data.pairs, data.synergy[1], strict=True)
    }
    for m in combinations(range(7), size):
        pairs = [table[p] for p in combinations(m, 2)]
        assert choice.permitted(m) == (not np.isnan(pairs).any())
        if choice.permitted(m):
            assert choice.value(m) == pytest.approx(
                np.mean(data.singles[1][list(m)]) + (np.mean(pairs) if pairs else 0.0)
            )


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_the_log_linear_objective_is_kirkwoods_closure(seed: int) -> None:
    """log g(S) = sum log g_ij - (k - 2) sum log g_i, so a pair is worth exactly what was measured
    of it.
    """
    data = _measured(6, seed=seed)
    grown = growth(data, 0, data.synergy[0])
    alone, together = grown.single, grown.pair
    for (i, j), s in zip(data.pairs, data.synergy[0], strict=True):
        if not np.isnan(s):
            assert together[i, j] == pytest.approx(max(0.01, alone[i] * alone[j] - s / 100.0))
    for size in (2, 3, 4):
        choice = instance(data, 0, size=size, objective="log-linear")
        for m in _permitted(choice):
            pairs = sum(np.log(together[i, j]) for i, j in combinations(m, 2))
            assert choice.value(m) == pytest.approx(
                -(pairs - (size - 2) * np.log(alone[list(m)]).sum())
            )


@settings(deadline=None, max_examples=25)
@given(
    size=st.integers(1, 6),
    objective=st.sampled_from(["mean", "log-linear"]),
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.0, 0.15]),
)
def test_the_penalised_minimiser_is_permitted_and_optimal(
    size: int, objective: str, seed: int, missing: float
) -> None:
    choice = instance(_measured(8, seed=seed, missing=missing), 0, size=size, objective=objective)
    permitted = _permitted(choice)
    if not permitted:
        return
    encoding = encode_screen(choice, permitted[0])  # any permitted set proves the weight
    values = {m: choice.value(m) for m in permitted}
    energy = encoding.polynomial.values()
    bits = index_to_bits(np.arange(2**8), 8)
    feasible = encoding.is_feasible(bits)
    listed = {tuple(int(i) for i in np.flatnonzero(row)) for row in bits[feasible]}
    assert listed == set(permitted)
    for index in np.flatnonzero(feasible):  # energy = -value on what is permitted
        assert energy[index] == pytest.approx(
            -values[tuple(int(i) for i in np.flatnonzero(bits[index]))], abs=1e-6
        )
    assert feasible[int(np.argmin(energy))]
    assert energy.min() == pytest.approx(-max(values.values()), abs=1e-6)
    checked = check_sufficiency(encoding)
    assert checked is not None
    assert checked.holds
    assert all(
        p.weight > p.sufficient_weight >= checked.tightest_weight - 1e-9 for p in encoding.penalties
    )


@settings(deadline=None, max_examples=25)
@given(n=st.integers(1, 7), seed=st.integers(0, 10_000))
def test_no_set_of_a_size_is_worth_more_than_its_bound(n: int, seed: int) -> None:
    choice = instance(_measured(max(n, 2), seed=seed), 0, size=1)
    bound = most_by_size(choice)
    for m in range(choice.n + 1):
        best = max(choice.value(s) for s in combinations(range(choice.n), m))
        assert best <= bound[m] + 1e-9


def test_a_weight_as_given_is_said_to_be_unproven() -> None:
    choice = instance(_measured(6, seed=1, missing=0.0), 0, size=3)
    encoding = encode_fixed_size(choice, (0, 1, 2), weight=1e-3)
    assert "not above the proven bound" in encoding.penalties[0].reason
    assert encoding.penalties[0].weight == 1e-3
    with pytest.raises(InputError, match="penalty weight"):
        encode_fixed_size(choice, (0, 1, 2), weight=0.0)
    with pytest.raises(InputError, match="is not 3 drugs"):
        encode_fixed_size(choice, (0, 1))
    assert sufficient_weight(choice, 1e9) == 0.0


def test_two_single_measurements_leave_a_normal_posterior() -> None:
    """Draws have the closed-form mean and variance, and the better of two pairs wins with the
    normal's probability.
    """
    data = _measured(3, seed=5, missing=0.0, contexts=4)
    noise, d = 12.0, 40_000
    drawn = posterior_draws(data, 2, size=2, noise_sd=noise, n_draws=d, seed=9)
    spread = data.signal_sd**2 - noise**2
    assert spread > 0.0
    assert drawn.reliability == pytest.approx(spread / data.signal_sd**2)
    means, variances = [], []
    for p, (i, j) in enumerate(data.pairs):
        error = noise**2 / data.repeats[2, p]
        weight = spread / (spread + error)
        means.append(
            float(data.synergy.mean()) + weight * (data.synergy[2, p] - float(data.synergy.mean()))
        )
        variances.append(weight * error)
        values = drawn.pairs[:, i, j]
        assert values.mean() == pytest.approx(means[-1], abs=5 * np.sqrt(variances[-1] / d))
        assert values.std() == pytest.approx(np.sqrt(variances[-1]), rel=0.03)
    np.testing.assert_array_equal(drawn.pairs, np.swapaxes(drawn.pairs, 1, 2))
    np.testing.assert_array_equal(drawn.linear[0], data.singles[2] / 2)
    again = posterior_draws(data, 2, size=2, noise_sd=noise, n_draws=10, seed=9)
    assert not np.array_equal(
        again.pairs, posterior_draws(data, 1, size=2, noise_sd=noise, n_draws=10, seed=9).pairs
    )


def test_noise_as_large_as_the_signal_leaves_only_the_mean() -> None:
    data = _measured(4, seed=6, missing=0.0)
    drawn = posterior_draws(data, 0, size=2, noise_sd=1e3, n_draws=3, seed=0)
    np.testing.assert_allclose(drawn.pairs[:, 0, 1], np.nanmean(data.synergy))
    assert drawn.reliability == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": "sum"}, "objective"),
        ({"size": 0}, "expected a size of 1 to"),
        ({"objective": "log-linear", "floor": 0.0}, "growth floor"),
        ({"objective": "log-linear", "full_effect": 1e5}, "full effect"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        instance(_measured(4, seed=0), 0, **{"size": 2, **options})  # type: ignore[arg-type]
    for wrong in ({"noise_sd": 0.0}, {"noise_sd": float("nan")}, {"n_draws": 0}):
        with pytest.raises(InputError):
            posterior_draws(
                _measured(4, seed=0),
                0,
                **{"size": 2, "noise_sd": 1.0, "n_draws": 5, "seed": 0, **wrong},
            )  # type: ignore[arg-type]


def test_published_optima_of_the_interaction_graphs() -> None:
    """arXiv:2601.18082 and its brute force: lowest energies of the safe subset and of the
    synergistic choice of three.
    """
    six, nine = published_graph("falqon-six-drugs"), published_graph("falqon-covid-19")
    for graph, harm, lowest, minimisers in (
        (six, 3.5, -3.0, 2),
        (nine, 3.5, -6.0, 2),
        (nine, 2.5, -6.25, 1),
    ):
        encoding = maximum_safe_subset(graph, harm=harm)
        energy = encoding.polynomial.values()
        assert energy.min() == pytest.approx(lowest)
        lowest_bits = index_to_bits(np.flatnonzero(energy <= energy.min() + 1e-9), graph.n)
        assert len(lowest_bits) == minimisers
        safe = harm > sufficient_harm_weight(graph)
        # at 2.5 the published minimum holds a harmful pair
        assert encoding.is_feasible(lowest_bits).all() == safe
        assert all(
            (p.weight > p.sufficient_weight) == ("above 1," in p.reason) for p in encoding.penalties
        )
    for graph, size, harm, lowest in (
        (six, 3, 3.5, -0.58),
        (nine, 3, 3.5, -2.35),
        (nine, 3, 2.5, -2.35),
    ):
        for mu in (5.0, None):
            encoding = synergy_encoding(graph, (0, 1, 2), size=size, harm=harm, mu=mu)
            assert encoding.polynomial.values().min() == pytest.approx(lowest)
        assert synergy_choice(graph, size=size, harm=harm).values().max() == pytest.approx(-lowest)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_the_sufficient_harm_weight_suffices(seed: int) -> None:
    rng = np.random.default_rng(seed)
    edges = [
        (f"d{i}", f"d{j}", "harm", float(rng.uniform(0.1, 1.0)), "")
        for i, j in combinations(range(7), 2)
        if rng.random() < 0.4
    ]
    if not edges:
        return
    graph = graph_of(edges)
    encoding = maximum_safe_subset(graph)
    checked = check_sufficiency(encoding)
    assert checked is not None
    assert checked.holds
    largest = max(
        len(m)
        for k in range(graph.n + 1)
        for m in combinations(range(graph.n), k)
        if not graph.adjacency()[np.ix_(m, m)].any()
    )
    assert encoding.polynomial.values().min() == pytest.approx(-largest)


@pytest.mark.skipif(not ONEIL.exists(), reason="the measured tables are not here")
def test_the_nominal_optimum_of_the_screen_is_seldom_the_best() -> None:
    """O'Neil 2016, three drugs: best in 12 % (pooled noise) to 48 % (median) of the draws, worth
    0.70 to 0.90 of its value.
    """
    data = read_screen(
        ONEIL / "chemicalx_oncopolypharmacology_loewe.csv", ONEIL / "oneil_ri_38x39.csv"
    )
    known = data.replicates
    assert known is not None
    for noise, chance, worth in ((known.pooled_sd, 0.12, 0.70), (known.median_sd, 0.48, 0.90)):
        found = []
        for context in range(39):
            drawn = posterior_draws(data, context, size=3, noise_sd=noise, n_draws=200, seed=0)
            found.append(near_optimal(instance(data, context, size=3), drawn.linear, drawn.pairs))
        assert np.median([f.optimal[f.nominal] for f in found]) == pytest.approx(chance, abs=0.04)
        assert np.median([f.ratio for f in found]) == pytest.approx(worth, abs=0.02)
        assert np.median([len(f.within) for f in found]) == 7
