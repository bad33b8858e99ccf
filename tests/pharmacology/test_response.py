"""The compiled response against its slow oracle, and the directions that pharmacology dictates."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from qtwin.pharmacology.drug import ROUTES, Dose
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.kinetics import relative_activity
from qtwin.pharmacology.outcome import KINDS, baseline_hazards_per_year, cha2ds2_vasc
from qtwin.pharmacology.panel import Panel, Person, build_panel
from qtwin.pharmacology.response import respond
from tests.oracles.slow_response import respond_slowly

CONDITIONS = frozenset({"hypertension", "atrial_fibrillation"})


def _panel(score: float = 1.0, *, members: int = 64, seed: int = 5) -> Panel:
    activity = dict.fromkeys(ROUTES, 1.0) | {"CYP2D6": relative_activity(score), "renal": 0.6}
    person = Person(
        activity=np.array([activity[r] for r in ROUTES]),
        apoe_e4_share=(0.0, 1.0, 0.0),
        hazards_per_year=baseline_hazards_per_year(age_years=76, female=True, conditions=CONDITIONS),
        disturbed=True,
        beta1_gain=0.9,
    )
    options = [Dose(drug=d, amount_mg=o.amount_mg, interval_h=o.interval_h) for d in formulary().values() for o in d.doses]
    return build_panel(options, person, n_members=members, seed=seed)


def _index(panel: Panel, *names: str) -> NDArray[np.int64]:
    first = {o.drug.inn: k for k, o in reversed(list(enumerate(panel.options)))}
    return np.array([[first[n] for n in names]], dtype=np.int64)


def test_the_kernel_agrees_with_the_slow_oracle_on_random_regimens() -> None:
    panel = _panel(members=300)  # more than one block of members
    rng = np.random.default_rng(1)
    for size in (1, 2, 4, 7):
        regimen = rng.choice(len(panel.options), size=size, replace=False)
        padded = np.concatenate([regimen, [-1, -1]])[None, :]
        exposure, kinds, mmse = respond(panel, padded, horizon_years=1.5)
        for member in (0, 17, 299):
            slow_exposure, slow_kinds, slow_mmse = respond_slowly(panel, regimen.tolist(), member, horizon_years=1.5)
            assert exposure[0, member, :size] == pytest.approx(slow_exposure, rel=1e-12)
            assert kinds[0, member] == pytest.approx(list(slow_kinds.values()), rel=1e-10, abs=1e-14)
            assert mmse[0, member] == pytest.approx(slow_mmse, rel=1e-12, abs=1e-14)


def test_taking_nothing_changes_nothing() -> None:
    _, kinds, mmse = respond(_panel(), np.array([[-1]]), horizon_years=1.5)
    assert not kinds.any()
    assert not mmse.any()


def test_the_order_of_the_drugs_does_not_matter() -> None:
    panel = _panel()
    some = np.array([[0, 5, 3, 8]])
    a, b = (respond(panel, some[:, order], horizon_years=1.5)[1] for order in ([0, 1, 2, 3], [2, 0, 3, 1]))
    assert a == pytest.approx(b, rel=1e-12, abs=1e-15)


def test_less_cyp2d6_means_more_metoprolol_a_slower_heart_and_more_bradycardia() -> None:
    exposures, slow_heart = [], []
    for score in (0.0, 1.0, 2.0):
        panel = _panel(score)
        exposure, kinds, _ = respond(panel, _index(panel, "metoprolol"), horizon_years=1.5)
        exposures.append(exposure.mean())
        slow_heart.append(kinds[..., KINDS.index("bradycardia")].mean())
    assert exposures[0] > exposures[1] > exposures[2]
    assert slow_heart[0] < slow_heart[1] < slow_heart[2] < 0.0


def test_bradycardia_of_poor_metabolisers_on_metoprolol_is_that_of_the_rotterdam_study() -> None:
    """Odds ratio 3.86 (1.68-8.86) against *1/*1, Bijl 2009, Clin Pharmacol Ther 85:45; here at the median member."""
    from qtwin.pharmacology.outcome import outcome_table

    table = outcome_table()
    loss, hazard = table.loss["bradycardia"].value, table.hazard["bradycardia"].value * 1.5
    odds = []
    for score in (0.0, 2.0):
        panel = _panel(score, members=512)
        change = respond(panel, _index(panel, "metoprolol"), horizon_years=1.5)[1][0, :, KINDS.index("bradycardia")]
        probability = np.median(1.0 - np.exp(-hazard) - change / loss)
        odds.append(probability / (1.0 - probability))
    assert 1.68 < odds[0] / odds[1] < 8.86


def test_paroxetine_beside_metoprolol_costs_more_than_the_sum_of_both_and_nothing_extra_in_a_poor_metaboliser() -> None:
    brady = KINDS.index("bradycardia")

    def cost(score: float, *names: str) -> float:
        panel = _panel(score)
        return float(respond(panel, _index(panel, *names), horizon_years=1.5)[1][..., brady].mean())

    def extra(score: float) -> float:
        return cost(score, "metoprolol", "paroxetine") - cost(score, "metoprolol") - cost(score, "paroxetine")

    assert extra(2.0) < 0.0
    assert extra(0.0) == pytest.approx(0.0, abs=1e-9)


def test_an_anticoagulant_prevents_strokes_and_causes_bleeding() -> None:
    panel = _panel()
    for name in ("apixaban", "warfarin"):
        kinds = respond(panel, _index(panel, name), horizon_years=1.5)[1].mean(axis=(0, 1))
        assert kinds[KINDS.index("stroke")] > 0.0 > kinds[KINDS.index("bleeding")]


def test_no_outcome_can_cost_more_than_one_event() -> None:
    from qtwin.pharmacology.outcome import outcome_table

    panel = _panel()
    everything = np.arange(min(12, len(panel.options)))[None, :]
    kinds = respond(panel, everything, horizon_years=10.0)[1]
    loss = outcome_table().loss
    for kind, event in (("bleeding", "bleeding"), ("bradycardia", "bradycardia"), ("falls", "falls"), ("ARIA", "aria")):
        assert kinds[..., KINDS.index(kind)].min() >= -loss[event].value


def test_adding_a_candidate_leaves_the_draws_of_the_others_alone() -> None:
    small, large = _panel(seed=3), _panel(seed=3)
    person = small.person
    few = build_panel(small.options[3:6], person, n_members=64, seed=3)
    assert np.array_equal(few.variability, large.variability[:, 3:6])


@pytest.mark.parametrize(
    ("age", "female", "conditions", "score"),
    [
        (60, False, (), 0),
        (70, True, ("hypertension",), 3),
        (76, True, ("hypertension",), 4),
        (80, True, ("hypertension", "stroke"), 6),
    ],
)
def test_cha2ds2_vasc(age: float, female: bool, conditions: tuple[str, ...], score: int) -> None:
    """Worked from the definition (Lip 2010)."""
    assert cha2ds2_vasc(age_years=age, female=female, conditions=frozenset(conditions)) == score
