"""A model is given to a solver, and what comes back is a `Run`: the answer, what it cost, and what
it saw on the twin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Backend, Samples
from qtwin.encoding.counts import BitOrder, read_counts
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError
from qtwin.problem.decision import Tally, tally
from qtwin.problem.regimen import RegimenProblem
from qtwin.solver import registry
from qtwin.solver.ask import Asked, ask, challenged
from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.nulls import label_of as null_label
from qtwin.solver.nulls import missing
from qtwin.solver.variational.sampled import best_feasible, summary

if TYPE_CHECKING:
    import dimod

    from qtwin.backend.hardware.price import Estimate

TITLES = {
    "cp-sat": "CP-SAT",
    "qaoa": "QAOA",
    "cvar-qaoa": "CVaR-QAOA",
    "multi-angle-qaoa": "multi-angle QAOA",
    "warm-start-qaoa": "warm-start QAOA",
    "recursive-qaoa": "recursive QAOA",
    "xy-qaoa": "XY-QAOA",
    "grover-mixer-qaoa": "Grover-mixer QAOA",
    "dc-qaoa": "DC-QAOA",
    "bf-dcqo": "BF-DCQO",
    "pauli-correlation-encoding": "Pauli-correlation encoding",
    "falqon": "FALQON",
    "hardware-efficient-vqe": "hardware-efficient VQE",
    "filtering-vqe": "filtering VQE",
    "grover-adaptive-search": "Grover adaptive search",
    "statevector": "our state vector",
    "aer": "Aer",
    "pennylane": "PennyLane",
}
"""How names are printed where they differ from the key."""


def label_of(name: str, options: Mapping[str, Any]) -> str:
    """A solver with its backend, as tables name it."""
    backend = str(options.get("backend", ""))
    label = null_label(name, options) or TITLES.get(name, name.replace("-", " "))
    label += f" on {TITLES.get(backend, backend)}" if backend else ""
    asked = {**(options.get("backend_options") or {}), **(options.get("mitigation") or {})}
    return label + (
        f" ({', '.join(f'{key} {value}' for key, value in asked.items())})" if asked else ""
    )


@dataclass(frozen=True, kw_only=True)
class Run:
    """One solver's answer to one model, as far as it is true: energies are evaluated anew, times
    are on our clock.

    Attributes:
        model: What it was asked to minimise.
        info: Who the solver is.
        label: As tables name it.
        options: Of the solver.
        result: What it answered, with its `offences`: what was found untrue in it.
        compiling_s: Seconds of compilation, which nobody is charged.
        tally: Utilities of all feasible choices, where it simulated them on the twin; None
            otherwise.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> run = qt.solve(model, 'enumeration')
        >>> run.status, run.energy, run.chosen
        ('optimal', -1.5, ('x1',))
    """

    model: BinaryModel = field(repr=False)
    info: SolverInfo
    label: str
    options: Mapping[str, Any] = field(default_factory=dict)
    result: Result
    compiling_s: float = 0.0
    tally: Tally | None = field(default=None, repr=False)

    @classmethod
    def of_counts(
        cls,
        model: BinaryModel,
        counts: Any,
        *,
        order: BitOrder | None = None,
        label: str = "own circuit",
        kind: Literal["quantum", "classical"] = "quantum",
        seconds: float = 0.0,
    ) -> Run:
        """What somebody else's code measured on the model, as a run that stands beside others in
        `qtwin.compare`.

        Args:
            model: On whose variables was measured.
            counts: As `BinaryModel.evaluate` takes them.
            order: Order of the characters of a bit string.
            label: As tables shall name it.
            kind: Of the method; nulls take part beside quantum ones.
            seconds: All that it took, training included, as you measured it; nobody checks it.

        Raises:
            InputError: for counts that do not fit the model.

        Example:
            >>> import qtwin as qt
            >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
            >>> qt.Run.of_counts(model, {"01": 60, "10": 40}, order="qiskit").bits.tolist()
            [1, 0]
        """
        rows, times = read_counts(counts, model.n_variables, order=order)
        samples = Samples(bits=rows, counts=times)
        bits, energy = best_feasible(model, rows)
        result = Result(
            solver="own",
            status="infeasible" if bits is None else "feasible",
            bits=bits,
            energy=energy,
            samples=samples,
            shots=samples.shots,
            evaluations=samples.shots,
            wall_s={"as stated": float(seconds)},
            info=summary(model, samples),
        )
        who = SolverInfo(
            name="own",
            summary=label,
            kind=kind,
            guarantee="none",
            citation="not published",
            max_variables=model.n_variables,
        )
        return cls(model=model, info=who, label=label, result=result)

    @property
    def bits(self) -> NDArray[np.uint8] | None:
        """(n_variables,) the best assignment; None without one."""
        return self.result.bits

    @property
    def energy(self) -> float:
        """Energy of the best assignment, penalties included; NaN without one."""
        return self.result.energy

    @property
    def status(self) -> str:
        """Why the solver stopped; "optimal" only with a proof."""
        return self.result.status

    @property
    def proven(self) -> bool:
        """Whether nothing is better: of the model, or of the twin where `result.scope` says so."""
        return self.result.proven

    @property
    def samples(self) -> Samples | None:
        """What was measured; None for a solver that does not sample."""
        return self.result.samples

    @property
    def seconds(self) -> float:
        """All that the answer cost, training included, compilation left out."""
        return float(sum(self.result.wall_s.values()))

    @property
    def feasible(self) -> bool | None:
        """Whether the answer keeps every constraint; None where the model does not know them."""
        if self.bits is None:
            return False
        return (
            bool(self.model.is_feasible(self.bits[None, :])[0])
            if self.model.constraints_known
            else None
        )

    @property
    def chosen(self) -> tuple[str, ...] | None:
        """Names of the options taken; None without an answer."""
        if self.bits is None:
            return None
        return tuple(
            self.model.options[i] for i in np.flatnonzero(self.model.decode(self.bits[None, :])[0])
        )

    def to_sampleset(self) -> dimod.SampleSet:
        """What was measured, or the one answer, as dimod's sample set."""
        from qtwin.solver.exchange import to_sampleset

        found: dimod.SampleSet = to_sampleset(self.result, self.model)
        return found

    def __repr__(self) -> str:
        answer = "no answer" if self.bits is None else f"energy {self.energy:.6g}"
        proof = ", proven" if self.proven else ""
        return f"Run({self.label}: {self.status}{proof}, {answer}, {self.seconds:.2f} s)"


