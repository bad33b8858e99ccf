"""Whatever names the person, in whatever element of a record it stands, reaches no screen, no page,
no log and no file.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qtwin.cli import main
from qtwin.errors import QtwinError
from qtwin.patient.fhir import read_bundle
from qtwin.patient.person import describe
from qtwin.patient.pharmcat import read_pharmcat
from qtwin.patient.table import read_visits

ROOT = Path(__file__).parents[2]
DATA = ROOT / "experiments" / "data"
NAME, BORN, NUMBER, STREET = "Quackenbush", "1947-08-23", "MRN-55-1234", "Elm Grove Lane"
SENTENCE = "her son drove her here"
SECRETS = (NAME, BORN, "23.08.1947", NUMBER, STREET, SENTENCE)
TOLD = f"{NAME}, b. {BORN} (23.08.1947), {NUMBER}, {STREET}; {SENTENCE}"
_STEERS = ("resourceType", "birthDate", "reference", "fullUrl")
"""What decides whether there is a record of one person at all; that these are told to nobody is
tested by themselves.
"""


def _record() -> dict[str, Any]:
    """The shipped record with everything in it that a clinic may export."""
    bundle: dict[str, Any] = json.loads(
        (DATA / "quickstart_bundle.json").read_text(encoding="utf-8")
    )
    person = bundle["entry"][0]["resource"]
    person["birthDate"] = BORN
    about = {"reference": f"Patient/{person['id']}"}
    coded = {
        "coding": [
            {
                "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                "code": "6809",
                "display": "Metformin",
            }
        ]
    }
    dosage = [
        {"text": "daily", "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}
    ]
    more = [
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "dosageInstruction": dosage,
        },
        {
            "resourceType": "MedicationDispense",
            "status": "completed",
            "whenHandedOver": "2026-01-02",
        },
        {
            "resourceType": "MedicationAdministration",
            "status": "completed",
            "effectiveDateTime": "2026-01-02",
        },
    ]
    bundle["entry"] += [
        {"resource": {**r, "subject": about, "medicationCodeableConcept": coded}} for r in more
    ]
    allergy = {
        "resourceType": "AllergyIntolerance",
        "type": "allergy",
        "criticality": "high",
        "code": coded,
        "patient": about,
    }
    bundle["entry"].append({"resource": allergy})
    bundle["entry"].append(
        {"resource": {"resourceType": "Encounter", "id": "e", "status": "finished"}}
    )
    return bundle


def _strings(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, str) and place[-1] not in _STEERS:
        yield place
    for key, below in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from _strings(below, (*place, key))


def _planted(record: dict[str, Any], place: tuple[str | int, ...]) -> dict[str, Any]:
    spoilt = copy.deepcopy(record)
    above: Any = spoilt
    for key in place[:-1]:
        above = above[key]
    above[place[-1]] = TOLD
    return spoilt


def _in_every_text(value: Any) -> Any:
    """Names, notes, displays and narratives that any resource may carry, all at once."""
    if isinstance(value, list):
        return [_in_every_text(v) for v in value]
    if not isinstance(value, dict):
        return value
    kept = {
        k: TOLD if k in ("text", "display") and isinstance(v, str) else _in_every_text(v)
        for k, v in value.items()
    }
    if "resourceType" in value and value["resourceType"] != "Bundle":
        kept["extension"] = [{"url": f"http://example.org/{NAME}", "valueString": TOLD}]
        kept["text"] = {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{TOLD}</div>',
        }
        if value["resourceType"] in ("Observation", "Condition"):
            kept["note"] = [{"text": TOLD}]
    return kept


def _told(read: Callable[[], Any]) -> str:
    try:
        patient = read()
        return repr(patient) + (repr(describe(patient)) if hasattr(patient, "visits") else "")
    except QtwinError as error:
        return f"{error.message} {error.hint}"


def _clean(told: str, where: object) -> None:
    for secret in SECRETS:
        assert secret.casefold() not in told.casefold(), (secret, where)


def test_no_string_of_a_record_is_told(tmp_path: Path) -> None:
    """One element after the other; the reader's answer or refusal tells none of them."""
    record, path = _record(), tmp_path / "record.json"
    seen: set[tuple[Any, ...]] = set()
    for place in _strings(record):
        kind = record["entry"][place[1]]["resource"]["resourceType"] if place[0] == "entry" else ""
        shape = (kind, *(p for p in place if isinstance(p, str)))
        if shape in seen:
            continue
        seen.add(shape)
        path.write_text(json.dumps(_planted(record, place)), encoding="utf-8")
        _clean(_told(lambda: read_bundle(path)), place)
    assert len(seen) > 80


