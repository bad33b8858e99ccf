"""From utilities simulated on the twin to a quadratic polynomial, and how far that polynomial is from the twin.

Least squares weighted to good regimens: errors among regimens that nobody would choose matter little, so each training
regimen weighs exp((U - max U) / SD(U)). Pairs that never occur together in the training set get no coefficient.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.encoding import Fidelity
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError

Array = NDArray[np.float64]


def fit_quadratic(bits: NDArray[np.generic], utility: Array, *, ridge: float = 1e-6) -> BinaryPolynomial:
    """Weighted ridge regression on singles and pairs.

    Args:
        bits: (m, n) simulated choices.
        utility: (m,) their utility.
        ridge: Penalty on the coefficients relative to the mean weight; picks one of the many equal fits that rules such as
            'exactly one anticoagulant' leave open.

    Returns:
        A polynomial of degree at most 2 over n variables.

    Raises:
        InputError: for no regimen or a utility that is not finite.
    """
    x = np.asarray(bits, dtype=np.float64)
    y = np.asarray(utility, dtype=np.float64)
    if not len(y) or not np.isfinite(y).all():
        raise InputError(f"{len(y)} utilities came, at least one and all finite were wanted", hint="check the simulation")
    n = x.shape[1]
    together = x.T @ x
    singles = [(i,) for i in range(n) if together[i, i] > 0]
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n) if together[i, j] > 0]
    terms: list[tuple[int, ...]] = [*singles, *pairs]
    columns = np.column_stack([x[:, list(t)].prod(axis=1) for t in terms])
    spread = float(y.std()) or 1.0
    weight = np.exp((y - y.max()) / spread)
    weight /= weight.mean()
    center, level = np.average(columns, axis=0, weights=weight), float(np.average(y, weights=weight))
    root = np.sqrt(weight)[:, None]
    a, b = (columns - center) * root, (y - level) * root[:, 0]
    gram = a.T @ a + ridge * len(y) * np.eye(len(terms))
    coefficients = np.linalg.solve(gram, a.T @ b)
    constant = level - float(center @ coefficients)
    return BinaryPolynomial.of(n, [((), constant), *zip(terms, coefficients.tolist(), strict=True)])


def fidelity(
    polynomial: BinaryPolynomial, bits: NDArray[np.generic], utility: Array, trained: NDArray[np.bool_], *, top: int = 20
) -> Fidelity:
    """Compare the encoded with the simulated utility on feasible choices.

    Args:
        polynomial: Encoded utility over the decision variables.
        bits: (k, n) feasible choices, all of them where the space was enumerated.
        utility: (k,) simulated utility.
        trained: (k,) which of them the fit saw; the others are held out.
        top: Size of the two best lists whose overlap is taken.
    """
    from scipy.stats import spearmanr  # takes more than a second to import

    encoded = polynomial.evaluate(bits)
    held = ~trained
    if not held.any():
        raise InputError("no held-out regimen is left to measure the encoding on", hint="lower encoding.n_train")
    truth, guess = utility[held], encoded[held]
    residual = truth - guess
    best_encoded = int(np.argmax(encoded))
    k = min(top, len(utility))
    shared = len(set(np.argsort(-utility)[:k].tolist()) & set(np.argsort(-encoded)[:k].tolist()))
    variance = float(np.sum((truth - truth.mean()) ** 2))
    return Fidelity(
        n_train=int(trained.sum()),
        n_held_out=int(held.sum()),
        r2=1.0 - float(np.sum(residual**2)) / variance if variance > 0 else float("nan"),
        rank_correlation=float(spearmanr(truth, guess).statistic) if len(truth) > 2 else float("nan"),
        top_overlap=shared / k,
        regret=float(utility.max() - utility[best_encoded]),
        max_error=float(np.max(np.abs(residual))),
    )
