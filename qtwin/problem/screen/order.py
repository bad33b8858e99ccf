"""Do singles and pairs predict what three and more drugs do together? Surrogates of a combination,
against measured sets.

With e_ij the deviation of a pair from no interaction and B_S the value of the set without any (0
for scores, the sum of the log growths for growth, which is Bliss independence), the surrogates
predict

none              B_S
sum of pairs      B_S + sum e_ij: log-linear pairs (Kirkwood 1935; Tendler 2019) where values are
                  logarithms of growth
mean of pairs     B_S + mean e_ij: also quadratic in the choice, once the number of drugs is fixed
second order      regression on 1, x_i, x_i x_j (QPOP: Rashid 2018, Sci Transl Med 10:eaan0941;
                  x_i^2 = x_i at one dose), fitted on the empty set, singles, pairs and the other
                  larger sets
... calibrated    a + b p by least squares on the other sets, p a prediction above or the number of
                  drugs; `constant` is their mean

What is fitted is fitted without the set that is predicted (leave-one-out). The dose models of
Zimmer 2016 (PNAS 113:10442) and Katzir 2019 (PLoS Comput Biol 15:e1006774) need dose-response
curves, which tables of one value a set do not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from qtwin.errors import InputError
from qtwin.problem.screen.sets import CombinationSets

Array = NDArray[np.float64]
CONSTANT, NUMBER = "constant", "number, calibrated"
WORDS: Mapping[str, str] = {
    "none": "no interaction",
    "sum of pairs": "sum of pairs",
    "mean of pairs": "mean of pairs",
    "second order": "second-order regression",
    "sum, calibrated": "sum of pairs, calibrated",
    "mean, calibrated": "mean of pairs, calibrated",
    NUMBER: "number of drugs alone, calibrated",
    CONSTANT: "constant (mean of the other sets)",
}
"""Surrogate to its name on the page, in the order of presentation."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """Measured sets of three and more drugs whose pairs were all measured, and every surrogate's
    prediction of them.

    Attributes:
        members: (t) drug indices.
        order: (t,) number of drugs.
        measured: (t,) values.
        base: (t,) values without interaction.
        predicted: Surrogate to (t,) predictions.
        n_unpredictable: Larger sets with a pair (or single) that was not measured.
    """

    members: tuple[tuple[int, ...], ...]
    order: NDArray[np.int64]
    measured: Array
    base: Array
    predicted: Mapping[str, Array]
    n_unpredictable: int


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How well one surrogate predicts, over all sets or those of one order; 95 % intervals by
    bootstrap over the sets.

    Attributes:
        surrogate: Its key.
        order: Number of drugs, 0 for all.
        n: Number of sets.
        predicted_mean, measured_mean: Means over the sets.
        rmse: Root mean square error, (value, low, high).
        r: Pearson correlation likewise; NaN for fewer than five sets or a prediction that does not
            tell them apart.
        sign: Share of sets whose prediction lies on the measured side of no interaction, with its
            exact interval; NaN for `none`.
        excess: RMSE less that of the constant, on the same resampled sets.
    """

    surrogate: str
    order: int
    n: int
    predicted_mean: float
    measured_mean: float
    rmse: tuple[float, float, float]
    r: tuple[float, float, float]
    sign: tuple[float, float, float]
    excess: tuple[float, float, float]


def study(data: CombinationSets) -> Study:
    """Predict every larger set whose parts were measured.

    Raises:
        InputError: if there are fewer than three such sets.
    """
    singles = (
        {m[0]: v for m, v in data.of_size(1).items()}
        if data.kind == "growth"
        else dict.fromkeys(range(len(data.drugs)), 0.0)
    )
    pairs = data.of_size(2)
    excess = {
        p: v - singles[p[0]] - singles[p[1]]
        for p, v in pairs.items()
        if p[0] in singles and p[1] in singles
    }
    larger = [(m, float(v)) for m, v in zip(data.members, data.value, strict=True) if len(m) > 2]
    known = [(m, v) for m, v in larger if all(p in excess for p in combinations(m, 2))]
    if len(known) < 3:
        raise InputError(
            f"{len(known)} sets of three and more drugs have all their "
            f"{'singles and ' if data.kind == 'growth' else ''}pairs"
            " measured, at least 3 were wanted",
            hint="measure the pairs of the sets, or name another sheet",
        )
    members = tuple(m for m, _ in known)
    measured = np.array([v for _, v in known])
    order = np.array([len(m) for m in members])
    base = np.array([sum(singles[i] for i in m) for m in members])
    parts = [np.array([excess[p] for p in combinations(m, 2)]) for m in members]
    total, mean = (base + np.array([f(e) for e in parts]) for f in (np.sum, np.mean))
    predicted = {
        "none": base,
        "sum of pairs": total,
        "mean of pairs": mean,
        "second order": _second_order(members, measured, singles, pairs),
        "sum, calibrated": _calibrated(total, measured),
        "mean, calibrated": _calibrated(mean, measured),
        NUMBER: _calibrated(order.astype(np.float64), measured),
        CONSTANT: (measured.sum() - measured) / (len(measured) - 1),
    }
    return Study(
        members=members,
        order=order,
        measured=measured,
        base=base,
        predicted=predicted,
        n_unpredictable=len(larger) - len(known),
    )


