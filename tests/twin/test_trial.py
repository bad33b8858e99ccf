"""Virtual trials: what randomisation, dropout, stopping and sample size must do by theory."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import stats

from qtwin.errors import InfeasibleError, InputError
from qtwin.twin.protocol import read_protocol, shipped_trial
from qtwin.twin.trial import (
    WEEKS_PER_YEAR,
    Arm,
    Course,
    Criterion,
    Outcome,
    StopRule,
    Trial,
    dose_times,
    enrol,
    run,
)
from qtwin.twin.trial_analysis import (
    arm_results,
    dose_response,
    effect,
    power,
    predictors,
    subgroups,
)


def _small(**changes: object) -> Trial:
    return dataclasses.replace(shipped_trial("clarity-ad", n_per_arm=300), **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def clarity() -> Outcome:
    return run(shipped_trial("clarity-ad"))


def test_the_measured_effect_holds_the_true_one(clarity: Outcome) -> None:
    found = effect(clarity, 1)
    assert found.low < found.true_difference < found.high
    assert found.p_value < 1e-4
    assert found.slowing_low < found.slowing < found.slowing_high


@pytest.mark.slow
def test_a_placebo_against_a_placebo_finds_nothing_more_often_than_one_time_in_twenty() -> None:
    twins = (Arm(name="one"), Arm(name="other"))
    p = []
    for seed in range(60):
        outcome = run(_small(arms=twins, seed=seed, n_per_arm=100, weeks=(78.0,)))
        p.append(effect(outcome, 1).p_value)
        assert effect(outcome, 1).true_difference == pytest.approx(0.0, abs=1e-12)
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_dropout_is_exponential_and_its_victims_are_not_measured_again() -> None:
    outcome = run(_small(n_per_arm=4000))
    arm = outcome.trial.arms[0]
    rows = outcome.patients.arm == 0
    left = 1.0 - np.isnan(outcome.measured[rows]).mean(axis=0)
    np.testing.assert_allclose(left, np.exp(-arm.dropout_per_year * outcome.times_years), atol=0.02)
    gone = np.isnan(outcome.measured)
    assert (gone[:, 1:] >= gone[:, :-1]).all()


def test_criteria_hold_for_everybody_enrolled_and_impossible_ones_are_refused() -> None:
    population = dataclasses.replace(
        _small().population,
        criteria=(
            Criterion(biomarker="mmse", low=20.0, high=28.0),
            Criterion(biomarker="cdr_sb", low=2.0),
        ),
    )
    patients = enrol(_small(population=population))
    assert ((patients.measured["mmse"] >= 20.0) & (patients.measured["mmse"] <= 28.0)).all()
    assert patients.measured["cdr_sb"].min() >= 2.0
    assert patients.n_screened > len(patients.arm)
    nobody = dataclasses.replace(population, criteria=(Criterion(biomarker="cdr_sb", low=18.5),))
    with pytest.raises(InfeasibleError, match="meet the inclusion criteria"):
        enrol(_small(population=nobody, n_per_arm=50))
    unknown = dataclasses.replace(population, criteria=(Criterion(biomarker="mmsee"),))
    with pytest.raises(InputError) as caught:
        enrol(_small(population=unknown))
    assert "mmse" in caught.value.hint


def test_the_population_has_the_baseline_that_was_asked_for() -> None:
    patients = enrol(_small(n_per_arm=20_000))
    assert patients.states[:, 5].mean() == pytest.approx(3.2, rel=0.02)
    assert patients.states[:, 0].std() == pytest.approx(34.0, rel=0.05)
    assert np.bincount(patients.e4_copies) / len(patients.arm) == pytest.approx(
        [0.31, 0.53, 0.16], abs=0.01
    )
    assert np.bincount(patients.arm).tolist() == [20_000, 20_000]


def test_doses_follow_one_another() -> None:
    times, amounts = dose_times(
        (
            Course(amount_mg=700.0, interval_days=28.0, count=3),
            Course(amount_mg=1400.0, interval_days=28.0),
        ),
        0.5,
    )
    assert amounts.tolist() == [700.0, 700.0, 700.0, 1400.0, 1400.0, 1400.0, 1400.0]
    assert np.diff(times) == pytest.approx(28.0 / 365.25)


def test_treatment_ends_at_the_scan_that_shows_it_is_done() -> None:
    protocol = shipped_trial("trailblazer-alz2", n_per_arm=500)
    arm = dataclasses.replace(protocol.arms[1], dropout_per_year=0.0)
    trial = dataclasses.replace(protocol, arms=(Arm(name="placebo"), arm))
    outcome = run(trial)
    ended = outcome.stop_years[1]
    assert set(np.round(ended[np.isfinite(ended)] * WEEKS_PER_YEAR).tolist()) == {24.0, 52.0}
    forever = run(
        dataclasses.replace(
            trial, arms=(trial.arms[0], dataclasses.replace(trial.arms[1], stop=None))
        )
    )
    amyloid = [o.states[1, :, -1, 0] for o in (outcome, forever)]
    stopped = np.isfinite(ended)
    assert (amyloid[0][stopped] > amyloid[1][stopped]).all()
    np.testing.assert_array_equal(amyloid[0][~stopped], amyloid[1][~stopped])
    strict = StopRule(weeks=(24.0,), once_centiloid=-100.0, twice_centiloid=-100.0)
    never = run(
        dataclasses.replace(
            trial, arms=(trial.arms[0], dataclasses.replace(trial.arms[1], stop=strict))
        )
    )
    assert np.isinf(never.stop_years[1]).all()


def test_power_follows_theory_and_grows(clarity: Outcome) -> None:
    found = power(clarity, 1, (100, 300, 900), trials=300)
    assert [p.found for p in found] == sorted(p.found for p in found)
    for p in found:
        assert p.low - 0.03 <= p.expected <= p.high + 0.03


def test_more_of_the_drug_does_more() -> None:
    base = _small(n_per_arm=1500)
    kept = dataclasses.replace(base.arms[1], dropout_per_year=0.0)
    courses = {mg: (Course(amount_mg=mg, interval_days=14.0),) for mg in (175.0, 350.0, 700.0)}
    arms = [
        dataclasses.replace(kept, name=f"{mg} mg", courses=course) for mg, course in courses.items()
    ]
    outcome = run(dataclasses.replace(base, arms=(Arm(name="placebo"), *arms)))
    points = dose_response(outcome)
    assert [p.relative for p in points] == [0.25, 0.5, 1.0]
    means = [(outcome.true[a] - outcome.true[0])[:, -1].mean() for a in (1, 2, 3)]
    assert means[0] > means[1] > means[2]  # the same people: no chance in it


def test_subgroups_share_out_the_patients_and_predictors_are_correlations(clarity: Outcome) -> None:
    found = subgroups(clarity, 1)
    cdr = [s for s in found if s.biomarker == "cdr_sb"]
    assert len(cdr) == 3
    observed = int((~np.isnan(clarity.measured[:, -1])).sum())
    assert sum(s.n for s in cdr) == observed
    ranked = predictors(clarity, 1)
    assert {p.biomarker for p in ranked} == set(clarity.trial.model.observables)
    assert all(p.low <= p.correlation <= p.high for p in ranked)
    # decline is in proportion to the stage, so who is further on has more to gain
    assert next(p for p in ranked if p.biomarker == "cdr_sb").low > 0.1


def test_arm_results_are_means_of_those_still_there(clarity: Outcome) -> None:
    placebo = arm_results(clarity)[0]
    rows = clarity.patients.arm == 0
    assert placebo.change[0] == 0.0
    change = clarity.measured[rows, -1] - clarity.measured[rows, 0]
    assert placebo.change[-1] == pytest.approx(np.nanmean(change))
    assert placebo.n_randomised == 2000
    assert arm_results(clarity)[1].aria_by_e4[2] > arm_results(clarity)[1].aria_by_e4[0] > 0.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('n_per_arm = "many"', "n_per_arm"),
        ("weeks = [10.0, 5.0]", "increase"),
        ("wekks = [10.0]", "unknown key 'wekks'"),
        ("seed = -1", "seed"),
        ('disease_model = "flu"', "flu"),
    ],
)
def test_a_spoilt_protocol_is_refused_with_the_reason(change: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_protocol(f'protocol = "clarity-ad"\n{change}\n', file="trial.toml").trial()
    assert message in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(InputError, match="shipped protocol"):
        read_protocol('protocol = "clarity"', file="trial.toml")
