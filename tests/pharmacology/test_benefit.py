"""A benefit accrues under its condition, stage and measurement, and without them no component
does.
"""

from __future__ import annotations

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.benefit import COMPONENTS, _row, accrues, indications, why_not
from qtwin.pharmacology.drug import Drug
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import drug, formulary
from qtwin.pharmacology.ignorance import Known
from qtwin.pharmacology.outcome import BENEFITS, KINDS
from qtwin.pharmacology.panel import build_panel
from qtwin.pharmacology.response import respond
from tests.oracles.people import NOTHING, a_panel, a_person, every_dose, reference_doses


def _facts(*conditions: str, **numbers: float) -> Facts:
    return Facts(conditions=frozenset(conditions), numbers=numbers)


def _taking(inn: str, **numbers: float) -> Facts:
    return Facts(
        conditions=frozenset({"atrial_fibrillation"}), numbers=numbers, medicines=frozenset({inn})
    )


@pytest.mark.parametrize(
    ("component", "inn", "facts", "holds"),
    [
        ("mood", "sertraline", _facts("depression"), True),
        ("mood", "sertraline", _facts("depression", "alzheimer_disease"), True),
        ("mood", "sertraline", _facts("agitation"), False),
        ("mood", "bupropion", _facts("depression"), True),
        ("mood", "bupropion", _facts("depression", "alzheimer_disease"), False),  # no trial there
        ("mood", "bupropion", _facts("depression", "vascular_dementia", "dementia"), False),
        (
            "mood",
            "bupropion",
            _facts("depression", "alzheimer_disease", "mild_cognitive_impairment"),
            True,
        ),
        ("behaviour", "risperidone", _facts("psychosis"), True),
        ("behaviour", "risperidone", _facts("depression"), False),
        ("symptomatic cognition", "donepezil", _facts("alzheimer_disease", "mild_dementia"), True),
        (
            "symptomatic cognition",
            "donepezil",
            _facts("alzheimer_disease", "mild_cognitive_impairment"),
            False,
        ),
        ("symptomatic cognition", "donepezil", _facts("vascular_dementia", "dementia"), False),
        ("symptomatic cognition", "rivastigmine", _facts("parkinson_disease", "dementia"), True),
        ("symptomatic cognition", "donepezil", _facts("parkinson_disease", "dementia"), False),
        ("symptomatic cognition", "memantine", _facts("alzheimer_disease", "mild_dementia"), False),
        (
            "symptomatic cognition",
            "memantine",
            _facts("alzheimer_disease", "moderate_dementia"),
            True,
        ),
        (
            "disease course",
            "lecanemab",
            _facts("alzheimer_disease", amyloid_pet=60.0, mmse=24.0),
            True,
        ),
        (
            "disease course",
            "lecanemab",
            _facts("alzheimer_disease", plasma_p_tau217=0.9, mmse=24.0),
            True,
        ),
        ("disease course", "lecanemab", _facts("alzheimer_disease", mmse=24.0), False),
        (
            "disease course",
            "lecanemab",
            _facts("alzheimer_disease", amyloid_pet=5.0, mmse=24.0),
            False,
        ),
        ("disease course", "lecanemab", _facts("alzheimer_disease", amyloid_pet=60.0), False),
        (
            "disease course",
            "lecanemab",
            _facts("alzheimer_disease", amyloid_pet=60.0, mmse=15.0),
            False,
        ),
        (
            "disease course",
            "lecanemab",
            _facts("alzheimer_disease", "moderate_dementia", amyloid_pet=60.0, mmse=22.0),
            False,
        ),
        ("rate control", "metoprolol", _facts("atrial_fibrillation"), True),
        ("rate control", "metoprolol", _facts("atrial_fibrillation", heart_rate=52.0), False),
        ("rate control", "metoprolol", _facts("atrial_fibrillation", heart_rate=95.0), True),
        ("rate control", "metoprolol", _facts("hypertension"), False),
        ("rate control", "digoxin", _taking("verapamil", heart_rate=72.0), False),
        ("rate control", "metoprolol", _taking("amiodarone", heart_rate=104.0), True),
        ("rate control", "metoprolol", _taking("metoprolol", heart_rate=72.0), True),
        ("pressure", "amlodipine", _facts("hypertension"), True),
        ("pressure", "amlodipine", _facts("atrial_fibrillation"), False),
        ("fewer stroke", "apixaban", _facts("atrial_fibrillation"), True),
        ("fewer stroke", "apixaban", _facts("stroke"), False),
        ("fewer stroke", "aspirin", _facts("atrial_fibrillation"), False),
        ("fewer stroke", "clopidogrel", _facts("transient_ischaemic_attack"), True),
        ("fewer infarction", "atorvastatin", _facts("hyperlipidaemia"), True),
        ("fewer death", "atorvastatin", _facts("hyperlipidaemia"), False),
        ("fewer death", "bisoprolol", _facts("reduced_ejection_fraction"), True),
        (
            "fewer death",
            "bisoprolol",
            _facts("reduced_ejection_fraction", "atrial_fibrillation"),
            False,
        ),
        ("pain", "tramadol", _facts("pain"), True),
        ("bladder", "oxybutynin", _facts("overactive_bladder"), True),
        ("reflux", "omeprazole", _facts("reflux_disease"), True),
        ("reflux", "omeprazole", _facts("pain"), False),
    ],
)
def test_a_component_accrues_under_its_condition(
    component: str, inn: str, facts: Facts, holds: bool
) -> None:
    """From the labels and guidelines, not from the table."""
    assert accrues(component, drug(inn), facts) is holds
    assert (why_not(component, drug(inn), facts) == "") is holds


