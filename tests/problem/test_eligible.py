"""Rules as constraints: against a plain reading of each rule over every choice, and what must be
monotone.
"""

from __future__ import annotations

import dataclasses
import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.rule_book import RuleBook
from qtwin.problem.constraint import AtMost, NotBoth
from qtwin.problem.feasible import feasible_bits
from qtwin.problem.rules import eligibility_constraints
from tests.oracles.rule_sets import book_of, rule_set

OPTIONS = (
    Dose(drug=drug("citalopram"), amount_mg=20.0, interval_h=24.0),
    Dose(drug=drug("citalopram"), amount_mg=40.0, interval_h=24.0),
    Dose(drug=drug("tramadol"), amount_mg=50.0, interval_h=6.0),
    Dose(drug=drug("lorazepam"), amount_mg=1.0, interval_h=24.0),
    Dose(drug=drug("lecanemab"), amount_mg=700.0, interval_h=336.0),
    Dose(drug=drug("warfarin"), amount_mg=5.0, interval_h=24.0),
)
N = len(OPTIONS)
INNS = tuple(dict.fromkeys(o.drug.inn for o in OPTIONS))
DRUGS = tuple(drug(inn) for inn in INNS)
GROUPS = {"cns": {"drugs": ["tramadol", "lorazepam", "citalopram", "gabapentin"]}}


def _allowed(book: RuleBook, facts: Facts, **options: Any) -> set[frozenset[int]]:
    found = eligibility_constraints(OPTIONS, assess_facts(facts, DRUGS, book=book, **options))
    return {frozenset(np.flatnonzero(row).tolist()) for row in feasible_bits(N, found)}


def _choices() -> list[frozenset[int]]:
    return [frozenset(s) for k in range(N + 1) for s in itertools.combinations(range(N), k)]


def _taken(choice: frozenset[int]) -> set[str]:
    return {OPTIONS[i].drug.inn for i in choice}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_no_rule_forbids_nothing(folder: Path) -> None:
    assert _allowed(book_of(folder, rule_set()), Facts()) == set(_choices())


def test_an_exclusion_is_one_named_constraint_with_its_text_and_source(folder: Path) -> None:
    rule = {
        "id": "out",
        "drugs": ["citalopram", "tramadol"],
        "strength": "contraindicated",
        "text": "Never.",
        "source": "label 4",
    }
    book = book_of(folder, rule_set(rule))
    (constraint,) = eligibility_constraints(OPTIONS, assess_facts(Facts(), DRUGS, book=book))
    assert constraint == AtMost(
        name="eligibility: out", reason="Never. (label 4)", limit=0, members=(0, 1, 2)
    )
    assert _allowed(book, Facts()) == {
        c for c in _choices() if not _taken(c) & {"citalopram", "tramadol"}
    }


def test_a_ceiling_takes_out_the_doses_above_it(folder: Path) -> None:
    book = book_of(
        folder,
        rule_set({"id": "cap", "drug": "citalopram", "strength": "dose", "max_daily_mg": 20}),
    )
    assert _allowed(book, Facts()) == {c for c in _choices() if 1 not in c}


def test_a_pair_is_kept_apart_once_and_not_where_one_is_out_anyway(folder: Path) -> None:
    pair = {
        "id": "pair",
        "drug": "lecanemab",
        "strength": "avoid",
        "with": {"class": "anticoagulant"},
    }
    other = {"id": "again", "drug": "warfarin", "strength": "avoid", "with": {"drug": "lecanemab"}}
    book = book_of(folder, rule_set(pair, other))
    (constraint,) = eligibility_constraints(OPTIONS, assess_facts(Facts(), DRUGS, book=book))
    assert isinstance(constraint, NotBoth)
    assert constraint.pair == (4, 5)
    assert constraint.name.startswith("eligibility: ")
    assert _allowed(book, Facts()) == {c for c in _choices() if not {4, 5} <= c}
    out = {"id": "out", "drug": "warfarin", "strength": "contraindicated"}
    found = eligibility_constraints(
        OPTIONS, assess_facts(Facts(), DRUGS, book=book_of(folder, rule_set(pair, out)))
    )
    assert [c.name for c in found] == ["eligibility: out"]


def test_a_ceiling_beside_a_candidate_keeps_the_higher_dose_from_it(folder: Path) -> None:
    rule = {
        "id": "cap",
        "drug": "citalopram",
        "strength": "dose",
        "max_daily_mg": 20,
        "with": {"drug": "tramadol"},
    }
    assert _allowed(book_of(folder, rule_set(rule)), Facts()) == {
        c for c in _choices() if not {1, 2} <= c
    }


@pytest.mark.parametrize(("going_on", "limit"), [((), 2), (("gabapentin",), 1)])
def test_a_number_at_once_counts_the_medicines_that_go_on(
    folder: Path, going_on: tuple[str, ...], limit: int
) -> None:
    rule = {
        "id": "few",
        "group": "cns",
        "strength": "avoid",
        "count": {"group": "cns", "more_than": 2},
    }
    book = book_of(folder, rule_set(rule, groups=GROUPS))
    assert _allowed(book, Facts(medicines=frozenset(going_on))) == {
        c for c in _choices() if len(c & {0, 1, 2, 3}) <= limit
    }
    assert _allowed(book, Facts(medicines=frozenset(going_on)), lift=["few"]) == set(_choices())


