"""What mitigation is worth: the same circuits on a noisy device with each method and without, many
times, with intervals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend import registry
from qtwin.backend.base import Ansatz, Backend, Layer, Samples
from qtwin.backend.mitigation import Mitigated, Readout, quasi_probabilities
from qtwin.chemistry.excitation import ALPHA, BETA, Excitation, Rotation
from qtwin.chemistry.mapping import electronic, generator, jordan_wigner, reference
from qtwin.encoding.generate import make
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.pauli import PauliSum, diagonal
from qtwin.errors import InputError
from qtwin.solver.classical.random_sampling import descend
from qtwin.solver.variational.training import ansatz as qaoa
from qtwin.solver.variational.training import train


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Options of the device and of the mitigation around it.

    Attributes:
        label: As printed.
        device: Options of the fake backend.
        mitigation: Options of `qtwin.backend.mitigation.Mitigated`; empty for none.
    """

    label: str
    device: Mapping[str, Any] = field(default_factory=dict)
    mitigation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def idle(self) -> bool:
        """Whether waiting qubits decay; only rows with equal noise can be compared."""
        return bool(
            self.device.get("idle_noise") or self.device.get("decoupling", "none") != "none"
        )


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A mean with its 95 % interval by the bootstrap over repetitions."""

    value: float
    low: float
    high: float


def summarised(
    values: Sequence[float], *, root_mean_square: bool = False, draws: int = 4000, seed: int = 0
) -> Summary:
    """Mean, or root mean square, of repetitions, with its percentile bootstrap interval (Efron
    1979).
    """
    x = np.asarray(values, dtype=np.float64)
    picks = x[np.random.default_rng(seed).integers(len(x), size=(draws, len(x)))]

    def statistic(a: Any, axis: int) -> Any:
        return np.sqrt((a**2).mean(axis=axis)) if root_mean_square else a.mean(axis=axis)

    low, high = np.quantile(statistic(picks, 1), (0.025, 0.975))
    return Summary(value=float(statistic(x, 0)), low=float(low), high=float(high))


# QAOA on a small constrained choice, sampled on a noisy device, with each way to treat noise and
# beside tossed coins.
#
# Quasi-probabilities and extrapolated means are no samples: they say what a noiseless device would
# have shown, not what was found. What was found is worth what it adds to uniform random bits that
# get the same repair.

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
        raise InputError(
            f"expected at most {_WIDEST} candidates with noise, got {n}", hint="lower variables"
        )
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


def repetition(
    case: SamplingCase, devices: Mapping[str, Backend], *, shots: int, seed: int
) -> dict[str, Found]:
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
        return devices[name].sample(
            case.ansatz, case.theta, shots=shots, seed=int(rng.integers(2**62))
        )

    raw = draw("plain")
    found = {"none": _of(case, raw.bits, raw.counts / raw.shots)}
    found["twirling"] = _weighted(case, draw("twirled"))
    found["decoupling, with idle decay"] = _weighted(case, draw("decoupled"))
    plain: Any = devices["plain"]
    readout = Readout.of(
        *plain.calibration(case.ansatz, shots=shots, seed=int(rng.integers(2**62)))
    )
    found["readout"] = _of(case, raw.bits, quasi_probabilities(raw, readout))
    treated = Mitigated(
        plain, readout="m3", zne=(1, 3, 5), extrapolation="linear", calibration_shots=shots
    )
    mean = treated.expectation(
        case.ansatz,
        case.theta,
        diagonal(polynomial),
        shots=3 * shots,
        seed=int(rng.integers(2**62)),
    )
    found["readout + extrapolation"] = {"energy": mean.value, "optimum": None}
    feasible = case.encoding.is_feasible(raw.bits)
    share = raw.counts * feasible
    found["feasible shots alone"] = (
        _of(case, raw.bits[feasible], share[feasible] / share.sum()) if share.any() else _nothing()
    )
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
    return {
        "energy": float(weights @ energies),
        "optimum": float(weights[np.isclose(energies, case.best)].sum()),
    }


# The energy of H2 in a minimal basis on four qubits, measured on a noisy device with each way to
# treat noise.

ZNE = {"zne": (1, 3, 5), "extrapolation": "linear"}
SYMMETRY = {"symmetries": ("-Z0 Z1", "-Z2 Z3"), "grouping": "general"}
M3 = {"readout": "m3"}
RECIPES: tuple[Recipe, ...] = (
    Recipe(label="none"),
    Recipe(label="none, fewer groups", mitigation={"grouping": "general"}),
    Recipe(label="readout", mitigation=M3),
    Recipe(label="symmetry", mitigation=SYMMETRY),
    Recipe(label="readout + symmetry", mitigation=M3 | SYMMETRY),
    Recipe(label="twirling", device={"twirls": 8}),
    Recipe(label="extrapolation", mitigation=ZNE),
    Recipe(label="readout + extrapolation", mitigation=M3 | ZNE),
    Recipe(label="twirling + readout + extrapolation", device={"twirls": 8}, mitigation=M3 | ZNE),
    Recipe(label="readout + symmetry + extrapolation", mitigation=M3 | SYMMETRY | ZNE),
    Recipe(label="none, with idle decay", device={"idle_noise": True}),
    Recipe(label="decoupling, with idle decay", device={"decoupling": "XX"}),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class EnergyCase:
    """A trained circuit and what it should measure.

    Attributes:
        ansatz, theta: The circuit at its best angle.
        observable: The Hamiltonian, hartree.
        exact_hartree: Its lowest eigenvalue, which the noiseless circuit reaches.
    """

    ansatz: Ansatz
    theta: NDArray[np.float64]
    observable: PauliSum
    exact_hartree: float


def hydrogen(distance_angstrom: float) -> EnergyCase:
    """H2 in STO-3G by Jordan-Wigner; the double excitation from Hartree-Fock, trained without
    noise.

    All eight strings of the double excitation act alike on the Hartree-Fock determinant, so one of
    them is enough: six CX.

    Raises:
        MissingVendorError: without PySCF.
    """
    from scipy.optimize import minimize_scalar

    from qtwin.chemistry.molecule import Molecule
    from qtwin.chemistry.problem import Choice, pose

    molecule = Molecule(
        symbols=("H", "H"),
        coordinates_angstrom=np.array([[0.0, 0.0, 0.0], [0.0, 0.0, distance_angstrom]]),
        basis="sto-3g",
    )
    posed = pose(molecule, Choice(scheme="all"))
    mapping = jordan_wigner(4)
    observable = mapping.apply(electronic(posed.h1_hartree, posed.h2_hartree, posed.core_hartree))
    double = Rotation(excitation=Excitation(moves=((1, 0, ALPHA), (1, 0, BETA))), parameter=0)
    words = mapping.apply(generator(double, 2))
    one = PauliSum(x=words.x[:1], z=words.z[:1], coefficients=np.ones(1))
    start = mapping.encode(reference(2, 1, 1)[None, :])[0].astype(np.int8)
    ansatz = Ansatz(
        n_qubits=4, reference=start, layers=(Layer(generator=one, parameter=0),), n_parameters=1
    )
    exact = registry.load("statevector")

    def energy(angle: float) -> float:
        return exact.expectation(ansatz, np.array([angle]), observable).value

    found = minimize_scalar(
        energy, bounds=(-np.pi / 2, np.pi / 2), method="bounded", options={"xatol": 1e-10}
    )
    return EnergyCase(
        ansatz=ansatz,
        theta=np.array([found.x]),
        observable=observable,
        exact_hartree=float(found.fun),
    )


def measure(
    case: EnergyCase, device: str, line: str, recipe: Recipe, *, shots: int, seeds: list[int]
) -> list[dict[str, float]]:
    """One estimate a seed: error and standard error in millihartree, and all shots that it took."""
    found = []
    backend = registry.load(f"fake:{device}", {**recipe.device, "line": line})
    for seed in seeds:
        treated = Mitigated(backend, **recipe.mitigation)
        estimate = treated.expectation(
            case.ansatz, case.theta, case.observable, shots=shots, seed=seed
        )
        found.append(
            {
                "error_millihartree": 1000.0 * (estimate.value - case.exact_hartree),
                "standard_error_millihartree": 1000.0 * estimate.standard_error,
                "shots": treated.shots_spent,
            }
        )
    return found
