"""The energy of H2 in a minimal basis on four qubits, measured on a noisy device with each way to treat noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.backend import registry
from qtwin.backend.base import Ansatz, Layer
from qtwin.backend.mitigation import Mitigated
from qtwin.benchmark.mitigation.recipe import Recipe
from qtwin.encoding.excitation import ALPHA, BETA, Excitation, Rotation
from qtwin.encoding.mapping.electronic import electronic, generator, reference
from qtwin.encoding.mapping.jordan_wigner import jordan_wigner
from qtwin.encoding.pauli import PauliSum

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
    """H2 in STO-3G by Jordan-Wigner; the double excitation from Hartree-Fock, trained without noise.

    All eight strings of the double excitation act alike on the Hartree-Fock determinant, so one of them is enough: six CX.

    Raises:
        MissingVendorError: without PySCF.
    """
    from scipy.optimize import minimize_scalar

    from qtwin.problem.molecule.molecule import Molecule
    from qtwin.problem.molecule.problem import Choice, pose

    molecule = Molecule(
        symbols=("H", "H"), coordinates_angstrom=np.array([[0.0, 0.0, 0.0], [0.0, 0.0, distance_angstrom]]), basis="sto-3g"
    )
    posed = pose(molecule, Choice(scheme="all"))
    mapping = jordan_wigner(4)
    observable = mapping.apply(electronic(posed.h1_hartree, posed.h2_hartree, posed.core_hartree))
    double = Rotation(excitation=Excitation(moves=((1, 0, ALPHA), (1, 0, BETA))), parameter=0)
    words = mapping.apply(generator(double, 2))
    one = PauliSum(x=words.x[:1], z=words.z[:1], coefficients=np.ones(1))
    start = mapping.encode(reference(2, 1, 1)[None, :])[0].astype(np.int8)
    ansatz = Ansatz(n_qubits=4, reference=start, layers=(Layer(generator=one, parameter=0),), n_parameters=1)
    exact = registry.load("statevector")

    def energy(angle: float) -> float:
        return exact.expectation(ansatz, np.array([angle]), observable).value

    found = minimize_scalar(energy, bounds=(-np.pi / 2, np.pi / 2), method="bounded", options={"xatol": 1e-10})
    return EnergyCase(ansatz=ansatz, theta=np.array([found.x]), observable=observable, exact_hartree=float(found.fun))


def measure(case: EnergyCase, device: str, line: str, recipe: Recipe, *, shots: int, seeds: list[int]) -> list[dict[str, float]]:
    """One estimate a seed: error and standard error in millihartree, and all shots that it took."""
    found = []
    backend = registry.load(f"fake:{device}", {**recipe.device, "line": line})
    for seed in seeds:
        treated = Mitigated(backend, **recipe.mitigation)
        estimate = treated.expectation(case.ansatz, case.theta, case.observable, shots=shots, seed=seed)
        found.append(
            {
                "error_millihartree": 1000.0 * (estimate.value - case.exact_hartree),
                "standard_error_millihartree": 1000.0 * estimate.standard_error,
                "shots": treated.shots_spent,
            }
        )
    return found
