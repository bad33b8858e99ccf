"""What readout errors and two-qubit errors do to an estimate, taken back: readout mitigation and
extrapolation to no noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Estimate, Samples
from qtwin.errors import InputError, require_vendor

Extrapolation = Literal["linear", "quadratic", "exponential", "richardson"]
_LEAST = {"linear": 2, "quadratic": 3, "exponential": 3, "richardson": 2}


def check_factors(factors: Sequence[int], extrapolation: Extrapolation) -> None:
    """Refuse noise factors that no extrapolation can use.

    Raises:
        InputError: for factors that are not odd, positive and rising from 1, or too few.
        MissingVendorError: without Mitiq.
    """
    rising = list(factors) == sorted(set(factors))
    if not factors or factors[0] != 1 or not rising or any(f % 2 == 0 for f in factors):
        raise InputError(
            f"expected odd noise factors rising from 1, got {list(factors)}", hint="zne = [1, 3, 5]"
        )
    least = _LEAST[extrapolation]
    if len(factors) < least:
        raise InputError(
            f"expected at least {least} noise factors for {extrapolation} extrapolation, "
            f"got {len(factors)}",
            hint="zne = [1, 3, 5]",
        )
    require_vendor("mitiq", package="mitiq", needed_by="zero-noise extrapolation")


def extrapolated(
    factors: Sequence[int], estimates: Sequence[Estimate], extrapolation: Extrapolation
) -> Estimate:
    """The estimate at noise factor 0; errors are carried through the fit by its derivatives."""
    fit = _fit(extrapolation)
    values = [e.value for e in estimates]
    value = fit(factors, values)
    variance = 0.0
    for k, e in enumerate(estimates):
        step = max(e.standard_error, 1e-6)
        up, down = (
            fit(factors, [v + s * step * (j == k) for j, v in enumerate(values)]) for s in (1, -1)
        )
        variance += ((up - down) / 2.0) ** 2 * (e.standard_error / step) ** 2
    return Estimate(value=value, standard_error=float(np.sqrt(variance)), unit=estimates[0].unit)


def _fit(extrapolation: Extrapolation) -> Callable[[Sequence[int], Sequence[float]], float]:
    from mitiq.zne import inference

    def run(factors: Sequence[int], values: Sequence[float]) -> float:
        scale = [float(f) for f in factors]
        if extrapolation == "linear":
            found: Any = inference.LinearFactory.extrapolate(scale, list(values))
        elif extrapolation == "richardson":
            found = inference.RichardsonFactory.extrapolate(scale, list(values))
        elif extrapolation == "quadratic":
            found = inference.PolyFactory.extrapolate(scale, list(values), order=2)
        else:
            found = inference.ExpFactory.extrapolate(scale, list(values), asymptote=0.0)
        return float(found)

    return run


# Readout mitigation on the observed bit strings alone: M3 (Nation, Kang, Sundaresan, Gambetta 2021,
# PRX Quantum 2:040326).
#
# Readout errors of different qubits are taken as independent (two calibration circuits). The
# assignment matrix
#
#     A[s, t] = prod_i P_i(read s_i | true t_i)
#
# is restricted to the strings that were seen and its columns are normalised (equations 5 and 6
# there); A q = p gives quasi-probabilities, which sum to one but may be negative. Means are linear
# in the counts, so their standard error is exact up to the error of the calibration.

Floats = NDArray[np.float64]
_DENSE = 2048
_MOST = 16_384
_LEAST_DETERMINANT = 1e-6


@dataclass(frozen=True, kw_only=True)
class Readout:
    """How often each qubit is read wrongly.

    Attributes:
        zero_as_one: (n,) P(read 1 | true 0).
        one_as_zero: (n,) P(read 0 | true 1).
    """

    zero_as_one: Floats
    one_as_zero: Floats

    def __post_init__(self) -> None:
        wrong = self.zero_as_one + self.one_as_zero
        if (wrong >= 1.0).any():
            q = int(np.argmax(wrong))
            raise InputError(
                f"qubit {q} is read wrongly so often ({wrong[q]:.2f}) that its result says nothing",
                hint="leave this qubit out",
            )

    @staticmethod
    def of(zeros: Samples, ones: Samples) -> Readout:
        """From all qubits prepared in 0 and in 1; half a count is added to each outcome, so that
        nothing is certain.
        """

        def rate(samples: Samples, wrong: int) -> Floats:
            hits = samples.counts @ (samples.bits == wrong).astype(np.float64)
            return np.asarray((hits + 0.5) / (samples.shots + 1.0))

        return Readout(zero_as_one=rate(zeros, 1), one_as_zero=rate(ones, 0))

    def logarithms(self) -> tuple[float, Floats, Floats, Floats]:
        """Log P(s | t) = constant + a . s + b . t + d . (s t), elementwise products summed over the
        qubits.
        """
        p01, p10 = (
            np.maximum(self.zero_as_one, _LEAST_DETERMINANT),
            np.maximum(self.one_as_zero, _LEAST_DETERMINANT),
        )
        zero, one = np.log1p(-p01), np.log1p(-p10)
        a, b = np.log(p01) - zero, np.log(p10) - zero
        return float(zero.sum()), a, b, one - np.log(p01) - np.log(p10) + zero


def _block(readout: Readout, read: Floats, true: Floats) -> Floats:
    """(r, t) of the matrix before its columns are normalised."""
    constant, a, b, d = readout.logarithms()
    return np.asarray(
        np.exp(constant + (read @ a)[:, None] + (true @ b)[None, :] + (read * d) @ true.T)
    )


def _solve(readout: Readout, bits: Floats, right: Floats, *, transposed: bool) -> Floats:
    """A q = right, or its transpose, over the strings `bits`."""
    m = len(bits)
    if m > _MOST:
        raise InputError(
            f"expected at most {_MOST} distinct strings, got {m}", hint="take fewer shots"
        )
    if m <= _DENSE:
        matrix = _block(readout, bits, bits)
        matrix /= matrix.sum(axis=0)
        return np.asarray(np.linalg.solve(matrix.T if transposed else matrix, right))
    from scipy.sparse.linalg import LinearOperator, gmres

    parts = [slice(i, i + 512) for i in range(0, m, 512)]
    norms = np.sum([_block(readout, bits[p], bits).sum(axis=0) for p in parts], axis=0)

    def forward(q: Floats) -> Floats:
        return np.concatenate([_block(readout, bits[p], bits) @ (q.ravel() / norms) for p in parts])

    def backward(v: Floats) -> Floats:
        flat = v.ravel()
        return np.asarray(
            np.sum([_block(readout, bits[p], bits).T @ flat[p] for p in parts], axis=0) / norms
        )

    operator = LinearOperator((m, m), matvec=backward if transposed else forward, dtype=np.float64)
    found, failed = gmres(operator, right, rtol=1e-8, atol=0.0, maxiter=50)
    if failed:
        raise InputError(
            "the readout errors are too large for these samples: no solution was found",
            hint="take more shots",
        )
    return np.asarray(found)


def quasi_probabilities(samples: Samples, readout: Readout) -> Floats:
    """(m,) weights of the samples' strings without readout errors; they sum to 1, some may be
    negative.
    """
    shares = samples.counts / samples.shots
    return _solve(readout, samples.bits.astype(np.float64), shares, transposed=False)


def weights(samples: Samples, readout: Readout, values: Floats) -> Floats:
    """(m,) what one count of each string adds to the mitigated mean of (m,) values: mean = shares .
    weights.
    """
    return _solve(readout, samples.bits.astype(np.float64), values, transposed=True)
