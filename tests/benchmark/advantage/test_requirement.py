"""The crossing of a quantum search with a classical growth that is planted; and refusal where the
data do not carry it.
"""

from __future__ import annotations

from typing import Any

import pytest

from qtwin.benchmark.advantage.molecules import published
from qtwin.benchmark.fault_tolerance.estimate import grover, machine
from qtwin.benchmark.metrics import Runs
from qtwin.benchmark.requirement import duration, growth_of, requirement
from qtwin.benchmark.scaling import Fit, fit
from qtwin.errors import InputError

SIZES = range(20, 61, 8)


def _places(limit: int | None = None) -> list[dict[str, Any]]:
    return [
        {
            "n": n,
            "terms": {"1": float(n), "2": n * (n - 1) / 2},
            "energy_bits": 16.0,
            "largest_choice": float(limit or n),
            "log2_candidates": float(n),
        }
        for n in SIZES
    ]


def _planted(base: float, scale_s: float) -> Fit:
    cells = {n: [Runs(run_s=scale_s * base**n, successes=2, trials=2)] * 6 for n in SIZES}
    return fit(cells, form="exponential", seed=0)


def test_growth_continues_what_was_measured() -> None:
    at = growth_of(_places())
    polynomial, answers = at(100)
    assert answers == pytest.approx(100.0)
    assert polynomial.terms[1] == 100
    assert polynomial.terms[2] == pytest.approx(100 * 99 / 2, rel=0.02)
    _, few = growth_of(_places(limit=2))(100)
    assert 2**few == pytest.approx(1 + 100 + 4950)
    with pytest.raises(InputError):
        growth_of(_places()[:1])


def test_the_crossing_is_where_both_take_the_same_time() -> None:
    """2^n at 1e-5 s: at the crossing Grover's lower bound is just below, one size before just
    above.
    """
    found = requirement(_places(), "walk", _planted(2.0, 1e-5), cores=1)
    assert found.size is not None
    assert found.machine is not None

    def quantum_s(n: int) -> float:
        polynomial, answers = growth_of(_places())(n)
        search = grover(polynomial, candidates=2.0**answers)
        return machine(search.logical_qubits, search.toffolis).wall_s

    assert quantum_s(found.size) < 1e-5 * 2.0**found.size
    assert quantum_s(found.size - 1) >= 1e-5 * 2.0 ** (found.size - 1)
    assert found.interval is not None
    assert found.interval.low <= found.size <= found.interval.high
    more = requirement(_places(), "walk", _planted(2.0, 1e-5), cores=1000)
    assert more.size is not None
    assert more.size > found.size


def test_a_quadratic_speed_up_is_not_sold_as_an_advantage() -> None:
    """Against a walk of 2^n the crossing takes weeks or more even on one core (Babbush et al. 2021
    find the same).
    """
    found = requirement(_places(), "walk", _planted(2.0, 1e-9), cores=1000)
    assert not found.practical
    slow = requirement(_places(), "good heuristic", _planted(1.2, 1e-6), cores=1)
    assert slow.size is None
    assert "at no size" in slow.words


def test_a_slow_classical_method_would_be_overtaken_and_it_is_said_how_large_the_machine_is() -> (
    None
):
    found = requirement(_places(), "hopeless", _planted(2.0, 1.0), cores=1)
    assert found.practical
    assert "million physical qubits" in found.words


def test_published_molecules_come_out_as_published() -> None:
    by_name = {p.name.split(",")[0]: p for p in published()}
    p450 = by_name["cytochrome P450"]
    assert "4.6 million physical qubits" in p450.requirement
    assert "3 days" in p450.requirement
    assert p450.plausible


def test_durations_are_said_as_people_say_them() -> None:
    said = [duration(s) for s in (2e-5, 0.5, 2.5, 99.0, 300.0, 9000.0, 1e6, 1e9)]
    assert said == [
        "20 µs",
        "500 ms",
        "2.5 s",
        "99 s",
        "5 minutes",
        "2 hours",
        "12 days",
        "32 years",
    ]