@pytest.mark.parametrize("key", ["reference", "resourceType", "birthDate", "fullUrl"])
def test_what_steers_the_reading_is_not_told_either(tmp_path: Path, key: str) -> None:
    record, path = _record(), tmp_path / "record.json"
    for number, entry in enumerate(record["entry"]):
        spoilt = copy.deepcopy(record)
        there = spoilt["entry"][number]
        for place in (
            there,
            there["resource"],
            there["resource"].get("subject", {}),
            there["resource"].get("patient", {}),
        ):
            if key in place:
                place[key] = TOLD
        path.write_text(json.dumps(spoilt), encoding="utf-8")
        _clean(_told(lambda: read_bundle(path)), (number, entry["resource"]["resourceType"]))


def test_keys_and_shapes_that_nobody_expects_are_not_told(tmp_path: Path) -> None:
    record, path = _record(), tmp_path / "record.json"
    kinds = {
        entry["resource"]["resourceType"]: number for number, entry in enumerate(record["entry"])
    }
    for number in kinds.values():
        for change in (
            {TOLD: 1},
            {"status": {TOLD: TOLD}},
            {"code": [TOLD]},
            {"subject": TOLD},
            {"identifier": TOLD},
        ):
            spoilt = copy.deepcopy(record)
            spoilt["entry"][number]["resource"] |= change
            path.write_text(json.dumps(spoilt), encoding="utf-8")
            _clean(_told(lambda: read_bundle(path)), (number, tuple(change)))
    for text in (
        f'{{"{TOLD}": 1, "{TOLD}": 2}}',
        f'{{"resourceType": "{TOLD}"}}',
        TOLD,
        f'{{"{TOLD}',
    ):
        path.write_text(text, encoding="utf-8")
        _clean(_told(lambda: read_bundle(path)), text[:20])


def test_no_cell_of_a_table_is_told(tmp_path: Path) -> None:
    path, told = tmp_path / "visits.csv", TOLD.replace(",", " ")
    rows = [["date", "biomarker", "value", "unit", "sex", "birth_date", "apoe_e4_copies", "assay"]]
    rows += [["2025-02-03", "plasma_p_tau217", "0.7", "pg/mL", "female", BORN, "1", "ALZpath"]] * 2
    for line in range(3):
        for column in range(8):
            spoilt = [list(row) for row in rows]
            spoilt[line][column] = told
            path.write_text("\n".join(",".join(row) for row in spoilt), encoding="utf-8")
            _clean(_told(lambda: read_visits(path)), (line, column))
    for header in ([told, told], ["date", told]):
        path.write_text(",".join(header) + "\n", encoding="utf-8")
        _clean(_told(lambda: read_visits(path)), header)


def test_no_string_of_a_genotype_report_is_told(tmp_path: Path) -> None:
    report, path = (
        json.loads((DATA / "quickstart_pharmcat.json").read_text(encoding="utf-8")),
        tmp_path / "report.json",
    )
    for place in _strings(report):
        path.write_text(json.dumps(_planted(report, place)), encoding="utf-8")
        _clean(_told(lambda: read_pharmcat(path)), place)
    path.write_text(json.dumps({"genes": {TOLD: report["genes"]["CYP2D6"]}}), encoding="utf-8")
    _clean(_told(lambda: read_pharmcat(path)), "gene")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(tmp_path / "audit.jsonl"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return int(stopped.value.code or 0)


def test_commands_write_and_print_nothing_that_names_the_person(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = _in_every_text(_record())
    given = here / "given"
    given.mkdir()
    (given / "r.json").write_text(json.dumps(record), encoding="utf-8")
    later = copy.deepcopy(record)
    later["entry"] = [
        e
        for e in later["entry"]
        if e["resource"]["resourceType"] in ("Patient", "Consent", "Condition", "Encounter")
    ]
    later["entry"].append({"resource": {"resourceType": TOLD}})
    (given / "later.json").write_text(json.dumps(later), encoding="utf-8")
    (given / "bad.json").write_text(json.dumps(record)[:-9], encoding="utf-8")
    (given / "other.json").write_text(
        json.dumps(record).replace("Patient/", f"Patient/{NAME}-"), encoding="utf-8"
    )
    assert _run("twin", "build", "given/r.json", "-o", "twin.json", "--ensemble-size", "200") == 0
    assert _run("twin", "update", "twin.json", "given/later.json", "--json") == 0
    assert _run("twin", "design", "twin.json") == 0
    assert _run("twin", "build", "given/bad.json", "-o", "no.json") == 2
    assert _run("twin", "update", "twin.json", "given/other.json") == 2
    assert _run("audit", "list") == 0
    shown = capsys.readouterr()
    _clean(shown.out + shown.err, "screen")
    written = [p for p in here.rglob("*") if p.is_file() and given not in p.parents]
    assert any(p.suffix == ".npz" for p in written)
    for path in written:
        _clean(path.name + path.read_bytes().decode("utf-8", "replace"), path.name)
        if path.suffix == ".npz":
            _clean(_inside(path), path.name)


def _inside(path: Path) -> str:
    import numpy as np

    with np.load(path, allow_pickle=False) as archive:
        return str(archive["rest"])
