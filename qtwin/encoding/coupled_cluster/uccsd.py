"""Unitary coupled cluster with singles and doubles, one Trotter step (Peruzzo et al. 2014, Nat Commun 5:4213)."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from qtwin.encoding.excitation import ALPHA, BETA, Excitation, FermionicAnsatz, Rotation
from qtwin.errors import InputError


def uccsd(n_orbitals: int, n_alpha: int, n_beta: int, *, repetitions: int = 1) -> FermionicAnsatz:
    """Doubles, then singles, from occupied to empty orbitals; excitations that differ by exchange of spins share a parameter.

    Sharing needs equal numbers of electrons of either spin; otherwise every excitation has a parameter of its own. All is applied
    `repetitions` times, with angles of its own each time.

    Raises:
        InputError: for fewer than one repetition.
    """
    if repetitions < 1:
        raise InputError(f"repetitions = {repetitions} came, at least 1 was wanted", hint="raise repetitions")
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
    same_up = [((a, i, ALPHA), (b, j, ALPHA)) for i, j in combinations(up_from, 2) for a, b in combinations(up_to, 2)]
    same_down = [((a, i, BETA), (b, j, BETA)) for i, j in combinations(down_from, 2) for a, b in combinations(down_to, 2)]
    singles_up = [((a, i, ALPHA),) for i in up_from for a in up_to]
    singles_down = [((a, i, BETA),) for i in down_from for a in down_to]
    for up, down in ((same_up, same_down), (singles_up, singles_down)):
        if closed:
            for one, other in zip(up, down, strict=True):
                add(one, other)
        else:
            for one in (*up, *down):
                add(one)
    again = [replace(r, parameter=r.parameter + k * count) for k in range(repetitions) for r in rotations]
    return FermionicAnsatz(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        rotations=tuple(again),
        n_parameters=count * repetitions,
        name="UCCSD" if repetitions == 1 else f"{repetitions}-UCCSD",
    )
