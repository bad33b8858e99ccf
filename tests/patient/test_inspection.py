"""A record looked through: nothing is lost without a word, nothing that names the person leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import qtwin as qt
from qtwin.patient.audit import read_entries
from qtwin.patient.biomarker import BIOMARKERS, LOINC

ROOT = Path(__file__).resolve().parents[2]
PLANTED = ("Ottilie Quaresma", "MRN-77120431", "1949-07-13", "Lindenweg 4", "lives with her sister")


def _observation(code: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": code, "display": PLANTED[0]}]},
        "effectiveDateTime": "2024-03-01",
        "valueQuantity": {"value": value, "unit": unit, "code": unit},
        "note": [{"text": PLANTED[4]}],
        **more,
    }


def _bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    person = {
        "resourceType": "Patient",
        "id": PLANTED[1],
        "identifier": [{"system": "urn:hospital", "value": PLANTED[1]}],
        "name": [{"text": PLANTED[0]}],
        "address": [{"text": PLANTED[3]}],
        "birthDate": PLANTED[2],
        "gender": "female",
    }
    entry = [{"resource": person}, *({"resource": r} for r in resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entry}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    odd = {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": PLANTED[4]},
    }
    path = tmp_path / "record.json"
    path.write_text(
        json.dumps(
            _bundle(
                _observation("72106-8", 24.0, "{score}"),
                _observation("30160-6", 500.0, "pg/mL"),
                _observation("33203-1", 0.42, "ng/mL"),
                _observation("99999-9", 1.0, "mg"),
                odd,
            )
        )
    )
    return path


def test_what_is_read_and_idle_and_left_out_stands_apart(record: Path) -> None:
    found = qt.inspect_record(record)
    assert ("MMSE", "24") in found.read
    idle = dict(found.not_yet_used)
    assert idle["total tau in cerebrospinal fluid"] == "500 pg/mL"
    assert idle["amyloid beta 42 in cerebrospinal fluid"] == "420 pg/mL"  # 0.42 ng/mL
    assert not set(idle) & {name for name, _ in found.read}
    assert any("99999-9" in line for line in found.not_used)
    assert any("Condition" in line for line in found.not_used)
    assert str(found).index("What a decision lacks") < str(found).index("\nRead\n")
    assert found.to_dict()["schema"] == "qtwin.record/1"
    assert json.loads(found.to_json()) == found.to_dict()


def test_a_record_without_consent_says_so_first_and_the_access_is_logged(record: Path) -> None:
    before = len(read_entries())
    found = qt.inspect_record(record)
    assert "consent" in found.refusal
    assert str(found).startswith("No twin may be built")
    assert qt.inspect_record(record, consent=["simulation"]).refusal == ""
    added = read_entries()[before:]
    assert [e.action for e in added] == ["inspected record", "inspected record"]


def test_nothing_that_names_the_person_leaves(
    record: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from qtwin.cli import main

    told = []
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as ended:
            main(["record", "inspect", str(record), *more])
        assert ended.value.code in (0, None)
        captured = capfd.readouterr()
        told.append(captured.out + captured.err)
    found = qt.inspect_record(record)
    told += [str(found), found.to_json(), found._repr_html_(), repr(found)]
    for text in told:
        for planted in PLANTED:
            assert planted not in text


def test_every_measurement_stands_in_the_table_of_codes() -> None:
    page = (ROOT / "docs" / "project" / "records.md").read_text(encoding="utf-8")
    for marker in BIOMARKERS.values():
        codes = ", ".join([*(f"`{c}`" for c in marker.loinc), f"own `{marker.own}`"])
        use = "yes" if marker.used else "kept, not yet used"
        row = f"| {marker.words} | {codes} | {marker.unit} |"
        line = next(line for line in page.splitlines() if line.startswith(row))
        assert line.endswith(f"| {marker.low:g} to {marker.high:g} | {use} |")
