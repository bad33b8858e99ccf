"""Opening the ledger's database: SQLite, written through to a file that only its owner reads, or a URL."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtwin.backend.hardware.ledger.tables import metadata
from qtwin.errors import InputError, QtwinError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

PLACE = "QTWIN_LEDGER"
"""Environment variable that names the ledger: a file, or a database URL."""
DAMAGED = "restore it from a copy; a new ledger would not know the jobs that were bought, and buy them again"
_FULL = ("disk is full", "disk full", "no space left", "disk i/o error", "file too large", "quota exceeded")
_BROKEN = ("malformed", "not a database", "corrupt", "is damaged", "no such table", "no such column", "unsupported file format")
_CLOSED = ("readonly", "read-only", "unable to open", "permission denied", "operation not permitted")


class LedgerError(QtwinError):
    """The ledger could not be read or written; what was written before is kept (exit code 1)."""


def default_place() -> str:
    """$QTWIN_LEDGER, else a file in the user's data folder."""
    named = os.environ.get(PLACE)
    if named:
        return named
    data = os.environ.get("XDG_DATA_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else "")
    return str((Path(data) if data else Path.home() / ".local" / "share") / "qtwin" / "jobs.sqlite")


def open_engine(place: str) -> Engine:
    """An engine whose transactions are written through, on tables that exist.

    Raises:
        InputError: for a file that is no database, a folder that cannot be written, or a URL whose driver is not installed.
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
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7235)")  # two first users at once
            _require_ours(connection, place)
            metadata().create_all(connection)
    except ModuleNotFoundError as error:
        raise InputError(
            f"the driver of {shown(place).split(':')[0]} is missing: {error.name}", hint=f"pip install {error.name}"
        ) from None
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"the ledger {shown(place)} cannot be opened: {why}", hint=_advice(why)) from None
    except SQLAlchemyError as error:
        raise InputError(f"the ledger {shown(place)} cannot be opened: {words(error)}", hint=_advice(words(error))) from None
    return engine


def _require_ours(connection: Connection, place: str) -> None:
    """Refuse the database of another program, or of another version of this one (InputError)."""
    from sqlalchemy import inspect

    seen = inspect(connection)
    there = set(seen.get_table_names())
    for table in metadata().tables.values():
        missing = (
            {c.name for c in table.columns} - {c["name"] for c in seen.get_columns(table.name)} if table.name in there else {""}
        )
        if missing and there and (connection.dialect.name == "sqlite" or table.name in there):
            raise InputError(
                f"the ledger {shown(place)} is a database without {table.name}{''.join(f'.{m}' for m in sorted(missing) if m)}",
                hint=f"name a ledger in ${PLACE}; this file is of another program or version",
            )


def _advice(why: str) -> str:
    """What to do about a database's complaint."""
    text = why.lower()
    if any(sign in text for sign in _FULL):
        return "free some space and run the same command again; nothing that was written before is lost"
    if any(sign in text for sign in _BROKEN):
        return DAMAGED
    if any(sign in text for sign in _CLOSED):
        return f"give yourself the right to write to the file and its folder, or name another file in ${PLACE}"
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
        raise LedgerError(f"the ledger {shown(place)} could not be used: {words(error)}", hint=_advice(words(error))) from None
    except UnicodeDecodeError:
        raise LedgerError(f"the ledger {shown(place)} could not be used: it is damaged", hint=DAMAGED) from None


def _private_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.name != "nt" and stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
    for suffix in ("-wal", "-shm", "-journal"):  # SQLite makes them like the file; those that are there may be older
        beside = path.with_name(path.name + suffix)
        if os.name != "nt" and beside.exists() and stat.S_IMODE(beside.stat().st_mode) & 0o077:
            beside.chmod(0o600)


def _durable(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_at_once` says, not where the driver thinks
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=60000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA temp_store=MEMORY")  # no file of its own, which others might read
    cursor.close()


def _at_once(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
