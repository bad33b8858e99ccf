"""What of a solver's answer is true: nothing that can be looked up is taken on its word.

`taken` reads an answer into plain values while its clock still runs, so that nothing is computed
later at nobody's cost. `judged` evaluates the energy anew, and takes away a bound, a proof, a
status, a trace or a time that cannot be. Every untruth is named in `Result.offences`; a false bound
and a false proof are alarms. `contradictions` holds several answers to one question against each
other: a proof that another answer beats is false, whichever solver gave it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import index_to_bits
from qtwin.solver.base import Result, SolverFailureError, Status, TracePoint

KINDS = (
    "bits",
    "energy",
    "bound",
    "proof",
    "status",
    "time",
    "limit",
    "trace",
    "samples",
    "counts",
    "info",
    "scope",
    "instance",
)
"""What may be untrue in an answer."""
ALARMS = ("bound", "proof")
"""Untruths after which a run ends with exit code 1: somebody said 'none is better', and one is."""
UNSTATED = "not stated"
"""The stage of `Result.wall_s` for seconds that passed on our clock and that the solver does not
mention.
"""
LISTED = 16
"""Variables up to which every assignment is evaluated to check a bound or a proof."""
_RELATIVE = 1e-6
_UNDERSTATED_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One answer among several to the same question.

    Attributes:
        label: Who gave it.
        energy: Of the encoding, evaluated by us; None without an answer.
        value: Without penalties, where some are not zero on feasible assignments (unbalanced ones);
            None for the energy itself.
        feasible: Whether its bits are feasible.
        proven: Whether it says that none is better.
        bound: What it says that no feasible assignment is below.
        scope: Of the proof.
        utility: On the twin, where there is one.
    """

    label: str
    energy: float | None
    feasible: bool
    value: float | None = None
    proven: bool = False
    bound: float | None = None
    scope: str = "encoding"
    utility: float | None = None


def slack(*energies: float, scale: float = 0.0) -> float:
    """How much apart two energies may be and still be the same: rounding of the energies and of
    their largest coefficient.
    """
    return _RELATIVE * max(1e-12, scale, *(abs(e) for e in energies))


def contradictions(claims: Sequence[Claim], *, scale: float = 0.0) -> dict[int, dict[str, str]]:
    """Claims that cannot be true beside the others, by their place; each with kind and words.

    What is stated of the least energy is false when it is beaten both with penalties and without:
    solvers minimise either.

    Args:
        claims: All answers to one question, and what is known otherwise.
        scale: The largest coefficient of the polynomial.
    """
    answered = [c for c in claims if c.energy is not None and c.feasible]
    worth = [c.utility for c in claims if c.utility is not None and c.feasible]
    found: dict[int, dict[str, str]] = {}
    for k, c in enumerate(claims):
        said: dict[str, str] = {}
        if c.scope == "encoding" and answered:
            best = min(answered, key=_energy)
            least = max(_energy(best), min(_value(a) for a in answered))
            if c.bound is not None and c.bound > least + slack(least, c.bound, scale=scale):
                said["bound"] = (
                    f"stated that nothing feasible is below {c.bound:.9g}; {best.label} has "
                    f"{_energy(best):.9g}"
                )
            if c.proven and c.energy is None:
                said["proof"] = f"stated a proof that nothing is feasible; {best.label} is"
            elif c.proven and _beaten(c, answered, scale):
                said["proof"] = (
                    f"stated a proof that none is below {_energy(c):.9g}; {best.label} has "
                    f"{_energy(best):.9g}"
                )
        if (
            c.proven
            and c.scope == "twin"
            and c.utility is not None
            and worth
            and max(worth) > c.utility + slack(max(worth))
        ):
            said["proof"] = (
                f"stated a proof that no utility is above {c.utility:.9g}; another answer "
                f"has {max(worth):.9g}"
            )
        if c.proven and c.energy is not None and not c.feasible:
            said["proof"] = "stated a proof for an assignment that is infeasible"
        if said:
            found[k] = said
    return found


