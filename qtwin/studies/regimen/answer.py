"""Asking the solvers of a spec, one after another, each answer kept as soon as it is there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from qtwin.encoding.model import BinaryModel
from qtwin.errors import InfeasibleError, InputError, QtwinError
from qtwin.problem.decision import Tally
from qtwin.problem.regimen import RegimenProblem
from qtwin.solver import registry
from qtwin.solver.ask import ask, warm
from qtwin.solver.base import Instance, Result, Solver, SolverFailureError
from qtwin.solver.exchange import from_plain, to_plain
from qtwin.solver.nulls import missing
from qtwin.solver.quantum.qaoa import QAOA
from qtwin.solver.run import Recording, Run, label_of
from qtwin.spec import SolverSection, Spec
from qtwin.studies.stages import Stages


@dataclass(kw_only=True)
class Answers:
    """The solvers of one spec, loaded and checked before anything is computed.

    A solver that does not take a question of this size answers with that, one that fails with why,
    and the others go on.

    Attributes:
        seed, sections, solvers: Of the spec.
        theta: Angles of the QAOA that was trained for all its backends.
        compiling_s: Charged to nobody.
        errors: Why solvers have no answer.
    """

    seed: int
    sections: tuple[SolverSection, ...]
    solvers: tuple[Solver, ...]
    theta: tuple[float, ...] = ()
    compiling_s: float = 0.0
    errors: list[InputError | SolverFailureError] = field(default_factory=list)

    @staticmethod
    def prepare(spec: Spec) -> Answers:
        """Load every solver of the spec, and the null baselines beside quantum ones.

        Raises:
            InputError: for an unknown solver, backend or option, or a vendor that is not installed.
        """
        added = [
            SolverSection.model_validate({"name": n.name, **n.options})
            for n in missing((s.name, s.options) for s in spec.solver)
        ]
        sections = (*spec.solver, *added)
        return Answers(
            seed=spec.seed,
            sections=sections,
            solvers=tuple(registry.load(s.name, s.options) for s in sections),
        )

    def all(self, model: BinaryModel, problem: RegimenProblem, stages: Stages) -> list[Run]:
        """Run every solver on the model, or take its answer from before; one that refuses or fails
        does not end the run.

        Raises:
            InputError: when every solver refuses.
            SolverFailureError: when none of them answers, and one failed.
        """
        runs = [self.one(k, model, problem, stages) for k in range(len(self.sections))]
        if self.errors and len(self.errors) == len(runs):
            failed = [
                f"{r.label}: {e.message}"
                for r, e in zip(runs, self.errors, strict=True)
                if not isinstance(e, InputError)
            ]
            if not failed:
                raise self.errors[0]
            raise SolverFailureError(
                f"no solver answered: {'; '.join(failed)}", hint=self.errors[0].hint
            )
        return runs

    def one(self, k: int, model: BinaryModel, problem: RegimenProblem, stages: Stages) -> Run:
        """Run the k-th solver on the model, or take its answer from before."""
        section, solver = self.sections[k], self.solvers[k]
        label = label_of(section.name, section.options)

        def compute() -> dict[str, Any]:
            recording = Recording(problem=problem)
            instance = Instance(encoding=model, problem=recording)
            if isinstance(solver, QAOA) and solver.theta is None:
                result = self._measured(section, instance, stages)
            else:
                result = self._asked(section, solver, instance, time_limit_s=section.time_limit_s)
            # Ctrl-C was heard by the solver and is meant for the run; its answer is not kept
            if result.status == "interrupted":
                raise KeyboardInterrupt
            full = recording.of_all() if result.scope == "twin" else None
            return {"result": to_plain(result), "tally": None if full is None else vars(full)}

        counted: Tally | None = None
        with stages.progress.stage(label) as found:
            try:
                kept, reused = stages.kept(f"solver-{k}-{section.name}", compute)
            except InfeasibleError:
                raise
            except (InputError, SolverFailureError) as error:
                self.errors.append(error)
                result = self._without(section, error)
                found.append(f"{result.status}: {error.message}")
            else:
                result = from_plain(kept["result"])
                self.theta = tuple(result.info.get("theta", self.theta))
                if kept["tally"] is not None:
                    counted = Tally(
                        **{name: np.asarray(value) for name, value in kept["tally"].items()}
                    )
                found.append(
                    result.status
                    + (", proven" if result.proven else "")
                    + (" (kept from before)" if reused else "")
                )
        return Run(
            model=model,
            info=registry.card(section.name),
            label=label,
            options=section.options,
            result=result,
            tally=counted,
        )

    def _measured(self, section: SolverSection, instance: Instance, stages: Stages) -> Result:
        """Train an ansatz once for all the backends that measure it; each answer still carries the
        whole cost of training.
        """
        settings = {
            k: v
            for k, v in section.options.items()
            if k not in ("backend", "backend_options", "mitigation", "shots")
        }
        name = "training-" + hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()[:8]

        def compute() -> dict[str, Any]:
            warm(QAOA(**settings), instance)
            trained = QAOA(**settings).train(
                instance, seed=self.seed, time_limit_s=section.time_limit_s
            )
            return {
                "theta": list(trained.theta),
                "wall_s": trained.wall_s,
                "evaluations": trained.evaluations,
                "energies": list(trained.energy_by_layers),
            }

        kept: Mapping[str, Any] = stages.kept(name, compute)[0]
        self.theta = tuple(kept["theta"])
        solver = registry.load(section.name, section.options | {"theta": self.theta})
        result = self._asked(section, solver, instance)
        return replace(
            result,
            evaluations=result.evaluations + kept["evaluations"],
            wall_s={**result.wall_s, "training": kept["wall_s"]},
            info={**result.info, "training_energy_by_layers": kept["energies"]},
        )

    def _asked(
        self,
        section: SolverSection,
        solver: Solver,
        instance: Instance,
        *,
        time_limit_s: float | None = None,
    ) -> Result:
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
