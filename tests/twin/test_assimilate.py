"""The posterior against the conjugate closed form, against itself by another method, and its
coverage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import pytest
from numpy.typing import NDArray

import qtwin.twin.assimilate as room
from qtwin.errors import InputError
from qtwin.twin import disease
from qtwin.twin.assimilate import Observation, assimilate, bands, predict, update
from qtwin.twin.disease.base import DiseaseModel, Observable
from qtwin.twin.simulate import integrate

Array = NDArray[np.float64]
CENTER, SPREAD, SLOPE, SLOPE_SPREAD, ERROR = 10.0, 2.0, -1.0, 0.5, 0.8


def _straight(t, y, p, removal, dy):  # type: ignore[no-untyped-def]
    dy[0] = p[0] - removal


@final
class Line(DiseaseModel):
    """A straight line with normal level and slope: its posterior is known in closed form."""

    name, reference, speed, stage = "line", "test", "slope", "level"
    states = (("level", "point"),)
    parameters = (("slope", "point/year"),)
    latent = ("level", "slope")

    @property
    def observables(self) -> Mapping[str, Observable]:
        return {"level": Observable(unit="point", error=ERROR, scale="linear", source="test")}

    @property
    def derivative(self) -> Any:
        return _straight

    def log_prior(self, *, age_years: float, apoe_e4_copies: int | None) -> Array:
        return np.array([[0.0, 1.0], [0.0, 1.0]])

    def from_latent(
        self, z: Array, *, age_years: float, apoe_e4_copies: int | None
    ) -> tuple[Array, Array]:
        return SLOPE + SLOPE_SPREAD * z[:, 1:], CENTER + SPREAD * z[:, :1]

    def _predict(self, biomarker: str, states: Array) -> Array:
        return np.asarray(states[..., 0])


def _line(times: list[float], values: list[float]) -> list[Observation]:
    return [
        Observation(time_years=t, biomarker="level", value=v)
        for t, v in zip(times, values, strict=True)
    ]


def _conjugate(times: list[float], values: list[float]) -> tuple[Array, Array]:
    """Posterior mean and covariance of the latent level and slope: normal prior, linear map, normal
    errors.
    """
    design = np.column_stack([np.full(len(times), SPREAD), SLOPE_SPREAD * np.array(times)])
    rest = np.array(values) - CENTER - SLOPE * np.array(times)
    covariance = np.linalg.inv(np.eye(2) + design.T @ design / ERROR**2)
    return covariance @ design.T @ rest / ERROR**2, covariance


@pytest.mark.parametrize("force_smc", [False, True])
def test_linear_gaussian_model_has_the_conjugate_posterior(
    force_smc: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if force_smc:
        monkeypatch.setattr(room, "ESS_WANTED", np.inf)
    times, values = [0.0, 0.5, 1.0, 2.0, 3.0], [12.1, 11.0, 11.9, 10.2, 10.4]
    posterior = assimilate(
        Line(),
        _line(times, values),
        age_years=70,
        apoe_e4_copies=None,
        n_members=4000,
        n_prior=100_000,
        seed=2,
    )
    assert posterior.method == (
        "tempered SMC with resample-move" if force_smc else "importance sampling"
    )
    mean, covariance = _conjugate(times, values)
    sd = np.sqrt(np.diag(covariance))
    effective = 4000 if force_smc else posterior.effective_sample_size
    # Five standard errors; half as many independent members as counted, since moves and resampling
    # leave some alike.
    np.testing.assert_allclose(
        posterior.latent.mean(axis=0), mean, atol=5 * sd.max() / np.sqrt(0.5 * min(effective, 4000))
    )
    np.testing.assert_allclose(posterior.latent.std(axis=0), sd, rtol=0.1)
    np.testing.assert_allclose(1.0 - posterior.contraction(), sd**2, rtol=0.2)
    assert np.corrcoef(posterior.latent.T)[0, 1] == pytest.approx(
        covariance[0, 1] / sd.prod(), abs=0.06
    )
    now = CENTER + SPREAD * mean[0] + 3.0 * (SLOPE + SLOPE_SPREAD * mean[1])
    assert posterior.state_now.mean() == pytest.approx(now, abs=0.1)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 0, 3, 1)])
def test_visits_that_come_one_after_the_other_in_any_order_give_the_conjugate_posterior(
    order: tuple[int, ...],
) -> None:
    times, values = [0.0, 0.5, 1.0, 2.0, 3.0], [12.1, 11.0, 11.9, 10.2, 10.4]
    visits = _line(times, values)
    options: dict[str, Any] = {"age_years": 70, "apoe_e4_copies": None}
    posterior = assimilate(
        Line(), [visits[order[0]]], n_members=4000, n_prior=50_000, seed=2, **options
    )
    for k in order[1:]:
        posterior = update(Line(), posterior, [visits[k], visits[order[0]]], seed=3, **options)
    mean, covariance = _conjugate(times, values)
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(
        posterior.latent.mean(axis=0), mean, atol=5 * sd.max() / np.sqrt(2000)
    )
    np.testing.assert_allclose(posterior.latent.std(axis=0), sd, rtol=0.1)
    assert posterior.observations == tuple(visits)
    assert update(Line(), posterior, visits, seed=4, **options) is posterior


def test_an_mmse_at_the_ceiling_says_thirty_or_more() -> None:
    """Censoring: under a reading of 30 no state is too healthy, and a sick one is as unlikely as
    the normal tail says.
    """
    model = disease.load("alzheimer")
    options: dict[str, Any] = {
        "age_years": 70,
        "apoe_e4_copies": 1,
        "n_members": 3000,
        "n_prior": 40_000,
        "seed": 3,
    }
    at = [Observation(time_years=0.0, biomarker="mmse", value=v) for v in (30.0, 29.99)]
    ceiling, normal = (assimilate(model, [o], **options) for o in at)
    assert (
        np.quantile(ceiling.state_first[:, 5], 0.1)
        <= np.quantile(normal.state_first[:, 5], 0.1) * 1.02
    )


def _measure(
    model: DiseaseModel,
    states: Array,
    times: Array,
    keys: tuple[str, ...],
    rng: np.random.Generator,
) -> list[Observation]:
    found = []
    for t, state in zip(times, states, strict=True):
        for key in keys:
            spec, noise = model.observables[key], rng.standard_normal()
            value = float(model.observe(key, state))
            value = (
                value * np.exp(noise * spec.error)
                if spec.scale == "log"
                else value + noise * spec.error
            )
            found.append(Observation(time_years=float(t), biomarker=key, value=float(value)))
    return found


def _patients(n: int, n_visits: int) -> tuple[DiseaseModel, Array, list[list[Observation]]]:
    """The default model, CDR-SB of each true patient three years after the last visit, and
    half-yearly visits.
    """
    model = disease.load("alzheimer")
    parameters, start = model.draw_prior(n, seed=31, age_years=76, apoe_e4_copies=1)
    times = np.append(0.5 * np.arange(n_visits), 0.5 * (n_visits - 1) + 3.0)
    states = integrate(model, parameters, start, np.zeros((1, n)), times)[0]
    rng = np.random.default_rng(32)
    keys = ("mmse", "cdr_sb", "plasma_p_tau217_fold")
    return model, states[:, -1, 5], [_measure(model, s[:-1], times[:-1], keys, rng) for s in states]


def test_intervals_cover_synthetic_patients() -> None:
    model, truth, visits = _patients(24, 3)
    inside_80 = inside_95 = 0
    for value, observations in zip(truth, visits, strict=True):
        posterior = assimilate(
            model,
            observations,
            age_years=76,
            apoe_e4_copies=1,
            n_members=512,
            n_prior=8000,
            seed=33,
        )
        ahead = predict(model, posterior, "cdr_sb", np.array([posterior.span_years + 3.0]))[:, 0]
        low_95, low_80, high_80, high_95 = np.quantile(ahead, [0.025, 0.1, 0.9, 0.975])
        inside_80 += low_80 <= value <= high_80
        inside_95 += low_95 <= value <= high_95
    # Outside these counts a calibrated interval falls less than once in a thousand (binomial, 24
    # patients).
    assert 13 <= inside_80 <= 24
    assert inside_95 >= 18


def test_both_methods_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _, visits = _patients(1, 2)
    options: dict[str, Any] = {
        "age_years": 76,
        "apoe_e4_copies": 1,
        "n_members": 2000,
        "n_prior": 60_000,
        "seed": 5,
    }
    sampled = assimilate(model, visits[0], **options)
    monkeypatch.setattr(room, "ESS_WANTED", np.inf)
    tempered = assimilate(model, visits[0], **options)
    assert (sampled.method, tempered.method) == (
        "importance sampling",
        "tempered SMC with resample-move",
    )
    spread = sampled.latent.std(axis=0)
    standard_error = spread * np.sqrt(
        1.0 / min(2000.0, sampled.effective_sample_size) + 1.0 / 1000.0
    )
    assert (
        np.abs(sampled.latent.mean(axis=0) - tempered.latent.mean(axis=0)) < 5 * standard_error
    ).all()
    np.testing.assert_allclose(tempered.latent.std(axis=0), spread, rtol=0.15)


def test_a_seed_repeats_and_the_order_of_visits_is_nothing() -> None:
    model, _, visits = _patients(2, 3)
    for observations in visits:
        options: dict[str, Any] = {
            "age_years": 76,
            "apoe_e4_copies": 1,
            "n_members": 300,
            "n_prior": 3000,
            "seed": 6,
        }
        once = assimilate(model, observations, **options)
        shuffled = [
            observations[i] for i in np.random.default_rng(1).permutation(len(observations))
        ]
        again = assimilate(model, [*shuffled, *observations[:2]], **options)
        np.testing.assert_array_equal(once.latent, again.latent)
        assert once.observations == again.observations
        other = assimilate(model, observations, **(options | {"seed": 7}))
        assert not np.array_equal(once.latent, other.latent)


@pytest.mark.parametrize("n_members", [100, 2048])
def test_no_visits_give_the_prior_and_say_so(n_members: int) -> None:
    model = disease.load("alzheimer")
    posterior = assimilate(model, [], age_years=76, apoe_e4_copies=2, n_members=n_members, seed=8)
    assert posterior.method == "prior, no visits"
    assert posterior.latent.shape == (n_members, len(model.latent))
    np.testing.assert_allclose(posterior.latent.mean(axis=0), 0.0, atol=5 / np.sqrt(n_members))
    np.testing.assert_array_equal(posterior.state_first, posterior.state_now)
    driven, reason = posterior.prior_driven(model)
    assert driven
    assert reason.startswith("prior-driven")


def test_many_visits_lift_the_prior_driven_flag() -> None:
    model, _, visits = _patients(1, 9)
    posterior = assimilate(
        model, visits[0], age_years=76, apoe_e4_copies=1, n_members=512, n_prior=8000, seed=9
    )
    driven, reason = posterior.prior_driven(model)
    assert not driven
    assert "9 visits" in reason
    speed = next(x for x in posterior.learnt(model) if x.name == model.speed)
    assert speed.posterior_sd == pytest.approx(np.sqrt(1.0 - speed.contraction) * speed.prior_sd)
    assert speed.prior_mean == pytest.approx(np.log(0.269))
    assert speed.prior_sd == pytest.approx(0.61)
    # What is learnt about ln r is the mean of ln r over the members.
    assert speed.posterior_mean == pytest.approx(np.log(posterior.parameters[:, 2]).mean())


def test_bands_hold_what_was_measured() -> None:
    model, _, visits = _patients(1, 3)
    posterior = assimilate(
        model, visits[0], age_years=76, apoe_e4_copies=1, n_members=512, n_prior=8000, seed=10
    )
    found = bands(model, posterior, np.array([0.5, 0.0, 1.0]))
    assert set(found) == {"mmse", "cdr_sb", "plasma_p_tau217_fold"}
    for key, band in found.items():
        assert band.shape == (3, 3)
        assert (np.diff(band, axis=0) > 0).all()
        assert np.median(predict(model, posterior, key, np.array([1.0]))) == pytest.approx(
            band[1, 2], rel=1e-6
        )


def test_medicines_of_the_past_explain_readings() -> None:
    """A drug worth 2 MMSE points means a sicker brain behind the same reading; an antibody means
    amyloid that fell.
    """
    model = disease.load("alzheimer")
    readings = [Observation(time_years=t, biomarker="mmse", value=22.0) for t in (0.0, 1.0)]
    options: dict[str, Any] = {"age_years": 76, "apoe_e4_copies": 1, "n_members": 1000, "seed": 11}
    plain, helped = (assimilate(model, readings, mmse_offset=x, **options) for x in (0.0, 2.0))
    assert helped.state_now[:, 5].mean() > plain.state_now[:, 5].mean() + 0.3
    treated = assimilate(model, readings, removal_per_year=1.09, **options)
    assert treated.state_now[:, 0].mean() < 0.6 * plain.state_now[:, 0].mean()
    shown = predict(model, treated, "amyloid_pet_centiloid", np.array([1.0]))[:, 0]
    np.testing.assert_allclose(shown, treated.state_now[:, 0], rtol=1e-6)


def test_what_cannot_be_used_is_refused_or_left_out() -> None:
    model = disease.load("hao-2022")
    seen = [
        Observation(time_years=0.0, biomarker=k, value=2.0)
        for k in ("plasma_p_tau217_fold", "cdr_sb")
    ]
    assert [o.biomarker for o in room.tidy(model, seen)] == ["cdr_sb"]
    for time_years, value in ((-0.1, 20.0), (0.0, np.nan), (np.inf, 20.0)):
        with pytest.raises(InputError, match="mmse"):
            room.tidy(model, [Observation(time_years=time_years, biomarker="mmse", value=value)])
