"""Reading what the client-side primitives return, and refusing what is no whole result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.hardware.provider import CorruptedResultError

_LARGEST_BYTES = 2 * 2**30


def decoded(raw: bytes, request: Mapping[str, Any]) -> Any:
    """The raw result of a request as the client's `PrimitiveResult`.

    Raises:
        CorruptedResultError: if it cannot be read, or holds other than the parameter sets and shots that were asked for.
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
    """(sets, shots, n) measured bits of a sampled part; column i is qubit i of the circuit that was sent.

    Raises:
        CorruptedResultError: for another number of sets, shots or bits than the request's.
    """
    sets, shots, n = len(request["parameters"]), int(request["shots"]), int(request["n_qubits"])
    (array,) = part.data.values()  # the circuit has one classical register
    bits = array.to_bool_array(order="little").astype(np.uint8)
    bits = bits.reshape(-1, *bits.shape[-2:]) if bits.ndim > 2 else bits[None]
    if bits.shape[0] != sets or bits.shape[2] != n or bits.shape[1] < shots:
        came = f"{bits.shape[0]} sets of {bits.shape[1]} shots of {bits.shape[2]} bits"
        raise _corrupted(f"it has {came}, {sets} of {shots} of {n} were expected")
    return np.asarray(bits, dtype=np.uint8)


def values_of(part: Any, request: Mapping[str, Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
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
        f"the result that came is damaged: {why}",
        hint="its bytes are kept: qtwin jobs show JOB --export FOLDER writes them; fetch again for a new copy",
    )
