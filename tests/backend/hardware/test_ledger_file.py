"""The ledger's file: its owner's alone, and one line that names it when it cannot be used."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from qtwin.backend.hardware.ledger import Ledger
from qtwin.errors import InputError, QtwinError
from tests.backend.hardware.test_ledger import order

resource = pytest.importorskip("resource")
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")


def in_another_process(body: Callable[[], object]) -> str:
    """What an error of the body says, "" for none."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            body()
            told = ""
        except QtwinError as error:
            told = f"{error.message} | {error.hint}"
        except BaseException as error:
            told = f"BUG {type(error).__name__}: {error}"
        os.write(write, told.encode())
        os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    with os.fdopen(read) as pipe:
        return pipe.read()


@forks
def test_all_files_are_their_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    def body() -> None:
        os.umask(0)
        ledger = Ledger(tmp_path / "new" / "jobs.sqlite")
        for seed in range(20):
            ledger.intend(order(seed=seed))
        assert {p.name for p in (tmp_path / "new").iterdir()} >= {
            "jobs.sqlite",
            "jobs.sqlite-wal",
            "jobs.sqlite-shm",
        }
        for path in (tmp_path / "new").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path

    assert in_another_process(body) == ""
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_files_of_an_older_ledger_are_closed_to_others(tmp_path: Path) -> None:
    first = Ledger(tmp_path / "jobs.sqlite")
    first.intend(order())
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    assert len(Ledger(tmp_path / "jobs.sqlite").entries()) == 1
    assert {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize("place", ["head", "middle", "all but the head"])
def test_a_damaged_ledger_is_named_with_what_to_do(tmp_path: Path, place: str) -> None:
    path = tmp_path / "jobs.sqlite"
    ledger = Ledger(path)
    for seed in range(40):
        ledger.intend(order(seed=seed, pad="x" * 3000))
    ledger.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    raw = bytearray(path.read_bytes())
    start, end = {
        "head": (0, 2000),
        "middle": (len(raw) // 8, len(raw)),
        "all but the head": (4096, len(raw)),
    }[place]
    raw[start:end] = b"\xa7" * (end - start)
    path.write_bytes(bytes(raw))
    with pytest.raises(QtwinError) as caught:
        Ledger(path).entries()
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert "restore it from a copy" in caught.value.hint


@pytest.mark.parametrize(
    "change", ["request = '{'", "usage = '[]'", "state = 'LOST'", "local = X'00FF'"]
)
def test_a_damaged_row_is_named_with_what_to_do(tmp_path: Path, change: str) -> None:
    ledger = Ledger(tmp_path / "jobs.sqlite")
    key = ledger.intend(order()).key
    with sqlite3.connect(ledger.place) as connection:
        connection.execute(f"UPDATE jobs SET {change}")
    with pytest.raises(QtwinError, match=f"{key[:12]}.*{ledger.place}.*damaged") as caught:
        ledger.entries()
    assert "restore it from a copy" in caught.value.hint


def test_the_database_of_another_program_or_version_is_refused_and_left_alone(
    tmp_path: Path,
) -> None:
    for name, make, words in (
        ("other.sqlite", "CREATE TABLE recipes (cake TEXT)", "without jobs"),
        ("newer.sqlite", "CREATE TABLE jobs (key TEXT)", r"without jobs\.backend"),
    ):
        with sqlite3.connect(tmp_path / name) as connection:
            connection.execute(make)
        with pytest.raises(InputError, match=words):
            Ledger(tmp_path / name)
        with sqlite3.connect(tmp_path / name) as connection:
            assert connection.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
            ).fetchone() == (1,)


@forks
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0,
    reason="needs somebody who can become somebody else",
)
def test_a_folder_that_may_not_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    made = Ledger(tmp_path / "jobs.sqlite")
    made.intend(order())
    made.close()
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    (tmp_path / "jobs.sqlite").chmod(0o600)
    (tmp_path / "theirs.sqlite").touch(0o600)
    os.chown(tmp_path / "theirs.sqlite", 65534, 65534)

    def tried(name: str) -> Callable[[], object]:
        def body() -> None:
            os.setuid(65534)
            Ledger(tmp_path / name).intend(order())

        return body

    for name in ("jobs.sqlite", "new.sqlite", "theirs.sqlite", "sub/new.sqlite"):
        told = in_another_process(tried(name))
        assert str(tmp_path / name) in told or str(tmp_path) in told
        assert "the right to write" in told, told


@forks
@pytest.mark.parametrize("limit_bytes", [1, 5000, 30_000])
def test_a_full_disk_is_named_with_what_to_do(tmp_path: Path, limit_bytes: int) -> None:
    def body() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, resource.RLIM_INFINITY))
        ledger = Ledger(tmp_path / "jobs.sqlite")
        for seed in range(50):
            ledger.intend(order(seed=seed, pad="x" * 5000))

    told = in_another_process(body)
    assert str(tmp_path / "jobs.sqlite") in told
    assert "free some space" in told
    Ledger(tmp_path / "jobs.sqlite").intend(order())  # with space again
