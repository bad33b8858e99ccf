"""What every disease model in the table promises.

A new line in `qtwin.twin.disease.TABLE` is tested without a change here.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.twin import disease
from qtwin.twin.assimilate import Observation, assimilate
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate


@pytest.fixture(params=list(disease.TABLE))
def model(request: pytest.FixtureRequest) -> DiseaseModel:
    return disease.load(request.param)


def test_says_what_it_is(model: DiseaseModel) -> None:
    assert disease.TABLE[model.name].endswith(type(model).__name__)
    assert model.reference
    assert model.speed in model.latent
    for table in (model.states, model.parameters):
        assert len(dict(table)) == len(table)
        assert all(name and unit for name, unit in table)
    for observable in model.observables.values():
        assert observable.unit
        assert observable.source
        assert observable.error > 0
        assert observable.scale in ("linear", "log")


def test_prior_is_finite_in_range_and_repeats_with_its_seed(model: DiseaseModel) -> None:
    parameters, states = model.draw_prior(500, seed=1, age_years=76, apoe_e4_copies=None)
    again = model.draw_prior(500, seed=1, age_years=76, apoe_e4_copies=None)
    assert parameters.shape == (500, len(model.parameters))
    assert states.shape == (500, len(model.states))
    assert np.isfinite(parameters).all()
    assert (states >= 0).all()
    np.testing.assert_array_equal(parameters, again[0])
    np.testing.assert_array_equal(states, again[1])
    assert model.log_prior(age_years=76, apoe_e4_copies=2).shape == (len(model.latent), 2)


def test_five_years_stay_in_the_range_of_the_scales(model: DiseaseModel) -> None:
    parameters, start = model.draw_prior(500, seed=2, age_years=76)
    states = integrate(
        model,
        parameters,
        start,
        np.stack([np.zeros(500), np.full(500, 2.0)]),
        np.linspace(0.0, 5.0, 6),
    )
    for key in model.observables:
        assert model.observe(key, states).shape == states.shape[:-1]
    assert (model.observe("amyloid_pet_centiloid", states) >= 0).all()
    for key, top in (("mmse", 30.0), ("cdr_sb", 18.0)):
        values = model.observe(key, states)
        assert (values >= -1e-9).all()
        assert (values <= top + 1e-9).all()
    # Removing amyloid never hastens decline.
    assert (np.diff(model.observe("cdr_sb", states), axis=0) <= 1e-6).all()


def test_unknown_biomarker_is_refused_by_name(model: DiseaseModel) -> None:
    states = model.draw_prior(3, seed=3, age_years=76)[1]
    with pytest.raises(InputError, match="unknown biomarker"):
        model.observe("mmsse", states)


def test_visits_give_a_posterior(model: DiseaseModel) -> None:
    visits = [
        Observation(time_years=t, biomarker="mmse", value=v)
        for t, v in ((0.0, 25.0), (1.0, 22.0), (2.0, 20.0))
    ]
    posterior = assimilate(
        model, visits, age_years=76, apoe_e4_copies=1, n_members=256, n_prior=4000, seed=1
    )
    assert posterior.state_now.shape == (256, len(model.states))
    assert abs(np.mean(model.observe("mmse", posterior.state_now)) - 20.0) < 3.0
    assert [x.name for x in posterior.learnt(model)] == list(model.latent)


def test_unknown_model_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match="unknown disease model 'alzheimers'") as refusal:
        disease.load("alzheimers")
    assert "'alzheimer'" in refusal.value.hint
