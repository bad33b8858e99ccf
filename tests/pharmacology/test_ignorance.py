"""Draws of what is not known: reproducible by name, shared within a class, mirrored, or moved one
at a time.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.pharmacology.ignorance import CLASS_SHARE, Known, OneAtATime, Sampled
from qtwin.pharmacology.panel import PEOPLE, build_panel
from qtwin.pharmacology.quantity import Quantity
from tests.oracles.people import a_panel, a_person, reference_doses

NUMBER = Quantity(value=1.5, unit="1", status="literature", source="a study", ci=(1.0, 2.25))


def test_the_same_key_has_the_same_scores_whatever_else_is_drawn() -> None:
    first, second = Sampled(n=64, seed=3), Sampled(n=64, seed=3)
    second.draw(NUMBER, "another", group="harm")
    assert np.array_equal(first.scores("a", ""), second.scores("a", ""))
    assert not np.allclose(first.scores("a", ""), first.scores("b", ""))
    assert not np.allclose(first.scores("a", ""), Sampled(n=64, seed=4).scores("a", ""))


@pytest.mark.parametrize("n", [1000, 1001])
def test_draws_come_in_mirrored_pairs_and_are_standard_normal(n: int) -> None:
    scores = Sampled(n=n, seed=0).scores("key", "")
    half = (n + 1) // 2
    np.testing.assert_array_equal(scores[: n - half], -scores[half:])
    assert abs(scores.std() - 1.0) < 4.0 / np.sqrt(n)


def test_numbers_of_a_class_share_half_of_their_variance() -> None:
    drawn = Sampled(n=40_000, seed=1)
    one, other = (
        drawn.scores("sertraline mood", "SSRI mood"),
        drawn.scores("citalopram mood", "SSRI mood"),
    )
    stranger = drawn.scores("mirtazapine mood", "")
    assert CLASS_SHARE == 0.5
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.5, abs=0.02)
    assert np.corrcoef(one, stranger)[0, 1] == pytest.approx(0.0, abs=0.02)
    assert one.std() == pytest.approx(1.0, abs=0.02)


def test_a_draw_is_filed_under_its_key_and_exact_numbers_are_not_drawn() -> None:
    drawn = Sampled(n=8, seed=0)
    values = drawn.draw(NUMBER, "drug effects x", group="efficacy")
    filed = drawn.parameters["drug effects x"]
    assert filed.group == "efficacy"
    np.testing.assert_allclose(values, NUMBER.at(filed.scores))
    mass = Quantity(value=267.4, unit="g/mol", status="literature", source="a formula")
    assert (drawn.draw(mass, "mass", group="kinetics") == 267.4).all()
    assert set(drawn.parameters) == {"drug effects x"}


def test_one_at_a_time_moves_each_number_alone_to_either_end() -> None:
    moved = OneAtATime.of(("a", "b"))
    assert moved.n == 5
    reach = 1.6448536269514722  # 95th percentile
    assert moved.scores("a", "") == pytest.approx([0, -reach, reach, 0, 0])
    assert moved.scores("b", "class") == pytest.approx([0, 0, 0, -reach, reach])
    assert not moved.scores("c", "").any()


def test_what_is_known_stands_at_its_median_or_where_it_is_put() -> None:
    assert Known().draw(NUMBER, "x", group="g") == pytest.approx([1.5])
    assert Known(at={"x": 1.959963984540054}).draw(NUMBER, "x", group="g") == pytest.approx([2.25])


def test_every_draw_has_the_same_people_and_only_ignorance_tells_draws_apart() -> None:
    options = reference_doses("metoprolol", "donepezil", "apixaban")
    panel = a_panel(options, draws=16)
    assert panel.kinetics.variability.shape == (PEOPLE, 3)
    assert (panel.draw_of == np.repeat(np.arange(16), PEOPLE)).all()
    values = np.arange(panel.n_members, dtype=float)
    np.testing.assert_allclose(panel.mean_by_draw(values), values.reshape(16, PEOPLE).mean(axis=1))
    # the strata of people are those of a log-normal: symmetric on the logarithm
    assert np.log(panel.kinetics.variability).sum(axis=0) == pytest.approx(0.0, abs=1e-9)
    known = build_panel(options, a_person(), n_members=8, seed=5, ignorance=Known())
    assert known.n_draws == 1
    np.testing.assert_array_equal(known.kinetics.variability, panel.kinetics.variability)


def test_every_kind_of_number_is_drawn() -> None:
    panel = a_panel(
        reference_doses(
            "metoprolol", "donepezil", "paroxetine", "risperidone", "lecanemab", "citalopram"
        )
    )
    panel.span(1.5)
    drawn = panel.ignorance.parameters
    for word in (
        "metabolism",
        "inactivates",
        "affinity",
        "qt_prolongation",
        "aria",
        "intolerance",
        "ec50",
        "hazard_ratio",
        "event",
    ):
        assert any(word in key for key in drawn), word
    assert {p.group for p in drawn.values()} >= {
        "kinetics",
        "receptors",
        "efficacy",
        "harm",
        "baseline risk",
        "value",
        "response",
    }


def test_one_number_at_a_time_leaves_the_people_alone() -> None:
    """Amyloid removal in every row of a tornado is that of the medians, but in the two rows that
    move it.
    """
    key = "lecanemab effects amyloid_clearance"
    panel = a_panel(
        reference_doses("lecanemab"), ignorance=OneAtATime.of(("constant rate_control_fall", key))
    )
    median, low_other, high_other, low, high = panel.removal_per_year[:, 0].reshape(5, PEOPLE)
    assert np.array_equal(low_other, median)
    assert np.array_equal(high_other, median)
    assert (low < median).all()
    assert (median < high).all()
