"""The same records in PostgreSQL, where a server is told by QTWIN_TEST_POSTGRESQL
(postgresql://user@host/name).
"""

from __future__ import annotations

import os

import pytest

from qtwin.benchmark.execute import execute
from qtwin.benchmark.records import Records
from qtwin.benchmark.sweep import run
from qtwin.benchmark.task import Entrant, Group, expand
from qtwin.errors import InputError

SERVER = os.environ.get("QTWIN_TEST_POSTGRESQL", "")


@pytest.mark.skipif(not SERVER, reason="no PostgreSQL server: set QTWIN_TEST_POSTGRESQL to its URL")
def test_a_sweep_is_kept_in_postgresql() -> None:
    pytest.importorskip("psycopg")
    from sqlalchemy import text

    records = Records(SERVER)
    with records._engine.begin() as connection:
        connection.execute(text("DELETE FROM records"))
    tasks = list(
        expand(
            [Group(family="dense", sizes=[6], instances=4)],
            [Entrant(solver="random", label="r")],
            seed=7,
        )
    )
    assert run(tasks, records, workers=0) == 4
    assert run(tasks, Records(SERVER), workers=0) == 0
    assert records.append([execute(tasks[0])]) == 0
    assert {r["task_id"] for r in records} == {t.task_id for t in tasks} == records.task_ids()
    many = execute(tasks[0])
    assert records.append({**many, "task_id": f"{k:064d}"} for k in range(2000)) == 2000
    assert len(records) == 2004
    records.close()


def test_a_server_that_is_not_there_is_an_error_with_a_hint() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(InputError, match="cannot open the records at postgresql"):
        Records("postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(InputError) as caught:
        Records("postgresql://nobody:secret@127.0.0.1:1/none")
    assert "secret" not in str(caught.value)
