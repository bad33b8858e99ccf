"""Reading and writing the ledger: entries, their files, and the lease under which an entry changes."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, final, get_args

from qtwin.backend.hardware.ledger import tables
from qtwin.backend.hardware.ledger.database import DAMAGED, LedgerError, default_place, open_engine, shown, transaction
from qtwin.backend.hardware.ledger.entry import Entry, Order, State
from qtwin.backend.hardware.ledger.lease import give_up, is_dead, new_owner
from qtwin.errors import InputError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LEASE_S = 1200.0
"""Longer than any request to a provider lasts; a dead process on this machine loses its lease at once."""
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

    def intend(self, order: Order, *, allowed: Callable[[list[Entry]], object] = lambda _: None) -> Entry:
        """Write an order down before anything leaves the machine; an order that is there already stays as it is.

        Only its session changes while it waits to be sent: the one that it was written down with may have ended.

        Args:
            order: What is to be run.
            allowed: Is shown all entries in the same transaction, and raises if this one may not be added.
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
                changed = jobs.update().where(jobs.c.key == order.key).values(session_id=order.session_id, updated=now)
                connection.execute(changed)
                _add_event(connection, order.key, "session", order.session_id or "none")
            if there is None:
                if self._engine.dialect.name == "postgresql":
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7236)")  # one new order at a time
                allowed(self._all(connection))
                inserted = connection.execute(self._insert(), row).rowcount
                if inserted:
                    for kind, data in {"payload": order.payload, **order.files}.items():
                        _add_file(connection, order.key, kind, data, "")
                    _add_event(connection, order.key, "INTENT", f"{order.program} on {order.backend}")
        return self.get(order.key)

    def get(self, key: str) -> Entry:
        """The entry of a key.

        Raises:
            InputError: if there is none.
        """
        with self._transaction() as connection:
            row = self._row(connection, key)
        if row is None:
            raise InputError(f"the ledger holds no job {key[:12]}", hint="qtwin jobs list shows what there is")
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
        found = [e for e in self.entries() if name and (e.key.startswith(name.lower()) or e.job_id == name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise InputError(f"{name!r} fits {len(found)} jobs", hint="give more of the key")
        raise InputError(f"the ledger holds no job {name!r}", hint="qtwin jobs list shows what there is")

    def entries(self) -> list[Entry]:
        """All entries, oldest first."""
        with self._transaction() as connection:
            return self._all(connection)

    def file(self, key: str, kind: str) -> bytes | None:
        """The newest file of a kind: ``payload``, ``qpy``, ``openqasm3``, ``calibration``, ``versions``, ``result``."""
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
                raise LedgerError(f"the {kind} of job {key[:12]} in the ledger {self} is damaged", hint=DAMAGED)
        return [(str(row["state"]), bytes(row["data"])) for row in rows]

    def events(self, key: str) -> list[dict[str, str]]:
        """What happened to a job, in order."""
        from sqlalchemy import select

        table = tables.events()
        chosen = select(table.c.time, table.c.event, table.c.detail).where(table.c.key == key).order_by(table.c.id)
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
                    raise LedgerError(f"job {key[:12]} is held by another process", hint="wait for it, or stop it")
                time.sleep(_POLL_S)
            yield Leased(self, key, owner)
        finally:
            give_up(owner)
            with suppress(LedgerError):  # a full disk must not hide what happened; a lease that was given up is void
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
                raise InputError(f"the ledger holds no job {key[:12]}", hint="qtwin jobs list shows what there is")
            held = row["lease_owner"]
            dead = is_dead(held) if held else True
            if dead is False or (dead is None and row["lease_until"] > time.time()):
                return False  # a process that lives has it for as long as it does, whatever the clock was set to
            taken = {"lease_owner": owner, "lease_until": time.time() + _LEASE_S}
            connection.execute(jobs.update().where(jobs.c.key == key).values(**taken))
        return True

    def _release(self, key: str, owner: str) -> None:
        jobs = tables.jobs()
        with self._transaction() as connection:
            mine = jobs.c.lease_owner == owner
            connection.execute(jobs.update().where(jobs.c.key == key, mine).values(lease_owner="", lease_until=0.0))

    def _row(self, connection: Connection, key: str, *, lock: bool = False) -> Mapping[str, Any] | None:
        from sqlalchemy import select

        chosen = select(tables.jobs()).where(tables.jobs().c.key == key)
        row = connection.execute(chosen.with_for_update() if lock else chosen).mappings().one_or_none()
        return cast("Mapping[str, Any] | None", row)

    def _all(self, connection: Connection) -> list[Entry]:
        from sqlalchemy import select

        jobs = tables.jobs()
        rows = connection.execute(select(jobs).order_by(jobs.c.created, jobs.c.key)).mappings().all()
        return [self._entry(cast("Mapping[str, Any]", row)) for row in rows]

    def _entry(self, row: Mapping[str, Any]) -> Entry:
        try:
            told = {k: json.loads(v) if k in tables.TEXTS else v for k, v in row.items() if not k.startswith("lease_")}
            whole = all(isinstance(told[k], dict) for k in tables.TEXTS)
        except (TypeError, ValueError):
            whole = False
        if not whole or told["state"] not in get_args(State):
            raise LedgerError(f"the row of job {str(row['key'])[:12]} in the ledger {self} is damaged", hint=DAMAGED)
        return Entry(**told)

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

    def write(self, event: str, detail: str = "", *, files: Sequence[tuple[str, bytes, str]] = (), **columns: Any) -> Entry:
        """Change columns, add files (kind, data, state) and say what happened ("" says nothing); all on the disk or nothing.

        Raises:
            LedgerError: if the lease was lost, or nothing could be written.
        """
        jobs = tables.jobs()
        values = {k: _text(v) if k in tables.TEXTS else v for k, v in columns.items()}
        values |= {"updated": _now(), "lease_until": time.time() + _LEASE_S}
        with self.ledger._transaction() as connection:
            mine = (jobs.c.key == self.key, jobs.c.lease_owner == self._owner)
            if connection.execute(jobs.update().where(*mine).values(**values)).rowcount != 1:
                raise LedgerError(f"another process took job {self.key[:12]} over", hint="run the same command again")
            for kind, data, state in files:
                _add_file(connection, self.key, kind, data, state)
            if event:
                _add_event(connection, self.key, event, detail)
        return self.entry

    def mark(self, kind: str, state: str) -> None:
        """Set the state of the newest file of a kind."""
        from sqlalchemy import func, select

        table = tables.files()
        newest = select(func.max(table.c.id)).where(table.c.key == self.key, table.c.kind == kind).scalar_subquery()
        with self.ledger._transaction() as connection:
            connection.execute(table.update().where(table.c.id == newest).values(state=state))


def _add_file(connection: Connection, key: str, kind: str, data: bytes, state: str) -> None:
    digest = hashlib.sha256(data).hexdigest()
    row = {"key": key, "kind": kind, "sha256": digest, "data": data, "state": state, "written": _now()}
    connection.execute(tables.files().insert().values(**row))


def _add_event(connection: Connection, key: str, event: str, detail: str) -> None:
    connection.execute(tables.events().insert().values(key=key, time=_now(), event=event, detail=detail))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