def _energy(claim: Claim) -> float:
    return math.inf if claim.energy is None else claim.energy


def _value(claim: Claim) -> float:
    return _energy(claim) if claim.value is None else claim.value


def _beaten(claim: Claim, answered: Sequence[Claim], scale: float) -> bool:
    return all(
        of(claim) > (least := min(of(a) for a in answered)) + slack(least, scale=scale)
        for of in (_energy, _value)
    )


def claim_of(
    result: Result, encoding: BinaryModel, *, label: str, utility: float | None = None
) -> Claim:
    """What a judged result says."""
    feasible = result.bits is not None and bool(encoding.is_feasible(result.bits[None, :])[0])
    return Claim(
        label=label,
        energy=None if result.bits is None else result.energy,
        feasible=feasible,
        value=float(encoding.value(encoding.decode(result.bits[None, :]))[0])
        if feasible and result.bits is not None
        else None,
        proven=result.proven,
        bound=result.bound,
        scope=result.scope,
        utility=utility,
    )


def taken(answer: object, *, n: int) -> Result:
    """The answer as plain values of the right kinds; what is not needed for one and cannot be read
    is dropped and named.

    Args:
        answer: Whatever `Solver.solve` returned.
        n: Variables of the encoding.

    Raises:
        SolverFailureError: for something that holds no answer: no `Result`, or bits of a wrong
            type, length or value.
    """
    if not isinstance(answer, Result):
        raise _broken(f"returned {type(answer).__name__}, expected a Result")
    offences: dict[str, str] = {}
    bits = None if answer.bits is None else _bits(answer.bits, n)
    status: Any = answer.status
    proven: Any = answer.proven
    if not isinstance(status, str) or status not in get_args(Status) or status == "failed":
        offences["status"] = f"expected status {', '.join(get_args(Status))}, got {_short(status)}"
        status = "feasible"
    samples = None
    if answer.samples is not None:
        try:
            samples = _samples(answer.samples, n)
        except (TypeError, ValueError, AttributeError) as error:
            offences["samples"] = f"got unusable samples: {_short(error)}"
    counts = {}
    for name in ("shots", "evaluations"):
        value = getattr(answer, name)
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool) and value >= 0
        counts[name] = int(value) if whole else 0
        if not whole:
            offences["counts"] = f"expected {name} as a whole number from 0, got {_short(value)}"
    if samples is not None and counts["shots"] and samples.shots > counts["shots"]:
        offences["counts"] = (
            f"{counts['shots']} shots were stated, {samples.shots} were handed over"
        )
        counts["shots"] = samples.shots
    bound = None if answer.bound is None else _number(answer.bound)
    if bound is not None and not math.isfinite(bound):
        if bound != -math.inf:
            offences["bound"] = f"expected a number as bound, got {bound}"
        bound = None
    return Result(
        solver=str(answer.solver),
        backend=str(answer.backend),
        status=status,
        bits=bits,
        energy=_number(answer.energy),
        bound=bound,
        proven=isinstance(proven, bool | np.bool_) and bool(proven),
        scope="twin" if answer.scope == "twin" else "encoding",
        samples=samples,
        trace=_trace(answer.trace, offences),
        wall_s=_times(answer.wall_s, offences),
        seed=int(answer.seed) if isinstance(answer.seed, int | np.integer) else 0,
        info=_info(answer.info, offences),
        offences=offences,
        **counts,
    )


