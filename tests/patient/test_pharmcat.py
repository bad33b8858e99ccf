"""PharmCAT reports: the shipped one, the public examples where they are at hand, and calls that
contradict themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.pharmcat import read_pharmcat
from tests.oracles.public_data import PUBLIC_DATA
from tests.patient.conftest import DATA, Change

Write = Callable[[Change], Path]
PUBLIC = PUBLIC_DATA / "pharmcat"


def _cyp2d6(report: dict[str, Any]) -> dict[str, Any]:
    return dict.__getitem__(report["genes"]["CYP2D6"], "recommendationDiplotypes")[0]


def test_the_shipped_report() -> None:
    report = read_pharmcat(DATA / "quickstart_pharmcat.json")
    genes = report.genotypes
    assert genes["CYP2D6"].diplotype == "*1/*4"
    assert genes["CYP2D6"].source == "OUTSIDE"
    assert genes["CYP2D6"].activity_score == 1.0
    assert genes["CYP2C19"].phenotype == "Intermediate Metabolizer"
    assert not report.notes
    assert len(report.sha256) == 64
    assert report.version == "v3.1.0"


@pytest.mark.skipif(not PUBLIC.exists(), reason="the public examples are not at hand")
@pytest.mark.parametrize(
    "name", ["pharmcat.example.report.json", "pharmcat.example.phenotype.json"]
)
def test_the_public_examples_parse(name: str) -> None:
    report = read_pharmcat(PUBLIC / name)
    genes = report.genotypes
    assert genes["CYP2D6"].diplotype == "*1/*3"
    assert genes["CYP2D6"].activity_score == 1.0
    assert genes["CYP2C9"].phenotype == genes["CYP2C19"].phenotype == "Normal Metabolizer"
    assert "HLA-A" not in genes  # not called there
    assert report.notes == ()


def _edited(
    r: dict[str, Any],
    alleles: str,
    values: tuple[str | None, str | None],
    score: str | None,
    phenotype: str,
) -> None:
    call = _cyp2d6(r)
    for key, name, value in zip(("allele1", "allele2"), alleles.split("/"), values, strict=True):
        call[key] |= {"name": name, "activityValue": value}
    call |= {"activityScore": score, "phenotypes": [phenotype]}


@pytest.mark.parametrize(
    ("alleles", "values", "score", "phenotype"),
    [
        ("*1/*1", ("1.0", "1.0"), "2.0", "Normal Metabolizer"),
        ("*4/*4", ("0.0", "0.0"), "0.0", "Poor Metabolizer"),
        ("*10/*41", ("0.25", "0.5"), "0.75", "Intermediate Metabolizer"),
        ("*1x2/*1", ("2.0", "1.0"), "3.0", "Ultrarapid Metabolizer"),
        ("*1x≥3/*1", ("≥3.0", "1.0"), "≥4.0", "Ultrarapid Metabolizer"),
    ],
)
def test_another_diplotype(
    report: Write, alleles: str, values: tuple[str, str], score: str, phenotype: str
) -> None:
    """Edited wholly; or with values, score or phenotype left out, which CPIC's tables then give."""
    wanted = float(score.lstrip("≥"))
    for told_values, told_score, told_phenotype in (
        (values, score, phenotype),
        ((None, None), score, phenotype),
        (values, None, phenotype),
        (values, "n/a", "n/a"),
        ((None, None), None, "Indeterminate"),
    ):
        path = report(
            lambda r, v=told_values, s=told_score, p=told_phenotype: _edited(r, alleles, v, s, p)
        )
        call = read_pharmcat(path).genotypes["CYP2D6"]
        assert (call.diplotype, call.activity_score, call.phenotype) == (alleles, wanted, phenotype)


def _names(r: dict[str, Any], one: str, two: str) -> None:
    _cyp2d6(r)["allele1"]["name"], _cyp2d6(r)["allele2"]["name"] = one, two


