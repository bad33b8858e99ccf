"""What a regimen must cover, where the rules keep apart what would cover it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qtwin.errors import InfeasibleError
from qtwin.patient.person import Patient
from qtwin.patient.record import read_record
from qtwin.problem.choice import Choice, candidates, choose_from

DATA = Path(__file__).parents[2] / "experiments" / "data"
DEMENTIA, STROKE = "mild Alzheimer's disease", "stroke prevention in atrial fibrillation"
ASKED = candidates(
    [
        "donepezil",
        "galantamine:8mg",
        "lecanemab",
        "apixaban",
        "amlodipine",
        "paroxetine",
        "metoprolol",
    ]
)


@pytest.fixture(scope="module")
def slow_heart() -> Patient:
    """At 38/min no cholinesterase inhibitor is left, and lecanemab not beside an anticoagulant."""
    patient = read_record(DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json")
    return replace(
        patient,
        visits=tuple(
            replace(v, value=38.0) if v.biomarker == "heart_rate" else v for v in patient.visits
        ),
    )


def _sets(choice: Choice) -> set[frozenset[str]]:
    return {
        frozenset(o.drug.inn for o, taken in zip(choice.options, row, strict=True) if taken)
        for row in choice.feasible.bits
    }


def test_needs_that_no_regimen_covers_together_are_weighed_instead(slow_heart: Patient) -> None:
    choice = choose_from(slow_heart, ASKED)
    (sentence,) = [s for s in choice.uncovered if "together" in s]
    assert DEMENTIA in sentence
    assert STROKE in sentence
    assert sentence in choice.warnings
    # what the rules leave that lowers the pressure, by hand: metoprolol and paroxetine are out
    assert _sets(choice) == {
        frozenset({"amlodipine", *more}) for more in ((), ("lecanemab",), ("apixaban",))
    }


def test_needs_that_can_be_covered_together_are_covered(slow_heart: Patient) -> None:
    whole = replace(
        slow_heart,
        visits=tuple(
            replace(v, value=70.0) if v.biomarker == "heart_rate" else v for v in slow_heart.visits
        ),
    )
    choice = choose_from(whole, ASKED)
    assert not any("together" in s for s in choice.uncovered)
    inhibitors = {"donepezil", "galantamine"}
    for names in _sets(choice):
        assert names & (inhibitors | {"lecanemab"})
        assert "apixaban" in names


def test_needs_that_are_named_are_not_given_up(slow_heart: Patient) -> None:
    with pytest.raises(InfeasibleError):
        choose_from(slow_heart, ASKED, needs=(DEMENTIA, STROKE))


def test_too_few_drugs_for_the_needs_are_told_and_none_is_given_up(slow_heart: Patient) -> None:
    with pytest.raises(InfeasibleError):
        choose_from(slow_heart, ASKED, max_drugs=2)
