"""Uniform feasible choices are uniform, exactly and by rejection; baselines are added where a
method is quantum.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from qtwin.encoding.generate import cardinality
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem import feasible as drawing
from qtwin.problem.constraint import AtMost, AtMostOne, Cap, Constraint, NotBoth
from qtwin.problem.feasible import feasible_bits, uniform
from qtwin.solver.base import Instance
from qtwin.solver.classical.random_feasible import RandomFeasible
from qtwin.solver.nulls import DESCENT, UNIFORM_BITS, UNIFORM_FEASIBLE, missing

ROWS: tuple[Constraint, ...] = (
    AtMostOne(name="class", members=(0, 1, 2)),
    NotBoth(name="pair", pair=(2, 4)),
    AtMost(name="size", limit=3, members=(0, 1, 2, 3, 4, 5)),
)
# no whole numbers: no exact diagram
ODD = Cap(name="cap", members=(0, 3, 5), weights=(1.0, 2.0**0.5, 3.0**0.5), limit=2.5)


@pytest.mark.parametrize(
    ("rows", "method"), [(ROWS, "exact"), ((*ROWS, ODD), "rejection"), ((), "exact")]
)
def test_allowed_choices_are_equally_likely(rows: tuple[Constraint, ...], method: str) -> None:
    """Against listing all 2^6 assignments; a chi-square test that fails once in ten thousand."""
    source = uniform(6, rows)
    assert source.method == method
    listed = feasible_bits(6, rows)
    drawn = source.draw(40_000, np.random.default_rng(7))
    place = {row.tobytes(): k for k, row in enumerate(listed)}
    counts = np.bincount([place[row.tobytes()] for row in drawn], minlength=len(listed))
    assert chisquare(counts).pvalue > 1e-4
    assert source.count == (len(listed) if method == "exact" else None)


def test_what_can_be_drawn_neither_way_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of 60 options that are no whole numbers and of which only taking nothing is
    feasible.
    """
    monkeypatch.setattr(drawing, "_MOST_DRAWS", 100_000)
    weights = tuple(1.0 + 0.01 * 2.0**0.5 * k for k in range(60))
    with pytest.raises(InputError, match="neither exactly nor by rejection"):
        uniform(60, (Cap(name="cap", members=tuple(range(60)), weights=weights, limit=0.5),)).draw(
            5, np.random.default_rng(0)
        )


def test_every_sample_is_allowed_and_an_unknown_set_is_refused() -> None:
    encoding = cardinality.generate(8, 0).encoding
    result = RandomFeasible(shots=300).solve(Instance(encoding=encoding), seed=1)
    assert result.samples is not None
    assert result.samples.shots == 300
    assert encoding.is_feasible(result.samples.bits).all()
    unknown = replace(plain(BinaryPolynomial.of(3, [((0,), 1.0)])), constraints_known=False)
    with pytest.raises(InputError, match="does not say which"):
        RandomFeasible().solve(Instance(encoding=unknown), seed=1)


def test_baselines_come_with_quantum_methods_alone() -> None:
    assert missing([("tabu", {})]) == ()
    added = missing([("tabu", {}), ("qaoa", {"shots": 77}), ("xy-qaoa", {"shots": 50})])
    assert [n.label for n in added] == [UNIFORM_BITS, UNIFORM_FEASIBLE, DESCENT]
    assert {n.options["shots"] for n in added} == {77}
    assert [n.label for n in missing([("qaoa", {}), ("random", {"descent": True})])] == [
        UNIFORM_BITS,
        UNIFORM_FEASIBLE,
    ]
