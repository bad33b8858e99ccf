"""Records of finished tasks: appended, never overwritten, in SQLite beside the results or in any
database by URL.

Two stores merge as sets: a record's key is its task's identity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from qtwin.errors import InputError, QtwinError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table


_BATCH = 500


@final
class Records:
    """The store of a sweep.

    Args:
        url: A file (SQLite, write-ahead log, every append on disk before it returns) or a database
            URL such as ``postgresql://user@host/name``.

    Raises:
        InputError: for a file that is no database, or a URL whose driver is not installed.
    """

    def __init__(self, url: str | Path) -> None:
        from sqlalchemy import Column, Index, MetaData, String, Table, Text, create_engine, event
        from sqlalchemy.exc import SQLAlchemyError

        self._where = str(url)
        address = self._where if "://" in self._where else f"sqlite:///{Path(url).resolve()}"
        # SQLAlchemy's default driver is not the one that is maintained
        if address.startswith(("postgresql://", "postgres://")):
            address = "postgresql+psycopg://" + address.split("://", 1)[1]
        metadata = MetaData()
        self._table: Table = Table(
            "records",
            metadata,
            Column("task_id", String(64), primary_key=True),
            Column("instance_id", String(16), nullable=False),
            Column("record", Text, nullable=False),
            Column("written", String(32), nullable=False),
            Index("by_instance", "instance_id"),
        )
        try:
            self._engine: Engine = create_engine(address)
            if self._engine.dialect.name == "sqlite":
                event.listen(self._engine, "connect", _durable)
            with self._engine.begin() as connection:
                self._require_ours(connection)
                metadata.create_all(connection)
        except ModuleNotFoundError as error:
            raise InputError(
                f"the driver of {address.split(':')[0]} is missing: {error.name}",
                hint=f"pip install {error.name}",
            ) from None
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            raise InputError(
                f"cannot open the records at {self._shown()}: {_words(error)}", hint=_advice(error)
            ) from None

    def append(self, records: Iterable[Mapping[str, Any]]) -> int:
        """Write finished records; one whose task is there already is left out. How many were new.

        Raises:
            QtwinError: when they could not be written; nothing of the batch is then.
        """
        rows = [
            {
                "task_id": r["task_id"],
                "instance_id": r["instance_id"],
                "record": json.dumps(r, separators=(",", ":"), allow_nan=False),
                "written": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            for r in records
        ]
        if not rows:
            return 0
        with self._naming_the_store("write records to"), self._engine.begin() as connection:
            return sum(
                self._put(connection, rows[k : k + _BATCH]) for k in range(0, len(rows), _BATCH)
            )

    def task_ids(self) -> set[str]:
        """Identities of all finished tasks.

        Raises:
            QtwinError: for a store that cannot be read.
        """
        from sqlalchemy import select

        with self._naming_the_store("read the records at"), self._engine.connect() as connection:
            return set(connection.execute(select(self._table.c.task_id)).scalars())

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """All records, in the order of their identity.

        Raises:
            QtwinError: for a record, or a store, that cannot be read.
        """
        from sqlalchemy import select

        with self._naming_the_store("read the records at"), self._engine.connect() as connection:
            chosen = select(self._table.c.task_id, self._table.c.record).order_by(
                self._table.c.task_id
            )
            for task_id, text in connection.execution_options(yield_per=1000).execute(chosen):
                try:
                    yield json.loads(text)
                except json.JSONDecodeError:
                    raise QtwinError(
                        f"record {task_id[:12]} in {self._shown()} is damaged",
                        hint="delete that row; its task is then run again",
                    ) from None

    def __len__(self) -> int:
        """Number of records.

        Raises:
            QtwinError: for a store that cannot be read.
        """
        from sqlalchemy import func, select

        with self._naming_the_store("read the records at"), self._engine.connect() as connection:
            return int(
                connection.execute(select(func.count()).select_from(self._table)).scalar_one()
            )

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    @contextmanager
    def _naming_the_store(self, what: str) -> Iterator[None]:
        """Say which store a database complains of, and what to do."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            raise QtwinError(
                f"cannot {what} {self._shown()}: {_words(error)}", hint=_advice(error)
            ) from None

    def _require_ours(self, connection: Connection) -> None:
        """Refuse the file of another program, or of another version of this one (InputError)."""
        from sqlalchemy import inspect

        seen = inspect(connection)
        there = seen.get_table_names()
        has = {c["name"] for c in seen.get_columns("records")} if "records" in there else set()
        missing = sorted({c.name for c in self._table.columns} - has)
        if missing and (has or (there and self._engine.dialect.name == "sqlite")):
            raise InputError(
                f"{self._shown()} is a database without records.{missing[0]}",
                hint="it is of another program or version: name another file",
            )

    def _put(self, connection: Connection, rows: list[dict[str, str]]) -> int:
        """Insert rows that are new; how many were."""
        # whose driver does not count the rows of a batch
        if self._engine.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert

            statement = (
                insert(self._table).on_conflict_do_nothing().returning(self._table.c.task_id)
            )
            return len(connection.execute(statement, rows).all())
        from sqlalchemy.dialects.sqlite import insert as insert_sqlite

        return max(
            connection.execute(insert_sqlite(self._table).on_conflict_do_nothing(), rows).rowcount,
            0,
        )

    def _shown(self) -> str:
        """The address without a password."""
        from sqlalchemy.engine import make_url

        return (
            make_url(self._where).render_as_string(hide_password=True)
            if "://" in self._where
            else self._where
        )


