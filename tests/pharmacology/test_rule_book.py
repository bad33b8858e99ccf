"""Rules together: no id twice, no contradiction, precedence, and ceilings that never rise as
kidneys fail.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.pharmacology.criterion import Criterion, Not, read_criterion
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.rule_book import shipped_rules
from qtwin.pharmacology.witness import implies, witness
from tests.oracles.rule_sets import book_of, rule_set

CLEARANCE = "creatinine_clearance_mL_per_min"


def _dose(
    rule_id: str, most_mg: float, when: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "id": rule_id,
        "drug": "galantamine",
        "strength": "dose",
        "max_daily_mg": most_mg,
        "when": when,
        **more,
    }


def test_an_id_twice_is_refused_over_all_sets(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="rule one is there twice"):
        book_of(tmp_path, rule_set(_dose("one", 16)), rule_set(_dose("one", 16)))


OVERLAPS: list[tuple[dict[str, Any] | None, dict[str, Any] | None]] = [
    (None, None),
    ({CLEARANCE: {"below": 60}}, {CLEARANCE: {"below": 60}}),
    ({CLEARANCE: {"above": 20, "below": 60}}, {CLEARANCE: {"at_most": 30}}),
    ({CLEARANCE: {"below": 30}}, {CLEARANCE: {"below": 60}}),  # the special case allows more
    ({"condition": ["cirrhosis", "gout"]}, {"condition": ["gout", "cirrhosis"]}),
    ({"condition": "cirrhosis"}, {"condition": "hepatic_impairment"}),  # cirrhosis implies it
    (None, {"age_years": {"at_least": 75}}),
]


@pytest.mark.parametrize(("first", "second"), OVERLAPS)
def test_contradictory_rules_of_equal_precedence_are_refused(
    tmp_path: Path, first: dict[str, Any] | None, second: dict[str, Any] | None
) -> None:
    # the first allows 16 mg, the second 8 mg; where the second is the special case, the first's is
    # put lower
    swap = (first, second) == (None, {"age_years": {"at_least": 75}})
    rules = (_dose("one", 8 if swap else 16, first), _dose("two", 16 if swap else 8, second))
    if first == {CLEARANCE: {"above": 20, "below": 60}}:
        rules = (
            *rules,
            {
                "id": "low",
                "drug": "galantamine",
                "strength": "avoid",
                "when": {CLEARANCE: {"at_most": 20}},
            },
        )
    with pytest.raises(InputError, match="rules one and two contradict each other"):
        book_of(tmp_path, rule_set(*rules))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"age_years": {"below": 75}}, {"age_years": {"at_least": 75}}),  # never at once
        ({CLEARANCE: {"below": 60}}, {CLEARANCE: {"below": 30}}),  # the special case allows less
        ({"age_years": {"at_least": 75}}, {CLEARANCE: {"below": 30}}),  # other facts: both bind
        ({"condition": "cirrhosis"}, {"condition": "cirrhosis", "sex": "female"}),
        ({"condition": "gout"}, {"condition": "epilepsy"}),
        (None, {"age_years": {"at_least": 75}}),
    ],
)
def test_rules_that_can_both_be_meant_are_read(
    tmp_path: Path, first: dict[str, Any] | None, second: dict[str, Any] | None
) -> None:
    assert (
        len(book_of(tmp_path, rule_set(_dose("one", 16, first), _dose("two", 8, second))).rules)
        == 2
    )


def test_equal_doses_other_doses_other_partners_and_other_jurisdictions_contradict_nothing(
    tmp_path: Path,
) -> None:
    book_of(tmp_path, rule_set(_dose("one", 16), _dose("two", 16)))
    book_of(
        tmp_path,
        rule_set(_dose("one", 16), {**_dose("two", 8), "max_daily_mg": None, "max_single_mg": 8}),
    )
    book_of(
        tmp_path, rule_set(_dose("one", 16), _dose("two", 8, **{"with": {"drug": "paroxetine"}}))
    )
    book_of(
        tmp_path,
        rule_set(_dose("one", 16), jurisdiction="US"),
        rule_set(_dose("two", 8), jurisdiction="EU"),
    )


def test_any_jurisdiction_contradicts_each(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="contradict"):
        book_of(
            tmp_path,
            rule_set(_dose("one", 16), jurisdiction="US"),
            rule_set(_dose("two", 8), jurisdiction="any"),
        )


def test_of_rules_on_the_same_facts_the_set_of_higher_precedence_holds(tmp_path: Path) -> None:
    book = book_of(
        tmp_path,
        rule_set(_dose("label", 16), precedence=30),
        rule_set(_dose("advice", 8), precedence=20),
    )
    assert book.set_aside == {"US": {"advice": "label"}, "EU": {"advice": "label"}}
    found = assess_facts(Facts(), [drug("galantamine")], book=book)
    assert found.ceiling_daily_mg("galantamine") == 16.0
    assert found.set_aside == {"advice": "label"}


def test_a_ceiling_that_ends_below_a_clearance_is_refused(tmp_path: Path) -> None:
    moderate = _dose("moderate", 16, {CLEARANCE: {"at_least": 9, "below": 60}})
    with pytest.raises(
        InputError,
        match=r"ceiling of galantamine in US is higher at a creatinine clearance of 4\.5 than at 9",
    ):
        book_of(tmp_path, rule_set(moderate))
    for below in (
        {"strength": "avoid"},
        {"strength": "contraindicated"},
        {"strength": "dose", "max_daily_mg": 8},
    ):
        severe = {"id": "severe", "drug": "galantamine", "when": {CLEARANCE: {"below": 9}}, **below}
        assert len(book_of(tmp_path, rule_set(moderate, severe)).rules) == 2
    for strength in ("avoid", "contraindicated"):
        window = {
            "id": "window",
            "drug": "galantamine",
            "strength": strength,
            "when": {CLEARANCE: {"at_least": 9, "below": 60}},
        }
        with pytest.raises(InputError, match="ceiling"):
            book_of(tmp_path, rule_set(window))
    only_women = {
        "id": "severe",
        "drug": "galantamine",
        "strength": "avoid",
        "when": {CLEARANCE: {"below": 9}, "sex": "female"},
    }
    with pytest.raises(InputError, match="ceiling"):
        book_of(tmp_path, rule_set(moderate, only_women))


def _ranges() -> st.SearchStrategy[dict[str, Any]]:
    ends = st.sampled_from([10, 15, 30, 50, 60, 90])
    return st.one_of(
        ends.map(lambda e: {"below": e}),
        ends.map(lambda e: {"at_most": e}),
        st.tuples(ends, ends)
        .filter(lambda p: p[0] < p[1])
        .map(lambda p: {"at_least": p[0], "below": p[1]}),
    )


def _renal_rules() -> st.SearchStrategy[list[dict[str, Any]]]:
    when = st.fixed_dictionaries(
        {},
        optional={
            CLEARANCE: _ranges(),
            "age_years": st.sampled_from([{"at_least": 75}, {"below": 75}]),
            "condition": st.sampled_from(["cirrhosis", "gout"]),
            "no_condition": st.just("gout"),
        },
    ).filter(bool)
    kind = st.one_of(
        st.just({"strength": "avoid"}),
        st.sampled_from([4, 8, 16, 24]).map(lambda mg: {"strength": "dose", "max_daily_mg": mg}),
    )
    rules = st.lists(st.tuples(when, kind), min_size=1, max_size=4)
    return rules.map(
        lambda rs: [
            {"id": f"r-{i}", "drug": "galantamine", "when": w, **k} for i, (w, k) in enumerate(rs)
        ]
    )


@example(
    rules=[
        {
            "id": "r",
            "drug": "galantamine",
            "strength": "avoid",
            "when": {CLEARANCE: {"at_least": 10, "below": 15}},
        }
    ],
    clearances=[1.0, 10.0],
    age_years=75.0,
    conditions=frozenset(),
)
@settings(max_examples=100, deadline=None)
@given(
    rules=_renal_rules(),
    clearances=st.tuples(st.floats(0.5, 120), st.floats(0.5, 120)).map(sorted),
    age_years=st.floats(50, 95),
    conditions=st.frozensets(st.sampled_from(["cirrhosis", "gout"])),
)
def test_worse_kidneys_never_raise_a_ceiling_in_a_book_that_is_read(
    rules: list[dict[str, Any]],
    clearances: list[float],
    age_years: float,
    conditions: frozenset[str],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            book = book_of(Path(folder), rule_set(*rules))
        except InputError:
            assume(False)

    def ceiling(clearance: float) -> float:
        facts = Facts(numbers={CLEARANCE: clearance, "age_years": age_years}, conditions=conditions)
        found = assess_facts(facts, [drug("galantamine")], book=book)
        if any(found.excludes(f.rule) for f in found.findings):
            return 0.0
        most_mg = found.ceiling_daily_mg("galantamine")
        return 1e9 if most_mg is None else most_mg

    worse, better = clearances
    assert ceiling(worse) <= ceiling(better)


def read(**table: Any) -> Criterion:
    return read_criterion(table, where="a test", groups={})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (read(condition="dialysis"), read(condition="chronic_kidney_disease")),
        (read(condition="gout"), read(condition=["gout", "epilepsy"])),
        (read(qtc={"above": 500}), read(qtc={"at_least": 500})),
        (read(apoe_e4_copies={"above": 1}), read(apoe_e4_copies=2)),
        (read(sex="female", age_years={"above": 80}), read(age_years={"at_least": 75})),
        (
            read(phenotype={"CYP2D6": "poor metabolizer"}),
            Not(part=read(phenotype={"CYP2D6": "normal metabolizer"})),
        ),
        (read(medicine={"drug": "warfarin"}), read(medicine={"class": "anticoagulant"})),
    ],
)
def test_implication_is_found_one_way(one: Criterion, other: Criterion) -> None:
    assert implies(one, other)
    assert implies(other, one) == (one.asks() == other.asks() == {"apoe_e4_copies"})


def test_a_witness_holds_and_a_contradiction_has_none() -> None:
    both = read(
        any=[{"qtc": {"at_least": 500}}, {"heart_rate": {"below": 50}}],
        **{"not": {"qtc": {"at_least": 450}}},
    )
    facts = witness(both)
    assert facts is not None
    assert both.holds(facts) is True
    assert facts.numbers["heart_rate"] < 50
    assert witness(both, read(heart_rate={"at_least": 50})) is None
    assert witness(read(apoe_e4_copies={"above": 0, "below": 1})) is None


def test_every_shipped_rule_can_hold() -> None:
    book = shipped_rules()
    for rule in book.rules:
        facts = witness(rule.when)
        assert facts is not None, rule.id
        assert rule.when.holds(facts) is True, rule.id
