"""What rules say of a person: exclusion, ceilings, pairs, numbers, allergies, what was lifted, and
what was not known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.person import Condition, Patient
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import Eligibility, assess, assess_facts
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import drug, formulary
from qtwin.pharmacology.rule_book import RuleBook
from tests.oracles.rule_sets import book_of, rule_set

Make = Callable[..., Patient]
CLEARANCE = "creatinine_clearance_mL_per_min"
GROUPS = {
    "macrolides": {"drugs": ["clarithromycin", "erythromycin"]},
    "cns": {"drugs": ["lorazepam", "tramadol", "quetiapine", "mirtazapine", "gabapentin"]},
    "nsaids": {
        "name": "anti-inflammatory drugs",
        "drugs": ["aspirin", "ibuprofen"],
        "cross_reactive": True,
    },
}
RULES: tuple[dict[str, Any], ...] = (
    {
        "id": "epilepsy",
        "drug": "bupropion",
        "strength": "contraindicated",
        "when": {"condition": ["epilepsy", "seizure"]},
    },
    {
        "id": "qt-500",
        "drugs": ["citalopram", "donepezil"],
        "strength": "contraindicated",
        "when": {"qtc": {"at_least": 500}},
    },
    {
        "id": "qt-450",
        "drug": "citalopram",
        "strength": "caution",
        "when": {"qtc": {"at_least": 450}},
    },
    {
        "id": "old",
        "drug": "citalopram",
        "strength": "dose",
        "max_daily_mg": 20,
        "when": {"age_years": {"above": 60}},
    },
    {
        "id": "slow",
        "drug": "citalopram",
        "strength": "dose",
        "max_daily_mg": 10,
        "start_daily_mg": 10,
        "when": {"phenotype": {"CYP2C19": "poor metabolizer"}},
    },
    {"id": "falls", "class": "benzodiazepine", "strength": "avoid", "when": {"condition": "falls"}},
    {
        "id": "antibody-clot",
        "class": "anti-amyloid antibody",
        "strength": "avoid",
        "with": {"class": "anticoagulant"},
    },
    {
        "id": "statin-macrolide",
        "drug": "atorvastatin",
        "strength": "dose",
        "max_daily_mg": 20,
        "with": {"group": "macrolides"},
    },
    {
        "id": "ssri-bleeds",
        "drug": "citalopram",
        "strength": "caution",
        "with": {"class": "antiplatelet"},
    },
    {
        "id": "bleeds-ssri",
        "class": "antiplatelet",
        "strength": "caution",
        "with": {"drug": "citalopram"},
    },
    {
        "id": "three-cns",
        "group": "cns",
        "strength": "avoid",
        "count": {"group": "cns", "more_than": 2},
    },
)


@pytest.fixture
def book(tmp_path: Path) -> RuleBook:
    return book_of(tmp_path, rule_set(*RULES, groups=GROUPS))


def _dose(inn: str, amount_mg: float, interval_h: float = 24.0) -> Dose:
    return Dose(drug=drug(inn), amount_mg=amount_mg, interval_h=interval_h)


def _assess(book: RuleBook, facts: Facts, *inns: str, **options: Any) -> Eligibility:
    return assess_facts(facts, [drug(inn) for inn in inns], book=book, **options)


def _ids(found: tuple[Any, ...]) -> set[str]:
    return {f.rule.id for f in found}


def test_a_contraindication_excludes_every_dose(book: RuleBook) -> None:
    found = _assess(book, Facts(conditions=frozenset({"seizure"})), "bupropion")
    assert found.status(drug("bupropion")) == "excluded"
    assert _ids(found.excluded(_dose("bupropion", 1.0))) == {"epilepsy"}
    assert _assess(book, Facts(), "bupropion").status(drug("bupropion")) == "eligible"


def test_ceilings_bind_together_and_the_lowest_holds(book: RuleBook) -> None:
    facts = Facts(numbers={"age_years": 80.0}, words={"CYP2C19 phenotype": "poor metabolizer"})
    found = _assess(book, facts, "citalopram")
    assert found.ceiling_daily_mg("citalopram") == 10.0
    assert found.starting_dose("citalopram") == 10.0
    assert _ids(found.excluded(_dose("citalopram", 40.0))) == {"old", "slow"}
    assert _ids(found.excluded(_dose("citalopram", 20.0))) == {"slow"}
    assert _ids(found.excluded(_dose("citalopram", 10.0))) == set()
    assert _ids(found.excluded(_dose("citalopram", 10.0, 12.0))) == {"slow"}


def test_a_start_is_never_above_a_ceiling(tmp_path: Path) -> None:
    start = {"id": "start", "drug": "citalopram", "strength": "dose", "start_daily_mg": 20}
    old = {
        "id": "old",
        "drug": "citalopram",
        "strength": "dose",
        "max_daily_mg": 10,
        "when": {"age_years": {"above": 60}},
    }
    found = _assess(
        book_of(tmp_path, rule_set(start, old)), Facts(numbers={"age_years": 80.0}), "citalopram"
    )
    assert found.starting_dose("citalopram") == 10.0


def test_a_single_dose_has_its_own_ceiling(tmp_path: Path) -> None:
    rule = {"id": "single", "drug": "metoprolol", "strength": "dose", "max_single_mg": 50}
    found = _assess(book_of(tmp_path, rule_set(rule)), Facts(), "metoprolol")
    assert _ids(found.excluded(_dose("metoprolol", 100.0))) == {"single"}
    assert found.excluded(_dose("metoprolol", 50.0, 6.0)) == ()


def test_a_drug_all_of_whose_doses_are_above_a_ceiling_is_excluded(tmp_path: Path) -> None:
    rule = {"id": "tiny", "drug": "donepezil", "strength": "dose", "max_daily_mg": 1}
    assert (
        _assess(book_of(tmp_path, rule_set(rule)), Facts(), "donepezil").status(drug("donepezil"))
        == "excluded"
    )


def test_an_avoided_drug_may_be_lifted_by_name_and_is_minded_then(book: RuleBook) -> None:
    facts = Facts(conditions=frozenset({"falls"}))
    option = _dose("lorazepam", 1.0)
    assert _ids(_assess(book, facts, "lorazepam").excluded(option)) == {"falls"}
    lifted = _assess(book, facts, "lorazepam", lift=["falls"])
    assert lifted.excluded(option) == ()
    assert lifted.status(drug("lorazepam")) == "eligible"
    assert _ids(lifted.cautions([option])) == {"falls"}


@pytest.mark.parametrize(
    ("rule_id", "message"),
    [
        ("epilepsy", "cannot be lifted"),
        ("old", "cannot be lifted"),
        ("allergy-donepezil", "cannot be lifted"),
        ("fals", "did you mean 'falls'"),
    ],
)
def test_only_what_should_be_avoided_is_lifted(book: RuleBook, rule_id: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        _assess(book, Facts(), "donepezil", lift=[rule_id])
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_a_partner_that_goes_on_excludes_and_one_among_the_candidates_makes_a_pair(
    book: RuleBook,
) -> None:
    facts = Facts(medicines=frozenset({"warfarin"}))
    kept = _assess(book, facts, "lecanemab", "donepezil")
    assert [(f.inn, f.partner) for f in kept.findings] == [("lecanemab", "warfarin")]
    assert kept.status(drug("lecanemab")) == "excluded"
    open_ = _assess(book, facts, "lecanemab", "warfarin")
    assert [(f.inn, f.partner) for f in open_.pairs] == [("lecanemab", "warfarin")]
    assert open_.status(drug("lecanemab")) == "eligible"
    stays = _assess(book, facts, "lecanemab", "warfarin", going_on=["warfarin"])
    assert stays.status(drug("lecanemab")) == "excluded"


def test_a_partner_outside_the_formulary_limits_a_dose(book: RuleBook) -> None:
    found = _assess(book, Facts(medicines=frozenset({"clarithromycin"})), "atorvastatin")
    assert found.ceiling_daily_mg("atorvastatin") == 20.0
    assert found.status(drug("atorvastatin")) == "dose-limited"


def test_cautions_are_those_of_the_chosen_regimen_and_a_pair_is_told_once_a_rule(
    book: RuleBook,
) -> None:
    found = _assess(book, Facts(numbers={"qtc": 460.0}), "citalopram", "aspirin", "donepezil")
    assert _ids(found.cautions([_dose("donepezil", 10.0)])) == set()
    assert _ids(found.cautions([_dose("citalopram", 20.0)])) == {"qt-450"}
    both = found.cautions([_dose("citalopram", 20.0), _dose("aspirin", 75.0)])
    assert sorted(f.rule.id for f in both) == ["bleeds-ssri", "qt-450", "ssri-bleeds"]


def test_a_pair_rule_within_one_group_is_told_once(tmp_path: Path) -> None:
    rule = {"id": "twice", "group": "cns", "strength": "caution", "with": {"group": "cns"}}
    found = _assess(
        book_of(tmp_path, rule_set(rule, groups=GROUPS)), Facts(), "tramadol", "lorazepam"
    )
    assert len(found.pairs) == 2
    assert len(found.cautions([_dose("tramadol", 50.0), _dose("lorazepam", 1.0)])) == 1


def test_a_number_at_once_counts_what_goes_on(book: RuleBook) -> None:
    inns = ("lorazepam", "tramadol", "quetiapine")
    (free,) = _assess(book, Facts(), *inns).counts
    assert (free.limit, free.inns) == (2, frozenset(inns))
    (beside,) = _assess(book, Facts(medicines=frozenset({"gabapentin"})), *inns).counts
    assert (beside.limit, beside.taken) == (1, ("gabapentin",))
    full = _assess(book, Facts(medicines=frozenset({"gabapentin", "mirtazapine"})), *inns)
    assert full.counts == ()
    assert all(full.status(drug(inn)) == "excluded" for inn in inns)
    assert _assess(book, Facts(), "lorazepam", "tramadol").counts == ()


def test_a_caution_on_a_number_is_told_when_it_is_passed(tmp_path: Path) -> None:
    rule = {"id": "few", "group": "cns", "strength": "caution", "count": {"more_than": 1}}
    found = _assess(
        book_of(tmp_path, rule_set(rule, groups=GROUPS)),
        Facts(),
        "lorazepam",
        "tramadol",
        "quetiapine",
    )
    assert found.cautions([_dose("lorazepam", 1.0)]) == ()
    both = found.cautions([_dose("lorazepam", 1.0), _dose("tramadol", 50.0)])
    assert {f.inn for f in both} == {"lorazepam", "tramadol"}


def test_cautions_come_the_gravest_first(tmp_path: Path) -> None:
    texts = {
        "less": "Less of it.",
        "pulse": "Bradycardia: watch the pulse.",
        "qt": "Prolongs QT.",
        "addiction": "Misuse.",
    }
    rules = [
        {"id": k, "drug": "tramadol", "strength": "caution", "text": text}
        for k, text in texts.items()
    ]
    rules[3]["source"] = "Label, boxed warning"
    lifted = {"id": "out", "drug": "tramadol", "strength": "avoid", "text": "Mild."}
    found = _assess(book_of(tmp_path, rule_set(*rules, lifted)), Facts(), "tramadol", lift=["out"])
    told = [f.rule.id for f in found.cautions([_dose("tramadol", 50.0)])]
    assert told[0] == "out"
    assert set(told[1:3]) == {"addiction", "qt"}
    assert told[3:] == ["pulse", "less"]


def test_what_is_not_known_is_said_and_excludes_nothing(book: RuleBook) -> None:
    found = _assess(book, Facts(numbers={"age_years": 70.0}), "citalopram", "donepezil")
    assert found.status(drug("donepezil")) == "eligible"
    assert {(u.rule.id, u.inn, u.missing) for u in found.unchecked} == {
        ("qt-500", "citalopram", ("QTc",)),
        ("qt-500", "donepezil", ("QTc",)),
        ("qt-450", "citalopram", ("QTc",)),
        ("slow", "citalopram", ("CYP2C19 phenotype",)),
    }
    assert found.not_known()[:2] == (
        "QTc unknown: 2 rules not checked",
        "CYP2C19 phenotype unknown: 1 rule not checked",
    )


def test_a_rule_on_a_pair_is_not_missed_where_its_partner_is_not_there(tmp_path: Path) -> None:
    rule = {
        "id": "p",
        "drug": "citalopram",
        "strength": "avoid",
        "when": {"sodium": {"below": 130}},
        "with": {"drug": "furosemide"},
    }
    book = book_of(tmp_path, rule_set(rule))
    assert _assess(book, Facts(), "citalopram").unchecked == ()
    assert len(_assess(book, Facts(), "citalopram", "furosemide").unchecked) == 1
    assert (
        len(_assess(book, Facts(medicines=frozenset({"furosemide"})), "citalopram").unchecked) == 1
    )


def test_unknown_medicines_and_unused_diagnoses_are_listed_and_not_fatal(
    book: RuleBook, patient: Make
) -> None:
    person = patient(medicines=("foxglove", "gabapentin"), conditions=("gout", "epilepsy"))
    nameless = Condition(key="", code="195662009", display="condition 195662009, not used")
    found = assess(
        dataclasses.replace(person, conditions=(*person.conditions, nameless)),
        [drug("donepezil")],
        book=book,
    )
    assert found.unknown_medicines == ("foxglove",)
    assert found.unused_diagnoses == ("gout", "condition 195662009, not used")
    said = " ".join(found.not_known())
    assert "foxglove" in said
    assert "195662009" in said


def test_a_stage_that_nothing_tells_is_said(tmp_path: Path, patient: Make) -> None:
    rule = {
        "id": "severe",
        "drug": "donepezil",
        "strength": "avoid",
        "when": {"condition": "severe_dementia"},
    }
    found = assess(
        patient(conditions=("alzheimer_disease",)),
        [drug("donepezil")],
        book=book_of(tmp_path, rule_set(rule)),
    )
    assert found.status(drug("donepezil")) == "eligible"
    assert "stage of dementia unknown: 1 rule not checked" in found.not_known()


def test_an_old_measurement_that_a_rule_asks_for_is_said(book: RuleBook, patient: Make) -> None:
    person = patient(measured={"qtc": 420.0, "height": 160.0, "heart_rate": 60.0})
    visits = tuple(
        dataclasses.replace(v, date=v.date.replace(year=2023)) if v.biomarker != "heart_rate" else v
        for v in person.visits
    )
    said = assess(
        dataclasses.replace(person, visits=visits), [drug("donepezil")], book=book
    ).not_known()
    assert "QTc is 2.0 years older than the last visit" in said
    assert not any("height" in line for line in said)


def test_a_record_without_diagnoses_says_so(book: RuleBook, patient: Make) -> None:
    assert any(
        "holds no diagnosis" in line
        for line in assess(patient(), [drug("donepezil")], book=book).not_known()
    )


def _allergic(patient: Make, **known: str) -> Patient:
    told = {
        "inn": "",
        "rxnorm": "",
        "atc": "",
        "code": "",
        "kind": "allergy",
        "criticality": "",
        **known,
    }
    person = patient()
    object.__setattr__(person, "allergies", (SimpleNamespace(**told),))
    return person


@pytest.mark.parametrize(
    ("known", "excluded"),
    [
        ({"inn": "donepezil"}, {"donepezil"}),
        ({"rxnorm": "135447"}, {"donepezil"}),
        ({"atc": "N06DA02"}, {"donepezil"}),
        ({"atc": "N06DA"}, {"donepezil", "galantamine", "rivastigmine"}),
        ({"inn": "cholinesterase inhibitor"}, {"donepezil", "galantamine", "rivastigmine"}),
        ({"inn": "ibuprofen"}, {"aspirin"}),
        ({"inn": "clarithromycin"}, set()),
        ({"inn": "penicillin", "atc": "N"}, set()),
    ],
)
def test_an_allergy_excludes_by_name_code_class_and_kin(
    book: RuleBook, patient: Make, known: dict[str, str], excluded: set[str]
) -> None:
    found = assess(_allergic(patient, **known), tuple(formulary().values()), book=book)
    assert {f.inn for f in found.findings if f.rule.id.startswith("allergy-")} == excluded
    assert all(found.status(drug(inn)) == "excluded" for inn in excluded)


def test_an_intolerance_excludes_and_may_be_lifted(book: RuleBook, patient: Make) -> None:
    person = _allergic(patient, inn="donepezil", kind="intolerance")
    assert assess(person, [drug("donepezil")], book=book).status(drug("donepezil")) == "excluded"
    lifted = assess(person, [drug("donepezil")], book=book, lift=["intolerance-donepezil"])
    assert lifted.status(drug("donepezil")) == "eligible"


def test_an_allergy_to_something_without_a_name_is_said(book: RuleBook, patient: Make) -> None:
    found = assess(_allergic(patient, code="1234"), [drug("donepezil")], book=book)
    assert any("allergies to what no code or name tells: 1" in line for line in found.not_known())


def test_rules_of_another_jurisdiction_do_not_hold(tmp_path: Path) -> None:
    us = rule_set({"id": "us", "drug": "donepezil", "strength": "avoid"}, jurisdiction="US")
    eu = rule_set({"id": "eu", "drug": "galantamine", "strength": "avoid"}, jurisdiction="EU")
    book = book_of(tmp_path, us, eu)
    for place, out in (("US", "donepezil"), ("EU", "galantamine")):
        found = _assess(book, Facts(), "donepezil", "galantamine", jurisdiction=place)
        assert {f.inn for f in found.findings} == {out}
    with pytest.raises(InputError, match="unknown jurisdiction"):
        _assess(book, Facts(), "donepezil", jurisdiction="UK")


def test_the_strongest_rule_comes_first(book: RuleBook) -> None:
    facts = Facts(numbers={"qtc": 520.0, "age_years": 70.0})
    assert [f.rule.id for f in _assess(book, facts, "citalopram").findings] == [
        "qt-500",
        "old",
        "qt-450",
    ]