def judged(
    result: Result,
    encoding: BinaryModel,
    *,
    clock_s: float,
    time_limit_s: float | None,
    twin: bool,
    trusted_trace: bool,
) -> Result:
    """The answer with our own energy and our own clock, without what is not so.

    Args:
        result: From `taken`.
        encoding: What was asked, a copy that the solver never had.
        clock_s: Seconds that passed.
        time_limit_s: The limit that it had.
        twin: Whether there was a twin to ask.
        trusted_trace: Whether its anytime trace is kept; otherwise it is one point, at the end.
    """
    offences = dict(result.offences)
    polynomial = encoding.polynomial
    scale = polynomial.coefficient_range[1]
    energy, feasible, status = math.nan, False, result.status
    if result.bits is not None:
        energy = float(polynomial.evaluate(result.bits[None, :])[0])
        feasible = bool(encoding.is_feasible(result.bits[None, :])[0])
        rounding = slack(energy, scale=scale) + 1e-12 * sum(
            abs(c) for c in polynomial.terms.values()
        )
        if not abs(result.energy - energy) <= rounding:
            offences["energy"] = (
                f"stated an energy of {result.energy:.9g}; its bits have {energy:.9g}"
            )
    elif math.isfinite(result.energy):
        offences["energy"] = f"stated an energy of {result.energy:.9g} and no bits"
    scope = result.scope
    if scope == "twin" and not twin:
        offences["scope"], scope = "stated to have searched the twin; there is none", "encoding"
    bound, proven = result.bound, result.proven
    claims = [
        claim_of(replace(result, energy=energy, scope=scope), encoding, label="its own answer")
    ]
    if (proven or bound is not None) and scope == "encoding" and polynomial.n_variables <= LISTED:
        claims += _listed(encoding)
    offences |= contradictions(claims, scale=scale).get(0, {})
    bound = None if "bound" in offences else bound
    proven = proven and "proof" not in offences
    if status == "optimal" and not proven:
        offences.setdefault("status", "stated 'optimal' without a proof that holds")
        status = "feasible" if feasible else "infeasible"
    if status == "feasible" and not feasible:
        offences.setdefault("status", "stated 'feasible'; it has no feasible assignment")
        status = "infeasible"
    wall_s = dict(result.wall_s)
    stated = sum(s for name, s in wall_s.items() if name != "queue")
    if clock_s > max(2.0 * sum(wall_s.values()), sum(wall_s.values()) + _UNDERSTATED_S):
        offences.setdefault("time", f"stated {stated:.3g} s; {clock_s:.3g} s passed")
    if clock_s > sum(wall_s.values()):
        wall_s[UNSTATED] = clock_s - sum(wall_s.values())
    if time_limit_s is not None and clock_s > over(time_limit_s):
        offences["limit"] = f"took {clock_s:.3g} s of {time_limit_s:.3g} s"
    trace = result.trace
    if not trusted_trace:
        trace = (
            ()
            if result.bits is None or not feasible
            else (TracePoint(time_s=clock_s, evaluations=0, best_energy=energy),)
        )
    elif feasible and any(p.best_energy < energy - slack(energy, scale=scale) for p in trace):
        offences["trace"] = "its trace holds an energy below its answer's"
        trace = tuple(p for p in trace if p.best_energy >= energy - slack(energy, scale=scale))
    return replace(
        result,
        status=status,
        energy=energy,
        bound=bound,
        proven=proven,
        scope=scope,
        trace=trace,
        wall_s=wall_s,
        offences=offences,
    )


def over(time_limit_s: float) -> float:
    """Seconds after which a time limit was not kept: a tenth more, or one second."""
    return time_limit_s + max(0.1 * time_limit_s, 1.0)


def alarms(offences: Mapping[str, str]) -> list[str]:
    """The words of those that end a run with exit code 1."""
    return [offences[kind] for kind in ALARMS if kind in offences]


def _listed(encoding: BinaryModel) -> list[Claim]:
    """The least energy and value of a feasible assignment, all of them evaluated; nothing where
    none is feasible.
    """
    n = encoding.polynomial.n_variables
    rows = index_to_bits(np.arange(2**n), n)
    feasible = encoding.is_feasible(rows)
    if not feasible.any():
        return []
    energy = float(encoding.polynomial.values()[feasible].min())
    value = float(encoding.value(encoding.decode(rows[feasible])).min())
    return [Claim(label="one of all that were listed", energy=energy, value=value, feasible=True)]


