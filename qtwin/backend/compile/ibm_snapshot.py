"""IBM's snapshots of devices by short names: fez, marrakesh, torino, ..."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from qtwin.errors import require_vendor, unknown_name

_NO_DEVICE = frozenset({"FakeProviderForBackendV2"})


def snapshots() -> dict[str, str]:
    """Short name to class name in `qiskit_ibm_runtime.fake_provider`.

    Raises:
        MissingVendorError: without qiskit-ibm-runtime.
    """
    require_vendor("qiskit_ibm_runtime", package="qiskit-ibm-runtime", needed_by="backend 'fake'")
    from qiskit_ibm_runtime import fake_provider

    names = (name for name in dir(fake_provider) if name.startswith("Fake") and name not in _NO_DEVICE)
    return {name.removeprefix("Fake").removesuffix("V2").removesuffix("Backend").lower(): name for name in names}


@lru_cache(maxsize=8)
def snapshot(name: str) -> Any:
    """The `qiskit` backend of a snapshot, with its target and calibration.

    Raises:
        InputError: for an unknown name, with the nearest known one.
        MissingVendorError: without qiskit-ibm-runtime.
    """
    known = snapshots()
    short = name.lower().removeprefix("fake_").removeprefix("fake")
    if short not in known:
        raise unknown_name("snapshot", name, known)
    from qiskit_ibm_runtime import fake_provider

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a snapshot's errors are not typical is said in the documentation
        return getattr(fake_provider, known[short])()
