"""The null baselines are as uniform and as locally optimal as they say; annealing beats them and
refuses what it cannot take.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from qtwin.backend.base import Samples
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial, bits_to_index
from qtwin.errors import InputError
from qtwin.solver.base import Instance
from qtwin.solver.classical.dwave_tabu import DwaveTabu
from qtwin.solver.classical.random_sampling import RandomSampling, descend
from qtwin.solver.classical.simulated_annealing import SimulatedAnnealing, default_betas
from qtwin.solver.exchange import to_bqm
from qtwin.solver.variational.sampled import best_feasible, collect, summary
from tests.oracles.ctrl_c import ctrl_c
from tests.oracles.instances import constrained, random_polynomial


def test_random_assignments_are_uniform_over_all_variables() -> None:
    result = RandomSampling(shots=64_000).solve(
        Instance(encoding=plain(random_polynomial(5, 2, 0))), seed=1
    )
    assert result.samples is not None
    counts = np.zeros(32)
    counts[bits_to_index(result.samples.bits).astype(int)] = result.samples.counts
    assert counts.sum() == 64_000
    assert chisquare(counts).pvalue > 1e-4


@given(seed=st.integers(0, 10_000), degree=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_descent_ends_where_no_single_flip_helps(seed: int, degree: int) -> None:
    polynomial = random_polynomial(6, degree, seed)
    starts = np.random.default_rng(seed).integers(0, 2, size=(20, 6), dtype=np.uint8)
    ends, _ = descend(polynomial, starts)
    assert (polynomial.evaluate(ends) <= polynomial.evaluate(starts) + 1e-12).all()
    for i in range(6):
        flipped = ends.copy()
        flipped[:, i] ^= 1
        assert (polynomial.evaluate(flipped) >= polynomial.evaluate(ends) - 1e-10).all()


def test_descent_on_a_plateau_stops() -> None:
    ends, _ = descend(
        BinaryPolynomial.of(4, {(0, 1): 0.1, (1, 2): -0.1}), np.ones((3, 4), dtype=np.uint8)
    )
    assert ends.shape == (3, 4)


def test_descent_and_annealing_beat_chance() -> None:
    instance = Instance(encoding=plain(random_polynomial(20, 2, 7)))
    chance = RandomSampling(shots=500).solve(instance, seed=0)
    descent = RandomSampling(shots=500, descent=True).solve(instance, seed=0)
    annealed = SimulatedAnnealing(reads=100, sweeps=200).solve(instance, seed=0)
    assert descent.info["mean_energy"] < chance.info["mean_energy"]
    assert annealed.info["mean_energy"] < descent.info["mean_energy"]
    assert annealed.energy == pytest.approx(instance.encoding.polynomial.values().min(), abs=1e-9)
    assert descent.evaluations > chance.evaluations == 500


def test_a_time_limit_keeps_what_was_drawn() -> None:
    instance = Instance(encoding=constrained(1))
    for solver in (
        RandomSampling(shots=3_000_000),
        SimulatedAnnealing(reads=5000, sweeps=2000),
        DwaveTabu(reads=5000),
    ):
        result = solver.solve(instance, seed=0, time_limit_s=1e-6)
        assert result.status == "time limit"
        assert result.bits is not None
        assert result.samples is not None
        assert 0 < result.samples.shots < 3_000_000


def test_tabu_of_the_vendor_refuses_a_limit_that_copying_passes() -> None:
    """A square array of 4000 variables takes more than no time at all; the grace of a second is
    taken away.
    """
    path = plain(BinaryPolynomial.of(4000, [((i, i + 1), -1.0) for i in range(3999)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qtwin.solver.classical.dwave_tabu._GRACE_S", 0.0)
        with pytest.raises(
            InputError, match=r"a time limit of 0.001 s.*4,000 variables before it searches"
        ):
            DwaveTabu(reads=1).solve(Instance(encoding=path), seed=0, time_limit_s=0.001)


def test_annealing_refuses_what_is_no_qubo() -> None:
    cubic = plain(random_polynomial(4, 3, 0))
    for solver in (SimulatedAnnealing(), DwaveTabu()):
        with pytest.raises(InputError, match=r"degree 2.*got 3") as caught:
            solver.solve(Instance(encoding=cubic), seed=0)
        assert "quadratise" in caught.value.hint
        assert "highs" in caught.value.hint


def test_batches_of_reads_are_independent_of_each_other() -> None:
    """One sweep from random starts: were the batches' seeds equal, there would be ten copies of
    every sample.
    """
    instance = Instance(encoding=plain(random_polynomial(30, 2, 0)))
    result = SimulatedAnnealing(reads=200, sweeps=1).solve(instance, seed=4)
    assert result.samples is not None
    assert result.samples.shots == 200
    assert len(result.samples.counts) > 150


def test_a_colder_schedule_ends_lower_and_each_option_arrives() -> None:
    instance = Instance(encoding=plain(random_polynomial(30, 2, 1)))
    hot = SimulatedAnnealing(reads=50, sweeps=50, beta_range=(1e-3, 1e-2)).solve(instance, seed=0)
    cold = SimulatedAnnealing(reads=50, sweeps=50, beta_range=(1e-3, 10.0)).solve(instance, seed=0)
    straight = SimulatedAnnealing(
        reads=50, sweeps=50, beta_range=(1e-3, 10.0), schedule="linear"
    ).solve(instance, seed=0)
    coarse = SimulatedAnnealing(
        reads=50, sweeps=50, beta_range=(1e-3, 10.0), sweeps_per_beta=25
    ).solve(instance, seed=0)
    means = [r.info["mean_energy"] for r in (hot, cold, straight, coarse)]
    assert means[0] > max(means[1:])
    assert len(set(means)) == 4
    for wrong in (
        {"beta_range": (1.0,)},
        {"beta_range": (2.0, 1.0)},
        {"sweeps": 10, "sweeps_per_beta": 3},
        {"sweeps": 0},
    ):
        with pytest.raises(InputError, match="expected"):
            SimulatedAnnealing(**wrong)


def test_dwave_tabu_finds_the_optimum_and_begins_where_it_is_told() -> None:
    encoding = plain(random_polynomial(18, 2, 3))
    optimum = encoding.polynomial.values().min()
    found = DwaveTabu(reads=20).solve(Instance(encoding=encoding), seed=0)
    assert found.energy == pytest.approx(optimum)
    wide = plain(random_polynomial(60, 2, 3))
    best = DwaveTabu(reads=20).solve(Instance(encoding=wide), seed=0)
    again = DwaveTabu(reads=1, updates=1).solve(
        Instance(encoding=wide, warm_start=best.bits), seed=9
    )
    alone = DwaveTabu(reads=1, updates=1).solve(Instance(encoding=wide), seed=9)
    assert again.energy == pytest.approx(best.energy)
    assert alone.energy > best.energy + 1e-6
    with pytest.raises(InputError, match="below the 18 variables"):
        DwaveTabu(tenure=18).solve(Instance(encoding=encoding), seed=0)
    with pytest.raises(InputError, match="restarts of at least 0, got -1"):
        DwaveTabu(restarts=-1)


def test_samplers_stop_at_a_target_and_on_ctrl_c() -> None:
    instance = Instance(encoding=plain(random_polynomial(40, 2, 0)), target_energy=0.0)
    for solver in (SimulatedAnnealing(reads=1000, sweeps=100), DwaveTabu(reads=1000)):
        result = solver.solve(instance, seed=0)
        assert (result.status, result.info["target_reached"]) == ("feasible", True)
        assert result.energy <= 0.0
        assert result.info["reads"] < 1000
        slow = (
            SimulatedAnnealing(reads=10**6, sweeps=1000)
            if isinstance(solver, SimulatedAnnealing)
            else DwaveTabu(reads=10**6)
        )
        with ctrl_c(0.5):
            stopped = slow.solve(Instance(encoding=instance.encoding), seed=0)
        assert stopped.status == "interrupted"
        assert stopped.samples is not None
        assert 0 < stopped.samples.shots < 10**6


def test_equal_rows_merge_and_the_best_feasible_wins() -> None:
    samples = collect(np.array([[1, 0], [0, 1], [1, 0]]), np.array([2, 5, 3]))
    assert isinstance(samples, Samples)
    assert (samples.bits.tolist(), samples.counts.tolist()) == ([[0, 1], [1, 0]], [5, 5])
    encoding = plain(BinaryPolynomial.of(2, {(0,): 1.0, (1,): 3.0}))
    bits, energy = best_feasible(encoding, samples.bits)
    assert bits is not None
    assert (bits.tolist(), energy) == ([1, 0], 1.0)
    # energies 3 and 1, five times each: mean 2, variance 1 with n - 1 = 9 in the standard error
    told = summary(encoding, samples)
    assert (
        told["mean_energy"],
        told["lowest_energy"],
        told["feasible_share"],
        told["distinct"],
    ) == (2.0, 1.0, 1.0, 2)
    assert told["mean_energy_standard_error"] == pytest.approx(1 / 3)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_annealing_begins_and_ends_at_the_temperatures_that_its_sampler_would_take(
    seed: int,
) -> None:
    from dwave.samplers import SimulatedAnnealingSampler

    model = to_bqm(random_polynomial(1 + seed % 9, 2, seed), needed_by="a test")
    found = SimulatedAnnealingSampler().sample(model, num_reads=1, num_sweeps=2)  # type: ignore[no-untyped-call]
    assert default_betas(model) == pytest.approx(found.info["beta_range"], rel=1e-9)


def test_a_read_that_is_longer_than_the_time_has_fewer_sweeps() -> None:
    polynomial = random_polynomial(40, 2, 1)
    asked = 10**9  # hours
    result = SimulatedAnnealing(reads=3, sweeps=asked).solve(
        Instance(encoding=plain(polynomial)), seed=1, time_limit_s=0.5
    )
    assert result.status == "time limit"
    assert result.info["sweeps_asked_for"] == asked
    assert 1 <= result.info["sweeps"] < asked / 100
    assert result.bits is not None
    assert polynomial.evaluate(result.bits[None, :])[0] == pytest.approx(result.energy)


@given(n=st.integers(1, 150), seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_equal_rows_are_merged_in_the_order_of_their_bits(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 2, (12, n), dtype=np.uint8)[rng.integers(0, 12, 40)]
    counts = rng.integers(1, 9, 40)
    found = collect(rows, counts)
    expected: dict[tuple[int, ...], int] = {}
    for row, count in zip(rows.tolist(), counts.tolist(), strict=True):
        expected[tuple(row)] = expected.get(tuple(row), 0) + count
    assert [tuple(row) for row in found.bits.tolist()] == sorted(expected)
    assert found.counts.tolist() == [expected[key] for key in sorted(expected)]
