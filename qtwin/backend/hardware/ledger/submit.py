"""Sending a job exactly once over a line that may break at any moment.

Two rules. After a request of which it is not known what became of it, nothing is sent again before
the provider was asked for the job's nonce, again and again until its listing must have settled. And
a job is ours if the provider shows it with our nonce, not because an answer said so: until then it
is UNKNOWN, whatever the answer, and nothing is cancelled before our own is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from qtwin.backend.hardware.ledger.store import Entry, Leased, Ledger
from qtwin.backend.hardware.provider import (
    FINAL,
    PartialListingError,
    Posting,
    Provider,
    ProviderError,
    Remote,
)
from qtwin.errors import QtwinError

Progress = Callable[[str], None]
_ORDER = {"DONE": 0, "RUNNING": 1, "QUEUED": 2, "OTHER": 3, "FAILED": 4, "CANCELLED": 5}
_ENDED = ("FAILED", "CANCELLED")
_LONGEST_RETRY_AFTER_S = 600.0
_LONGEST_ID = 128


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How patient to be.

    Attributes:
        settle_s: How long after a request a job may be missing from the provider's listing.
        attempts: How often a job is sent before giving up; each only after it is certain that the
            one before was not taken.
        first_wait_s, longest_wait_s: Back-off between attempts, doubled each time; the provider's
            own Retry-After wins up to ten minutes, and one that is longer is reported.
        poll_s: Between two looks at the listing.
    """

    settle_s: float = 20.0
    attempts: int = 6
    first_wait_s: float = 2.0
    longest_wait_s: float = 120.0
    poll_s: float = 1.0


def silent(_: str) -> None:
    """Tell nobody."""


def submit(
    ledger: Ledger,
    provider: Provider,
    key: str,
    *,
    pace: Pace,
    progress: Progress = silent,
    renewed: Callable[[], str] = lambda: "",
) -> Entry:
    """Bring a job from wherever it stands to SUBMITTED, once; a job that is there already is only
    looked after.

    Args:
        ledger: Where the intent is written.
        provider: Who is asked.
        key: Of the entry.
        pace: Waiting times.
        progress: Is called with every step.
        renewed: Gives a session in place of one that has ended, "" for none.

    Raises:
        ProviderError: if the provider refuses for good, or stays away for all attempts; the entry
            then says what is known.
        LedgerError: if the ledger cannot be written.
    """
    with ledger.lease(key) as leased:
        progress("leased")
        entry, attempt, sessions = named(leased), 0, 0
        fresh = entry.state in ("INTENT", "UNKNOWN")
        if entry.state == "UNKNOWN":
            entry = reconcile(leased, provider, pace=pace, progress=progress)
        while entry.state == "INTENT":
            refused = _post(leased, provider, entry, progress)
            entry = reconcile(leased, provider, pace=pace, progress=progress)
            if entry.state != "INTENT":
                break
            if refused.session_ended and entry.session_id:
                sessions += 1
                session_id = renewed() if sessions == 1 else ""
                detail = f"{entry.session_id} has ended, {session_id or 'no other'} takes its place"
                entry = leased.write("session", detail, session_id=session_id)
                continue
            if not refused.passing and refused.status != 401:
                raise refused
            attempt += 1
            if attempt >= pace.attempts:
                raise ProviderError(
                    f"{refused.message}; given up after {pace.attempts} attempts, nothing "
                    "was taken",
                    hint=refused.hint
                    or "run the same command later; the job is kept in the ledger",
                    status=refused.status,
                    retry_after_s=refused.retry_after_s,
                )
            _wait(refused, attempt, pace, progress)
        return sweep(leased, provider, pace=pace, progress=progress, fresh=fresh)


def _wait(error: ProviderError, attempt: int, pace: Pace, progress: Progress = silent) -> None:
    """Before the next attempt, or an error if the provider asks for a longer wait than the
    limit.
    """
    wait_s = max(
        error.retry_after_s, min(pace.first_wait_s * 2.0 ** (attempt - 1), pace.longest_wait_s)
    )
    if error.retry_after_s > max(_LONGEST_RETRY_AFTER_S, pace.longest_wait_s):
        raise ProviderError(
            f"{error.message}; the provider asks to wait {error.retry_after_s:.0f} s",
            hint="run the same command after that; the job is kept in the ledger",
            status=error.status,
            retry_after_s=error.retry_after_s,
        )
    progress(f"waiting {wait_s:.1f} s before the next attempt")
    time.sleep(wait_s)