def _calibrated(x: Array, y: Array) -> Array:
    """(t,) predictions of y by a line through the other points; their mean where these have one
    x.
    """
    out = np.empty(len(y))
    for t in range(len(y)):
        others = np.arange(len(y)) != t
        a, b = x[others], y[others]
        spread = float(((a - a.mean()) ** 2).sum())
        slope = float(((a - a.mean()) * (b - b.mean())).sum()) / spread if spread > 0.0 else 0.0
        out[t] = b.mean() + slope * (x[t] - a.mean())
    return out


def _second_order(
    members: Sequence[tuple[int, ...]],
    measured: Array,
    singles: Mapping[int, float],
    pairs: Mapping[tuple[int, ...], float],
) -> Array:
    """(t,) leave-one-out predictions of the second-order regression."""
    drugs = sorted({i for p in pairs for i in p} | {i for m in members for i in m})
    column: dict[tuple[int, ...], int] = {(): 0, **{(i,): 1 + k for k, i in enumerate(drugs)}}
    column |= {p: 1 + len(drugs) + k for k, p in enumerate(sorted(pairs))}

    def row(chosen: Sequence[int]) -> Array:
        x = np.zeros(len(column))
        x[0] = 1.0
        x[[column[(i,)] for i in chosen]] = 1.0
        x[[column[p] for p in combinations(chosen, 2)]] = 1.0
        return x

    alone = [i for i in drugs if i in singles]
    smaller = np.array([row(()), *(row((i,)) for i in alone), *(row(p) for p in sorted(pairs))])
    target = np.array([0.0, *(singles[i] for i in alone), *(pairs[p] for p in sorted(pairs))])
    # Each larger set is a combination of rows of singles and pairs, so its leverage h is below 1
    # and y - (y - fit) / (1 - h) is the prediction of the fit without it (Allen 1974, Technometrics
    # 16:125), all from one decomposition.
    design = np.concatenate([smaller, np.array([row(m) for m in members])])
    y = np.concatenate([target, measured])
    left, size, _ = np.linalg.svd(design, full_matrices=False)
    kept = left[:, size > 1e-10 * size[0]]
    fit, leverage = kept @ (kept.T @ y), (kept**2).sum(axis=1)
    last = slice(len(smaller), None)
    return np.asarray(y[last] - (y[last] - fit[last]) / (1.0 - leverage[last]))


def agreements(found: Study, *, seed: int = 0, resamples: int = 4000) -> tuple[Agreement, ...]:
    """Every surrogate over all sets and by order.

    Args:
        found: From `study`.
        seed: Of the bootstrap.
        resamples: Number of bootstrap samples; the same for every surrogate.
    """
    out = []
    for order in (0, *sorted(set(found.order.tolist()))):
        chosen = np.flatnonzero(found.order == order) if order else np.arange(len(found.order))
        draws = np.random.default_rng([seed, order]).integers(
            0, len(chosen), size=(resamples, len(chosen))
        )
        rows = np.concatenate([np.arange(len(chosen))[None, :], draws])  # the sample itself first
        y, base = found.measured[chosen][rows], found.base[chosen][rows]
        null = _rmse(found.predicted[CONSTANT][chosen][rows], y)
        for name, prediction in found.predicted.items():
            p = prediction[chosen][rows]
            error = _rmse(p, y)
            silent = name in ("none", CONSTANT)
            agree = np.sign(p[0] - base[0]) == np.sign(y[0] - base[0])
            out.append(
                Agreement(
                    surrogate=name,
                    order=order,
                    n=len(chosen),
                    predicted_mean=float(p[0].mean()),
                    measured_mean=float(y[0].mean()),
                    rmse=_interval(error),
                    r=_NOTHING
                    if len(chosen) < _FEWEST or silent or (order and name == NUMBER)
                    else _interval(_correlation(p, y)),
                    sign=_NOTHING if name == "none" else _exact(int(agree.sum()), len(chosen)),
                    excess=_interval(error - null),
                )
            )
    return tuple(out)


_NOTHING = (float("nan"), float("nan"), float("nan"))
_FEWEST = 5
"""Sets below which a correlation says nothing."""


def _exact(successes: int, n: int) -> tuple[float, float, float]:
    """A share with its exact 95 % interval (Clopper, Pearson 1934), which stays open where all
    agree.
    """
    low = float(beta.ppf(0.025, successes, n - successes + 1)) if successes else 0.0
    high = float(beta.ppf(0.975, successes + 1, n - successes)) if successes < n else 1.0
    return successes / n, low, high


def _rmse(p: Array, y: Array) -> Array:
    return np.asarray(np.sqrt(((p - y) ** 2).mean(axis=1)))


def _correlation(p: Array, y: Array) -> Array:
    """(b,) row-wise Pearson correlations, NaN where a row has no spread."""
    a, b = p - p.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    tiny = scale <= 1e-12 * (1.0 + np.abs(p).max() * np.abs(y).max())
    return np.where(tiny, np.nan, (a * b).sum(axis=1) / np.where(tiny, 1.0, scale))


def _interval(values: Array) -> tuple[float, float, float]:
    """The first value, and the central 95 % of the others (NaN for a single set, where nothing can
    be resampled).
    """
    others = values[1:]
    others = others[np.isfinite(others)]
    if len(others) < 2 or np.ptp(others) == 0.0:
        return float(values[0]), float("nan"), float("nan")
    low, high = np.quantile(others, (0.025, 0.975))
    return float(values[0]), float(low), float(high)
