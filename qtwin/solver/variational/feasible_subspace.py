"""Which constraints a mixer can keep by itself: disjoint blocks of qubits with a fixed number of
ones.

'Exactly k of these' is a block of weight k. 'At most one of these' becomes a block of weight one
with an idle qubit more, which stands for 'none' (one-hot; Hadfield et al. 2019, Algorithms 12:34).
Blocks share no qubit: exact sizes come first, then the largest classes. The penalties of what is
kept fall away; all other constraints stay in the polynomial.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.mixer import Rounds, block_rounds
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import PauliSum
from qtwin.encoding.penalty import write_constraints
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.problem.constraint import AtMostOne, Exactly
from qtwin.solver.variational.circuit import strings


@dataclass(frozen=True, kw_only=True)
class FeasibleSubspace:
    """Blocks of an encoding.

    Attributes:
        n_qubits: Variables of the polynomial, then one idle qubit for each class.
        blocks: Qubits of each block.
        weights: Ones in each.
        names: The constraints that the XY mixer conserves.
        polynomial: The energy over the qubits, without the penalties of those.
    """

    n_qubits: int
    blocks: tuple[tuple[int, ...], ...]
    weights: tuple[int, ...]
    names: tuple[str, ...]
    polynomial: BinaryPolynomial

    @property
    def free(self) -> tuple[int, ...]:
        """Qubits outside all blocks."""
        inside = {i for block in self.blocks for i in block}
        return tuple(i for i in range(self.n_qubits) if i not in inside)

    @property
    def size(self) -> int:
        """Assignments with the weight of every block."""
        counts = [math.comb(len(b), w) for b, w in zip(self.blocks, self.weights, strict=True)]
        return math.prod(counts) << len(self.free)

    def closed(self) -> FeasibleSubspace:
        """The same with every free qubit in a block beside an idle one: |01> and |10> are its 0 and
        1, XY its X mixer.
        """
        pairs = tuple((i, self.n_qubits + k) for k, i in enumerate(self.free))
        width = self.n_qubits + len(pairs)
        return replace(
            self,
            n_qubits=width,
            blocks=(*self.blocks, *pairs),
            weights=(*self.weights, *(1 for _ in pairs)),
            polynomial=self.polynomial.widened(width),
        )

    def rounds(self, *, complete: bool) -> Rounds:
        """The XY mixer's rounds of disjoint pairs, a ring or all pairs of each block."""
        return block_rounds(self.blocks, complete=complete)

    def listed(self) -> NDArray[np.uint8]:
        """(size, n_qubits) the assignments that keep all blocks, where no qubit is free."""
        choices = [
            list(itertools.combinations(b, w))
            for b, w in zip(self.blocks, self.weights, strict=True)
        ]
        rows = np.zeros((self.size, self.n_qubits), dtype=np.uint8)
        repeat, tile = self.size, 1
        for chosen in choices:
            repeat //= len(chosen)
            patterns = np.zeros((len(chosen), self.n_qubits), dtype=np.uint8)
            for row, members in enumerate(chosen):
                patterns[row, list(members)] = 1
            rows |= np.tile(np.repeat(patterns, repeat, axis=0), (tile, 1))
            tile *= len(chosen)
        return rows

    def drawn(self, count: int) -> NDArray[np.uint8]:
        """(count, n_qubits) assignments of the uniform start, at a fixed seed: what energies are
        scaled by.
        """
        rng = np.random.default_rng(0)
        rows = rng.integers(2, size=(count, self.n_qubits), dtype=np.uint8)
        for block, weight in zip(self.blocks, self.weights, strict=True):
            order = np.argsort(rng.random((count, len(block))), axis=1)
            rows[:, list(block)] = (order < weight).astype(np.uint8)
        return rows


