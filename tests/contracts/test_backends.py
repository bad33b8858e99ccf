"""What every backend in the table promises.

A new line in `qtwin.backend.TABLE` is tested without a change here.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from scipy import stats

from qtwin.backend import TABLE, registry
from qtwin.backend.base import Ansatz, Backend, Layer, Samples, sample_many
from qtwin.encoding.pauli import PauliSum, diagonal, transverse_field
from qtwin.encoding.polynomial import BinaryPolynomial, bits_to_index
from qtwin.errors import InputError, MissingVendorError
from tests.oracles.circuits import ising, mixed, qaoa, strings
from tests.oracles.dense_backend import DenseBackend
from tests.oracles.instances import random_polynomial

DENSE = DenseBackend()
QUBO, CUBIC = (
    diagonal(random_polynomial(n, degree, seed)) for n, degree, seed in ((6, 2, 1), (7, 3, 2))
)
FIELDS = ising(np.array([0.3, -1.1, 0.7, 0.2, 0.05, 1.3]), np.zeros((6, 6)))
SMALL = diagonal(BinaryPolynomial.of(2, {(): 0.5, (0,): 1.0, (0, 1): -0.7}))
CASES: dict[str, tuple[Ansatz, PauliSum]] = {
    "QUBO, p = 2": (qaoa(QUBO, 2), QUBO),
    "degree 3, p = 1": (qaoa(CUBIC, 1), CUBIC),
    "fields only, p = 3": (qaoa(FIELDS, 3), FIELDS),
    "two qubits, p = 2": (qaoa(SMALL, 2), SMALL),
    "one bit that is not the cost": (qaoa(QUBO, 2), ising(np.eye(6)[1], np.zeros((6, 6)))),
    "any strings": (
        mixed(5, diagonal(random_polynomial(5, 3, 3)), 4),
        diagonal(random_polynomial(5, 2, 5)),
    ),
    "any strings, any observable": (
        mixed(5, diagonal(random_polynomial(5, 2, 6)), 7),
        strings(5, 9, 8),
    ),
    "QAOA, transverse observable": (qaoa(QUBO, 1), transverse_field(6)),
    "nothing to do": (
        Ansatz(
            n_qubits=3, reference=np.array([1, 0, -1], dtype=np.int8), layers=(), n_parameters=0
        ),
        strings(3, 5, 9),
    ),
}
REMOTE = {"ibm"}  # needs an account; tested against a server of our own in tests/backend/ibm
NOISY = ["fake"]
EXACT = sorted(TABLE.keys() - {*NOISY, *REMOTE})
NAMES = [*EXACT, *NOISY]
VARIANTS = ["aer:matrix_product_state", "aer:density_matrix", "pennylane:default.qubit"]


@cache
def _backend(name: str) -> Backend:
    return registry.load(name)


def _angles(ansatz: Ansatz) -> np.ndarray:
    return np.random.default_rng(ansatz.n_parameters).uniform(-1.5, 1.5, ansatz.n_parameters)


@pytest.mark.parametrize("label", CASES)
@pytest.mark.parametrize("name", EXACT)
def test_exact_expectation_is_that_of_the_matrices(name: str, label: str) -> None:
    ansatz, observable = CASES[label]
    theta = _angles(ansatz)
    got = _backend(name).expectation(ansatz, theta, observable)
    assert got.standard_error == 0.0
    assert got.value == pytest.approx(DENSE.expectation(ansatz, theta, observable).value, abs=1e-10)


@pytest.mark.parametrize("label", ["degree 3, p = 1", "any strings"])
@pytest.mark.parametrize("name", EXACT)
def test_samples_follow_the_distribution(name: str, label: str) -> None:
    ansatz, _ = CASES[label]
    theta, shots = _angles(ansatz), 4000
    samples = _backend(name).sample(ansatz, theta, shots=shots, seed=5)
    assert samples.shots == shots
    assert samples.bits.dtype == np.uint8
    assert (samples.counts > 0).all()
    assert len(np.unique(samples.bits, axis=0)) == len(samples.bits)
    expected = shots * np.abs(DENSE.states(ansatz, theta)[-1]) ** 2
    seen = np.zeros_like(expected)
    seen[bits_to_index(samples.bits).astype(np.int64)] = samples.counts
    assert seen[expected < 1e-9].sum() == 0
    rare = expected < 5
    observed = np.append(seen[~rare], seen[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    keep = wanted > 1e-9
    assert stats.chisquare(observed[keep], wanted[keep] * shots / wanted[keep].sum()).pvalue > 1e-4


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_sample_the_same_distribution(name: str) -> None:
    ansatz, _ = CASES["any strings"]
    theta, shots = _angles(ansatz), 4000
    expected = shots * np.abs(DENSE.states(ansatz, theta)[-1]) ** 2
    seen = _seen(_backend(name).sample(ansatz, theta, shots=shots, seed=6), ansatz.n_qubits)
    often = expected > 5
    assert (
        stats.chisquare(
            np.append(seen[often], seen[~often].sum()),
            np.append(expected[often], expected[~often].sum()),
        ).pvalue
        > 1e-4
    )


def _seen(samples: Samples, n: int) -> np.ndarray:
    seen = np.zeros(2**n)
    seen[bits_to_index(samples.bits).astype(np.int64)] = samples.counts
    return seen


@pytest.mark.parametrize("name", NOISY)
def test_a_noisy_machine_agrees_within_its_noise(name: str) -> None:
    """The distributions differ by no more than the summed errors of all gates and readouts, and the
    shots.
    """
    backend, (ansatz, _), shots = _backend(name), CASES["QUBO, p = 2"], 20_000
    theta = _angles(ansatz)
    ideal = np.abs(DENSE.states(ansatz, theta)[-1]) ** 2
    noisy = _seen(backend.sample(ansatz, theta, shots=shots, seed=7), 6) / shots
    budget = _summed_errors(backend, ansatz)
    shot_noise = np.sqrt(ideal / shots).sum() / 2
    assert 0.02 < np.abs(noisy - ideal).sum() / 2 < budget + shot_noise


def _summed_errors(backend: Backend, ansatz: Ansatz) -> float:
    circuit, target = backend.compiled(ansatz).circuit, backend._target  # type: ignore[attr-defined]
    total = 0.0
    for i in circuit.data:
        found = target[i.operation.name].get(tuple(circuit.find_bit(q).index for q in i.qubits))
        total += (found.error or 0.0) * 4.0 / 3.0 if found is not None else 0.0
    return total


@pytest.mark.parametrize("name", [*EXACT, *NOISY])
def test_many_angle_sets_are_as_many_single_ones(name: str) -> None:
    """A broadcast gives every set its own samples, in order."""
    ansatz = qaoa(QUBO, 1)
    thetas = np.array([[0.0, 0.0], [0.4, 0.3], [0.0, np.pi / 2]])
    found = sample_many(_backend(name), ansatz, thetas, shots=2000, seed=2)
    assert [s.shots for s in found] == [2000] * 3
    for samples, theta in zip(found, thetas, strict=True):
        ideal = np.abs(DENSE.states(ansatz, theta)[-1]) ** 2
        assert np.abs(_seen(samples, 6) / 2000 - ideal).sum() / 2 < 0.2


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_samples(name: str) -> None:
    ansatz, _ = CASES["QUBO, p = 2"]
    first, again, other = (
        _backend(name).sample(ansatz, _angles(ansatz), shots=300, seed=s) for s in (8, 8, 9)
    )
    np.testing.assert_array_equal(first.bits, again.bits)
    np.testing.assert_array_equal(first.counts, again.counts)
    assert not np.array_equal(first.bits, other.bits) or not np.array_equal(
        first.counts, other.counts
    )


@pytest.mark.parametrize("name", EXACT)
def test_standard_error_falls_with_the_root_of_the_shots_and_covers_the_truth(name: str) -> None:
    ansatz, observable = CASES["QUBO, p = 2"]
    theta = _angles(ansatz)
    exact = DENSE.expectation(ansatz, theta, observable).value
    few, many = (
        _backend(name).expectation(ansatz, theta, observable, shots=s, seed=3) for s in (500, 8000)
    )
    assert few.standard_error / many.standard_error == pytest.approx(4.0, rel=0.15)
    for estimate in (few, many):
        assert abs(estimate.value - exact) < 4.5 * estimate.standard_error


@pytest.mark.parametrize("name", EXACT)
def test_any_observable_can_be_sampled(name: str) -> None:
    """Strings with X and Y are measured group by group, each in its own basis."""
    ansatz, observable = CASES["any strings, any observable"]
    theta = _angles(ansatz)
    exact = DENSE.expectation(ansatz, theta, observable).value
    few, many = (
        _backend(name).expectation(ansatz, theta, observable, shots=s, seed=4) for s in (400, 6400)
    )
    assert few.standard_error / many.standard_error == pytest.approx(4.0, rel=0.15)
    for estimate in (few, many):
        assert abs(estimate.value - exact) < 4.5 * estimate.standard_error


def test_all_backends_agree() -> None:
    ansatz, observable = CASES["degree 3, p = 1"]
    values = [
        _backend(name).expectation(ansatz, _angles(ansatz), observable).value
        for name in [*EXACT, *VARIANTS]
    ]
    assert max(values) - min(values) < 1e-10


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_run_is_refused_by_name(name: str) -> None:
    backend, (ansatz, observable) = _backend(name), CASES["QUBO, p = 2"]
    x, z = np.eye(6, dtype=np.bool_)[[0, 0]], np.zeros((2, 6), dtype=np.bool_)
    z[1, 0] = True
    clash = PauliSum(x=x, z=z, coefficients=np.ones(2))
    bad = Ansatz(
        n_qubits=6,
        reference=ansatz.reference,
        layers=(Layer(generator=clash, parameter=0),),
        n_parameters=1,
    )
    with pytest.raises(InputError, match="X0 and Y0, which do not commute"):
        backend.expectation(bad, np.ones(1), observable, shots=10)
    with pytest.raises(InputError, match="4 finite angles"):
        backend.sample(ansatz, np.ones(3), shots=10, seed=0)
    with pytest.raises(InputError, match="at least 1 shot, got 0"):
        backend.sample(ansatz, np.ones(4), shots=0, seed=0)
    with pytest.raises(InputError, match="acts on 2 qubits"):
        backend.expectation(ansatz, np.ones(4), SMALL, shots=10)
    if name in NOISY:
        with pytest.raises(InputError, match="without shots"):
            backend.expectation(ansatz, np.ones(4), observable)
    with pytest.raises(InputError, match="shots a group, got 1 for 1 groups"):
        backend.expectation(ansatz, np.ones(4), transverse_field(6), shots=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_vendor_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    vendor = _backend(name).capabilities().vendor
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    if vendor:
        with pytest.raises(MissingVendorError, match=vendor):
            registry.load(name)
        assert isinstance(registry.available()[name], MissingVendorError)
    else:
        registry.load(name)


def test_every_file_imports_without_its_vendor() -> None:
    modules = sorted({place.partition(":")[0] for place in TABLE.values()})
    vendors = "'qiskit', 'qiskit_aer', 'qiskit_ibm_runtime', 'pennylane', 'pennylane_lightning'"
    blocked = f"for v in ({vendors}): sys.modules[v] = None"
    subprocess.run(
        [sys.executable, "-c", f"import sys\n{blocked}\nimport {', '.join(modules)}"],
        check=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_complete(name: str) -> None:
    card = _backend(name).capabilities()
    assert card.name.partition(":")[0] == name
    assert card.summary
    assert card.max_qubits >= 16
    assert card.versions


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(InputError, match="'statevectr'") as caught:
        registry.load("statevectr")
    assert "did you mean 'statevector'" in caught.value.hint
