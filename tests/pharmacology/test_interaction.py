"""Rowland-Matin: the gene-drug-drug interaction emerges from the product."""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.pharmacology.drug import ENZYMES
from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.interaction import exposure_ratio
from qtwin.pharmacology.kinetics import relative_activity

ONE = np.ones(1)


def _ratio(fm: float, ir: float, activity: float) -> float:
    return float(exposure_ratio(np.array([[fm], [0.0]]), np.array([activity]), np.array([[0.0], [ir]]))[0])


def test_no_inhibitor_and_full_activity_leave_the_exposure_alone() -> None:
    assert _ratio(0.8, 0.0, 1.0) == 1.0


def test_a_poor_metaboliser_has_the_exposure_of_complete_inhibition() -> None:
    assert _ratio(0.8, 0.0, 0.0) == pytest.approx(5.0) == _ratio(0.8, 1.0, 1.0)


def test_inhibition_of_a_missing_enzyme_changes_nothing() -> None:
    """Fluoxetine raises risperidone 4.2-fold in extensive and hardly in poor metabolisers (PMC6709421)."""
    assert _ratio(0.8, 0.95, 0.0) == _ratio(0.8, 0.0, 0.0)
    assert _ratio(0.8, 0.95, 1.0) > 4.0


def test_the_interaction_depends_on_the_gene_so_it_is_third_order() -> None:
    factor = {
        score: _ratio(0.8, 0.92, relative_activity(score)) / _ratio(0.8, 0.0, relative_activity(score))
        for score in (0.0, 1.0, 2.0)
    }
    assert factor[0.0] == 1.0
    assert factor[0.0] < factor[1.0] < factor[2.0]


def test_a_drug_does_not_inhibit_its_own_clearance() -> None:
    assert exposure_ratio(np.array([[0.9]]), ONE, np.array([[0.95]]))[0] == pytest.approx(1.0)


def test_paroxetine_raises_metoprolol_about_four_fold() -> None:
    """Observed 4.2 (PMID 18043911) and 3.6-4.3 (Stout); from the formulary's own numbers."""
    metoprolol, paroxetine = drug("metoprolol"), drug("paroxetine")
    fractions = np.array(
        [[metoprolol.metabolism[e].value if e in metoprolol.metabolism else 0.0 for e in ENZYMES], np.zeros(len(ENZYMES))]
    )
    inhibition = np.zeros((2, len(ENZYMES)))
    inhibition[1] = [paroxetine.inhibits[e].value if e in paroxetine.inhibits else 0.0 for e in ENZYMES]
    assert 3.4 <= exposure_ratio(fractions, np.ones(len(ENZYMES)), inhibition)[0] <= 4.6
