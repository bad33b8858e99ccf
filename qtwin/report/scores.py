"""Every answer scored with the problem: true utility, regret, success rates with intervals, and all
the time it cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.metrics import FEWEST, no_interval, posterior
from qtwin.benchmark.processor import device_time, processor, shots_to_solution
from qtwin.encoding.model import BinaryModel
from qtwin.problem.regimen import RegimenProblem
from qtwin.solver.base import Result, SolverInfo

_LEVEL = 0.95
_TIE_QALY = 1e-12


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """What answers are held against: complete enumeration on the twin, or the best that is known.

    Attributes:
        bits: (k, n) every feasible choice, or those that were simulated.
        utility: (k,) its utility on the twin.
        encoded: (k,) its encoded utility.
        complete: Whether these are all feasible choices.
    """

    bits: NDArray[np.uint8]
    utility: NDArray[np.float64]
    encoded: NDArray[np.float64]
    complete: bool = True

    @property
    def best(self) -> float:
        """Utility of the best regimen on the twin (QALY)."""
        return float(self.utility.max())

    def is_best(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether a choice is optimal on the twin."""
        return _any_row_equal(bits, self.bits[self.utility >= self.best - _TIE_QALY])

    def is_encoded_best(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether a choice is optimal for the encoding."""
        return _any_row_equal(bits, self.bits[self.encoded >= self.encoded.max() - _TIE_QALY])


def _any_row_equal(bits: NDArray[np.generic], targets: NDArray[np.generic]) -> NDArray[np.bool_]:
    rows = np.asarray(bits)
    return np.asarray((rows[:, None, :] == np.asarray(targets)[None, :, :]).all(axis=2).any(axis=1))


def rate(successes: int, trials: int, target: str) -> dict[str, Any]:
    """A success rate with its interval (`qtwin.benchmark.metrics.posterior`); low and high are None
    for fewer than ten trials.
    """
    low, high = posterior(successes, trials, level=_LEVEL)
    few = trials < FEWEST
    return {
        "value": successes / trials,
        "low": None if few else low,
        "high": None if few else high,
        "no_interval": no_interval(trials) if few else "",
        "level": _LEVEL,
        "successes": successes,
        "trials": trials,
        "target": target,
    }


def _time_to_solution_s(total_s: float, shots: int, probability: float) -> float | None:
    """99 % time when the whole run, training included, is repeated until a shot hits; None when it
    never would.
    """
    run_success = -math.expm1(shots * math.log1p(-probability)) if probability < 1.0 else 1.0
    if run_success <= 0.0:
        return None
    return total_s * max(
        1.0, math.log(0.01) / math.log1p(-run_success) if run_success < 1.0 else 1.0
    )


def solver_row(
    result: Result,
    card: SolverInfo,
    encoding: BinaryModel,
    problem: RegimenProblem,
    yardstick: Yardstick,
    *,
    label: str,
) -> dict[str, Any]:
    """One solver's row of result.json, its answer played on the twin."""
    total_s = float(sum(result.wall_s.values()))
    row: dict[str, Any] = {
        "name": result.solver,
        "backend": result.backend,
        "label": label,
        "kind": card.kind,
        "status": result.status,
        "proven": result.proven,
        "scope": result.scope,
        "feasible": False,
        "regimen": None,
        "bits": None,
        "objective_twin": None,
        "objective_encoded": None,
        "energy": None if math.isnan(result.energy) else result.energy,
        "bound": result.bound,
        "regret_twin": None,
        "wall_s": dict(result.wall_s),
        "total_wall_s": total_s,
        "shots": result.shots,
        "evaluations": result.evaluations,
        "seed": result.seed,
        "success_probability": None,
        "success_probability_encoded": None,
        "feasible_share": None,
        "mean_energy": None,
        "time_to_solution_s": None,
        "shots_to_solution": None,
        "read_time_to_solution_s": None,
        "qpu": _qpu(result, None) if card.kind == "quantum" else None,
        "trace": [[p.time_s, p.evaluations, p.best_energy] for p in result.trace[-200:]],
        "info": dict(result.info),
    }
    if result.bits is not None:
        decoded = encoding.decode(result.bits[None, :])
        row["bits"] = decoded[0].tolist()
        row["feasible"] = bool(problem.is_feasible(decoded)[0])
        row["regimen"] = [d.label for d in problem.regimen(decoded[0]).doses]
        row["objective_twin"] = float(problem.objective(decoded)[0])
        row["objective_encoded"] = -float(encoding.value(decoded)[0])
        if row["feasible"]:
            regret = yardstick.best - row["objective_twin"]
            row["regret_twin"] = 0.0 if abs(regret) < _TIE_QALY else regret
    if result.samples is not None:
        row |= _sample_scores(result, encoding, yardstick, total_s)
        if card.kind == "quantum":
            row["qpu"] = _qpu(result, row["shots_to_solution"])
    return row


def _qpu(result: Result, needed: dict[str, Any] | None) -> dict[str, Any]:
    """The same answer on the idealised processor: seconds of a shot, of the run, and of the shots
    until one hits with 99 %.

    `to_solution_s` holds training and then shots of the trained circuit; `unknown` says why there
    is no time.
    """
    found = device_time(result.info.get("resources"), evaluations=result.evaluations)
    shot_s = found.shot_s
    ends = None
    if shot_s is not None and needed is not None:
        ends = {
            k: None if v is None else (found.training_shots + v) * shot_s for k, v in needed.items()
        }
    return {
        "shot_s": shot_s,
        "shots": found.shots,
        "training_shots": found.training_shots,
        "run_s": found.run_s,
        "to_solution_s": ends,
        "two_qubit_depth": found.depth,
        "lattice": found.lattice,
        "unknown": found.unknown,
        "assumptions": processor().words,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _sample_scores(
    result: Result, encoding: BinaryModel, yardstick: Yardstick, total_s: float
) -> dict[str, Any]:
    samples = result.samples
    assert samples is not None
    counts, decoded = samples.counts, encoding.decode(samples.bits)
    shots = samples.shots
    energies = encoding.polynomial.evaluate(samples.bits)
    mean = float(np.average(energies, weights=counts))
    variance = float(np.average((energies - mean) ** 2, weights=counts))
    known = "" if yardstick.complete else " known"
    hit = rate(
        int(counts[yardstick.is_best(decoded)].sum()), shots, f"the twin's best regimen{known}"
    )
    few = hit["low"] is None
    rates = [hit["value"], *(() if few else (hit["high"], hit["low"]))]
    names = ("value", "low", "high")
    times = dict.fromkeys(names) | dict(
        zip(names, (_time_to_solution_s(total_s, shots, p) for p in rates), strict=False)
    )
    needed = dict.fromkeys(names) | dict(
        zip(names, (_finite(shots_to_solution(p)) for p in rates), strict=False)
    )
    return {
        "success_probability": hit,
        "success_probability_encoded": rate(
            int(counts[yardstick.is_encoded_best(decoded)].sum()),
            shots,
            f"the encoding's best regimen{known}",
        ),
        "feasible_share": rate(
            int(counts[encoding.is_feasible(samples.bits)].sum()), shots, "a feasible regimen"
        ),
        "mean_energy": {"value": mean, "standard_error": math.sqrt(variance / max(shots - 1, 1))},
        "time_to_solution_s": times,
        "shots_to_solution": needed,
        "read_time_to_solution_s": {
            k: None if v is None else v * total_s / shots for k, v in needed.items()
        },
    }


def agreement(
    rows: Sequence[dict[str, Any]], theta: Sequence[float], *, tolerance: float = 1e-8
) -> dict[str, Any] | None:
    """Whether the same ansatz at the same angles gives the same energy on every backend that ran
    it.

    Args:
        rows: Solver rows of one trained ansatz.
        theta: Its angles in radians.
        tolerance: Largest accepted difference of exact expectation values (QALY).
    """
    table = []
    for row in rows:
        info = row["info"]
        exact, sampled = info.get("expectation_exact"), row["mean_energy"]
        if exact is None or sampled is None:
            continue
        error = sampled["standard_error"]
        table.append(
            {
                "backend": row["backend"],
                "exact": exact,
                "sampled": sampled["value"],
                "standard_error": error,
                "deviation_in_se": (sampled["value"] - exact) / error if error > 0 else 0.0,
            }
        )
    if len(table) < 2:
        return None
    values = [t["exact"] for t in table]
    gap = max(values) - min(values)
    worst = max(abs(t["deviation_in_se"]) for t in table)
    agree = gap <= tolerance and worst <= 4.0
    names = ", ".join(t["backend"] for t in table)
    text = (
        f"{names} give the same exact energy to {gap:.1e} QALY, and each one's shots lie "
        f"within {worst:.1f} standard errors."
        if agree
        else f"{names} DISAGREE: exact energies differ by {gap:.1e} QALY, shots by up to "
        f"{worst:.1f} standard errors."
    )
    return {
        "theta": list(theta),
        "rows": table,
        "max_exact_difference": gap,
        "tolerance": tolerance,
        "agree": agree,
        "text": text,
    }
