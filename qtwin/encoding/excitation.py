"""Circuits of fermions that keep the number of electrons of either spin: products of exp(theta (T - T+)) and of phases.

Orbital p of spin up is spin orbital p, of spin down spin orbital n_orbitals + p (alpha first, then beta), everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtwin.errors import InputError

ALPHA, BETA = 0, 1
Move = tuple[int, int, int]
"""(to, from, spin): a+_to a_from on orbitals of one spin."""


@dataclass(frozen=True, kw_only=True)
class Excitation:
    """T = product of moves a+_to a_from, the last one acting first.

    Attributes:
        moves: One for a single, two for a double excitation.
        strings: Whether T carries the signs of fermions. Without them it is a qubit excitation, which needs far fewer gates
            (Yordanov et al. 2021, Commun Phys 4:228).
    """

    moves: tuple[Move, ...]
    strings: bool = True


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """exp(sign theta[parameter] (T - T+))."""

    excitation: Excitation
    parameter: int
    sign: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Phase:
    """exp(-i sign theta[parameter] prod n) over the occupations n of (orbital, spin)."""

    orbitals: tuple[tuple[int, int], ...]
    parameter: int
    sign: float = 1.0


Gate = Rotation | Phase


@dataclass(frozen=True, kw_only=True)
class FermionicAnsatz:
    """Gates applied, first to last, to the determinant of the lowest orbitals.

    Attributes:
        n_orbitals: Spatial orbitals.
        n_alpha, n_beta: Electrons.
        rotations: In order; several may share a parameter. Phases make the amplitudes complex.
        n_parameters: Length of the parameter vector.
        name: As in its paper.
    """

    n_orbitals: int
    n_alpha: int
    n_beta: int
    rotations: tuple[Gate, ...]
    n_parameters: int
    name: str = ""

    @property
    def is_real(self) -> bool:
        """Whether all amplitudes stay real: no phases."""
        return not any(isinstance(gate, Phase) for gate in self.rotations)


def check(ansatz: FermionicAnsatz) -> None:
    """Refuse what no simulator could run.

    Raises:
        InputError: for electrons that do not fit, an orbital or parameter that is not there, or a move onto itself.
    """
    n = ansatz.n_orbitals
    for name, electrons in (("alpha", ansatz.n_alpha), ("beta", ansatz.n_beta)):
        if not 0 <= electrons <= n:
            raise InputError(f"{electrons} {name} electrons in {n} orbitals came", hint=f"0 to {n} fit")
    for rotation in ansatz.rotations:
        if not 0 <= rotation.parameter < ansatz.n_parameters:
            raise InputError(f"a rotation wants parameter {rotation.parameter} of {ansatz.n_parameters}", hint="count from 0")
        if isinstance(rotation, Phase):
            _check_phase(rotation, n)
            continue
        for to, source, spin in rotation.excitation.moves:
            if spin not in (ALPHA, BETA) or not (0 <= to < n and 0 <= source < n) or to == source:
                raise InputError(f"the move {source} to {to} of spin {spin} is none in {n} orbitals", hint="correct it")
        ends = [(m[0], m[2]) for m in rotation.excitation.moves]
        starts = [(m[1], m[2]) for m in rotation.excitation.moves]
        if len({*ends, *starts}) != len(ends) + len(starts):
            raise InputError(
                f"the excitation {rotation.excitation.moves} uses an orbital twice", hint="number operators are no excitations"
            )


def _check_phase(phase: Phase, n: int) -> None:
    places = phase.orbitals
    if not places or len(set(places)) < len(places) or any(s not in (ALPHA, BETA) or not 0 <= p < n for p, s in places):
        raise InputError(f"the phase of orbitals {places} is none in {n} orbitals", hint="name each (orbital, spin) once")
