"""A twin that is updated is the twin of all its records, whoever else updates it, and whenever the
process is killed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtwin.cli import main

ROOT = Path(__file__).parents[2]
RXNORM, LOINC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://loinc.org"
Write = Callable[..., Path]


def _of(kind: str, **more: Any) -> dict[str, Any]:
    who = "patient" if kind in ("AllergyIntolerance", "Consent") else "subject"
    return {"resourceType": kind, who: {"reference": "Patient/p"}, **more}


def _measured(code: str, day: str, value: float, unit: str) -> dict[str, Any]:
    told = _of(
        "Observation",
        status="final",
        code={"coding": [{"system": LOINC, "code": code}]},
        effectiveDateTime=day,
    )
    return {**told, "valueQuantity": {"value": value, "code": unit}}


def _memantine() -> dict[str, Any]:
    timing = {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}
    dosage = [{"timing": timing, "doseAndRate": [{"doseQuantity": {"value": 10, "code": "mg"}}]}]
    concept = {"coding": [{"system": RXNORM, "code": "6719"}]}
    return _of(
        "MedicationRequest",
        status="active",
        intent="order",
        medicationCodeableConcept=concept,
        dosageInstruction=dosage,
    )


def _consent(kind: str, *purposes: str) -> dict[str, Any]:
    scope = {
        "coding": [
            {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "research"}
        ]
    }
    provision = {"type": kind, "purpose": [{"code": p} for p in purposes]}
    return _of(
        "Consent",
        status="active",
        scope=scope,
        category=[scope],
        policyRule=scope,
        provision=provision,
    )


BASE = [
    _measured("72106-8", "2023-02-01", 26, "{score}"),
    _measured("72106-8", "2024-02-01", 24, "{score}"),
    _measured("29463-7", "2024-02-01", 64, "kg"),
    _measured("2160-0", "2024-02-01", 0.9, "mg/dL"),
]
NEXT = [
    _measured("72106-8", "2025-02-01", 21, "{score}"),
    _measured("2160-0", "2025-02-01", 1.8, "mg/dL"),
    _memantine(),
    _of(
        "Observation",
        status="final",
        code={"coding": [{"system": LOINC, "code": "84413-4"}]},
        valueString="CYP2D6 *4/*5",
    ),
    _of("AllergyIntolerance", code={"coding": [{"system": RXNORM, "code": "6918"}]}),
]


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a record of one person in a folder of its own, where the log is as well."""
    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(tmp_path / "audit.jsonl"))
    monkeypatch.chdir(tmp_path)

    def write(name: str, *resources: dict[str, Any], **person: Any) -> Path:
        patient = {
            "resourceType": "Patient",
            "id": "p",
            "gender": "female",
            "birthDate": "1950-06-30",
            **person,
        }
        entries = [{"resource": r} for r in (patient, *resources)]
        path = tmp_path / name
        path.write_text(
            json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}),
            encoding="utf-8",
        )
        return path

    return write


def _run(*arguments: object, code: int = 0) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(a) for a in arguments])
    assert (stopped.value.code or 0) == code


def _build(record: Path, target: str) -> dict[str, Any]:
    _run("twin", "build", record, "-o", target, "--ensemble-size", "200", "--consent", "simulation")
    return _read(target)


def _read(target: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path(target).read_text(encoding="utf-8"))
    return told


def _arrays(told: dict[str, Any]) -> dict[str, Any]:
    with np.load(told["ensemble"], allow_pickle=False) as archive:
        return {k: archive[k] for k in archive.files if k != "rest"}


def _whose(told: dict[str, Any]) -> dict[str, Any]:
    """Without the names of files and of the person, which follow the digests of the records."""
    record = {k: v for k, v in told["record"].items() if k != "patient"}
    return {
        **{k: v for k, v in told.items() if k not in ("patient_id", "record_sha256", "ensemble")},
        "record": record,
    }


def test_update_is_rebuild(record: Write) -> None:
    _build(record("base.json", *BASE), "updated.json")
    _run("twin", "update", "updated.json", record("next.json", *NEXT))
    built, updated = _build(record("all.json", *BASE, *NEXT), "built.json"), _read("updated.json")
    assert _whose(updated) == _whose(built)
    assert updated["record"]["medicines"] == "memantine 10 mg /12 h"
    assert updated["record"]["CYP2D6"] == "*4/*5, Poor Metabolizer, activity score 0"
    assert updated["record"]["not borne"] == "metoprolol"
    ours, theirs = _arrays(updated), _arrays(built)
    assert all(np.array_equal(ours[k], theirs[k]) for k in theirs)
    _run("twin", "update", "updated.json", record("next.json", *NEXT))  # a second time
    assert _whose(_read("updated.json")) == _whose(built)
    assert sorted(p.name for p in Path().glob("updated*.npz")) == [
        _read("updated.json")["ensemble"]
    ]


