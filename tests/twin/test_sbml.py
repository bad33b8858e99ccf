"""SBML export: valid documents, the equations of the code that runs, and refusals of what cannot be
read.

Needs the extra `sbml`; the slow tests run the document in libRoadRunner, an independent simulator.
"""

from __future__ import annotations

import functools
import html
import itertools
import math
from collections.abc import Callable
from typing import Any

import numba as nb
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from qtwin.errors import InputError
from qtwin.twin import disease
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.sbml import AntibodyInput, to_sbml

libsbml = pytest.importorskip("libsbml")

_HALF = 0.5


def _seasonal(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    """All of the grammar, and names that SBML would misread."""
    first, second = y[0], y[1]
    gap: float = max(first - p[0], 0.0)
    first = first * (1 + _HALF * np.exp(-t))
    dy[0] = -(p[1] + removal) * gap**2 + np.sqrt(abs(second)) - math.tanh(t)
    dy[1] = np.minimum(+first, math.pi) / 3 - np.log(1.0 + second) * dy[0]


class _Toy(DiseaseModel):
    name = "1 toy model"
    reference = "Nobody & Nothing <2000>"
    states = (("time", "fold over normal"), ("Pi", "mg/L"))
    parameters = (("pi", "fraction/year"), ("removal", "fold over normal/year"))
    latent = ("pi",)
    speed = "pi"

    def __init__(self, derivative: Callable[..., None]) -> None:
        self._given = derivative

    @property
    def observables(self) -> Any:
        raise NotImplementedError

    @property
    def derivative(self) -> Callable[..., None]:
        return self._given

    def log_prior(self, **_: Any) -> Any:
        raise NotImplementedError

    def from_latent(self, z: Any, *, age_years: float, apoe_e4_copies: int | None) -> Any:
        return np.tile([0.3, 0.8], (len(z), 1)), np.tile([1.2, 0.4], (len(z), 1))

    def _predict(self, biomarker: str, states: Any) -> Any:
        raise NotImplementedError


_MODELS = [*disease.TABLE, "toy"]


@pytest.fixture(params=_MODELS)
def model(request: pytest.FixtureRequest) -> DiseaseModel:
    return _Toy(_seasonal) if request.param == "toy" else disease.load(request.param)


def _patient(model: DiseaseModel) -> tuple[Any, Any]:
    parameters, states = model.draw_prior(1, seed=4, age_years=72, apoe_e4_copies=1)
    return parameters[0], states[0]


def _antibody(times_years: Any) -> AntibodyInput:
    return AntibodyInput(
        times_years=np.asarray(times_years),
        amounts_mg=np.linspace(500.0, 900.0, len(times_years)),
        clearance_L_per_year=150.0,
        central_L=3.2,
        intercompartmental_L_per_year=90.0,
        peripheral_L=2.4,
        rate_max_per_year=4.0,
        half_effect_mg_per_L=60.0,
    )


def _read(text: str) -> Any:
    document = libsbml.readSBMLFromString(text)
    document.checkConsistency()
    log = document.getErrorLog()
    assert not log.getNumFailsWithSeverity(libsbml.LIBSBML_SEV_ERROR), log.toString()
    assert not log.getNumFailsWithSeverity(libsbml.LIBSBML_SEV_FATAL), log.toString()
    return document


@pytest.mark.parametrize("doses", [None, (), (0.0, 0.25, 0.5), (0.1, 0.2)])
def test_document_is_valid_and_says_where_it_comes_from(
    model: DiseaseModel, doses: tuple[float, ...] | None
) -> None:
    antibody = None if doses is None else _antibody(doses)
    text = to_sbml(model, *_patient(model), removal_per_year=0.2, antibody=antibody)
    document = _read(text)
    assert (document.getLevel(), document.getVersion()) == (3, 2)
    written = document.getModel()
    assert written.getNumEvents() == sum(t > 0 for t in doses or ())
    notes = html.unescape(written.getNotesString())
    assert "Not a medical device" in notes
    assert model.reference in notes
    assert all(unit in notes for _, unit in (*model.states, *model.parameters))
    assert text == to_sbml(model, *_patient(model), removal_per_year=0.2, antibody=antibody)


def test_dose_at_the_start_is_the_initial_amount() -> None:
    model = disease.load("alzheimer")
    written = _read(to_sbml(model, *_patient(model), antibody=_antibody([0.0, 0.5]))).getModel()
    assert written.getParameter("antibody_central").getValue() == 500.0
    assert written.getParameter("dose_2").getValue() == 900.0
    assert written.getParameter("dose_2_time").getValue() == 0.5


def test_values_and_rates_are_the_models(model: DiseaseModel) -> None:
    parameters, states = _patient(model)
    written = _read(to_sbml(model, parameters, states, removal_per_year=0.7)).getModel()
    columns = [written.getParameter(k) for k in range(len(states) + len(parameters))]
    assert [c.getName() for c in columns] == [
        name for name, _ in (*model.states, *model.parameters)
    ]
    np.testing.assert_allclose(
        [c.getValue() for c in columns], np.concatenate([states, parameters]), rtol=1e-14
    )
    wanted = np.empty_like(states)
    model.derivative(0.0, states, parameters, 0.7, wanted)
    rules = [written.getRateRuleByVariable(c.getId()) for c in columns[: len(states)]]
    came = [libsbml.SBMLTransforms.evaluateASTNode(rule.getMath(), written) for rule in rules]
    np.testing.assert_allclose(came, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "compiled",
    [nb.njit, nb.cfunc("void(f8, CPointer(f8), CPointer(f8), f8, CPointer(f8))")],
    ids=["njit", "cfunc"],
)
def test_compiled_function_is_read_as_its_source(compiled: Callable[..., Any]) -> None:
    model = disease.load("hao-2022")
    derivative, plain = compiled(model.derivative), to_sbml(model, *_patient(model))
    other = type(
        "Other", (), {k: getattr(model, k) for k in ("name", "reference", "states", "parameters")}
    )()
    other.derivative = derivative
    assert to_sbml(other, *_patient(model)) == plain


def _loops(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    for k in range(2):
        dy[k] = -y[k]


def _branches(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = p[0] if y[0] > 1.0 else 0.0
    dy[1] = 0.0


def _adds_in_place(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = dy[1] = 0.0
    dy[0] += y[1]


def _calls(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = np.clip(y[0], 0.0, 1.0)
    dy[1] = 0.0


def _passes_two(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = math.log(y[0], 2.0)
    dy[1] = 0.0


def _counts_from_the_end(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = y[-1]
    dy[1] = 0.0


def _reads_beyond(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = p[2]
    dy[1] = 0.0


def _divides_whole(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = y[0] // 2.0
    dy[1] = 0.0


def _writes_the_state(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    y[0] = 0.0
    dy[0], dy[1] = 0.0, 0.0


def _reads_unassigned(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = _HALF  # noqa: F823 - local, since it is assigned below
    dy[1] = 0.0
    _HALF = y[0]


def _forgets(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
    dy[0] = 0.0


def _takes_four(t: float, y: Any, p: Any, dy: Any) -> None:
    dy[0], dy[1] = 0.0, 0.0


@pytest.mark.parametrize(
    "derivative",
    [
        _loops,
        _branches,
        _adds_in_place,
        _calls,
        _passes_two,
        _counts_from_the_end,
        _reads_beyond,
        _divides_whole,
        _writes_the_state,
        _reads_unassigned,
        _forgets,
        _takes_four,
        lambda t, y, p, removal, dy: None,
        eval("lambda t, y, p, removal, dy: None"),
        functools.partial(_seasonal),
    ],
)
def test_what_cannot_be_read_is_refused(derivative: Callable[..., None]) -> None:
    model = _Toy(derivative)
    with pytest.raises(InputError) as refusal:
        to_sbml(model, *_patient(model))
    assert refusal.value.hint


def test_wrapper_that_changes_the_equations_is_noticed() -> None:
    @functools.wraps(_seasonal)
    def doubled(t: float, y: Any, p: Any, removal: float, dy: Any) -> None:
        _seasonal(t, y, p, removal, dy)
        dy *= 2.0

    model = _Toy(doubled)
    with pytest.raises(InputError, match="the function gives"):
        to_sbml(model, *_patient(model))


def test_bad_input_is_refused() -> None:
    model = disease.load("alzheimer")
    parameters, states = _patient(model)
    with pytest.raises(InputError, match="expected"):
        to_sbml(model, parameters[None], states)
    with pytest.raises(InputError, match="expected"):
        to_sbml(model, parameters, states[:3])
    with pytest.raises(InputError, match="not finite"):
        to_sbml(model, parameters, states * np.nan)
    for times in ([0.2, 0.1], [0.1, 0.1], [-0.1, 0.0], [0.0, np.inf]):
        with pytest.raises(InputError, match="must increase"):
            _antibody(times)
    good = {k: getattr(_antibody([0.0]), k) for k in AntibodyInput.__dataclass_fields__}
    for key, value in (
        ("amounts_mg", np.array([-1.0])),
        ("amounts_mg", np.ones(2)),
        ("central_L", 0.0),
        ("rate_max_per_year", -1.0),
    ):
        with pytest.raises(InputError):
            AntibodyInput(**good | {key: value})


def _integrate(
    model: DiseaseModel, p: Any, y: Any, base: float, antibody: AntibodyInput | None, times: Any
) -> Any:
    """(t, S) states by LSODA, restarted at each dose; shares the right-hand side alone with the
    export.
    """
    n = len(y)

    def rates(t: float, x: Any) -> Any:
        dx, removal = np.zeros(n + 2), base
        if antibody is not None:
            k10 = antibody.clearance_L_per_year / antibody.central_L
            k12 = antibody.intercompartmental_L_per_year / antibody.central_L
            k21 = antibody.intercompartmental_L_per_year / antibody.peripheral_L
            dx[n] = -(k10 + k12) * x[n] + k21 * x[n + 1]
            dx[n + 1] = k12 * x[n] - k21 * x[n + 1]
            c = x[n] / antibody.central_L
            removal += antibody.rate_max_per_year * c / (c + antibody.half_effect_mg_per_L)
        model.derivative(t, x[:n], p, removal, dx[:n])
        return dx

    doses = (
        {}
        if antibody is None
        else dict(zip(antibody.times_years.tolist(), antibody.amounts_mg.tolist(), strict=True))
    )
    stops = sorted({0.0, *doses, times[-1]})
    x, out = np.concatenate([y, [0.0, 0.0]]), []
    for start, end in itertools.pairwise(stops):
        x[n] += doses.get(start, 0.0)
        inside = times[(times > start) & (times <= end)]
        done = solve_ivp(
            rates,
            (start, end),
            x,
            method="LSODA",
            t_eval=np.union1d(inside, [end]),
            rtol=1e-10,
            atol=1e-12,
            max_step=0.02,
        )
        assert done.success
        out.append(done.y[:n, : len(inside)].T)
        x = done.y[:, -1].copy()
    return np.vstack(out)


@pytest.mark.slow
@pytest.mark.parametrize(
    "doses",
    [None, np.arange(13) / 13.0, 0.31 + np.arange(8) * 2.0 / 52.0],
    ids=["none", "start", "later"],
)
def test_another_simulator_gives_the_same_course(model: DiseaseModel, doses: Any) -> None:
    roadrunner = pytest.importorskip("roadrunner")
    parameters, states = _patient(model)
    antibody = None if doses is None else _antibody(doses)
    text = to_sbml(model, parameters, states, removal_per_year=0.15, antibody=antibody)
    written = libsbml.readSBMLFromString(text).getModel()
    times = np.array([0.013, 0.09, 0.317, 0.52, 0.87, 1.01, 1.6, 2.4])  # none at a dose
    runner = roadrunner.RoadRunner(text)
    runner.integrator.setValue("relative_tolerance", 1e-10)
    runner.integrator.setValue("absolute_tolerance", 1e-12)
    runner.integrator.setValue("maximum_num_steps", 200_000)
    runner.timeCourseSelections = [
        "time",
        *(written.getParameter(k).getId() for k in range(len(states))),
    ]
    came = np.asarray(runner.simulate(times=[0.0, *times]))
    np.testing.assert_allclose(came[:, 0], [0.0, *times])
    np.testing.assert_allclose(came[0, 1:], states, rtol=1e-12)
    wanted = _integrate(model, parameters, states, 0.15, antibody, times)
    np.testing.assert_allclose(came[1:, 1:], wanted, rtol=1e-5)
    if antibody is not None:  # the doses matter
        assert (
            np.abs(wanted / _integrate(model, parameters, states, 0.15, None, times) - 1.0).max()
            > 1e-2
        )
