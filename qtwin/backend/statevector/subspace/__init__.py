"""QAOA inside a feasible set: only the states that satisfy the constraint are stored.

states = fixed_weight(40, 6)  # or listed(bits) for any explicit set
qaoa = SubspaceQaoa(states, states.costs(polynomial), mixer=ring_rounds(range(40)))
value, gradient = qaoa.value_and_gradient(theta)  # theta = (gamma_1, beta_1, gamma_2, ...)
samples = qaoa.sample(theta, shots=1000, seed=1)
"""

from qtwin.backend.statevector.subspace.qaoa import SubspaceQaoa
from qtwin.backend.statevector.subspace.states import States, fixed_weight, listed

__all__ = ["States", "SubspaceQaoa", "fixed_weight", "listed"]
