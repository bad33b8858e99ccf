"""What medicine says of the utility and of eligibility, held on random people and regimens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from qtwin.patient.condition import known_conditions
from qtwin.pharmacology.criterion import AllOf, AnyOf, Criterion, HasCondition, Not
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import drug, formulary
from qtwin.pharmacology.kinetics import relative_activity
from qtwin.pharmacology.outcome import BENEFITS, KINDS
from qtwin.pharmacology.panel import Panel, Person
from qtwin.pharmacology.response import respond
from qtwin.pharmacology.rule_book import shipped_rules
from qtwin.problem.feasible import allowed
from qtwin.problem.rules import eligibility_constraints
from tests.oracles.people import NOTHING, a_panel, a_person, every_dose, reference_doses, rows_of

few, more = settings(max_examples=12, deadline=None), settings(max_examples=60, deadline=None)
INNS = sorted(formulary())
GOOD = np.array([k in BENEFITS for k in KINDS])
HARM = ~GOOD
clearances = st.floats(5.0, 120.0)
conditions = st.sampled_from(
    [
        "dementia",
        "alzheimer_disease",
        "depression",
        "atrial_fibrillation",
        "hypertension",
        "pain",
        "vascular_disease",
        "falls",
    ]
)
excluding = st.sampled_from(
    [
        "epilepsy",
        "seizure",
        "long_qt_syndrome",
        "torsade_de_pointes",
        "gastrointestinal_bleeding",
        "intracranial_haemorrhage",
        "heart_failure",
        "parkinson_disease",
        "av_block",
        "sick_sinus_syndrome",
        "bradycardia",
        "asthma",
        "copd",
        "glaucoma_angle_closure",
        "cerebral_amyloid_angiopathy",
        "cerebral_microbleeds",
        "urinary_retention",
        "falls",
        "cirrhosis",
        "hepatic_impairment",
        "hyponatraemia",
        "orthostatic_hypotension",
        "delirium",
        "hyperkalaemia",
        "dialysis",
        "mechanical_heart_valve",
        "gastrointestinal_obstruction",
        "eating_disorder",
        "myasthenia_gravis",
    ]
)


def _kinds(
    options: Sequence[Dose], person: Person, *, horizon_years: float = 1.5, draws: int = 16
) -> NDArray[np.float64]:
    """(18,) mean QALY by kind of taking all of the options."""
    panel = a_panel(options, person, draws=draws)
    return np.asarray(
        respond(panel, np.arange(len(options))[None, :], horizon_years=horizon_years)[1][0].mean(
            axis=0
        )
    )


@few
@given(inn=st.sampled_from(INNS), better=clearances, worse=clearances)
def test_harm_never_falls_as_the_kidneys_get_worse(inn: str, better: float, worse: float) -> None:
    assume(worse < better)
    good, bad = (
        _kinds(reference_doses(inn), a_person(NOTHING, activity={"renal": c / 100.0}))[HARM].sum()
        for c in (better, worse)
    )
    assert bad <= good + 1e-12


def _ceiling(inn: str, clearance: float, *, others: frozenset[str], jurisdiction: str) -> float:
    """The highest daily dose, mg, among the options that no rule excludes; 0 where all are."""
    numbers = {"creatinine_clearance_mL_per_min": clearance, "age_years": 82.0, "weight_kg": 58.0}
    found = assess_facts(
        Facts(numbers=numbers, conditions=others), [drug(inn)], jurisdiction=jurisdiction
    )
    left = [o for o in every_dose() if o.drug.inn == inn and not found.excluded(o)]
    return max((o.amount_mg * 24.0 / o.interval_h for o in left), default=0.0)


@pytest.mark.parametrize("jurisdiction", ["US", "EU"])
@pytest.mark.parametrize("inn", INNS)
def test_a_dose_ceiling_never_rises_as_the_kidneys_get_worse(inn: str, jurisdiction: str) -> None:
    numbers = [140.0, 100.0, 60.0, 59.0, 50.0, 49.0, 30.0, 29.0, 15.0, 14.0, 9.0, 8.0, 3.0]
    ceilings = [
        _ceiling(inn, c, others=frozenset({"atrial_fibrillation"}), jurisdiction=jurisdiction)
        for c in numbers
    ]
    assert ceilings == sorted(ceilings, reverse=True), dict(zip(numbers, ceilings, strict=True))


def _is_an_exception(condition: str, of: Criterion, negated: bool = False) -> bool:
    """Whether a criterion names a condition as what it does not speak of, such as the indication of
    a drug or a pacemaker.
    """
    if isinstance(of, HasCondition):
        return negated and condition in of.keys
    if isinstance(of, Not):
        return _is_an_exception(condition, of.part, not negated)
    return isinstance(of, AllOf | AnyOf) and any(
        _is_an_exception(condition, part, negated) for part in of.parts
    )


def _feasible(options: Sequence[Dose], told: frozenset[str], but: str = "") -> set[bytes]:
    """The choices that the rules leave to a woman of 78, without the rules that name `but` as an
    exception.
    """
    facts = Facts(numbers={"age_years": 78.0}, words={"sex": "female"}, conditions=told)
    found = assess_facts(facts, [drug(inn) for inn in sorted({o.drug.inn for o in options})])
    lifted = {r.id for r in shipped_rules().rules if _is_an_exception(but, r.when)}
    constraints = [
        c for c in eligibility_constraints(options, found) if c.name.split(": ")[1] not in lifted
    ]
    return {row.tobytes() for row in allowed(len(options), constraints, seed=0).bits}


@more
@given(
    inns=st.lists(st.sampled_from(INNS), min_size=2, max_size=6, unique=True),
    before=st.frozensets(conditions, max_size=4),
    added=excluding,
)
@example(inns=["donepezil", "amitriptyline"], before=frozenset(), added="parkinson_disease")
@example(inns=["digoxin", "lorazepam"], before=frozenset(), added="heart_failure")
@example(inns=["digoxin", "lorazepam"], before=frozenset(), added="seizure")
def test_a_further_diagnosis_never_enlarges_the_feasible_set(
    inns: list[str], before: frozenset[str], added: str
) -> None:
    """Save by what a rule itself names: heart failure is an indication for digoxin, which "no
    indication" then no longer bars.
    """
    assert added in known_conditions()
    options = [o for o in every_dose() if o.drug.inn in inns]
    assume(len(options) <= 12)
    assert _feasible(options, before | {added}) <= _feasible(options, before, but=added)


def test_a_diagnosis_that_is_no_indication_lifts_nothing() -> None:
    """Cholinesterase inhibitors treat the dementia of Parkinson's disease, not the disease."""
    options = reference_doses("donepezil", "rivastigmine")
    neither, disease, dementia = (
        _feasible(options, frozenset(told))
        for told in ((), ("parkinson_disease",), ("parkinson_disease", "dementia"))
    )
    assert len(neither) == 1
    assert disease == neither
    assert dementia > disease


