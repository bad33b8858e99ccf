"""The ledger: what is written when, who may act, and what a full disk or a damaged result does."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from qtwin.backend.hardware.ledger import Entry, Ledger, Order
from qtwin.backend.hardware.ledger.fetch import cancel, fetch, good_result
from qtwin.backend.hardware.ledger.store import LedgerError, is_dead, new_owner
from qtwin.backend.hardware.ledger.submit import Pace, submit
from qtwin.backend.hardware.provider import (
    CorruptedResultError,
    Posting,
    Provider,
    ProviderError,
    Remote,
)
from qtwin.errors import InputError

PACE = Pace(settle_s=0.05, attempts=3, first_wait_s=0.01, longest_wait_s=0.02, poll_s=0.01)


class Shop(Provider):
    """A provider in memory: takes jobs, and fails as its script says."""

    name = "shop"

    def __init__(self, *script: str, ledger: Ledger | None = None) -> None:
        self.accounted = True
        self.script, self.jobs, self.tags = list(script), {}, {}
        self.ledger, self.seen_states, self.results = ledger, [], [b"whole"]

    def submit(self, posting: Posting) -> str:
        if self.ledger is not None:
            self.seen_states.append([e.state for e in self.ledger.entries()])
        word = self.script.pop(0) if self.script else "ok"
        if word.startswith("refuse"):
            raise ProviderError("refused", status=int(word.split()[1]))
        for _ in range(2 if word == "twice" else 1):
            job_id = f"j{len(self.jobs)}"
            self.jobs[job_id], self.tags[job_id] = "QUEUED", posting.tag
        if word == "lose the answer":
            raise ProviderError("no answer")
        return job_id

    def find(self, tag: str, *, instance: str = "") -> tuple[Remote, ...]:
        if self.script and self.script[0] == "away":
            self.script.pop(0)
            raise ProviderError("away", status=503)
        return tuple(
            Remote(job_id=j, status=self.jobs[j]) for j, t in self.tags.items() if t == tag
        )

    def status(self, job_id: str, *, instance: str = "") -> Remote:
        return Remote(job_id=job_id, status=self.jobs[job_id])

    def cancel(self, job_id: str, *, instance: str = "") -> bool:
        ended = self.jobs[job_id] == "DONE"
        self.jobs[job_id] = self.jobs[job_id] if ended else "CANCELLED"
        return not ended

    def fetch_raw(self, job_id: str, *, instance: str = "") -> bytes:
        return self.results.pop(0) if len(self.results) > 1 else self.results[0]

    def verify(self, raw: bytes, request: Mapping[str, Any]) -> None:
        if raw != b"whole":
            raise CorruptedResultError("it is in pieces")

    def usage(self, job_id: str, *, instance: str = "") -> dict[str, Any]:
        return {"qpu_s": 2.0} if self.accounted else {}

    @property
    def live(self) -> list[str]:
        return [j for j, s in self.jobs.items() if s != "CANCELLED"]

    def finish(self) -> None:
        self.jobs = {j: "DONE" if s == "QUEUED" else s for j, s in self.jobs.items()}


def order(**request: Any) -> Order:
    return Order(
        provider="shop",
        backend="m",
        program="p",
        payload=b"{}",
        request={"shots": 1, **request},
        files={"qpy": b"Q"},
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "folder" / "jobs.sqlite")


def done(ledger: Ledger, shop: Shop, key: str) -> Entry:
    submit(ledger, shop, key, pace=PACE)
    shop.finish()
    return fetch(ledger, shop, key, pace=PACE)


def test_the_intent_is_on_the_disk_before_the_request_and_the_job_is_unknown_while_it_lasts(
    ledger: Ledger,
) -> None:
    shop = Shop(ledger=ledger)
    entry = ledger.intend(order())
    assert entry.state == "INTENT"
    assert submit(ledger, shop, entry.key, pace=PACE).state == "SUBMITTED"
    assert shop.seen_states == [["UNKNOWN"]]
    assert [e["event"] for e in ledger.events(entry.key)] == [
        "INTENT",
        "UNKNOWN",
        "SUBMITTED",
        "swept",
    ]


@pytest.mark.parametrize(
    "script",
    [
        ("lose the answer",),
        ("twice",),
        ("refuse 503", "refuse 429"),
        ("refuse 500", "lose the answer"),
        ("lose the answer", "away"),
    ],
)
def test_one_job_lives_whatever_the_line_does(ledger: Ledger, script: tuple[str, ...]) -> None:
    shop = Shop(*script)
    key = ledger.intend(order()).key
    entry = done(ledger, shop, key)
    assert entry.state == "DONE"
    assert shop.live == [entry.job_id]
    assert good_result(ledger, key) == b"whole"
    assert entry.usage == {"qpu_s": 2.0}


def test_the_same_order_is_one_job_and_another_seed_is_another(ledger: Ledger) -> None:
    first, again, other = (
        ledger.intend(order()),
        ledger.intend(order()),
        ledger.intend(order(seed=2)),
    )
    assert first == again
    assert first.nonce != other.nonce
    assert len(ledger.entries()) == 2
    assert dataclasses.replace(order(), backend="n").key != order().key
    shop = Shop()
    for _ in range(3):
        submit(ledger, shop, first.key, pace=PACE)
    assert len(shop.jobs) == 1


def test_a_refusal_for_good_is_told_and_the_intent_stays(ledger: Ledger) -> None:
    shop, key = Shop("refuse 400"), ledger.intend(order()).key
    with pytest.raises(ProviderError, match="refused"):
        submit(ledger, shop, key, pace=PACE)
    assert ledger.get(key).state == "INTENT"
    assert submit(ledger, shop, key, pace=PACE).state == "SUBMITTED"  # the same command later


def test_a_provider_that_stays_away_leaves_the_job_unknown_and_never_doubles_it(
    ledger: Ledger,
) -> None:
    shop, key = Shop("lose the answer", "away", "away", "away"), ledger.intend(order()).key
    with pytest.raises(ProviderError, match="not known whether"):
        submit(ledger, shop, key, pace=PACE)
    assert ledger.get(key).state == "UNKNOWN"
    assert submit(ledger, shop, key, pace=PACE).job_id == "j0"
    assert len(shop.jobs) == 1


def test_a_damaged_result_is_kept_and_marked_and_the_next_copy_counts(ledger: Ledger) -> None:
    shop, key = Shop(), ledger.intend(order()).key
    shop.results = [b"wh", b"whole"]
    with pytest.raises(CorruptedResultError):
        done(ledger, shop, key)
    assert ledger.get(key).state == "SUBMITTED"
    assert good_result(ledger, key) is None
    assert fetch(ledger, shop, key, pace=PACE).state == "DONE"
    assert ledger.files(key, "result") == [("corrupted", b"wh"), ("good", b"whole")]
    assert fetch(ledger, shop, key, pace=PACE).state == "DONE"  # nothing is asked for again
    assert len(ledger.files(key, "result")) == 2


def test_a_full_disk_is_told_and_nothing_is_lost(ledger: Ledger) -> None:
    shop, key = Shop(), ledger.intend(order()).key
    submit(ledger, shop, key, pace=PACE)
    shop.finish()
    shop.results = [b"whole"]
    from sqlalchemy import event

    def fill(connection: Any, _: Any) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")

    full = Ledger(ledger.place)
    event.listen(full._engine, "connect", fill)
    full.close()
    shop.results = [b"x" * 100_000]
    with pytest.raises(LedgerError, match="disk is full") as caught:
        fetch(full, shop, key, pace=PACE)
    assert "free some space" in caught.value.hint
    with pytest.raises(LedgerError, match="disk is full"):
        full.intend(dataclasses.replace(order(seed=9), payload=b"x" * 100_000))
    assert len(ledger.entries()) == 1
    shop.results = [b"whole"]
    assert fetch(ledger, shop, key, pace=PACE).state == "DONE"


def test_the_file_is_its_owners_alone_and_written_through(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.touch(mode=0o644)
    ledger = Ledger(path)
    ledger.intend(order())
    assert all(stat.S_IMODE(p.stat().st_mode) == 0o600 for p in tmp_path.iterdir())
    with ledger._transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.sqlite").write_text(
        "this is no database, and long enough to be seen as none " * 30
    )
    for place in (tmp_path / "x.sqlite", tmp_path, "nonsense://there"):
        with pytest.raises(InputError):
            Ledger(place)
    ledger = Ledger(tmp_path / "jobs.sqlite")
    for name in ("", "abc"):
        with pytest.raises(InputError, match="no job"):
            ledger.named(name)


def test_bytes_that_changed_on_the_disk_are_noticed(ledger: Ledger) -> None:
    key = ledger.intend(order()).key
    with sqlite3.connect(ledger.place) as connection:
        connection.execute("UPDATE files SET data = X'6f' WHERE kind = 'payload'")
    with pytest.raises(LedgerError, match="damaged"):
        submit(ledger, Shop(), key, pace=PACE)


def test_a_job_that_was_never_sent_can_be_cancelled_and_is_never_sent_then(ledger: Ledger) -> None:
    shop, key = Shop(), ledger.intend(order()).key
    assert cancel(ledger, shop, key, pace=PACE).state == "CANCELLED"
    assert submit(ledger, shop, key, pace=PACE).state == "CANCELLED"
    assert not shop.jobs


def test_cancelling_a_job_that_has_ended_brings_its_result(ledger: Ledger) -> None:
    shop, key = Shop(), ledger.intend(order()).key
    submit(ledger, shop, key, pace=PACE)
    shop.finish()
    assert cancel(ledger, shop, key, pace=PACE).state == "DONE"
    assert good_result(ledger, key) == b"whole"


def test_usage_that_is_known_later_is_added(ledger: Ledger) -> None:
    shop, key = Shop(), ledger.intend(order()).key
    shop.accounted = False
    assert done(ledger, shop, key).usage == {}
    shop.accounted = True
    assert fetch(ledger, shop, key, pace=PACE).usage == {"qpu_s": 2.0}
    assert len(ledger.files(key, "result")) == 1


def test_threads_that_race_make_one_job(ledger: Ledger) -> None:
    shop, key = Shop(), ledger.intend(order()).key
    threads = [
        threading.Thread(target=submit, args=(ledger, shop, key), kwargs={"pace": PACE})
        for _ in range(4)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(shop.jobs) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_a_lease_ends_with_its_process() -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(write, new_owner().encode())
        os._exit(0)
    os.waitpid(pid, 0)
    owner = os.read(read, 1000).decode()
    assert is_dead(owner)
    assert not is_dead(new_owner())
    assert not is_dead("elsewhere|1|1|x")  # of another machine nothing is known