def _durable(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _words(error: Exception) -> str:
    """The database's own words, without the statement."""
    if isinstance(error, UnicodeDecodeError):
        return "it holds what is no text"
    return (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0]


def _advice(error: Exception) -> str:
    """What to do about a database's complaint."""
    text = _words(error).lower()
    if any(sign in text for sign in ("full", "no space", "disk i/o", "too large", "quota")):
        return "free some space and run the same command again; finished records are kept"
    if any(sign in text for sign in ("readonly", "read-only", "unable to open", "permission")):
        return (
            "give yourself the right to write to the file and its folder, or choose another "
            "with --out"
        )
    if any(
        sign in text
        for sign in ("malformed", "not a database", "corrupt", "no such", "no text", "unsupported")
    ):
        return "restore it from a copy, or move it away: its tasks are then run again"
    return "run the same command again; finished records are kept"


# Where the time of a run went, under names that all solvers share.

STAGES = ("model", "encode", "train", "transpile", "execute", "post-process")
"""In the order of a run. Queueing for a machine is kept apart: it is nobody's algorithm."""
_KNOWN = {
    "model": "encode",  # a solver's own model of the polynomial, such as a linearisation
    "training": "train",
    "training angles": "train",
    "transpilation": "transpile",
    "transpiling": "transpile",
    "compiling": "transpile",
    "reading out": "post-process",
    "post-processing": "post-process",
    "descent": "post-process",
}


def split(
    wall_s: Mapping[str, float], *, made_s: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Seconds by stage; what a solver names otherwise (search, sampling, listing, simulation) is
    its execution.

    Args:
        wall_s: The solver's own stages.
        made_s: Seconds by `model` and `encode` before the solver starts, the same for all solvers
            of an instance.
    """
    out = dict.fromkeys(STAGES, 0.0)
    for name, seconds in (made_s or {}).items():
        out[name if name in out else "encode"] += seconds
    for name, seconds in wall_s.items():
        if name != "queue":
            out[_KNOWN.get(name, "execute")] += seconds
    return out


def means(splits: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Mean seconds of each stage over runs; zeros for no run."""
    rows = list(splits)
    return {
        name: float(np.mean([r.get(name, 0.0) for r in rows])) if rows else 0.0 for name in STAGES
    }
