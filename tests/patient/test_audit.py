"""The audit log: whole after many writers and a killed one, and no entry can be touched without
being named.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qtwin.errors import AuditError, InputError
from qtwin.patient.audit import TORN, default_path, last_digest, log, read_entries, verify

ROOT = Path(__file__).resolve().parents[2]
Tamper = Callable[[list[bytes]], list[bytes]]


@pytest.fixture
def five(tmp_path: Path) -> Path:
    """A log of five entries."""
    path = tmp_path / "audit.jsonl"
    for k in range(5):
        log(
            "read record",
            record_sha256=(f"{k:064x}",),
            patient_id=f"patient-{k}",
            consent=("simulation",),
            path=path,
        )
    return path


def test_what_is_written_can_be_read(five: Path) -> None:
    assert verify(five) == 5
    entries = read_entries(five)
    assert [e.index for e in entries] == [0, 1, 2, 3, 4]
    assert [e.patient_id for e in entries] == [f"patient-{k}" for k in range(5)]
    assert entries[0].time.endswith("+00:00")
    assert entries[0].previous == "0" * 64
    assert entries[4].record_sha256 == (f"{4:064x}",)


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="there is no sha256sum")
def test_the_chain_is_sha_256_over_lines(five: Path) -> None:
    """Anybody can check it with sha256sum, without this program."""
    lines = five.read_bytes().splitlines()
    for before, line in itertools.pairwise(lines):
        summed = (
            subprocess.run(["sha256sum"], input=before, capture_output=True, check=True)
            .stdout.split()[0]
            .decode()
        )
        assert json.loads(line)["previous"] == summed


def test_the_log_only_grows(five: Path) -> None:
    before = five.read_bytes()
    log("build twin", path=five)
    assert five.read_bytes().startswith(before)


def _edit(k: int, old: bytes, new: bytes) -> Tamper:
    return lambda lines: [*lines[:k], lines[k].replace(old, new), *lines[k + 1 :]]


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (_edit(0, b"patient-0", b"patient-9"), "entry 0 was changed"),
        (_edit(2, b"patient-2", b"patient-9"), "entry 2 was changed"),
        (_edit(4, b"patient-4", b"patient-9"), "entry 4 was changed"),
        (_edit(2, b"{", b"("), "entry 2 was changed"),
        (_edit(2, b'":"', b'": "'), "entry 2 was changed"),
        (lambda lines: lines[1:], "entry 0 was removed"),
        (lambda lines: [*lines[:2], *lines[3:]], "entry 2 was removed"),
        (lambda lines: lines[:4], "entry 4 was cut off: expected 5 entries, got 4"),
        (lambda lines: lines[:1], "entry 1 was cut off"),
        (lambda lines: [], "entry 0 was cut off"),
        (lambda lines: [*lines[:4], lines[4][:30]], "entry 4 was cut off"),
        (lambda lines: [*lines[:3], lines[1], *lines[3:]], "entry 3 was inserted"),
        (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "entry 1 was moved"),
        (lambda lines: [*lines[:2], b"", *lines[2:]], "entry 2 was changed"),
    ],
)
def test_the_first_entry_that_does_not_hold_is_named(
    five: Path, tamper: Tamper, words: str
) -> None:
    five.write_bytes(b"".join(line + b"\n" for line in tamper(five.read_bytes().splitlines())))
    with pytest.raises(AuditError, match=words) as caught:
        verify(five)
    assert caught.value.hint
    assert caught.value.exit_code == 1


def test_entries_that_the_head_does_not_know_are_named(five: Path) -> None:
    """Somebody who can chain entries but forgets the head."""
    head = five.with_name("audit.jsonl.head")
    known = head.read_bytes()
    for _ in range(2):
        log("read record", path=five)
    head.write_bytes(known)
    with pytest.raises(AuditError, match="entry 5 was inserted"):
        verify(five)


def test_a_log_or_head_that_is_gone_is_said(five: Path) -> None:
    head = five.with_name("audit.jsonl.head")
    kept = five.read_bytes()
    five.unlink()
    with pytest.raises(AuditError, match="removed"):
        verify(five)
    with pytest.raises(AuditError, match="entry 4"):
        log("read record", path=five)
    five.write_bytes(kept)
    head.unlink()
    with pytest.raises(AuditError, match="head"):
        verify(five)
    with pytest.raises(AuditError, match="head"):
        log("read record", path=five)
    head.write_text("{}", encoding="utf-8")
    with pytest.raises(AuditError, match="not the head"):
        verify(five)


def test_a_tail_that_was_cut_off_stops_further_entries(five: Path) -> None:
    five.write_bytes(b"".join(line + b"\n" for line in five.read_bytes().splitlines()[:3]))
    with pytest.raises(AuditError) as caught:
        log("read record", path=five)
    assert "qtwin audit verify" in caught.value.hint


@pytest.mark.parametrize("entries", [0, 1, 3])
@pytest.mark.parametrize("part", [1, 40, -1])
def test_a_torn_line_is_reported_noted_and_kept(tmp_path: Path, entries: int, part: int) -> None:
    """What a process leaves that is killed in the middle of a write, wherever it is cut."""
    path, other = tmp_path / "audit.jsonl", tmp_path / "other.jsonl"
    for _ in range(entries):
        log("read record", path=path)
    log("read record", path=other)
    torn = other.read_bytes().rstrip(b"\n")[:part]
    with path.open("ab") as file:
        file.write(torn)
    with pytest.raises(
        AuditError, match=f"entry {entries} is torn.* the {entries} entries before it hold"
    ):
        verify(path)
    written = log("build twin", path=path)
    assert [e.action for e in written] == [TORN, "build twin"]
    assert verify(path) == entries + 2
    assert torn in path.read_bytes()
    # nor can it be taken out afterwards
    path.write_bytes(path.read_bytes().replace(torn + b"\n", b""))
    with pytest.raises(AuditError):
        verify(path)


def test_what_was_before_a_torn_line_stays_chained(five: Path) -> None:
    with five.open("ab") as file:
        file.write(b'{"index":5,"ti')
    log("build twin", path=five)
    five.write_bytes(five.read_bytes().replace(b"patient-4", b"patient-9"))
    with pytest.raises(AuditError, match="entry 4 was changed"):
        verify(five)


def test_killed_before_the_line_s_end_or_before_the_head(five: Path) -> None:
    """The entry is whole in both cases and is not lost."""
    head = five.with_name("audit.jsonl.head")
    known = head.read_bytes()
    log("build twin", path=five)
    for without_newline in (False, True):
        head.write_bytes(known)
        if without_newline:
            five.write_bytes(five.read_bytes().rstrip(b"\n"))
        assert verify(five) == 6
    assert [e.action for e in log("run experiment", path=five)] == ["run experiment"]
    assert verify(five) == 7


WRITER = """
import sys
from pathlib import Path
from qtwin.patient.audit import log
for k in range(int(sys.argv[3])):
    log("read record", patient_id=f"patient-{sys.argv[2]}-{k}", path=Path(sys.argv[1]))
