"""A store of records that is damaged, of somebody else, closed or full: one error that names it and
says what to do.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from qtwin.benchmark.records import Records
from qtwin.errors import QtwinError


def _record(k: int) -> dict[str, str]:
    return {"task_id": f"{k:064d}", "instance_id": "a", "note": "n" * 500}


def _filled(path: Path, count: int = 200) -> bytes:
    """A store, closed, in one file."""
    records = Records(path)
    records.append(_record(k) for k in range(count))
    records.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.read_bytes()


def _use(path: Path) -> int:
    records = Records(path)
    try:
        records.task_ids()
        found = len(list(records))
        records.append([_record(10_000)])
        return found
    finally:
        records.close()


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: os.urandom(len(whole)),
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:50],
        lambda whole: whole[:4096] + os.urandom(len(whole) - 4096),
        lambda whole: b"not a database at all\n" * 100,
    ],
    ids=["random bytes", "half", "a header's half", "random pages", "text"],
)
def test_a_damaged_store_is_named_with_what_to_do_and_left_as_it_is(
    tmp_path: Path, damage: object
) -> None:
    path = tmp_path / "records.sqlite"
    spoilt = damage(_filled(path))  # type: ignore[operator]
    path.write_bytes(spoilt)
    with pytest.raises(QtwinError, match=r"records\.sqlite") as caught:
        _use(path)
    assert "\n" not in caught.value.message
    assert "restore it from a copy" in caught.value.hint
    assert path.read_bytes() == spoilt


def test_an_empty_file_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "records.sqlite").touch()
    assert _use(tmp_path / "records.sqlite") == 0


@pytest.mark.parametrize("table", ["jobs (id TEXT)", "records (task_id TEXT, record TEXT)"])
def test_a_database_of_another_program_or_version_is_refused_and_left_alone(
    tmp_path: Path, table: str
) -> None:
    path = tmp_path / "records.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE {table}")
    with pytest.raises(
        QtwinError, match=r"records\.sqlite is a database without records\."
    ) as caught:
        Records(path)
    assert caught.value.exit_code == 2
    with sqlite3.connect(path) as connection:
        assert [r[0] for r in connection.execute("SELECT sql FROM sqlite_master")] == [
            f"CREATE TABLE {table}"
        ]


def test_a_folder_that_is_not_there_or_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder.sqlite").mkdir()
    for path in (tmp_path / "folder.sqlite", tmp_path / "none" / "records.sqlite"):
        with pytest.raises(QtwinError, match="unable to open") as caught:
            Records(path)
        assert "right to write" in caught.value.hint


def test_a_full_disk_keeps_what_was_written(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk."""
    path = tmp_path / "records.sqlite"
    _filled(path)
    code = f"""
import resource, signal, sys
from tests.benchmark.test_records import Records, QtwinError, _record
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
records = Records(Path({str(path)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    records.append(_record(k) for k in range(1000, 3000))
except QtwinError as error:
    print(error.message, '|', error.hint)
    sys.exit(error.exit_code)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "records.sqlite" in done.stdout
    assert "free some space" in done.stdout
    assert _use(path) == 200
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