@few
@given(
    inn=st.sampled_from(INNS), age=st.floats(50.0, 92.0), sex=st.sampled_from(["female", "male"])
)
def test_without_an_indication_nothing_is_gained_whatever_the_horizon(
    inn: str, age: float, sex: str
) -> None:
    person = a_person(NOTHING, age_years=age, sex=sex, mmse=29.0)
    for horizon_years in (0.5, 1.5, 10.0):
        kinds = _kinds(reference_doses(inn), person, horizon_years=horizon_years)
        assert kinds[GOOD].max() <= 0.0
        gained = {KINDS[k] for k in np.flatnonzero(kinds > 1e-12)}
        assert not gained
        assert kinds.sum() <= 0.0


@few
@given(inns=st.lists(st.sampled_from(INNS), min_size=1, max_size=4, unique=True))
def test_drugs_beside_one_another_gain_nothing_without_an_indication(inns: list[str]) -> None:
    assert (
        _kinds(reference_doses(*inns), a_person(NOTHING, age_years=40.0, mmse=30.0))[GOOD].max()
        <= 0.0
    )


def test_risperidone_harms_a_poor_metaboliser_at_most_half_more() -> None:
    """Active moiety 1.44-fold (Pharmacotherapy 2020;40:632)."""
    poor, normal = (
        _kinds(
            reference_doses("risperidone"),
            a_person(activity={"CYP2D6": relative_activity(s)}),
            draws=64,
        )
        for s in (0.0, 2.0)
    )
    harm = HARM | np.array([k in ("stroke", "survival") for k in KINDS])
    assert 1.0 < poor[harm].sum() / normal[harm].sum() <= 1.5


COGNITION = KINDS.index("symptomatic cognition")


