"""What a record does not tell is said, with what is taken instead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.fhir import read_bundle
from tests.patient.conftest import Change

TODAY = dt.date(2026, 6, 1)
Write = Callable[[Change], Path]


def _observations(bundle: dict[str, Any], *found: str) -> list[dict[str, Any]]:
    resources = [
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation"
    ]
    return [r for r in resources if r["code"]["coding"][0]["code"] in found]


def _without(bundle: dict[str, Any], *found: str) -> None:
    gone = _observations(bundle, *found)
    bundle["entry"] = [e for e in bundle["entry"] if e["resource"] not in gone]


def test_without_apoe_the_twin_averages(bundle: Write) -> None:
    def no_apoe(b: dict[str, Any]) -> None:
        _without(b, "apoe-genotype", "34438-2")

    patient = read_bundle(bundle(no_apoe), today=TODAY)
    assert patient.apoe_e4_copies is None
    assert "no APOE genotype: the twin averages over the population's genotypes" in patient.missing


def test_apoe_genotypes_that_contradict_each_other_are_refused(bundle: Write) -> None:
    def another(b: dict[str, Any]) -> None:
        first = _observations(b, "apoe-genotype", "34438-2")[0]
        b["entry"].append(
            {"resource": {**first, "id": "other", "valueCodeableConcept": {"text": "e2/e2"}}}
        )

    with pytest.raises(InputError, match="APOE genotypes that contradict"):
        read_bundle(bundle(another), today=TODAY)


STATEMENT = "p-tau217 without a named assay is read as ALZpath"


def test_p_tau217_without_an_assay_is_read_as_ours_and_said(bundle: Write) -> None:
    def unnamed(b: dict[str, Any]) -> None:
        for observation in _observations(b, "104663-0"):
            observation.pop("method", None)

    def named(b: dict[str, Any]) -> None:
        for observation in _observations(b, "104663-0"):
            observation["method"] = {"text": "Simoa ALZpath v2"}

    silent, patient = (
        read_bundle(bundle(unnamed), today=TODAY),
        read_bundle(bundle(named), today=TODAY),
    )
    assert STATEMENT in silent.missing
    assert STATEMENT not in patient.missing
    assert silent.visits == patient.visits
    assert (
        STATEMENT not in read_bundle(bundle(lambda b: _without(b, "104663-0")), today=TODAY).missing
    )


def test_a_record_without_visits_says_so(bundle: Write) -> None:
    def no_visits(b: dict[str, Any]) -> None:
        b["entry"] = [e for e in b["entry"] if e["resource"]["resourceType"] != "Observation"]

    patient = read_bundle(bundle(no_visits), today=TODAY)
    assert patient.visits == ()
    assert patient.age_years == pytest.approx(78.05, abs=0.1)  # today's
    assert any(line.startswith("no visits") for line in patient.missing)
    assert any("no MMSE and no CDR-SB" in line for line in patient.missing)


def test_one_scale_stands_in_for_the_other(bundle: Write) -> None:
    missing = read_bundle(bundle(lambda b: _without(b, "72106-8")), today=TODAY).missing
    assert "no MMSE: cognition rests on CDR-SB" in missing
    assert not any("no CDR-SB" in line for line in missing)


def test_units_may_differ_from_visit_to_visit(bundle: Write) -> None:
    """p-tau217 of 1 pg/mL is 1000 pg/L and 1 ng/L."""
    plain = read_bundle(bundle(lambda b: None), today=TODAY)

    def mixed(b: dict[str, Any]) -> None:
        first, second = (o["valueQuantity"] for o in _observations(b, "104663-0"))
        first |= {"value": first["value"] * 1000, "unit": "pg/L", "code": "pg/L"}
        second |= {"unit": "ng/L", "code": "ng/L"}

    other = read_bundle(bundle(mixed), today=TODAY)
    assert [v.unit for v in other.visits] == [v.unit for v in plain.visits]
    assert [v.value for v in other.visits] == pytest.approx([v.value for v in plain.visits])


def test_a_visit_before_birth_is_listed(bundle: Write) -> None:
    def early(b: dict[str, Any]) -> None:
        _observations(b, "72106-8")[0]["effectiveDateTime"] = "1948-05-14"

    notes = read_bundle(bundle(early), today=TODAY).notes
    assert any("(72106-8): mmse: the measurement lies before birth" in note for note in notes)
