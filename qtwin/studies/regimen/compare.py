"""Answers of all solvers held against the twin: every feasible regimen simulated, or, where they
are too many, all that is known.

Answers are scored with the problem, never with the encoding; and the choice is judged under all
that is not known of the twin.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.environment import machine, versions
from qtwin.encoding import surrogate
from qtwin.encoding.accuracy import score
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.spectrum import LARGEST, all_values, spectrum
from qtwin.encoding.surrogate.least_squares import fit
from qtwin.errors import InputError
from qtwin.patient.person import describe
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.problem.decision import Tally, certainty, tally
from qtwin.problem.feasible import first_of_each
from qtwin.problem.regimen import RegimenProblem
from qtwin.progress import SILENT, Progress
from qtwin.report.interactions import right_order
from qtwin.report.number import percent
from qtwin.report.origin import command_line
from qtwin.report.pareto import front
from qtwin.report.playback import play, top_regimens
from qtwin.report.recommendation import (
    certainty_section,
    dose,
    excluded_section,
    finding,
    starting_doses,
    without_indication,
)
from qtwin.report.recommendation import points as recommendation_points
from qtwin.report.recommendation import sentence as headline
from qtwin.report.scores import Yardstick, agreement, solver_row
from qtwin.report.sections import (
    encoding_section,
    kinetics_section,
    pareto_section,
    problem_section,
)
from qtwin.report.verdict import judge
from qtwin.solver.exchange import from_plain, to_plain
from qtwin.solver.judge import Claim, alarms, claim_of, contradictions
from qtwin.solver.local import twin_search
from qtwin.solver.run import Run, with_nulls
from qtwin.studies.model.compare import compare_runs
from qtwin.studies.model.result import ModelComparison
from qtwin.studies.regimen.result import Comparison
from qtwin.studies.result import plain
from qtwin.studies.stages import Stages
from qtwin.twin.build import out_of_scope
from qtwin.twin.summary import summary_of

_JUDGED = 2_000  # of a sample, those among which the draws choose
_SHOWN = 3_000  # of a sample, where benefit and harm are weighed
_SIMULATIONS = 2_000_000  # regimens x members that the spectrum may take
_FEWEST_MEMBERS, _MOST_MEMBERS, _AUTO_OPTIONS = 16, 1024, 14
_BEST = 100
_ORDERS = 3
_MOST_TERMS = 20_000  # of a surrogate that is only compared


@dataclass(frozen=True, kw_only=True)
class References:
    """Simulated regimens, against which answers are held.

    Attributes:
        bits: (k, n) all feasible choices; or a random sample, and after it those that were met in
            search of good ones.
        utility: (k,) their utility on the twin (QALY).
        drawn: Size of the sample; None where these are all.
        tally: Each draw's winner among all feasible choices; None for a sample.
    """

    bits: NDArray[np.uint8]
    utility: NDArray[np.float64]
    drawn: int | None = None
    tally: Tally | None = None

    @property
    def best(self) -> NDArray[np.uint8]:
        """(n,) the best of them."""
        best: NDArray[np.uint8] = self.bits[int(np.argmax(self.utility))]
        return best

    def shown(self) -> NDArray[np.int64]:
        """Rows for which benefit and harm are weighed: all; or a part of the sample, and all that
        were searched.
        """
        rows = np.arange(len(self.bits))
        return rows if self.drawn is None else rows[(rows < _SHOWN) | (rows >= self.drawn)]


@overload
def compare(
    problem: RegimenProblem,
    runs: Sequence[Run],
    *,
    surrogates: bool = False,
    spectrum: Literal["auto", "always", "never"] = "auto",
    seed: int = 0,
    progress: Progress = SILENT,
) -> Comparison: ...


@overload
def compare(problem: BinaryModel, runs: Sequence[Run], *, seed: int = 0) -> ModelComparison: ...


def compare(
    problem: RegimenProblem | BinaryModel,
    runs: Sequence[Run],
    *,
    surrogates: bool = False,
    spectrum: Literal["auto", "always", "never"] = "auto",
    seed: int = 0,
    progress: Progress = SILENT,
) -> Comparison | ModelComparison:
    """Hold the answers of solvers against the twin and say what it recommends, how sure that is,
    and who found it.

    Of a `BinaryModel` in place of a problem, the answers are held against each other
    (`qtwin.studies.model`).

    Every feasible regimen is simulated (or a sample, where they are too many to list), so that the
    strongest classical answer, complete enumeration, always takes part in the judgement even where
    it is not among the runs. Beside quantum runs the null baselines take part: uniform bits,
    uniform feasible choices, and random starts with one-flip descent.

    Args:
        problem: The question, or a model without one.
        runs: Answers of `qtwin.solve` to models of this problem, at least one.
        surrogates: Hold every surrogate against the twin, not the model's alone.
        spectrum: Variance by order of interaction, from all choices of the 14 options that matter
            most ("auto"), or of all up to 20 ("always").
        seed: Of draws and samples.
        progress: Who hears of the stages.

    Raises:
        InputError: without a run, or for a run on a model of another problem.

    Example:
        >>> import qtwin as qt
        >>> twin = qt.Twin.fit(qt.examples.patient(), n_members=256)
        >>> drugs = ["donepezil", "rivastigmine", "bisoprolol"]
        >>> problem = qt.RegimenProblem(twin, drugs, needs=[], max_drugs=2)
        >>> runs = [qt.solve(problem.to_model(n_train=10), "cp-sat")]
        >>> study = qt.compare(problem, runs, spectrum="never")
        >>> len(study.solvers) >= 1
        True
    """
    if isinstance(problem, BinaryModel):
        return compare_runs(problem, runs, seed=seed)
    judged = Judged.of(problem, runs, seed=seed, stages=Stages(progress=progress))
    judged.runs = with_nulls(judged.runs, seed=seed)
    return judged.comparison(surrogates=surrogates, spectrum_of=spectrum)


@dataclass(kw_only=True)
class Judged:
    """Runs on one problem, on the way to a comparison."""

    problem: RegimenProblem
    runs: list[Run]
    model: BinaryModel
    seed: int
    stages: Stages
    theta: tuple[float, ...] = ()

    @staticmethod
    def of(
        problem: RegimenProblem,
        runs: Sequence[Run],
        *,
        seed: int,
        stages: Stages,
        theta: tuple[float, ...] = (),
    ) -> Judged:
        """Check that the runs are about the problem (InputError)."""
        if not runs:
            raise InputError(
                "expected at least one run, got none", hint='qt.solve(model, "cp-sat") makes one'
            )
        for run in runs:
            if run.model.n_decision != problem.n or run.model.fit is None:
                raise InputError(
                    f"the run of {run.label} is on a model of another problem",
                    hint="make the model with problem.to_model()",
                )
        return Judged(
            problem=problem,
            runs=list(runs),
            model=runs[0].model,
            seed=seed,
            stages=stages,
            theta=theta,
        )

    def references(self) -> References:
        """Simulate every feasible choice, or the sample and what a local search on the twin meets;
        that search becomes a run.
        """
        feasible, found = (
            self.problem.feasible,
            next((r.tally for r in self.runs if r.tally is not None), None),
        )

        def simulate() -> dict[str, Any]:
            started = time.perf_counter()
            counted = found or tally(self.problem, feasible.bits)
            return vars(counted) | {"simulate_s": time.perf_counter() - started}

        if feasible.complete:
            kept, _ = self.stages.kept("all regimens", simulate)
            counted = Tally(
                **{name: np.asarray(kept[name]) for name in ("utility", "best", "winner")}
            )
            return References(bits=feasible.bits, utility=counted.utility, tally=counted)
        with self.stages.progress.stage("Sample of the feasible regimens on the twin") as words:
            kept, _ = self.stages.kept("all regimens", simulate)
            utility = np.asarray(kept["utility"])
            words.append(f"{len(utility):,} of {feasible.short}")
        return self._searched(utility, float(kept["simulate_s"]))

    def _searched(self, utility: NDArray[np.float64], sampled_s: float) -> References:
        sample = self.problem.feasible.bits

        def search() -> dict[str, Any]:
            made = twin_search.search(
                self.model, self.problem, sample, utility, seed=self.seed, sampled_s=sampled_s
            )
            return {"result": to_plain(made.result), "bits": made.bits, "utility": made.utility}

        with self.stages.progress.stage("Local search on the twin") as words:
            kept, _ = self.stages.kept("search on the twin", search)
            result = from_plain(kept["result"])
            words.append(f"{result.evaluations:,} regimens simulated")
        decoded = [r.model.decode(r.bits[None, :]) for r in self.runs if r.bits is not None]
        self.runs.append(
            Run(
                model=self.model,
                info=twin_search.CARD,
                label="local search on the twin",
                result=result,
            )
        )
        met = np.concatenate([*decoded, np.zeros((0, self.problem.n), dtype=np.uint8)])
        met = met[self.problem.is_feasible(met)]
        bits = np.concatenate([sample, np.asarray(kept["bits"], dtype=np.uint8), met])
        place = {row.tobytes(): k for k, row in reversed(list(enumerate(bits)))}
        bits = first_of_each(bits)
        values = np.concatenate([utility, np.asarray(kept["utility"]), self.problem.objective(met)])
        return References(
            bits=bits, utility=values[[place[row.tobytes()] for row in bits]], drawn=len(utility)
        )

    def rows(self, known: References) -> tuple[list[dict[str, Any]], list[str]]:
        """The solvers' rows, and alarms; whoever worked on a model is charged for making it.

        Proofs and bounds that another answer beats are taken away and named in the row's
        `offences`.
        """
        rows, claims = [], []
        for run in self.runs:
            fit, result = run.model.fit, run.result
            assert fit is not None
            if result.scope == "encoding":
                made_s = {"simulating for the encoding": fit.simulate_s, "encoding": fit.encode_s}
                result = replace(result, wall_s=made_s | dict(result.wall_s))
            yardstick = Yardstick(
                bits=known.bits,
                utility=known.utility,
                encoded=-run.model.value(known.bits),
                complete=known.drawn is None,
            )
            row = solver_row(result, run.info, run.model, self.problem, yardstick, label=run.label)
            rows.append(row)
            claims.append(
                claim_of(run.result, run.model, label=run.label, utility=row["objective_twin"])
            )
        claims.append(
            Claim(
                label="the playback", energy=None, feasible=True, utility=float(known.utility.max())
            )
        )
        same = [
            k for k, run in enumerate(self.runs) if run.model.polynomial is self.model.polynomial
        ]
        said = contradictions(
            [
                c
                if k in same or k == len(rows)
                else replace(c, energy=None, value=None, bound=None)
                for k, c in enumerate(claims)
            ],
            scale=self.model.polynomial.coefficient_range[1],
        )
        for k, (run, row) in enumerate(zip(self.runs, rows, strict=True)):
            row["offences"] = {**run.result.offences, **said.get(k, {})}
            if k in said:
                row["bound"] = None if "bound" in said[k] else row["bound"]
                row["proven"] = row["proven"] and "proof" not in said[k]
                row["status"] = (
                    "feasible"
                    if row["status"] == "optimal" and not row["proven"]
                    else row["status"]
                )
        return rows, [
            f"{row['label']} {words}" for row in rows for words in alarms(row["offences"])
        ]

    def sure(self, known: References) -> dict[str, Any]:
        """How sure the choice is."""
        judged = (
            np.argsort(-known.utility, kind="stable")[:_JUDGED]
            if known.tally is None
            else np.arange(len(known.bits))
        )
        bits, chosen = known.bits[judged], int(np.argmax(known.utility[judged]))

        def compute() -> dict[str, Any]:
            counted = known.tally or tally(self.problem, bits)
            made = certainty(
                self.problem,
                bits,
                counted,
                chosen,
                complete=known.tally is not None,
                seed=self.seed,
            )
            return certainty_section(made, self.problem, bits)

        with self.stages.progress.stage("How sure the choice is") as words:
            found: dict[str, Any] = self.stages.kept("certainty", compute)[0]
            words.append(f"P(optimal) {percent(found['p_optimal'])}")
        return found

    def comparison(
        self,
        *,
        surrogates: bool,
        spectrum_of: Literal["auto", "always", "never"],
        warnings: Sequence[str] = (),
        identity: Mapping[str, Any] | None = None,
    ) -> Comparison:
        """Everything that is known, as one value."""
        problem, stages = self.problem, self.stages
        fit = self.model.fit
        assert fit is not None
        twin, feasible = problem.twin, problem.feasible
        said = list(warnings)
        with stages.timed("playback"):
            known = self.references()
        with stages.timed("playback"), stages.progress.stage("Playback on the twin") as words:
            encoded = -self.model.value(known.bits)
            trained = np.zeros(len(known.bits), dtype=np.bool_)
            trained[fit.rows] = True
            rows, alarmed = self.rows(known)
            regimens = _played(
                problem, best=known.best, encoded=known.bits[int(np.argmax(encoded))]
            )
            words.append(f"best {regimens[0]['utility']['mean']:.3f} QALY")
        for text in alarmed:
            stages.progress.warn(f"ALARM: {text}")
        said += [f"ALARM: {text}" for text in alarmed]
        with stages.timed("certainty"):
            certain = self.sure(known)
        with (
            stages.timed("surrogate validation"),
            stages.progress.stage("Surrogate against the twin"),
        ):
            model = self.model if trained.all() else _with_accuracy(self.model, known, trained)
            compared: dict[str, Any] = {"rows": []}
            if surrogates and not trained.all():
                compared, _ = stages.kept("surrogates", lambda: self._surrogates(known))
            shown = known.shown()
            weighed, _ = stages.kept("pareto", lambda: _weighed(problem, known.bits[shown]))
            orders, _ = stages.kept("spectrum", lambda: _by_order(problem, known, spectrum_of))
        if compared.get("left_out"):
            said.append(
                "Not compared, for more terms than a sample tells apart: "
                f"{', '.join(compared['left_out'])}."
            )
        part = encoding_section(
            model, fit.penalty_check, encoded=encoded, true=known.utility, trained=trained
        )
        part |= {
            "penalty": fit.penalty,
            "surrogate": fit.surrogate,
            "surrogates": compared["rows"],
            "spectrum": orders,
        }
        said += [fit.warning] if fit.warning else []
        asked = right_order(part)
        if asked is not None and not asked.pairs_suffice:
            said.append(asked.words)
        current = next(r for r in regimens if r["key"] == "current")
        verdict = judge(
            rows,
            n_feasible=feasible.count,
            accuracy=part["accuracy"],
            current=current,
            order="" if asked is None else asked.words,
            simulated="" if feasible.complete else f"{len(known.bits):,} of {feasible.short}",
        )
        result = {
            "versions": versions(),
            "data_version": formulary.version(),
            "command": command_line(),
            "seed": self.seed,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "spec": None,
            "spec_hash": "",
            "hardware": None,
            "patient": {
                "patient_id": twin.patient.patient_id,
                "synthetic": twin.patient.provenance.synthetic,
                "understood": [list(pair) for pair in describe(twin.patient)],
                "missing": list(twin.patient.missing),
                "notes": list(twin.patient.notes),
            },
            "twin": summary_of(twin) | {"kinetics": kinetics_section(problem, _taken_now(problem))},
            "problem": problem_section(problem, feasible, n_simulated=len(known.bits)),
            "encoding": part,
            "solvers": rows,
            "agreement": agreement([r for r in rows if r["name"] == "qaoa"], self.theta),
            "regimens": regimens,
            "pareto": pareto_section(weighed, known.utility[shown]),
            "top": top_regimens(problem, known.bits, known.utility),
            "solver_verdict": verdict.sentence,
            "solver_points": list(verdict.points),
            "winner": verdict.winner,
            "alarms": alarmed,
            "warnings": list(dict.fromkeys(said)),
            "wall_s": dict(stages.wall_s),
            "p_optimal": certain["p_optimal"],
            "set90": certain["set90"],
            "certainty": certain,
        }
        result |= self._recommended(known)
        result |= dict(identity or {})
        chosen = problem.regimen(known.best).doses
        result["verdict"] = headline(
            twin.patient, twin.person.facts, chosen, out_of_scope(twin.patient), certain
        )
        result["verdict_points"] = list(recommendation_points(result, current))
        return Comparison.model_validate(plain(result))

    def _recommended(self, known: References) -> dict[str, Any]:
        problem = self.problem
        chosen = problem.regimen(known.best).doses
        eligibility, facts = problem.eligibility, problem.twin.person.facts
        found: dict[str, Any] = {
            "chosen": [dose(o) for o in chosen],
            "going_on": [dose(o) for o in problem.going_on],
            "excluded": [],
            "without_indication": without_indication(problem.options, facts),
            "cautions": [],
            "eligibility": {
                "jurisdiction": "",
                "not_known": [],
                "starting_doses": [],
                "needs_left": [],
            },
            "worth": {
                "remaining_life_qaly": float(known.utility.max()),
                "within_horizon_qaly": float(
                    problem.of_draws(problem.by_draw(known.best[None, :], beyond=False))[0]
                ),
                "horizon_years": problem.horizon_years,
            },
        }
        if eligibility is not None:
            found |= {
                "excluded": excluded_section(problem.options, eligibility),
                "cautions": [
                    finding(f) for f in eligibility.cautions((*chosen, *problem.going_on))
                ],
                "eligibility": {
                    "jurisdiction": eligibility.jurisdiction,
                    "not_known": list(eligibility.not_known()),
                    "starting_doses": starting_doses(chosen, eligibility, facts.medicines),
                    "needs_left": list(problem.choice.uncovered)
                    if problem.choice is not None
                    else [],
                },
            }
        return found

    def _surrogates(self, known: References) -> dict[str, Any]:
        """Each surrogate's accuracy, one row each; of a sample the random rows are what surrogates
        train on.
        """
        fit = self.model.fit
        assert fit is not None
        objective = _looked_up(self.problem, known)
        rows, left_out = [], []
        for name in surrogate.TABLE:
            order = surrogate.order_of(name)
            if known.drawn is not None and _n_terms(self.problem.n, order) > _MOST_TERMS:
                left_out.append(name)
                continue
            made = surrogate.load(name)(
                objective,
                known.bits[: known.drawn],
                fit.n_train,
                np.random.default_rng([self.seed, 1]),
            )
            row = score(
                name,
                made,
                known.bits,
                known.utility,
                self.problem.member_utility,
                drawn=known.drawn,
            )
            rows.append(dataclasses.asdict(row))
        return {"rows": rows, "left_out": left_out}


def _looked_up(
    problem: RegimenProblem, known: References
) -> Callable[[NDArray[np.uint8]], NDArray[np.float64]]:
    """The objective, with only those choices simulated whose utility is not known."""
    utility = {row.tobytes(): value for row, value in zip(known.bits, known.utility, strict=True)}

    def objective(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        rows = np.ascontiguousarray(bits, dtype=known.bits.dtype)
        found = np.array([utility.get(row.tobytes(), np.nan) for row in rows])
        new = np.isnan(found)
        if new.any():
            found[new] = problem.objective(rows[new])
        return found

    return objective


def _with_accuracy(
    model: BinaryModel, known: References, trained: NDArray[np.bool_]
) -> BinaryModel:
    """The model with the accuracy of its surrogate on simulated choices that the fit did not
    see.
    """
    from qtwin.encoding.build import with_accuracy

    return with_accuracy(model, known.bits, known.utility, trained, drawn=known.drawn)


def _n_terms(n: int, order: int) -> int:
    return sum(math.comb(n, k) for k in range(order + 1))


def _weighed(problem: RegimenProblem, feasible: NDArray[np.uint8]) -> dict[str, Any]:
    """Benefit and harm of every feasible regimen, and which of them no other beats in both."""
    both = problem.benefit_and_harm(feasible)
    return {
        "benefit": both[:, 0],
        "harm": both[:, 1],
        "front": [
            {
                "regimen": [d.label for d in problem.regimen(feasible[k]).doses],
                "benefit": float(both[k, 0]),
                "harm": float(both[k, 1]),
            }
            for k in front(both[:, 0], both[:, 1])
        ],
    }


def _by_order(problem: RegimenProblem, known: References, which: str) -> dict[str, Any] | None:
    """Variance of the utility explained by order: over all choices exactly, and over the feasible
    ones by least squares.

    Of a sample one half is fitted and the other half explained, up to the order whose terms the
    half can tell apart. All choices are those of the options that occur most in the best feasible
    regimens: 14, or up to 20 for "always"; None for "never".
    """
    if which == "never":
        return None
    feasible, utility, drawn = known.bits, known.utility, known.drawn
    n = min(problem.n, LARGEST if which == "always" else _AUTO_OPTIONS)
    often = feasible[np.argsort(-utility)[:_BEST]].sum(axis=0, dtype=np.int64)
    kept = np.sort(np.argsort(-often, kind="stable")[:n])
    thin = problem.thinned(int(np.clip(_SIMULATIONS >> n, _FEWEST_MEMBERS, _MOST_MEMBERS)))

    def objective(bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        whole = np.zeros((len(bits), problem.n), dtype=np.uint8)
        whole[:, kept] = bits
        return thin.objective(whole)

    found = spectrum(all_values(n, objective))
    fitting, shown = (
        (slice(None), slice(None))
        if drawn is None
        else (slice(drawn // 2), slice(drawn // 2, drawn))
    )
    truth = utility[shown]
    total = float(np.sum((truth - truth.mean()) ** 2))
    explained = [0.0]
    for order in range(1, _ORDERS + 1):
        if drawn is not None and _n_terms(problem.n, order) > drawn // 2:
            break
        made = fit(feasible[fitting], utility[fitting], order=order, ridge=1e-10, weighted=False)
        gap = truth - made.evaluate(feasible[shown])
        explained.append(1.0 - float(np.sum(gap**2)) / total if total > 0.0 else 1.0)
    return {
        "n": n,
        "options": [problem.options[k].label for k in kept],
        "left_out": [o.label for k, o in enumerate(problem.options) if k not in set(kept.tolist())],
        "n_members": thin.twin.n_members,
        "share": found.share.tolist(),
        "explained": found.explained.tolist(),
        "largest": found.largest.tolist(),
        "allowed_explained": explained,
    }


def _taken_now(problem: RegimenProblem) -> NDArray[np.uint8]:
    """(n,) which options are drugs that the patient takes now."""
    return np.array([o.drug.inn in problem.current for o in problem.options], dtype=np.uint8)


def _played(
    problem: RegimenProblem, *, best: NDArray[np.uint8], encoded: NDArray[np.uint8]
) -> list[dict[str, Any]]:
    """The choice, the current medicines and no drugs played on the twin; and the model's choice
    where it differs.
    """
    sections = [play(problem, best, key="chosen", title="chosen by the twin")]
    if (encoded != best).any():
        sections.append(play(problem, encoded, key="encoded", title="optimum of the encoding"))
    taken = (
        ()
        if problem.choice is None
        else tuple(d for d in problem.choice.current if d not in problem.going_on)
    )
    now = _with_options(problem, taken)
    labels = {d.label for d in taken}
    bits = np.array([o.label in labels for o in now.options], dtype=np.uint8)
    sections.append(play(now, bits, key="current", title="current medicines"))
    sections.append(
        play(problem, np.zeros(problem.n, dtype=np.uint8), key="none", title="no drugs")
    )
    return sections


def _with_options(problem: RegimenProblem, doses: tuple[Dose, ...]) -> RegimenProblem:
    """The same problem with further options appended (their draws are the same on every panel)."""
    extra = tuple(d for d in doses if d.label not in {o.label for o in problem.options})
    options = (*problem.options, *extra)
    return problem.replaced(
        options=options, panel=problem.twin.panel((*options, *problem.going_on))
    )