@pytest.mark.parametrize("beside", ["oxybutynin", "amitriptyline"])
def test_an_antimuscarinic_takes_from_what_donepezil_gives(beside: str) -> None:
    person = a_person()
    alone, both = (
        _kinds(reference_doses(*names), person)[COGNITION]
        for names in (("donepezil",), ("donepezil", beside))
    )
    assert 0.0 < both < alone


@pytest.mark.parametrize("beside", ["paroxetine", "bupropion"])
def test_an_inhibitor_of_its_enzymes_does_not_take_from_it(beside: str) -> None:
    """More exposure and, by receptors, no more than paroxetine's small affinity for M1 takes
    back.
    """
    person = a_person()
    panel = a_panel(reference_doses("donepezil", beside), person)
    weak = panel.effects.receptor_odds[:, 1, 3].mean()
    alone, both = (
        _kinds(reference_doses(*names), person)[COGNITION]
        for names in (("donepezil",), ("donepezil", beside))
    )
    assert both >= alone * (1.0 - 0.05) if weak < 0.2 else both > 0.0
    exposure = respond(panel, np.array([[0, -1], [0, 1]]), horizon_years=1.5)[0][:, :, 0].mean(
        axis=1
    )
    assert exposure[1] > exposure[0]


@few
@given(
    others=st.lists(
        st.sampled_from([i for i in INNS if drug(i).drug_class != "antipsychotic"]),
        max_size=3,
        unique=True,
    ),
    age=st.floats(60.0, 90.0),
)
def test_olanzapine_without_psychosis_is_no_better_over_a_longer_time(
    others: list[str], age: float
) -> None:
    """What it adds to other drugs at ten years is at most what it adds at 1.5: deaths go on to
    cost.

    Beside a second antipsychotic, whose own deaths leave less to lose over ten years, this need not
    be so.
    """
    person = a_person(
        frozenset({"alzheimer_disease", "dementia", "mild_dementia"}), age_years=age, mmse=22.0
    )
    added = []
    for horizon_years in (1.5, 10.0):
        with_it = _kinds(
            reference_doses("olanzapine", *others), person, horizon_years=horizon_years
        )
        without = (
            _kinds(reference_doses(*others), person, horizon_years=horizon_years)
            if others
            else np.zeros(len(KINDS))
        )
        added.append(float((with_it - without).sum()))
    assert added[0] < 0.0
    assert added[1] <= added[0] + 1e-3


PAIN, STROKE = KINDS.index("pain"), KINDS.index("stroke")


@few
@given(
    low=st.floats(0.0, 2.0),
    high=st.floats(0.0, 2.0),
    blocker=st.sampled_from(["paroxetine", "bupropion"]),
)
def test_losing_or_blocking_cyp2d6_never_raises_what_tramadol_does_for_pain(
    low: float, high: float, blocker: str
) -> None:
    assume(low < high)
    slow, fast = (a_person(activity={"CYP2D6": relative_activity(s)}) for s in (low, high))
    assert (
        0.0
        <= _kinds(reference_doses("tramadol"), slow)[PAIN]
        <= _kinds(reference_doses("tramadol"), fast)[PAIN] + 1e-12
    )
    alone, blocked = (
        _kinds(reference_doses(*names), fast) for names in (("tramadol",), ("tramadol", blocker))
    )
    assert blocked[PAIN] <= alone[PAIN] + 1e-12


def test_clopidogrel_prevents_less_in_poor_metabolisers_of_cyp2c19() -> None:
    gains = [
        _kinds(
            reference_doses("clopidogrel"), a_person(frozenset({"stroke"}), activity={"CYP2C19": a})
        )
        for a in (0.0, 1.0)
    ]
    for kind in ("stroke", "infarction"):
        poor, normal = (g[KINDS.index(kind)] for g in gains)
        assert 0.0 < poor < 0.9 * normal


def test_warfarin_stays_longer_as_cyp2c9_is_lost_and_bleeds_more() -> None:
    exposures, bleeding = [], []
    for activity in (0.214, 0.612, 1.0):
        panel: Panel = a_panel(reference_doses("warfarin"), a_person(activity={"CYP2C9": activity}))
        exposure, kinds, _ = respond(panel, rows_of(panel, "warfarin"), horizon_years=1.5)
        exposures.append(float(exposure.mean()))
        bleeding.append(float(kinds[..., KINDS.index("bleeding")].mean()))
    assert exposures[0] > exposures[1] > exposures[2]
    assert bleeding[0] < bleeding[1] < bleeding[2] < 0.0