def _broken(words: str) -> SolverFailureError:
    return SolverFailureError(
        words, hint="the contract of a solver is in docs/how_to/add_a_solver.md"
    )


def _short(value: object) -> str:
    try:
        text = str(value) if isinstance(value, BaseException) else repr(value)
    except Exception:
        text = type(value).__name__
    return text if len(text) <= 60 else text[:57] + "..."


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _bits(value: object, n: int) -> NDArray[np.uint8]:
    try:
        row = np.array(value)
    except Exception as error:
        raise _broken(f"returned bits that are no array: {_short(error)}") from None
    if row.dtype.kind not in "bui":
        raise _broken(f"returned bits of type {row.dtype}, expected whole numbers")
    if row.shape != (n,):
        raise _broken(f"returned bits of shape {row.shape}, expected ({n},)")
    if not ((row == 0) | (row == 1)).all():
        wrong = row[(row != 0) & (row != 1)][0]
        raise _broken(f"returned a bit of {wrong}, expected 0 or 1")
    return row.astype(np.uint8)


def _samples(value: Samples, n: int) -> Samples:
    bits, counts = np.array(value.bits), np.array(value.counts)
    if bits.ndim != 2 or bits.shape[1] != n or counts.shape != (len(bits),):
        raise ValueError(
            f"expected shapes (m, {n}) and (m,), got bits {bits.shape} and counts {counts.shape}"
        )
    if bits.dtype.kind not in "bui" or not ((bits == 0) | (bits == 1)).all():
        raise ValueError("bits other than 0 and 1")
    if counts.dtype.kind not in "ui" or not (counts > 0).all() or not len(counts):
        raise ValueError("counts that are no positive whole numbers")
    return Samples(bits=bits.astype(np.uint8), counts=counts.astype(np.int64))


def _trace(value: object, offences: dict[str, str]) -> tuple[TracePoint, ...]:
    try:
        points = [
            TracePoint(
                time_s=float(p.time_s),
                evaluations=int(p.evaluations),
                best_energy=float(p.best_energy),
            )
            for p in value  # type: ignore[attr-defined]
        ]
    except (TypeError, ValueError, AttributeError, OverflowError):
        offences["trace"] = "its trace cannot be read"
        return ()
    times = [p.time_s for p in points]
    if not all(
        math.isfinite(p.time_s) and p.time_s >= 0.0 and not math.isnan(p.best_energy)
        for p in points
    ):
        offences["trace"] = "its trace holds times or energies that are no numbers"
        return ()
    if times != sorted(times):
        offences["trace"] = "the times of its trace do not rise"
        return ()
    return tuple(points)


def _times(value: object, offences: dict[str, str]) -> dict[str, float]:
    try:
        stages = {str(k): _number(v) for k, v in value.items()}  # type: ignore[attr-defined]
    except (TypeError, AttributeError, ValueError):
        offences["time"] = "its times cannot be read"
        return {}
    wrong = {k: v for k, v in stages.items() if not (math.isfinite(v) and v >= 0.0)}
    if wrong:
        name, seconds = next(iter(wrong.items()))
        offences["time"] = f"stated {seconds:.3g} s for {name[:40]!r}"
    return {k: v for k, v in stages.items() if k not in wrong}


def _info(value: object, offences: dict[str, str]) -> dict[str, Any]:
    """`value` where it is what can be written as JSON, arrays included."""

    def plain(item: object) -> object:
        if isinstance(item, np.generic | np.ndarray):
            return item.tolist()
        if isinstance(item, Mapping):
            return dict(item)
        raise TypeError(type(item).__name__)

    try:
        kept: dict[str, Any] = dict(value)  # type: ignore[call-overload]
        json.dumps(kept, default=plain)
    except Exception as error:
        offences["info"] = f"its further numbers cannot be written down: {_short(error)}"
        return {}
    return kept
