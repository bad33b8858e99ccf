"""The value that travels from a problem to its solvers: a polynomial, the constraints behind it,
and how well it fits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.integers import Recoded, WholeNumber
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.quadratise import Quadratised
from qtwin.errors import InputError
from qtwin.problem.constraint import Constraint, is_row, row_of

if TYPE_CHECKING:
    from qtwin.encoding.counts import BitOrder, Scored
    from qtwin.encoding.penalty import Sufficiency
    from qtwin.encoding.standing import Standing


_FEWEST_HELD_OUT = 10  # regimens on which an R2 says something


class Problem(Protocol):
    """What a model may ask of the problem behind it: feasible choices and their true objective
    (higher is better).
    """

    def feasible_bits(self) -> NDArray[np.uint8]:
        """(k, n_decision) all feasible choices."""

    def objective(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m,) utility of (m, n_decision) choices, simulated on the twin."""


@dataclass(frozen=True, kw_only=True)
class SurrogateFit:
    """How a model was made from a problem.

    Attributes:
        surrogate, penalty: By which methods.
        n_train: Regimens that the fit might simulate.
        rows: Rows of the listed feasible choices that were simulated for the fit.
        n_simulated: Regimens simulated, infeasible ones included.
        words: What the surrogate did.
        simulate_s, encode_s: Seconds of simulation, and of fit, penalties and codes. Looking at
            every assignment counts only where a weight comes from it.
        penalty_check: What looking at every assignment says of the penalties, before recoding; None
            above 24 variables, or where they are approximate.
        approximate: What became of approximate penalties; None for exact ones.
        warning: What is to be said of them, or "".
    """

    surrogate: str
    penalty: str
    n_train: int
    rows: NDArray[np.int64]
    n_simulated: int
    words: str
    simulate_s: float
    encode_s: float
    penalty_check: Sufficiency | None = None
    approximate: Standing | None = None
    warning: str = ""


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """One constraint written into the polynomial: weight x (polynomial that is 0 where it holds, at
    least 1 where not).
    """

    constraint: str
    weight: float
    sufficient_weight: float
    reason: str

    @property
    def margin(self) -> float:
        """By how much the weight exceeds the sufficient one, as energy; not positive where nothing
        is proven.
        """
        return self.weight - self.sufficient_weight


@dataclass(frozen=True, kw_only=True)
class SurrogateAccuracy:
    """How well the encoded objective tells regimens apart, measured on regimens that the fit never
    saw.

    Attributes:
        n_train, n_held_out: Regimens simulated for the fit and for the test.
        r2: Coefficient of determination on held-out regimens.
        rank_correlation: Spearman's rho on held-out regimens.
        top_overlap: Share of the twin's best 20 feasible regimens found among the encoding's best
            20.
        regret: Twin utility of the true optimum minus twin utility of the encoded optimum (QALY; 0
            is perfect).
        max_error: Largest absolute error on held-out regimens (QALY).
    """

    n_train: int
    n_held_out: int
    r2: float
    rank_correlation: float
    top_overlap: float
    regret: float
    max_error: float


