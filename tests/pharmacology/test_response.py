"""The compiled response against its slow oracle, and the directions that pharmacology dictates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.ignorance import Known
from qtwin.pharmacology.kinetics import relative_activity
from qtwin.pharmacology.outcome import EVENTS, KINDS
from qtwin.pharmacology.panel import RESPONSES, Panel, build_panel
from qtwin.pharmacology.response import respond
from tests.oracles.people import EVERYTHING, NOTHING, a_panel, a_person, every_dose, rows_of
from tests.oracles.slow_response import life_by_steps, respond_slowly

BRADYCARDIA = KINDS.index("bradycardia")


def _panel(score: float = 1.0, *, draws: int = 8) -> Panel:
    activity = {"CYP2D6": relative_activity(score), "renal": 0.6}
    return a_panel(every_dose(), a_person(activity=activity, beta1_gain=0.9), draws=draws)


@pytest.mark.parametrize("conditions", [EVERYTHING, NOTHING])
def test_the_kernel_agrees_with_the_slow_oracle_on_random_regimens(
    conditions: frozenset[str],
) -> None:
    person = a_person(
        conditions,
        activity={"CYP2D6": 0.4, "CYP2C19": 0.3, "renal": 0.6},
        systolic_mmHg=128.0,
        beta1_gain=0.9,
    )
    panel = a_panel(every_dose(), person, draws=37)  # more than one block of members
    rng = np.random.default_rng(1)
    for size in (1, 2, 4, 7):
        regimen = rng.choice(len(panel.options), size=size, replace=False)
        padded = np.concatenate([regimen, [-1, -1]])[None, :]
        for horizon in (1.5, 7.0):
            exposure, kinds, mmse = respond(panel, padded, horizon_years=horizon)
            for member in (0, 17, 263, 295):
                slow_exposure, slow_kinds, slow_mmse = respond_slowly(
                    panel, regimen.tolist(), member, horizon_years=horizon
                )
                assert exposure[0, member, :size] == pytest.approx(slow_exposure, rel=1e-12)
                assert kinds[0, member] == pytest.approx(
                    list(slow_kinds.values()), rel=1e-9, abs=1e-13
                )
                assert mmse[0, member] == pytest.approx(slow_mmse, rel=1e-12, abs=1e-14)


def test_every_kind_but_the_disease_course_is_reached_by_some_drug() -> None:
    panel = _panel()
    kinds = respond(panel, np.arange(len(panel.options))[:, None], horizon_years=1.5)[1]
    reached = {KINDS[k] for k in np.flatnonzero(np.abs(kinds).max(axis=(0, 1)) > 0.0)}
    assert reached == set(KINDS) - {"disease course"}


@pytest.mark.parametrize("horizon_years", [1.5, 10.0])
def test_five_nodes_are_as_good_as_a_fine_grid(horizon_years: float) -> None:
    panel = _panel(draws=3)
    for names in (
        ("olanzapine", "donepezil"),
        ("lecanemab", "amlodipine", "apixaban"),
        ("sertraline", "tramadol", "omeprazole"),
    ):
        rows = rows_of(panel, *names)
        kinds = respond(panel, rows, horizon_years=horizon_years)[1]
        for member in (2, 20):
            slow = respond_slowly(
                panel, rows[0].tolist(), member, horizon_years=horizon_years, life=life_by_steps
            )[1]
            assert kinds[0, member] == pytest.approx(list(slow.values()), rel=3e-3, abs=2e-6)


def test_an_index_that_is_no_option_is_refused() -> None:
    panel = _panel(draws=1)
    for rows in (np.array([[len(panel.options)]]), np.array([[-2]]), np.array([0])):
        with pytest.raises(InputError):
            respond(panel, rows, horizon_years=1.0)


def test_taking_nothing_changes_nothing() -> None:
    _, kinds, mmse = respond(_panel(), np.array([[-1]]), horizon_years=1.5)
    assert not kinds.any()
    assert not mmse.any()


def test_the_order_of_the_drugs_does_not_matter() -> None:
    panel = _panel()
    some = np.array([[0, 5, 3, 8]])
    a, b = (
        respond(panel, some[:, order], horizon_years=1.5)[1]
        for order in ([0, 1, 2, 3], [2, 0, 3, 1])
    )
    assert a == pytest.approx(b, rel=1e-12, abs=1e-15)


def test_less_cyp2d6_means_more_metoprolol_a_slower_heart_and_more_bradycardia() -> None:
    exposures, slow_heart = [], []
    for score in (0.0, 1.0, 2.0):
        panel = _panel(score)
        exposure, kinds, _ = respond(panel, rows_of(panel, "metoprolol"), horizon_years=1.5)
        exposures.append(exposure.mean())
        slow_heart.append(kinds[..., BRADYCARDIA].mean())
    assert exposures[0] > exposures[1] > exposures[2]
    assert slow_heart[0] < slow_heart[1] < slow_heart[2] < 0.0


@pytest.mark.parametrize("carried", [None, 0.5, 1e-9])
def test_harms_follow_their_own_part_of_the_active_metabolite(carried: float | None) -> None:
    """Tramadol without CYP2D6: exposure 1 / (1 - fm), the metabolite 1 - fa of it; intolerance by g
    = 2 x / (1 + x).
    """
    given = drug("tramadol")
    metabolite = given.active_metabolite
    assert metabolite is not None
    harms = None if carried is None else replace(metabolite.share, value=carried)
    given = replace(given, active_metabolite=replace(metabolite, harm_share=harms))
    dose = Dose(
        drug=given, amount_mg=given.reference.amount_mg, interval_h=given.reference.interval_h
    )
    panel = build_panel(
        [dose], a_person(activity={"CYP2D6": 0.0}), n_members=8, seed=0, ignorance=Known()
    )
    kinds = respond(panel, np.array([[0]]), horizon_years=1.5)[1][0]
    parent = panel.kinetics.variability[:, 0] / (1.0 - given.metabolism["CYP2D6"].value)
    formed = 1.0 - given.activation["CYP2D6"].value
    share = metabolite.share.value if carried is None else carried
    x = parent * (1.0 - share + share * formed)
    hazard = -np.log1p(-given.effects["intolerance"].value) * 2.0 * x / (1.0 + x)
    lost = panel.span(1.5)[1][0, EVENTS.index("intolerance")]
    assert kinds[:, KINDS.index("intolerance")] == pytest.approx(
        -lost * (1.0 - np.exp(-hazard)), rel=1e-9
    )
    # the wanted effect is the metabolite's whatever the harms are
    k, x = panel.constant("efficacy_half_exposure")[0], parent * formed
    odds = np.exp(
        panel.effects.response_log_odds[0, 0, RESPONSES.index("pain")] * (1.0 + k) * x / (x + k)
    )
    without = panel.constant("pain_response")[0]
    gain = without * odds / (1.0 - without + without * odds) - without
    assert kinds[:, KINDS.index("pain")] / gain == pytest.approx(
        np.full(8, kinds[0, KINDS.index("pain")] / gain[0]), rel=1e-6
    )


def test_bradycardia_of_poor_metabolisers_on_metoprolol_is_that_of_the_rotterdam_study() -> None:
    """Odds ratio 3.86 (1.68-8.86) against *1/*1, Bijl 2009, Clin Pharmacol Ther 85:45; at the
    median of what is believed.
    """
    odds = []
    for score in (0.0, 2.0):
        person = a_person(activity={"CYP2D6": relative_activity(score)})
        panel = build_panel(every_dose(), person, n_members=8, seed=0, ignorance=Known())
        lived, loss = panel.span(1.5)
        change = np.median(
            respond(panel, rows_of(panel, "metoprolol"), horizon_years=1.5)[1][0, :, BRADYCARDIA]
        )
        probability = 1.0 - np.exp(-panel.hazards[0, 2] * lived.alive[0]) - change / loss[0, 2]
        odds.append(probability / (1.0 - probability))
    assert 1.68 < odds[0] / odds[1] < 8.86


def test_paroxetine_beside_metoprolol_costs_more_than_both_but_not_in_a_poor_metaboliser() -> None:
    def cost(score: float, *names: str) -> float:
        panel = _panel(score)
        return float(
            respond(panel, rows_of(panel, *names), horizon_years=1.5)[1][..., BRADYCARDIA].mean()
        )

    def extra(score: float) -> float:
        return (
            cost(score, "metoprolol", "paroxetine")
            - cost(score, "metoprolol")
            - cost(score, "paroxetine")
        )

    assert extra(2.0) < 0.0
    assert extra(0.0) == pytest.approx(0.0, abs=1e-9)


def test_an_anticoagulant_prevents_strokes_and_causes_bleeding() -> None:
    panel = _panel()
    for name in ("apixaban", "warfarin"):
        kinds = respond(panel, rows_of(panel, name), horizon_years=1.5)[1].mean(axis=(0, 1))
        assert kinds[KINDS.index("stroke")] > 0.0 > kinds[KINDS.index("bleeding")]


def test_no_outcome_can_cost_more_than_one_event() -> None:
    panel = _panel()
    everything = np.arange(min(12, len(panel.options)))[None, :]
    kinds = respond(panel, everything, horizon_years=10.0)[1]
    loss = panel.span(10.0)[1][panel.draw_of]
    for kind, column in (
        ("bleeding", 1),
        ("bradycardia", 2),
        ("falls", 3),
        ("ARIA", 6),
        ("intolerance", 7),
    ):
        assert (kinds[0, :, KINDS.index(kind)] >= -loss[:, column]).all()


def test_adding_a_candidate_leaves_the_draws_of_the_others_alone() -> None:
    large = _panel()
    few = build_panel(large.options[3:6], large.person, n_members=large.n_members, seed=5)
    assert np.array_equal(few.kinetics.variability, large.kinetics.variability[:, 3:6])
    for name, array in few.effects._asdict().items():
        whole = getattr(large.effects, name)
        assert np.array_equal(array, whole[3:6] if array.ndim == 1 else whole[:, 3:6]), name
    assert np.array_equal(few.constants, large.constants)


def test_pressure_is_lowered_with_profit_to_120_and_below_110_with_falls() -> None:
    stroke, falls = KINDS.index("stroke"), KINDS.index("falls")
    by_pressure = {}
    for systolic in (100.0, 118.0, 125.0, 140.0, 180.0):
        panel = a_panel(every_dose(), a_person(frozenset({"hypertension"}), systolic_mmHg=systolic))
        kinds = respond(panel, rows_of(panel, "amlodipine"), horizon_years=1.5)[1].mean(axis=(0, 1))
        by_pressure[systolic] = (kinds[stroke], kinds[falls])
    gains, lost = zip(*by_pressure.values(), strict=True)
    assert gains[0] == gains[1] == 0.0 < gains[2] < gains[3]
    assert gains[3] == pytest.approx(gains[4])
    assert lost[0] < lost[1] < 0.0 == lost[4]


def test_what_happens_beyond_the_horizon_only_adds_to_what_a_death_costs() -> None:
    panel = a_panel(every_dose(), replace(a_person(), beta1_gain=1.0))
    rows = rows_of(panel, "olanzapine")
    within, life = (
        respond(panel, rows, horizon_years=1.5, beyond=b)[1].mean(axis=(0, 1))
        for b in (False, True)
    )
    assert life[KINDS.index("survival")] < within[KINDS.index("survival")] < 0.0
    assert life[KINDS.index("behaviour")] == pytest.approx(within[KINDS.index("behaviour")])
