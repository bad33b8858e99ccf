"""The real client of IBM Quantum on loopback: what goes out, what comes back, what is refused, and
where the key may never be.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from qtwin.backend import registry
from qtwin.backend.base import Backend
from qtwin.backend.hardware.ibm.connection import find_account
from qtwin.backend.hardware.ibm.provider import IbmProvider
from qtwin.backend.hardware.ledger import Ledger
from qtwin.backend.hardware.ledger.submit import Pace
from qtwin.backend.hardware.price import Budget, BudgetError, PendingError, Permission, granted
from qtwin.backend.hardware.provider import ProviderError
from qtwin.errors import ConsentError, InputError
from tests.oracles.circuits import ising, qaoa, sherrington
from tests.oracles.dense_backend import DenseBackend
from tests.server.loopback import CRN, Server
from tests.server.simulate import Machine

pytest.importorskip("qiskit_ibm_runtime")
KEY = "a-secret-key-that-must-not-be-seen-1234"
PACE = Pace(settle_s=0.05, attempts=3, first_wait_s=0.01, longest_wait_s=0.1, poll_s=0.02)
COST = ising(*sherrington(4, 3))
ANSATZ, THETA = qaoa(COST, 1), np.array([0.4, 0.7])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server(machine=Machine(noise=False))
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield made
    made.shutdown()


@pytest.fixture
def crn(server: Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    name = request.node.name.replace("[", "-").replace("]", "")
    for key, value in (
        server.environment(name) | {"QISKIT_IBM_TOKEN": KEY, "QTWIN_IBM_TIMEOUT_S": "20"}
    ).items():
        monkeypatch.setenv(key, value)
    server.world(CRN.format(name=name))
    return CRN.format(name=name)


def permission(tmp_path: Path, **changes: Any) -> Permission:
    told: dict[str, Any] = {
        "budget": Budget(project="test", max_usd=100.0),
        "plan": "flex",
        "confirm": lambda _: True,
        "ledger": str(tmp_path / "jobs.sqlite"),
        "pace": PACE,
        "poll_s": 0.02,
        "identifiers": frozenset({"patient-0815"}),
    }
    return Permission(**(told | changes))


def machine(**options: Any) -> Backend:
    return registry.load("ibm:ibm_fez", options)


def test_samples_follow_the_circuit_and_are_bought_once(
    server: Server, crn: str, tmp_path: Path
) -> None:
    thetas = np.array([THETA, [1.1, -0.3]])
    with granted(permission(tmp_path)) as allowed:
        found = machine().sample_many(ANSATZ, thetas, shots=2000, seed=1)
        again = machine().sample_many(ANSATZ, thetas, shots=2000, seed=1)
    for samples, theta in zip(found, thetas, strict=True):
        expected = 2000 * np.abs(DenseBackend().states(ANSATZ, theta)[-1]) ** 2
        seen = np.zeros(16)
        seen[samples.bits.astype(int) @ (1 << np.arange(4))] = samples.counts
        assert stats.chisquare(seen, expected).pvalue > 1e-4
    np.testing.assert_array_equal(found[0].counts, again[0].counts)
    world = server.world(crn)
    assert world.posts == 1
    assert len(allowed.sent) == 2
    ledger = Ledger(tmp_path / "jobs.sqlite")
    (entry,) = ledger.entries()
    assert {e.state for e in ledger.entries()} == {"DONE"}
    assert entry.usage["qpu_s"] == 2
    import io

    from qiskit import qasm3, qpy

    (circuit,) = qpy.load(io.BytesIO(ledger.file(entry.key, "qpy") or b""))
    assert circuit.num_qubits == 156
    assert (
        qasm3.loads((ledger.file(entry.key, "openqasm3") or b"").decode()).count_ops()["cz"]
        == circuit.count_ops()["cz"]
    )
    assert "qiskit-ibm-runtime" in json.loads(ledger.file(entry.key, "versions") or b"")
    assert entry.planned["calibrated"].startswith("20")
    body = world.bodies[-1]
    assert json.loads(body)["tags"] == [entry.nonce]
    assert json.loads(body)["cost"] == entry.max_execution_s
    assert KEY not in body


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"twirling": True, "decoupling": "XY4", "mode": "batch"},
        {"resilience": 0, "mode": "session", "max_session_s": 60},
    ],
)
def test_expectations_are_within_their_error(
    crn: str, server: Server, tmp_path: Path, options: dict[str, Any]
) -> None:
    exact = DenseBackend().expectation(ANSATZ, THETA, COST).value
    backend = machine(**options)
    with granted(permission(tmp_path)):
        found = backend.expectation(ANSATZ, THETA, COST, shots=4000)
        samples = backend.sample(ANSATZ, THETA, shots=1000, seed=2)
    assert abs(found.value - exact) < 5 * found.standard_error
    assert 0 < found.standard_error < 0.5
    assert samples.shots == 1000
    sessions = server.world(crn).sessions.values()
    assert [s["mode"] for s in sessions] == (
        {"batch": ["batch"], "session": ["dedicated"]}.get(options.get("mode", ""), [])
    )
    assert not any(s["accepting_jobs"] for s in sessions)


def test_nothing_goes_out_without_permission_budget_or_yes(
    server: Server, crn: str, tmp_path: Path
) -> None:
    backend = machine()
    with pytest.raises(ConsentError, match="outside of an experiment"):
        backend.sample(ANSATZ, THETA, shots=10, seed=1)
    for budget in (
        Budget(project="p", max_usd=0.01),
        Budget(project="p", max_qpu_s=1.0),
        Budget(project="p", max_jobs=0),
    ):
        with (
            granted(permission(tmp_path, budget=budget)),
            pytest.raises(BudgetError, match="the budget is"),
        ):
            backend.sample(ANSATZ, THETA, shots=1000, seed=1)
    with (
        granted(permission(tmp_path, confirm=lambda _: False)),
        pytest.raises(InputError, match="not confirmed"),
    ):
        backend.sample(ANSATZ, THETA, shots=10, seed=1)
    with granted(permission(tmp_path, mode="estimate")) as allowed, pytest.raises(PendingError):
        backend.sample(ANSATZ, THETA, shots=1000, seed=1)
    assert server.world(crn).posts == 0
    (price,) = allowed.estimates
    assert price.n_qubits == 4
    assert price.usd == pytest.approx(1.2 * price.qpu_s)  # Flex: 72 USD a minute
    assert price.qpu_s > 1000 * 250e-6  # the delay between shots alone
    with granted(permission(tmp_path, budget=Budget(project="p", max_jobs=1))):
        backend.sample(ANSATZ, THETA, shots=10, seed=1)
        with pytest.raises(BudgetError, match="1 jobs"):
            backend.sample(ANSATZ, THETA, shots=10, seed=2)
    assert server.world(crn).posts == 1


def test_submitting_does_not_wait_and_another_process_brings_the_result(
    server: Server, crn: str, tmp_path: Path
) -> None:
    server.world(crn).settings["run_s"] = 1e9
    with (
        granted(permission(tmp_path, mode="submit")),
        pytest.raises(PendingError, match="is submitted"),
    ):
        machine().sample(ANSATZ, THETA, shots=50, seed=1)
    server.world(crn).settings["run_s"] = 0.0
    with granted(permission(tmp_path)):
        assert machine().sample(ANSATZ, THETA, shots=50, seed=1).shots == 50
    assert server.world(crn).posts == 1


def test_a_refused_identity_sends_no_key(
    server: Server, crn: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    before = server.raw_keys
    provider = IbmProvider()
    provider.find("x")
    server.tokens.clear()  # they have expired,
    server.iam.extend(["400"] * 8)  # and no new ones are given
    with pytest.raises(ProviderError) as caught:
        provider.find("x")
    server.iam.clear()
    again = time.monotonic()
    told = "".join(traceback.format_exception(caught.value)) + caught.value.hint + caplog.text
    assert KEY not in told
    assert server.raw_keys == before
    assert provider.find("x") == ()  # a new line, a new token,
    assert time.monotonic() - again < 50  # and not after the minute that the SDK would wait
    assert KEY not in repr(find_account())


def test_the_key_is_in_nothing_that_is_written(
    crn: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    with granted(permission(tmp_path)):
        machine().sample(ANSATZ, THETA, shots=20, seed=1)
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    out = capfd.readouterr()
    for place in (written.decode("latin-1"), caplog.text, out.out, out.err):
        assert KEY not in place
        assert "Bearer ey" not in place


def test_an_account_that_others_can_read_and_plain_addresses_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "QISKIT_IBM_TOKEN",
        "QISKIT_IBM_URL",
        "QTWIN_IBM_RUNTIME_URL",
        "IAM_URL",
        "GLOBAL_SEARCH_URL",
        "GLOBAL_CATALOG_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match="no account") as caught:
        registry.load("ibm")
    assert "QISKIT_IBM_TOKEN" in caught.value.hint
    file = tmp_path / ".qiskit" / "qiskit-ibm.json"
    file.parent.mkdir()
    file.write_text(
        json.dumps(
            {"default-ibm-quantum-platform": {"channel": "ibm_quantum_platform", "token": KEY}}
        )
    )
    file.chmod(0o644)
    with pytest.raises(InputError, match="others can read it") as caught:
        find_account()
    assert "chmod 600" in caught.value.hint
    file.chmod(0o600)
    assert find_account().source == str(file)
    monkeypatch.setenv("IAM_URL", "http://example.org")
    with pytest.raises(InputError, match="https"):
        find_account()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "jobs"}, "one of"),
        ({"resilience": 3}, "0, 1 or 2"),
        ({"jitter": 1.0}, "below 1"),
        ({"shots": 5}, "unknown option"),
        ({"max_session_s": 5}, "60 to 28800"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        machine(**options)


def test_an_unknown_machine_is_told_with_those_there_are(crn: str, tmp_path: Path) -> None:
    with granted(permission(tmp_path)), pytest.raises(InputError, match="ibm_fes") as caught:
        registry.load("ibm:ibm_fes").sample(ANSATZ, THETA, shots=10, seed=1)
    assert "ibm_fez" in caught.value.hint
    assert os.environ["QISKIT_IBM_TOKEN"] == KEY


@pytest.mark.parametrize("mode", ["batch", "session"])
def test_a_batch_or_session_that_ended_between_two_jobs_is_opened_anew(
    server: Server, crn: str, tmp_path: Path, mode: str
) -> None:
    backend, world = machine(mode=mode, max_session_s=60), server.world(crn)
    with granted(permission(tmp_path)) as allowed:
        backend.sample(ANSATZ, THETA, shots=10, seed=1)
        for session in world.sessions.values():
            session |= {"state": "closed", "accepting_jobs": False}
        backend.sample(ANSATZ, THETA, shots=10, seed=2)
    first, second = (e.session_id for e in allowed.sent)
    assert [j["session_id"] for j in world.jobs.values()] == [first, second]
    assert first != second
    assert world.posts == 2
    if mode == "session":  # what the new one may bill is in the estimate
        assert [round(price.qpu_s) for price in allowed.estimates] == [60, 60]


@pytest.mark.parametrize(("mode", "opened"), [("batch", 2), ("session", 1)])
def test_a_job_whose_session_ended_before_it_was_sent_goes_out_all_the_same(
    server: Server, crn: str, tmp_path: Path, mode: str, opened: int
) -> None:
    """Written down by a process that died then; a new batch costs nothing, a new session would bill
    time that nobody allowed.
    """
    world = server.world(crn)
    world.actions["post"].extend(["500_before"] * 9)
    with (
        granted(permission(tmp_path, pace=Pace(settle_s=0.0, attempts=1, first_wait_s=0.0))),
        pytest.raises(ProviderError),
    ):
        machine(mode=mode, max_session_s=60).sample(ANSATZ, THETA, shots=10, seed=1)
    world.actions["post"].clear()
    assert not any(s["accepting_jobs"] for s in world.sessions.values())
    with granted(permission(tmp_path)) as allowed:
        machine(mode=mode, max_session_s=60).sample(ANSATZ, THETA, shots=10, seed=1)
    (job,) = world.jobs.values()
    assert len(world.sessions) == opened
    assert (job["session_id"] or "") == allowed.sent[0].session_id
    assert (job["session_id"] is None) == (mode == "session")
    assert not any(s["accepting_jobs"] for s in world.sessions.values())


def test_a_status_that_nobody_knows_is_told_and_waited_for_only_so_long(
    server: Server, crn: str, tmp_path: Path
) -> None:
    world, told = server.world(crn), []
    world.settings["run_s"] = 1e9
    world.actions["status"].extend(["odd"] * 50)
    with (
        granted(permission(tmp_path, progress=told.append)),
        pytest.raises(PendingError, match="Paused: nobody knows"),
    ):
        machine().sample(ANSATZ, THETA, shots=10, seed=1)
    assert any("Paused" in line for line in told)
    world.actions["status"].clear()
    world.settings["run_s"] = 0.0
    with granted(permission(tmp_path)):
        assert machine().sample(ANSATZ, THETA, shots=10, seed=1).shots == 10
    assert world.posts == 1
