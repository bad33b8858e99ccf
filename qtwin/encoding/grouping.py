"""Which Pauli strings can be measured by the same shots, and the change of basis that makes them diagonal.

Strings are inserted by falling weight into the first group they fit (sorted insertion; Crawford et al. 2021, Quantum 5:385).
Qubit-wise groups need one rotation a qubit; general ones, of strings that merely commute, need fewer groups but rotations that
entangle. Either way a change of basis is a sequence of rotations exp(-i pi/4 Q), so that every backend can run it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.pauli import PauliSum
from qtwin.errors import unknown_name

Bools = NDArray[np.bool_]
Grouping = Literal["qubit-wise", "general"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Strings with one basis of measurement.

    Attributes:
        members: (k,) which strings of the sum.
        rotations: Single strings Q of coefficient 1; the basis is reached by exp(-i pi/4 Q), first to last.
        diagonal: The k strings as they stand in that basis, signs included.
    """

    members: NDArray[np.int64]
    rotations: tuple[PauliSum, ...]
    diagonal: PauliSum


def groups(observable: PauliSum, grouping: Grouping = "qubit-wise") -> tuple[Group, ...]:
    """All strings but the identity and those of coefficient zero, in groups.

    Raises:
        InputError: for an unknown grouping.
    """
    if grouping not in ("qubit-wise", "general"):
        raise unknown_name("grouping", grouping, ("qubit-wise", "general"))
    x, z, c = observable.x, observable.z, observable.coefficients
    kept = np.flatnonzero((x | z).any(axis=1) & (c != 0.0))
    kept = kept[np.argsort(-np.abs(c[kept]), kind="stable")]
    place = _qubit_wise(x[kept], z[kept]) if grouping == "qubit-wise" else _commuting(x[kept], z[kept])
    return tuple(_group(observable, kept[place == g], grouping) for g in range(int(place.max(initial=-1)) + 1))


def _qubit_wise(x: Bools, z: Bools) -> NDArray[np.int64]:
    """(m,) group of each string: letters agree wherever two strings of a group both have one."""
    letters = x.astype(np.int8) + 2 * z.astype(np.int8)
    basis = np.zeros_like(letters)
    place, count = np.zeros(len(x), dtype=np.int64), 0
    for k, row in enumerate(letters):
        known = basis[:count]
        fits = ((known == 0) | (row == 0) | (known == row)).all(axis=1)
        place[k] = int(np.argmax(fits)) if fits.any() else count
        count = max(count, int(place[k]) + 1)
        basis[place[k]] |= row
    return place


def _commuting(x: Bools, z: Bools) -> NDArray[np.int64]:
    """(m,) group of each string: all strings of a group commute."""
    fx, fz = x.astype(np.float32), z.astype(np.float32)
    place, count = np.zeros(len(x), dtype=np.int64), 0
    for k in range(len(x)):
        clash = (fx[:k] @ fz[k] + fz[:k] @ fx[k]) % 2 == 1
        blocked = np.zeros(count + 1, dtype=np.bool_)
        blocked[place[:k][clash]] = True
        place[k] = int(np.argmin(blocked))
        count = max(count, int(place[k]) + 1)
    return place


def _group(observable: PauliSum, members: NDArray[np.int64], grouping: Grouping) -> Group:
    x, z = observable.x[members].copy(), observable.z[members].copy()
    sign = np.ones(len(members))
    if grouping == "qubit-wise":
        n = observable.n_qubits
        leaders = [(np.arange(n) == q, (np.arange(n) == q) & bool((x[:, q] & z[:, q]).any())) for q in range(n) if x[:, q].any()]
    else:
        leaders = [(a.copy(), b.copy()) for a, b in zip(x, z, strict=True)]
    lead_x, lead_z = (np.array([part[i] for part in leaders], dtype=np.bool_).reshape(-1, observable.n_qubits) for i in (0, 1))
    lead_sign = np.ones(len(lead_x))
    rotations: list[PauliSum] = []
    for k in range(len(lead_x)):
        if not lead_x[k].any():
            continue
        q = int(np.argmax(lead_x[k]))
        turn_x, turn_z = lead_x[k].copy(), lead_z[k] ^ (np.arange(observable.n_qubits) == q)
        rotations.append(PauliSum(x=turn_x[None], z=turn_z[None], coefficients=np.ones(1)))
        quarter_turn(lead_x, lead_z, lead_sign, turn_x, turn_z)
        quarter_turn(x, z, sign, turn_x, turn_z)
    diagonal = PauliSum(x=x, z=z, coefficients=observable.coefficients[members] * sign)
    return Group(members=members, rotations=tuple(rotations), diagonal=diagonal)


def quarter_turn(x: Bools, z: Bools, sign: NDArray[np.float64], turn_x: Bools, turn_z: Bools) -> None:
    """P := R P R+ in place for every string and R = exp(-i pi/4 Q): those that anticommute with Q become -i Q P."""
    moved = (x @ turn_z.astype(np.int64) + z @ turn_x.astype(np.int64)) % 2 == 1
    px, pz = x[moved], z[moved]
    new_x, new_z = px ^ turn_x, pz ^ turn_z
    ys = (turn_x & turn_z).sum() + (px & pz).sum(axis=1) - (new_x & new_z).sum(axis=1)
    power = (ys + 2 * (px & turn_z).sum(axis=1) - 1) % 4  # of i; 0 or 2, since the product is Hermitian
    sign[moved] *= np.where(power == 0, 1.0, -1.0)
    x[moved], z[moved] = new_x, new_z
