"""All regimens, or a sample with their number, against the list."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.problem import diagram, feasible
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Cap, Constraint, NotBoth
from qtwin.problem.feasible import allowed, explain_infeasible, feasible_bits

N = 16
RULES: list[Constraint] = [
    AtMostOne(name="a class", members=(0, 1, 2)),
    AtLeastOne(name="cover", members=(2, 3, 4)),
    NotBoth(name="pair", pair=(4, 9)),
    Cap(
        name="cap",
        members=tuple(range(N)),
        weights=tuple(0.7 + 0.1 * (i % 5) for i in range(N)),
        limit=5.0,
        unit="ms",
    ),
    AtMost(name="few", limit=6, members=tuple(range(N))),
]


def test_under_the_limit_all_are_listed_as_before() -> None:
    found = allowed(N, RULES, seed=1)
    assert found.complete
    assert found.low == found.high == len(found.bits)
    assert (found.bits == feasible_bits(N, RULES)).all()


def test_a_list_too_long_on_the_way_is_made_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rules: list[Constraint] = [
        *RULES,
        AtLeastOne(name="last", members=(15,)),
        AtLeastOne(name="and", members=(14,)),
    ]
    expected = feasible_bits(N, rules)
    monkeypatch.setattr(feasible, "LIMIT", len(expected))
    with pytest.raises(InputError):
        feasible_bits(N, rules)
    found = allowed(N, rules, seed=1)
    assert found.complete
    assert (found.bits == expected).all()


def test_over_the_limit_a_seeded_sample_and_the_exact_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = feasible_bits(N, RULES)
    monkeypatch.setattr(feasible, "LIMIT", 500)
    found, again, other = (allowed(N, RULES, seed=s, sample=300) for s in (1, 1, 2))
    assert not found.complete
    assert found.low == found.high == found.count == len(expected)
    assert len({r.tobytes() for r in found.bits}) == 300
    assert {r.tobytes() for r in found.bits} <= {r.tobytes() for r in expected}
    assert (found.bits == again.bits).all()
    assert (found.bits != other.bits).any()
    assert f"{len(expected):,} regimens are allowed" in found.refusal().message


def test_where_no_diagram_fits_the_number_is_an_interval_that_holds_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected = feasible_bits(N, RULES)
    monkeypatch.setattr(feasible, "LIMIT", 500)
    monkeypatch.setattr(feasible, "diagram", partial(diagram.diagram, most_nodes=120))
    found = allowed(N, RULES, seed=1, sample=400)
    assert not found.complete
    assert found.low < len(expected) < found.high
    assert found.high < 1.1 * found.low
    assert {r.tobytes() for r in found.bits} <= {r.tobytes() for r in expected}
    assert "95 % interval" in found.number


def test_contradictions_are_named_beyond_the_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rules: list[Constraint] = [*RULES, AtMost(name="none of these", limit=0, members=(2, 3, 4))]
    monkeypatch.setattr(feasible, "LIMIT", 500)
    assert not len(allowed(N, rules, seed=1).bits)
    hint = explain_infeasible(N, rules).hint
    assert "'cover'" in hint
    assert "'none of these'" in hint
    assert "cap" not in hint
    assert np.all([c.holds(allowed(N, RULES, seed=1, sample=100).bits) for c in RULES])
