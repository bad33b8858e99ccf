"""What travels: an order that goes into the ledger, and an entry that comes out of it."""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, final, get_args

from qtwin.backend.hardware.ledger import tables
from qtwin.backend.hardware.ledger.tables import metadata
from qtwin.errors import InputError, QtwinError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


State = Literal["INTENT", "UNKNOWN", "SUBMITTED", "DONE", "FAILED", "CANCELLED"]
FINAL = ("DONE", "FAILED", "CANCELLED")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job that is to be run, complete before anything leaves the machine.

    Attributes:
        provider: Who runs it, such as ``ibm``.
        backend: The provider's name of the machine.
        program: The provider's name of the program.
        payload: What is posted (JSON).
        request: What was asked for: circuit hash, parameters, shots, options, seed; with `backend`
            it is the job's identity.
        planned: The estimate of qubits, depth, time and price.
        local: What is needed to read the result and stays here: the permutation and flips of the
            variables.
        files: Further things to keep: the circuit as ``qpy`` and ``openqasm3``, ``calibration``,
            ``versions``.
        instance: Account or instance that pays, "" for the default.
        session_id: Session or batch, "" for none.
        max_execution_s: Limit on the machine's time, 0 for the provider's own.
    """

    provider: str
    backend: str
    program: str
    payload: bytes
    request: Mapping[str, Any]
    planned: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    instance: str = ""
    session_id: str = ""
    max_execution_s: int = 0

    @property
    def key(self) -> str:
        """SHA-256 of provider, machine and request."""
        return key_of(self.provider, self.backend, self.request)


def key_of(provider: str, backend: str, request: Mapping[str, Any]) -> str:
    """The identity of a job: SHA-256 of provider, machine and everything that was asked for."""
    text = json.dumps(
        [provider, backend, request], sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A job as the ledger knows it.

    Attributes:
        key: Its identity.
        nonce: The tag under which it goes out; random.
        provider, backend, program, instance, session_id, max_execution_s: As ordered.
        state: Where it stands.
        job_id: The provider's identifier, "" until it is known; of an UNKNOWN job only what the
            provider's answer said.
        posts: How often it was sent.
        posted_at: Time of the last sending, seconds since 1970.
        swept: Whether duplicates were looked for after the provider's listing had settled.
        error: What went wrong last, "" if nothing.
        request, planned, local, usage: JSON values.
        created, updated: ISO 8601, UTC.
    """

    key: str
    nonce: str
    provider: str
    backend: str
    program: str
    instance: str
    session_id: str
    max_execution_s: int
    state: State
    job_id: str
    posts: int
    posted_at: float
    swept: bool
    error: str
    request: Mapping[str, Any]
    planned: Mapping[str, Any]
    local: Mapping[str, Any]
    usage: Mapping[str, Any]
    created: str
    updated: str

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL


def settled_s(usage: Mapping[str, Any]) -> float | None:
    """Seconds of the processor that a job took, None while that is not settled: providers say 0
    until they know.
    """
    seconds = usage.get("qpu_s")
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not math.isfinite(seconds)
        or seconds < 0
    ):
        return None
    return float(seconds) if seconds > 0 or usage.get("status") == "final" else None


# Opening the ledger's database: SQLite, written through to a file that only its owner reads, or a
# URL.

PLACE = "QTWIN_LEDGER"
"""Environment variable that names the ledger: a file, or a database URL."""
DAMAGED = (
    "restore it from a copy; a new ledger would not know the jobs that were bought, and buy "
    "them again"
)
_FULL = (
    "disk is full",
    "disk full",
    "no space left",
    "disk i/o error",
    "file too large",
    "quota exceeded",
)
_BROKEN = (
    "malformed",
    "not a database",
    "corrupt",
    "is damaged",
    "no such table",
    "no such column",
    "unsupported file format",
)
_CLOSED = (
    "readonly",
    "read-only",
    "unable to open",
    "permission denied",
    "operation not permitted",
)


class LedgerError(QtwinError):
    """The ledger could not be read or written; what was written before is kept (exit code 1)."""


