"""Who may act on a job: one process, until it gives the job back, dies or takes too long."""

from __future__ import annotations

import os
import platform
import secrets
from functools import cache
from pathlib import Path


@cache
def _here() -> str:
    """This machine, this boot and this process namespace: where process numbers mean what they mean to us."""
    parts = [platform.node()]
    for source in ("/proc/sys/kernel/random/boot_id",):
        try:
            parts.append(Path(source).read_text(encoding="ascii").strip())
        except OSError:
            parts.append("")
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append("")
    return "/".join(parts)


def _started(pid: int) -> str:
    """When a process started, in ticks since boot; "" where the system does not say, "gone" if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return "gone" if Path("/proc/self/stat").exists() else ""
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "gone" if fields[0] in "ZX" else fields[19]


_MINE: set[str] = set()


def new_owner() -> str:
    """A name for one lease of this process."""
    pid = os.getpid()
    owner = f"{_here()}|{pid}|{_started(pid)}|{secrets.token_hex(8)}"
    _MINE.add(owner)
    return owner


def give_up(owner: str) -> None:
    """The lease is over, whether or not the ledger could be told."""
    _MINE.discard(owner)


def is_dead(owner: str) -> bool | None:
    """Whether the process that took the lease has ended; None where that cannot be known, as of another machine."""
    here, _, rest = owner.partition("|")
    pid, _, rest = rest.partition("|")
    started = rest.partition("|")[0]
    if here != _here() or not pid.isdigit():
        return None
    if int(pid) == os.getpid():
        return owner not in _MINE
    now = _started(int(pid))
    if now:
        return now != started
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return None
    return None
