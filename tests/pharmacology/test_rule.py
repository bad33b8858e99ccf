"""Reading rule sets: what a rule says, and every way to write one wrongly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.drug_group import read_groups, read_subject
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.rule_book import read_rule_book
from tests.oracles.rule_sets import book_of, rule_set

RENAL = {
    "id": "us-galantamine-renal",
    "drug": "galantamine",
    "strength": "dose",
    "when": {"creatinine_clearance_mL_per_min": {"below": 60}},
    "max_daily_mg": 16,
}
PLAIN = {"id": "plain", "drug": "donepezil", "strength": "avoid"}


def test_a_rule_is_read_as_it_is_written(tmp_path: Path) -> None:
    (rule,) = book_of(
        tmp_path, rule_set(RENAL, jurisdiction="US", precedence=35, name="Labels")
    ).rules
    assert (rule.id, rule.strength, rule.jurisdiction, rule.precedence, rule.rule_set) == (
        "us-galantamine-renal",
        "dose",
        "US",
        35.0,
        "Labels",
    )
    assert rule.limits == {"max_daily_mg": 16.0}
    assert rule.subject.inns == {"galantamine"}
    assert rule.when.holds(Facts(numbers={"creatinine_clearance_mL_per_min": 59.0})) is True
    assert rule.when.holds(Facts(numbers={"creatinine_clearance_mL_per_min": 60.0})) is False
    assert not rule.holds_in("EU")


@pytest.mark.parametrize(
    ("subject", "inns"),
    [
        ({"drugs": ["donepezil", "galantamine"]}, {"donepezil", "galantamine"}),
        ({"class": "anti-amyloid antibody"}, {"lecanemab", "donanemab"}),
        ({"group": "both"}, {"citalopram", "escitalopram", "lecanemab", "donanemab", "lithium"}),
    ],
)
def test_a_subject_is_drugs_a_class_or_a_group(
    tmp_path: Path, subject: dict[str, Any], inns: set[str]
) -> None:
    groups = {
        "ssri": {"drugs": ["citalopram", "escitalopram"]},
        "both": {"drugs": ["lithium"], "classes": ["anti-amyloid antibody"], "groups": ["ssri"]},
    }
    (rule,) = book_of(
        tmp_path, rule_set({"id": "r", "strength": "caution", **subject}, groups=groups)
    ).rules
    assert rule.subject.inns == inns


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": None}, "source is missing"),
        ({"source": "  "}, "source is '  '"),
        ({"text": None}, "text is missing"),
        ({"id": None}, "rule 1: id is missing"),
        ({"id": "US renal"}, "small letters"),
        ({"id": "allergy-galantamine"}, "not beginning with"),
        ({"strength": None}, "strength is missing"),
        ({"strength": "forbidden"}, "unknown strength"),
        ({"strenght": "dose"}, "did you mean 'strength'"),
        ({"drug": "galantamin"}, "did you mean 'galantamine'"),
        ({"drug": None}, "drug, drugs, class, group, got none"),
        ({"class": "statin"}, "got drug and class"),
        ({"drug": None, "class": "statins"}, "did you mean 'statin'"),
        ({"drug": None, "group": "nothing"}, "unknown group"),
        ({"when": {"condition": "epilepsia"}}, "did you mean 'epilepsy'"),
        ({"when": {"creatinine_clearance_mL_per_min": {"below": 6000}}}, "impossible range"),
        ({"when": {"age_years": {"at_least": 80, "at_most": 70}}}, "impossible range"),
        (
            {"when": {"all": [{"age_years": {"at_least": 80}}, {"age_years": {"below": 70}}]}},
            "can never hold",
        ),
        (
            {"when": {"condition": "dialysis", "no_condition": "chronic_kidney_disease"}},
            "can never hold",
        ),
        ({"when": {"all_conditions": ["mild_dementia", "severe_dementia"]}}, "can never hold"),
        ({"when": {}}, "not empty"),
        ({"with": {"drug": "nothing"}}, "unknown drug"),
        ({"with": "warfarin"}, "expected a table"),
        ({"max_daily_mg": None}, "at least one of"),
        ({"max_daily_mg": 0}, "above 0"),
        ({"max_daily_mg": "16 mg"}, "above 0"),
        ({"max_daily_mg": float("inf")}, "above 0"),
        ({"start_daily_mg": 24}, "above max_daily_mg"),
        ({"strength": "avoid"}, "no dose"),
        ({"count": {"more_than": 2}}, "neither doses nor a partner"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused_with_its_file_or_id(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        book_of(tmp_path, rule_set({**RENAL, **change}).replace("Infinity", "inf"))
    said = f"{caught.value.message} {caught.value.hint}"
    assert message in said
    assert "set_0.toml" in said or "us-galantamine-renal" in said
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ({"more_than": 0}, "from 1"),
        ({"more_than": 1.5}, "from 1"),
        ({"more_than": True}, "from 1"),
        ({"group": "other", "more_than": 2}, "not the rule's"),
        ({"at_most": 2}, "group and more_than"),
        (2, "group and more_than"),
        ({"more_than": 1, "begun": "yes"}, "true or false"),
    ],
)
def test_a_count_that_cannot_be_meant_is_refused(tmp_path: Path, count: Any, message: str) -> None:
    groups = {"cns": {"drugs": ["lorazepam", "tramadol"]}, "other": {"drugs": ["lorazepam"]}}
    with pytest.raises(InputError, match=message):
        book_of(
            tmp_path,
            rule_set(
                {"id": "r", "group": "cns", "strength": "avoid", "count": count}, groups=groups
            ),
        )


def test_a_rule_on_a_foreign_drug_alone_says_nothing_and_is_refused(tmp_path: Path) -> None:
    groups = {"macrolides": {"drugs": ["clarithromycin"]}}
    with pytest.raises(InputError, match="none of its drugs is in the formulary"):
        book_of(
            tmp_path,
            rule_set({"id": "r", "drug": "clarithromycin", "strength": "avoid"}, groups=groups),
        )


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ({"name": None}, "name is missing"),
        ({"source": ""}, "source is ''"),
        ({"jurisdiction": "UK"}, "unknown jurisdiction"),
        ({"precedence": None}, "precedence: expected a number"),
        ({"precedence": "high"}, "precedence: expected a number"),
        ({"author": "somebody"}, "unknown key"),
    ],
)
def test_a_set_says_what_it_is(tmp_path: Path, head: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        book_of(tmp_path, rule_set(PLAIN, **head))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[set", "not TOML"),
        ("x = 1", "unknown section"),
        ("rule = []", r"\[set\] is missing"),
        (rule_set() + "\n[rule]", "rule"),
    ],
)
def test_what_is_no_rule_set_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        book_of(tmp_path, text)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"g": {"drugs": []}}, "no medicine"),
        ({"g": {"drugs": ["Warfarin"]}}, "small letters"),
        ({"g": {"drugs": ["warfarin"], "source": ""}}, "source is missing"),
        ({"g": {"drug": ["warfarin"]}}, "unknown key"),
        ({"g": {"classes": ["statins"]}}, "did you mean 'statin'"),
        ({"g": {"groups": ["h"]}}, "unknown group"),
        ({"g": {"groups": ["h"]}, "h": {"groups": ["g"]}}, "contains itself"),
    ],
)
def test_a_group_that_cannot_be_meant_is_refused(groups: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_groups(
            {key: {"source": "a test", **group} for key, group in groups.items()},
            file="groups.toml",
        )
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_the_same_group_twice_is_refused(tmp_path: Path) -> None:
    one = rule_set(PLAIN, groups={"g": {"drugs": ["warfarin"]}})
    with pytest.raises(InputError, match="group of this name exists"):
        book_of(tmp_path, one, rule_set(groups={"g": {"drugs": ["apixaban"]}}))


def test_every_class_of_the_formulary_can_be_a_subject() -> None:
    for drug in formulary().values():
        assert drug.inn in read_subject({"class": drug.drug_class}, where="", groups={}).inns


def test_a_users_folder_adds_its_rules_and_groups(tmp_path: Path) -> None:
    before = read_rule_book().rules
    (tmp_path / "mine.toml").write_text(
        rule_set(
            {**PLAIN, "id": "a-rule-of-mine", "with": {"group": "mine"}},
            groups={"mine": {"drugs": ["foxglove"]}},
        ),
        encoding="utf-8",
    )
    after = read_rule_book(tmp_path)
    assert read_rule_book(tmp_path / "mine.toml").rules == after.rules
    assert {r.id for r in after.rules} == {r.id for r in before} | {"a-rule-of-mine"}
    assert "foxglove" in after.known_medicines


def test_the_examples_of_the_page_are_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how_to" / "add_a_rule.md").read_text(
        encoding="utf-8"
    )
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    book = book_of(tmp_path, "\n".join(blocks))
    assert {r.id for r in book.rules} == {"house-galantamine-renal", "house-antibody-anticoagulant"}
    assert "macrolides" in book.groups


def test_a_folder_without_rule_sets_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match="holds no rule set"):
            read_rule_book(folder)
