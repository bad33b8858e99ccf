"""What rules may ask of a patient."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest

from qtwin.patient.person import NO_AGE, Genotype, Medication, Patient, Visit
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import MEASURES, STAGES, facts_of, stage_of
from qtwin.pharmacology.formulary import formulary

Make = Callable[..., Patient]


def test_unknown_things_are_absent_and_known_ones_have_their_last_value(patient: Make) -> None:
    person = patient(measured={"qtc": 470.0, "heart_rate": 52.0}, weight_kg=61.0, apoe_e4_copies=2)
    later = Visit(date=dt.date(2025, 3, 31), biomarker="heart_rate", value=48.0, unit="1/min")
    facts = facts_of(dataclasses.replace(person, visits=(*person.visits, later)))
    assert facts.numbers == {
        "age_years": 80.0,
        "weight_kg": 61.0,
        "apoe_e4_copies": 2.0,
        "qtc": 470.0,
        "heart_rate": 48.0,
    }
    assert facts.measured_days_ago == {"qtc": 30, "heart_rate": 0}
    assert facts.words == {"sex": "female"}


def test_an_assumed_age_and_an_unknown_sex_are_not_known(patient: Make) -> None:
    facts = facts_of(patient(missing=(NO_AGE,), sex="unknown"))
    assert "age_years" not in facts.numbers
    assert "sex" not in facts.words


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("Poor Metabolizer", "poor metabolizer"),
        ("Likely Intermediate Metabolizer", "intermediate metabolizer"),
        ("unknown", None),
        ("Indeterminate", None),
    ],
)
def test_phenotypes_are_read_in_standard_words(patient: Make, told: str, word: str | None) -> None:
    assert facts_of(patient(phenotypes={"CYP2C19": told})).words.get("CYP2C19 phenotype") == word


def test_activity_scores_are_numbers_where_they_are_known(patient: Make) -> None:
    genes = {"CYP2D6": 0.0, "CYP2C19": None, "TPMT": 1.0}
    genotypes = {
        g: Genotype(gene=g, diplotype="", activity_score=score, phenotype="", source="a test")
        for g, score in genes.items()
    }
    numbers = facts_of(patient(genotypes=genotypes)).numbers
    assert {name: value for name, value in numbers.items() if name.endswith("score")} == {
        "CYP2D6 activity score": 0.0
    }
    assert numbers.keys() <= MEASURES.keys()


@pytest.mark.parametrize(
    ("numbers", "days_ago", "stage"),
    [
        ({"mmse": 26.0}, {}, "mild_dementia"),
        ({"mmse": 21.0}, {}, "mild_dementia"),
        ({"mmse": 20.0}, {}, "moderate_dementia"),
        ({"mmse": 10.0}, {}, "moderate_dementia"),
        ({"mmse": 9.0}, {}, "severe_dementia"),
        ({"cdr_sb": 4.5}, {}, "mild_dementia"),
        ({"cdr_sb": 9.5}, {}, "moderate_dementia"),
        ({"cdr_sb": 16.0}, {}, "severe_dementia"),
        ({"cdr_sb": 17.0, "mmse": 25.0}, {"cdr_sb": 10, "mmse": 300}, "severe_dementia"),
        ({"cdr_sb": 6.0, "mmse": 8.0}, {"cdr_sb": 300, "mmse": 10}, "severe_dementia"),
        ({}, {}, None),
    ],
)
def test_the_stage_follows_the_newest_scale(
    numbers: dict[str, float], days_ago: dict[str, int], stage: str | None
) -> None:
    assert stage_of(frozenset({"alzheimer_disease"}), numbers, days_ago) == stage


def test_a_scale_stages_no_dementia_that_is_not_recorded() -> None:
    assert stage_of(frozenset({"hypertension"}), {"mmse": 12.0}, {}) is None
    assert (
        stage_of(frozenset({"alzheimer_disease", "mild_cognitive_impairment"}), {"mmse": 25.0}, {})
        is None
    )


def test_a_measured_stage_replaces_a_recorded_one(patient: Make) -> None:
    recorded = ("alzheimer_disease", "mild_dementia")
    assert "mild_dementia" in facts_of(patient(conditions=recorded)).conditions
    conditions = facts_of(patient(conditions=recorded, measured={"mmse": 7.0})).conditions
    assert "severe_dementia" in conditions
    assert "mild_dementia" not in conditions


def test_a_recorded_dementia_that_nothing_stages_leaves_its_stage_open(patient: Make) -> None:
    assert facts_of(patient(conditions=("alzheimer_disease",))).open_conditions == set(STAGES)
    for known in (
        {"conditions": ("alzheimer_disease", "mild_dementia")},
        {"conditions": ("alzheimer_disease", "mild_cognitive_impairment")},
        {"conditions": ("alzheimer_disease",), "measured": {"mmse": 20.0}},
        {"conditions": ("gout",)},
    ):
        assert facts_of(patient(**known)).open_conditions == frozenset()


def test_what_a_condition_implies_holds_with_it(patient: Make) -> None:
    conditions = facts_of(patient(conditions=("myocardial_infarction",))).conditions
    assert {"myocardial_infarction", "coronary_disease", "vascular_disease"} <= conditions


def test_medicines_are_known_by_code_before_name(patient: Make) -> None:
    medications = (
        Medication(inn="eliquis", atc="B01AF02"),
        Medication(inn="lithium"),
        Medication(inn="x", rxnorm="135447"),
    )
    assert facts_of(patient(medications=medications)).medicines == {
        "apixaban",
        "lithium",
        "donepezil",
    }


def test_a_medicine_outside_the_formulary_is_known_by_code_alone(patient: Make) -> None:
    medications = (Medication(inn="tablet", atc="C08DA01"), Medication(inn="", rxnorm="4493"))
    assert facts_of(patient(medications=medications)).medicines == {"verapamil", "fluoxetine"}


@pytest.mark.parametrize(("clearance", "fails"), [(14.9, True), (15.0, False), (None, False)])
def test_kidneys_fail_below_15_mL_per_min_whether_the_record_says_so_or_not(
    patient: Make, clearance: float | None, fails: bool
) -> None:
    facts = facts_of(
        patient(creatinine_clearance_mL_per_min=clearance, conditions=("atrial_fibrillation",))
    )
    assert ({"kidney_failure", "chronic_kidney_disease"} <= facts.conditions) == fails
    assert "atrial_fibrillation" in facts.conditions


def test_some_anticoagulant_is_left_in_the_eu_where_the_kidneys_fail(patient: Make) -> None:
    """EU labels: apixaban not below 15 mL/min; warfarin with more frequent INR."""
    facts = facts_of(
        patient(creatinine_clearance_mL_per_min=12.0, conditions=("atrial_fibrillation",))
    )
    drugs = [formulary()["apixaban"], formulary()["warfarin"]]
    found = assess_facts(facts, drugs, jurisdiction="EU")
    assert [found.status(drug) for drug in drugs] == ["excluded", "eligible"]
