"""The shipped rules against a table of people and drugs made by hand."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from qtwin.patient.condition import with_implied
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import formulary

PAIRS = tomllib.loads(
    Path(__file__).with_name("eligibility_pairs.toml").read_text(encoding="utf-8")
)["pair"]


def test_the_table_is_large_and_holds_every_status() -> None:
    assert len(PAIRS) >= 60
    assert {row["status"] for row in PAIRS} == {"eligible", "dose-limited", "excluded"}
    assert len({row["drug"] for row in PAIRS}) >= 25


@pytest.mark.parametrize("row", PAIRS, ids=[f"{i}-{row['drug']}" for i, row in enumerate(PAIRS)])
def test_a_person_and_a_drug(row: dict[str, Any]) -> None:
    takes = frozenset(row.get("takes", ()))
    words = {f"{gene} phenotype": phenotype for gene, phenotype in row.get("genes", {}).items()}
    facts = Facts(
        numbers={
            "age_years": 80.0,
            **{name: float(value) for name, value in row.get("at", {}).items()},
        },
        words={**words, **({"sex": row["sex"]} if "sex" in row else {})},
        conditions=with_implied(row["has"]),
        medicines=takes,
    )
    drug = formulary()[row["drug"]]
    found = assess_facts(facts, [drug], jurisdiction=row.get("place", "US"), going_on=takes)
    by = sorted(f.rule.id for f in found.of(drug.inn) if f.rule.strength != "caution")
    assert found.status(drug) == row["status"], by
    if "ceiling" in row:
        assert found.ceiling_daily_mg(drug.inn) == pytest.approx(row["ceiling"]), by
    if "start" in row:
        assert found.starting_dose(drug.inn) == pytest.approx(row["start"]), by
    for word in row.get("minds", ()):
        assert any(
            word in f.rule.text for f in found.of(drug.inn) if f.rule.strength == "caution"
        ), word
