"""What was done with whose record: an append-only log in which each entry holds the digest of the
line before it.

One entry is one line of JSON. Entries say who did what when, with the digests and the pseudonym of
the record; no names, no dates of visits and no paths. Beside the log lies its head, the number of
entries and the digest of the last one, so that a log that was cut off at its end is told from a
whole one. The chain has no secret: whoever rewrites log and head together leaves no trace, unless
the head's digest is kept elsewhere as well.

A line that a killed process left half-written stays where it is. The next entry says that it was
found, and holds the digest of it and of the entry before it.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from qtwin.errors import AuditError, InputError
from qtwin.patient.file import locked

PLACE = "QTWIN_AUDIT_LOG"
"""Environment variable that names the log's file."""
TORN = "found a torn line"
"""Action of the entry that follows a half-written line."""
_START = "0" * 64
_TELLS_TOO_MUCH = re.compile(r"\d{4}-\d{2}-\d{2}|(?:^|\s)(?:~|\.{1,2})?/[^\s/]+/|~/|[A-Za-z]:\\")
_SEE = "qtwin audit verify names the first entry that does not hold"
_RESTORE = (
    "compare the log with a copy of it; to begin a new one, move the log and its .head file away"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that was done.

    Attributes:
        index: 0 for the first.
        time: UTC, ISO 8601.
        actor: User of the operating system.
        action: Such as "read record", "build twin", "run experiment".
        record_sha256: Digests of the files of the record.
        patient_id: Pseudonym.
        consent: Scopes that the action rests on.
        detail: Further words.
        previous: SHA-256 of the line before, of a torn line also; zeros for the first.
    """

    index: int
    time: str
    actor: str
    action: str
    record_sha256: tuple[str, ...] = ()
    patient_id: str = ""
    consent: tuple[str, ...] = ()
    detail: str = ""
    previous: str


@dataclass(frozen=True, kw_only=True)
class _Head:
    """How many entries there are, the digest of the last one, and the byte it begins at."""

    count: int = 0
    sha256: str = _START
    start: int = 0


@dataclass(kw_only=True)
class _Chain:
    """Lines as they follow each other: entries that hold, and half-written lines that no entry has
    noted yet.
    """

    count: int = 0
    start: int = 0
    end: int = 0
    since: list[bytes] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)

    @property
    def previous(self) -> str:
        """What the next entry has to hold."""
        return _digest(b"\n".join(self.since)) if self.since else _START

    @property
    def torn(self) -> list[bytes]:
        """Half-written lines at the end."""
        return self.since[1:] if self.count else self.since

    @property
    def head(self) -> _Head:
        """Of the entries that hold."""
        return (
            _Head(count=self.count, sha256=_digest(self.since[0]), start=self.start)
            if self.count
            else _Head()
        )

    def add(self, line: bytes, later: Iterable[bytes] = ()) -> None:
        """Take the next line; `later` are those after it.

        Raises:
            AuditError: if it does not follow from what was before.
        """
        entry, k = _parsed(line), self.count
        if entry is None:
            self.since.append(line)
        elif self.torn and entry.action != TORN:
            raise AuditError(
                f"entry {k} was changed: a line that is no entry stands in its place", hint=_RESTORE
            )
        elif entry.index != k:
            known = any(e is not None and e.index == k for e in map(_parsed, later))
            happened = "inserted" if entry.index < k else "moved" if known else "removed"
            raise AuditError(
                f"entry {k} was {happened}: entry {entry.index} stands in its place", hint=_RESTORE
            )
        elif entry.previous != self.previous:
            raise AuditError(
                f"entry {max(k - 1, 0)} was changed: the digest of it that entry {k} holds "
                "is another",
                hint=_RESTORE,
            )
        else:
            self.entries.append(entry)
            self.count, self.start, self.since = k + 1, self.end, [line]
        self.end += len(line) + 1


def default_path() -> Path:
    """Where the log is: $QTWIN_AUDIT_LOG, else in the user's data folder."""
    named = os.environ.get(PLACE)
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or (
        os.environ.get("LOCALAPPDATA") if os.name == "nt" else ""
    )
    return (Path(data) if data else Path.home() / ".local" / "share") / "qtwin" / "audit.jsonl"


def log(
    action: str,
    *,
    record_sha256: Sequence[str] = (),
    patient_id: str = "",
    consent: Sequence[str] = (),
    detail: str = "",
    path: Path | None = None,
) -> tuple[Entry, ...]:
    """Append an entry and wait until it is on the disk.

    Args:
        action: What was done.
        record_sha256: Digests of the record's files.
        patient_id: Pseudonym.
        consent: Scopes that the action rests on.
        detail: Further words; neither dates nor paths.
        path: The log; `default_path` by default.

    Returns:
        The entry; before it one more if a half-written line was found at the end.

    Raises:
        InputError: if the log cannot be written.
        AuditError: if the end of the log is not what its head says.
    """
    if _TELLS_TOO_MUCH.search(f"{action}\n{patient_id}\n{detail}"):
        raise ValueError("an entry of the audit log holds no dates and no paths")
    told: dict[str, Any] = {
        "record_sha256": tuple(record_sha256),
        "patient_id": patient_id,
        "consent": tuple(consent),
    }
    target = path or default_path()
    written: list[Entry] = []
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(_beside(target, ".lock")), _opened(target) as file:
            chain, ends_line = _end(file, target)
            if chain.torn:
                note = (
                    f"{sum(map(len, chain.torn))} bytes of a process that was killed while it wrote"
                )
                written.append(_append(file, target, chain, ends_line, action=TORN, detail=note))
                ends_line = True
            written.append(
                _append(file, target, chain, ends_line, action=action, detail=detail, **told)
            )
    except OSError as error:
        raise InputError(
            f"the audit log {target} cannot be written: {error.strerror or error}; nothing "
            "is done that is not logged",
            hint=f"free the place, or name another file in ${PLACE}",
        ) from None
    return tuple(written)


def read_entries(path: Path | None = None) -> list[Entry]:
    """The entries of a log that holds, oldest first.

    Raises:
        AuditError: as `verify`.
    """
    return _verified(path or default_path())


def verify(path: Path | None = None) -> int:
    """How many entries hold.

    Raises:
        InputError: if there is no log, or it cannot be read.
        AuditError: naming the first entry that was changed, removed, inserted, moved or cut off.
    """
    return len(_verified(path or default_path()))


def last_digest(path: Path | None = None) -> str:
    """SHA-256 of the last entry, to be kept elsewhere."""
    head = _read_head(path or default_path())
    return head.sha256 if head is not None else _START


def _actor() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def _append(file: BinaryIO, path: Path, chain: _Chain, ends_line: bool, **told: Any) -> Entry:
    """Write one entry to the disk, then the head."""
    time = datetime.now(UTC).isoformat(timespec="seconds")
    entry = Entry(index=chain.count, time=time, actor=_actor(), previous=chain.previous, **told)
    line = _line(entry)
    file.write((b"" if ends_line else b"\n") + line + b"\n")
    file.flush()
    os.fsync(file.fileno())
    chain.add(line)
    _write_head(path, chain.head)
    return entry


def _line(entry: Entry) -> bytes:
    return json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":")).encode()


