"""Circuits with phases on determinants: amplitudes are complex, kept as two real arrays.

An excitation turns both arrays alike; a phase exp(-i theta n_p n_q ...) multiplies the determinants
in which all its orbitals are filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.determinants.space import Space, parity
from qtwin.chemistry.excitation import FermionicAnsatz, Phase, Rotation
from qtwin.errors import InputError

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


def _joined(space: Space, ansatz: FermionicAnsatz) -> tuple[dict[str, Any], list[bool]]:
    """What both forms of a circuit share, and of each gate that reaches anything whether it is a
    phase.
    """
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
    return {
        "start": np.array(starts, dtype=np.int64),
        "low": np.concatenate(lows),
        "high": np.concatenate(highs),
        "sign": np.concatenate(signs),
        "parameter": np.array(parameters, dtype=np.int64),
        "dropped": len(ansatz.rotations) - len(parameters),
    }, kinds


def compile_phased(space: Space, ansatz: FermionicAnsatz) -> Phased:
    """The pairs and places of each gate inside the space."""
    gates, kinds = _joined(space, ansatz)
    return Phased(**gates, is_phase=np.array(kinds, dtype=np.bool_))


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
    """Undo all gates on the state and on its dual H |state>, adding 2 Re <dual|generator|state> on
    the way.
    """
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


# A fermionic circuit compiled to pairs of determinants: exp(theta (T - T+)) turns each pair (D, T
# D) by theta.


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """Every rotation as index pairs; rotations that reach no pair of the space are dropped.

    Attributes:
        start: (r + 1,) first pair of each rotation.
        low, high: (pairs,) places of D and T D.
        sign: (pairs,) sign of T D times the rotation's own.
        parameter: (r,) parameter of each rotation.
        dropped: Number of rotations left out.
    """

    start: NDArray[np.int64]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    sign: Floats
    parameter: NDArray[np.int64]
    dropped: int


def compile_circuit(space: Space, ansatz: FermionicAnsatz) -> Compiled:
    """The pairs of each rotation inside the space."""
    if not ansatz.is_real:
        raise InputError(
            "expected real rotations, got a phase", hint="use ComplexDeterminantSimulator"
        )
    return Compiled(**_joined(space, ansatz)[0])


def pairs_of(
    space: Space, rotation: Rotation
) -> tuple[NDArray[np.int32], NDArray[np.int32], Floats]:
    """Places of all pairs D and T D inside the space, and their signs."""
    moves = np.array(rotation.excitation.moves, dtype=np.int64).reshape(-1, 3)
    n_down = int((space.rank_beta >= 0).sum())
    low, high, sign = _pairs(
        moves, space.alpha, space.beta, space.rank_alpha, space.rank_beta, n_down, space.address
    )
    return low, high, rotation.sign * (sign if rotation.excitation.strings else np.ones_like(sign))


@numba.njit(**_JIT)
def _pairs(moves, up, down, rank_up, rank_down, n_down, address):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    low = np.empty(len(up), dtype=np.int32)
    high = np.empty(len(up), dtype=np.int32)
    sign = np.empty(len(up))
    count = 0
    one = np.int64(1)
    for d in range(len(up)):
        strings = (up[d], down[d])
        u, v = strings
        factor = 1.0
        possible = True
        for m in range(len(moves) - 1, -1, -1):
            to, source, spin = moves[m]
            string = u if spin == 0 else v
            if not (string >> source) & 1 or (string >> to) & 1:
                possible = False
                break
            factor *= parity(string, source, to)
            string ^= (one << source) | (one << to)
            if spin == 0:
                u = string
            else:
                v = string
        if possible:
            place = address[rank_up[u] * n_down + rank_down[v]]
            if place >= 0:
                low[count], high[count], sign[count] = d, place, factor
                count += 1
    return low[:count].copy(), high[:count].copy(), sign[:count].copy()


@numba.njit(fastmath=True, **_JIT)
def run(start, low, high, sign, parameter, theta, state):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Apply all rotations to `state`, in place."""
    for r in range(len(parameter)):
        c, s = np.cos(theta[parameter[r]]), np.sin(theta[parameter[r]])
        if s == 0.0 and c == 1.0:
            continue
        for k in range(start[r], start[r + 1]):
            t = s * sign[k]
            x, y = state[low[k]], state[high[k]]
            state[low[k]] = c * x - t * y
            state[high[k]] = t * x + c * y


@numba.njit(fastmath=True, **_JIT)
def sweep(start, low, high, sign, parameter, theta, state, dual, gradient):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Undo all rotations on `state` and `dual` = H state from the last to the first, adding 2
    <dual|T - T+|state> on the way.
    """
    for r in range(len(parameter) - 1, -1, -1):
        c, s = np.cos(theta[parameter[r]]), np.sin(theta[parameter[r]])
        slope = 0.0
        for k in range(start[r], start[r + 1]):
            t = s * sign[k]
            i, j = low[k], high[k]
            x, y, u, v = state[i], state[j], dual[i], dual[j]
            slope += sign[k] * (v * x - u * y)
            state[i], state[j] = c * x + t * y, c * y - t * x
            dual[i], dual[j] = c * u + t * v, c * v - t * u
        gradient[parameter[r]] += 2.0 * slope


@numba.njit(fastmath=True, **_JIT)
def slopes(start, low, high, sign, parameter, state, dual, gradient):  # type: ignore[no-untyped-def]  # pragma: no cover - compiled
    """Add 2 <dual|T - T+|state> of every rotation to its parameter's place."""
    for r in range(len(parameter)):
        slope = 0.0
        for k in range(start[r], start[r + 1]):
            slope += sign[k] * (dual[high[k]] * state[low[k]] - dual[low[k]] * state[high[k]])
        gradient[parameter[r]] += 2.0 * slope