@dataclass(kw_only=True)
class Recording:
    """A regimen problem that remembers the utilities a solver asked for; what it answers is always
    simulated.
    """

    problem: RegimenProblem
    tally: Tally | None = None

    def feasible_bits(self) -> NDArray[np.uint8]:
        """(k, n) all feasible choices."""
        return self.problem.feasible_bits()

    def objective(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m,) utility of choices, simulated on the twin."""
        self.tally = tally(self.problem, np.asarray(bits, dtype=np.uint8))
        return self.tally.utility

    def of_all(self) -> Tally | None:
        """The tally, if it is of all feasible choices."""
        feasible = self.problem.feasible
        if self.tally is None or not feasible.complete:
            return None
        return self.tally if len(self.tally.utility) == len(feasible.bits) else None


def solve(
    model: BinaryModel,
    solver: str | Solver = "auto",
    *,
    seed: int = 0,
    time_limit_s: float | None = None,
    warm_start: NDArray[np.uint8] | None = None,
    **options: Any,
) -> Run:
    """Give a model to a solver.

    Args:
        model: To be minimised.
        solver: Name of a solver (`qtwin.solvers()`), or a solver such as
            `qtwin.QAOA(layers=5, backend="aer")`.
        seed: Of everything random.
        time_limit_s: Seconds; None for the solver's own limit.
        warm_start: (n_variables,) or (n_decision,) bits to begin from, for solvers that can.
        options: Of the solver, where it is named.

    Raises:
        InputError: for an unknown solver or option, or a model that the solver does not take.
        SolverFailureError: when the solver crashed or answered with what is no answer.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> run = qt.solve(model, "enumeration")
        >>> run.bits.tolist(), run.energy, run.proven
        ([0, 1], -1.5, True)
    """
    if isinstance(solver, Solver):
        if options:
            raise InputError(
                "expected options in the solver, got some beside it",
                hint="pass them to its constructor",
            )
        method, name = solver, solver.card().name
        options = _options_of(solver)
    else:
        method, name = registry.load(solver, options), solver
    recording = (
        Recording(problem=model.problem) if isinstance(model.problem, RegimenProblem) else None
    )
    instance = Instance(encoding=model, problem=recording or model.problem, warm_start=warm_start)
    asked = challenged(
        ask(method, instance, name=name, seed=seed, time_limit_s=time_limit_s),
        method,
        instance,
        seed=seed,
    )
    return run_of(
        model,
        method.card(),
        options,
        asked,
        tally=None if recording is None else recording.of_all(),
    )


def estimate_cost(
    model: BinaryModel,
    solver: Solver,
    *,
    plan: Literal["open", "pay-as-you-go", "flex", "premium"] = "open",
    seed: int = 0,
) -> Estimate:
    """What a solver's job on an IBM machine would take of its time and cost; nothing is sent, and
    no account is needed.

    The solver is trained on its simulator and its circuit compiled for the machine: for the
    machine's snapshot where there is no account.

    Args:
        model: To be minimised.
        solver: Such as `qtwin.QAOA(layers=2, backend="ibm:ibm_fez")`.
        plan: Whose price of a second is taken.
        seed: Of everything random.

    Returns:
        The estimate: `qpu_s` seconds of the processor, `usd` dollars, and the compiled circuit's
            size.

    Raises:
        InputError: for a solver whose backend is no paid machine, or an unknown machine.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> method = qt.QAOA(layers=1, shots=1000, backend='ibm:ibm_fez')
        >>> job = qt.estimate_cost(model, method)
        >>> job.n_qubits, job.shots, job.usd
        (2, 1000, 0.0)
    """
    from qtwin.backend.hardware.price import Budget, PendingError, Permission, granted

    with granted(
        Permission(budget=Budget(project="estimate", max_jobs=1), plan=plan, mode="estimate")
    ) as asked:
        try:
            solve(model, solver, seed=seed)
        except PendingError:
            return asked.estimates[0]
    raise InputError(
        f"{solver.card().name} sends no job to a paid machine",
        hint='give it a backend such as "ibm:ibm_fez"',
    )


def with_nulls(
    runs: Sequence[Run], *, seed: int = 0, time_limit_s: float | None = None
) -> list[Run]:
    """The runs, and beside quantum ones the null baselines that are not among them, on the first
    quantum run's model.

    A baseline that the model does not allow is left out; none stands beside a quantum solver that
    refused or failed.
    """
    found = list(runs)
    answered = [r for r in runs if r.status not in ("refused", "failed")]
    quantum = next((r for r in answered if r.info.kind == "quantum"), None)
    if quantum is None:
        return found
    known = registry.names()
    entrants = [
        (r.info.name, r.options)
        if r.info.name in known
        else ("qaoa", {"shots": max(r.result.shots, 1)})
        for r in answered
        if r.info.name in known or r.info.kind == "quantum"
    ]
    for null in missing(entrants):
        try:
            found.append(
                solve(
                    quantum.model, null.name, seed=seed, time_limit_s=time_limit_s, **null.options
                )
            )
        except InputError:
            continue
    return found


def _options_of(solver: Solver) -> dict[str, Any]:
    """What a solver was made with, as far as it can be written down."""
    found: dict[str, Any] = {}
    for name, value in vars(solver).items():
        if isinstance(value, Backend):
            found[name.lstrip("_")] = value.capabilities().name
        elif isinstance(value, str | int | float | bool):
            found[name.lstrip("_")] = value
    return found


def run_of(
    model: BinaryModel,
    info: SolverInfo,
    options: Mapping[str, Any],
    asked: Asked,
    *,
    tally: Tally | None = None,
) -> Run:
    """An answer that was evaluated, as a run."""
    return Run(
        model=model,
        info=info,
        label=label_of(info.name, options),
        options=dict(options),
        result=asked.result,
        compiling_s=asked.compiling_s,
        tally=tally if asked.result.scope == "twin" else None,
    )
