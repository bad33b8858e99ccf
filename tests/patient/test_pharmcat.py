"""PharmCAT reports: the shipped one, the public examples where they are at hand, and calls that contradict themselves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.pharmcat import cyp2d6_phenotype, read_pharmcat
from tests.patient.conftest import DATA, Change

Write = Callable[[Change], Path]
PUBLIC = Path(os.environ.get("QTWIN_SHARED_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "pharmcat"


def _cyp2d6(report: dict[str, Any]) -> dict[str, Any]:
    return dict.__getitem__(report["genes"]["CYP2D6"], "recommendationDiplotypes")[0]


def test_the_shipped_report() -> None:
    genes, notes, digest = read_pharmcat(DATA / "quickstart_pharmcat.json")
    assert genes["CYP2D6"].diplotype == "*1/*4"
    assert genes["CYP2D6"].activity_score == 1.0
    assert genes["CYP2C19"].phenotype == "Intermediate Metabolizer"
    assert not notes
    assert len(digest) == 64


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public examples are not at hand")
@pytest.mark.parametrize("name", ["pharmcat.example.report.json", "pharmcat.example.phenotype.json"])
def test_the_public_examples_parse(name: str) -> None:
    genes, _, _ = read_pharmcat(PUBLIC / name)
    assert genes["CYP2D6"].diplotype == "*1/*3"
    assert genes["CYP2D6"].activity_score == 1.0


@pytest.mark.parametrize(
    ("score", "phenotype"),
    [
        (0.0, "Poor Metabolizer"),
        (0.25, "Intermediate Metabolizer"),
        (1.0, "Intermediate Metabolizer"),
        (1.25, "Normal Metabolizer"),
        (2.25, "Normal Metabolizer"),
        (2.5, "Ultrarapid Metabolizer"),
    ],
)
def test_cpic_thresholds(score: float, phenotype: str) -> None:
    """Caudle 2020: PM 0, IM 0.25-1, NM 1.25-2.25, UM above 2.25."""
    assert cyp2d6_phenotype(score) == phenotype


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: _cyp2d6(r).update(activityScore="2.0"), "its alleles add to 1"),
        (lambda r: _cyp2d6(r)["allele2"].update(activityValue="1.0"), "its alleles add to 2"),
        (lambda r: _cyp2d6(r).update(phenotypes=["Poor Metabolizer"]), "the report says Poor Metabolizer"),
        (lambda r: r.pop("genes"), "no 'genes'"),
        (lambda r: r["genes"].update(CYP2D6=7), "not an object"),
    ],
)
def test_contradictions_and_other_files_are_refused(report: Write, change: Change, words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_pharmcat(report(change))
    assert words in caught.value.message


def test_an_unknown_star_allele_is_unknown_and_said(report: Write) -> None:
    def unknown(r: dict[str, Any]) -> None:
        call = _cyp2d6(r)
        call["allele2"] |= {"name": "*999", "activityValue": None}
        call |= {"activityScore": None, "phenotypes": ["Indeterminate"]}

    genes, notes, _ = read_pharmcat(report(unknown))
    assert genes["CYP2D6"].activity_score is None
    assert any("unknown" in n for n in notes)


def test_several_possible_diplotypes_are_unknown(report: Write) -> None:
    def double(r: dict[str, Any]) -> None:
        calls = r["genes"]["CYP2D6"]["recommendationDiplotypes"]
        calls.append({**calls[0], "label": "*1/*10"})

    genes, notes, _ = read_pharmcat(report(double))
    assert "CYP2D6" not in genes
    assert any("2 diplotypes" in n for n in notes)