def named(leased: Leased) -> Entry:
    """The entry; one that is SUBMITTED and has no identifier is UNKNOWN."""
    entry = leased.entry
    if entry.state != "SUBMITTED" or entry.job_id:
        return entry
    return leased.write("UNKNOWN", "it has no identifier", state="UNKNOWN", swept=False)


def _post(leased: Leased, provider: Provider, entry: Entry, progress: Progress) -> ProviderError:
    """Send once, and say why to send again if the provider turns out not to have it; UNKNOWN until
    the provider shows the job.
    """
    payload = leased.ledger.file(entry.key, "payload")
    if payload is None:
        raise QtwinError(
            f"the payload of job {entry.key[:12]} is gone from the ledger",
            hint="restore the ledger from a copy",
        )
    posting = Posting(
        backend=entry.backend,
        program=entry.program,
        payload=payload,
        tag=entry.nonce,
        session_id=entry.session_id,
        max_execution_s=entry.max_execution_s,
        instance=entry.instance,
    )
    progress("before the request")
    leased.write(
        "UNKNOWN",
        "about to send",
        state="UNKNOWN",
        job_id="",
        posts=entry.posts + 1,
        posted_at=time.time(),
        swept=False,
    )
    progress("sending")
    try:
        job_id: object = provider.submit(posting)
    except ProviderError as error:
        leased.write("unanswered", error.message, error=error.message, posted_at=time.time())
        return error
    progress("taken")
    if not isinstance(job_id, str) or not job_id.strip() or len(job_id) > _LONGEST_ID:
        leased.write(
            "unanswered",
            "the answer names no job",
            error="the answer names no job",
            posted_at=time.time(),
        )
        return ProviderError("the answer names no job")
    leased.write("", job_id=job_id, posted_at=time.time(), error="")  # still UNKNOWN
    progress("answered")
    return ProviderError(f"the provider answered with job {job_id} and does not have it")


def reconcile(
    leased: Leased, provider: Provider, *, pace: Pace, progress: Progress = silent
) -> Entry:
    """Find out what became of an UNKNOWN job: SUBMITTED if the provider has it, INTENT if it
    certainly has not.

    Raises:
        ProviderError: if the provider cannot be asked; the job stays UNKNOWN.
    """
    entry = leased.entry
    if entry.state != "UNKNOWN":
        return entry
    claimed, foreign = entry.job_id, False
    unasked: ProviderError | None = None
    if not claimed:
        progress("asking what became of it")
    # from now: a killed process may have sent until it died
    failures, settled = 0, time.monotonic() + pace.settle_s
    while True:
        asked = time.monotonic()
        try:
            found = _ours(entry, provider)
        except ProviderError as error:
            failures += 1
            found = error.found if isinstance(error, PartialListingError) else ()
            if not found:
                if failures >= (2 if error.status == 401 else pace.attempts) or not (
                    error.passing or error.status == 401
                ):
                    raise ProviderError(
                        f"it is not known whether job {entry.key[:12]} was taken, and "
                        f"{error.message}",
                        hint=error.hint or "qtwin jobs reconcile asks again; nothing is sent twice",
                        status=error.status,
                        retry_after_s=error.retry_after_s,
                    ) from None
                _wait(error, failures, pace)
                continue
        if claimed and not found:  # listings lag behind
            try:
                shown, unasked = _shown(entry, provider, claimed), None
            except ProviderError as error:
                shown, unasked = None, error
            foreign = shown is not None and not _is_ours(entry, shown)
            found = (shown,) if shown is not None and not foreign else ()
        if found:
            adopted = min(
                found,
                key=lambda j: (
                    j.status in _ENDED,
                    j.job_id != claimed,
                    _ORDER[j.status],
                    j.created,
                    j.job_id,
                ),
            )
            if not claimed:
                progress("found")
            detail = adopted.job_id if adopted.job_id == claimed else f"adopted {adopted.job_id}"
            detail += f"; the answer named {claimed}" if claimed not in ("", adopted.job_id) else ""
            entry = leased.write(
                "SUBMITTED",
                detail,
                state="SUBMITTED",
                job_id=adopted.job_id,
                posted_at=time.time(),
                error="",
                swept=False,
            )
            progress("submitted")
            return entry
        if asked >= settled:
            if unasked is not None:  # believed until it can be asked: `sweep` does
                detail = f"{claimed} as answered; it could not be asked for: {unasked.message}"
                entry = leased.write(
                    "SUBMITTED",
                    detail,
                    state="SUBMITTED",
                    posted_at=time.time(),
                    error="",
                    swept=False,
                )
                progress("submitted")
                return entry
            # the answer said that something was taken: not sent again without somebody asking for
            # it
            if foreign:
                leased.write("not ours", f"{claimed} does not carry the tag", job_id="")
                raise ProviderError(
                    f"the provider answered with job {claimed}, which is not ours, and "
                    "shows none that is",
                    hint="run the same command again: it asks once more before it sends",
                )
            progress("not taken")
            return leased.write(
                "INTENT", "the provider has no job of this nonce", state="INTENT", job_id=""
            )
        time.sleep(pace.poll_s)


