"""The shipped record, to be changed at will."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "experiments" / "data"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def bundle(tmp_path: Path) -> Callable[[Change], Path]:
    """Write the shipped bundle after `change`."""

    def write(change: Change) -> Path:
        content = json.loads((DATA / "quickstart_bundle.json").read_text(encoding="utf-8"))
        change(content)
        path = tmp_path / "bundle.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def report(tmp_path: Path) -> Callable[[Change], Path]:
    """Write the shipped genotype report after `change`."""

    def write(change: Change) -> Path:
        content = json.loads((DATA / "quickstart_pharmcat.json").read_text(encoding="utf-8"))
        change(content)
        path = tmp_path / "genotypes.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


def in_r5(bundle: dict[str, Any]) -> dict[str, Any]:
    """The same record as a clinic that speaks R5 would export it."""
    told: dict[str, Any] = json.loads(json.dumps(bundle))
    for entry in told["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "MedicationStatement":
            if "medicationCodeableConcept" in resource:
                resource["medication"] = {"concept": resource.pop("medicationCodeableConcept")}
            if "medicationReference" in resource:
                resource["medication"] = {"reference": resource.pop("medicationReference")}
            taken = resource["status"] in ("active", "intended", "unknown")
            resource["status"] = "recorded"
            resource["adherence"] = {
                "code": {"coding": [{"code": "taking" if taken else "stopped"}]}
            }
            for dosage in resource.get("dosage", []):
                if "asNeededBoolean" in dosage:
                    dosage["asNeeded"] = dosage.pop("asNeededBoolean")
        if resource["resourceType"] == "Consent":
            rule = resource.pop("provision")
            resource["subject"] = resource.pop("patient")
            resource["date"] = resource.pop("dateTime")
            del resource["scope"], resource["policyRule"]
            if "period" in rule:
                resource["period"] = rule["period"]
            resource["decision"] = "deny"  # and what is permitted is an exception to that
            resource["provision"] = (
                [{"purpose": rule["purpose"]}] if rule["type"] == "permit" else []
            )
    return told
