"""Every rule of the map by a place made for it; and the least settled place decides a cell."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from qtwin.benchmark.advantage.point import BenchmarkPoint, MethodTimes, in_practice
from qtwin.benchmark.advantage.verdict import (
    ORDER,
    cells,
    column_of,
    column_words,
    document,
    judge,
    molecule_level,
    regimen_level,
    whole,
)
from qtwin.pharmacology.formulary import formulary

EXACT = MethodTimes(
    label="exact",
    kind="classical",
    time_s=2.0,
    low_s=1.5,
    high_s=3.0,
    successes=4,
    runs=4,
    proven=4,
)
HEURISTIC = replace(EXACT, label="tabu", time_s=0.01, low_s=0.005, high_s=0.02, proven=0)
QAOA = MethodTimes(
    label="QAOA",
    kind="quantum",
    time_s=9.0,
    low_s=5.0,
    high_s=math.inf,
    successes=2,
    runs=4,
    proven=0,
)
NULL = replace(QAOA, label="random", kind="null", time_s=50.0)
PLACE = BenchmarkPoint(
    axes="regimen",
    name="family",
    origin="generated",
    size=12,
    level="dense",
    detail="as made",
    instances=4,
    proven=4,
    construction=False,
    contenders=(EXACT, HEURISTIC, QAOA, NULL),
    source="out/result.json",
    command="qtwin bench spec.toml",
)


def test_a_proof_of_every_instance_settles_a_place() -> None:
    found = judge(PLACE)
    assert found.kind == "classical proven"
    assert "exact proves the optimum of all 4 instances in 2 s" in found.words
    assert "QAOA, took 9 s" in found.words
    assert "9 s of simulation, the best baseline, random, 50 s" in found.words


def test_a_published_proof_counts_and_says_whose_it_is() -> None:
    theirs = replace(
        EXACT,
        label="branch and bound of others",
        time_s=math.inf,
        low_s=math.inf,
        high_s=math.inf,
        note="published",
    )
    found = judge(replace(PLACE, contenders=(theirs, HEURISTIC)))
    assert found.kind == "classical proven"
    assert "is proven by branch and bound of others; tabu finds it in 10 ms" in found.words
    lost = replace(HEURISTIC, time_s=math.inf)
    assert "no method here finds it" in judge(replace(PLACE, contenders=(theirs, lost))).words


def test_a_proof_of_some_is_none() -> None:
    found = judge(replace(PLACE, proven=3))
    assert found.kind == "classical heuristic"
    assert "tabu" in found.words
    assert "without a proof" in found.words


def test_a_proof_by_a_quantum_or_null_method_does_not_count_as_classical() -> None:
    assert (
        judge(replace(PLACE, contenders=(replace(QAOA, proven=4), HEURISTIC))).kind
        != "classical proven"
    )


def test_open_where_no_classical_method_succeeds_or_took_part() -> None:
    lost = replace(HEURISTIC, time_s=math.inf, low_s=1.0, high_s=math.inf)
    assert judge(replace(PLACE, proven=0, contenders=(lost, QAOA))).kind == "open"
    alone = judge(replace(PLACE, proven=0, contenders=(QAOA,)))
    assert alone.kind == "open"
    assert "no classical method was measured" in alone.words


def test_a_quicker_quantum_method_opens_a_place_only_with_disjoint_intervals() -> None:
    often = replace(HEURISTIC, runs=12)
    quick = replace(QAOA, runs=12, qpu_s=0.001, qpu_low_s=0.0005, qpu_high_s=0.002)
    assert judge(replace(PLACE, proven=0, contenders=(often, quick))).kind == "open"
    unsure = replace(quick, qpu_high_s=0.006)
    few = replace(quick, runs=9)
    simulator = replace(QAOA, runs=12, time_s=0.001, low_s=0.0005, high_s=0.002)
    for contender in (unsure, few, simulator):
        assert (
            judge(replace(PLACE, proven=0, contenders=(often, contender))).kind
            == "classical heuristic"
        )
    assert judge(replace(PLACE, contenders=(EXACT, HEURISTIC, quick))).kind == "classical proven"


def test_quantum_is_plausible_only_where_nothing_is_proven() -> None:
    worked_out = {"requirement": "needs 4 million qubits and 3 days", "plausible": True}
    assert judge(replace(PLACE, **worked_out)).kind == "classical proven"
    found = judge(replace(PLACE, proven=0, **worked_out))
    assert found.kind == "quantum plausible"
    assert "4 million" in found.words


def test_a_published_classical_answer_is_no_case_for_quantum() -> None:
    known = {
        "classical": "others have its energy",
        "requirement": "needs 6 million qubits",
        "plausible": True,
    }
    found = judge(replace(PLACE, proven=0, contenders=(), **known))
    assert found.kind == "classical heuristic"
    assert "others have its energy" in found.words
    assert "6 million" in found.words


def test_the_questions_of_practice_lie_on_the_axis_in_order() -> None:
    found = in_practice()
    assert [p.size for p in found] == sorted(p.size for p in found)
    (formulary_size,) = (p.size for p in found if p.status == "counted")
    assert formulary_size == sum(len(d.doses) for d in formulary().values())
    # Growdon et al. 2021, abstract
    assert next(p for p in found if p.status == "literature").size == 8
    assert all(p.source for p in found)
    assert [q["size"] for q in document(cells([PLACE]))["in_practice"]] == [p.size for p in found]


def test_a_cell_takes_its_least_settled_place() -> None:
    harder = replace(PLACE, name="harder", size=14, proven=0)
    (cell,) = cells([PLACE, harder])
    assert cell.verdict.kind == "classical heuristic"
    assert [v.kind for _, v in cell.places] == ["classical proven", "classical heuristic"]
    told = document([cell])
    assert told["schema"] == "qtwin.map/1"
    assert told["cells"][0]["places"][0]["contenders"][0]["label"] == "exact"
    assert told["verdict"] == "Of 1 measured cell, 1 is won by classical heuristics without proof."


def test_patients_are_named_in_the_sentence_when_theirs_are_proven() -> None:
    patient = replace(PLACE, origin="patient", level="few", instances=1, proven=1)
    assert "the patient's own question is among" in whole(cells([PLACE, patient]))
    assert "patient" not in whole(cells([replace(patient, proven=0)]))
    assert whole([]).startswith("Nothing")


@pytest.mark.parametrize(
    ("degree", "density", "choice", "n", "level"),
    [
        (2, 1.0, 5, 20, "few"),
        (2, 1.0, 20, 20, "dense"),
        (2, 0.1, 20, 20, "sparse"),
        (3, 1, 5, 20, "third"),
        (4, 1, 9, 9, "fourth"),
    ],
)
def test_rows_of_regimens(degree: int, density: float, choice: int, n: int, level: str) -> None:
    assert regimen_level(degree, density, choice, n) == level


def test_columns_and_rows_have_no_gaps() -> None:
    assert [molecule_level(w) for w in (0.97, 0.8, 0.3)] == ["weak", "moderate", "strong"]
    assert [column_of("regimen", n) for n in (1, 10, 11, 200, 10_000)] == [0, 0, 1, 6, 6]
    assert column_words("regimen", 1) == "11 to 15"
    assert len(ORDER) == 4