def sweep(
    leased: Leased,
    provider: Provider,
    *,
    pace: Pace,
    progress: Progress = silent,
    fresh: bool = False,
) -> Entry:
    """Look for duplicates of a submitted job until the listing has settled, and cancel them.

    A provider that cannot be asked now is asked at the next occasion: the entry stays unswept.

    Args:
        leased: The job.
        provider: Who is asked.
        pace: Waiting times.
        progress: Is called when it is done.
        fresh: The job was sent by this call, so that all of the settle time is still to come.
    """
    entry = leased.entry
    age = 0.0 if fresh else time.time() - entry.posted_at
    # clocks are set back
    settled = (
        time.monotonic() + pace.settle_s - (max(age, 0.0) if age < pace.settle_s else pace.settle_s)
    )
    late = 0
    while not entry.swept and entry.job_id:
        asked = time.monotonic()
        try:
            found, whole = _ours(entry, provider), True
        except ProviderError as error:
            found, whole = (error.found if isinstance(error, PartialListingError) else ()), False
        extras = [job for job in found if job.job_id != entry.job_id and job.status not in FINAL]
        known = _own_is_known(entry, provider, found, extras) if whole or extras else False
        if extras and known:
            _cancel(leased, provider, extras)
        if asked >= settled:
            if whole and known and not extras:
                progress("settled")
                return leased.write("swept", "no duplicates are left", swept=True)
            # what was taken for ours is not there, or ended while another one lives
            if known is None:
                leased.write(
                    "UNKNOWN",
                    f"{entry.job_id} is not at the provider",
                    state="UNKNOWN",
                    job_id="",
                    posted_at=time.time(),
                )
                entry, late = reconcile(leased, provider, pace=pace, progress=progress), 0
                settled = time.monotonic() + pace.settle_s
                continue
            late += 1
            if late >= pace.attempts or not extras:
                return entry
        time.sleep(pace.poll_s)
    return entry


def _ours(entry: Entry, provider: Provider) -> tuple[Remote, ...]:
    """The listed jobs with our nonce."""
    return tuple(
        job
        for job in provider.find(entry.nonce, instance=entry.instance)
        if job.tags is None or _is_ours(entry, job)
    )


def _is_ours(entry: Entry, job: Remote) -> bool:
    return job.tags is not None and entry.nonce in job.tags


def _shown(entry: Entry, provider: Provider, job_id: str) -> Remote | None:
    """A job as the provider shows it, None if it has none of this identifier.

    Raises:
        ProviderError: if it cannot be asked.
    """
    try:
        return provider.status(job_id, instance=entry.instance)
    except ProviderError as error:
        if error.status in (400, 404, 410, 422):
            return None
        raise


def _own_is_known(
    entry: Entry, provider: Provider, found: tuple[Remote, ...], extras: list[Remote]
) -> bool | None:
    """Whether our own job is at the provider, so that the others are extras; None if it is none of
    ours, or another should be.

    Of a job that has ended here, nothing else is asked for.
    """
    if entry.final:
        return True
    own = next((job for job in found if job.job_id == entry.job_id), None)
    if own is None:
        try:
            own = _shown(entry, provider, entry.job_id)
        except ProviderError:
            return False
    if (
        own is None
        or (extras and own.status in _ENDED)
        or (own.tags is not None and not _is_ours(entry, own))
    ):
        return None
    return own in found or _is_ours(entry, own)


def _cancel(leased: Leased, provider: Provider, extras: list[Remote]) -> None:
    for extra in extras:
        try:
            stopped = provider.cancel(extra.job_id, instance=leased.entry.instance)
        except ProviderError as error:
            leased.write("extra", f"{extra.job_id} could not be cancelled: {error.message}")
        else:
            leased.write(
                "extra", f"{extra.job_id} {'cancelled' if stopped else 'had ended already'}"
            )