"""


def _writer(path: Path, name: str, count: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=path.parent,
    )


def test_many_processes_write_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    writers = [_writer(path, str(name), 20) for name in range(5)]
    assert [w.wait(60) for w in writers] == [0] * 5
    assert verify(path) == 100
    of_each = [
        [e.patient_id for e in read_entries(path) if e.patient_id.startswith(f"patient-{n}-")]
        for n in range(5)
    ]
    assert of_each == [[f"patient-{n}-{k}" for k in range(20)] for n in range(5)]


def test_a_log_survives_writers_that_are_killed(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    wait = random.Random(7)
    for name in range(4):
        writer = _writer(path, str(name), 100_000)
        deadline = time.monotonic() + 300
        while not any(
            e in path.read_bytes() for e in [f"patient-{name}-".encode()] if path.exists()
        ):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(wait.uniform(0.0, 0.1))
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
    log("build twin", path=path)
    entries = read_entries(path)
    for name in range(4):
        seen = [e.patient_id for e in entries if e.patient_id.startswith(f"patient-{name}-")]
        assert seen == [f"patient-{name}-{k}" for k in range(len(seen))]
        assert seen


@pytest.mark.parametrize(
    "detail",
    [
        "visit of 2024-02-12",
        "/home/beispiel/record.json",
        "read ~/anna/record.json",
        "C:\\anna\\record.json",
    ],
)
def test_dates_and_paths_do_not_get_in(five: Path, detail: str) -> None:
    with pytest.raises(ValueError, match="no dates and no paths"):
        log("read record", detail=detail, path=five)
    assert verify(five) == 5


def test_ordinary_words_get_in(five: Path) -> None:
    log("simulate", detail="metoprolol 50 mg /12 h, 2048 members, 3/4 done", path=five)
    assert verify(five) == 6


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file stands where the folder should be", encoding="utf-8")
    for path in (taken / "audit.jsonl", tmp_path):
        with pytest.raises(InputError, match="cannot be written") as caught:
            log("read record", path=path)
        assert "QTWIN_AUDIT_LOG" in caught.value.hint


def test_no_log_is_no_whole_log(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no audit log"):
        verify(tmp_path / "audit.jsonl")
    assert not list(tmp_path.iterdir())


def test_where_the_log_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(tmp_path / "here.jsonl"))
    assert default_path() == tmp_path / "here.jsonl"
    monkeypatch.delenv("QTWIN_AUDIT_LOG")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_path() == tmp_path / "qtwin" / "audit.jsonl"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".local" / "share" / "qtwin" / "audit.jsonl"


def test_only_the_user_may_read_it(five: Path) -> None:
    assert five.stat().st_mode & 0o077 == 0


def test_the_last_digest_is_that_of_the_last_line(five: Path) -> None:
    assert last_digest(five) == hashlib.sha256(five.read_bytes().splitlines()[-1]).hexdigest()
