"""Circuits of fermionic excitations: UCCSD, k-UpCCGSD and LUCJ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

from qtwin.errors import InputError

ALPHA, BETA = 0, 1
Move = tuple[int, int, int]
"""(to, from, spin): a+_to a_from on orbitals of one spin."""


@dataclass(frozen=True, kw_only=True)
class Excitation:
    """T = product of moves a+_to a_from, the last one acting first.

    Attributes:
        moves: One for a single, two for a double excitation.
        strings: Whether T carries the signs of fermions. Without them it is a qubit excitation,
            which needs far fewer gates (Yordanov et al. 2021, Commun Phys 4:228).
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
        InputError: for electrons that do not fit, an orbital or parameter that is not there, or a
            move onto itself.
    """
    n = ansatz.n_orbitals
    for name, electrons in (("alpha", ansatz.n_alpha), ("beta", ansatz.n_beta)):
        if not 0 <= electrons <= n:
            raise InputError(
                f"got {electrons} {name} electrons in {n} orbitals", hint=f"0 to {n} fit"
            )
    for rotation in ansatz.rotations:
        if not 0 <= rotation.parameter < ansatz.n_parameters:
            raise InputError(
                f"a rotation names parameter {rotation.parameter} of {ansatz.n_parameters}",
                hint="count from 0",
            )
        if isinstance(rotation, Phase):
            _check_phase(rotation, n)
            continue
        for to, source, spin in rotation.excitation.moves:
            if spin not in (ALPHA, BETA) or not (0 <= to < n and 0 <= source < n) or to == source:
                raise InputError(
                    f"the move {source} to {to} of spin {spin} is none in {n} orbitals",
                    hint="correct it",
                )
        ends = [(m[0], m[2]) for m in rotation.excitation.moves]
        starts = [(m[1], m[2]) for m in rotation.excitation.moves]
        if len({*ends, *starts}) != len(ends) + len(starts):
            raise InputError(
                f"the excitation {rotation.excitation.moves} uses an orbital twice",
                hint="number operators are no excitations",
            )


def _check_phase(phase: Phase, n: int) -> None:
    places = phase.orbitals
    if (
        not places
        or len(set(places)) < len(places)
        or any(s not in (ALPHA, BETA) or not 0 <= p < n for p, s in places)
    ):
        raise InputError(
            f"the phase of orbitals {places} is none in {n} orbitals",
            hint="name each (orbital, spin) once",
        )


# Unitary coupled cluster with singles and doubles, one Trotter step (Peruzzo et al. 2014, Nat
# Commun 5:4213).


def uccsd(n_orbitals: int, n_alpha: int, n_beta: int, *, repetitions: int = 1) -> FermionicAnsatz:
    """Doubles, then singles, from occupied to empty orbitals; excitations that differ by exchange
    of spins share a parameter.

    Sharing needs equal numbers of electrons of either spin; otherwise every excitation has a
    parameter of its own. All is applied `repetitions` times, with angles of its own each time.

    Raises:
        InputError: for fewer than one repetition.
    """
    if repetitions < 1:
        raise InputError(
            f"expected repetitions of at least 1, got {repetitions}", hint="raise repetitions"
        )
    closed = n_alpha == n_beta
    rotations: list[Rotation] = []
    count = 0

    def add(*excitations: tuple[tuple[int, int, int], ...]) -> None:
        nonlocal count
        for moves in excitations:
            rotations.append(Rotation(excitation=Excitation(moves=moves), parameter=count))
            if not closed:
                count += 1
        if closed:
            count += 1

    up_from, up_to = range(n_alpha), range(n_alpha, n_orbitals)
    down_from, down_to = range(n_beta), range(n_beta, n_orbitals)
    mixed = [(i, a, j, b) for i in up_from for a in up_to for j in down_from for b in down_to]
    for i, a, j, b in mixed:
        if not closed:
            add(((a, i, ALPHA), (b, j, BETA)))
        elif (i, a) == (j, b):
            add(((a, i, ALPHA), (a, i, BETA)))
        elif (i, a) < (j, b):
            add(((a, i, ALPHA), (b, j, BETA)), ((b, j, ALPHA), (a, i, BETA)))
    same_up = [
        ((a, i, ALPHA), (b, j, ALPHA))
        for i, j in combinations(up_from, 2)
        for a, b in combinations(up_to, 2)
    ]
    same_down = [
        ((a, i, BETA), (b, j, BETA))
        for i, j in combinations(down_from, 2)
        for a, b in combinations(down_to, 2)
    ]
    singles_up = [((a, i, ALPHA),) for i in up_from for a in up_to]
    singles_down = [((a, i, BETA),) for i in down_from for a in down_to]
    for up, down in ((same_up, same_down), (singles_up, singles_down)):
        if closed:
            for one, other in zip(up, down, strict=True):
                add(one, other)
        else:
            for one in (*up, *down):
                add(one)
    again = [
        replace(r, parameter=r.parameter + k * count) for k in range(repetitions) for r in rotations
    ]
    return FermionicAnsatz(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        rotations=tuple(again),
        n_parameters=count * repetitions,
        name="UCCSD" if repetitions == 1 else f"{repetitions}-UCCSD",
    )


# k-UpCCGSD: k products of paired generalised doubles and generalised singles (Lee et al. 2019, JCTC
# 15:311).


def upccgsd(n_orbitals: int, n_alpha: int, n_beta: int, *, k: int = 1) -> FermionicAnsatz:
    """Pairs p to q and singles p to q between all orbitals p < q, k times; the two spins of a
    single share a parameter.

    Raises:
        InputError: for k under 1.
    """
    if k < 1:
        raise InputError(f"expected k of at least 1, got {k}", hint="raise k")
    rotations: list[Rotation] = []
    count = 0
    pairs = [(p, q) for p in range(n_orbitals) for q in range(p + 1, n_orbitals)]
    for _ in range(k):
        for p, q in pairs:
            rotations.append(
                Rotation(
                    excitation=Excitation(moves=((q, p, ALPHA), (q, p, BETA))), parameter=count
                )
            )
            count += 1
        for p, q in pairs:
            rotations += [
                Rotation(excitation=Excitation(moves=((q, p, spin),)), parameter=count)
                for spin in (ALPHA, BETA)
            ]
            count += 1
    return FermionicAnsatz(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        rotations=tuple(rotations),
        n_parameters=count,
        name=f"{k}-UpCCGSD",
    )


# Local unitary cluster Jastrow: orbital rotation, phases of neighbours, the rotation undone.
#
# Motta et al. 2023, Chem Sci 14:11213.
#
# |psi> = prod_l exp(K_l) exp(i J_l) exp(-K_l) |HF>, then one more orbital rotation. J_l = sum J_pq
# n_p n_q couples equal spins on neighbours (p, p + 1) and opposite spins on one orbital, so that no
# qubits far apart meet. exp(K) is a brick wall of rotations of neighbouring orbitals with a phase
# each, which makes any unitary up to phases that commute with J (Clements et al. 2016, Optica
# 3:1460).


def lucj(
    n_orbitals: int, n_alpha: int, n_beta: int, *, layers: int = 1, every: int = 1
) -> FermionicAnsatz:
    """The circuit; the spins share all angles.

    Args:
        n_orbitals: Spatial orbitals.
        n_alpha: Electrons of spin up.
        n_beta: Electrons of spin down.
        layers: L.
        every: Opposite spins meet on every so-manieth orbital: 1 on a square lattice, 4 on a
            heavy-hexagonal one.

    Raises:
        InputError: for fewer than one layer, or `every` under 1.
    """
    if layers < 1 or every < 1:
        raise InputError(
            f"expected layers and every of at least 1, got {layers} and {every}", hint="raise them"
        )
    gates: list[Gate] = []
    count = 0
    for _ in range(layers):
        turn = _rotation(n_orbitals, count)
        count += n_orbitals * (n_orbitals - 1)
        gates += _undone(turn)
        for p in range(n_orbitals - 1):
            gates += [
                Phase(orbitals=((p, spin), (p + 1, spin)), parameter=count)
                for spin in (ALPHA, BETA)
            ]
            count += 1
        for p in range(0, n_orbitals, every):
            gates.append(Phase(orbitals=((p, ALPHA), (p, BETA)), parameter=count))
            count += 1
        gates += turn
    gates += _rotation(n_orbitals, count)
    count += n_orbitals * (n_orbitals - 1)
    return FermionicAnsatz(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        rotations=tuple(gates),
        n_parameters=count,
        name=f"LUCJ, L = {layers}",
    )


def _rotation(n: int, first: int) -> list[Gate]:
    """The n (n - 1) / 2 rotations of neighbours in n layers of a brick wall, each with a phase
    before it; both spins alike.
    """
    gates: list[Gate] = []
    k = first
    for layer in range(n):
        for p in range(layer % 2, n - 1, 2):
            gates += [Phase(orbitals=((p, spin),), parameter=k) for spin in (ALPHA, BETA)]
            gates += [
                Rotation(excitation=Excitation(moves=((p + 1, p, spin),)), parameter=k + 1)
                for spin in (ALPHA, BETA)
            ]
            k += 2
    return gates


def _undone(gates: list[Gate]) -> list[Gate]:
    undone: list[Gate] = []
    for gate in reversed(gates):
        if isinstance(gate, Phase):
            undone.append(Phase(orbitals=gate.orbitals, parameter=gate.parameter, sign=-gate.sign))
        else:
            undone.append(
                Rotation(excitation=gate.excitation, parameter=gate.parameter, sign=-gate.sign)
            )
    return undone
