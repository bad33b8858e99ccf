"""A bulk export is the record that its lines are: in one file or one file a type, in whatever
order.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import Patient
from qtwin.patient.record import read_record
from tests.patient.conftest import DATA

TODAY = dt.date(2026, 6, 1)
BUNDLE = json.loads((DATA / "quickstart_bundle.json").read_text(encoding="utf-8"))
RESOURCES = [entry["resource"] for entry in BUNDLE["entry"]]


def _same(one: Patient, other: Patient) -> bool:
    marks = {"patient_id": "", "notes": ()}
    provenance = dataclasses.replace(one.provenance, sha256=())
    one, other = (dataclasses.replace(p, **marks, provenance=provenance) for p in (one, other))  # type: ignore[arg-type]
    return one == other


def _lines(resources: list[dict[str, object]]) -> str:
    return "\n".join(json.dumps(r) for r in resources) + "\n\n"


@pytest.mark.parametrize("name", ["export.ndjson", "export.jsonl", "export.json", "export"])
def test_one_resource_a_line_is_a_record(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(_lines(RESOURCES), encoding="utf-8")
    assert _same(
        read_record(path, today=TODAY), read_bundle(DATA / "quickstart_bundle.json", today=TODAY)
    )


def test_a_folder_with_a_file_for_each_type_is_a_record(tmp_path: Path) -> None:
    for kind in {str(r["resourceType"]) for r in RESOURCES}:
        mine = [r for r in RESOURCES if r["resourceType"] == kind]
        (tmp_path / f"{kind}.ndjson").write_text(_lines(mine), encoding="utf-8")
    (tmp_path / "README.txt").write_text("what else is there is not read", encoding="utf-8")
    assert _same(
        read_record(tmp_path, today=TODAY),
        read_bundle(DATA / "quickstart_bundle.json", today=TODAY),
    )


def test_a_line_that_was_cut_off_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "export.ndjson"
    path.write_text(
        _lines(RESOURCES[:2]).strip() + "\n" + json.dumps(RESOURCES[2])[:-3], encoding="utf-8"
    )
    with pytest.raises(InputError, match="line 3 cannot be read as JSON"):
        read_record(path, today=TODAY)


def test_an_export_of_several_people_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.ndjson"
    path.write_text(
        _lines([*RESOURCES, {"resourceType": "Patient", "id": "b", "birthDate": "1950-01-01"}]),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"Patient resource in export\.ndjson, got 2"):
        read_record(path, today=TODAY)
