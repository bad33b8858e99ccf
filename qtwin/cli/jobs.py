"""`qtwin jobs`: paid jobs, submitted once and never lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.markup import escape

from qtwin.backend.hardware import PROVIDERS
from qtwin.backend.hardware.ledger import Entry, Ledger
from qtwin.backend.hardware.ledger.fetch import cancel, fetch, good_result
from qtwin.backend.hardware.ledger.submit import Pace, named, reconcile, sweep
from qtwin.backend.hardware.provider import Provider
from qtwin.benchmark.checkpoint import Checkpoint, write_atomically
from qtwin.cli.hardware import paid, show_estimates
from qtwin.cli.show import note, stage, table, terminal
from qtwin.errors import InputError, QtwinError
from qtwin.studies.regimen.hardware import is_paid
from qtwin.studies.regimen.prepare import Prepared

_POLL_S = 10.0


def submit_jobs(prepared: Prepared, out: Path, *, dry_run: bool, yes: bool) -> dict[str, Any]:
    """Do an experiment up to its paid jobs, and estimate or send those.

    Raises:
        InputError: for a spec without paid solvers, or one whose budget would be exceeded.
        QtwinError: for what cannot go on; the same command goes on from there.
    """
    from qtwin.backend.hardware.price import PendingError
    from qtwin.studies.regimen.answer import Answers
    from qtwin.studies.regimen.run import model_of, problem_of, run_id, twin_of
    from qtwin.studies.stages import Stages

    spec = prepared.spec
    chosen = [k for k, section in enumerate(spec.solver) if is_paid(section)]
    if not chosen:
        raise InputError(
            "no solver of the spec runs on a paid machine",
            hint='backend = "ibm:ibm_fez" in a [[solver]] does',
        )
    with paid(prepared, mode="estimate" if dry_run else "submit", yes=yes) as permission:
        assert permission is not None
        answers = Answers.prepare(spec)
        stages = Stages(
            checkpoint=Checkpoint.open(out, run_id(prepared), fresh=False), progress=terminal
        )
        with stage("Twin"):
            twin = twin_of(prepared)
        with stage("Encoding"):
            problem = problem_of(prepared, twin)
            model = model_of(problem, spec, stages)
        done = 0
        for k in chosen:
            try:
                answers.one(k, model, problem, stages)
                if answers.errors:  # nothing is ordered past a refusal
                    raise answers.errors[0]
                done += 1
            except PendingError as pending:
                note(
                    f"{spec.solver[k].name} on {spec.solver[k].options['backend']}: "
                    f"{pending.message}"
                )
    if dry_run:
        show_estimates(permission.estimates)
    ids = ", ".join(e.job_id for e in permission.sent if e.job_id)
    if not dry_run:
        note(
            f"{len(permission.sent)} jobs at the provider: {ids or 'none'}; {done} answers "
            "are complete"
        )
    return {
        "dry_run": dry_run,
        "estimates": [p.plain() for p in permission.estimates],
        "qpu_s": sum(p.qpu_s for p in permission.estimates),
        "usd": sum(p.usd for p in permission.estimates),
        "jobs": [_row(e) for e in permission.sent],
        "answers_complete": done,
    }


def list_jobs(place: str) -> list[dict[str, Any]]:
    """Show every job of the ledger."""
    ledger = Ledger(place or None)
    rows = [_row(e) for e in ledger.entries()]
    _show(f"Ledger {ledger}", rows)
    return rows


def show_job(name: str, place: str, *, export: Path | None) -> dict[str, Any]:
    """Show one job, and write what belongs to it into a folder."""
    ledger = Ledger(place or None)
    entry = ledger.named(name)
    events = ledger.events(entry.key)
    left = entry.planned.get("left") or {}
    for title, told in ((f"Job {entry.key[:12]}", _row(entry)), ("What left the machine", left)):
        table(title, ("", ""), [(k.replace("_", " "), escape(str(v))) for k, v in told.items()])
    table(
        "What happened",
        ("time", "event", ""),
        [(e["time"], e["event"], escape(e["detail"])) for e in events],
    )
    written: list[str] = []
    if export is not None:
        export.mkdir(parents=True, exist_ok=True, mode=0o700)
        suffixes = {
            "qpy": "qpy",
            "openqasm3": "qasm",
            "calibration": "json",
            "versions": "json",
            "payload": "json",
        }
        found = {
            f"{kind}.{suffix}": ledger.file(entry.key, kind) for kind, suffix in suffixes.items()
        }
        kept = ledger.files(entry.key, "result")
        found |= {
            f"result_{k}_{state}.raw": data
            for k, (state, data) in enumerate(kept)
            if state != "good"
        }
        found["result.json"] = good_result(ledger, entry.key)
        for name, data in found.items():
            if data is None:
                continue
            target, plain = (
                export / name,
                _unpacked(data) if name.startswith("calibration") else data,
            )
            write_atomically(target, lambda path, plain=plain: _bytes(path, plain))  # type: ignore[misc]
            written.append(str(target))
        note(f"written: {', '.join(written)}")
    return _row(entry) | {
        "left": left,
        "events": events,
        "planned": dict(entry.planned),
        "files": written,
    }


def fetch_jobs(names: Sequence[str], place: str, *, wait: bool) -> list[dict[str, Any]]:
    """Bring jobs up to date; one that cannot be is told, and the others still are.

    Raises:
        QtwinError: the last of the errors, after all jobs were tried.
    """
    ledger = Ledger(place or None)
    chosen = [ledger.named(n) for n in names] or [
        e for e in ledger.entries() if e.state != "INTENT"
    ]
    while True:
        chosen = _each(chosen, lambda e: fetch(ledger, provider_of(e), e.key, pace=_pace(e)))
        if not wait or all(e.final or e.state == "INTENT" for e in chosen):
            break
        time.sleep(_POLL_S)
    rows = [_row(e) for e in chosen]
    _show("Fetched", rows)
    return rows


def cancel_jobs(names: Sequence[str], place: str) -> list[dict[str, Any]]:
    """Stop jobs."""
    ledger = Ledger(place or None)
    rows = [
        _row(e)
        for e in _each(
            [ledger.named(n) for n in names],
            lambda e: cancel(ledger, provider_of(e), e.key, pace=_pace(e)),
        )
    ]
    _show("Cancelled", rows)
    return rows


def reconcile_jobs(place: str) -> list[dict[str, Any]]:
    """Ask the providers about every job of which something is not known."""
    ledger = Ledger(place or None)
    open_ones = [
        e
        for e in ledger.entries()
        if e.state == "UNKNOWN" or (not e.swept and (e.job_id or e.state == "SUBMITTED"))
    ]

    def settled(entry: Entry) -> Entry:
        with ledger.lease(entry.key) as leased:
            fresh = named(leased).state == "UNKNOWN"
            reconcile(leased, provider_of(entry), pace=_pace(entry))
            return sweep(leased, provider_of(entry), pace=_pace(entry), fresh=fresh)

    rows = [_row(e) for e in _each(open_ones, settled)]
    _show("Reconciled", rows)
    never = [e for e in ledger.entries() if e.state == "INTENT"]
    if never:
        note(
            f"{len(never)} written down and not sent; qtwin jobs submit with the same spec "
            "sends them"
        )
    return rows


def provider_of(entry: Entry) -> Provider:
    """Who runs an entry's job (InputError for one that is not known here)."""
    if entry.provider not in PROVIDERS:
        raise InputError(
            f"job {entry.key[:12]} is at {entry.provider!r}, which is not known here",
            hint="install its plug-in",
        )
    if entry.provider not in _OPEN:
        module, _, name = PROVIDERS[entry.provider].partition(":")
        _OPEN[entry.provider] = getattr(import_module(module), name)()
    return _OPEN[entry.provider]


