"""Total spin: which one was asked for, which one a state has, and a Hamiltonian whose lowest state
has the right one.

Electrons of fixed numbers up and down may have any total spin S from s = (n_up - n_down) / 2 on, so
that the lowest of their states need not be the one of the multiplicity 2 s + 1 that was asked for.
Since S^2 commutes with H,

    H + penalty (S^2 - s (s + 1))

has the same states, and those of spin S lie penalty (S (S + 1) - s (s + 1)) higher: with half a
hartree a triplet rises by one hartree over the singlets. No state lies below the lowest of spin s
then, and the energies of this operator are bounds again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray

from qtwin.chemistry.determinants.hamiltonian import hamiltonian
from qtwin.chemistry.determinants.space import Space
from qtwin.chemistry.mapping import Words, annihilator, number, word
from qtwin.chemistry.method.base import Electrons

Floats = NDArray[np.float64]
PENALTY_HARTREE = 0.5
TOLERANCE = 0.1
"""Of S^2: a state that is farther off has another multiplicity, or mixes them (0.1 is 5 % of a
triplet in a singlet).
"""


@dataclass(frozen=True, kw_only=True)
class Shifted:
    """Electrons whose Hamiltonian holds the penalty; its (pq|rs) are no more those of real
    orbitals: (pq|qp) is not (pq|pq).
    """

    core_hartree: float
    h1_hartree: Floats
    h2_hartree: Floats
    n_alpha: int
    n_beta: int


def wanted(electrons: Electrons) -> float:
    """S^2 of the multiplicity that was asked for: s (s + 1), s = (n_up - n_down) / 2."""
    s = 0.5 * abs(electrons.n_alpha - electrons.n_beta)
    return s * (s + 1.0)


def multiplicity(spin_squared: float) -> float:
    """2 S + 1 of S (S + 1); no whole number where states of several spins are mixed."""
    return sqrt(max(4.0 * spin_squared + 1.0, 0.0))


def surcharge_hartree(spin_squared: float, electrons: Electrons) -> float:
    """What the penalty adds to <H>, so that a mixture of spins gains nothing from a lower state of
    another one.
    """
    return PENALTY_HARTREE * max(spin_squared - wanted(electrons), 0.0)


def n_states(n_orbitals: int, electrons: Electrons) -> int:
    """States of the spin that was asked for (Weyl's formula: Paldus 1974, JCP 61:5321, eq. 13)."""
    total, spin = electrons.n_alpha + electrons.n_beta, abs(electrons.n_alpha - electrons.n_beta)
    n = n_orbitals + 1
    return (spin + 1) * comb(n, (total - spin) // 2) * comb(n, (total + spin) // 2 + 1) // n


def shifted(electrons: Electrons, penalty_hartree: float = PENALTY_HARTREE) -> Shifted:
    """The electrons with H + penalty (S^2 - s (s + 1))."""
    n, total = len(electrons.h1_hartree), electrons.n_alpha + electrons.n_beta
    return Shifted(
        core_hartree=electrons.core_hartree
        + penalty_hartree * (total - 0.25 * total**2 - wanted(electrons)),
        h1_hartree=np.array(electrons.h1_hartree),
        h2_hartree=np.asarray(electrons.h2_hartree) + penalty_hartree * _exchange(n),
        n_alpha=electrons.n_alpha,
        n_beta=electrons.n_beta,
    )


def spin_squared(space: Space, state: NDArray[np.float64] | NDArray[np.complex128]) -> float:
    """<S^2> of (d,) amplitudes on the determinants of a space."""
    n, total = space.n_orbitals, space.n_alpha + space.n_beta
    operator = hamiltonian(space, np.zeros((n, n)), _exchange(n), total - 0.25 * total**2)
    out = np.empty(space.size)
    value = operator.core_hartree * float(np.vdot(state, state).real)
    for part in (state.real, state.imag) if np.iscomplexobj(state) else (state,):
        part = np.array(part, dtype=np.float64)
        operator.apply(part, out)
        value += float(part @ out)
    return value


def spin_words(n_orbitals: int) -> Words:
    """S^2 = S- S+ + Sz (Sz + 1) on spin orbitals, whatever the numbers of electrons."""
    n = n_orbitals
    raising = _sum([annihilator(p).adjoint() @ annihilator(n + p) for p in range(n)])
    along = _sum([(number(p) + number(n + p) * -1.0) * 0.5 for p in range(n)])
    return raising.adjoint() @ raising + along @ along + along


def shifted_words(words: Words, electrons: Electrons) -> Words:
    """H + penalty (S^2 - s (s + 1)) of a Hamiltonian in words."""
    off = spin_words(len(electrons.h1_hartree)) + word(0, 0, -wanted(electrons))
    return words + off * PENALTY_HARTREE


def _sum(words: list[Words]) -> Words:
    total = word(0, 0, 0.0)
    for each in words:
        total = total + each
    return total


def _exchange(n: int) -> Floats:
    """(n, n, n, n) integrals of S^2 - N + N^2 / 4 = -1/2 sum_pq a+_p a+_q a_p a_q over orbitals and
    spins.
    """
    found = np.zeros((n, n, n, n))
    p = np.arange(n)
    found[p[:, None], p, p, p[:, None]] = -1.0
    return found
