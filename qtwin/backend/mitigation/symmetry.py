"""Symmetry post-selection: drop the shots that only an error can have made (Bonet-Monroig et al.
2018, PRA 98:062339).

A symmetry is a Z string of known sign, such as the parity of the electrons of one spin. Wherever it
can be measured together with a group of strings, shots of the other sign are dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.encoding.pauli import Group, Grouping, PauliSum, groups
from qtwin.errors import InputError

_FORM = re.compile(r"([+-]?)\s*((?:Z\d+\s*)+)")


@dataclass(frozen=True, kw_only=True)
class Symmetry:
    """Z on these qubits has this value in every state without errors.

    Attributes:
        qubits: Ascending.
        value: +1 or -1.
    """

    qubits: tuple[int, ...]
    value: int

    @staticmethod
    def read(text: str) -> Symmetry:
        """From text such as ``"-Z0 Z1"``.

        Raises:
            InputError: for anything else, or a qubit named twice.
        """
        match = _FORM.fullmatch(text.strip())
        qubits = [int(q) for q in re.findall(r"\d+", match[2])] if match else []
        if match is None or len(set(qubits)) != len(qubits):
            raise InputError(
                f"expected a sign and Z strings as symmetry, got {text!r}", hint='"-Z0 Z1"'
            )
        return Symmetry(qubits=tuple(sorted(qubits)), value=-1 if match[1] == "-" else 1)

    def row(self, n_qubits: int) -> NDArray[np.bool_]:
        """(n_qubits,) where the Z stand (InputError when one stands outside)."""
        if self.qubits[-1] >= n_qubits:
            raise InputError(
                f"expected a symmetry on {n_qubits} qubits, got qubit {self.qubits[-1]}",
                hint="count from 0",
            )
        found = np.zeros(n_qubits, dtype=np.bool_)
        found[list(self.qubits)] = True
        return found


def kept(samples: Samples, symmetries: tuple[Symmetry, ...]) -> Samples:
    """The samples that show every symmetry; possibly none."""
    keep = np.ones(len(samples.counts), dtype=np.bool_)
    for s in symmetries:
        keep &= 1 - 2 * (samples.bits[:, list(s.qubits)].sum(axis=1, dtype=np.int64) % 2) == s.value
    return Samples(bits=samples.bits[keep], counts=samples.counts[keep])


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A group of strings, and the symmetries that its shots show as well.

    Attributes:
        group: Its rotations bring strings and symmetries to the Z basis.
        checks: (k, n) bool, the Z strings that the symmetries become.
        signs: (k,) their values, +1 or -1.
    """

    group: Group
    checks: NDArray[np.bool_]
    signs: NDArray[np.float64]

    def passes(self, bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """(m,) whether each measured string has every known sign."""
        parity = bits.astype(np.int64) @ self.checks.T.astype(np.int64) % 2
        return np.asarray((1.0 - 2.0 * parity == self.signs).all(axis=1))


def verified(
    observable: PauliSum, grouping: Grouping, symmetries: tuple[Symmetry, ...]
) -> tuple[Verified, ...]:
    """The groups of an observable, each with the symmetries that fit into its basis."""
    n = observable.n_qubits
    found = []
    for group in groups(observable, grouping):
        chosen = group
        fitting: list[Symmetry] = []
        for s in symmetries:
            joined = _joined(observable, group, [*fitting, s], grouping, n)
            if joined is not None:
                chosen, fitting = joined, [*fitting, s]
        count = len(group.members)
        z, sign = chosen.diagonal.z[count:], np.sign(chosen.diagonal.coefficients[count:])
        strings = PauliSum(
            x=chosen.diagonal.x[:count],
            z=chosen.diagonal.z[:count],
            coefficients=chosen.diagonal.coefficients[:count],
        )
        found.append(
            Verified(
                group=Group(members=group.members, rotations=chosen.rotations, diagonal=strings),
                checks=z,
                signs=sign * np.array([s.value for s in fitting]),
            )
        )
    return tuple(found)


def _joined(
    observable: PauliSum, group: Group, extra: list[Symmetry], grouping: Grouping, n: int
) -> Group | None:
    """Group and symmetries as one group, the group's strings first; None when they have no common
    basis.
    """
    rows = np.array([s.row(n) for s in extra])
    large = 1.0 + float(np.abs(observable.coefficients).max())
    x = np.vstack([observable.x[group.members], np.zeros_like(rows)])
    z = np.vstack([observable.z[group.members], rows])
    # Sorted insertion takes strings by falling weight: falling weights keep the order, and signs
    # are put back below.
    order = large * np.arange(len(x), 0, -1, dtype=np.float64)
    together = groups(PauliSum(x=x, z=z, coefficients=order), grouping)
    if len(together) != 1:
        return None
    (one,) = together
    size = np.abs(np.concatenate([observable.coefficients[group.members], np.ones(len(extra))]))
    sign = np.sign(one.diagonal.coefficients) * np.append(
        np.sign(observable.coefficients[group.members]), np.ones(len(extra))
    )
    signed: NDArray[np.float64] = np.asarray(size * sign, dtype=np.float64)
    diagonal = PauliSum(x=one.diagonal.x, z=one.diagonal.z, coefficients=signed)
    return Group(members=group.members, rotations=one.rotations, diagonal=diagonal)
