"""`qtwin doctor`: versions, vendors, threads, disk, and what to do about what is missing."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
from importlib import metadata
from typing import Any

from rich.console import Console
from rich.table import Table

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
    "matplotlib": "matplotlib",
}


def _found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def examine(*, as_json: bool) -> bool:
    """Print one line a check; True if everything that the quickstart needs is there."""
    checks: list[dict[str, Any]] = []

    def check(name: str, ok: bool, found: str, hint: str = "") -> None:
        checks.append({"check": name, "ok": ok, "found": found, "hint": "" if ok else hint})

    check("python", sys.version_info >= (3, 11), platform.python_version(), "install Python 3.11 or newer")
    for module, package in _CORE.items():
        there = _found(module)
        check(package, there, metadata.version(package) if there else "not installed", f"pip install {package}")
    check("cores", True, str(os.cpu_count()))
    free_gib = shutil.disk_usage(".").free / 2**30
    check("disk here", free_gib > 1.0, f"{free_gib:.1f} GiB free", "free at least 1 GiB")
    if as_json:
        print(json.dumps(checks))
    else:
        shown = Table("check", "", "found", "what to do")
        for c in checks:
            shown.add_row(c["check"], "ok" if c["ok"] else "MISSING", c["found"], c["hint"])
        Console().print(shown)
    return all(c["ok"] for c in checks)
