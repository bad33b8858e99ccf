"""How far an encoded objective is from the twin, on regimens that the fit never saw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import SurrogateAccuracy
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.surrogate import Fitted
from qtwin.errors import InputError

Array = NDArray[np.float64]


def accuracy(
    polynomial: BinaryPolynomial,
    bits: NDArray[np.generic],
    utility: Array,
    trained: NDArray[np.bool_],
    *,
    top: int = 20,
    drawn: int | None = None,
) -> SurrogateAccuracy:
    """Compare the encoded with the simulated utility on feasible choices.

    Args:
        polynomial: Encoded utility over the decision variables.
        bits: (k, n) feasible choices, all of them where the space was enumerated.
        utility: (k,) simulated utility.
        trained: (k,) which of them the fit saw; the others are held out.
        top: Size of the two best lists whose overlap is taken.
        drawn: How many of the first rows are all there are, or a random sample; the others are
            known because they are good, and count for overlap and regret alone. None: all rows.

    Raises:
        InputError: if nothing is held out.
    """
    from scipy.stats import spearmanr  # takes more than a second to import

    encoded = polynomial.evaluate(bits)
    held = ~trained & (np.arange(len(trained)) < (len(trained) if drawn is None else drawn))
    if not held.any():
        raise InputError(
            "no held-out regimen is left to measure the encoding on", hint="lower encoding.n_train"
        )
    truth, guess = utility[held], encoded[held]
    residual = truth - guess
    best_encoded = int(np.argmax(encoded))
    k = min(top, len(utility))
    shared = len(set(np.argsort(-utility)[:k].tolist()) & set(np.argsort(-encoded)[:k].tolist()))
    variance = float(np.sum((truth - truth.mean()) ** 2))
    return SurrogateAccuracy(
        n_train=int(trained.sum()),
        n_held_out=int(held.sum()),
        r2=1.0 - float(np.sum(residual**2)) / variance if variance > 0 else float("nan"),
        rank_correlation=float(spearmanr(truth, guess).statistic)
        if len(truth) > 2
        else float("nan"),
        top_overlap=shared / k,
        regret=float(utility.max() - utility[best_encoded]),
        max_error=float(np.max(np.abs(residual))),
    )


@dataclass(frozen=True, kw_only=True)
class SurrogateScore:
    """One surrogate held against the twin.

    Attributes:
        name: As in the table of surrogates.
        degree, n_terms: Of its polynomial.
        n_simulated: Regimens simulated for it.
        certified: See `Fitted`.
        words: What it did.
        accuracy: On allowed regimens that it did not see.
        regret_low, regret_high: 95 % interval of the regret over posterior members (QALY).
    """

    name: str
    degree: int
    n_terms: int
    n_simulated: int
    certified: bool
    words: str
    accuracy: SurrogateAccuracy
    regret_low: float
    regret_high: float


def score(
    name: str,
    fitted: Fitted,
    feasible: NDArray[np.uint8],
    utility: Array,
    member_utility: Callable[[NDArray[np.uint8]], Array],
    *,
    drawn: int | None = None,
) -> SurrogateScore:
    """Hold a surrogate against the utilities of all feasible choices.

    Args:
        name: Of the surrogate.
        fitted: What it made.
        feasible: (k, n) all feasible choices.
        utility: (k,) their utility.
        member_utility: (2, n) choices to (2, m) utilities in every posterior member.
        drawn: As in `accuracy`.
    """
    seen = {row.tobytes() for row in np.ascontiguousarray(fitted.bits)}
    trained = np.array([row.tobytes() in seen for row in np.ascontiguousarray(feasible)])
    if trained.all():
        trained[:] = False  # it saw everything: there is nothing to hold out, and nothing to hide
    found = accuracy(fitted.polynomial, feasible, utility, trained, drawn=drawn)
    chosen, best = int(np.argmax(fitted.polynomial.evaluate(feasible))), int(np.argmax(utility))
    low = high = 0.0
    if chosen != best:
        both = member_utility(feasible[[best, chosen]])
        low, high = np.quantile(both[0] - both[1], [0.025, 0.975])
    return SurrogateScore(
        name=name,
        degree=fitted.polynomial.degree,
        n_terms=fitted.polynomial.n_terms,
        n_simulated=len(fitted.utility),
        certified=fitted.certified,
        words=fitted.words,
        accuracy=found,
        regret_low=float(low),
        regret_high=float(high),
    )
