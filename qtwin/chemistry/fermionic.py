"""A circuit of fermions as an `Ansatz` of Pauli layers, so that every backend can run it."""

from __future__ import annotations

import numpy as np

from qtwin.backend.base import Ansatz, Layer
from qtwin.chemistry.excitation import FermionicAnsatz, check
from qtwin.chemistry.mapping import Mapping, generator, reference


def to_ansatz(circuit: FermionicAnsatz, mapping: Mapping) -> Ansatz:
    """One layer a gate: the strings of an excitation commute in every linear mapping.

    Gates that leave the sector of a mapping with known sums are left out, as the determinant
    simulator does in its block.

    Raises:
        InputError: for a circuit that no simulator could run.
    """
    check(circuit)
    n = circuit.n_orbitals
    layers = []
    for gate in circuit.rotations:
        words = generator(gate, n)
        if mapping.keeps(words):
            layers.append(Layer(generator=mapping.apply(words), parameter=gate.parameter))
    start = mapping.encode(reference(n, circuit.n_alpha, circuit.n_beta)[None, :])[0]
    return Ansatz(
        n_qubits=mapping.n_qubits,
        reference=start.astype(np.int8),
        layers=tuple(layers),
        n_parameters=circuit.n_parameters,
    )