@pytest.mark.parametrize(
    ("taken", "counted"),
    [
        ((), {0, 1, 2, 3}),
        (("citalopram",), {2, 3}),
        (("sertraline",), {2, 3}),
        (("lorazepam", "gabapentin"), {0, 1, 2}),
    ],
)
def test_a_number_begun_counts_only_classes_that_are_not_taken(
    folder: Path, taken: tuple[str, ...], counted: set[int]
) -> None:
    rule = {
        "id": "one",
        "group": "cns",
        "strength": "avoid",
        "count": {"group": "cns", "more_than": 1, "begun": True},
    }
    book = book_of(folder, rule_set(rule, groups=GROUPS))
    facts = Facts(medicines=frozenset(taken))
    assert _allowed(book, facts) == {c for c in _choices() if len(c & counted) <= 1}
    assert _allowed(book, facts, lift=["one"]) == set(_choices())


def test_a_dose_raised_counts_as_begun(folder: Path) -> None:
    rule = {
        "id": "one",
        "group": "cns",
        "strength": "avoid",
        "count": {"group": "cns", "more_than": 1, "begun": True},
    }
    book = book_of(folder, rule_set(rule, groups=GROUPS))
    found = assess_facts(Facts(medicines=frozenset({"citalopram"})), DRUGS, book=book)
    told = eligibility_constraints(
        OPTIONS, dataclasses.replace(found, taken_daily_mg={"citalopram": 20.0})
    )
    allowed = {frozenset(np.flatnonzero(row).tolist()) for row in feasible_bits(N, told)}
    # 40 mg is raised, 20 mg is not
    assert allowed == {c for c in _choices() if len(c & {1, 2, 3}) <= 1}


def test_cautions_and_lifted_rules_forbid_nothing(folder: Path) -> None:
    rules = (
        {"id": "mind", "drug": "tramadol", "strength": "caution"},
        {"id": "avoid", "drug": "warfarin", "strength": "avoid"},
    )
    assert _allowed(book_of(folder, rule_set(*rules)), Facts(), lift=["avoid"]) == set(_choices())


def test_where_nothing_is_eligible_no_drug_is_left(folder: Path) -> None:
    book = book_of(
        folder, rule_set({"id": "none", "drugs": list(INNS), "strength": "contraindicated"})
    )
    assert _allowed(book, Facts()) == {frozenset()}


KEYS = ("epilepsy", "falls", "bleeding", "dialysis")


def _rules() -> st.SearchStrategy[list[dict[str, Any]]]:
    subject = st.one_of(
        st.sampled_from(INNS).map(lambda inn: {"drug": inn}), st.just({"group": "cns"})
    )
    strength = st.sampled_from(
        [{"strength": "contraindicated"}, {"strength": "avoid"}, {"strength": "caution"}]
        + [{"strength": "dose", "max_daily_mg": mg} for mg in (4, 20, 150)]
    )
    keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True)
    when = st.one_of(
        keys.map(lambda k: {"condition": k}),
        keys.map(lambda k: {"all_conditions": k}),
        st.tuples(keys, st.integers(60, 90)).map(
            lambda p: {"any": [{"condition": p[0]}, {"age_years": {"at_least": p[1]}}]}
        ),
    )
    partner = st.one_of(st.just({}), st.sampled_from(INNS).map(lambda inn: {"with": {"drug": inn}}))
    rule = st.tuples(subject, strength, when, partner).map(
        lambda p: {**p[0], **p[1], "when": p[2], **p[3]}
    )
    return st.lists(rule, min_size=1, max_size=5).map(
        lambda rs: [{"id": f"r-{i}", **r} for i, r in enumerate(rs)]
    )


@settings(max_examples=80, deadline=None)
@given(
    rules=_rules(),
    before=st.frozensets(st.sampled_from(KEYS)),
    new=st.sampled_from(KEYS),
    age_years=st.one_of(st.none(), st.floats(50, 100)),
    medicines=st.frozensets(st.sampled_from([*INNS, "gabapentin"]), max_size=3),
)
def test_a_further_contraindicating_condition_never_enlarges_what_is_feasible(
    rules: list[dict[str, Any]],
    before: frozenset[str],
    new: str,
    age_years: float | None,
    medicines: frozenset[str],
) -> None:
    sets = [
        rule_set(rule, groups=GROUPS if i == 0 else None, precedence=i)
        for i, rule in enumerate(rules)
    ]
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(Path(folder), *sets)
    numbers = {} if age_years is None else {"age_years": age_years}
    feasible = [
        _allowed(book, Facts(numbers=numbers, conditions=conditions, medicines=medicines))
        for conditions in (before, before | {new})
    ]
    assert feasible[1] <= feasible[0]
