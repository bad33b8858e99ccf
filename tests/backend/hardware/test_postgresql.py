"""The same ledger in PostgreSQL: one job for threads that race, on connections of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtwin.backend.hardware.ledger import Ledger
from qtwin.backend.hardware.ledger.fetch import fetch, good_result
from qtwin.backend.hardware.ledger.submit import submit
from tests.backend.hardware.test_ledger import PACE, Shop, order

pytest.importorskip("psycopg")
BINARIES = [
    *sorted(Path("/usr/lib/postgresql").glob("*/bin")),
    Path("/usr/bin"),
    Path("/usr/local/bin"),
]


def _found(name: str) -> str | None:
    return next((str(b / name) for b in BINARIES if (b / name).exists()), shutil.which(name))


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    initdb, postgres = _found("initdb"), _found("postgres")
    if not (initdb and postgres):
        pytest.skip("PostgreSQL is not installed")
    # it refuses to run as root
    user = pwd.getpwnam("nobody").pw_name if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        data, (port, free) = Path(folder) / "data", (0, socket.socket())
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        quiet = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "user": user,
            "cwd": folder,
        }
        subprocess.run(
            [initdb, "-D", str(data), "-U", "qtwin", "-A", "trust", "--no-sync"],
            check=True,
            **quiet,
        )
        server = subprocess.Popen(
            [postgres, "-D", str(data), "-p", str(port), "-k", folder, "-h", "127.0.0.1"], **quiet
        )
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                threading.Event().wait(0.05)
            threading.Event().wait(0.5)
            yield f"postgresql+psycopg://qtwin:secret@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGINT)  # the fast way, which waits for nobody
            server.wait()


@pytest.mark.slow
def test_a_job_goes_through_all_states(url: str) -> None:
    ledger, shop = Ledger(url), Shop("lose the answer")
    assert "secret" not in str(ledger)
    key = ledger.intend(order()).key
    assert ledger.intend(order()).key == key
    submit(ledger, shop, key, pace=PACE)
    shop.finish()
    assert fetch(ledger, shop, key, pace=PACE).state == "DONE"
    assert good_result(ledger, key) == b"whole"
    assert shop.live == ["j0"]


@pytest.mark.slow
def test_connections_that_race_make_one_job(url: str) -> None:
    shop, keys = Shop("lose the answer"), []

    def one() -> None:
        ledger = Ledger(url)
        keys.append(ledger.intend(order(seed=5)).key)
        submit(ledger, shop, keys[-1], pace=PACE)
        ledger.close()

    threads = [threading.Thread(target=one) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(set(keys)) == 1
    assert len(shop.jobs) == 1
