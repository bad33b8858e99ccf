"""Circuits with phases on determinants: amplitudes are complex, kept as two real arrays.

An excitation turns both arrays alike; a phase exp(-i theta n_p n_q ...) multiplies the determinants in which all its orbitals
are filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.backend.determinants.circuit import pairs_of
from qtwin.backend.determinants.space import Space
from qtwin.encoding.excitation import FermionicAnsatz, Phase

Floats = NDArray[np.float64]
_JIT: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@dataclass(frozen=True, kw_only=True)
class Phased:
    """Every gate as index pairs, or as the places it multiplies.

    Attributes:
        start: (g + 1,) first entry of each gate.
        low: Places of D, or those a phase multiplies.
        high: Places of T D; -1 for a phase.
        sign: Signs, the gate's own included.
        parameter: (g,) parameter of each gate.
        is_phase: (g,) bool.
        dropped: Number of gates left out, because they reach nothing.
    """

    start: NDArray[np.int64]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    sign: Floats
    parameter: NDArray[np.int64]
    is_phase: NDArray[np.bool_]
    dropped: int


def compile_phased(space: Space, ansatz: FermionicAnsatz) -> Phased:
    """The pairs and places of each gate inside the space."""
    starts, parameters, kinds = [0], [], []
    lows: list[NDArray[np.int32]] = [np.empty(0, dtype=np.int32)]
    highs: list[NDArray[np.int32]] = [np.empty(0, dtype=np.int32)]
    signs: list[Floats] = [np.empty(0)]
    for gate in ansatz.rotations:
        if isinstance(gate, Phase):
            filled = np.ones(space.size, dtype=np.bool_)
            for p, spin in gate.orbitals:
                filled &= ((space.alpha, space.beta)[spin] >> p & 1) == 1
            low = np.flatnonzero(filled).astype(np.int32)
            high = np.full_like(low, -1)
            sign: Floats = np.full(len(low), gate.sign, dtype=np.float64)
        else:
            low, high, sign = pairs_of(space, gate)
        if not len(low):
            continue
        lows.append(low)
        highs.append(high)
        signs.append(sign)
        starts.append(starts[-1] + len(low))
        parameters.append(gate.parameter)
        kinds.append(isinstance(gate, Phase))
    return Phased(
        start=np.array(starts, dtype=np.int64),
        low=np.concatenate(lows),
        high=np.concatenate(highs),
        sign=np.concatenate(signs),
        parameter=np.array(parameters, dtype=np.int64),
        is_phase=np.array(kinds, dtype=np.bool_),
        dropped=len(ansatz.rotations) - len(parameters),
    )


@numba.njit(fastmath=True, **_JIT)
def run_phased(start, low, high, sign, parameter, is_phase, theta, re, im):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Apply all gates to the state, in place."""
    for r in range(len(parameter)):
        c, s = np.cos(theta[parameter[r]]), np.sin(theta[parameter[r]])
        for k in range(start[r], start[r + 1]):
            i, t = low[k], s * sign[k]
            if is_phase[r]:
                x, y = re[i], im[i]
                re[i], im[i] = c * x + t * y, c * y - t * x
            else:
                j = high[k]
                x, y = re[i], re[j]
                re[i], re[j] = c * x - t * y, t * x + c * y
                x, y = im[i], im[j]
                im[i], im[j] = c * x - t * y, t * x + c * y


@numba.njit(fastmath=True, **_JIT)
def sweep_phased(start, low, high, sign, parameter, is_phase, theta, re, im, dre, dim, gradient):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Undo all gates on the state and on its dual H |state>, adding 2 Re <dual|generator|state> on the way."""
    for r in range(len(parameter) - 1, -1, -1):
        c, s = np.cos(theta[parameter[r]]), np.sin(theta[parameter[r]])
        slope = 0.0
        for k in range(start[r], start[r + 1]):
            i, t = low[k], s * sign[k]
            if is_phase[r]:
                x, y, u, v = re[i], im[i], dre[i], dim[i]
                slope += sign[k] * (u * y - v * x)
                re[i], im[i] = c * x - t * y, c * y + t * x
                dre[i], dim[i] = c * u - t * v, c * v + t * u
            else:
                j = high[k]
                x, y, u, v = re[i], re[j], dre[i], dre[j]
                slope += sign[k] * (v * x - u * y)
                re[i], re[j] = c * x + t * y, c * y - t * x
                dre[i], dre[j] = c * u + t * v, c * v - t * u
                x, y, u, v = im[i], im[j], dim[i], dim[j]
                slope += sign[k] * (v * x - u * y)
                im[i], im[j] = c * x + t * y, c * y - t * x
                dim[i], dim[j] = c * u + t * v, c * v - t * u
        gradient[parameter[r]] += 2.0 * slope
