"""Machine code of the determinant simulators, made or loaded before the clock of a method starts."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qtwin.backend.determinants.complex_simulator import ComplexDeterminantSimulator
from qtwin.backend.determinants.hamiltonian import product_threaded
from qtwin.backend.determinants.minimum import Limits
from qtwin.backend.determinants.simulator import DeterminantSimulator
from qtwin.encoding.coupled_cluster.uccsd import uccsd
from qtwin.encoding.lucj import lucj


@lru_cache(maxsize=1)
def load_compiled_code() -> None:
    """Run everything that is compiled once, on a bond in two orbitals, about that of H2 in a minimal basis."""
    same = np.eye(2)
    h1, h2 = np.diag([-1.25, -0.48]), 0.67 * np.einsum("pq,rs->pqrs", same, same)
    for p, q in ((0, 1), (1, 0)):
        h2[p, q, p, q] = h2[p, q, q, p] = 0.18
    few = Limits(evaluations=2)
    real = DeterminantSimulator(h1, h2, 0.71, uccsd(2, 1, 1), symmetric=True)
    zero = np.zeros(real.ansatz.n_parameters)
    state = real.state(zero)
    real.minimise(zero, few)
    real.value_and_gradient(zero, repelled_by=[state], shift_hartree=1.0)
    real.slopes(state)
    phased = ComplexDeterminantSimulator(h1, h2, 0.71, lucj(2, 1, 1))
    phased.minimise(np.zeros(phased.ansatz.n_parameters), few)
    phased.value_and_gradient(np.zeros(phased.ansatz.n_parameters))
    h = real.hamiltonian
    product_threaded(h.start, h.column, h.value_hartree, state, np.empty_like(state))
