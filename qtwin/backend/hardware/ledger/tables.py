"""The ledger's tables, the same in SQLite and PostgreSQL."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

TEXTS = ("request", "planned", "local", "usage")
"""Columns that hold JSON."""


@cache
def _metadata() -> tuple[MetaData, Table, Table, Table]:
    from sqlalchemy import (
        BigInteger,
        Boolean,
        Column,
        Float,
        Index,
        Integer,
        LargeBinary,
        MetaData,
        String,
        Table,
        Text,
    )

    metadata = MetaData()
    counted = BigInteger().with_variant(Integer, "sqlite")
    jobs = Table(
        "jobs",
        metadata,
        Column("key", String(64), primary_key=True),
        Column("nonce", String(32), nullable=False, unique=True),
        Column("provider", String(32), nullable=False),
        Column("backend", String(128), nullable=False),
        Column("program", String(64), nullable=False),
        Column("instance", Text, nullable=False),
        Column("session_id", String(128), nullable=False),
        Column("max_execution_s", Integer, nullable=False),
        Column("state", String(16), nullable=False),
        Column("job_id", String(128), nullable=False),
        Column("posts", Integer, nullable=False),
        Column("posted_at", Float(53), nullable=False),
        Column("swept", Boolean, nullable=False),
        Column("error", Text, nullable=False),
        *(Column(name, Text, nullable=False) for name in TEXTS),
        Column("created", String(40), nullable=False),
        Column("updated", String(40), nullable=False),
        Column("lease_owner", String(255), nullable=False),
        Column("lease_until", Float(53), nullable=False),
    )
    files = Table(
        "files",
        metadata,
        Column("id", counted, primary_key=True, autoincrement=True),
        Column("key", String(64), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("sha256", String(64), nullable=False),
        Column("data", LargeBinary, nullable=False),
        Column("state", String(16), nullable=False),  # "", or of a result: raw, good, corrupted
        Column("written", String(40), nullable=False),
        Index("files_by_key", "key", "kind"),
    )
    events = Table(
        "events",
        metadata,
        Column("id", counted, primary_key=True, autoincrement=True),
        Column("key", String(64), nullable=False, index=True),
        Column("time", String(40), nullable=False),
        Column("event", String(32), nullable=False),
        Column("detail", Text, nullable=False),
    )
    return metadata, jobs, files, events


def metadata() -> MetaData:
    """All tables."""
    return _metadata()[0]


def jobs() -> Table:
    """One row a job."""
    return _metadata()[1]


def files() -> Table:
    """Payloads, circuits, calibrations and raw results; rows are added and marked, never
    changed.
    """
    return _metadata()[2]


def events() -> Table:
    """What happened, in order; rows are only added."""
    return _metadata()[3]
