"""What a spec asks, held against the rules on the record: a drug named without a dose is offered at
one that is allowed.
"""

from __future__ import annotations

from pathlib import Path

from qtwin.studies.regimen.prepare import prepare


def _options(experiment: Path, candidates: str) -> tuple[list[str], tuple[str, ...]]:
    text = experiment.read_text(encoding="utf-8")
    start, end = text.index("candidates"), text.index("max_drugs")
    experiment.write_text(
        f"{text[:start]}candidates = {candidates}\n{text[end:]}", encoding="utf-8"
    )
    prepared = prepare(experiment)
    return [o.label for o in prepared.choice.options], prepared.warnings


def test_a_drug_without_a_dose_is_offered_at_the_largest_that_is_allowed(experiment: Path) -> None:
    """Her creatinine clearance is 53 mL/min: galantamine at most 16 mg a day (Razadyne label), and
    24 mg is its usual dose.
    """
    drugs = '"apixaban", "amlodipine", "metoprolol", "paroxetine"'
    labels, said = _options(experiment, f'["galantamine", {drugs}]')
    assert "galantamine 8 mg /12 h" in labels
    assert any(
        text.startswith("galantamine 8 mg /12 h is offered in place of 12 mg") for text in said
    )


def test_a_dose_that_is_named_stays_as_it_is(experiment: Path) -> None:
    drugs = '"donepezil", "apixaban", "amlodipine", "metoprolol", "paroxetine"'
    labels, said = _options(experiment, f'[{{ inn = "galantamine", amount_mg = 12.0 }}, {drugs}]')
    assert "galantamine 12 mg /12 h" in labels
    assert not any("in place of" in text for text in said)
