"""Active refinement: simulate where the surrogate's optimum is, fit again, until nothing can be
better or the budget ends.

Half of the budget goes to a random sample; then, round by round, the most promising allowed
regimens that were not simulated yet. It ends when the best simulated utility exceeds every
prediction among the others by more than any regimen has yet exceeded its prediction before it was
simulated, in the folds of the cross-validation and in every round asked. The optimum is then
certified as far as the errors seen speak for those not seen; it is no proof.
"""

from __future__ import annotations

import numpy as np

from qtwin.encoding.surrogate import Bits, Fitted, Simulate
from qtwin.encoding.surrogate.least_squares import choose_ridge, fit

_FEWEST_A_ROUND, _MOST_ROUNDS = 8, 16


def _refined(
    simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator, order: int
) -> Fitted:
    budget = min(budget, len(feasible))
    simulated = np.zeros(len(feasible), dtype=bool)
    simulated[rng.choice(len(feasible), size=max(budget // 2, 1), replace=False)] = True
    utility = np.full(len(feasible), np.nan)
    utility[simulated] = simulate(feasible[simulated])
    known = np.flatnonzero(simulated)
    ridge, worst = (
        choose_ridge(feasible[known], utility[known], order=order, rng=rng)
        if len(known) >= 10
        else (1e-6, np.inf)
    )
    certified, rounds = False, 0
    while True:
        known = np.flatnonzero(simulated)
        polynomial = fit(feasible[known], utility[known], order=order, ridge=ridge)
        open_ = np.flatnonzero(~simulated)
        if not len(open_):
            certified = True
            break
        guess = polynomial.evaluate(feasible[open_])
        if float(utility[known].max()) > float(guess.max()) + worst:
            certified = True
            break
        left = budget - len(known)
        if left <= 0:
            break
        ask = open_[
            np.argsort(-guess)[: min(max(_FEWEST_A_ROUND, budget // (2 * _MOST_ROUNDS)), left)]
        ]
        utility[ask] = simulate(feasible[ask])
        seen = float(np.max(utility[ask] - polynomial.evaluate(feasible[ask])))
        worst = seen if np.isinf(worst) else max(worst, seen)
        simulated[ask] = True
        rounds += 1
    end = f"no other predicted within {worst:.2g} QALY of the best" if certified else "budget spent"
    return Fitted(
        polynomial=polynomial,
        bits=feasible[known],
        utility=utility[known],
        certified=certified,
        words=f"{len(known)} allowed regimens simulated in {rounds} rounds, {end}",
    )


def pairs(simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator) -> Fitted:
    """A QUBO refined around its optimum."""
    return _refined(simulate, feasible, budget, rng, 2)


def triples(simulate: Simulate, feasible: Bits, budget: int, rng: np.random.Generator) -> Fitted:
    """A cubic polynomial refined around its optimum."""
    return _refined(simulate, feasible, budget, rng, 3)
