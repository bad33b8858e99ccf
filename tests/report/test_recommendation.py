"""What the points beside the headline say of drugs that are out, left out, stopped or to be begun
low.
"""

from pathlib import Path

import pytest
from sample import sample

from qtwin.patient.record import read_record
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.eligibility import assess_facts
from qtwin.pharmacology.facts import Facts, facts_of
from qtwin.pharmacology.formulary import formulary
from qtwin.report.recommendation import points, sentence, starting_doses

DATA = Path(__file__).parents[2] / "experiments" / "data"


@pytest.fixture
def result():
    return sample()


def told(result, head, drugs=()):
    return [
        p
        for p in points(result, {"utility": {"mean": 0.0}, "drugs": list(drugs)})
        if p.startswith(head)
    ]


def test_a_dose_above_a_ceiling_is_not_told_as_the_drug(result):
    result["problem"]["candidates"] = [{"inn": "galantamine"}, {"inn": "oxybutynin"}]
    (text,) = told(result, "Excluded")
    assert "galantamine 24 mg /24 h, the only dose asked for: At most 16 mg" in text
    assert "oxybutynin: Not with" in text


def test_a_need_that_nothing_covers_is_told(result):
    result["eligibility"]["needs_left"] = [
        "no eligible candidate covers pain",
        "hypertension: no further drug is asked for",
    ]
    assert told(result, "Not covered") == ["Not covered: no eligible candidate covers pain."]


def test_an_indicated_drug_that_is_left_out_is_told(result):
    taken = result["chosen"][0]["inn"]
    result["problem"]["candidates"] = [
        {"inn": i} for i in (taken, "mirtazapine", "citalopram", "galantamine")
    ]
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


def test_a_near_tie_is_named_first_and_only_where_it_is_one(result):
    patient = read_record(DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json")
    facts = facts_of(patient)
    lecanemab = formulary()["lecanemab"]
    chosen = [Dose(drug=lecanemab, amount_mg=700.0, interval_h=336.0)]
    rival = {
        "take": {"inn": "donanemab", "amount_mg": 1400.0, "interval_h": 672.0},
        "instead_of": {"inn": "lecanemab", "amount_mg": 700.0, "interval_h": 336.0},
        "p_better": 0.44,
        "nearly_equal": True,
    }
    told_first = sentence(patient, facts, chosen, (), {"rival": rival})
    assert told_first.endswith(
        "lecanemab 700 mg /336 h (or donanemab instead of lecanemab: nearly equal)."
    )
    for sure in (None, {}, {"rival": None}, {"rival": rival | {"nearly_equal": False}}):
        assert sentence(patient, facts, chosen, (), sure).endswith(
            "recommends lecanemab 700 mg /336 h."
        )
    result["certainty"]["rival"] = rival
    assert told(result, "Nearly equal") == [
        "Nearly equal: donanemab instead of lecanemab is better in 44.0 % of the draws."
    ]


def test_the_gravest_cautions_are_told_and_each_pair_once(result):
    def caution(gravity, text, inn="donepezil", partner=""):
        return {
            "inn": inn,
            "partner": partner,
            "rule": text,
            "strength": "caution",
            "gravity": gravity,
            "text": text,
            "source": "s",
        }

    result["cautions"] = [
        caution(3, "Less of it."),
        caution(2, "Bradycardia", partner="bisoprolol"),
        caution(1, "Torsade", partner="citalopram"),
        caution(2, "Watch the pulse", inn="bisoprolol", partner="donepezil"),
        *(caution(2, f"Falls {k}", inn=f"drug{k}") for k in range(3)),
    ]
    (text,) = told(result, "To mind with it")
    assert text.startswith(
        "To mind with it, the gravest first: donepezil with citalopram: Torsade; donepezil "
        "with bisoprolol:"
    )
    assert "Watch the pulse" not in text
    assert text.endswith("; and 3 more under Cautions on the page.")


def test_which_ignorance_matters_is_told(result):
    split = {
        "n_courses": 64,
        "n_draws": 64,
        "p_optimal_course_unknown": 0.75,
        "p_optimal_numbers_unknown": 0.25,
        "p_optimal_both_unknown": 0.2,
        "evppi_course_qaly": 0.001,
        "evppi_numbers_qaly": 0.007,
    }
    result["certainty"]["split"] = split
    (text,) = told(result, "Of this")
    assert "75.0 % of courses" in text
    assert "25.0 % of draws" in text
    result["certainty"]["split"] = split | {"n_courses": 1}
    assert told(result, "Of this") == []
    assert told(result, "None of the regimens that may be the best")


def test_a_limit_that_the_choice_reaches_is_told(result):
    taken = result["chosen"][0]
    label = f"{taken['inn']} {taken['amount_mg']:g} mg /{taken['interval_h']:g} h"
    rule = {
        "name": "eligibility: one-begun",
        "kind": "AtMost",
        "reason": "Begin one. (source)",
        "members": [label, "amlodipine 5 mg /24 h"],
    }
    result["problem"]["constraints"] = [rule]
    assert told(result, "Limited") == ["Limited: Begin one (source)."]
    result["problem"]["constraints"] = [
        rule | {"members": ["amlodipine 5 mg /24 h", "lisinopril 10 mg /24 h"]}
    ]
    assert told(result, "Limited") == []


def test_another_discount_rate_is_told(result):
    rows = [{"rate_per_year": 0.015, "best": ["donepezil 5 mg /24 h"], "regret_qaly": 0.0}]
    rows.append({"rate_per_year": 0.05, "best": ["memantine 10 mg /12 h"], "regret_qaly": 0.002})
    result["certainty"]["discount"] = rows
    (text,) = told(result, "Discounting")
    assert "5 % a year makes memantine the best" in text
    result["certainty"]["discount"] = rows[:1]
    assert told(result, "Discounting")[0].endswith("changes nothing of the choice.")
