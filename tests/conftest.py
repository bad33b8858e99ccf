"""The audit log of the tests goes to a folder of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Before NumPy comes: threads that spin over small matrices cost tenfold on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("qtwin", deadline=None)  # how long an example takes depends on who else uses the machine
settings.load_profile("qtwin")


@pytest.fixture(scope="session", autouse=True)
def _audit_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get("QTWIN_AUDIT_LOG")
    os.environ["QTWIN_AUDIT_LOG"] = str(tmp_path_factory.mktemp("audit") / "audit.jsonl")
    yield
    if before is None:
        del os.environ["QTWIN_AUDIT_LOG"]
    else:
        os.environ["QTWIN_AUDIT_LOG"] = before
