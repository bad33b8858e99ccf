"""Shots and seconds on the idealised processor, by hand."""

from __future__ import annotations

import math

import pytest

from qtwin.benchmark.processor import device_time, processor, shots_to_solution


def _told(**more: object) -> dict[str, object]:
    two_qubit = {"all-to-all": {"gates": 9, "depth": 4}, "heavy-hex": {"gates": 20, "depth": 10}}
    return {
        "n_qubits": 4,
        "two_qubit": two_qubit,
        "shots": 100,
        "training_shots": 0,
        "circuit_evaluations": 7,
    } | more


def test_a_shot_is_depth_times_gate_plus_reset_plus_readout() -> None:
    made = processor()
    found = device_time(_told())
    assert found.shot_s == pytest.approx(10 * made.two_qubit_gate_s + made.reset_s + made.readout_s)
    assert (found.shots, found.training_shots, found.lattice) == (100, 700, "heavy-hex")
    assert found.run_s == pytest.approx(800 * (10 * 84e-9 + 1.584e-6 + 1.56e-6))
    assert device_time(_told(training_shots=50)).training_shots == 50
    assert device_time(_told(), evaluations=20).training_shots == 2000  # training that stood apart


def test_where_the_circuit_is_not_known_there_is_no_time_and_the_reason() -> None:
    counted = device_time(
        _told(
            two_qubit={"all-to-all": {"gates": 9, "depth": None}},
            note="no short preparation is known",
        )
    )
    assert (counted.shot_s, counted.run_s, counted.unknown) == (
        None,
        None,
        "no short preparation is known",
    )
    assert device_time(None).unknown == "the solver tells no circuit"
    only = device_time(_told(two_qubit={"all-to-all": {"gates": 9, "depth": 4}}))
    assert (only.depth, only.lattice) == (4, "all-to-all")


def test_shots_until_one_hits() -> None:
    """After so many the chance that all missed is one in a hundred."""
    for p in (0.001, 0.2, 0.7):
        assert (1 - p) ** shots_to_solution(p) == pytest.approx(0.01)
    assert shots_to_solution(0.99) == shots_to_solution(1.0) == 1.0
    assert shots_to_solution(0.0) == math.inf
