"""The risks of one person: a life table, CHA2DS2-VASc, and what histories and measurements
raise.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.outcome import OUTCOMES, life_table, outcome_table
from qtwin.pharmacology.risk import cha2ds2_vasc, hazards_per_year, prospects
from tests.oracles.people import a_panel, a_person, reference_doses

NO_ONE: frozenset[str] = frozenset()


def _facts(*conditions: str, sex: str = "female", **numbers: float) -> Facts:
    return Facts(
        numbers={"age_years": 76.0, **numbers},
        words={"sex": sex},
        conditions=frozenset({"dementia", *conditions}),
    )


def test_a_woman_of_76_lives_12_years_on_and_a_man_fewer() -> None:
    """Life expectancy of US women at 76, 12.23 years (United States Life Tables); by summing
    survival year by year.
    """

    def expectancy(sex: str) -> float:
        hazard = life_table().hazards_per_year(age_years=76.0, sex=sex, years=45)
        alive = np.concatenate([[1.0], np.exp(-np.cumsum(hazard))])
        return float((0.5 * (alive[1:] + alive[:-1])).sum())

    assert expectancy("female") == pytest.approx(12.23, abs=0.1)
    assert expectancy("male") < expectancy("unknown") < expectancy("female")


@settings(max_examples=30, deadline=None)
@given(
    age=st.floats(30.0, 95.0),
    sex=st.sampled_from(["female", "male", "unknown"]),
    more=st.floats(0.5, 20.0),
)
def test_the_hazard_of_death_rises_with_age(age: float, sex: str, more: float) -> None:
    table = life_table()
    young, old = (
        table.hazards_per_year(age_years=a, sex=sex, years=1)[0] for a in (age, age + more)
    )
    assert 0.0 < young <= old


def test_dementia_shortens_life_by_its_stage_now() -> None:
    """A woman with mild dementia at 77 lives 5.7 years in the median after its diagnosis (Larson
    2004).
    """

    def median(**more: object) -> float:
        ahead = prospects(age_years=77.0, sex="female", **more)  # type: ignore[arg-type]
        return float(np.interp(math.log(2.0), np.cumsum(ahead.hazard_per_year), np.arange(1, 46)))

    mild = median(mmse=np.array([24.0]), demented=True)
    assert mild == pytest.approx(5.7, abs=1.0)
    assert (
        median(mmse=np.array([5.0]), demented=True)
        < median(mmse=np.array([15.0]), demented=True)
        < mild
    )
    assert mild < median(mmse=np.array([24.0])) == median()


@pytest.mark.parametrize(
    ("age", "female", "conditions", "score"),
    [
        (60, False, (), 0),
        (60, True, (), 1),
        (64.9, False, ("diabetes",), 1),
        (70, True, ("hypertension",), 3),
        (76, True, ("hypertension",), 4),
        (76, True, ("hypertension", "heart_failure"), 5),
        (80, True, ("hypertension", "stroke"), 6),
        (80, True, ("hypertension", "diabetes", "transient_ischaemic_attack"), 7),
        (80, True, ("hypertension", "stroke", "vascular_disease", "diabetes"), 8),
        (
            80,
            True,
            ("hypertension", "stroke", "vascular_disease", "diabetes", "reduced_ejection_fraction"),
            9,
        ),
        (
            80,
            True,
            (
                "hypertension",
                "stroke",
                "transient_ischaemic_attack",
                "myocardial_infarction",
                "coronary_disease",
            ),
            7,
        ),
    ],
)
def test_cha2ds2_vasc(age: float, female: bool, conditions: tuple[str, ...], score: int) -> None:
    """Worked from the definition (Lip 2010)."""
    assert cha2ds2_vasc(age_years=age, female=female, conditions=frozenset(conditions)) == score


def test_atrial_fibrillation_sets_the_hazard_of_stroke_by_the_score_up_to_9() -> None:
    """Friberg 2012: 7, 8 and 9 points are 11.2, 10.8 and 12.2 % a year."""
    groups = ("hypertension", "stroke", "vascular_disease", "diabetes", "heart_failure")
    facts = [_facts("atrial_fibrillation", *groups[:k], age_years=80.0) for k in range(6)]
    found = [hazards_per_year(f)["stroke"] for f in facts]
    assert found == [
        outcome_table().stroke_by_score[f"score_{s}"].value for s in (3, 4, 6, 7, 8, 9)
    ]
    assert found[-3:] == [0.112, 0.108, 0.122]


@pytest.mark.parametrize(
    ("outcome", "condition"),
    [
        ("falls", "falls"),
        ("bleeding", "gastrointestinal_bleeding"),
        ("bleeding", "intracranial_haemorrhage"),
        ("stroke", "transient_ischaemic_attack"),
        ("infarction", "myocardial_infarction"),
    ],
)
def test_a_history_raises_its_hazard_alone(outcome: str, condition: str) -> None:
    before, after = hazards_per_year(_facts()), hazards_per_year(_facts(condition))
    assert after[outcome] > 1.2 * before[outcome]
    # vascular disease raises both
    same = {"myocardial_infarction": {"stroke"}}.get(condition, set())
    assert {o for o in before if after[o] != before[o]} <= {outcome} | same


def test_a_slow_heart_a_long_qtc_age_and_sex_count() -> None:
    c = {k: q.value for k, q in outcome_table().constant.items()}
    usual = hazards_per_year(_facts())
    slow, long = hazards_per_year(_facts(heart_rate=45.0)), hazards_per_year(_facts(qtc=500.0))
    assert slow["bradycardia"] / usual["bradycardia"] == pytest.approx(
        math.exp(c["bradycardia_per_fall"] * 20 / 65)
    )
    assert long["arrhythmia"] / usual["arrhythmia"] == pytest.approx(
        math.exp(c["arrhythmia_per_ms"] * 50)
    )
    assert hazards_per_year(_facts(heart_rate=80.0, qtc=430.0)) == usual
    old, man = hazards_per_year(_facts(age_years=86.0)), hazards_per_year(_facts(sex="male"))
    for outcome in ("stroke", "bleeding", "falls", "infarction"):
        assert old[outcome] > usual[outcome]
    assert man["bleeding"] > usual["bleeding"]
    assert man["infarction"] > usual["infarction"]
    assert hazards_per_year(Facts())["falls"] < usual["falls"]  # without dementia


def test_what_is_not_known_of_a_hazard_is_drawn_from_its_own_numbers() -> None:
    """In atrial fibrillation the stroke hazard is that of the score; log variances of a product of
    independent numbers add.
    """
    conditions = frozenset({"dementia", "atrial_fibrillation", "hypertension", "falls"})
    person = a_person(conditions, age_years=86.0, mmse=22.0)
    panel = a_panel(reference_doses("apixaban"), person, draws=4096)
    table, drawn = outcome_table(), panel.ignorance.parameters
    score = table.stroke_by_score["score_4"]  # two for age, one for sex, one for hypertension
    assert "stroke by cha2ds2_vasc score_4" in drawn
    assert "hazard stroke" not in drawn
    spread = {
        "stroke": [score.sd],
        "falls": [
            table.hazard["falls"].sd,
            table.factor["falls"]["per_decade"].sd,
            table.factor["falls"]["falls"].sd,
        ],
    }
    for name, parts in spread.items():
        logs = np.log(panel.hazards[:, OUTCOMES.index(name)])
        assert np.median(logs) == pytest.approx(math.log(person.hazards_per_year[name]), abs=0.02)
        assert logs.std() == pytest.approx(math.hypot(*parts), rel=0.04)


def test_the_ratio_of_the_stage_of_dementia_is_drawn_beside_the_life_table() -> None:
    table, mild = outcome_table(), a_person(frozenset({"dementia"}), mmse=24.0)
    assert mild.prospects.stage == "mmse_21"
    assert a_person(frozenset(), mmse=29.0).prospects.stage == ""
    spreads = {
        person.prospects.stage: float(
            np.log(a_panel([], person, draws=4096).constant("mortality_factor")).std()
        )
        for person in (mild, a_person(frozenset(), mmse=29.0))
    }
    assert spreads[""] == pytest.approx(table.constant["mortality_factor"].sd, rel=0.04)
    assert spreads["mmse_21"] == pytest.approx(
        math.hypot(table.constant["mortality_factor"].sd, table.stage["mmse_21"].sd), rel=0.04
    )
