"""Rowland-Matin: the gene-drug-drug interaction emerges from the product."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.ignorance import Known
from qtwin.pharmacology.kinetics import (
    exposure_ratio,
    inhibition,
    predicted_ratio,
    relative_activity,
    turnover,
    unbound_nmol_per_L,
)
from qtwin.pharmacology.panel import build_panel
from qtwin.pharmacology.response import respond
from tests.oracles.people import a_person, reference_doses

ONE = np.ones(1)


def _ratio(fm: float, ir: float, activity: float) -> float:
    return float(
        exposure_ratio(np.array([[fm], [0.0]]), np.array([activity]), np.array([[0.0], [ir]]))[0]
    )


def test_no_inhibitor_and_full_activity_leave_the_exposure_alone() -> None:
    assert _ratio(0.8, 0.0, 1.0) == 1.0


def test_a_poor_metaboliser_has_the_exposure_of_complete_inhibition() -> None:
    assert _ratio(0.8, 0.0, 0.0) == pytest.approx(5.0) == _ratio(0.8, 1.0, 1.0)


def test_inhibition_of_a_missing_enzyme_changes_nothing() -> None:
    """Fluoxetine raises risperidone 4.2-fold in extensive and hardly in poor metabolisers
    (PMC6709421).
    """
    assert _ratio(0.8, 0.95, 0.0) == _ratio(0.8, 0.0, 0.0)
    assert _ratio(0.8, 0.95, 1.0) > 4.0


def test_the_interaction_depends_on_the_gene_so_it_is_third_order() -> None:
    factor = {
        score: _ratio(0.8, 0.92, relative_activity(score))
        / _ratio(0.8, 0.0, relative_activity(score))
        for score in (0.0, 1.0, 2.0)
    }
    assert factor[0.0] == 1.0
    assert factor[0.0] < factor[1.0] < factor[2.0]


def test_a_drug_does_not_inhibit_its_own_clearance() -> None:
    assert exposure_ratio(np.array([[0.9]]), ONE, np.array([[0.95]]))[0] == pytest.approx(1.0)


def test_paroxetine_raises_metoprolol_about_four_fold_and_in_poor_metabolisers_not() -> None:
    """Observed 4.2 (PMID 18043911), 3.6-4.3 (Stout): mechanism-based, from kinact, KI, turnover and
    unbound concentration.
    """
    metoprolol, paroxetine = drug("metoprolol"), drug("paroxetine")
    assert 3.6 <= predicted_ratio(metoprolol, [paroxetine]) <= 4.6
    poor = {"CYP2D6": 0.0}
    assert predicted_ratio(metoprolol, [paroxetine], poor) == pytest.approx(
        predicted_ratio(metoprolol, [], poor)
    )


def test_mechanism_based_inhibition_is_that_of_mayhew_2000() -> None:
    """Activity left at steady state: kdeg / (kdeg + kinact I / (KI + I)); at twice the exposure
    with twice I.
    """
    paroxetine = drug("paroxetine")
    odds, saturation = inhibition(paroxetine, "CYP2D6")
    kinact, ki = (
        q.value
        for q in (paroxetine.inactivates["CYP2D6"].kinact, paroxetine.inactivates["CYP2D6"].ki)
    )
    kdeg, reference = turnover()["CYP2D6"].value, unbound_nmol_per_L(paroxetine) / 1000.0
    for x in (0.1, 1.0, 2.0, 30.0):
        left = kdeg / (kdeg + kinact * x * reference / (ki + x * reference))
        assert 1.0 / (
            1.0 + odds * (1.0 + saturation) * x / (1.0 + saturation * x)
        ) == pytest.approx(left, rel=1e-12)


def test_a_reversible_inhibitor_has_odds_in_proportion_to_its_concentration() -> None:
    removed, saturation = inhibition(drug("omeprazole"), "CYP2C19")
    assert saturation == 0.0
    assert removed / (1.0 + removed) == pytest.approx(drug("omeprazole").inhibits["CYP2C19"].value)
    assert inhibition(drug("omeprazole"), "renal") == (0.0, 0.0)


def test_an_inhibited_inhibitor_inhibits_more() -> None:
    """Two doses of the inhibitor are one dose in somebody who clears half of it."""
    carvedilol, digoxin = drug("carvedilol"), drug("digoxin")
    once, twice = (
        predicted_ratio(digoxin, [carvedilol], relative_doses={"carvedilol": x}) for x in (1.0, 2.0)
    )
    assert 1.0 < once < twice


def test_the_static_model_is_the_compiled_one() -> None:
    """The prediction used for the published table and the twin's kernel are one model."""
    names = ("metoprolol", "paroxetine", "bupropion")
    drugs = [drug(n) for n in names]
    activity = {"CYP2D6": 0.4}
    panel = build_panel(
        reference_doses(*names), a_person(activity=activity), n_members=8, seed=0, ignorance=Known()
    )
    typical = dataclasses.replace(
        panel,
        kinetics=panel.kinetics._replace(variability=np.ones_like(panel.kinetics.variability)),
    )
    exposures, _, _ = respond(typical, np.array([[0, 1, 2]]), horizon_years=1.0)
    expected = [predicted_ratio(d, [o for o in drugs if o is not d], activity) for d in drugs]
    assert exposures[0, 0] == pytest.approx(expected, rel=1e-12)