@dataclass(frozen=True, kw_only=True, repr=False)
class BinaryModel:
    """A minimisation problem over bits: energy(x) = -objective(x) + penalties(x).

    Attributes:
        polynomial: The full energy over all variables, penalties included; lower is better.
        objective: The energy without penalties, over the options (slack variables do not occur in
            it).
        variables: Names of the polynomial's variables; unless they are recoded, the first
            `n_decision` are the options.
        n_decision: Number of options.
        constraints: The native constraints on the decision variables (for solvers that take them as
            they are).
        penalties: What was added for each constraint, and why its weight suffices.
        accuracy: Agreement with the twin, None when the polynomial itself is the problem.
        recoded: How its variables stand for the options, where they are not those themselves.
        quadratised: How the polynomial came to degree 2, where its last variables are the
            auxiliaries of that; None otherwise.
        unwritten: Names of constraints that the polynomial has no penalty for: only solvers that
            take rows as they are keep them.
        constraints_known: Whether `constraints` are all there are; False for an energy from
            elsewhere, in which somebody's penalties may stand, so that nobody knows which of its
            assignments are feasible.
        whole_numbers: Variables of whole values that stand in several of the options.
        fit: How it was made from a problem; None for a model from elsewhere.
        problem: That problem, on which answers are scored; None for a model from elsewhere.

    Raises:
        InputError: for names, numbers of variables, members of constraints or coefficients that do
            not fit one another.

    Example:
        >>> import qtwin as qt
        >>> terms = {(0,): -1.0, (1,): -1.5, (0, 1): 2.0}
        >>> model = qt.BinaryModel.from_polynomial(terms, names=['a', 'b'])
        >>> qt.solve(model, 'enumeration').chosen
        ('b',)
        >>> model.to_bqm().num_variables, model.to_sparse_pauli_op().num_qubits
        (2, 2)
    """

    polynomial: BinaryPolynomial
    objective: BinaryPolynomial
    variables: tuple[str, ...]
    n_decision: int
    constraints: tuple[Constraint, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    accuracy: SurrogateAccuracy | None = None
    recoded: Recoded | None = None
    quadratised: Quadratised | None = None
    unwritten: tuple[str, ...] = ()
    constraints_known: bool = True
    fit: SurrogateFit | None = field(default=None, repr=False, compare=False)
    problem: Problem | None = field(default=None, repr=False, compare=False)
    whole_numbers: tuple[WholeNumber, ...] = ()

    def __post_init__(self) -> None:
        n, names = self.polynomial.n_variables, len(self.variables)
        if names != n:
            raise InputError(
                f"{names} names came for {n} variables", hint="name each variable of the polynomial"
            )
        most = n if self.recoded is None else self.recoded.objective.n_variables
        if not 0 <= self.n_decision <= most:
            raise InputError(
                f"{self.n_decision} decision variables of {most} came", hint="correct n_decision"
            )
        if not all(
            map(
                math.isfinite,
                itertools.chain(self.polynomial.terms.values(), self.objective.terms.values()),
            )
        ):
            raise InputError(
                "a coefficient that is no finite number came", hint="check the instance"
            )
        for c in self.constraints:
            members = row_of(c)[0] if is_row(c) else ()
            if members and not 0 <= min(members) <= max(members) < self.n_decision:
                raise InputError(
                    f"constraint {c.name!r} names a variable outside 0..{self.n_decision - 1}",
                    hint="correct its members",
                )

    def check_written(self, method: str) -> None:
        """Refuse an energy that lacks the penalties of some constraints (InputError), for methods
        that see nothing else.
        """
        if self.unwritten:
            raise InputError(
                f"{len(self.unwritten)} constraints, {self.unwritten[0]!r} first, are no "
                f"penalties in a few bits, as {method} "
                "wants them",
                hint="take a solver that takes rows as they are: cp-sat, highs, scip, tabu, "
                "local-search or auto",
            )

    def decode(self, bits: NDArray[np.generic]) -> NDArray[np.uint8]:
        """(m, n) solver bits to (m, n_decision) problem bits: slack variables fall away, codes
        become options.
        """
        rows = np.asarray(bits)
        if rows.ndim != 2 or rows.shape[1] != self.polynomial.n_variables:
            raise InputError(
                f"expected bits of shape (m, {self.polynomial.n_variables}), got {rows.shape}",
                hint="one row an assignment",
            )
        if self.recoded is not None:
            rows = self.recoded.decode(rows[:, : self.recoded.polynomial.n_variables])
        return rows[:, : self.n_decision].astype(np.uint8)

    def value(self, decisions: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m,) objective of (m, n_decision) choices, to be minimised; no penalties."""
        rows = np.asarray(decisions)
        padded = np.zeros((len(rows), self.objective.n_variables))
        padded[:, : self.n_decision] = rows
        return self.objective.evaluate(padded)

    def is_feasible(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether the decoded assignment satisfies every native constraint, and its codes are
        valid.
        """
        decoded = self.decode(bits)
        holds = [c.holds(decoded) for c in self.constraints]
        if self.recoded is not None:
            holds.append(
                self.recoded.valid(np.asarray(bits)[:, : self.recoded.polynomial.n_variables])
            )
        return np.asarray(np.all(holds, axis=0)) if holds else np.ones(len(decoded), dtype=np.bool_)

    @property
    def n_variables(self) -> int:
        """Number of bits, slack and auxiliary ones included."""
        return self.polynomial.n_variables

    @property
    def degree(self) -> int:
        """Largest number of variables in one term of the energy."""
        return self.polynomial.degree

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the `n_decision` options that an answer decodes to."""
        named = tuple(o.label for o in getattr(self.problem, "options", ()))
        if named:
            return named
        if self.recoded is None:
            return self.variables[: self.n_decision]
        return tuple(f"option {i}" for i in range(self.n_decision))

    def __repr__(self) -> str:
        constraints = (
            f"{len(self.constraints)} constraints"
            if self.constraints_known
            else "constraints unknown"
        )
        measured = self.accuracy is not None and self.accuracy.n_held_out >= _FEWEST_HELD_OUT
        accuracy = (
            f", surrogate R2 {self.accuracy.r2:.4f}"
            if measured and self.accuracy is not None
            else ""
        )
        return (
            f"BinaryModel({self.n_variables} variables of which {self.n_decision} options, "
            f"{self.polynomial.n_terms} terms of "
            f"degree {self.degree}, {constraints}{accuracy})"
        )

    def evaluate(self, counts: Any, *, order: BitOrder | None = None) -> Scored:
        """Anybody's measured counts, decoded, and scored on the twin where the model comes from
        one.

        Args:
            counts: {bit string: count} as Qiskit, Braket or PennyLane give them, (shots, n) bits
                with variable i in column i, a dimod SampleSet, a Qiskit BitArray, or the `samples`
                of a run.
            order: Order of the characters of a bit string: "qiskit" (last qubit first),
                "pennylane", "braket", "cirq" or "first".

        Raises:
            InputError: for another width, values that are no counts, or bit strings without an
                order.

        Example:
            >>> import qtwin as qt
            >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
            >>> scored = model.evaluate({"01": 60, "10": 40}, order="qiskit")
            >>> float(scored.energy[0]), float(scored.mean_energy)
            (-1.5, -1.2)
        """
        from qtwin.encoding.counts import score_counts

        return score_counts(self, counts, order=order)

    def to_bqm(self) -> Any:
        """The energy with penalties as a `dimod.BinaryQuadraticModel` (InputError above degree
        2).
        """
        from qtwin.encoding.dimod_models import to_bqm

        return to_bqm(self)

    def to_cqm(self) -> Any:
        """The objective under its constraints as a `dimod.ConstrainedQuadraticModel` (InputError
        above degree 2).
        """
        from qtwin.encoding.dimod_models import to_cqm

        return to_cqm(self)

    def to_quadratic_program(self, *, native: bool = True) -> Any:
        """A `qiskit_optimization.QuadraticProgram`: the objective under its constraints, or the
        energy with penalties.
        """
        from qtwin.backend.exchange import to_quadratic_program

        return to_quadratic_program(self, native=native)

    def to_optimization_problem(self) -> Any:
        """A `qiskit_addon_opt_mapper.OptimizationProblem`, products of any order included."""
        from qtwin.backend.exchange import to_optimization_problem

        return to_optimization_problem(self)

    def to_sparse_pauli_op(self) -> Any:
        """The energy as a `qiskit.quantum_info.SparsePauliOp`; qubit i is variable i, x_i = (1 -
        Z_i) / 2.
        """
        from qtwin.backend.exchange import to_sparse_pauli_op

        return to_sparse_pauli_op(self.polynomial)

    def to_pennylane(self) -> Any:
        """The energy as a PennyLane Hamiltonian; wire i is variable i."""
        from qtwin.backend.exchange import to_pennylane

        return to_pennylane(self.polynomial)

    def to_openqasm3(self, layers: int = 1, theta: NDArray[np.float64] | None = None) -> str:
        """QAOA on the energy as OpenQASM 3, at the angles of a linear ramp or those given; all
        qubits measured.
        """
        from qtwin.solver.variational.training import openqasm3

        return openqasm3(self.polynomial, layers, theta)

    def to_file(self, path: str | Path) -> Path:
        """Write the model for other solvers: .json, .qubo, .lp or .qs by the suffix, or .qasm for
        QAOA with one layer.

        Raises:
            InputError: for an unknown suffix, or what the format cannot hold.
        """
        target = Path(path)
        if target.suffix.lower() == ".qasm":
            text = self.to_openqasm3()
        else:
            text = import_module("qtwin.encoding.instance").format_of(target).write(self)
        target.write_text(text, encoding="utf-8")
        return target

    @staticmethod
    def from_file(path: str | Path) -> BinaryModel:
        """A model from a file of a known format, which may be packed.

        Raises:
            InputError: for a file that cannot be read as what its suffix says, with the line.
        """
        found: BinaryModel = import_module("qtwin.encoding.instance").read_instance(Path(path))
        return found

    @staticmethod
    def from_bqm(bqm: Any) -> BinaryModel:
        """A `dimod.BinaryQuadraticModel` of bits or spins as a model without constraints; x = (1 +
        s) / 2 as in dimod.
        """
        from qtwin.encoding.dimod_models import from_bqm

        return from_bqm(bqm)

    @staticmethod
    def from_cqm(cqm: Any) -> BinaryModel:
        """A `dimod.ConstrainedQuadraticModel` of bits with linear constraints, with proven
        penalties in the energy.
        """
        from qtwin.encoding.dimod_models import from_cqm

        return from_cqm(cqm)

    @staticmethod
    def from_qubo(qubo: Any, *, offset: float = 0.0) -> BinaryModel:
        """A QUBO to be minimised, (n, n) matrix of x' Q x or {(u, v): coefficient}, as a model
        without constraints.

        Example:
            >>> import qtwin as qt
            >>> qt.BinaryModel.from_qubo({(0, 0): -1.0, (0, 1): 2.0}).n_variables
            2
        """
        from qtwin.encoding.dimod_models import from_qubo

        return from_qubo(qubo, offset=offset)

    @staticmethod
    def from_quadratic_program(program: Any) -> BinaryModel:
        """A `qiskit_optimization.QuadraticProgram` of bits with linear constraints; a maximum
        becomes a minimum.
        """
        from qtwin.backend.exchange import from_quadratic_program

        return from_quadratic_program(program)

    @staticmethod
    def from_polynomial(
        terms: Mapping[Sequence[int], float], *, names: Sequence[str] = ()
    ) -> BinaryModel:
        """A polynomial of any degree to be minimised: variables of a term to its coefficient, ()
        for the constant.

        Args:
            terms: Such as {(): 1.0, (0,): -1.0, (0, 1, 2): 2.0}.
            names: Names of the variables; x0, x1, ... without.
        """
        n = max((i for t in terms for i in t), default=-1) + 1
        polynomial = BinaryPolynomial.of(
            max(n, len(names)), [(tuple(t), c) for t, c in terms.items()]
        )
        return plain(polynomial, names=names)


def plain(polynomial: BinaryPolynomial, *, names: Sequence[str] = ()) -> BinaryModel:
    """An unconstrained polynomial as it came; variables are named x0, x1, ... unless `names` are
    given.
    """
    found = tuple(names) or tuple(f"x{i}" for i in range(polynomial.n_variables))
    return BinaryModel(
        polynomial=polynomial,
        objective=polynomial,
        variables=found,
        n_decision=polynomial.n_variables,
    )
