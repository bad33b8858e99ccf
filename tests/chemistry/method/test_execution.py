"""One trained circuit on all stacks: exact energies agree, sampled ones cover them, errors fall
with the root of the shots.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.chemistry.method.iterative_qpe import IterativeQpe
from qtwin.chemistry.method.vqd import Vqd
from qtwin.chemistry.method.vqe import VqeLucj, VqeUccsd
from qtwin.errors import InputError
from tests.chemistry.method.test_methods import _molecule, _random

STACKS = ["statevector", "aer", "pennylane"]


@pytest.mark.parametrize("backend", STACKS)
@pytest.mark.parametrize(
    ("method", "mapping"), [(VqeUccsd, "jordan-wigner"), (VqeLucj, "parity-reduced")]
)
def test_all_stacks_agree_on_one_circuit(backend: str, method, mapping: str) -> None:  # type: ignore[no-untyped-def]
    molecule = _random(2, 1, 1, 5)
    own = method(starts=1, evaluations=20).solve(molecule, seed=3)
    found = method(
        starts=1, evaluations=20, backend=backend, mapping=mapping, least_angle_rad=0.0
    ).solve(molecule, seed=3)
    assert found.backend == backend
    assert found.standard_error_hartree == 0.0
    assert found.energy_hartree == pytest.approx(own.energy_hartree, abs=1e-9)


def test_excited_states_are_valued_on_a_backend() -> None:
    molecule = _random(2, 1, 1, 0)
    own, other = (
        Vqd(states=2, k=1, starts=3, backend=b).solve(molecule, seed=1)
        for b in ("determinants", "statevector")
    )
    np.testing.assert_allclose(other.energies_hartree, own.energies_hartree, atol=1e-9)
    shots = Vqd(states=2, k=1, starts=3, shots=4000).solve(molecule, seed=1)
    assert shots.shots == 8000
    for value, exact, error in zip(
        shots.energies_hartree,
        own.energies_hartree,
        shots.info["standard_errors_hartree"],
        strict=True,
    ):
        assert abs(value - exact) < 4.5 * error


@pytest.mark.parametrize("backend", STACKS)
def test_phases_are_read_by_circuits_too(backend: str) -> None:
    """H2, one qubit and an ancilla: the majority of each bit leads to the nearest reading but for
    the Trotter error.
    """
    molecule = _molecule("H2")
    found = IterativeQpe(bits=6, backend=backend).solve(molecule, seed=4)
    assert found.backend == backend
    assert abs(found.energy_hartree - molecule.exact[0]) <= 1.5 * found.info["resolution_hartree"]
    assert found.info["qubits"] == 2


@pytest.mark.parametrize("grouping", ["qubit-wise", "general"])
@pytest.mark.parametrize("allocation", ["weight", "variance"])
def test_errors_fall_with_the_root_of_the_shots_and_cover_the_truth(grouping, allocation) -> None:  # type: ignore[no-untyped-def]
    molecule = _random(2, 1, 1, 3)
    exact = VqeUccsd().solve(molecule).energy_hartree
    few, many = (
        VqeUccsd(shots=s, grouping=grouping, allocation=allocation).solve(molecule, seed=9)
        for s in (1000, 16_000)
    )
    assert few.standard_error_hartree / many.standard_error_hartree == pytest.approx(4.0, rel=0.25)
    for found in (few, many):
        assert abs(found.energy_hartree - exact) < 4.5 * found.standard_error_hartree
    assert (few.shots, many.shots) == (1000, 16_000)
    assert few.backend == "statevector"


@pytest.mark.parametrize(("allocation", "shots"), [("weight", 100), ("variance", 100)])
def test_the_standard_error_is_that_of_repetitions(allocation, shots: int) -> None:  # type: ignore[no-untyped-def]
    molecule = _random(2, 1, 1, 4)
    found = [
        VqeUccsd(shots=shots, allocation=allocation).solve(molecule, seed=s) for s in range(40)
    ]
    spread = float(np.std([f.energy_hartree for f in found], ddof=1))
    stated = float(np.sqrt(np.mean([f.standard_error_hartree**2 for f in found])))
    assert spread / stated == pytest.approx(1.0, abs=0.4)  # 40 repetitions know a spread to 11 %


def test_noise_raises_the_energy_of_the_ground_state() -> None:
    molecule = _molecule("H2")
    clean = VqeUccsd(backend="aer", mapping="tapered").solve(molecule).energy_hartree
    noisy = VqeUccsd(
        backend="aer:depolarising_1q=0.02,readout_error=0.02", mapping="tapered", shots=20_000
    ).solve(molecule)
    assert noisy.energy_hartree > clean + 3 * noisy.standard_error_hartree


@pytest.mark.slow
def test_training_on_shots_goes_downhill() -> None:
    molecule = _molecule("H2")
    start = VqeUccsd(evaluations=1).solve(molecule).trace[0].best_energy
    found = VqeUccsd(shots=2000, training="spsa", evaluations=120).solve(molecule, seed=2)
    assert molecule.exact[0] - 5 * found.standard_error_hartree < found.energy_hartree < start
    assert found.shots > 100 * 2000


@pytest.mark.parametrize(
    "options",
    [
        {"shots": 0},
        {"backend": "nowhere"},
        {"grouping": "both"},
        {"allocation": "luck"},
        {"training": "spsa"},
        {"mapping": "x", "shots": 9},
    ],
)
def test_what_does_not_fit_is_refused(options) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError):
        VqeUccsd(**options).solve(_random(2, 1, 1, 0))
