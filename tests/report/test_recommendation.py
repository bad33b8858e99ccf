"""What the points beside the headline say of drugs that are out, left out, stopped or to be begun low."""

import pytest
from sample import sample

from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import formulary
from qtwin.report.recommendation import points, starting_doses


@pytest.fixture
def result():
    return sample()


def told(result, head, drugs=()):
    return [p for p in points(result, {"utility": {"mean": 0.0}, "drugs": list(drugs)}) if p.startswith(head)]


def test_a_dose_above_a_ceiling_is_not_told_as_the_drug(result):
    result["problem"]["candidates"] = [{"inn": "galantamine"}, {"inn": "oxybutynin"}]
    (text,) = told(result, "Excluded")
    assert "galantamine 24 mg /24 h, the only dose asked for: At most 16 mg" in text
    assert "oxybutynin: Not with" in text


def test_a_need_that_nothing_covers_is_told(result):
    result["eligibility"]["needs_left"] = ["no eligible candidate covers pain", "hypertension: no further drug is asked for"]
    assert told(result, "Not covered") == ["Not covered: no eligible candidate covers pain."]


def test_an_indicated_drug_that_is_left_out_is_told(result):
    taken = result["chosen"][0]["inn"]
    result["problem"]["candidates"] = [{"inn": i} for i in (taken, "mirtazapine", "citalopram", "galantamine")]
    (text,) = told(result, "Allowed")
    assert text.endswith(": mirtazapine.")  # citalopram has no indication here, galantamine is out


def test_a_medicine_that_is_taken_and_not_recommended_is_told(result):
    kept = result["chosen"][0]["inn"]
    (text,) = told(result, "Taken now", (f"{kept} 5 mg /24 h", "paroxetine 20 mg /24 h"))
    assert text.endswith("paroxetine 20 mg /24 h.")
    assert kept not in text
    assert told(result, "Taken now", (f"{kept} 5 mg /24 h",)) == []


def test_a_start_is_for_who_does_not_take_the_drug_yet():
    donepezil = formulary()["donepezil"]
    facts = Facts(numbers={"age_years": 78.0}, conditions=frozenset({"alzheimer_disease"}))
    found = assess_facts(facts, [donepezil], jurisdiction="US")
    high, low = (Dose(drug=donepezil, amount_mg=mg, interval_h=24.0) for mg in (10.0, 5.0))
    assert starting_doses([high], found, ()) == [{"inn": "donepezil", "start_daily_mg": 5.0}]
    assert starting_doses([low], found, ()) == starting_doses([high], found, {"donepezil"}) == []


def test_what_changes_the_choice_is_told_from_the_best_at_the_medians(result):
    bars = result["certainty"]["tornado"]
    assert not told(result, "With every number")
    for bar in bars:
        bar |= {"best_median": ["lecanemab 700 mg /336 h"], "flips": False, "end": ""}
    (text,) = told(result, "With every number")
    assert "lecanemab is best" in text
    (text,) = told(result, "What would change it")
    assert "no single number" in text
