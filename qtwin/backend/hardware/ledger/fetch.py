"""Bringing results home: the raw bytes are on the disk before anybody tries to read them."""

from __future__ import annotations

import hashlib

from qtwin.backend.hardware.ledger.store import Entry, Leased, Ledger, settled_s
from qtwin.backend.hardware.ledger.submit import Pace, Progress, named, reconcile, silent, sweep
from qtwin.backend.hardware.provider import CorruptedResultError, Provider, ProviderError


def fetch(
    ledger: Ledger, provider: Provider, key: str, *, pace: Pace, progress: Progress = silent
) -> Entry:
    """Bring the ledger up to date with one job; safe to repeat, in any process, on any day.

    What was never sent stays INTENT. A result that is there already is not asked for again, and one
    that could not be read is tried again before another copy is asked for: a newer release may read
    it.

    Raises:
        ProviderError: if the provider cannot be asked.
        CorruptedResultError: if the answer is no result; its bytes are kept, and fetching again
            asks for a new copy.
        LedgerError: if the ledger cannot be written, as on a full disk; the result is then still at
            the provider.
    """
    with ledger.lease(key) as leased:
        entry = named(leased)
        fresh = entry.state == "UNKNOWN"
        if fresh:
            entry = reconcile(leased, provider, pace=pace, progress=progress)
        if entry.state == "INTENT":
            return entry
        if entry.final and entry.swept:
            return _accounted(leased, provider, entry)
        entry = sweep(leased, provider, pace=pace, progress=progress, fresh=fresh)
        return (
            entry if entry.final or entry.state != "SUBMITTED" else _follow(leased, provider, entry)
        )


def _follow(leased: Leased, provider: Provider, entry: Entry) -> Entry:
    if _kept_is_good(leased, provider, entry):
        return leased.write(
            "DONE",
            "read from the bytes that were kept",
            state="DONE",
            error="",
            usage=_usage(provider, entry),
        )
    remote = provider.status(entry.job_id, instance=entry.instance)
    if remote.status in ("QUEUED", "RUNNING"):
        return leased.write("status", remote.message, error="") if entry.error else entry
    if remote.status == "OTHER":
        error = (
            f"the provider says {remote.message!r}, which neither means that it runs nor that "
            "it ended"
        )
        return (
            entry if error == entry.error else leased.write("status", remote.message, error=error)
        )
    if remote.status in ("FAILED", "CANCELLED"):
        usage = _usage(provider, entry)
        return leased.write(
            remote.status, remote.message, state=remote.status, error=remote.message, usage=usage
        )
    raw = provider.fetch_raw(entry.job_id, instance=entry.instance)
    if hashlib.sha256(raw).digest() not in {
        hashlib.sha256(kept).digest() for _, kept in leased.ledger.files(entry.key, "result")
    }:
        leased.write("received", f"{len(raw)} bytes", files=[("result", raw, "raw")])
    try:
        provider.verify(raw, entry.request)
    except CorruptedResultError as error:
        leased.mark("result", "corrupted")
        leased.write("corrupted", error.message, error=error.message)
        raise
    leased.mark("result", "good")
    return leased.write("DONE", entry.job_id, state="DONE", error="", usage=_usage(provider, entry))


def _kept_is_good(leased: Leased, provider: Provider, entry: Entry) -> bool:
    """Whether bytes that were kept are the result after all: read by a newer release, or received
    and never read.
    """
    kept = [data for _, data in leased.ledger.files(entry.key, "result")]
    for data in reversed(kept):
        try:
            provider.verify(data, entry.request)
        except CorruptedResultError:
            continue
        if data != kept[-1]:
            leased.write("", files=[("result", data, "good")])
        leased.mark("result", "good")
        return True
    return False


def _accounted(leased: Leased, provider: Provider, entry: Entry) -> Entry:
    """With the usage, which providers know later than the result."""
    if not entry.job_id or settled_s(entry.usage) is not None:
        return entry
    usage = _usage(provider, entry)
    return (
        leased.write("usage", str(usage.get("qpu_s")), usage=usage) if "qpu_s" in usage else entry
    )


def _usage(provider: Provider, entry: Entry) -> dict[str, object]:
    try:
        return dict(provider.usage(entry.job_id, instance=entry.instance))
    except ProviderError:
        return {}


def cancel(ledger: Ledger, provider: Provider, key: str, *, pace: Pace) -> Entry:
    """Stop a job: at the provider if it is there, in the ledger in any case.

    Raises:
        ProviderError: if the provider cannot be asked; nothing is changed then.
    """
    with ledger.lease(key) as leased:
        entry = named(leased)
        fresh = entry.state == "UNKNOWN"
        if fresh:
            entry = reconcile(leased, provider, pace=pace)
        if entry.final:
            return entry
        usage: dict[str, object] = {}
        if entry.state == "SUBMITTED":
            entry = sweep(leased, provider, pace=pace, fresh=fresh)
            if not provider.cancel(entry.job_id, instance=entry.instance):
                return _follow(leased, provider, entry)
            usage = _usage(provider, entry)
        return leased.write("CANCELLED", "by the user", state="CANCELLED", error="", usage=usage)


def good_result(ledger: Ledger, key: str) -> bytes | None:
    """The raw result that was verified, or None."""
    good = [data for state, data in ledger.files(key, "result") if state == "good"]
    return good[-1] if good else None
