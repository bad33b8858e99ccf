"""What the client-side primitives would post, and what they return: read, checked, never half
believed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.hardware.provider import CorruptedResultError

Decoupling = Literal["none", "XX", "XpXm", "XY4"]
Mode = Literal["job", "batch", "session"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is done against noise, and how jobs are bundled.

    Attributes:
        mode: Each job alone, jobs together in a batch, or in a session that bills wall clock.
        twirling: Random Pauli frames around two-qubit gates and measurements.
        decoupling: Pulses on idle qubits.
        resilience: Of expectation values: 0 none, 1 readout mitigation (TREX), 2 zero-noise
            extrapolation as well.
        fractional: RZZ and RX gates of free angle where the machine has them.
        max_session_s: After which a batch or session ends by itself.
    """

    mode: Mode = "job"
    twirling: bool = False
    decoupling: Decoupling = "none"
    resilience: int = 1
    fractional: bool = False
    max_session_s: int = 3600

    def sampler(self) -> dict[str, Any]:
        """For `executor_sampler.Sampler`."""
        twirling = {"enable_gates": self.twirling, "enable_measure": self.twirling}
        return {"twirling": twirling, "dynamical_decoupling": self._decoupling()}

    def estimator(self) -> dict[str, Any]:
        """For `executor_estimator.Estimator`; without `twirling` it is left to the level of
        resilience.
        """
        twirling: dict[str, Any] = (
            {"enable_gates": True, "enable_measure": True} if self.twirling else {}
        )
        return {
            "resilience_level": self.resilience,
            "twirling": twirling,
            "dynamical_decoupling": self._decoupling(),
        }

    def identity(self) -> dict[str, Any]:
        """What makes one job differ from another."""
        return {k: v for k, v in asdict(self).items() if k not in ("mode", "max_session_s")}

    def _decoupling(self) -> dict[str, Any]:
        return (
            {"enable": False}
            if self.decoupling == "none"
            else {"enable": True, "sequence_type": self.decoupling}
        )


# What the client-side primitives would post, without posting it: the payload goes into the ledger
# first, and is scanned.

PROGRAM = "executor"


def sampler_payload(
    backend: Any, circuit: Any, sets: NDArray[np.float64], *, shots: int, options: dict[str, Any]
) -> bytes:
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
    backend: Any,
    circuit: Any,
    observable: Any,
    sets: NDArray[np.float64],
    *,
    shots: int,
    options: dict[str, Any],
) -> bytes:
    """The payload of one broadcast PUB for the client's `executor_estimator.Estimator`; arguments
    as of `sampler_payload`.
    """
    from qiskit_ibm_runtime.executor_estimator import Estimator

    recorder = _recorder(backend)
    Estimator(mode=recorder, options={"default_shots": shots, **options}).run(
        [(circuit, observable, _bound(circuit, sets))]
    )
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
                raise RuntimeError(
                    f"the client posts program {program_id!r}, {PROGRAM!r} was expected"
                )
            self.inputs = inputs

        def __del__(self) -> None:
            pass

    return Recorder()


class _Remote:
    """Makes the primitives prepare for a machine and not for local testing."""

    is_local = False


# Reading what the client-side primitives return, and refusing what is no whole result.

_LARGEST_BYTES = 2 * 2**30


def decoded(raw: bytes, request: Mapping[str, Any]) -> Any:
    """The raw result of a request as the client's `PrimitiveResult`.

    Raises:
        CorruptedResultError: if it cannot be read, or holds other than the parameter sets and shots
            that were asked for.
    """
    from qiskit_ibm_runtime.decoders.defaults import DEFAULT_DECODERS

    if len(raw) > _LARGEST_BYTES:
        raise _corrupted(f"it has {len(raw):,} bytes, at most {_LARGEST_BYTES:,} were expected")
    chain = DEFAULT_DECODERS["executor"]
    try:
        result: Any = raw.decode()
        for decoder in chain if isinstance(chain, list | tuple) else (chain,):
            if decoder.is_applicable(result):
                result = decoder.decode(result)
        (part,) = result
        if request["kind"] == "sample":
            bits_of(part, request)
        else:
            values_of(part, request)
    except CorruptedResultError:
        raise
    except Exception as error:
        raise _corrupted(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from None
    return result


def bits_of(part: Any, request: Mapping[str, Any]) -> NDArray[np.uint8]:
    """(sets, shots, n) measured bits of a sampled part; column i is qubit i of the circuit that was
    sent.

    Raises:
        CorruptedResultError: for another number of sets, shots or bits than the request's.
    """
    sets, shots, n = len(request["parameters"]), int(request["shots"]), int(request["n_qubits"])
    (array,) = part.data.values()  # the circuit has one classical register
    bits = array.to_bool_array(order="little").astype(np.uint8)
    bits = bits.reshape(-1, *bits.shape[-2:]) if bits.ndim > 2 else bits[None]
    if bits.shape[0] != sets or bits.shape[2] != n or bits.shape[1] < shots:
        got = f"{bits.shape[0]} sets of {bits.shape[1]} shots of {bits.shape[2]} bits"
        raise _corrupted(f"expected {sets} of {shots} of {n}, got {got}")
    return np.asarray(bits, dtype=np.uint8)


def values_of(
    part: Any, request: Mapping[str, Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(sets,) expectation values and their standard errors.

    Raises:
        CorruptedResultError: for another number of them, or values that are not finite.
    """
    sets = len(request["parameters"])
    values = np.asarray(part.data["evs"], dtype=np.float64).reshape(-1)
    errors = np.asarray(part.data["stds"], dtype=np.float64).reshape(-1)
    if values.shape != (sets,) or errors.shape != (sets,) or not np.isfinite(values).all():
        raise _corrupted(f"it has {values.shape[0]} values, {sets} finite ones were expected")
    return values, errors


def _corrupted(why: str) -> CorruptedResultError:
    return CorruptedResultError(
        f"the result is damaged: {why}",
        hint="its bytes are kept: qtwin jobs show JOB --export FOLDER writes them; fetch again "
        "for a new copy",
    )
