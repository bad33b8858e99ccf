"""Genotypes in the record beside those of a report: they agree, or both are named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.fhir import read_bundle
from qtwin.patient.genotype import read_genotype
from tests.patient.conftest import DATA, Change

TODAY = dt.date(2026, 6, 1)
Write = Callable[[Change], Path]


def _observation(value: str, gene: str = "CYP2D6") -> dict[str, Any]:
    """As in HL7's Genomics Reporting guide."""
    studied = {
        "code": {"coding": [{"system": "http://loinc.org", "code": "48018-6"}]},
        "valueCodeableConcept": {
            "coding": [{"system": "http://www.genenames.org", "code": "HGNC:2625", "display": gene}]
        },
    }
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "84413-4"}], "text": "Genotype"},
        "subject": {"reference": "Patient/synthetic-1"},
        "valueCodeableConcept": {"text": value},
        **({"component": [studied]} if gene else {}),
    }


def _with(*observations: dict[str, Any]) -> Change:
    return lambda b: b["entry"].extend({"resource": o} for o in observations)


@pytest.mark.parametrize(
    ("value", "gene", "score", "phenotype"),
    [
        ("*1/*4", "CYP2D6", 1.0, "Intermediate Metabolizer"),
        ("CYP2D6 *4/*4", "", 0.0, "Poor Metabolizer"),
        ("*1/*2x2", "CYP2D6", 3.0, "Ultrarapid Metabolizer"),
        ("*2/*17", "CYP2C19", None, "Intermediate Metabolizer"),
        ("*1/*999", "CYP2D6", None, "unknown"),
        ("CYP2C9 *3/*3", "", 0.0, "Poor Metabolizer"),
        ("*2/*3", "CYP2C9", 0.5, "Poor Metabolizer"),
        ("*1/*3", "CYP2C9", 1.0, "Intermediate Metabolizer"),
        ("*1/*2", "CYP2C9", 1.5, "Intermediate Metabolizer"),
        ("*1/*1", "CYP2C9", 2.0, "Normal Metabolizer"),
        ("*1/*999", "CYP2C9", None, "unknown"),
    ],
)
def test_what_a_genotype_means_is_worked_out_by_cpic(
    value: str, gene: str, score: float | None, phenotype: str
) -> None:
    found, reason = read_genotype(_observation(value, gene))
    assert found is not None
    assert (found.activity_score, found.phenotype, reason) == (score, phenotype, "")


def test_a_genotype_of_the_record_is_used(bundle: Write) -> None:
    patient = read_bundle(bundle(_with(_observation("*4/*4"))), today=TODAY)
    assert patient.genotypes["CYP2D6"].phenotype == "Poor Metabolizer"
    assert not any("no CYP2D6" in line for line in patient.missing)


@pytest.mark.parametrize("value", ["*1/*4", "*4/*1", "*4 | *1"])
def test_two_sources_that_agree_are_one(bundle: Write, value: str) -> None:
    alone = read_bundle(bundle(lambda b: None), DATA / "quickstart_pharmcat.json", today=TODAY)
    both = read_bundle(
        bundle(_with(_observation(value))), DATA / "quickstart_pharmcat.json", today=TODAY
    )
    assert both.genotypes == alone.genotypes


def test_two_sources_that_contradict_each_other_are_both_named(bundle: Write) -> None:
    path = bundle(_with(_observation("*4/*4")))
    with pytest.raises(InputError) as caught:
        read_bundle(path, DATA / "quickstart_pharmcat.json", today=TODAY)
    for words in ("CYP2D6", "*1/*4 (the PharmCAT report)", "*4/*4 (the FHIR record)"):
        assert words in caught.value.message
    assert caught.value.hint


def test_two_observations_that_contradict_each_other_are_refused(bundle: Write) -> None:
    with pytest.raises(InputError, match=r"\*4/\*4.*\*1/\*1"):
        read_bundle(bundle(_with(_observation("*4/*4"), _observation("*1/*1"))), today=TODAY)


@pytest.mark.parametrize(
    ("value", "gene"), [("*1/*4", ""), ("positive", "CYP2D6"), ("CYP2C9 *1/*3", "CYP2D6")]
)
def test_what_is_no_diplotype_of_one_gene_is_said(bundle: Write, value: str, gene: str) -> None:
    patient = read_bundle(bundle(_with(_observation(value, gene))), today=TODAY)
    assert "CYP2D6" not in patient.genotypes
    assert any("(84413-4): one gene and one diplotype" in note for note in patient.notes)


def test_a_star_allele_that_nobody_knows_is_said(bundle: Write) -> None:
    """Its activity is not guessed."""
    patient = read_bundle(bundle(_with(_observation("*1/*999"))), today=TODAY)
    assert patient.genotypes["CYP2D6"].activity_score is None
    assert "no activity score for CYP2D6 *1/*999: a common activity is assumed" in patient.missing


@pytest.mark.parametrize(
    ("code", "answer", "gene", "phenotype", "score"),
    [
        ("79715-9", {"text": "Poor metabolizer"}, "CYP2D6", "Poor Metabolizer", 0.0),
        (
            "79715-9",
            {"coding": [{"system": "http://loinc.org", "code": "LA10315-2"}]},
            "CYP2D6",
            "Ultrarapid Metabolizer",
            3.0,
        ),
        ("79714-2", {"text": "ultra-rapid metaboliser"}, "CYP2C19", "Ultrarapid Metabolizer", None),
    ],
)
def test_a_phenotype_alone_is_read(
    bundle: Write, code: str, answer: dict[str, Any], gene: str, phenotype: str, score: float | None
) -> None:
    """A poor metabolizer has the score 0 by definition (Caudle 2020)."""
    told = {
        **_observation(""),
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueCodeableConcept": answer,
    }
    found = read_bundle(bundle(_with(told)), today=TODAY).genotypes[gene]
    assert (found.diplotype, found.phenotype, found.activity_score) == ("", phenotype, score)
