"""What the provider may answer, and what is made of it: the real client of IBM Quantum against the
loopback server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from qtwin.backend.hardware.ibm.connection import _seconds, as_provider_error, scrub
from qtwin.backend.hardware.ibm.provider import IbmProvider
from qtwin.backend.hardware.ledger import Entry, Ledger, Order
from qtwin.backend.hardware.ledger.fetch import fetch
from qtwin.backend.hardware.ledger.submit import Pace, submit
from qtwin.backend.hardware.provider import (
    CorruptedResultError,
    PartialListingError,
    Posting,
    ProviderError,
)
from tests.server.loopback import CRN, MACHINE, Server, World
from tests.thinned import thinned

pytest.importorskip("qiskit_ibm_runtime")
PACE = Pace(settle_s=0.3, attempts=3, first_wait_s=0.01, longest_wait_s=0.1, poll_s=0.04)
WRONG_IDS = ("null_id", "empty_id", "int_id", "list_id", "no_id", "ghost_id", "foreign_id")
WRONG_BODIES = ("html", "truncated", "short", "empty", "object", "null", "list", "garbage")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield made
    made.shutdown()


@pytest.fixture
def world(server: Server, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> World:
    name = request.node.name.replace("[", "-").replace("]", "")
    told = server.environment(name) | {
        "QISKIT_IBM_TOKEN": "a-key-of-somebody-who-tests-0123",
        "QTWIN_IBM_TIMEOUT_S": "10",
    }
    for key, value in told.items():
        monkeypatch.setenv(key, value)
    made = server.world(CRN.format(name=name))
    made.settings["run_s"] = 1e9
    made.crowd(6)
    return made


def order(**changes: Any) -> Order:
    request = {"kind": "sample", "n_qubits": 1, "shots": 1, "parameters": [[0.1]]}
    return Order(
        **(
            {
                "provider": "ibm",
                "backend": MACHINE,
                "program": "executor",
                "payload": b"{}",
                "request": request,
            }
            | changes
        )
    )


def ours(world: World) -> list[dict[str, Any]]:
    return [j for j in world.jobs.values() if not j.get("foreign")]


def submitted(ledger: Ledger, **changes: Any) -> Entry:
    return submit(ledger, IbmProvider(), ledger.intend(order(**changes)).key, pace=PACE)


@pytest.mark.parametrize(
    "kind",
    thinned(
        ["ghost_id", "html", "404", "quota", "html_404", "redirect"]
        + [k for k in (*WRONG_IDS, *WRONG_BODIES) if k not in ("ghost_id", "html")],
        keep=4,
    ),
)
def test_a_job_that_was_taken_is_found_by_its_tag_whatever_the_answer(
    world: World, tmp_path: Path, kind: str
) -> None:
    unfiltered = kind in WRONG_IDS
    world.settings |= {
        "listing_lag_s": 0.1,
        "unfiltered": unfiltered,
        "page": 2 if unfiltered else 0,
    }
    world.actions["post"].append(f"{kind}_after")
    entry = submitted(Ledger(tmp_path / "jobs.sqlite"))
    (job,) = ours(world)
    assert (entry.state, entry.job_id, entry.posts) == ("SUBMITTED", job["id"], 1)
    assert world.wrongly_cancelled == 0


@pytest.mark.parametrize("kind", thinned(["ghost_id", "html", "null_id", "empty"], keep=2))
def test_an_answer_that_names_no_job_of_ours_is_no_reason_to_believe_in_one(
    world: World, tmp_path: Path, kind: str
) -> None:
    world.actions["post"].append(f"{kind}_before")
    entry = submitted(Ledger(tmp_path / "jobs.sqlite"))
    (job,) = ours(world)
    assert (entry.job_id, entry.posts, world.wrongly_cancelled) == (job["id"], 2, 0)


def test_somebody_elses_job_in_the_answer_is_told_and_nothing_is_sent_again_unasked(
    world: World, tmp_path: Path
) -> None:
    world.actions["post"].append("foreign_id_before")
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with pytest.raises(ProviderError, match="which is not ours"):
        submitted(ledger)
    assert (ledger.entries()[0].state, world.posts) == ("UNKNOWN", 1)
    entry = submitted(ledger)
    assert (entry.state, world.posts, len(ours(world)), world.wrongly_cancelled) == (
        "SUBMITTED",
        2,
        1,
        0,
    )


@pytest.mark.parametrize("count", thinned(["right", "fewer", "none", "more"], keep=2))
def test_a_listing_is_read_to_its_end_whatever_it_says_of_its_length(
    world: World, count: str
) -> None:
    provider = IbmProvider()
    ids = {
        provider.submit(Posting(backend=MACHINE, program="executor", payload=b"{}", tag="mine"))
        for _ in range(3)
    }
    world.crowd(5)
    world.settings |= {"unfiltered": True, "page": 2, "count": count}
    world.actions["list"].extend(["ok", "twice", "ok"])
    assert {job.job_id for job in provider.find("mine")} == ids
    assert provider.find("") == ()


@pytest.mark.parametrize(("kind", "times"), [("repeat", 9), ("null_id", 1), ("object", 1)])
def test_what_a_listing_does_not_show_is_not_said_to_be_missing(
    world: World, kind: str, times: int
) -> None:
    provider = IbmProvider()
    provider.submit(Posting(backend=MACHINE, program="executor", payload=b"{}", tag="mine"))
    world.settings |= {"unfiltered": kind == "repeat", "page": 2 if kind == "repeat" else 0}
    world.actions["list"].extend([kind] * times)
    with pytest.raises(PartialListingError):
        provider.find("mine")


@pytest.mark.parametrize("session", ["closed", "gone", "open"])
def test_an_ended_session_is_dropped_and_an_open_one_is_used(
    world: World, tmp_path: Path, session: str
) -> None:
    if session != "gone":
        world.sessions["s1"] = {"id": "s1", "state": session, "accepting_jobs": session == "open"}
    entry = submitted(Ledger(tmp_path / "jobs.sqlite"), session_id="s1")
    assert (
        entry.session_id == ours(world)[0]["session_id"]
        if session == "open"
        else entry.session_id == ""
    )
    assert entry.state == "SUBMITTED"


def test_an_ended_session_is_replaced_where_another_is_given_and_by_a_new_order(
    world: World, tmp_path: Path
) -> None:
    provider, ledger = IbmProvider(), Ledger(tmp_path / "jobs.sqlite")
    fresh = provider.open_session(MACHINE, mode="batch", max_time_s=60)
    key = ledger.intend(order(session_id="gone")).key
    # while it waits to be sent
    assert ledger.intend(order(session_id="other")).session_id == "other"
    entry = submit(ledger, provider, key, pace=PACE, renewed=lambda: fresh)
    assert (entry.session_id, ours(world)[0]["session_id"]) == (fresh, fresh)
    provider.close_session(fresh)
    assert not provider.session_accepts(fresh)
    # it is sent: nothing changes any more
    assert ledger.intend(order(session_id="third")).session_id == fresh
    world.actions["session"].append("null_id")
    with pytest.raises(ProviderError, match="names no session"):
        provider.open_session(MACHINE, mode="batch", max_time_s=60)


@pytest.mark.parametrize(
    ("state", "expected", "words"),
    thinned(
        [
            ({"status": "Cancelled - Ran too long"}, "FAILED", "Ran too long"),
            (
                {"status": "Cancelled", "reason_code": 1305, "reason": "limit of 10 s"},
                "FAILED",
                "Ran too long: limit of 10 s",
            ),
            ({"status": "Cancelled"}, "CANCELLED", "Cancelled"),
            ({"status": "Failed", "reason": "no such gate"}, "FAILED", "no such gate"),
            ({"status": "Archived", "reason": "moved"}, "SUBMITTED", "'Archived: moved'"),
            ({}, "SUBMITTED", "no status"),
            ("Running", "SUBMITTED", ""),
        ],
        keep=3,
    ),
)
def test_statuses_are_told_as_they_are(
    world: World, tmp_path: Path, state: Any, expected: str, words: str
) -> None:
    ledger, provider = Ledger(tmp_path / "jobs.sqlite"), IbmProvider()
    key = submitted(ledger).key
    client = provider.line.client()
    shown, real = client.job_get, {"status": "", "state": state}
    client.job_get = lambda *a, **k: shown(*a, **k) | real
    entry = fetch(ledger, provider, key, pace=PACE)
    assert entry.state == expected
    assert words in entry.error
    assert (entry.error == "") == (words == "")


@pytest.mark.parametrize("kind", thinned(["other", "html_404", "object", "null"], keep=2))
def test_an_answer_about_another_job_or_none_changes_nothing(
    world: World, tmp_path: Path, kind: str
) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    entry = submitted(ledger)
    world.actions["status"].append(kind)
    with pytest.raises(ProviderError) as caught:
        fetch(ledger, IbmProvider(), entry.key, pace=PACE)
    assert caught.value.passing  # no gateway's word that the job is not there
    assert ledger.get(entry.key) == entry


@pytest.mark.parametrize(
    ("metrics", "told"),
    thinned(
        [
            ({"usage": {"quantum_seconds": 0, "status": "pending"}}, None),
            ({"usage": {"quantum_seconds": 0}}, None),
            ({"usage": {"qpu_charge_time_seconds": 3, "status": "provisional"}}, None),
            ({"usage": {"qpu_charge_time_seconds": float("nan"), "status": "final"}}, None),
            ({"usage": {"qpu_charge_time_seconds": -1, "status": "final"}}, None),
            ({"usage": {"qpu_charge_time_seconds": True, "status": "final"}}, None),
            ({"usage": None}, None),
            ([], None),
            ({"usage": {"qpu_charge_time_seconds": 0, "status": "final"}}, 0),
            ({"usage": {"quantum_seconds": 2.5}}, 2.5),
        ],
        keep=4,
    ),
)
def test_usage_is_none_until_it_is_settled(world: World, metrics: Any, told: float | None) -> None:
    provider = IbmProvider()
    provider.line.client().job_metadata = lambda _: metrics
    assert provider.usage("d1").get("qpu_s") == told


def test_a_page_is_no_result_and_other_bytes_are_kept_without_the_token(
    world: World, server: Server, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    key = submitted(ledger).key
    world.settings |= {"run_s": 0.0, "answer": f'{{"refused": "{next(iter(server.issued))}"}}'}
    world.actions["result"].append("html")
    with pytest.raises(ProviderError, match="a page"):
        fetch(ledger, IbmProvider(), key, pace=PACE)
    assert ledger.files(key, "result") == []
    for _ in range(2):
        with pytest.raises(CorruptedResultError, match="damaged"):
            fetch(ledger, IbmProvider(), key, pace=PACE)
    assert ledger.files(key, "result") == [("corrupted", b'{"refused": "***"}')]  # once


def test_refusals_say_what_to_do_and_show_no_token(world: World, server: Server) -> None:
    provider = IbmProvider()
    posting = Posting(backend=MACHINE, program="executor", payload=b"{}", tag="t")
    for kind, hint in (
        ("quota", "the plan allows"),
        ("429", "later"),
        ("html_502", "later"),
        ("404", "doctor"),
    ):
        world.actions["post"].append(f"{kind}_before")
        with pytest.raises(ProviderError) as caught:
            provider.submit(posting)
        assert hint in caught.value.hint
        assert not any(token[:30] in caught.value.message for token in server.issued)
        assert "<" not in caught.value.message
    world.actions["post"].append("429_before")
    with pytest.raises(ProviderError) as caught:
        provider.submit(posting)
    assert caught.value.retry_after_s == pytest.approx(0.05)


@pytest.mark.slow
def test_a_line_that_is_not_safe_is_told_and_the_job_waits(
    world: World, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTWIN_IBM_RUNTIME_URL", server.url.replace("http:", "https:") + "/api/v1")
    ledger = Ledger(tmp_path / "jobs.sqlite")
    with pytest.raises(ProviderError) as caught:
        submitted(ledger)
    assert "clock and certificates" in caught.value.hint
    monkeypatch.setenv("QTWIN_IBM_RUNTIME_URL", server.url + "/api/v1")
    assert submitted(ledger).state == "SUBMITTED"
    assert len(ours(world)) == 1


def test_retry_after_is_seconds_or_a_date() -> None:
    assert _seconds("1.5") == 1.5
    assert 3000 < _seconds(formatdate(time.time() + 3600.0, usegmt=True)) <= 3600
    assert _seconds(formatdate(time.time() - 60.0, usegmt=True)) == 0.0
    for nonsense in ("soon", "", None, "nan", "-3", "Mon, 99 Foo"):
        assert _seconds(nonsense) == 0.0
    assert _seconds("1e9") == 86400.0


def test_texts_of_others_are_one_line_without_secrets_pages_and_control_characters() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjF9.c2lnbmF0dXJl"
    told = scrub(f"refused\x1b[31m\n{token} apikey=abcdefghijkl <!DOCTYPE html><p>{token}")
    assert "\x1b" not in told
    assert "eyJ" not in told
    assert "abcdefghijkl" not in told
    assert told.endswith("(an HTML page)")
    assert as_provider_error(RuntimeError("404 no such job"), None, "x").status == 404
