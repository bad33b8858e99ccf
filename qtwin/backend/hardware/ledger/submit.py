"""Sending a job exactly once over a line that may break at any moment.

The one rule: after a request of which it is not known what became of it, nothing is sent again before the provider was asked
for the job's nonce, again and again until its listing must have settled. One job that is found is adopted, all others are
cancelled; and after a success it is asked as well, because a line can also deliver twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from qtwin.backend.hardware.ledger.entry import Entry
from qtwin.backend.hardware.ledger.store import Leased, Ledger
from qtwin.backend.hardware.provider import FINAL, Posting, Provider, ProviderError, Remote
from qtwin.errors import QtwinError

Told = Callable[[str], None]
_ORDER = {"DONE": 0, "RUNNING": 1, "QUEUED": 2, "FAILED": 3, "CANCELLED": 4}


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How patient to be.

    Attributes:
        settle_s: How long after a request a job may be missing from the provider's listing.
        attempts: How often a job is sent before giving up; each only after it is certain that the one before was not taken.
        first_wait_s, longest_wait_s: Back-off between attempts, doubled each time; the provider's own Retry-After wins.
        poll_s: Between two looks at the listing.
    """

    settle_s: float = 20.0
    attempts: int = 6
    first_wait_s: float = 2.0
    longest_wait_s: float = 120.0
    poll_s: float = 1.0


def silent(_: str) -> None:
    """Tell nobody."""


def submit(ledger: Ledger, provider: Provider, key: str, *, pace: Pace, told: Told = silent) -> Entry:
    """Bring a job from wherever it stands to SUBMITTED, once; a job that is there already is only looked after.

    Args:
        ledger: Where the intent is written.
        provider: Who is asked.
        key: Of the entry.
        pace: Waiting times.
        told: Is told every step, for progress.

    Raises:
        ProviderError: if the provider refuses for good, or stays away for all attempts; the entry then says what is known.
        LedgerError: if the ledger cannot be written.
    """
    with ledger.lease(key) as leased:
        told("leased")
        entry = leased.entry
        for attempt in range(pace.attempts):
            if entry.state == "UNKNOWN":
                entry = reconcile(leased, provider, pace=pace, told=told)
            if entry.state != "INTENT":
                break
            refused = _post(leased, provider, entry, told)
            entry = leased.entry
            if refused is None:
                break
            entry = reconcile(leased, provider, pace=pace, told=told)
            if entry.state == "INTENT":
                if not refused.passing and refused.status != 401:
                    raise refused
                if attempt == pace.attempts - 1:
                    raise ProviderError(
                        f"{refused.message}; given up after {pace.attempts} attempts, nothing was taken",
                        hint=refused.hint or "run the same command later; the job is kept in the ledger",
                        status=refused.status,
                    )
                wait = max(refused.retry_after_s, min(pace.first_wait_s * 2.0**attempt, pace.longest_wait_s))
                told(f"waiting {wait:.1f} s before the next attempt")
                time.sleep(min(wait, pace.longest_wait_s))
        return sweep(leased, provider, pace=pace, told=told)


def _post(leased: Leased, provider: Provider, entry: Entry, told: Told) -> ProviderError | None:
    """Send once; the error if it is not certain that it was taken."""
    payload = leased.ledger.file(entry.key, "payload")
    if payload is None:
        raise QtwinError(f"the payload of job {entry.key[:12]} is gone from the ledger", hint="restore the ledger from a copy")
    posting = Posting(
        backend=entry.backend,
        program=entry.program,
        payload=payload,
        tag=entry.nonce,
        session_id=entry.session_id,
        max_execution_s=entry.max_execution_s,
        instance=entry.instance,
    )
    told("before the request")
    leased.write("UNKNOWN", "about to send", state="UNKNOWN", posts=entry.posts + 1, posted_at=time.time(), swept=False)
    told("sending")
    try:
        job_id = provider.submit(posting)
    except ProviderError as error:
        leased.write("unanswered", error.message, error=error.message, posted_at=time.time())
        return error
    told("taken")
    leased.write("SUBMITTED", job_id, state="SUBMITTED", job_id=job_id, posted_at=time.time(), error="")
    told("submitted")
    return None


def reconcile(leased: Leased, provider: Provider, *, pace: Pace, told: Told = silent) -> Entry:
    """Find out what became of an UNKNOWN job: SUBMITTED if the provider has it, INTENT if it certainly has not.

    Raises:
        ProviderError: if the provider cannot be asked; the job stays UNKNOWN.
    """
    entry = leased.entry
    if entry.state != "UNKNOWN":
        return entry
    told("asking what became of it")
    failures, settled = 0, time.monotonic() + pace.settle_s  # from now: a killed process may have sent until it died
    while True:
        asked = time.monotonic()
        try:
            found = provider.find(entry.nonce, instance=entry.instance)
        except ProviderError as error:
            failures += 1
            if failures >= (2 if error.status == 401 else pace.attempts) or not (error.passing or error.status == 401):
                raise ProviderError(
                    f"it is not known whether job {entry.key[:12]} was taken, and {error.message}",
                    hint=error.hint or "qtwin jobs reconcile asks again; nothing is sent twice",
                    status=error.status,
                ) from None
            time.sleep(max(error.retry_after_s, min(pace.first_wait_s * 2.0 ** (failures - 1), pace.longest_wait_s)))
            continue
        if found:
            adopted = min(found, key=lambda job: (_ORDER[job.status], job.created, job.job_id))
            told("found")
            entry = leased.write(
                "SUBMITTED",
                f"adopted {adopted.job_id}",
                state="SUBMITTED",
                job_id=adopted.job_id,
                posted_at=time.time(),
                error="",
            )
            _cancel_extras(leased, provider, entry, found)
            return leased.entry
        if asked >= settled:
            told("not taken")
            return leased.write("INTENT", "the provider has no job of this nonce", state="INTENT")
        time.sleep(pace.poll_s)


def sweep(leased: Leased, provider: Provider, *, pace: Pace, told: Told = silent) -> Entry:
    """Look for duplicates of a submitted job until the listing has settled, and cancel them.

    A provider that cannot be asked now is asked at the next occasion: the entry stays unswept.
    """
    while True:
        entry = leased.entry
        if entry.swept or not entry.job_id:
            return entry
        asked_at = time.time()
        try:
            clean = _cancel_extras(leased, provider, entry, provider.find(entry.nonce, instance=entry.instance))
        except ProviderError:
            clean = False
        if not 0 <= asked_at - entry.posted_at < pace.settle_s:
            told("settled")
            return leased.write("swept", "no duplicates are left", swept=True) if clean else leased.entry
        time.sleep(min(pace.poll_s, max(0.01, entry.posted_at + pace.settle_s - asked_at)))


def _cancel_extras(leased: Leased, provider: Provider, entry: Entry, found: tuple[Remote, ...]) -> bool:
    """Cancel all but the entry's own job; False if one could not be."""
    clean = True
    for extra in found:
        if extra.job_id == entry.job_id or extra.status in FINAL:
            continue
        try:
            stopped = provider.cancel(extra.job_id, instance=entry.instance)
        except ProviderError as error:
            clean = False
            leased.write("extra", f"{extra.job_id} could not be cancelled: {error.message}")
        else:
            leased.write("extra", f"{extra.job_id} {'cancelled' if stopped else 'had ended already'}")
    return clean