_OPEN: dict[str, Provider] = {}


def _pace(entry: Entry) -> Pace:
    """As patient as the spec was that ordered the job."""
    return Pace(settle_s=float(entry.planned.get("settle_s", Pace().settle_s)))


def _each(entries: Sequence[Entry], action: Callable[[Entry], Entry]) -> list[Entry]:
    done: list[Entry] = []
    failure: QtwinError | None = None
    for entry in entries:
        try:
            done.append(action(entry))
        except QtwinError as error:
            note(f"{entry.key[:12]}: {error.message}", style="yellow")
            failure = error
            done.append(entry)
    if failure is not None:
        raise failure
    return done


def _bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _unpacked(data: bytes) -> bytes:
    import zlib

    return zlib.decompress(data) if data else b"{}"


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "state": entry.state,
        "final": entry.final,
        "machine": f"{entry.provider}:{entry.backend}",
        "job_id": entry.job_id,
        "shots": entry.request.get("shots"),
        "project": entry.planned.get("project", ""),
        "planned_qpu_s": entry.planned.get("qpu_s"),
        "qpu_s": entry.usage.get("qpu_s"),
        "planned_usd": entry.planned.get("usd"),
        "posts": entry.posts,
        "duplicates_looked_for": entry.swept,
        "created": entry.created,
        "updated": entry.updated,
        "error": entry.error,
    }


def _show(title: str, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        note(f"{title}: no jobs")
        return
    shown = [
        (
            r["key"][:8],
            r["state"],
            r["machine"],
            r["job_id"] or "-",
            str(r["shots"]),
            _time(r["qpu_s"], r["planned_qpu_s"]),
        )
        for r in rows
    ]
    table(title, ("job", "state", "machine", "provider's id", "shots", "QPU, s"), shown)
    for r in rows:
        if r["error"]:
            note(f"{r['key'][:8]}: {r['error']}", style="yellow")


def _time(used_s: float | None, planned_s: float | None) -> str:
    return (
        f"{used_s:g}"
        if used_s is not None
        else "-"
        if planned_s is None
        else f"{planned_s:.1f} planned"
    )