def default_place() -> str:
    """$QTWIN_LEDGER, else a file in the user's data folder."""
    named = os.environ.get(PLACE)
    if named:
        return named
    data = os.environ.get("XDG_DATA_HOME") or (
        os.environ.get("LOCALAPPDATA") if os.name == "nt" else ""
    )
    return str((Path(data) if data else Path.home() / ".local" / "share") / "qtwin" / "jobs.sqlite")


def open_engine(place: str) -> Engine:
    """An engine whose transactions are written through, on tables that exist.

    Raises:
        InputError: for a file that is no database, a folder that cannot be written, or a URL whose
            driver is not installed.
    """
    from sqlalchemy import create_engine, event
    from sqlalchemy.exc import SQLAlchemyError

    try:
        if "://" in place:
            engine = create_engine(place)
        else:
            path = Path(place).expanduser().resolve()
            _private_file(path)
            engine = create_engine(f"sqlite:///{path}")
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _durable)
            event.listen(engine, "begin", _at_once)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                # two first users at once
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7235)")
            _require_ours(connection, place)
            metadata().create_all(connection)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the driver of {shown(place).split(':')[0]} is missing: {error.name}",
            hint=f"pip install {error.name}",
        ) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(
            f"the ledger {shown(place)} cannot be opened: {why}", hint=_advice(why)
        ) from None
    except SQLAlchemyError as error:
        raise InputError(
            f"the ledger {shown(place)} cannot be opened: {words(error)}",
            hint=_advice(words(error)),
        ) from None
    return engine


def _require_ours(connection: Connection, place: str) -> None:
    """Refuse the database of another program, or of another version of this one (InputError)."""
    from sqlalchemy import inspect

    seen = inspect(connection)
    there = set(seen.get_table_names())
    for table in metadata().tables.values():
        missing = (
            {c.name for c in table.columns} - {c["name"] for c in seen.get_columns(table.name)}
            if table.name in there
            else {""}
        )
        if missing and there and (connection.dialect.name == "sqlite" or table.name in there):
            raise InputError(
                f"the ledger {shown(place)} is a database without "
                f"{table.name}{''.join(f'.{m}' for m in sorted(missing) if m)}",
                hint=f"name a ledger in ${PLACE}; this file is of another program or version",
            )


def _advice(why: str) -> str:
    """What to do about a database's complaint."""
    text = why.lower()
    if any(sign in text for sign in _FULL):
        return (
            "free some space and run the same command again; nothing that was written before "
            "is lost"
        )
    if any(sign in text for sign in _BROKEN):
        return DAMAGED
    if any(sign in text for sign in _CLOSED):
        return (
            "give yourself the right to write to the file and its folder, or name another file "
            f"in ${PLACE}"
        )
    return f"run the same command again; nothing is lost (${PLACE} names the ledger)"


def shown(place: str) -> str:
    """The place without a password."""
    if "://" not in place:
        return place
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(place).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "<URL that cannot be read>"


def words(error: BaseException) -> str:
    """The database's own words in one line, without the statement and its values."""
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]


@contextmanager
def transaction(engine: Engine, place: str) -> Iterator[Connection]:
    """One transaction that holds the write lock from its start; on the disk when the block ends.

    Raises:
        LedgerError: if it could not be written; nothing of it was then.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise LedgerError(
            f"the ledger {shown(place)} could not be used: {words(error)}",
            hint=_advice(words(error)),
        ) from None
    except UnicodeDecodeError:
        raise LedgerError(
            f"the ledger {shown(place)} could not be used: it is damaged", hint=DAMAGED
        ) from None


def _private_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.name != "nt" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    # SQLite makes them like the file; those that are there may be older
    for suffix in ("-wal", "-shm", "-journal"):
        beside = path.with_name(path.name + suffix)
        if os.name != "nt" and beside.exists() and stat.S_IMODE(beside.stat().st_mode) & 0o077:
            beside.chmod(0o600)


def _durable(connection: Any, _: Any) -> None:
    # transactions begin where `_at_once` says, not where the driver thinks
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=60000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA temp_store=MEMORY")  # no file of its own, which others might read
    cursor.close()


def _at_once(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


# Who may act on a job: one process, until it gives the job back, dies or takes too long.


@cache
def _here() -> str:
    """This machine, this boot and this process namespace: where process numbers mean what they mean
    to us.
    """
    parts = [platform.node()]
    for source in ("/proc/sys/kernel/random/boot_id",):
        try:
            parts.append(Path(source).read_text(encoding="ascii").strip())
        except OSError:
            parts.append("")
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append("")
    return "/".join(parts)


def _started(pid: int) -> str:
    """When a process started, in ticks since boot; "" where the system does not say, "gone" if
    there is none.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return "gone" if Path("/proc/self/stat").exists() else ""
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "gone" if fields[0] in "ZX" else fields[19]