@pytest.mark.parametrize(
    ("consent", "words"),
    [
        ([_consent("deny")], "denies the use"),
        ([_consent("deny", "HRESCH"), _consent("permit", "TREAT")], "denies research"),
        ([_consent("permit", "TREAT")], "got one to TREAT"),
    ],
)
def test_a_consent_that_came_with_the_update_counts(
    record: Write, capsys: pytest.CaptureFixture[str], consent: list[dict[str, Any]], words: str
) -> None:
    before = _build(record("base.json", *BASE), "twin.json")
    _run("twin", "update", "twin.json", record("next.json", *NEXT, *consent), code=2)
    assert words in capsys.readouterr().err
    assert _read("twin.json") == before
    log = Path("audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(log[-1])["action"] == "refused"


def test_death_ends_the_questions(record: Write, capsys: pytest.CaptureFixture[str]) -> None:
    before = _build(record("base.json", *BASE), "twin.json")
    for died in ({"deceasedBoolean": True}, {"deceasedDateTime": "2025-09"}):
        _run("twin", "update", "twin.json", record("next.json", *NEXT, **died), code=2)
        assert "has died" in capsys.readouterr().err
        _run(
            "twin",
            "build",
            record("dead.json", *BASE, **died),
            "-o",
            "dead.json",
            "--consent",
            "simulation",
            code=2,
        )
        assert "has died" in capsys.readouterr().err
    assert _read("twin.json") == before
    _run("twin", "update", "twin.json", record("next.json", *NEXT, deceasedBoolean=False))


def _start(*arguments: object, script: str = "") -> subprocess.Popen[bytes]:
    call = script + "\nimport sys\nfrom qtwin.cli import main\nmain(sys.argv[1:])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", call, *map(str, arguments)],
        env=environment,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_four_at_once_keep_all_visits(record: Write) -> None:
    _build(record("base.json", *BASE), "twin.json")
    days = ["2024-08-01", "2024-10-01", "2024-12-01", "2025-02-01"]
    records = [
        record(f"{k}.json", _measured("72106-8", day, 22, "{score}")) for k, day in enumerate(days)
    ]
    running = [_start("twin", "update", "twin.json", path) for path in records]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    assert len(_read("twin.json")["fit"]["observed"]) == 2 + len(days)


_KILLED = """
import os, pathlib, signal
calls = 0
def deadly(real, after):
    def call(*arguments, **options):
        global calls
        calls += 1
        mine = calls
        if mine == {at} and not after: os.kill(os.getpid(), signal.SIGKILL)
        result = real(*arguments, **options)
        if mine == {at} and after: os.kill(os.getpid(), signal.SIGKILL)
        return result
    return call
os.replace = deadly(os.replace, {after})
os.fsync = deadly(os.fsync, {after})
pathlib.Path.replace = deadly(pathlib.Path.replace, {after})
pathlib.Path.unlink = deadly(pathlib.Path.unlink, {after})
"""


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 7))
def test_a_kill_leaves_the_old_twin_or_the_new_one(record: Write, at: int, after: bool) -> None:
    """Before and after every call that makes something lasting: entry and head of the log,
    ensemble, twin, clearing away.
    """
    old, new = (
        _build(record("base.json", *BASE), "twin.json"),
        _build(record("all.json", *BASE, *NEXT), "whole.json"),
    )
    script = _KILLED.format(at=at, after=after)
    process = _start("twin", "update", "twin.json", record("next.json", *NEXT), script=script)
    assert process.wait() == -signal.SIGKILL
    told = _read("twin.json")
    assert _whose(told) in (_whose(old), _whose(new))
    assert _arrays(told)["latent"].shape == _arrays(old)["latent"].shape
    _run("twin", "design", "twin.json")  # it can be gone on with
    logged = [
        json.loads(line)
        for line in Path("audit.jsonl").read_text(encoding="utf-8").splitlines()
        if line.endswith("}")
    ]
    assert any(entry["action"] == "update twin" for entry in logged) or _whose(told) == _whose(old)
