"""The verdict says who won, and never lets a null baseline or a slower quantum run win."""

from __future__ import annotations

from typing import Any

from qtwin.report.verdict import judge

CURRENT: dict[str, Any] = {"utility": {"mean": 0.1}}
FIT: dict[str, Any] = {"regret": 0.0, "rank_correlation": 0.9}


def _row(label: str, kind: str, value: float, seconds: float, **more: Any) -> dict[str, Any]:
    share = (
        {"value": 0.01, "low": 0.005, "high": 0.02, "successes": 10, "trials": 1000}
        if kind != "classical"
        else None
    )
    return {
        "label": label,
        "name": label,
        "kind": kind,
        "feasible": True,
        "objective_twin": value,
        "regret_twin": 0.3 - value,
        "regimen": ["a 1 mg /24 h"],
        "proven": False,
        "scope": "encoding",
        "total_wall_s": seconds,
        "success_probability": share,
        **more,
    }


def test_a_proof_on_the_twin_wins_among_equals_even_if_slower() -> None:
    rows = [
        _row("enumeration", "classical", 0.3, 5.0, proven=True, scope="twin"),
        _row("annealing", "classical", 0.3, 0.1),
        _row("qaoa", "quantum", 0.3, 0.01),
    ]
    verdict = judge(rows, n_feasible=100, accuracy=FIT, current=CURRENT)
    assert verdict.winner == "enumeration"
    assert verdict.sentence.startswith("No quantum computer is needed")
    assert verdict.sentence.endswith(
        "met that regimen 10 times in 1,000 shots and could prove nothing."
    )


def test_a_simulated_quantum_run_can_win_only_by_being_better() -> None:
    """How quick a simulator is says nothing; a run on a processor may win by its time."""
    slow = [_row("annealing", "classical", 0.3, 1.0), _row("qaoa", "quantum", 0.3, 2.0)]
    fast = [_row("annealing", "classical", 0.3, 2.0), _row("qaoa", "quantum", 0.3, 1.0)]
    real = [
        _row("annealing", "classical", 0.3, 2.0),
        _row("qaoa", "quantum", 0.3, 1.0, backend="ibm:ibm_fez"),
    ]
    better = [_row("annealing", "classical", 0.2, 1.0), _row("qaoa", "quantum", 0.3, 9.0)]
    winners = [
        judge(rows, n_feasible=100, accuracy=FIT, current=CURRENT).winner
        for rows in (slow, fast, real, better)
    ]
    assert winners == ["annealing", "annealing", "qaoa", "qaoa"]


def test_shots_of_the_best_quantum_method_stand_beside_the_best_baseline() -> None:
    rows = [
        _row("enumeration", "classical", 0.3, 5.0, proven=True, scope="twin"),
        _row("qaoa", "quantum", 0.3, 0.01),
        _row("bits", "null", 0.3, 0.01),
        _row("descent", "null", 0.3, 0.01),
    ]
    rows[3]["success_probability"] = {
        "value": 0.1,
        "low": 0.08,
        "high": 0.12,
        "successes": 100,
        "trials": 1000,
    }
    points = judge(rows, n_feasible=100, accuracy=FIT, current=CURRENT).points
    assert any(
        "qaoa, meets the best regimen less often than the best baseline, descent: 1 % against 10 %"
        in p
        for p in points
    )


def test_random_sampling_never_wins() -> None:
    rows = [_row("random", "null", 0.3, 0.001), _row("annealing", "classical", 0.2, 1.0)]
    assert judge(rows, n_feasible=100, accuracy=None, current=CURRENT).winner == "annealing"


def test_nothing_allowed_means_no_verdict() -> None:
    rows = [_row("qaoa", "quantum", 0.3, 1.0, feasible=False)]
    assert judge(rows, n_feasible=100, accuracy=None, current=CURRENT).winner == "nobody"


def test_shots_of_several_quantum_solvers_are_not_told_as_those_of_one() -> None:
    rows = [
        _row("enumeration", "classical", 0.3, 5.0, proven=True, scope="twin"),
        _row("qaoa", "quantum", 0.3, 0.01),
        _row("xy-qaoa", "quantum", 0.3, 0.01),
    ]
    sentence = judge(rows, n_feasible=100, accuracy=FIT, current=CURRENT).sentence
    assert sentence.endswith(
        "while simulated quantum solvers met that regimen 20 times in 2,000 shots and "
        "could prove nothing."
    )


def test_where_only_a_part_was_simulated_nothing_is_called_proven() -> None:
    search = {"climbs": 20, "climbs_at_the_best": 19, "best_of_the_sample": 0.25}
    rows = [
        _row(
            "enumeration",
            "classical",
            0.0,
            0.0,
            status="refused",
            feasible=False,
            info={"refused": "too many"},
        ),
        _row("qaoa", "quantum", 0.2, 0.01),
        _row("local search", "classical", 0.3, 5.0, scope="twin", info=search),
    ]
    rows[0]["objective_twin"] = None
    found = judge(
        rows, n_feasible=10**9, accuracy=FIT, current=CURRENT, simulated="1,000 of 1,000,000,000"
    )
    assert found.winner == "local search"
    assert found.sentence.endswith(
        "1,000 of 1,000,000,000 allowed regimens were simulated, and a better one is not excluded."
    )
    assert "needed" not in found.sentence
    assert "prove" not in found.sentence
    assert "enumeration does not take this question: too many." in found.points
    assert any("in 19 of 20 climbs" in p for p in found.points)
    alone = judge(rows[2:], n_feasible=10**9, accuracy=FIT, current=CURRENT, simulated="1 of 2")
    assert alone.sentence.startswith("Local search found the best regimen known")
    rows[1] |= {
        "status": "refused",
        "feasible": False,
        "objective_twin": None,
        "info": {"refused": "too many qubits"},
    }
    refused = judge(rows, n_feasible=10**9, accuracy=FIT, current=CURRENT, simulated="1 of 2")
    assert refused.sentence.startswith(
        "No quantum solver asked takes a question of this size: local search found"
    )
