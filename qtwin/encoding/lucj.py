"""Local unitary cluster Jastrow: orbital rotation, phases of neighbours, the rotation undone.

Motta et al. 2023, Chem Sci 14:11213.

|psi> = prod_l exp(K_l) exp(i J_l) exp(-K_l) |HF>, then one more orbital rotation. J_l = sum J_pq n_p n_q couples equal spins on
neighbours (p, p + 1) and opposite spins on one orbital, so that no qubits far apart meet. exp(K) is a brick wall of rotations of
neighbouring orbitals with a phase each, which makes any unitary up to phases that commute with J (Clements et al. 2016, Optica
3:1460).
"""

from __future__ import annotations

from qtwin.encoding.excitation import ALPHA, BETA, Excitation, FermionicAnsatz, Gate, Phase, Rotation
from qtwin.errors import InputError


def lucj(n_orbitals: int, n_alpha: int, n_beta: int, *, layers: int = 1, every: int = 1) -> FermionicAnsatz:
    """The circuit; the spins share all angles.

    Args:
        n_orbitals: Spatial orbitals.
        n_alpha: Electrons of spin up.
        n_beta: Electrons of spin down.
        layers: L.
        every: Opposite spins meet on every so-manieth orbital: 1 on a square lattice, 4 on a heavy-hexagonal one.

    Raises:
        InputError: for fewer than one layer, or `every` under 1.
    """
    if layers < 1 or every < 1:
        raise InputError(f"layers = {layers} and every = {every} came, at least 1 was wanted", hint="raise them")
    gates: list[Gate] = []
    count = 0
    for _ in range(layers):
        turn = _rotation(n_orbitals, count)
        count += n_orbitals * (n_orbitals - 1)
        gates += _undone(turn)
        for p in range(n_orbitals - 1):
            gates += [Phase(orbitals=((p, spin), (p + 1, spin)), parameter=count) for spin in (ALPHA, BETA)]
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
    """The n (n - 1) / 2 rotations of neighbours in n layers of a brick wall, each with a phase before it; both spins alike."""
    gates: list[Gate] = []
    k = first
    for layer in range(n):
        for p in range(layer % 2, n - 1, 2):
            gates += [Phase(orbitals=((p, spin),), parameter=k) for spin in (ALPHA, BETA)]
            gates += [Rotation(excitation=Excitation(moves=((p + 1, p, spin),)), parameter=k + 1) for spin in (ALPHA, BETA)]
            k += 2
    return gates


def _undone(gates: list[Gate]) -> list[Gate]:
    undone: list[Gate] = []
    for gate in reversed(gates):
        if isinstance(gate, Phase):
            undone.append(Phase(orbitals=gate.orbitals, parameter=gate.parameter, sign=-gate.sign))
        else:
            undone.append(Rotation(excitation=gate.excitation, parameter=gate.parameter, sign=-gate.sign))
    return undone