_MINE: set[str] = set()


def new_owner() -> str:
    """A name for one lease of this process."""
    pid = os.getpid()
    owner = f"{_here()}|{pid}|{_started(pid)}|{secrets.token_hex(8)}"
    _MINE.add(owner)
    return owner


def give_up(owner: str) -> None:
    """The lease is over, whether or not the ledger could be updated."""
    _MINE.discard(owner)


def is_dead(owner: str) -> bool | None:
    """Whether the process that took the lease has ended; None where that cannot be known, as of
    another machine.
    """
    here, _, rest = owner.partition("|")
    pid, _, rest = rest.partition("|")
    started = rest.partition("|")[0]
    if here != _here() or not pid.isdigit():
        return None
    if int(pid) == os.getpid():
        return owner not in _MINE
    now = _started(int(pid))
    if now:
        return now != started
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return None
    return None


# Reading and writing the ledger: entries, their files, and the lease under which an entry changes.

_LEASE_S = 1200.0
"""Longer than any request to a provider lasts; a dead process on this machine loses its lease at
once.
"""
_POLL_S = 0.05


@final
class Ledger:
    """All paid jobs, of all processes that share the place.

    Args:
        place: A file (SQLite) or a database URL; `default_place` by default.

    Raises:
        InputError: if it cannot be opened.
    """

    def __init__(self, place: str | Path | None = None) -> None:
        self.place = str(place) if place is not None else default_place()
        self._engine = open_engine(self.place)

    def intend(
        self, order: Order, *, require: Callable[[list[Entry]], object] = lambda _: None
    ) -> Entry:
        """Write an order down before anything leaves the machine; an order that is there already
        stays as it is.

        Only its session changes while it waits to be sent: the one that it was written down with
        may have ended.

        Args:
            order: What is to be run.
            require: Is called with all entries in the same transaction, and raises if this one may
                not be added.
        """
        now = _now()
        row = {
            "key": order.key,
            "nonce": secrets.token_hex(16),
            "provider": order.provider,
            "backend": order.backend,
            "program": order.program,
            "instance": order.instance,
            "session_id": order.session_id,
            "max_execution_s": order.max_execution_s,
            "state": "INTENT",
            "job_id": "",
            "posts": 0,
            "posted_at": 0.0,
            "swept": False,
            "error": "",
            "request": _text(order.request),
            "planned": _text(order.planned),
            "local": _text(order.local),
            "usage": "{}",
            "created": now,
            "updated": now,
            "lease_owner": "",
            "lease_until": 0.0,
        }
        with self._transaction() as connection:
            there = self._row(connection, order.key, lock=True)
            waits = there is not None and there["state"] == "INTENT" and not there["lease_owner"]
            if there is not None and waits and there["session_id"] != order.session_id:
                jobs = tables.jobs()
                changed = (
                    jobs.update()
                    .where(jobs.c.key == order.key)
                    .values(session_id=order.session_id, updated=now)
                )
                connection.execute(changed)
                _add_event(connection, order.key, "session", order.session_id or "none")
            if there is None:
                if self._engine.dialect.name == "postgresql":
                    # one new order at a time
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7236)")
                require(self._all(connection))
                inserted = connection.execute(self._insert(), row).rowcount
                if inserted:
                    for kind, data in {"payload": order.payload, **order.files}.items():
                        _add_file(connection, order.key, kind, data, "")
                    _add_event(
                        connection, order.key, "INTENT", f"{order.program} on {order.backend}"
                    )
        return self.get(order.key)

    def get(self, key: str) -> Entry:
        """The entry of a key.

        Raises:
            InputError: if there is none.
        """
        with self._transaction() as connection:
            row = self._row(connection, key)
        if row is None:
            raise InputError(
                f"the ledger holds no job {key[:12]}", hint="qtwin jobs list shows what there is"
            )
        return self._entry(row)

    def known(self, key: str) -> Entry | None:
        """The entry of a key, or None."""
        with self._transaction() as connection:
            row = self._row(connection, key)
        return None if row is None else self._entry(row)

    def named(self, name: str) -> Entry:
        """The entry whose key starts with `name`, or whose provider's identifier it is.

        Raises:
            InputError: if there is none, or more than one.
        """
        found = [
            e
            for e in self.entries()
            if name and (e.key.startswith(name.lower()) or e.job_id == name)
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f"{name!r} fits {len(found)} jobs", hint="give more of the key")
        raise InputError(
            f"the ledger holds no job {name!r}", hint="qtwin jobs list shows what there is"
        )

    def entries(self) -> list[Entry]:
        """All entries, oldest first."""
        with self._transaction() as connection:
            return self._all(connection)

    def file(self, key: str, kind: str) -> bytes | None:
        """The newest file of a kind: ``payload``, ``qpy``, ``openqasm3``, ``calibration``,
        ``versions``, ``result``.
        """
        found = self.files(key, kind)
        return found[-1][1] if found else None

    def files(self, key: str, kind: str) -> list[tuple[str, bytes]]:
        """All files of a kind with their state, oldest first.

        Raises:
            LedgerError: if the bytes are not those that were written.
        """
        from sqlalchemy import select

        table = tables.files()
        chosen = select(table).where(table.c.key == key, table.c.kind == kind).order_by(table.c.id)
        with self._transaction() as connection:
            rows = connection.execute(chosen).mappings().all()
        for row in rows:
            if hashlib.sha256(row["data"]).hexdigest() != row["sha256"]:
                raise LedgerError(
                    f"the {kind} of job {key[:12]} in the ledger {self} is damaged", hint=DAMAGED
                )
        return [(str(row["state"]), bytes(row["data"])) for row in rows]

    def events(self, key: str) -> list[dict[str, str]]:
        """What happened to a job, in order."""
        from sqlalchemy import select

        table = tables.events()
        chosen = (
            select(table.c.time, table.c.event, table.c.detail)
            .where(table.c.key == key)
            .order_by(table.c.id)
        )
        with self._transaction() as connection:
            return [dict(row) for row in connection.execute(chosen).mappings()]

    @contextmanager
    def lease(self, key: str, *, wait_s: float = 2 * _LEASE_S) -> Iterator[Leased]:
        """The sole right to act on a job; waits while another process has it.

        Raises:
            LedgerError: if the other one does not give it back in time.
        """
        deadline = time.monotonic() + wait_s
        owner = new_owner()
        try:
            while not self._take(key, owner):
                if time.monotonic() > deadline:
                    raise LedgerError(
                        f"job {key[:12]} is held by another process", hint="wait for it, or stop it"
                    )
                time.sleep(_POLL_S)
            yield Leased(self, key, owner)
        finally:
            give_up(owner)
            # a full disk must not hide what happened; a lease that was given up is void
            with suppress(LedgerError):
                self._release(key, owner)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def __str__(self) -> str:
        """The place, without a password."""
        return shown(self.place)

    def _take(self, key: str, owner: str) -> bool:
        jobs = tables.jobs()
        with self._transaction() as connection:
            row = self._row(connection, key, lock=True)
            if row is None:
                raise InputError(
                    f"the ledger holds no job {key[:12]}",
                    hint="qtwin jobs list shows what there is",
                )
            held = row["lease_owner"]
            dead = is_dead(held) if held else True
            if dead is False or (dead is None and row["lease_until"] > time.time()):
                # a process that lives has it for as long as it does, whatever the clock was set to
                return False
            taken = {"lease_owner": owner, "lease_until": time.time() + _LEASE_S}
            connection.execute(jobs.update().where(jobs.c.key == key).values(**taken))
        return True

    def _release(self, key: str, owner: str) -> None:
        jobs = tables.jobs()
        with self._transaction() as connection:
            mine = jobs.c.lease_owner == owner
            connection.execute(
                jobs.update().where(jobs.c.key == key, mine).values(lease_owner="", lease_until=0.0)
            )

    def _row(
        self, connection: Connection, key: str, *, lock: bool = False
    ) -> Mapping[str, Any] | None:
        from sqlalchemy import select

        chosen = select(tables.jobs()).where(tables.jobs().c.key == key)
        row = (
            connection.execute(chosen.with_for_update() if lock else chosen)
            .mappings()
            .one_or_none()
        )
        return cast("Mapping[str, Any] | None", row)

    def _all(self, connection: Connection) -> list[Entry]:
        from sqlalchemy import select

        jobs = tables.jobs()
        rows = (
            connection.execute(select(jobs).order_by(jobs.c.created, jobs.c.key)).mappings().all()
        )
        return [self._entry(cast("Mapping[str, Any]", row)) for row in rows]

    def _entry(self, row: Mapping[str, Any]) -> Entry:
        try:
            fields = {
                k: json.loads(v) if k in tables.TEXTS else v
                for k, v in row.items()
                if not k.startswith("lease_")
            }
            whole = all(isinstance(fields[k], dict) for k in tables.TEXTS)
        except (TypeError, ValueError):
            whole = False
        if not whole or fields["state"] not in get_args(State):
            raise LedgerError(
                f"the row of job {str(row['key'])[:12]} in the ledger {self} is damaged",
                hint=DAMAGED,
            )
        return Entry(**fields)

    def _insert(self) -> Any:
        if self._engine.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert

            return insert(tables.jobs()).on_conflict_do_nothing()
        from sqlalchemy.dialects.sqlite import insert as insert_sqlite

        return insert_sqlite(tables.jobs()).on_conflict_do_nothing()

    def _transaction(self) -> Any:
        return transaction(self._engine, self.place)


