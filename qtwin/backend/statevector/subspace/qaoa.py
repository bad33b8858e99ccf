"""QAOA that never leaves a feasible set: XY mixers and the Grover mixer, exact, with adjoint
gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples, check_shots
from qtwin.backend.statevector import qaoa
from qtwin.backend.statevector.circuit import reals, thread_count, whole
from qtwin.backend.statevector.distribution import draw, lowest_share
from qtwin.backend.statevector.subspace.mixers import FixedWeight, Grover, Listed, Mixer
from qtwin.backend.statevector.subspace.states import States
from qtwin.encoding.mixer import Rounds
from qtwin.errors import InputError

Floats = NDArray[np.float64]
_SHARED = 1 << 15  # states below which a second thread costs more than it gains


@final
class SubspaceQaoa:
    """|theta> = prod_l M(beta_l) exp(-i gamma_l C) |start> on the feasible states alone.

    theta = (gamma_1, beta_1, gamma_2, beta_2, ...).

    M is the ordered product of exp(-i beta (X_i X_j + Y_i Y_j) / 2) over the pairs of all rounds
    (Hadfield et al. 2019, Algorithms 12:34), or exp(-i beta |start><start|) for "grover"
    (Baertschi, Eidenbenz 2020, arXiv:2006.00354). As with |+> and the transverse field, the uniform
    start is a top state of the mixer: schedules that lead down have gamma > 0, beta < 0. On a
    listed set a pair rotates only where both of its words are listed (controlled mixers). Memory:
    24 bytes a state for values, 40 with gradients. Not for concurrent calls.

    Args:
        states: From `fixed_weight` or `listed`.
        cost: (m,) energies, `states.costs(polynomial)` or anything else.
        mixer: Rounds of pairs (`ring_rounds`, `complete_rounds`, `block_rounds` of
            `qtwin.encoding.mixer`) or "grover".
        start: (m,) real amplitudes of norm 1; uniform (the Dicke state of a fixed weight) when
            None.
        threads: All cores this process may use when None.

    Raises:
        InputError: for shapes that do not fit, values that are not finite, a start of another norm,
            or a pair out of range.
    """

    def __init__(
        self,
        states: States,
        cost: Floats,
        *,
        mixer: Rounds | Literal["grover"],
        start: Floats | None = None,
        threads: int | None = None,
    ) -> None:
        m, n = states.size, states.n_qubits
        self.states, self.cost = states, reals(cost, "energies", length=m)
        self._start = (
            np.full(m, m**-0.5) if start is None else reals(start, "start amplitudes", length=m)
        )
        if abs(float(self._start @ self._start) - 1.0) > 1e-9:
            raise InputError(
                f"expected a start of norm 1, got {np.linalg.norm(self._start)}",
                hint="divide by the norm",
            )
        rounds = () if isinstance(mixer, str) and mixer == "grover" else _rounds(mixer, n)
        cores = thread_count(threads)
        self._shares = cores if m >= _SHARED else 1
        self._executor: ThreadPoolExecutor | None = None
        self._mixer: Mixer
        if isinstance(mixer, str):
            self._mixer = Grover(self._start)
        elif states.weight is None:
            self._mixer = Listed(states, rounds)
        else:
            self._mixer = FixedWeight(states, states.weight, rounds)
        self._state, self._adjoint = (np.empty(m), np.empty(m)), (np.empty(0), np.empty(0))
        self._order: NDArray[np.int64] | None = None

    def amplitudes(self, theta: Floats) -> NDArray[np.complex128]:
        """(m,) amplitudes at the (2 p,) angles in radians."""
        self._forward(theta)
        return np.asarray(self._state[0] + 1j * self._state[1])

    def probabilities(self, theta: Floats) -> Floats:
        """(m,) probabilities of the states."""
        self._forward(theta)
        return np.asarray(self._state[0] ** 2 + self._state[1] ** 2)

    def value(self, theta: Floats, observable: Floats | None = None) -> float:
        """<observable> for a diagonal (m,); the cost when None."""
        wanted = (
            self.cost
            if observable is None
            else reals(observable, "observable values", length=self.states.size)
        )
        self._forward(theta)
        return self._energy(wanted)

    def value_and_gradient(
        self, theta: Floats, observable: Floats | None = None
    ) -> tuple[float, Floats]:
        """<observable> and its (2 p,) derivatives, by the adjoint method (Jones, Gacon 2020,
        arXiv:2009.02823).
        """
        wanted = (
            self.cost
            if observable is None
            else reals(observable, "observable values", length=self.states.size)
        )
        angles = self._forward(theta)
        return self._backward(angles, wanted)

    def cvar(self, theta: Floats, alpha: float) -> float:
        """Mean cost of the lowest share `alpha` of the distribution (Barkoutsos et al. 2020,
        Quantum 4:256).
        """
        return lowest_share(self.cost, self.probabilities(theta), alpha, self._sorted())[0]

    def cvar_and_gradient(self, theta: Floats, alpha: float) -> tuple[float, Floats]:
        """The same and its (2 p,) derivatives: those of <v - max(v - C, 0) / alpha> at fixed
        quantile v.
        """
        angles = self._forward(theta)
        inside = self._state[0] ** 2 + self._state[1] ** 2
        value, edge = lowest_share(self.cost, inside, alpha, self._sorted())
        return value, self._backward(angles, edge - np.maximum(edge - self.cost, 0.0) / alpha)[1]

    def sample(self, theta: Floats, *, shots: int, seed: int) -> Samples:
        """Measure all qubits; every sample is in the set. Equal seeds give equal samples."""
        check_shots(shots)
        self._forward(theta)
        places, counts = draw(*self._state, shots=shots, seed=seed)
        return Samples(bits=self.states.bits(places), counts=counts)

    def _sorted(self) -> NDArray[np.int64]:
        if self._order is None:
            self._order = np.argsort(self.cost, kind="stable")
        return self._order

    def _energy(self, observable: Floats) -> float:
        return float(
            sum(self._split(partial(qaoa.energy, *self._state, observable), self.states.size))
        )

    def _forward(self, theta: Floats) -> Floats:
        angles = reals(theta, "angles")
        if len(angles) % 2:
            raise InputError(
                f"expected an even number of angles, got {len(angles)}",
                hint="gamma_1, beta_1, gamma_2, ...",
            )
        re, im = self._state
        re[:], im[:] = self._start, 0.0
        for gamma, beta in angles.reshape(-1, 2).tolist():
            self._split(partial(qaoa.turn, re, im, self.cost, gamma), len(re))
            self._mixer.apply(self._state, beta, self._split)
        return angles

    def _backward(self, angles: Floats, observable: Floats) -> tuple[float, Floats]:
        re, im = self._state
        value = self._energy(observable)
        if not len(self._adjoint[0]):
            self._adjoint = (np.empty(len(re)), np.empty(len(re)))
        lre, lim = self._adjoint
        np.multiply(observable, re, out=lre)
        np.multiply(observable, im, out=lim)
        gradient = np.zeros(len(angles))
        for k in range(len(angles) - 2, -1, -2):
            gamma, beta = float(angles[k]), float(angles[k + 1])
            gradient[k + 1] = 2.0 * self._mixer.undo(self._state, self._adjoint, beta, self._split)
            gradient[k] = 2.0 * sum(
                self._split(partial(qaoa.unturn, re, im, lre, lim, self.cost, gamma), len(re))
            )
        return value, gradient

    def _split(self, work: Callable[[int, int], Any], length: int) -> list[Any]:
        """work(first, last) on equal shares of `length` items; this thread takes the first."""
        if self._shares == 1:
            return [work(0, length)]
        if self._executor is None:
            self._executor = ThreadPoolExecutor(self._shares - 1, thread_name_prefix="subspace")
        ends = [length * k // self._shares for k in range(self._shares + 1)]
        waiting = [
            self._executor.submit(work, ends[k], ends[k + 1]) for k in range(1, self._shares)
        ]
        return [work(ends[0], ends[1]), *(w.result() for w in waiting)]


def _rounds(mixer: Any, n: int) -> Rounds:
    """Rounds of pairs of distinct qubits below n."""
    try:
        rounds = tuple(
            tuple((whole(i, "qubit"), whole(j, "qubit")) for i, j in pairs) for pairs in mixer
        )
    except (TypeError, ValueError):
        raise InputError(
            f"got mixer {mixer!r}", hint='"grover", or rounds of pairs from qtwin.encoding.mixer'
        ) from None
    for pairs in rounds:
        qubits = [i for pair in pairs for i in pair]
        if len(set(qubits)) < len(qubits) or any(not 0 <= i < n for i in qubits):
            raise InputError(
                f"got round {pairs} for {n} qubits",
                hint="disjoint pairs of distinct qubits, counted from 0",
            )
    return rounds
