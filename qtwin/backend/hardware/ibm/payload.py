"""What the client-side primitives would post, without posting it: the payload goes into the ledger first, and is scanned."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROGRAM = "executor"


def sampler_payload(backend: Any, circuit: Any, sets: NDArray[np.float64], *, shots: int, options: dict[str, Any]) -> bytes:
    """The payload of one broadcast PUB for the client's `executor_sampler.Sampler`.

    Args:
        backend: The machine's `BackendV2`.
        circuit: Parameterised ISA circuit with one classical register.
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