def test_every_component_is_told_and_none_accrues_to_somebody_without_a_diagnosis() -> None:
    assert {row.component for row in indications()} <= set(COMPONENTS)
    for component in COMPONENTS:
        for entry in (*formulary().values(), None):
            assert not accrues(component, entry, Facts()), (component, entry)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_without_a_diagnosis_no_drug_does_any_good(sex: str) -> None:
    panel = a_panel(every_dose(), a_person(NOTHING, age_years=30.0, sex=sex, mmse=30.0), draws=32)
    kinds = respond(panel, np.arange(len(panel.options))[:, None], horizon_years=5.0)[1]
    good = [k for k, name in enumerate(KINDS) if name in BENEFITS]
    assert kinds[:, :, good].max() <= 0.0
    assert not panel.removal_counted.any()


def test_every_row_is_about_some_drug_with_that_effect() -> None:
    by_effect = {
        "disease course": "amyloid_clearance",
        "symptomatic cognition": "adas_cog_max",
        "pressure": "systolic_bp_fall",
    }

    def has(entry: Drug, component: str) -> bool:
        if component == "rate control":
            return "ADRB1" in entry.affinity or "heart_rate_fall" in entry.effects
        if component.startswith("fewer "):
            ratio = entry.hazard_ratio.get(component.removeprefix("fewer "))
            return ratio is not None and ratio.value < 1.0
        return by_effect.get(component, f"{component}_odds_ratio") in entry.effects

    for row in indications():
        assert any(
            row.concerns(entry) and has(entry, row.component) for entry in formulary().values()
        ), row


_NEEDED: dict[str, tuple[str, str]] = {
    "symptomatic cognition": ("donepezil", "alzheimer_disease"),
    "mood": ("sertraline", "depression"),
    "behaviour": ("risperidone", "agitation"),
    "pain": ("tramadol", "pain"),
    "bladder": ("oxybutynin", "overactive_bladder"),
    "reflux": ("omeprazole", "reflux_disease"),
    "rate control": ("metoprolol", "atrial_fibrillation"),
    "stroke": ("apixaban", "atrial_fibrillation"),
    "infarction": ("atorvastatin", "hyperlipidaemia"),
    "survival": ("atorvastatin", "coronary_disease"),
}


@pytest.mark.parametrize("kind", _NEEDED)
def test_a_kind_is_positive_with_its_condition_and_never_without(kind: str) -> None:
    inn, condition = _NEEDED[kind]

    def found(*conditions: str) -> float:
        person = a_person(frozenset(conditions))
        panel = build_panel(reference_doses(inn), person, n_members=8, seed=0, ignorance=Known())
        return float(
            respond(panel, np.array([[0]]), horizon_years=1.5)[1][0, :, KINDS.index(kind)].mean()
        )

    others = {c for name, (_, c) in _NEEDED.items() if c != condition} - (
        {"coronary_disease"} if kind == "infarction" else set()
    )
    assert found(condition) > 0.0
    assert found(*others, "dementia") <= 0.0


@pytest.mark.parametrize(
    "change",
    [
        {"componnent": "mood"},
        {"component": "moood"},
        {"when": {}},
        {"when": {"condition": "depresion"}},
        {"when": {"heart_rate": {"at_least": -900}}},
        {"when": {"heart_rate": {"at_leest": 60}}},
        {"text": ""},
        {"source": ""},
    ],
)
def test_a_row_that_says_nothing_or_something_unknown_is_refused(change: dict[str, object]) -> None:
    row = {
        "component": "mood",
        "when": {"condition": "depression"},
        "text": "depression",
        "source": "a label",
    }
    assert _row(row, "here").component == "mood"
    with pytest.raises(InputError):
        _row({**row, **change}, "here")


def test_what_a_benefit_would_need_is_said_in_words() -> None:
    assert "depression" in why_not("mood", drug("sertraline"), Facts())
    assert "amyloid" in why_not("disease course", drug("lecanemab"), _facts("alzheimer_disease"))
    nobody: Drug = drug("furosemide") if "furosemide" in formulary() else drug("digoxin")
    assert why_not("disease course", nobody, Facts()) == ""
