"""Groups of strings that are measured together, against matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from qtwin.encoding.pauli import PauliSum, groups
from qtwin.errors import InputError
from tests.oracles.circuits import strings
from tests.oracles.dense_backend import matrix


@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(1, 4),
    count=st.integers(1, 12),
    seed=st.integers(0, 10**6),
    grouping=st.sampled_from(["qubit-wise", "general"]),
)
def test_the_change_of_basis_makes_a_group_diagonal(
    n: int, count: int, seed: int, grouping
) -> None:  # type: ignore[no-untyped-def]
    observable = strings(n, count, seed)
    found = groups(observable, grouping)
    members = np.concatenate([g.members for g in found]) if found else np.empty(0, dtype=np.int64)
    not_identity = np.flatnonzero((observable.x | observable.z).any(axis=1))
    assert sorted(members) == sorted(not_identity)
    for g in found:
        part = PauliSum(
            x=observable.x[g.members],
            z=observable.z[g.members],
            coefficients=observable.coefficients[g.members],
        )
        turned = matrix(part)
        for q in g.rotations:
            r = expm(-0.25j * np.pi * matrix(q))
            turned = r @ turned @ r.conj().T
        assert g.diagonal.is_diagonal
        np.testing.assert_allclose(turned, matrix(g.diagonal), atol=1e-12)
        if grouping == "qubit-wise":
            assert all((q.x | q.z).sum() == 1 for q in g.rotations)


def test_general_groups_are_no_more_than_qubit_wise_ones() -> None:
    observable = strings(6, 60, 3)
    assert len(groups(observable, "general")) < len(groups(observable, "qubit-wise"))


def test_an_unknown_grouping_is_refused() -> None:
    with pytest.raises(InputError, match="unknown grouping"):
        groups(strings(2, 3, 1), "both")  # type: ignore[arg-type]