def _cyp2c19(r: dict[str, Any]) -> dict[str, Any]:
    return dict.__getitem__(r["genes"]["CYP2C19"], "recommendationDiplotypes")[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda r: _names(r, "*1", "*1"), "*1 has activity 0 in the report and 1 by CPIC"),
        (lambda r: _names(r, "*4", "*4"), "*4 has activity 1 in the report and 0 by CPIC"),
        (lambda r: _cyp2d6(r).update(activityScore="2.0"), "its alleles add to 1"),
        (
            lambda r: _cyp2d6(r)["allele2"].update(name="*999", activityValue="1.0"),
            "its alleles add to 2",
        ),
        (
            lambda r: _cyp2d6(r).update(phenotypes=["Poor Metabolizer"]),
            "the report says Poor Metabolizer",
        ),
        (
            lambda r: _cyp2d6(r).update(phenotypes="Poor Metabolizer"),
            "the report says Poor Metabolizer",
        ),
        (lambda r: _cyp2c19(r)["allele1"].update(name="*2"), "the alleles mean Poor Metabolizer"),
        (lambda r: _cyp2d6(r)["allele1"].update(activityValue="-1"), "not negative"),
        (lambda r: _cyp2d6(r)["allele1"].update(activityValue="inf"), "not negative"),
        (lambda r: _cyp2d6(r)["allele1"].update(activityValue="much"), "not negative"),
        (lambda r: _cyp2d6(r)["allele1"].update(activityValue=float("nan")), "got NaN or infinity"),
        (lambda r: _cyp2d6(r).update(allele1="*1"), "an object with a name"),
        (lambda r: r["genes"]["CYP2D6"].update(recommendationDiplotypes="*1/*4"), "not a list"),
        (lambda r: r.pop("genes"), "expected the 'genes'"),
        (lambda r: r["genes"].update(CYP2D6=7), "not an object"),
    ],
)
def test_contradictions_and_other_files_are_refused(
    report: Write, change: Change, words: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_pharmcat(report(change))
    assert words in caught.value.message
    assert caught.value.hint


def test_an_allele_whose_value_was_revised_is_taken_as_reported(report: Write) -> None:
    path = report(lambda r: _edited(r, "*1/*41", ("1.0", "0.25"), "1.25", "Normal Metabolizer"))
    assert read_pharmcat(path).genotypes["CYP2D6"].activity_score == 1.25


def test_an_unknown_star_allele_is_unknown_and_said(report: Write) -> None:
    read = read_pharmcat(
        report(lambda r: _edited(r, "*1/*999", ("1.0", None), None, "Indeterminate"))
    )
    assert read.genotypes["CYP2D6"].activity_score is None
    assert read.genotypes["CYP2D6"].phenotype == "unknown"
    assert any("*1/*999" in note and "unknown" in note for note in read.notes)


def test_one_allele_says_nothing_of_the_other(report: Write) -> None:
    read = read_pharmcat(report(lambda r: _cyp2d6(r).update(allele2=None, phenotypes=[])))
    assert read.genotypes["CYP2D6"].activity_score is None
    assert read.notes


@pytest.mark.parametrize(
    "change",
    [
        lambda r: r["genes"]["CYP2D6"].update(recommendationDiplotypes=[], sourceDiplotypes=[]),
        lambda r: _names(r, "Unknown", "Unknown"),
        lambda r: _cyp2d6(r).update(allele1=None, allele2=None, phenotypes=[], activityScore=None),
        lambda r: r["genes"]["CYP2D6"]["recommendationDiplotypes"].append(
            {**_cyp2d6(r), "label": "*1/*10"}
        ),
    ],
)
def test_a_call_that_is_missing_or_not_unique_is_unknown_and_said(
    report: Write, change: Change
) -> None:
    read = read_pharmcat(report(change))
    assert "CYP2D6" not in read.genotypes
    assert any(note.startswith("CYP2D6") and "unknown" in note for note in read.notes)


@pytest.mark.parametrize("version", ["2.15.5", "v3.0.0-2-g0cb8e32a", "3.0.1"])
def test_a_report_by_two_tables_is_read_by_the_first(report: Write, version: str) -> None:
    def nest(r: dict[str, Any]) -> None:
        dpwg = {
            gene: {**entry, "recommendationDiplotypes": [], "sourceDiplotypes": []}
            for gene, entry in r["genes"].items()
        }
        r.update(pharmcatVersion=version, genes={"CPIC": r["genes"], "DPWG": dpwg})

    read, plain = read_pharmcat(report(nest)), read_pharmcat(DATA / "quickstart_pharmcat.json")
    assert read.genotypes == plain.genotypes
    assert read.version == version


def test_a_gene_that_only_the_second_table_has_is_read(report: Write) -> None:
    path = report(
        lambda r: r.update(
            genes={
                "CPIC": {"CYP2C19": r["genes"]["CYP2C19"]},
                "DPWG": {"CYP2D6": r["genes"]["CYP2D6"]},
            }
        )
    )
    assert read_pharmcat(path).genotypes["CYP2D6"].diplotype == "*1/*4"


def _twice(r: dict[str, Any], **other: Any) -> None:
    calls = r["genes"]["CYP2C19"]["recommendationDiplotypes"]
    calls.append({**calls[0], **other})


def test_a_call_that_came_twice_is_one(report: Write) -> None:
    plain = read_pharmcat(DATA / "quickstart_pharmcat.json")
    read = read_pharmcat(report(_twice))
    assert (read.genotypes, read.notes) == (plain.genotypes, plain.notes)


def test_calls_that_agree_on_the_phenotype_tell_it(report: Write) -> None:
    """*1/*2 and *2/*17 are both intermediate metabolizers (Lee 2022)."""

    def two(r: dict[str, Any]) -> None:
        call = _cyp2c19(r)
        call["allele1"]["name"], call["allele2"]["name"] = "*1", "*2"
        call.update(phenotypes=["Intermediate Metabolizer"], label="*1/*2")
        _twice(r, allele1={"name": "*2"}, allele2={"name": "*17"}, label="*2/*17")

    read = read_pharmcat(report(two))
    assert read.genotypes["CYP2C19"].phenotype == "Intermediate Metabolizer"
    assert any("*1/*2, *2/*17" in note for note in read.notes)


@pytest.mark.parametrize(
    ("phenotype", "score"),
    [
        ("Poor Metabolizer", 0.0),
        ("Ultrarapid Metabolizer", 3.0),
        ("Intermediate Metabolizer", 0.625),
    ],
)
def test_a_phenotype_alone_is_read(report: Write, phenotype: str, score: float) -> None:
    """Poor is 0 by definition; the others are the middle of what CPIC's thresholds allow."""
    path = report(
        lambda r: _cyp2d6(r).update(
            allele1=None, allele2=None, activityScore="n/a", phenotypes=[phenotype]
        )
    )
    found = read_pharmcat(path).genotypes["CYP2D6"]
    assert (found.diplotype, found.phenotype, found.activity_score) == ("", phenotype, score)
