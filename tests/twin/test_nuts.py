"""One patient's posterior by Hamiltonian Monte Carlo: NumPyro's NUTS on the same prior, equations
and likelihood in jax.

Needs the extra `peers`. NUTS shares nothing with `assimilate` but the numbers: gradients instead of
ensembles, fixed steps of fourth order instead of adaptive ones, its own likelihood.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import qtwin.twin.assimilate as room
from qtwin.pharmacology.quantity import read_quantities
from qtwin.twin import disease
from qtwin.twin.assimilate import assimilate, predict
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.synthetic import HORIZON_YEARS, Patients, simulated_patients

jax = pytest.importorskip("jax")
numpyro = pytest.importorskip("numpyro")

Array = NDArray[np.float64]
STEPS_A_YEAR = 20
CHAINS, WARMUP, KEPT = 4, 500, 1000
LEVELS = (0.1, 0.5, 0.9)


def _numbers() -> Mapping[str, float]:
    return {k: q.value for k, q in read_quantities("disease_alzheimer.toml").items()}


def _start(model: DiseaseModel, prior: Array, z: Any) -> tuple[Any, Any]:
    """Parameters that differ between patients (kin, r, tau_gain) and states at the first visit."""
    import jax.numpy as jnp

    q = _numbers()
    u = dict(zip(model.latent, jnp.exp(prior[:, 0] + prior[:, 1] * z), strict=True))
    amyloid, tau = u["amyloid_0"], jnp.minimum(u["tau_0"], 1.9)
    steady = 1.0 + q["p_tau_per_amyloid"] * amyloid / 100.0 + q["p_tau_per_tau"] * tau
    state = jnp.stack([amyloid, steady * u["p_tau_0"], tau, jnp.minimum(u["cdr_sb_0"], 17.5)])
    return (u["kin"], u["r"], u["tau_gain"]), state


def _slope(own: Any, y: Any) -> Any:
    import jax.numpy as jnp

    q, (kin, r, gain), (amyloid, p_tau, tau, cdr) = _numbers(), own, y
    return jnp.stack(
        [
            kin - q["kout"] * amyloid,
            q["p_tau_rate"]
            * (1.0 + q["p_tau_per_amyloid"] * amyloid / 100.0 + q["p_tau_per_tau"] * tau - p_tau),
            gain * (q["tau_growth"] * tau + q["tau_per_p_tau"] * (p_tau - 1.0)) * (1.0 - 0.5 * tau),
            r * (q["wA"] * amyloid / 78.0 + (1.0 - q["wA"]) * tau / 0.4) * cdr * (1.0 - cdr / 18.0),
        ]
    )


def _course(own: Any, state: Any, years: float) -> Any:
    """(steps + 1, 4) states by the classical Runge-Kutta method."""
    import jax.numpy as jnp

    h = 1.0 / STEPS_A_YEAR

    def step(y: Any, _: None) -> tuple[Any, Any]:
        a = _slope(own, y)
        b = _slope(own, y + 0.5 * h * a)
        c = _slope(own, y + 0.5 * h * b)
        y = y + h / 6.0 * (a + 2.0 * b + 2.0 * c + _slope(own, y + h * c))
        return y, y

    later = jax.lax.scan(step, state, None, length=round(years * STEPS_A_YEAR))[1]
    return jnp.concatenate([state[None], later])


def _mmse(cdr: Any) -> Any:
    return 30.0 * (1.0 - (cdr / 18.0) ** 1.1)


def _by_nuts(model: DiseaseModel, patients: Patients, seed: int) -> tuple[Array, Array, float, int]:
    """(chains, kept, L) latent draws, (chains, kept) CDR-SB ahead, largest R-hat, divergences."""
    import jax.numpy as jnp
    from numpyro import distributions as dist
    from numpyro.infer import MCMC, NUTS

    numpyro.enable_x64()
    prior = model.log_prior(age_years=patients.age_years, apoe_e4_copies=patients.apoe_e4_copies)
    seen = patients.observations[0]
    span = max(o.time_years for o in seen)
    column = {"amyloid_pet_centiloid": 0, "plasma_p_tau217_fold": 1, "cdr_sb": 3, "mmse": 3}

    def law() -> None:
        z = numpyro.sample("z", dist.Normal(0.0, 1.0).expand([len(model.latent)]).to_event(1))
        course = _course(*_start(model, prior, z), span + HORIZON_YEARS)
        for i, o in enumerate(seen):
            exact = course[round(o.time_years * STEPS_A_YEAR), column[o.biomarker]]
            error = model.observables[o.biomarker].error
            if o.biomarker == "plasma_p_tau217_fold":
                numpyro.sample(f"o{i}", dist.Normal(jnp.log(exact), error), obs=np.log(o.value))
            else:
                numpyro.sample(
                    f"o{i}",
                    dist.Normal(_mmse(exact) if o.biomarker == "mmse" else exact, error),
                    obs=o.value,
                )
        numpyro.deterministic("ahead", course[-1, 3])

    chains = MCMC(
        NUTS(law, target_accept_prob=0.9),
        num_warmup=WARMUP,
        num_samples=KEPT,
        num_chains=CHAINS,
        chain_method="vectorized",
        progress_bar=False,
    )
    chains.run(jax.random.PRNGKey(seed))
    found = chains.get_samples(group_by_chain=True)
    latent, ahead = np.asarray(found["z"]), np.asarray(found["ahead"])
    r_hat = float(numpyro.diagnostics.gelman_rubin(latent).max())
    return latent, ahead, r_hat, int(np.asarray(chains.get_extra_fields()["diverging"]).sum())


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("n_visits", "seed"), [(1, 1), (3, 2), (7, 3)])
def test_assimilation_agrees_with_nuts(
    n_visits: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = disease.load("alzheimer")
    patients = simulated_patients(model, 1, n_visits=n_visits, seed=seed)
    latent, ahead, r_hat, diverging = _by_nuts(model, patients, seed)
    assert r_hat < 1.02
    assert diverging <= 0.01 * CHAINS * KEPT
    n_nuts = np.array(
        [
            float(numpyro.diagnostics.effective_sample_size(latent[:, :, k]))
            for k in range(latent.shape[2])
        ]
    )
    n_ahead = float(numpyro.diagnostics.effective_sample_size(ahead))
    flat = latent.reshape(-1, latent.shape[2])
    # Several visits temper anyway; one is enough for importance sampling, so tempering is forced as
    # well.
    for wanted in (200.0, np.inf) if n_visits == 1 else (200.0,):
        monkeypatch.setattr(room, "ESS_WANTED", wanted)
        posterior = assimilate(
            model,
            patients.observations[0],
            age_years=patients.age_years,
            apoe_e4_copies=patients.apoe_e4_copies,
            n_members=16_000,
            n_prior=400_000,
            seed=seed,
        )
        assert posterior.method.startswith(
            "importance" if n_visits == 1 and wanted == 200.0 else "tempered"
        )
        own = posterior.latent
        # Half of the tempered members count, since moves leave some of them alike.
        n_own = min(posterior.effective_sample_size, 0.5 * len(own))
        error = flat.std(axis=0) * np.sqrt(1.0 / n_nuts + 1.0 / n_own)
        assert (np.abs(own.mean(axis=0) - flat.mean(axis=0)) < 4.0 * error).all()
        # Relative error of a standard deviation is 1 / sqrt(2 n) for a normal; doubled, since the
        # posterior is not.
        ratio = own.std(axis=0) / flat.std(axis=0)
        assert (np.abs(ratio - 1.0) < 4.0 * np.sqrt(1.0 / n_nuts + 1.0 / n_own)).all()
        forecast = predict(
            model, posterior, "cdr_sb", np.array([posterior.span_years + HORIZON_YEARS])
        )[:, 0]
        for level, value in zip(LEVELS, np.quantile(forecast, LEVELS), strict=True):
            # The share of NUTS draws below our quantile is the level, within the error of both
            # shares.
            share = float((ahead < value).mean())
            assert share == pytest.approx(
                level, abs=4.0 * np.sqrt(level * (1.0 - level) * (1.0 / n_ahead + 1.0 / n_own))
            )
