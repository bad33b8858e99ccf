"""QAOA on a small constrained choice, sampled on a noisy device, with each way to treat noise and beside tossed coins.

Quasi-probabilities and extrapolated means are no samples: they say what a noiseless device would have shown, not what was found.
What was found is worth what it adds to uniform random bits that get the same repair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend import registry
from qtwin.backend.base import Ansatz, Backend, Samples
from qtwin.backend.mitigation import Mitigated, Readout, quasi_probabilities
from qtwin.encoding.generate import make
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import diagonal
from qtwin.errors import InputError
from qtwin.solver.classical.random_sampling import descend
from qtwin.solver.training import ansatz as qaoa
from qtwin.solver.training import train

_WIDEST = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class SamplingCase:
    """A trained circuit on one instance, everything about which is known by enumeration.

    Attributes:
        encoding: The choice with its penalties.
        ansatz, theta: QAOA at angles trained without noise.
        best: Lowest energy.
        ideal_energy, ideal_optimum: Noiseless mean energy, and probability of an optimal shot.
        ideal_repaired: Probability of an optimal shot after one-flip descent, without noise.
    """

    encoding: BinaryModel
    ansatz: Ansatz
    theta: NDArray[np.float64]
    best: float
    ideal_energy: float
    ideal_optimum: float
    ideal_repaired: float


def choice(n: int, k: int, layers: int, *, seed: int) -> SamplingCase:
    """Exactly k of n options with random pair values.

    Raises:
        InputError: for more than 12 options.
    """
    if n > _WIDEST:
        raise InputError(f"{n} options came, at most {_WIDEST} are simulated with noise here", hint="lower variables")
    encoding = make("cardinality", n, seed=seed, k=k).encoding
    polynomial = encoding.polynomial
    width = polynomial.n_variables
    trained = train(polynomial, layers, seed=seed)
    circuit, theta = qaoa(polynomial, layers), np.array(trained.theta)
    every = (np.arange(2**width)[:, None] >> np.arange(width) & 1).astype(np.uint8)
    energies = polynomial.evaluate(every)
    exact: Any = registry.load("statevector")
    probabilities = exact.probabilities(circuit, theta)
    repaired = polynomial.evaluate(descend(polynomial, every)[0])
    return SamplingCase(
        encoding=encoding,
        ansatz=circuit,
        theta=theta,
        best=float(energies.min()),
        ideal_energy=float(probabilities @ energies),
        ideal_optimum=float(probabilities[np.isclose(energies, energies.min())].sum()),
        ideal_repaired=float(probabilities[np.isclose(repaired, energies.min())].sum()),
    )


Found = dict[str, float | None]
"""Mean energy and probability of the optimum; None where a method gives none."""


def repetition(case: SamplingCase, devices: Mapping[str, Backend], *, shots: int, seed: int) -> dict[str, Found]:
    """Mean energy and probability of the optimum by every method, once.

    Args:
        case: What is sampled.
        devices: The same device "plain", "twirled" and "decoupled".
        shots: Of each sample; calibration and amplified circuits come on top.
        seed: Of everything.
    """
    rng = np.random.default_rng(seed)
    polynomial = case.encoding.polynomial

    def draw(name: str) -> Samples:
        return devices[name].sample(case.ansatz, case.theta, shots=shots, seed=int(rng.integers(2**62)))

    raw = draw("plain")
    found = {"none": _of(case, raw.bits, raw.counts / raw.shots)}
    found["twirling"] = _weighted(case, draw("twirled"))
    found["decoupling, with idle decay"] = _weighted(case, draw("decoupled"))
    plain: Any = devices["plain"]
    readout = Readout.of(*plain.calibration(case.ansatz, shots=shots, seed=int(rng.integers(2**62))))
    found["readout"] = _of(case, raw.bits, quasi_probabilities(raw, readout))
    treated = Mitigated(plain, readout="m3", zne=(1, 3, 5), extrapolation="linear", calibration_shots=shots)
    mean = treated.expectation(case.ansatz, case.theta, diagonal(polynomial), shots=3 * shots, seed=int(rng.integers(2**62)))
    found["readout + extrapolation"] = {"energy": mean.value, "optimum": None}
    allowed = case.encoding.is_feasible(raw.bits)
    share = raw.counts * allowed
    found["allowed shots alone"] = _of(case, raw.bits[allowed], share[allowed] / share.sum()) if share.any() else _nothing()
    found["none + one-flip descent"] = _descended(case, np.repeat(raw.bits, raw.counts, axis=0))
    coins = rng.integers(0, 2, size=(shots, polynomial.n_variables), dtype=np.uint8)
    found["random bits"] = _of(case, coins, np.full(shots, 1.0 / shots))
    found["random bits + one-flip descent"] = _descended(case, coins)
    return found


def _nothing() -> Found:
    return {"energy": None, "optimum": None}


def _weighted(case: SamplingCase, samples: Samples) -> Found:
    return _of(case, samples.bits, samples.counts / samples.shots)


def _descended(case: SamplingCase, bits: NDArray[np.uint8]) -> Found:
    lower, _ = descend(case.encoding.polynomial, bits)
    return _of(case, lower, np.full(len(lower), 1.0 / len(lower)))


def _of(case: SamplingCase, bits: NDArray[np.uint8], weights: NDArray[np.float64]) -> Found:
    """Mean energy and weight of the optimum."""
    energies = case.encoding.polynomial.evaluate(bits)
    return {"energy": float(weights @ energies), "optimum": float(weights[np.isclose(energies, case.best)].sum())}
