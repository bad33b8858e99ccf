"""Electrons, excitations and phases as words on spin orbitals, for any mapping."""

from __future__ import annotations

from functools import reduce
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.excitation import Gate, Phase
from qtwin.encoding.mapping import TABLE
from qtwin.encoding.mapping.linear import Mapping
from qtwin.encoding.mapping.taper import tapered
from qtwin.encoding.mapping.words import MOST_SPIN_ORBITALS, Words, annihilator, collected, number, word
from qtwin.errors import TooLargeError, unknown_name

Floats = NDArray[np.float64]


def electronic(h1_hartree: Floats, h2_hartree: Floats, core_hartree: float) -> Words:
    """H = sum h_pq E_pq + 1/2 sum (pq|rs) (E_pq E_rs - delta_qr E_ps) + core, E_pq summed over spins; real orbitals.

    Args:
        h1_hartree: (n, n) one-electron integrals.
        h2_hartree: (n, n, n, n) two-electron integrals in chemists' order.
        core_hartree: The constant.

    Raises:
        TooLargeError: for more orbitals than masks can hold.
    """
    n = len(h1_hartree)
    if 2 * n > MOST_SPIN_ORBITALS:
        raise TooLargeError(
            f"{n} orbitals came, at most {MOST_SPIN_ORBITALS // 2} can be mapped", hint="take a smaller active space"
        )
    pairs = [(p, q) for p in range(n) for q in range(p + 1)]
    hops = [_hop(p, q, n) for p, q in pairs]
    owner = np.repeat(np.arange(len(pairs)), [len(h.c) for h in hops])
    x, z, c = (np.concatenate([getattr(h, part) for h in hops]) for part in ("x", "z", "c"))
    p, q = np.array(pairs).T
    one = h1_hartree - 0.5 * np.einsum("prrq->pq", h2_hartree)
    two = 0.5 * h2_hartree[p[:, None], q[:, None], p[None, :], q[None, :]]
    single = collected(x, z, c * one[p, q][owner])
    sign = 1.0 - 2.0 * (np.bitwise_count(z[:, None] & x) & 1)
    weight = c[:, None] * c * sign * two[np.ix_(owner, owner)]
    kept = np.abs(weight) > 1e-14
    double = collected((x[:, None] ^ x)[kept], (z[:, None] ^ z)[kept], weight[kept])
    return single + double + word(0, 0, core_hartree)


def _hop(p: int, q: int, n: int) -> Words:
    """E_pq + E_qp over both spins, E_pp once."""
    total = []
    for spin in (0, n):
        if p == q:
            total.append(number(p + spin))
        else:
            move = annihilator(p + spin).adjoint() @ annihilator(q + spin)
            total.append(move + move.adjoint())
    return total[0] + total[1]


def generator(gate: Gate, n_orbitals: int) -> Words:
    """The Hermitian H of a gate exp(-i theta H): i (T - T+) of an excitation, the product of occupations of a phase."""
    if isinstance(gate, Phase):
        return reduce(lambda a, b: a @ b, [number(p + spin * n_orbitals) for p, spin in gate.orbitals]) * gate.sign
    strings = gate.excitation.strings
    moved = word(0, 0)
    for to, source, spin in gate.excitation.moves:
        up = annihilator(to + spin * n_orbitals, strings=strings).adjoint()
        moved = moved @ up @ annihilator(source + spin * n_orbitals, strings=strings)
    return (moved + moved.adjoint() * -1.0) * (1j * gate.sign)


def reference(n_orbitals: int, n_alpha: int, n_beta: int) -> NDArray[np.uint8]:
    """(2n,) occupations of the determinant of the lowest orbitals."""
    occupations = np.zeros(2 * n_orbitals, dtype=np.uint8)
    occupations[:n_alpha] = occupations[n_orbitals : n_orbitals + n_beta] = 1
    return occupations


def mapping_of(name: str, hamiltonian: Words, n_orbitals: int, n_alpha: int, n_beta: int) -> Mapping:
    """A mapping of the table for these electrons, or "tapered".

    Raises:
        InputError: for an unknown name.
    """
    if name == "tapered":
        return tapered(hamiltonian, reference(n_orbitals, n_alpha, n_beta))
    if name not in TABLE:
        raise unknown_name("mapping", name, (*TABLE, "tapered"))
    module, _, function = TABLE[name].partition(":")
    make = getattr(import_module(module), function)
    made: Mapping = make(2 * n_orbitals, n_alpha, n_beta) if name == "parity-reduced" else make(2 * n_orbitals)
    return made
