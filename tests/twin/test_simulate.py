"""The integrator against closed forms, its declared order, and LSODA on the plain equations."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qtwin.errors import InputError, QtwinError
from qtwin.twin import disease, dormand_prince
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.dosing import Dosing
from qtwin.twin.lanes import LANES
from qtwin.twin.simulate import integrate
from tests.oracles.slow_disease import integrate_slowly

Array = NDArray[np.float64]
TIMES = np.array([0.0, 0.3, 1.0, 2.5, 5.0])
AMYLOID, P_TAU, TAU, INFLAMMATION, HIPPOCAMPUS, CDR = range(6)


@pytest.fixture(scope="module")
def model() -> DiseaseModel:
    return disease.load("alzheimer")


def _column(model: DiseaseModel, name: str) -> int:
    return [n for n, _ in model.parameters].index(name)


def test_amyloid_follows_its_closed_form(model: DiseaseModel) -> None:
    parameters, start = model.draw_prior(50, seed=1, age_years=75, apoe_e4_copies=1)
    removal = np.stack([np.zeros(50), np.linspace(0.1, 4.0, 50)])
    kin, kout = parameters[:, _column(model, "kin")], parameters[:, _column(model, "kout")]
    rate = kout + removal
    plateau = kin / rate
    expected = plateau[..., None] + (start[:, AMYLOID] - plateau)[..., None] * np.exp(
        -rate[..., None] * TIMES
    )
    found = integrate(model, parameters, start, removal, TIMES)[..., AMYLOID]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_constant_tau_gives_the_logistic_and_the_exponential(model: DiseaseModel) -> None:
    parameters, start = (a.copy() for a in model.draw_prior(30, seed=2, age_years=75))
    parameters[:, _column(model, "tau_gain")] = 0.0
    parameters[:, _column(model, "wA")] = 0.0
    found = integrate(model, parameters, start, np.zeros((1, 30)), TIMES)[0]
    tau = start[:, [TAU]]
    rate = parameters[:, [_column(model, "r")]] * tau / 0.4
    odds = start[:, [CDR]] / (18.0 - start[:, [CDR]]) * np.exp(rate * TIMES)
    np.testing.assert_allclose(found[..., TAU], np.broadcast_to(tau, (30, len(TIMES))), rtol=1e-12)
    np.testing.assert_allclose(found[..., CDR], 18.0 * odds / (1.0 + odds), rtol=2e-6)
    loss = (
        parameters[:, [_column(model, "hippocampus_loss")]]
        + parameters[:, [_column(model, "hippocampus_loss_per_tau")]] * tau
    )
    np.testing.assert_allclose(
        found[..., HIPPOCAMPUS], start[:, [HIPPOCAMPUS]] * np.exp(-loss * TIMES), rtol=1e-6
    )


@pytest.mark.parametrize("name", disease.TABLE)
def test_agrees_with_lsoda_on_the_plain_equations(name: str) -> None:
    model = disease.load(name)
    parameters, start = model.draw_prior(12, seed=3, age_years=75, apoe_e4_copies=2)
    removal = np.stack([np.zeros(12), np.full(12, 1.09), np.full(12, 2.13)])
    expected = integrate_slowly(model, parameters, start, removal, TIMES)
    np.testing.assert_allclose(
        integrate(model, parameters, start, removal, TIMES), expected, rtol=1e-5
    )


def test_tighter_tolerance_means_less_error(model: DiseaseModel) -> None:
    parameters, start = model.draw_prior(12, seed=4, age_years=75)
    removal = np.full((1, 12), 1.09)
    expected = integrate_slowly(model, parameters, start, removal, TIMES)
    errors = [
        np.max(
            np.abs(
                integrate(model, parameters, start, removal, TIMES, rtol=rtol, atol=rtol * 1e-2)
                / expected
                - 1.0
            )
        )
        for rtol in (1e-3, 1e-6, 1e-9)
    ]
    assert errors[1] < errors[0] / 50
    assert errors[2] < errors[1] / 50


def test_measured_order_is_five(model: DiseaseModel) -> None:
    """With a tolerance that accepts everything, a step is the distance of output times: a method of
    fixed step.
    """
    parameters, start = model.draw_prior(1, seed=5, age_years=75)
    rate = parameters[0, _column(model, "kout")] + 20.0
    plateau = parameters[0, _column(model, "kin")] / rate
    exact = plateau + (start[0, AMYLOID] - plateau) * np.exp(-rate * 0.5)
    errors = []
    for step in (1 / 40, 1 / 80, 1 / 160):
        times = np.arange(round(0.5 / step) + 1) * step
        found = integrate(
            model, parameters, start, np.full((1, 1), 20.0), times, rtol=1e6, atol=1e6
        )
        errors.append(abs(found[0, 0, -1, AMYLOID] - exact))
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert orders[-1] == pytest.approx(5.0, abs=0.3)


def test_zero_removal_is_no_treatment(model: DiseaseModel) -> None:
    parameters, start = model.draw_prior(20, seed=6, age_years=75)
    both = integrate(model, parameters, start, np.stack([np.zeros(20), np.full(20, 2.0)]), TIMES)
    alone = integrate(model, parameters, start, np.zeros((1, 20)), TIMES)
    np.testing.assert_array_equal(both[0], alone[0])
    assert (both[1, :, 1:, CDR] < both[0, :, 1:, CDR]).all()


def test_other_output_times_change_nothing(model: DiseaseModel) -> None:
    parameters, start = model.draw_prior(20, seed=7, age_years=75)
    few = integrate(model, parameters, start, np.zeros((1, 20)), np.array([0.0, 5.0]))
    many = integrate(model, parameters, start, np.zeros((1, 20)), np.linspace(0.0, 5.0, 61))
    np.testing.assert_allclose(few[:, :, -1], many[:, :, -1], rtol=1e-5)
    np.testing.assert_array_equal(many[0, :, 0], start)


def test_a_course_that_blows_up_is_an_error_and_no_nan(model: DiseaseModel) -> None:
    parameters, start = (a.copy() for a in model.draw_prior(3, seed=8, age_years=75))
    start[1, CDR], parameters[1, _column(model, "r")] = -5.0, 50.0
    with pytest.raises(QtwinError, match="1 of 3 courses of the alzheimer model"):
        integrate(model, parameters, start, np.zeros((1, 3)), TIMES)


def test_no_course_depends_on_those_beside_it(model: DiseaseModel) -> None:
    """More courses than lanes, of unlike lengths, some treated, in any company: the same bits."""
    n = 3 * LANES + 5
    parameters, start = model.draw_prior(n, seed=10, age_years=75, apoe_e4_copies=1)
    drug = Dosing(
        times_years=np.arange(20) * 0.08,
        amounts_mg=np.linspace(300.0, 900.0, 20),
        stop_years=np.where(np.arange(n) % 3 == 0, 0.5, np.inf),
        clearance_L_per_year=np.linspace(60.0, 300.0, n),
        intercompartmental_L_per_year=170.0,
        central_L=3.2,
        peripheral_L=2.2,
        rate_max_per_year=np.linspace(0.5, 30.0, n),
        half_effect_mg_per_L=500.0,
    )
    none = np.zeros((2, n))
    both = integrate(model, parameters, start, none, TIMES, dosing=[None, drug])
    for m in (0, 1, LANES - 1, LANES, n - 1):
        one = slice(m, m + 1)
        alone = integrate(
            model,
            parameters[one],
            start[one],
            none[:, one],
            TIMES,
            dosing=[None, drug.of_members(one)],
        )
        np.testing.assert_array_equal(alone[:, 0], both[:, m])


def _looped(t: float, y: Array, p: Array, removal: float, dy: Array) -> None:
    """Branches, a loop and a function of the mathematics: dy_i = -k_i y_i with k_i = 0.1 exp(-i),
    twice that where y > 1.
    """
    for i in range(6):
        rate = 0.1 * math.exp(-i)
        if y[i] > 1.0:
            rate *= 2.0
        dy[i] = -rate * y[i]


def _sliced(t: float, y: Array, p: Array, removal: float, dy: Array) -> None:
    dy[:2] = y[:2]


class _Own:
    """A model of one's own: what the integrator looks at."""

    name = "own"

    def __init__(self, model: DiseaseModel, derivative: Any) -> None:
        self.states, self.parameters, self.derivative = model.states, model.parameters, derivative


