"""The audit log of the tests goes to a folder of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

# Before NumPy comes: threads that spin over small matrices cost tenfold on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# A suite that is started in the background of a shell inherits an ignored Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on who else uses the machine. The examples are the same in every
# run, so that a change is judged by what it changed; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("qtwin", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "qtwin"))


@pytest.fixture(scope="session", autouse=True)
def _audit_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    before = os.environ.get("QTWIN_AUDIT_LOG")
    os.environ["QTWIN_AUDIT_LOG"] = str(tmp_path_factory.mktemp("audit") / "audit.jsonl")
    yield
    if before is None:
        del os.environ["QTWIN_AUDIT_LOG"]
    else:
        os.environ["QTWIN_AUDIT_LOG"] = before
