"""The shipped rules: each comes to hold on facts made for it, and what must be monotone is."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.patient.condition import known_conditions, with_implied
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.rule import JURISDICTIONS
from qtwin.pharmacology.rule_book import shipped_rules
from qtwin.pharmacology.witness import witness

CLEARANCE = "creatinine_clearance_mL_per_min"
DRUGS = tuple(formulary().values())


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_every_rule_is_reached(jurisdiction: str) -> None:
    book = shipped_rules()
    for rule in book.rules:
        if not rule.holds_in(jurisdiction) or rule.id in book.set_aside[jurisdiction]:
            continue
        if rule.begun:  # it limits candidates, whatever goes on
            facts, several = (
                witness(rule.when),
                [formulary()[inn] for inn in sorted(rule.subject.inns & formulary().keys())],
            )
            assert facts is not None, rule.id
            found = assess_facts(facts, several, jurisdiction=jurisdiction, book=book)
            assert rule.id in {count.rule.id for count in found.counts}, rule.id
            continue
        facts = witness(rule.when)
        assert facts is not None, rule.id
        inn = min(rule.subject.inns & formulary().keys())
        beside = (
            rule.partner.inns
            if rule.partner
            else rule.subject.inns
            if rule.more_than
            else frozenset[str]()
        )
        medicines = facts.medicines | frozenset(sorted(beside - {inn})[: rule.more_than or 1])
        found = assess_facts(
            dataclasses.replace(facts, medicines=medicines),
            [formulary()[inn]],
            jurisdiction=jurisdiction,
            book=book,
            going_on=medicines,
        )
        assert rule.id in {f.rule.id for f in found.of(inn)}, rule.id


def _people() -> st.SearchStrategy[Facts]:
    measured = {
        "age_years": st.floats(50, 100),
        "weight_kg": st.floats(40, 110),
        "systolic_bp": st.floats(80, 190),
        "heart_rate": st.floats(35, 110),
        "qtc": st.floats(380, 540),
        "potassium": st.floats(2.5, 6.5),
        "sodium": st.floats(120, 150),
        "mmse": st.floats(0, 30),
        "serum_creatinine": st.floats(0.5, 4.0),
        "apoe_e4_copies": st.sampled_from([0.0, 1.0, 2.0]),
        CLEARANCE: st.floats(3, 120),
    }
    return st.builds(
        Facts,
        numbers=st.fixed_dictionaries(measured),
        words=st.fixed_dictionaries(
            {
                "sex": st.sampled_from(["female", "male"]),
                "CYP2D6 phenotype": st.sampled_from(
                    ["poor metabolizer", "normal metabolizer", "ultrarapid metabolizer"]
                ),
                "CYP2C19 phenotype": st.sampled_from(
                    ["poor metabolizer", "intermediate metabolizer", "normal metabolizer"]
                ),
            }
        ),
        conditions=st.frozensets(st.sampled_from(sorted(known_conditions())), max_size=4).map(
            with_implied
        ),
        medicines=st.frozensets(
            st.sampled_from(sorted(shipped_rules().known_medicines)), max_size=3
        ),
    )


@settings(max_examples=60, deadline=None)
@given(facts=_people(), factor=st.floats(0.05, 1.0), jurisdiction=st.sampled_from(JURISDICTIONS))
def test_worse_kidneys_never_raise_a_ceiling(
    facts: Facts, factor: float, jurisdiction: str
) -> None:
    creatinine_mg_per_dL = min(30.0, facts.numbers["serum_creatinine"] / factor)
    lower = {
        **facts.numbers,
        CLEARANCE: facts.numbers[CLEARANCE] * factor,
        "serum_creatinine": creatinine_mg_per_dL,
    }
    better = assess_facts(facts, DRUGS, jurisdiction=jurisdiction)
    worse = assess_facts(
        dataclasses.replace(facts, numbers=lower), DRUGS, jurisdiction=jurisdiction
    )
    for drug in DRUGS:
        before, after = better.ceiling_daily_mg(drug.inn), worse.ceiling_daily_mg(drug.inn)
        if worse.status(drug) != "excluded" and before is not None:
            assert after is not None, drug.inn
            assert after <= before, drug.inn


@settings(max_examples=60, deadline=None)
@given(
    facts=_people(),
    key=st.sampled_from(sorted(known_conditions())),
    jurisdiction=st.sampled_from(JURISDICTIONS),
)
def test_a_contraindicating_condition_excludes_its_drugs(
    facts: Facts, key: str, jurisdiction: str
) -> None:
    """Whatever else is there, a rule that asks for this condition alone excludes."""
    found = assess_facts(
        dataclasses.replace(facts, conditions=facts.conditions | with_implied({key})),
        DRUGS,
        jurisdiction=jurisdiction,
    )
    only = Facts(conditions=with_implied({key}))
    for finding in assess_facts(only, DRUGS, jurisdiction=jurisdiction).findings:
        if finding.rule.excludes and finding.rule.when.asks() == {key}:
            assert found.status(formulary()[finding.inn]) == "excluded"
