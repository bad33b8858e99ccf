"""CPIC's tables against what their papers say, and against the public tables where they are at
hand.
"""

from __future__ import annotations

import csv

import pytest

from qtwin.patient.genotype import activity_value, phenotype_of_alleles, phenotype_of_score
from tests.oracles.public_data import PUBLIC_DATA

PUBLIC = PUBLIC_DATA / "pypgx"


@pytest.mark.parametrize(
    ("gene", "score", "phenotype"),
    [
        ("CYP2D6", 0.0, "Poor Metabolizer"),
        ("CYP2D6", 0.25, "Intermediate Metabolizer"),
        ("CYP2D6", 1.0, "Intermediate Metabolizer"),
        ("CYP2D6", 1.25, "Normal Metabolizer"),
        ("CYP2D6", 2.25, "Normal Metabolizer"),
        ("CYP2D6", 2.5, "Ultrarapid Metabolizer"),
        ("CYP2C9", 0.5, "Poor Metabolizer"),
        ("CYP2C9", 1.5, "Intermediate Metabolizer"),
        ("CYP2C9", 2.0, "Normal Metabolizer"),
        ("UGT1A1", 1.0, None),
    ],
)
def test_thresholds(gene: str, score: float, phenotype: str | None) -> None:
    """Caudle 2020: PM 0, IM 0.25-1, NM 1.25-2.25, UM above 2.25."""
    assert phenotype_of_score(gene, score) == phenotype


@pytest.mark.parametrize(
    ("allele", "value"),
    [
        ("*1", 1.0),
        ("*2x2", 2.0),
        ("*4x2", 0.0),
        ("*10x3", 0.75),
        ("*1x≥3", 3.0),
        ("*999", None),
        ("*36 + *10", None),
    ],
)
def test_copies_multiply(allele: str, value: float | None) -> None:
    assert activity_value("CYP2D6", allele) == value
    assert activity_value("CYP2C19", allele) is None


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public tables are not at hand")
def test_values_and_phenotypes_are_those_of_the_public_tables() -> None:
    with (PUBLIC / "allele-table.csv").open(encoding="utf-8", newline="") as lines:
        published = {
            r["StarAllele"]: r["ActivityScore"]
            for r in csv.DictReader(lines)
            if r["Gene"] == "CYP2D6"
        }
    ours = {
        name: value for name in published if (value := activity_value("CYP2D6", name)) is not None
    }
    assert len(ours) == 11
    assert ours == {name: float(published[name]) for name in ours}
    with (PUBLIC / "diplotype-table.csv").open(encoding="utf-8", newline="") as lines:
        calls = {
            r["Diplotype"]: r["Phenotype"] for r in csv.DictReader(lines) if r["Gene"] == "CYP2C19"
        }
    known = {
        call: told
        for call in calls
        if (told := phenotype_of_alleles("CYP2C19", call.split("/"))) is not None
    }
    assert len(known) > 30
    assert known == {call: calls[call] for call in known}
