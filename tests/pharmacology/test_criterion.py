"""Criteria against Kleene's tables, a plain reading of each key, and every way to write one
wrongly.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.pharmacology.criterion import (
    AllOf,
    AnyOf,
    Criterion,
    Not,
    kleene_and,
    kleene_not,
    kleene_or,
    read_criterion,
)
from qtwin.pharmacology.drug_group import DrugGroup
from qtwin.pharmacology.facts import STAGES, Facts

GROUPS = {
    "macrolides": DrugGroup(
        name="macrolides", inns=frozenset({"clarithromycin", "erythromycin"}), source="a test"
    )
}
TRUTHS = (True, None, False)
# Kleene 1952, section 64: 0 below 1/2 below 1, and is the lesser, or the greater
ORDER = {False: 0, None: 1, True: 2}


def read(**table: Any) -> Criterion:
    return read_criterion(table, where="set.toml, rule r", groups=GROUPS)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(TRUTHS, TRUTHS)))
def test_and_is_the_lesser_and_or_the_greater(a: bool | None, b: bool | None) -> None:
    assert kleene_and([a, b]) is min((a, b), key=ORDER.__getitem__)
    assert kleene_or([a, b]) is max((a, b), key=ORDER.__getitem__)
    assert kleene_not(kleene_and([a, b])) is kleene_or([kleene_not(a), kleene_not(b)])


def test_the_empty_conjunction_holds_and_the_empty_disjunction_does_not() -> None:
    assert kleene_and([]) is True
    assert kleene_or([]) is False


def _trees() -> st.SearchStrategy[Criterion]:
    leaves = st.sampled_from(
        [
            read(qtc={"at_least": 500}),
            read(heart_rate={"below": 50}),
            read(age_years={"above": 74.5, "at_most": 90}),
            read(sex="female"),
            read(condition=["epilepsy", "seizure"]),
            read(condition=["gout", "severe_dementia"]),
            read(medicine={"group": "macrolides"}),
            read(phenotype={"CYP2C19": "poor metabolizer"}),
        ]
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: AllOf(parts=tuple(parts))),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(parts=tuple(parts))),
            inner.map(lambda part: Not(part=part)),
        ),
        max_leaves=8,
    )


def _facts() -> st.SearchStrategy[Facts]:
    return st.builds(
        Facts,
        numbers=st.fixed_dictionaries(
            {},
            optional={
                "qtc": st.floats(300, 600),
                "heart_rate": st.floats(30, 120),
                "age_years": st.floats(50, 100),
            },
        ),
        words=st.fixed_dictionaries(
            {},
            optional={
                "sex": st.sampled_from(["female", "male"]),
                "CYP2C19 phenotype": st.sampled_from(["poor metabolizer", "normal metabolizer"]),
            },
        ),
        conditions=st.frozensets(st.sampled_from(["epilepsy", "seizure", "gout"])),
        open_conditions=st.sampled_from([frozenset(), frozenset(STAGES)]),
        medicines=st.frozensets(st.sampled_from(["clarithromycin", "metformin"])),
    )


@given(tree=_trees(), facts=_facts())
def test_a_criterion_is_undecided_just_when_it_names_what_is_missing(
    tree: Criterion, facts: Facts
) -> None:
    missing = tree.missing(facts)
    assert (tree.holds(facts) is None) == bool(missing)
    assert missing <= tree.asks()
    assert missing.isdisjoint({*facts.numbers, *facts.words})


@given(tree=_trees(), facts=_facts(), more=_facts())
def test_what_is_decided_stays_so_whatever_else_becomes_known(
    tree: Criterion, facts: Facts, more: Facts
) -> None:
    known = Facts(
        numbers={**more.numbers, **facts.numbers},
        words={**more.words, **facts.words},
        conditions=facts.conditions
        | ({"severe_dementia"} if "gout" in more.conditions and facts.open_conditions else set()),
        medicines=facts.medicines,
    )
    if tree.holds(facts) is not None:
        assert tree.holds(known) is tree.holds(facts)


@pytest.mark.parametrize(
    ("bounds", "value", "expected"),
    [
        ({"at_least": 9}, 9.0, True),
        ({"above": 9}, 9.0, False),
        ({"at_most": 59}, 59.0, True),
        ({"below": 59}, 59.0, False),
        ({"at_least": 9, "below": 60}, 59.9, True),
        ({"at_least": 9, "below": 60}, 8.9, False),
        (30, 30.0, True),
        ([30, 40], 40.0, True),
        ([30, 40], 35.0, False),
    ],
)
def test_ranges_keep_their_ends(bounds: Any, value: float, expected: bool) -> None:
    criterion = read(creatinine_clearance_mL_per_min=bounds)
    assert criterion.holds(Facts(numbers={"creatinine_clearance_mL_per_min": value})) is expected
    assert criterion.holds(Facts()) is None


def test_the_keys_of_a_table_must_all_hold() -> None:
    criterion = read(
        condition=["epilepsy", "head_injury"],
        all_conditions=["hypertension", "diabetes"],
        no_condition="dialysis",
        sex="male",
        activity_score={"CYP2D6": {"at_most": 0.5}},
        phenotype={
            "CYP2C19": ["Poor Metaboliser", "intermediate metabolizer"],
            "SLCO1B1": "poor function",
        },
        apoe_e4_copies=[1, 2],
        any=[{"qtc": {"at_least": 500}}, {"heart_rate": {"below": 50}}],
        all=[{"age_years": {"at_least": 75}}],
        medicine={"drug": "clarithromycin"},
    )
    words = {
        "sex": "male",
        "CYP2C19 phenotype": "poor metabolizer",
        "SLCO1B1 phenotype": "poor function",
    }
    numbers = {
        "CYP2D6 activity score": 0.5,
        "apoe_e4_copies": 2.0,
        "heart_rate": 45.0,
        "age_years": 80.0,
    }
    conditions = frozenset({"head_injury", "hypertension", "diabetes"})
    facts = Facts(
        numbers=numbers, words=words, conditions=conditions, medicines=frozenset({"clarithromycin"})
    )
    assert criterion.holds(facts) is True
    for left_out in (*numbers, *words):
        known = Facts(
            numbers={k: v for k, v in numbers.items() if k != left_out},
            words={k: v for k, v in words.items() if k != left_out},
            conditions=conditions,
            medicines=facts.medicines,
        )
        assert criterion.holds(known) is None
        assert left_out in criterion.missing(known)
    for broken in (
        conditions - {"head_injury"},
        conditions - {"diabetes"},
        conditions | {"dialysis"},
    ):
        assert (
            criterion.holds(
                Facts(numbers=numbers, words=words, conditions=broken, medicines=facts.medicines)
            )
            is False
        )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"condition": "epilepsia"}, "did you mean 'epilepsy'"),
        ({"all_conditions": ["gout", "gowt"]}, "unknown condition"),
        ({"no_condition": []}, "list of words"),
        ({"qtcc": {"above": 500}}, "did you mean 'qtc'"),
        ({"creatinine_clearance": {"below": 30}}, "creatinine_clearance_mL_per_min"),
        ({"qtc": {"over": 500}}, "unknown bound"),
        ({"qtc": {}}, "lower bound"),
        ({"qtc": {"above": 500, "at_least": 500}}, "lower bound"),
        ({"qtc": {"at_least": 5000}}, "impossible range"),
        ({"age_years": {"at_least": 80, "below": 70}}, "impossible range"),
        ({"age_years": {"at_least": 70, "below": 70}}, "impossible range"),
        ({"creatinine_clearance_mL_per_min": {"below": 0}}, "impossible range"),
        ({"age_years": {"at_least": "75"}}, "finite number"),
        ({"age_years": {"at_least": True}}, "finite number"),
        ({"age_years": float("nan")}, "finite number"),
        ({"age_years": []}, "empty list"),
        ({"sex": "femal"}, "did you mean 'female'"),
        ({"phenotype": {"CYP2D9": "poor metabolizer"}}, "unknown gene"),
        ({"phenotype": {"CYP2D6": "slow metabolizer"}}, "unknown word"),
        ({"phenotype": {"CYP2D6": "poor function"}}, "unknown word"),
        ({"activity_score": {"CYP2D6": {"at_most": -1}}}, "impossible range"),
        ({"medicine": {"drug": "clarithromicin"}}, "did you mean 'clarithromycin'"),
        ({"medicine": {"group": "macrolide"}}, "did you mean 'macrolides'"),
        ({"medicine": {"class": "statins"}}, "did you mean 'statin'"),
        ({"medicine": {}}, "not empty"),
        ({"medicine": {"drug": "warfarin", "class": "statin"}}, "drug and class"),
        ({"any": []}, "list of tables"),
        ({"any": [{}]}, "not empty"),
        ({"not": {"condition": "nothing"}}, "unknown condition"),
        ({}, "not empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    table: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read(**table)
    assert message in f"{caught.value.message} {caught.value.hint}"
    assert "set.toml, rule r" in caught.value.message