def test_a_model_of_ones_own_may_branch_and_loop(model: DiseaseModel) -> None:
    parameters, _ = model.draw_prior(2, seed=11, age_years=75)
    start = np.stack([np.full(6, 0.5), np.full(6, 4.0)])
    own: Any = _Own(model, _looped)
    found = integrate(own, parameters, start, np.zeros((1, 2)), TIMES)[0]
    rate = 0.1 * np.exp(-np.arange(6))
    np.testing.assert_allclose(found[0], 0.5 * np.exp(-rate * TIMES[:, None]), rtol=1e-6)
    # it never falls to 1
    np.testing.assert_allclose(found[1], 4.0 * np.exp(-2.0 * rate * TIMES[:, None]), rtol=1e-6)


def test_a_right_hand_side_that_cannot_be_compiled_says_how_to_write_it(
    model: DiseaseModel,
) -> None:
    parameters, start = model.draw_prior(2, seed=12, age_years=75)
    own: Any = _Own(model, _sliced)
    with pytest.raises(
        QtwinError, match="right-hand side of the own model cannot be compiled"
    ) as refused:
        integrate(own, parameters, start, np.zeros((1, 2)), TIMES)
    assert "y[0], not y[:2]" in refused.value.hint


@pytest.mark.parametrize("x", [0.0, 1e-9, 0.3, 4.0, 30.0, 89.0])
def test_decays_are_the_exponential_at_the_nodes(x: float) -> None:
    nodes = np.array([1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0])
    np.testing.assert_allclose(dormand_prince._decays(x), np.exp(-nodes * x), rtol=5e-13)