@final
class Leased:
    """A job under lease: the only way to change an entry."""

    def __init__(self, ledger: Ledger, key: str, owner: str) -> None:
        self.ledger, self.key, self._owner = ledger, key, owner

    @property
    def entry(self) -> Entry:
        """As it stands now."""
        return self.ledger.get(self.key)

    def write(
        self,
        event: str,
        detail: str = "",
        *,
        files: Sequence[tuple[str, bytes, str]] = (),
        **columns: Any,
    ) -> Entry:
        """Change columns, add files (kind, data, state) and say what happened ("" says nothing);
        all on the disk or nothing.

        Raises:
            LedgerError: if the lease was lost, or nothing could be written.
        """
        jobs = tables.jobs()
        values = {k: _text(v) if k in tables.TEXTS else v for k, v in columns.items()}
        values |= {"updated": _now(), "lease_until": time.time() + _LEASE_S}
        with self.ledger._transaction() as connection:
            mine = (jobs.c.key == self.key, jobs.c.lease_owner == self._owner)
            if connection.execute(jobs.update().where(*mine).values(**values)).rowcount != 1:
                raise LedgerError(
                    f"another process took job {self.key[:12]} over",
                    hint="run the same command again",
                )
            for kind, data, state in files:
                _add_file(connection, self.key, kind, data, state)
            if event:
                _add_event(connection, self.key, event, detail)
        return self.entry

    def mark(self, kind: str, state: str) -> None:
        """Set the state of the newest file of a kind."""
        from sqlalchemy import func, select

        table = tables.files()
        newest = (
            select(func.max(table.c.id))
            .where(table.c.key == self.key, table.c.kind == kind)
            .scalar_subquery()
        )
        with self.ledger._transaction() as connection:
            connection.execute(table.update().where(table.c.id == newest).values(state=state))


def _add_file(connection: Connection, key: str, kind: str, data: bytes, state: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    row = {
        "key": key,
        "kind": kind,
        "sha256": digest,
        "data": data,
        "state": state,
        "written": _now(),
    }
    connection.execute(tables.files().insert().values(**row))


def _add_event(connection: Connection, key: str, event: str, detail: str) -> None:
    connection.execute(
        tables.events().insert().values(key=key, time=_now(), event=event, detail=detail)
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
