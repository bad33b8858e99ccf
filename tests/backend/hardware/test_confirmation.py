"""A job is ours if the provider shows it with our tag; before that nothing is believed, and nothing
is cancelled.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from qtwin.backend.hardware.ledger import Ledger
from qtwin.backend.hardware.ledger.fetch import cancel, fetch
from qtwin.backend.hardware.ledger.submit import submit
from qtwin.backend.hardware.provider import PartialListingError, Posting, ProviderError, Remote
from tests.backend.hardware.test_ledger import PACE, Shop, order


class Liar(Shop):
    """Takes every job, and answers, lists and shows what its test says.

    Args:
        answers: Instead of identifiers, first to last; the right ones after that.
        hidden_s: After a submission the listing shows nothing for this long.
    """

    def __init__(self, *answers: Any, hidden_s: float = 0.0) -> None:
        super().__init__()
        self.answers, self.hidden_s, self.posted, self.cancelled = list(answers), hidden_s, 0.0, []
        self.others: tuple[Remote, ...] = ()

    def submit(self, posting: Posting) -> str:
        self.posted = time.monotonic()
        right = super().submit(posting)
        return self.answers.pop(0) if self.answers else right

    def find(self, tag: str, *, instance: str = "") -> tuple[Remote, ...]:
        hidden = time.monotonic() - self.posted < self.hidden_s
        return (() if hidden else super().find(tag)) + self.others

    def status(self, job_id: str, *, instance: str = "") -> Remote:
        if job_id not in self.jobs:
            raise ProviderError("no such job", status=404)
        return Remote(job_id=job_id, status=self.jobs[job_id], tags=(self.tags[job_id],))

    def cancel(self, job_id: str, *, instance: str = "") -> bool:
        self.cancelled.append(job_id)
        return super().cancel(job_id)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "jobs.sqlite")


@pytest.mark.parametrize(
    "answer", [None, "", "   ", 7, ["j0"], {"id": "j0"}, "x" * 500, "not-there"]
)
@pytest.mark.parametrize("hidden_s", [0.0, 0.03])
def test_an_answer_that_names_no_job_of_the_provider_is_unknown_and_found_by_tag(
    ledger: Ledger, answer: Any, hidden_s: float
) -> None:
    shop, key = Liar(answer, hidden_s=hidden_s), ledger.intend(order()).key
    entry = submit(ledger, shop, key, pace=PACE)
    assert (entry.state, entry.job_id, len(shop.jobs), shop.cancelled) == ("SUBMITTED", "j0", 1, [])


def test_a_right_answer_is_confirmed_by_the_job_itself_while_the_listing_lags(
    ledger: Ledger,
) -> None:
    shop, key = Liar(hidden_s=1e9), ledger.intend(order()).key
    assert submit(ledger, shop, key, pace=PACE).job_id == "j0"
    assert len(shop.jobs) == 1


def test_jobs_with_other_tags_or_none_are_never_ours(ledger: Ledger) -> None:
    shop, key = Liar("stranger"), ledger.intend(order()).key
    shop.jobs |= {"stranger": "RUNNING", "other": "RUNNING"}
    shop.tags |= {"stranger": "", "other": "not our nonce"}
    shop.others = (
        Remote(job_id="stranger", status="RUNNING", tags=()),
        Remote(job_id="other", status="RUNNING", tags=("not our nonce",)),
    )
    entry = submit(ledger, shop, key, pace=PACE)
    assert entry.job_id == "j2"
    assert shop.cancelled == []


def test_nothing_is_cancelled_while_our_own_job_is_not_known(ledger: Ledger) -> None:
    """The ledger believed a job that the provider does not have; the one with the tag is ours, not
    an extra.
    """
    shop, key = Liar(), ledger.intend(order()).key
    submit(ledger, shop, key, pace=PACE)
    with sqlite3.connect(ledger.place) as connection:
        connection.execute(
            "UPDATE jobs SET job_id = 'None', swept = 0, posted_at = ?", (time.time(),)
        )
    entry = submit(ledger, shop, key, pace=PACE)
    assert (entry.state, entry.job_id, shop.cancelled, len(shop.jobs)) == ("SUBMITTED", "j0", [], 1)
    with sqlite3.connect(ledger.place) as connection:
        connection.execute("UPDATE jobs SET job_id = '', swept = 0")
    assert submit(ledger, shop, key, pace=PACE).job_id == "j0"


def test_a_twin_that_lives_takes_the_place_of_a_job_that_failed(ledger: Ledger) -> None:
    shop, key = Liar(), ledger.intend(order()).key
    shop.script = ["twice"]
    entry = submit(ledger, shop, key, pace=PACE)
    (other,) = set(shop.jobs) - {entry.job_id}
    assert shop.cancelled == [other]
    shop.jobs = {entry.job_id: "FAILED", other: "QUEUED"}
    with sqlite3.connect(ledger.place) as connection:
        connection.execute("UPDATE jobs SET swept = 0")
    assert fetch(ledger, shop, key, pace=PACE).job_id == other
    assert shop.live == [entry.job_id, other]


def test_a_listing_in_part_shows_what_is_there_and_proves_nothing_else(ledger: Ledger) -> None:
    class Torn(Liar):
        def find(self, tag: str, *, instance: str = "") -> tuple[Remote, ...]:
            raise PartialListingError("torn", found=super().find(tag))

    shop, key = Torn(None), ledger.intend(order()).key
    entry = submit(ledger, shop, key, pace=PACE)
    assert (entry.job_id, entry.swept) == ("j0", False)
    empty, other = Torn(None), ledger.intend(order(seed=2)).key
    empty.tags = {}
    empty.hidden_s = 1e9
    with pytest.raises(ProviderError, match="not known whether"):
        submit(ledger, empty, other, pace=PACE)
    assert ledger.get(other).state == "UNKNOWN"
    assert len(empty.jobs) == 1


@pytest.mark.parametrize("shift_s", [-7200.0, 7200.0])
def test_a_clock_that_is_set_shortens_no_wait(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, shift_s: float
) -> None:
    shop, key, real = Liar(None, hidden_s=0.03), ledger.intend(order()).key, time.time
    shop.script = ["twice"]

    def progress(step: str) -> None:
        if step == "sending":
            monkeypatch.setattr(time, "time", lambda: real() + shift_s)

    started = time.monotonic()
    entry = submit(ledger, shop, key, pace=PACE, progress=progress)
    assert time.monotonic() - started >= PACE.settle_s
    assert entry.swept
    assert shop.live == [entry.job_id]


def test_a_clock_that_is_set_ahead_takes_no_lease_from_a_process_that_lives(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, real = ledger.intend(order()).key, time.time
    with ledger.lease(key):
        monkeypatch.setattr(time, "time", lambda: real() + 1e6)
        assert not ledger._take(key, "another|1|1|x")


def test_a_provider_that_asks_for_long_patience_is_told_and_nothing_is_sent_before(
    ledger: Ledger,
) -> None:
    class Busy(Shop):
        def submit(self, posting: Posting) -> str:
            raise ProviderError("busy", status=429, retry_after_s=3000.0)

    key = ledger.intend(order()).key
    with pytest.raises(ProviderError, match="asks to wait 3000 s") as caught:
        submit(ledger, Busy(), key, pace=PACE)
    assert caught.value.retry_after_s == 3000.0
    assert ledger.get(key).state == "INTENT"


def test_cancelling_what_the_provider_does_not_have_is_told(ledger: Ledger) -> None:
    class Forgetful(Liar):
        def cancel(self, job_id: str, *, instance: str = "") -> bool:
            raise ProviderError("no such job", status=404)

    shop, key = Forgetful(), ledger.intend(order()).key
    submit(ledger, shop, key, pace=PACE)
    with pytest.raises(ProviderError, match="no such job"):
        cancel(ledger, shop, key, pace=PACE)
    assert ledger.get(key).state == "SUBMITTED"


def test_bytes_that_could_not_be_read_are_read_by_a_newer_release_without_the_provider(
    ledger: Ledger,
) -> None:
    class Older(Liar):
        def verify(self, raw: bytes, request: Any) -> None:
            super().verify(b"", request)

    shop, key = Older(), ledger.intend(order()).key
    submit(ledger, shop, key, pace=PACE)
    shop.finish()
    for results in ([b"whole"], [b"wh"]):
        shop.results = results
        with pytest.raises(Exception, match="in pieces"):
            fetch(ledger, shop, key, pace=PACE)
    newer = Liar()
    newer.jobs, newer.tags = shop.jobs, shop.tags
    newer.results = []  # gone at the provider
    assert fetch(ledger, newer, key, pace=PACE).state == "DONE"
    assert [state for state, _ in ledger.files(key, "result")] == ["corrupted", "corrupted", "good"]