def test_what_does_not_fit_is_refused_and_what_fits_is_left_alone(model: DiseaseModel) -> None:
    parameters, start = model.draw_prior(4, seed=9, age_years=75)
    none = np.zeros((1, 4))
    with pytest.raises(InputError, match="increase"):
        integrate(model, parameters, start, none, np.array([0.0, 1.0, 1.0]))
    with pytest.raises(InputError, match="removal_per_year of shape"):
        integrate(model, parameters, start, np.zeros((1, 5)), TIMES)
    with pytest.raises(InputError, match="parameters of shape"):
        integrate(model, parameters[:, :-1], start, none, TIMES)
    with pytest.raises(InputError, match="not finite"):
        integrate(model, parameters, start, np.full((1, 4), np.nan), TIMES)
    integrate(model, parameters, start, none, TIMES)
    assert parameters.flags.writeable
    assert none.flags.writeable


_SECOND = """
import numpy as np
from qtwin.twin import disease, dormand_prince, simulate
for name in disease.TABLE:
    model = disease.load(name)
    parameters, start = model.draw_prior(2, seed=0, age_years=75)
    simulate.integrate(model, parameters, start, np.zeros((1, 2)), np.array([0.0, 1.0]))
    kernel = dormand_prince.kernel(model.derivative, len(model.states), len(model.parameters))
    print(name, "compiled", sum(kernel.stats.cache_misses.values()))
"""


@pytest.mark.slow
def test_a_second_process_compiles_nothing(tmp_path: Path) -> None:
    environment = {
        "NUMBA_CACHE_DIR": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PATH": "/usr/bin:/bin",
    }
    runs = []
    for _ in range(2):
        run = subprocess.run(
            [sys.executable, "-c", _SECOND],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append((run.stdout.strip(), {p.name for p in tmp_path.rglob("*.nb?")}))
    assert runs[0][0].count("compiled 1") == len(disease.TABLE)
    assert runs[1][0].count("compiled 0") == len(disease.TABLE)
    assert runs[0][1] == runs[1][1]
