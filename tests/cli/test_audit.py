"""Consent and the audit log as a user meets them: nothing is done without the one or outside the
other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

Edit = Callable[[Callable[[dict[str, Any]], None]], Path]
BUILD = (
    "twin",
    "build",
    "bundle.json",
    "--genotypes",
    "genotypes.json",
    "-o",
    "her.json",
    "--ensemble-size",
    "100",
)
STATED = "consent to simulation is stated by the user"


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log of this test's own."""
    path = tmp_path / "log" / "audit.jsonl"
    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(path))
    return path


def _without_consent(bundle: dict[str, Any]) -> None:
    bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Consent"]


def _consent(bundle: dict[str, Any]) -> dict[str, Any]:
    return next(
        e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Consent"
    )


def _expired(bundle: dict[str, Any]) -> None:
    _consent(bundle)["provision"]["period"] = {"end": "2025-01-01"}


def _denied(bundle: dict[str, Any]) -> None:
    _consent(bundle)["provision"] = {"type": "deny"}


def _for_teaching(bundle: dict[str, Any]) -> None:
    _consent(bundle)["provision"]["purpose"] = [{"code": "teaching"}]


def _listed(here: Run) -> list[dict[str, Any]]:
    done = here("audit", "list", "--json")
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_what_is_done_is_written_down_without_names(here: Run, experiment: Path, log: Path) -> None:
    assert here(*BUILD).returncode == 0
    entries = _listed(here)
    assert [e["action"] for e in entries] == ["read record", "build twin"]
    twin = json.loads((experiment.parent / "her.json").read_text(encoding="utf-8"))
    for entry in entries:
        assert entry["patient_id"] == twin["patient_id"]
        assert entry["record_sha256"] == twin["record_sha256"]
        assert entry["consent"] == ["simulation"]
    text = log.read_text(encoding="utf-8")
    bundle = json.loads((experiment.parent / "bundle.json").read_text(encoding="utf-8"))
    visits = {
        e["resource"]["effectiveDateTime"]
        for e in bundle["entry"]
        if "effectiveDateTime" in e["resource"]
    }
    for secret in (
        "Beispiel",
        "SYN-000117",
        "1948",
        "bundle.json",
        str(experiment.parent),
        *visits,
    ):
        assert secret not in text
    done = here("audit", "verify")
    assert done.returncode == 0
    assert "2 entries hold" in done.stderr


@pytest.mark.parametrize("change", [_without_consent, _expired, _denied, _for_teaching])
@pytest.mark.parametrize("command", [("run", "small.toml"), BUILD])
def test_without_consent_nothing_is_built(
    here: Run,
    edit_bundle: Edit,
    log: Path,
    change: Callable[[dict[str, Any]], None],
    command: tuple[str, ...],
) -> None:
    folder = edit_bundle(change).parent
    done = here(*command)
    assert done.returncode == 2, done.stderr
    assert "consent" in done.stderr.split("error: ")[1]
    assert "hint: " in done.stderr
    assert not (folder / "her.json").exists()
    assert not (folder / "out").exists()
    assert not log.exists() or [e["action"] for e in _listed(here)] == ["refused"]


@pytest.mark.parametrize("change", [_without_consent, _for_teaching])
def test_the_user_may_state_a_consent_and_it_is_said(
    here: Run, edit_bundle: Edit, log: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    folder = edit_bundle(change).parent
    done = here(*BUILD, "--consent", "simulation")
    assert done.returncode == 0, done.stderr
    assert any(
        line.startswith(STATED)
        for line in json.loads((folder / "her.json").read_text(encoding="utf-8"))["warnings"]
    )
    assert all("stated by the user" in e["detail"] for e in _listed(here))


@pytest.mark.parametrize("change", [_expired, _denied])
def test_a_stated_consent_overrides_nothing(
    here: Run, edit_bundle: Edit, log: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    edit_bundle(change)
    done = here(*BUILD, "--consent", "simulation", "--consent", "research")
    assert done.returncode == 2
    assert "consent in the record" in done.stderr


@pytest.mark.slow
def test_a_spec_may_state_a_consent(here: Run, edit_bundle: Edit, log: Path) -> None:
    spec = edit_bundle(_without_consent)
    text = spec.read_text(encoding="utf-8")
    spec.write_text(text.replace("[twin]", 'consent = ["simulation"]\n[twin]'), encoding="utf-8")
    done = here("run", spec.name, "--json")
    assert done.returncode == 0, done.stderr
    assert any(line.startswith(STATED) for line in json.loads(done.stdout)["warnings"])
    assert [e["action"] for e in _listed(here)] == ["read record", "build twin", "run experiment"]
    spec.write_text(text.replace("[twin]", 'consent = ["simulatoin"]\n[twin]'), encoding="utf-8")
    done = here("run", spec.name)
    assert done.returncode == 2
    assert "did you mean 'simulation'" in done.stderr


def test_a_table_of_visits_becomes_a_twin(here: Run, tmp_path: Path, log: Path) -> None:
    lines = (
        "date,biomarker,value,unit,sex,birth_year",
        "2023-02-12,mmse,26,point,F,1950",
        "2024-02-12,mmse,24,point,F,1950",
    )
    (tmp_path / "visits.csv").write_text("\n".join(lines), encoding="utf-8")
    done = here(
        "twin", "build", "visits.csv", "--ensemble-size", "100", "--consent", "research", "--json"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_members"] == 100


def test_nothing_is_done_that_cannot_be_written_down(here: Run, experiment: Path) -> None:
    (experiment.parent / "taken").write_text(
        "a file stands where the folder should be", encoding="utf-8"
    )
    for command in (BUILD, ("run", experiment.name)):
        done = here(
            *command, env={"QTWIN_AUDIT_LOG": str(experiment.parent / "taken" / "audit.jsonl")}
        )
        assert done.returncode == 2
        assert "audit log" in done.stderr
        assert "QTWIN_AUDIT_LOG" in done.stderr
    assert not (experiment.parent / "her.json").exists()


def test_a_changed_log_is_found(here: Run, experiment: Path, log: Path) -> None:
    assert here(*BUILD).returncode == 0
    log.write_text(
        log.read_text(encoding="utf-8").replace("read record", "rode record"), encoding="utf-8"
    )
    for command in (("audit", "verify", "--log", str(log)), ("audit", "list")):
        done = here(*command)
        assert done.returncode == 1
        assert "entry 0 was changed" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_torn_line_is_said_by_the_next_command(here: Run, experiment: Path, log: Path) -> None:
    assert here(*BUILD).returncode == 0
    with log.open("ab") as file:
        file.write(b'{"index":2,"time":"20')
    done = here("audit", "verify")
    assert done.returncode == 1
    assert "entry 2 is torn" in done.stderr
    done = here(*BUILD)
    assert done.returncode == 0
    assert "the audit log ended in a torn line; entry 2 says so" in done.stderr
    assert here("audit", "verify", "--json").stdout.startswith('{"entries": 5')


def test_no_log(here: Run, tmp_path: Path) -> None:
    done = here("audit", "verify", "--log", "nowhere.jsonl")
    assert done.returncode == 2
    assert "no audit log" in done.stderr
