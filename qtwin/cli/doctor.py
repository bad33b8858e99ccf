"""`qtwin doctor`: versions, threads, disk, backends, the account and the ledger of paid jobs, and
what to do.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from qtwin.errors import QtwinError

_CORE = {
    "numpy": "numpy",
    "scipy": "scipy",
    "numba": "numba",
    "pydantic": "pydantic",
    "fhir.resources": "fhir.resources",
    "ortools": "ortools",
    "dwave.samplers": "dwave-samplers",
    "qiskit": "qiskit",
    "qiskit_aer": "qiskit-aer",
    "pennylane": "pennylane",
    "altair": "altair",
    "vl_convert": "vl-convert-python",
}
_CLIENT_FROM = (0, 50)
"""Release of qiskit-ibm-runtime from which the client-side primitives are there."""


def _found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def examine(*, as_json: bool, online: bool = False) -> bool:
    """Print one line a check; True if everything that the quickstart needs is there.

    Args:
        as_json: For machines.
        online: Ask IBM Quantum as well; nothing is sent but the account's key, to its identity
            service.
    """
    checks: list[dict[str, Any]] = []

    def check(name: str, ok: bool, found: str, hint: str = "", *, needed: bool = True) -> None:
        checks.append(
            {"check": name, "ok": ok, "needed": needed, "found": found, "hint": "" if ok else hint}
        )

    check(
        "python",
        sys.version_info >= (3, 11),
        platform.python_version(),
        "install Python 3.11 or newer",
    )
    for module, package in _CORE.items():
        there = _found(module)
        check(
            package,
            there,
            metadata.version(package) if there else "not installed",
            f"pip install {package}",
        )
    cores = os.cpu_count() or 1
    threads = os.environ.get("OMP_NUM_THREADS", "")
    few = not threads.isdigit() or int(threads) <= cores
    check(
        "threads",
        few,
        f"{cores} cores, OMP_NUM_THREADS={threads or 'not set'}",
        f"export OMP_NUM_THREADS={cores}",
        needed=False,
    )
    free_gib = shutil.disk_usage(".").free / 2**30
    check("disk here", free_gib > 1.0, f"{free_gib:.1f} GiB free", "free at least 1 GiB")
    _hardware(check, online=online)
    _backends(check)
    if as_json:
        print(json.dumps(checks))
    else:
        shown = Table("check", "", "found", "what to do")
        for c in checks:
            shown.add_row(
                c["check"],
                "ok" if c["ok"] else "MISSING" if c["needed"] else "not ready",
                c["found"],
                c["hint"],
            )
        Console().print(shown)
    return all(c["ok"] for c in checks if c["needed"])


def _hardware(check: Callable[..., None], *, online: bool) -> None:
    """The client of IBM Quantum, the account, the ledger, and with `online` whether the account
    works.
    """
    there = _found("qiskit_ibm_runtime")
    version = metadata.version("qiskit-ibm-runtime") if there else "not installed"
    new = there and tuple(int(x) for x in version.split(".")[:2] if x.isdigit()) >= _CLIENT_FROM
    check(
        "qiskit-ibm-runtime", new, version, "pip install 'qiskit-ibm-runtime>=0.50'", needed=False
    )
    from qtwin.backend.hardware.ibm.connection import find_account

    account = None
    try:
        account = find_account()
        check("IBM Quantum account", True, account.source, needed=False)
    except QtwinError as error:
        check("IBM Quantum account", False, error.message, error.hint, needed=False)
    _ledger(check)
    if not online:
        return
    if account is None or not new:
        check(
            "IBM Quantum machines",
            False,
            "not asked",
            "put the account and the client right first",
            needed=False,
        )
        return
    from qtwin.backend.hardware.ibm.machine import machines
    from qtwin.backend.hardware.ibm.provider import IbmProvider

    try:
        names = machines(IbmProvider())
        check(
            "IBM Quantum machines",
            bool(names),
            ", ".join(names) or "none",
            "ask for an instance with machines",
            needed=False,
        )
    except QtwinError as error:
        check("IBM Quantum machines", False, error.message, error.hint, needed=False)


def _ledger(check: Callable[..., None]) -> None:
    from qtwin.backend.hardware.ledger.store import PLACE, default_place, shown

    place = default_place()
    if "://" not in place:
        folder = next(
            p for p in (Path(place).expanduser(), *Path(place).expanduser().parents) if p.exists()
        )
        free = shutil.disk_usage(folder).free / 2**20
        check(
            "disk of the ledger",
            free > 100,
            f"{free:,.0f} MiB free",
            "free at least 100 MiB",
            needed=False,
        )
        if not Path(place).expanduser().exists():
            check("ledger", True, f"{place}, made by the first job", needed=False)
            return
    try:
        from qtwin.backend.hardware.ledger import Ledger

        entries = Ledger(place).entries()
    except QtwinError as error:
        check("ledger", False, error.message, error.hint, needed=False)
        return
    unknown = sum(e.state == "UNKNOWN" for e in entries)
    waiting = sum(e.state == "SUBMITTED" for e in entries)
    found = f"{shown(place)}: {len(entries)} jobs, {waiting} waited for, {unknown} unknown"
    check(
        "ledger",
        unknown == 0,
        found,
        f"qtwin jobs reconcile finds out what became of them (${PLACE} names the ledger)",
        needed=False,
    )


def _backends(check: Callable[..., None]) -> None:
    from qtwin.backend import registry
    from qtwin.backend.base import Capabilities

    for name, found in registry.available().items():
        if isinstance(found, Capabilities):
            check(f"backend {name}", True, found.summary, needed=False)
        else:
            check(f"backend {name}", False, found.message, found.hint, needed=False)
