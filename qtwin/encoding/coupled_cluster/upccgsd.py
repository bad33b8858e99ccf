"""k-UpCCGSD: k products of paired generalised doubles and generalised singles (Lee et al. 2019, JCTC 15:311)."""

from __future__ import annotations

from qtwin.encoding.excitation import ALPHA, BETA, Excitation, FermionicAnsatz, Rotation
from qtwin.errors import InputError


def upccgsd(n_orbitals: int, n_alpha: int, n_beta: int, *, k: int = 1) -> FermionicAnsatz:
    """Pairs p to q and singles p to q between all orbitals p < q, k times; the two spins of a single share a parameter.

    Raises:
        InputError: for k under 1.
    """
    if k < 1:
        raise InputError(f"k = {k} came, at least 1 was wanted", hint="raise k")
    rotations: list[Rotation] = []
    count = 0
    pairs = [(p, q) for p in range(n_orbitals) for q in range(p + 1, n_orbitals)]
    for _ in range(k):
        for p, q in pairs:
            rotations.append(Rotation(excitation=Excitation(moves=((q, p, ALPHA), (q, p, BETA))), parameter=count))
            count += 1
        for p, q in pairs:
            rotations += [Rotation(excitation=Excitation(moves=((q, p, spin),)), parameter=count) for spin in (ALPHA, BETA)]
            count += 1
    return FermionicAnsatz(
        n_orbitals=n_orbitals,
        n_alpha=n_alpha,
        n_beta=n_beta,
        rotations=tuple(rotations),
        n_parameters=count,
        name=f"{k}-UpCCGSD",
    )
