"""Asking the solvers of a spec, one after another, each answer kept as soon as it is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.cli.show import note, stage
from qtwin.cli.warmup import compiled, jobs_of
from qtwin.encoding.encoding import Encoding
from qtwin.errors import InfeasibleError, InputError, QtwinError
from qtwin.problem.allowed import Allowed
from qtwin.problem.decision import Tally, tally
from qtwin.problem.regimen import RegimenProblem
from qtwin.report.scores import Yardstick, solver_row
from qtwin.solver import registry, twin_search
from qtwin.solver.ask import ask, warm
from qtwin.solver.base import Instance, Result, Solver, SolverFailureError
from qtwin.solver.judge import Claim, alarms, claim_of, contradictions
from qtwin.solver.nulls import label_of, missing
from qtwin.solver.quantum.qaoa import Qaoa
from qtwin.solver.store import from_plain, to_plain
from qtwin.spec import SolverSection, Spec

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


@dataclass(kw_only=True)
class _Recording:
    """The problem, remembering the utilities that a solver asked for; what it answers is always simulated."""

    problem: RegimenProblem
    allowed: Allowed | None = None
    bits: NDArray[np.generic] | None = None
    tally: Tally | None = None

    def feasible_bits(self) -> NDArray[np.uint8]:
        if self.allowed is not None and not self.allowed.complete:
            raise self.allowed.refusal()
        return self.problem.feasible_bits()

    def objective(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        self.bits, self.tally = bits, tally(self.problem, np.asarray(bits, dtype=np.uint8))
        return self.tally.utility


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A solver's section of the spec, its label in tables, and its result."""

    section: SolverSection
    label: str
    result: Result


