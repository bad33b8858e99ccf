"""What the client-side primitives would post, without posting it: the payload goes into the ledger first, and is scanned."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROGRAM = "executor"


def sampler_payload(backend: Any, circuit: Any, sets: NDArray[np.float64], *, shots: int, options: dict[str, Any]) -> bytes:
    """The payload of one broadcast PUB for the client's `executor_sampler.Sampler`.

    Args:
        backend: The machine's `BackendV2`.
        circuit: Parameterised ISA circuit with a register ``meas``.
        sets: (sets, n_parameters) values.
        shots: For each set.
        options: Of the client's `SamplerOptions`.
    """
    from qiskit_ibm_runtime.executor_sampler import Sampler

    recorder = _recorder(backend)
    Sampler(mode=recorder, options=options).run([(circuit, _bound(circuit, sets), shots)])
    return _json(recorder)


def estimator_payload(
    backend: Any, circuit: Any, observable: Any, sets: NDArray[np.float64], *, shots: int, options: dict[str, Any]
) -> bytes:
    """The payload of one broadcast PUB for the client's `executor_estimator.Estimator`; arguments as of `sampler_payload`."""
    from qiskit_ibm_runtime.executor_estimator import Estimator

    recorder = _recorder(backend)
    Estimator(mode=recorder, options={"default_shots": shots, **options}).run([(circuit, observable, _bound(circuit, sets))])
    return _json(recorder)


def _bound(circuit: Any, sets: NDArray[np.float64]) -> Any:
    return sets if circuit.num_parameters else None


def _json(recorder: Any) -> bytes:
    return json.dumps(recorder.inputs, separators=(",", ":"), allow_nan=False).encode()


def _recorder(backend: Any) -> Any:
    """A session that writes down what it is asked to run."""
    from qiskit_ibm_runtime import Session

    class Recorder(Session):  # type: ignore[misc]
        def __init__(self) -> None:
            if not hasattr(backend, "_instance"):
                backend._instance = None  # snapshots have none
            self._backend, self._service, self._session_id = backend, _Remote(), None
            self.inputs: dict[str, Any] = {}

        def _run(self, program_id: str, inputs: dict[str, Any], **_: Any) -> None:
            if program_id != PROGRAM:
                raise RuntimeError(f"the client posts program {program_id!r}, {PROGRAM!r} was expected")
            self.inputs = inputs

        def __del__(self) -> None:
            pass

    return Recorder()


class _Remote:
    """Makes the primitives prepare for a machine and not for local testing."""

    is_local = False


def strings_in(value: Any, most: int = 100_000) -> Sequence[str]:
    """Every text in a payload, keys included, and the plain and unpacked content of its binary parts."""
    found: list[str] = []
    stack = [value]
    while stack and len(found) < most:
        item = stack.pop()
        if isinstance(item, dict):
            found.extend(item)
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str):
            found.append(item)
            unpacked = _unpacked(item)
            if unpacked is not None:
                found.append(unpacked)
    return found


def _unpacked(text: str) -> str | None:
    """Base64, compressed or not, as text; None for anything else."""
    import base64
    import binascii
    import gzip
    import zlib

    if len(text) < 16:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    for unpack in (zlib.decompress, gzip.decompress, lambda data: data):
        try:
            return unpack(raw).decode("latin-1")
        except (OSError, EOFError, zlib.error):
            continue
    return None