def feasible_subspace(encoding: BinaryModel) -> FeasibleSubspace:
    """The blocks of an encoding; none where its variables are recoded or quadratised."""
    n = encoding.polynomial.n_variables
    taken: set[int] = set()
    blocks: list[tuple[int, ...]] = []
    weights: list[int] = []
    names: list[str] = []
    idle = n
    own = encoding.recoded is None and encoding.quadratised is None
    constraints = encoding.constraints if own else ()
    for exact in (c for c in constraints if isinstance(c, Exactly)):
        if (
            exact.members
            and not taken & set(exact.members)
            and 0 <= exact.count <= len(exact.members)
        ):
            blocks.append(tuple(exact.members))
            weights.append(exact.count)
            names.append(exact.name)
            taken |= set(exact.members)
    for c in sorted(
        (c for c in constraints if isinstance(c, AtMostOne)), key=lambda c: -len(c.members)
    ):
        if len(c.members) > 1 and not taken & set(c.members):
            blocks.append((*c.members, idle))
            weights.append(1)
            names.append(c.name)
            taken |= set(c.members)
            idle += 1
    found = FeasibleSubspace(
        n_qubits=idle,
        blocks=tuple(blocks),
        weights=tuple(weights),
        names=tuple(names),
        polynomial=_without(encoding, set(names)).widened(idle),
    )
    rows = found.drawn(64)
    whole = encoding.polynomial.widened(idle)
    sizes = sum(abs(c) for c in whole.terms.values())
    if np.allclose(
        found.polynomial.evaluate(rows),
        whole.evaluate(rows),
        rtol=0.0,
        atol=1e-9 * max(sizes, 1e-300),
    ):
        return found
    return replace(found, polynomial=whole)  # its penalties are of another kind, which stay


def _without(encoding: BinaryModel, names: set[str]) -> BinaryPolynomial:
    """The energy less the penalties of the named constraints."""
    weights = {p.constraint: p.weight for p in encoding.penalties if p.constraint in names}
    if not weights:
        return encoding.polynomial
    written, _ = write_constraints(encoding.n_decision, encoding.constraints)
    removed = [
        w.polynomial * -weights[w.constraint.name] for w in written if w.constraint.name in weights
    ]
    less = encoding.polynomial
    for part in removed:
        less = less + part
    rounding = 1e-12 * sum(abs(c) for c in encoding.polynomial.terms.values())
    return BinaryPolynomial.of(
        less.n_variables, [(t, c) for t, c in less.terms.items() if abs(c) > rounding]
    )


# Preparing equal superpositions of fixed Hamming weight with turns of commuting Pauli strings.
#
# The Dicke state of m qubits and weight k is the unitary of Baertschi, Eidenbenz 2019 (FCT, LNCS
# 11651:126) on |0...0 1...1>: split and cyclic shift gates, each a rotation of |01> into |10> on
# two qubits, the further ones controlled by a qubit between them. exp(-i a (Y_u X_v - X_u Y_v) / 2)
# is such a rotation by the angle a; times (1 - Z_c) / 2 it is the controlled one. All strings of a
# gate commute. For k = 1 it is the W state in m - 1 rotations.


def dicke_turns(
    n_qubits: int, members: Sequence[int], weight: int
) -> tuple[list[int], list[PauliSum]]:
    """(qubits to set to 1, fixed turns) that make the Dicke state of that weight on `members`, in a
    register of n_qubits.

    Args:
        n_qubits: Width of the register.
        members: Distinct qubits.
        weight: Between 0 and the number of members.
    """
    q, m = list(members), len(members)
    if weight in (0, m):
        return (q if weight else []), []
    turns: list[PauliSum] = []
    for size in range(m, 1, -1):
        last, reach = q[size - 1], min(weight, size - 1)
        for step in range(1, reach + 1):
            angle = math.acos(math.sqrt(step / size))
            other = q[size - 1 - step]
            control = q[size - step] if step > 1 else None
            turns.append(_exchange(n_qubits, other, last, angle, control))
    return q[m - weight :], turns


def _exchange(n: int, u: int, v: int, angle: float, control: int | None) -> PauliSum:
    """|01> -> cos |01> + sin |10> on (u, v), where `control` is 1: the string Y_u X_v - X_u Y_v."""
    share = angle / 2.0 if control is None else angle / 4.0
    words: list[tuple[list[int], list[int], float]] = [([u, v], [v], -share), ([u, v], [u], share)]
    if control is not None:
        words += [([u, v], [v, control], share), ([u, v], [u, control], -share)]
    return strings(n, words)