@dataclass(kw_only=True)
class Answerer:
    """The solvers of one spec, loaded and checked before anything is computed.

    A solver that does not take a question of this size answers with that, one that fails with why, and the others go on.
    `alarms` tells, after `score`, whose proof or bound is false; `compiling_s` is charged to nobody.
    """

    seed: int
    sections: tuple[SolverSection, ...]
    solvers: tuple[Solver, ...]
    allowed: Allowed | None = None
    enumerated: Tally | None = None
    theta: tuple[float, ...] = ()
    compiling_s: float = 0.0
    alarms: tuple[str, ...] = ()
    errors: list[InputError | SolverFailureError] = field(default_factory=list)

    @staticmethod
    def prepare(spec: Spec) -> Answerer:
        """Load every solver of the spec.

        Raises:
            InputError: for an unknown solver, backend or option, or a vendor that is not installed.
        """
        added = (
            SolverSection.model_validate({"name": n.name, **n.options}) for n in missing((s.name, s.options) for s in spec.solver)
        )
        sections = (*spec.solver, *added)
        return Answerer(seed=spec.seed, sections=sections, solvers=tuple(registry.load(s.name, s.options) for s in sections))

    def answer(self, checkpoint: Checkpoint, encoding: Encoding, problem: RegimenProblem) -> list[Answer]:
        """Run every solver on the encoding, or take its answer from before; one that refuses or fails does not end the run.

        Raises:
            InputError: when every solver refuses.
            SolverFailureError: when none of them answers, and one failed.
        """
        self.compiling_s += compiled(jobs_of(s.name for s in self.sections))
        answers = [self.one(k, checkpoint, encoding, problem) for k in range(len(self.sections))]
        if self.errors and len(self.errors) == len(answers):
            failed = [
                f"{a.label}: {e.message}" for a, e in zip(answers, self.errors, strict=True) if not isinstance(e, InputError)
            ]
            if not failed:
                raise self.errors[0]
            raise SolverFailureError(f"no solver answered: {'; '.join(failed)}", hint=self.errors[0].hint)
        return answers

    def one(self, k: int, checkpoint: Checkpoint, encoding: Encoding, problem: RegimenProblem) -> Answer:
        """Run the k-th solver on the encoding, or take its answer from before."""
        section, solver = self.sections[k], self.solvers[k]
        backend = str(section.options.get("backend", ""))
        label = label_of(section.name, section.options) or TITLES.get(section.name, section.name.replace("-", " "))
        label += f" on {TITLES.get(backend, backend)}" if backend else ""
        asked = {**section.options.get("backend_options", {}), **section.options.get("mitigation", {})}
        if asked:
            label += f" ({', '.join(f'{key} {value}' for key, value in asked.items())})"

        def compute() -> dict[str, Any]:
            recording = _Recording(problem=problem, allowed=self.allowed)
            instance = Instance(encoding=encoding, problem=recording)
            if isinstance(solver, Qaoa) and solver.theta is None:
                result = self._measure(checkpoint, section, instance)
            else:
                result = self._asked(section, solver, instance, time_limit_s=section.time_limit_s)
            if result.status == "interrupted":  # Ctrl-C was heard by the solver and is meant for the run; its answer is not kept
                raise KeyboardInterrupt
            full = recording.tally if recording.tally is not None and len(recording.tally.utility) > 1 else None
            return {"result": to_plain(result), "tally": None if full is None else vars(full)}

        with stage(label) as found:
            try:
                kept, reused = checkpoint.stage(f"solver-{k}-{section.name}", compute)
            except InfeasibleError:
                raise
            except (InputError, SolverFailureError) as error:
                self.errors.append(error)
                result = self._without(section, error)
                found.append(f"{result.status}: {error.message}")
                return Answer(section=section, label=label, result=result)
            result = from_plain(kept["result"])
            self.theta = tuple(result.info.get("theta", self.theta))
            if result.scope == "twin" and kept["tally"] is not None:
                self.enumerated = Tally(**{name: np.asarray(value) for name, value in kept["tally"].items()})
            found.append(result.status + (", proven" if result.proven else "") + (" (kept from before)" if reused else ""))
        return Answer(section=section, label=label, result=result)

    def _measure(self, checkpoint: Checkpoint, section: SolverSection, instance: Instance) -> Result:
        """Train an ansatz once for all the backends that measure it; each answer still carries the whole cost of training."""
        settings = {k: v for k, v in section.options.items() if k not in ("backend", "backend_options", "mitigation", "shots")}
        name = "training-" + hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()[:8]

        def compute() -> dict[str, Any]:
            warm(Qaoa(**settings), instance)
            trained = Qaoa(**settings).train(instance, seed=self.seed, time_limit_s=section.time_limit_s)
            return {
                "theta": list(trained.theta),
                "wall_s": trained.wall_s,
                "evaluations": trained.evaluations,
                "energies": list(trained.energy_by_layers),
            }

        kept, _ = checkpoint.stage(name, compute)
        self.theta = tuple(kept["theta"])
        solver = registry.load(section.name, section.options | {"theta": self.theta})
        result = self._asked(section, solver, instance)
        return replace(
            result,
            evaluations=result.evaluations + kept["evaluations"],
            wall_s={**result.wall_s, "training": kept["wall_s"]},
            info={**result.info, "training_energy_by_layers": kept["energies"]},
        )

    def _asked(self, section: SolverSection, solver: Solver, instance: Instance, *, time_limit_s: float | None = None) -> Result:
        found = ask(solver, instance, name=section.name, seed=self.seed, time_limit_s=time_limit_s)
        self.compiling_s += found.compiling_s
        return found.result

    def _without(self, section: SolverSection, error: QtwinError) -> Result:
        """What stands for a solver that refused the question, or failed."""
        refused = isinstance(error, InputError)
        return Result(
            solver=section.name,
            backend=str(section.options.get("backend", "")),
            status="refused" if refused else "failed",
            bits=None,
            energy=float("nan"),
            seed=self.seed,
            info={"refused" if refused else "failed": error.message, "hint": error.hint},
        )

    def tally_of_all(self, problem: RegimenProblem, feasible: NDArray[np.uint8]) -> Tally:
        """Utility and each draw's winner of every feasible choice: the enumeration's own numbers where one ran."""
        if self.enumerated is not None and len(self.enumerated.utility) == len(feasible):
            return self.enumerated
        return tally(problem, feasible)

    def score(
        self,
        answers: Sequence[Answer],
        encoding: Encoding,
        problem: RegimenProblem,
        yardstick: Yardstick,
        *,
        encoding_s: Mapping[str, float],
    ) -> list[dict[str, Any]]:
        """The rows of result.json; whoever worked on the encoding is charged for making it, `encoding_s` seconds by stage.

        Proofs and bounds that another answer beats are taken away, named in the row's `offences`, and told in `alarms`.
        """
        own = twin_search.CARD
        cards = {a.section.name: own if a.section.name == own.name else registry.card(a.section.name) for a in answers}
        rows = []
        for a in answers:
            charged = {**encoding_s, **a.result.wall_s} if a.result.scope == "encoding" else a.result.wall_s
            result = replace(a.result, wall_s=charged)
            rows.append(solver_row(result, cards[a.section.name], encoding, problem, yardstick, label=a.label))
        claims = [
            claim_of(a.result, encoding, label=a.label, utility=row["objective_twin"])
            for a, row in zip(answers, rows, strict=True)
        ]
        claims.append(Claim(label="the playback", energy=None, feasible=True, utility=yardstick.best))
        said = contradictions(claims, scale=encoding.polynomial.coefficient_range[1])
        for k, (a, row) in enumerate(zip(answers, rows, strict=True)):
            row["offences"] = {**a.result.offences, **said.get(k, {})}
            if k in said:
                row["bound"] = None if "bound" in said[k] else row["bound"]
                row["proven"] = row["proven"] and "proof" not in said[k]
                row["status"] = "feasible" if row["status"] == "optimal" and not row["proven"] else row["status"]
        self.alarms = tuple(f"{row['label']} {words}" for row in rows for words in alarms(row["offences"]))
        for words in self.alarms:
            note(f"ALARM: {words}", style="bold red")
        return rows
