"""`qtwin jobs` as a user meets it: the price before the order, one order, the result, and the
report that says what left.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qtwin.cli import main
from tests.server.loopback import CRN, Server
from tests.server.simulate import Machine

pytest.importorskip("qiskit_ibm_runtime")
KEY = "the-key-of-a-user-who-pays-0123456789"
PAID = """
[hardware]
plan = "flex"
settle_s = 0.1
poll_s = 0.1
[hardware.budget]
max_usd = 9.0
[[solver]]
name = "qaoa"
backend = "ibm:ibm_fez"
layers = 1
shots = 400
"""
Call = Callable[..., tuple[int, Any, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server(machine=Machine(noise=False))
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield made
    made.shutdown()


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("QTWIN_LEDGER", str(tmp_path / "jobs.sqlite"))
    for name in list(os.environ):
        if name.startswith(("QISKIT_IBM", "QTWIN_IBM", "IAM_URL", "GLOBAL_")):
            monkeypatch.delenv(name)


@pytest.fixture
def online(
    offline: None, server: Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> str:
    name = request.node.name
    for key, value in (server.environment(name) | {"QISKIT_IBM_TOKEN": KEY}).items():
        monkeypatch.setenv(key, value)
    server.world(CRN.format(name=name))
    return CRN.format(name=name)


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process: exit code, JSON of stdout, stderr."""

    def run(*arguments: str) -> tuple[int, Any, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        out, err = capfd.readouterr()
        return (
            int(caught.value.code or 0),
            json.loads(out) if out.strip().startswith(("[", "{")) else out,
            err,
        )

    return run


@pytest.fixture
def spec(experiment: Path) -> Path:
    path = experiment.with_name("paid.toml")
    consented = 'bundle = "bundle.json"\nconsent = ["cloud-submission"]'
    path.write_text(
        experiment.read_text(encoding="utf-8").replace('bundle = "bundle.json"', consented) + PAID,
        encoding="utf-8",
    )
    return path


def test_the_price_is_known_without_an_account_and_nothing_is_ordered(
    offline: None, spec: Path, call: Call
) -> None:
    code, told, _ = call("jobs", "submit", str(spec), "--dry-run", "--json")
    assert code == 0
    (price,) = told["estimates"]
    assert price["usd"] == pytest.approx(1.2 * price["qpu_s"])
    assert "snapshot" in price["calibrated"]
    assert call("jobs", "list", "--json")[:2] == (0, [])
    code, _, err = call("jobs", "submit", str(spec), "--yes")
    assert code == 2
    assert "QISKIT_IBM_TOKEN" in err


def test_from_order_to_result(
    online: str, spec: Path, call: Call, server: Server, tmp_path: Path
) -> None:
    server.world(online).settings["run_s"] = 1e9
    code, told, err = call("jobs", "submit", str(spec), "--yes", "--json")
    assert code == 0, err
    (job,) = told["jobs"]
    assert job["state"] == "SUBMITTED"
    assert call("jobs", "fetch", "--json")[0] == 3  # not there yet
    assert (
        call("jobs", "submit", str(spec), "--yes", "--json")[1]["jobs"][0]["job_id"]
        == job["job_id"]
    )
    server.world(online).settings["run_s"] = 0.0
    code, rows, _ = call("jobs", "fetch", "--json")
    assert (code, rows[0]["state"], rows[0]["qpu_s"]) == (0, "DONE", 2)
    code, shown, _ = call("jobs", "show", job["job_id"], "--export", "kept", "--json")
    assert code == 0
    assert {Path(f).name for f in shown["files"]} >= {
        "qpy.qpy",
        "openqasm3.qasm",
        "calibration.json",
        "result.json",
    }
    assert json.loads((tmp_path / "kept/calibration.json").read_text())["backend_name"] == "ibm_fez"
    ledgers = list(tmp_path.glob("jobs.sqlite*"))
    assert {stat.S_IMODE(Path(f).stat().st_mode) for f in (*shown["files"], *ledgers)} == {0o600}
    assert server.world(online).posts == 1
    body = server.world(online).bodies[-1]
    for secret in (job["project"], "donepezil", "apixaban", "*1/*4", "patient-"):
        assert secret not in body
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path
    assert call("audit", "verify", "--json")[0] == 0
    entries = call("audit", "list", "--json")[1]
    assert any(
        e["action"] == "cloud submission" and e["consent"] == ["cloud-submission"] for e in entries
    )


@pytest.mark.slow
def test_a_run_uses_the_job_that_was_bought_and_the_report_says_what_left(
    online: str, spec: Path, call: Call, server: Server, tmp_path: Path
) -> None:
    assert call("jobs", "submit", str(spec), "--yes", "--json")[0] == 0
    code, result, err = call("run", str(spec), "--json")
    assert code == 0, err
    assert server.world(online).posts == 1
    assert result["hardware"]["jobs"][0]["left"]["variables"].startswith("permuted")
    row = next(s for s in result["solvers"] if s["backend"] == "ibm:ibm_fez")
    assert row["shots"] == 400
    assert row["success_probability"]["trials"] == 400
    assert "What left this machine" in (tmp_path / "out/paid/report.html").read_text(
        encoding="utf-8"
    )
    assert result["patient"]["patient_id"] not in server.world(online).bodies[-1]
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


def test_what_must_be_there_before_money_is_spent(
    online: str, spec: Path, experiment: Path, call: Call, server: Server
) -> None:
    text = spec.read_text(encoding="utf-8")

    def refused(change: str, to: str, *more: str) -> str:
        spec.write_text(text.replace(change, to), encoding="utf-8")
        code, _, err = call("jobs", "submit", str(spec), *more)
        assert code == 2
        return err

    assert "expected a consent to cloud-submission" in refused(
        'consent = ["cloud-submission"]', "", "--yes"
    )
    assert "nobody can be asked" in refused("settle_s = 0.1", "settle_s = 0.2")
    assert "the budget is 0.01 USD" in refused("max_usd = 9.0", "max_usd = 0.01", "--yes")
    assert "expected a limit" in refused("max_usd = 9.0", "", "--yes")
    assert "did you mean 'flex'" in refused('plan = "flex"', 'plan = "flux"', "--yes")
    no_budget = text.partition("[hardware]")[0] + "[[solver]]" + text.rpartition("[[solver]]")[2]
    spec.write_text(no_budget, encoding="utf-8")
    assert "the spec has no budget" in call("run", str(spec))[2]
    code, _, err = call("jobs", "submit", str(experiment))
    assert (code, "no solver of the spec runs on a paid machine" in err) == (2, True)
    assert server.world(online).posts == 0


def test_cancelling_and_reconciling(online: str, spec: Path, call: Call, server: Server) -> None:
    world = server.world(online)
    world.settings["run_s"] = 1e9
    world.actions["post"].extend(["twice"])
    assert call("jobs", "submit", str(spec), "--yes", "--json")[0] == 0
    assert sum(j["status"] != "Cancelled" for j in world.jobs.values()) == 1
    assert call("jobs", "reconcile", "--json")[:2] == (0, [])
    key = call("jobs", "list", "--json")[1][0]["key"]
    code, rows, _ = call("jobs", "cancel", key[:10], "--json")
    assert (code, rows[0]["state"]) == (0, "CANCELLED")
    assert all(j["status"] == "Cancelled" for j in world.jobs.values())
    assert call("jobs", "cancel", "nothing")[0] == 2


@pytest.fixture
def sent(online: str, server: Server, tmp_path: Path) -> str:
    """A job in the ledger and at the provider, without the experiment around it."""
    from qtwin.backend.hardware.ibm.provider import IbmProvider
    from qtwin.backend.hardware.ledger import Ledger, Order
    from qtwin.backend.hardware.ledger.submit import Pace, submit

    request = {"kind": "sample", "n_qubits": 1, "shots": 1, "parameters": [[0.1]]}
    told = {"provider": "ibm", "backend": "ibm_fez", "program": "executor", "instance": online}
    order = Order(payload=b"{}", request=request, planned={"settle_s": 0.1}, **told)
    ledger = Ledger(tmp_path / "jobs.sqlite")
    return submit(
        ledger, IbmProvider(), ledger.intend(order).key, pace=Pace(settle_s=0.1, poll_s=0.02)
    ).key


def test_a_result_that_cannot_be_read_is_kept_and_written_out(
    online: str, sent: str, call: Call, server: Server, tmp_path: Path
) -> None:
    for job in server.world(online).jobs.values():
        job["answer"] = '{"schema_version": "v9"}'
    code, _, err = call("jobs", "fetch", sent[:10])
    assert code == 1
    assert "--export" in err
    code, shown, _ = call("jobs", "show", sent[:10], "--export", "kept", "--json")
    assert (code, shown["state"]) == (0, "SUBMITTED")
    (kept,) = (Path(f) for f in shown["files"] if f.endswith(".raw"))
    assert kept.read_text() == '{"schema_version": "v9"}'
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert not (tmp_path / "kept/result.json").exists()


def test_the_providers_words_are_shown_as_words(
    online: str, sent: str, call: Call, server: Server
) -> None:
    for job in server.world(online).jobs.values():
        job["status"] = "Cancelled - Ran too long [/bold"
    code, rows, err = call("jobs", "fetch", "--json")
    assert (code, rows[0]["state"]) == (0, "FAILED")
    assert "Ran too long [/bold" in err
    assert call("jobs", "show", sent[:10])[0] == 0
    assert call("jobs", "list", "--json")[1][0]["error"].startswith("Cancelled - Ran too long")


def test_a_ledger_that_is_none_is_named_with_what_to_do(
    offline: None, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"\xa7" * 9000)
    for command in (("list",), ("fetch",), ("reconcile",), ("show", "x"), ("cancel", "x")):
        code, _, err = call("jobs", *command)
        assert code == 2
        assert err.count("\n") == 2
        assert str(tmp_path / "jobs.sqlite") in err
        assert "restore it from a copy" in err


def test_the_doctor_says_what_is_missing_and_what_the_account_may_use(
    online: str, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {r["check"]: r for r in call("doctor", "--online", "--json")[1]}
    assert rows["IBM Quantum machines"]["found"] == "ibm_fez"
    assert KEY not in json.dumps(rows)
    monkeypatch.delenv("QISKIT_IBM_TOKEN")
    code, told, _ = call("doctor", "--json")
    rows = {r["check"]: r for r in told}
    assert code == 0  # nothing that the quickstart needs
    assert "QISKIT_IBM_TOKEN" in rows["IBM Quantum account"]["hint"]
    listed = {r["name"]: r for r in call("backends", "--json")[1]}
    assert listed["ibm"]["ready"] == "no"
    assert "QISKIT_IBM_TOKEN" in listed["ibm"]["hint"]