def _parsed(line: bytes) -> Entry | None:
    """The entry of a line, None if it holds none."""
    try:
        told = json.loads(line)
        for key in ("record_sha256", "consent"):
            told[key] = tuple(told[key])
        entry = Entry(**told)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return entry if _line(entry) == line else None


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(
        path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600
    )
    with os.fdopen(descriptor, "r+b") as file:
        yield file


def _write_head(path: Path, head: _Head) -> None:
    target = _beside(path, ".head")
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=target.name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(json.dumps(asdict(head)).encode())
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _read_head(path: Path) -> _Head | None:
    target = _beside(path, ".head")
    try:
        told = json.loads(target.read_bytes())
        head = _Head(count=int(told["count"]), sha256=str(told["sha256"]), start=int(told["start"]))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        raise AuditError(f"{target} is not the head of an audit log", hint=_RESTORE) from None
    return head


def _lines(raw: bytes) -> list[bytes]:
    lines = raw.split(b"\n")
    return lines if lines[-1] else lines[:-1]


def _end(file: BinaryIO, path: Path) -> tuple[_Chain, bool]:
    """The chain from the entry that the head names on, and whether the file ends with a line's end.

    Raises:
        AuditError: if that entry is not there, or something that is no entry follows it.
    """
    head = _read_head(path)
    start = head.start if head else 0
    file.seek(start)
    raw = file.read()
    lines = _lines(raw)
    chain = _Chain(start=start, end=start)
    if head is not None and head.count:
        if not lines or _digest(lines[0]) != head.sha256:
            raise AuditError(
                f"entry {head.count - 1} of the audit log is not where its head says", hint=_SEE
            )
        chain = _Chain(
            count=head.count, start=start, end=start + len(lines[0]) + 1, since=[lines.pop(0)]
        )
    for line in lines:
        chain.add(line)
    if head is None and chain.count > 1:
        raise AuditError(
            f"the head of the audit log is gone, {chain.count} entries are there", hint=_SEE
        )
    if chain.count and chain.head != head:
        _write_head(path, chain.head)  # a process was killed between an entry and its head
    return chain, raw.endswith(b"\n") or not raw


def _verified(path: Path) -> list[Entry]:
    try:
        with _undisturbed(path):
            raw = path.read_bytes()
            head = _read_head(path)
    except FileNotFoundError:
        if _beside(path, ".head").exists():
            raise AuditError(
                f"the audit log {path} was removed, its head is left", hint=_RESTORE
            ) from None
        raise InputError(
            f"no audit log at {path}",
            hint=f"name it with --log or ${PLACE}; the first command makes it",
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot read the audit log {path}: {error.strerror}", hint="check its permissions"
        ) from None
    lines, chain = _lines(raw), _Chain()
    digests: list[str] = []
    for k, line in enumerate(lines):
        chain.add(line, islice(lines, k + 1, None))
        if chain.count > len(digests):
            digests.append(_digest(line))
    count, known = chain.count, head.count if head else 0
    if head is None and count > 1:
        raise AuditError(
            f"the head is gone: whether entry {count} was cut off cannot be told", hint=_RESTORE
        )
    if count < known:
        raise AuditError(
            f"entry {count} was cut off: expected {known} entries, got {count}", hint=_RESTORE
        )
    if head is not None and known and digests[known - 1] != head.sha256:
        raise AuditError(
            f"entry {known - 1} was changed: the digest of it that the head holds is another",
            hint=_RESTORE,
        )
    if count > known + 1:
        raise AuditError(
            f"entry {known} was inserted: the head of the log does not know it", hint=_RESTORE
        )
    if chain.torn:
        raise AuditError(
            f"entry {count} is torn: a process was killed while it wrote it; the {count} "
            "entries before it hold",
            hint="nothing to do: the next command notes it in the log and goes on after it",
        )
    return chain.entries


@contextmanager
def _undisturbed(path: Path) -> Iterator[None]:
    """Nobody writes meanwhile, as far as this user may lock."""
    with ExitStack() as stack:
        if path.exists():
            with suppress(OSError):
                stack.enter_context(locked(_beside(path, ".lock")))
        yield
