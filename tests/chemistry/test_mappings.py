"""Mappings against ladder matrices: anticommutators, spectra, sectors, and the same circuit on
qubits.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.backend.statevector import StatevectorBackend
from qtwin.chemistry.determinants.simulator import DeterminantSimulator
from qtwin.chemistry.excitation import uccsd, upccgsd
from qtwin.chemistry.fermionic import to_ansatz
from qtwin.chemistry.mapping import (
    TABLE,
    Mapping,
    annihilator,
    electronic,
    mapping,
    mapping_of,
    reference,
    symmetries,
    word,
)
from qtwin.errors import InputError
from tests.oracles import fermions
from tests.oracles.dense_backend import matrix

FULL = ["jordan-wigner", "parity", "bravyi-kitaev"]


def _make(name: str, n: int) -> Mapping:
    module, _, function = TABLE[name].partition(":")
    return getattr(import_module(module), function)(n)


def _ladder(a: Mapping, p: int) -> np.ndarray:
    """a_p as the matrix of its Hermitian parts: a = (a + a+) / 2 + i (-i)(a - a+) / 2."""
    low = annihilator(p)
    real, imaginary = low + low.adjoint(), (low + low.adjoint() * -1.0) * -1j
    return 0.5 * (matrix(a.apply(real)) + 1j * matrix(a.apply(imaginary)))


@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 4), seed=st.integers(0, 10**6), name=st.sampled_from([*FULL, "random"]))
def test_ladder_operators_anticommute(n: int, seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    if name == "random":  # any invertible matrix is a mapping
        lower, upper = (
            np.tril(rng.integers(0, 2, (n, n)), -1),
            np.triu(rng.integers(0, 2, (n, n)), 1),
        )
        made = mapping(
            "random", (lower + np.eye(n, dtype=int)) @ (upper + np.eye(n, dtype=int)) % 2
        )
    else:
        made = _make(name, n)
    a = [_ladder(made, p) for p in range(n)]
    for p in range(n):
        for q in range(n):
            np.testing.assert_allclose(a[p] @ a[q] + a[q] @ a[p], 0.0, atol=1e-12)
            np.testing.assert_allclose(
                a[p] @ a[q].conj().T + a[q].conj().T @ a[p], np.eye(2**n) * (p == q), atol=1e-12
            )
    occupations = rng.integers(0, 2, (5, n))
    np.testing.assert_array_equal(made.decode(made.encode(occupations)), occupations)


def test_jordan_wigner_is_that_of_the_matrices() -> None:
    made = _make("jordan-wigner", 4)
    for p, expected in enumerate(fermions.annihilators(4)):
        np.testing.assert_allclose(_ladder(made, p), expected, atol=1e-12)


@pytest.mark.parametrize("n", [4, 7, 8, 16])
def test_bravyi_kitaev_touches_few_qubits(n: int) -> None:
    """A flip updates at most floor(log2 n) + 1 qubits and a parity reads at most as many."""
    made = _make("bravyi-kitaev", n)
    most = int(np.log2(n)) + 1
    assert made.matrix.sum(axis=0).max() <= most
    prefix = np.tril(np.ones((n, n), dtype=int)) @ made.inverse % 2
    assert prefix.sum(axis=1).max() <= most


@pytest.mark.parametrize("name", FULL)
def test_the_spectrum_is_that_of_the_ladder_matrices(name: str) -> None:
    h1, h2 = fermions.random_integrals(2, 7)
    found = np.linalg.eigvalsh(matrix(_make(name, 4).apply(electronic(h1, h2, 0.3))))
    np.testing.assert_allclose(
        found, np.linalg.eigvalsh(fermions.hamiltonian(h1, h2, 0.3)), atol=1e-10
    )


def _sector(h1: np.ndarray, h2: np.ndarray, keep) -> np.ndarray:  # type: ignore[no-untyped-def]
    n = len(h1)
    index = [i for i in range(4**n) if keep(np.array([i >> k & 1 for k in range(2 * n)]))]
    return np.linalg.eigvalsh(fermions.hamiltonian(h1, h2, 0.0)[np.ix_(index, index)])


@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (2, 2)])
def test_reduction_by_two_qubits_keeps_the_sector(up: int, down: int) -> None:
    h1, h2 = fermions.random_integrals(3, 2)
    words = electronic(h1, h2, 0.0)
    made = mapping_of("parity-reduced", words, 3, up, down)
    assert made.n_qubits == 4
    expected = _sector(h1, h2, lambda o: o[:3].sum() % 2 == up % 2 and o[3:].sum() % 2 == down % 2)
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix(made.apply(words))), expected, atol=1e-10)


def test_tapering_finds_the_parities_and_a_reflection() -> None:
    """Orbitals 0, 2 even and 1 odd under a reflection: three conserved parities, three qubits of
    six.
    """
    h1, h2 = fermions.random_integrals(3, 4)
    odd = np.array([0, 1, 0])
    h1 = h1 * ((odd[:, None] + odd) % 2 == 0)
    h2 = h2 * (np.add.outer(np.add.outer(odd, odd), np.add.outer(odd, odd)) % 2 == 0)
    words = electronic(h1, h2, 0.0)
    assert len(symmetries(words, 6)) == 3
    made = mapping_of("tapered", words, 3, 2, 1)
    assert made.n_qubits == 3
    start = reference(3, 2, 1)

    def same(o: np.ndarray) -> bool:
        return (
            o[:3].sum() % 2 == start[:3].sum() % 2
            and o[3:].sum() % 2 == start[3:].sum() % 2
            and (o[1] + o[4]) % 2 == (start[1] + start[4]) % 2
        )

    np.testing.assert_allclose(
        np.linalg.eigvalsh(matrix(made.apply(words))), _sector(h1, h2, same), atol=1e-10
    )


@pytest.mark.parametrize("name", [*FULL, "parity-reduced", "tapered"])
def test_one_circuit_has_one_energy_in_every_mapping(name: str) -> None:
    h1, h2 = fermions.random_integrals(3, 6)
    words = electronic(h1, h2, -0.2)
    made = mapping_of(name, words, 3, 2, 1)
    for circuit in (uccsd(3, 2, 1), upccgsd(3, 2, 1)):
        backend, ansatz = StatevectorBackend(threads=1), to_ansatz(circuit, made)
        theta = np.random.default_rng(3).normal(size=circuit.n_parameters)
        expected = DeterminantSimulator(h1, h2, -0.2, circuit).energy_hartree(theta)
        found = backend.expectation(ansatz, theta, made.apply(words)).value
        assert found == pytest.approx(expected, abs=1e-10)


def test_what_does_not_fit_is_refused() -> None:
    h1, h2 = fermions.random_integrals(2, 1)
    words = electronic(h1, h2, 0.0)
    with pytest.raises(InputError, match="unknown mapping"):
        mapping_of("jordan", words, 2, 1, 1)
    with pytest.raises(InputError, match="invertible modulo two"):
        mapping("bad", np.ones((2, 2), dtype=int))
    with pytest.raises(InputError, match="conserved"):
        mapping_of("parity-reduced", words, 2, 1, 1).apply(word(1, 0))
    with pytest.raises(InputError, match="Hermitian"):
        _make("parity", 2).apply(word(1, 0, 1j))
    with pytest.raises(InputError, match="got 65"):
        _make("jordan-wigner", 65)


def test_against_openfermion() -> None:
    openfermion = pytest.importorskip("openfermion")
    h1, h2 = fermions.random_integrals(2, 9)
    ladder = openfermion.FermionOperator()
    for p in range(2):
        for q in range(2):
            for s in (0, 2):
                ladder += openfermion.FermionOperator(((p + s, 1), (q + s, 0)), h1[p, q])
                for r in range(2):
                    for w in range(2):
                        for t in (0, 2):
                            term = ((p + s, 1), (r + t, 1), (w + t, 0), (q + s, 0))
                            ladder += openfermion.FermionOperator(term, 0.5 * h2[p, q, r, w])
    for name, transform in (
        ("jordan-wigner", openfermion.jordan_wigner),
        ("bravyi-kitaev", openfermion.bravyi_kitaev),
    ):
        theirs = {term: c.real for term, c in transform(ladder).terms.items() if abs(c) > 1e-12}
        ours = _make(name, 4).apply(electronic(h1, h2, 0.0))
        found = {
            tuple((i, "IXZY"[int(x[i]) + 2 * int(z[i])]) for i in np.flatnonzero(x | z)): float(c)
            for x, z, c in zip(ours.x, ours.z, ours.coefficients, strict=True)
        }
        assert set(found) == set(theirs)
        for term, c in found.items():
            assert c == pytest.approx(theirs[term], abs=1e-12)
