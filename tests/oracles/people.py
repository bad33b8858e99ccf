"""A person for pharmacology and a panel over the formulary, from what a test names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.drug import ROUTES, Dose
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.formulary import drug, formulary
from qtwin.pharmacology.ignorance import Ignorance
from qtwin.pharmacology.panel import Panel, Person, build_panel
from qtwin.pharmacology.risk import hazards_per_year, prospects

EVERYTHING = frozenset(
    [
        "alzheimer_disease",
        "dementia",
        "moderate_dementia",
        "parkinson_disease",
        "depression",
        "psychosis",
        "agitation",
        "pain",
        "neuropathic_pain",
        "overactive_bladder",
        "reflux_disease",
        "atrial_fibrillation",
        "hypertension",
        "vascular_disease",
        "myocardial_infarction",
        "reduced_ejection_fraction",
    ]
)
"""Conditions under which nearly every benefit accrues."""
NOTHING: frozenset[str] = frozenset()


def a_person(
    conditions: frozenset[str] = EVERYTHING,
    *,
    activity: dict[str, float] | None = None,
    age_years: float = 76.0,
    sex: str = "female",
    mmse: float = 18.0,
    numbers: dict[str, float] | None = None,
    medicines: frozenset[str] = frozenset(),
    **known: Any,
) -> Person:
    """A woman of 76 with the reference person's clearance unless said."""
    active = dict.fromkeys(ROUTES, 1.0) | (activity or {})
    facts = Facts(
        numbers={"age_years": age_years, "mmse": mmse, **(numbers or {})},
        words={"sex": sex},
        conditions=conditions,
        medicines=medicines,
    )
    person = Person(
        activity=np.array([active[r] for r in ROUTES]),
        apoe_e4_share=(0.0, 1.0, 0.0),
        hazards_per_year=hazards_per_year(facts),
        prospects=prospects(
            age_years=age_years, sex=sex, mmse=np.array([mmse]), demented="dementia" in conditions
        ),
        facts=facts,
    )
    return replace(person, **known)


def reference_doses(*inns: str) -> tuple[Dose, ...]:
    """The reference dose of each drug."""
    found = [drug(inn) for inn in inns]
    return tuple(
        Dose(drug=d, amount_mg=d.reference.amount_mg, interval_h=d.reference.interval_h)
        for d in found
    )


def every_dose() -> tuple[Dose, ...]:
    """Every dose option of the formulary."""
    return tuple(
        Dose(drug=d, amount_mg=o.amount_mg, interval_h=o.interval_h)
        for d in formulary().values()
        for o in d.doses
    )


def a_panel(
    options: Sequence[Dose],
    person: Person | None = None,
    *,
    draws: int = 8,
    seed: int = 5,
    ignorance: Ignorance | None = None,
) -> Panel:
    """A panel of so many draws."""
    return build_panel(
        options, person or a_person(), n_members=8 * draws, seed=seed, ignorance=ignorance
    )


def rows_of(panel: Panel, *names: str) -> NDArray[np.int64]:
    """(1, w) index of the first option of each drug."""
    first = {o.drug.inn: k for k, o in reversed(list(enumerate(panel.options)))}
    return np.array([[first[n] for n in names]], dtype=np.int64)
