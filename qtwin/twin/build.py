"""MoCA -> MMSE: a published crosswalk, used where no MMSE was taken on the day.

Equivalent scores are those of Fasnacht et al. 2023 (J Am Geriatr Soc 71:869, 10.1111/jgs.18124), by
equipercentile equating; there are none below 2 points. Their error is that of one person's
converted score against the MMSE of the same day: root mean square 2.61 to 2.94 points over four
published crosswalks in 506 patients ("Validation of four methods for converting scores on the
Montreal Cognitive Assessment to scores on the Mini-Mental State Examination-2", J Clin Neurol); the
largest is taken.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.patient.person import Patient, Visit
from qtwin.patient.record import write_down
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.panel import Person, build_panel
from qtwin.pharmacology.prescription import current_doses
from qtwin.pharmacology.quantity import read_quantities
from qtwin.pharmacology.response import respond
from qtwin.twin.assimilate import Observation, Posterior, assimilate, why_misfit
from qtwin.twin.disease import load
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.person import person_of
from qtwin.twin.simulate import integrate
from qtwin.twin.twin import Twin

LOWEST_MOCA = 2.0
_MMSE = (
    7,
    9,
    10,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    19,
    20,
    21,
    22,
    23,
    24,
    25,
    25,
    26,
    27,
    27,
    28,
    28,
    29,
    29,
    30,
    30,
    30,
    30,
)
"""MMSE of 2, 3, ... 30 points of MoCA."""
ERROR_POINTS = 2.94
READ_AS_MMSE = (
    "MoCA is taken as MMSE by a published crosswalk (Fasnacht 2023), with an error of "
    f"{ERROR_POINTS:g} points"
)


def mmse_of_moca(moca: float) -> float:
    """Equivalent MMSE of a MoCA score; between whole points on the line between them.

    Raises:
        ValueError: for a score that the crosswalk does not cover.
    """
    if not LOWEST_MOCA <= moca <= 30.0:
        raise ValueError(
            f"the crosswalk covers {LOWEST_MOCA:g} to 30 points of MoCA, {moca:g} came"
        )
    return float(np.interp(moca, np.arange(LOWEST_MOCA, 31.0), _MMSE))


def converted(visits: Sequence[Visit]) -> list[Visit]:
    """The MoCA scores of days without an MMSE, as MMSE."""
    known = {v.date for v in visits if v.biomarker == "mmse"}
    usable = [
        v
        for v in visits
        if v.biomarker == "moca" and v.value >= LOWEST_MOCA and v.date not in known
    ]
    return [
        Visit(date=v.date, biomarker="mmse", value=mmse_of_moca(v.value), unit=v.unit)
        for v in usable
    ]


# From a patient to a twin: measurements into model units, medicines into their effect on them,
# visits into a posterior.

YOUNGEST_YEARS = 50.0
_MEMBERS_FOR_MEDICINES = 512
_MEMBERS_FOR_COURSE = 256
_YEARS_AHEAD = 20
_SAME = {
    "mmse": "mmse",
    "cdr_sb": "cdr_sb",
    "amyloid_pet": "amyloid_pet_centiloid",
    "hippocampal_volume": "hippocampal_fraction",
}


def _scale() -> dict[str, tuple[str, float, float]]:
    """Biomarker of the record to the model's name, factor and shift."""
    q = read_quantities("disease_alzheimer.toml")
    scale = {"plasma_p_tau217": ("plasma_p_tau217_fold", 1.0 / q["p_tau217_normal"].value, 0.0)}
    scale |= {"tau_pet": ("tau_pet_suvr_excess", 1.0, -q["tau_pet_normal"].value)}
    return scale | {key: (name, 1.0, 0.0) for key, name in _SAME.items()}


def first_visit(patient: Patient) -> dt.date | None:
    """Day of the first visit that informs the disease course; None without one."""
    scale = _scale()
    used = [v for v in patient.visits if v.biomarker in scale] + converted(patient.visits)
    return min((v.date for v in used), default=None)


def observations_of(visits: Sequence[Visit], first: dt.date | None) -> tuple[Observation, ...]:
    """The visits that inform the disease course, in model units, timed from the first of them.

    Plasma p-tau217 in pg/mL becomes fold over the amyloid-negative level, tau PET SUVR its excess
    over the negative level, and MoCA the MMSE of a crosswalk, with its error.
    """
    scale = _scale()
    used = [(v, None) for v in visits if v.biomarker in scale] + [
        (v, ERROR_POINTS) for v in converted(visits)
    ]
    if not used or first is None:
        return ()
    return tuple(
        Observation(
            time_years=(v.date - first).days / 365.25,
            biomarker=scale[v.biomarker][0],
            value=v.value * scale[v.biomarker][1] + scale[v.biomarker][2],
            error=error,
        )
        for v, error in used
    )


def medicines_during_visits(
    doses: Sequence[Dose], person: Person, *, seed: int
) -> tuple[float, float]:
    """Mean amyloid removal (1/year) and MMSE offset (points) of the medicines taken while the
    visits were made.
    """
    if not doses:
        return 0.0, 0.0
    panel = build_panel(doses, person, n_members=_MEMBERS_FOR_MEDICINES, seed=seed)
    _, _, offset = respond(panel, np.arange(len(doses))[None, :], horizon_years=1.0)
    return float(panel.removal_per_year.sum(axis=1).mean()), float(offset.mean())


def out_of_scope(patient: Patient) -> tuple[str, ...]:
    """Why no disease model is about this record; empty where one is."""
    reasons = []
    if not {"alzheimer_disease", "mild_cognitive_impairment"} & {c.key for c in patient.conditions}:
        reasons.append(
            "the record holds no Alzheimer's disease or mild cognitive impairment, which "
            "the disease models are about"
        )
    if patient.age_years < YOUNGEST_YEARS:
        reasons.append(f"the models are for people of {YOUNGEST_YEARS:.0f} years and older")
    return tuple(reasons)


def person_of_twin(
    patient: Patient, model: DiseaseModel, posterior: Posterior, *, beta1_gain: float
) -> Person:
    """The person with the survival and quality of life that follow from the expected course."""
    course = None if out_of_scope(patient) else _expected_mmse(model, posterior)
    return person_of(patient, beta1_gain=beta1_gain, mmse=course)[0]


def _expected_mmse(model: DiseaseModel, posterior: Posterior) -> NDArray[np.float64]:
    """(y,) mean MMSE without drugs in each year ahead."""
    rows = np.linspace(
        0, len(posterior.weights) - 1, min(_MEMBERS_FOR_COURSE, len(posterior.weights))
    ).astype(np.int64)
    times = np.arange(_YEARS_AHEAD) + 0.5
    states = integrate(
        model,
        posterior.parameters[rows],
        posterior.state_now[rows],
        np.zeros((1, len(rows))),
        np.concatenate([[0.0], times]),
    )[0]
    return np.asarray(model.observe("mmse", states)[:, 1:].mean(axis=0))


def refuse_out_of_scope(
    patient: Patient, out_of_scope_is: Literal["refuse", "accept"]
) -> tuple[str, ...]:
    """Why no model is about this record, if that is accepted.

    Raises:
        InputError: if it is not, or the person has died.
    """
    if patient.deceased:
        raise InputError(
            "the record says that the person has died: there is nothing to choose",
            hint="ask about a living person",
        )
    reasons = out_of_scope(patient)
    if reasons and out_of_scope_is == "refuse":
        raise InputError(
            f"the record is outside the scope of every model: {'; '.join(reasons)}",
            hint='no benefit could be told from this twin; out_of_scope = "accept" (in a spec: '
            "[twin]) goes on all the same",
        )
    return reasons


def fit_twin(
    patient: Patient,
    *,
    disease: str,
    n_members: int,
    seed: int,
    out_of_scope: Literal["refuse", "accept"] = "refuse",
    beta1_gain: float = 1.0,
) -> Twin:
    """The twin of a patient under the medicines of the record, see `Twin.fit`; written into the
    audit log.
    """
    refuse_out_of_scope(patient, out_of_scope)
    doses, left_out = current_doses(patient)
    twin = build_twin(
        patient, doses, disease_model=disease, n_members=n_members, seed=seed, beta1_gain=beta1_gain
    )
    write_down("build twin", patient, detail=f"{disease}, {n_members} members, seed {seed}")
    return replace(twin, assumptions=(*left_out, *twin.assumptions))


def build_twin(
    patient: Patient,
    doses: Sequence[Dose],
    *,
    disease_model: str,
    n_members: int,
    seed: int,
    beta1_gain: float = 1.0,
) -> Twin:
    """The calibrated twin of a patient.

    Args:
        patient: The record.
        doses: Medicines taken during the visits.
        disease_model: Name in the table of disease models.
        n_members: Posterior members.
        seed: Seed of everything random.
        beta1_gain: Response of the beta-1 receptor over that of ADRB1 Arg389 (exploratory).

    Raises:
        InputError: for an unknown disease model or impossible measurements.
    """
    model = load(disease_model)
    person, assumed = person_of(patient, beta1_gain=beta1_gain)
    removal, offset = medicines_during_visits(doses, person, seed=seed)
    posterior = assimilate(
        model,
        observations_of(patient.visits, first_visit(patient)),
        age_years=patient.age_years,
        apoe_e4_copies=patient.apoe_e4_copies,
        removal_per_year=removal,
        mmse_offset=offset,
        n_members=n_members,
        seed=seed,
    )
    if beta1_gain != 1.0:
        assumed.append(
            f"exploratory: the beta-1 receptor is taken to respond {beta1_gain:.2f}-fold by "
            "its variants; CPIC finds the evidence"
            " insufficient"
        )
    misfit = why_misfit(model, posterior)
    assumed += [misfit] if misfit else []
    if converted(patient.visits):
        assumed.append(READ_AS_MMSE)
    if not posterior.observations:
        assumed.append("no visit informs the disease course: the twin is the population")
    assumed = [*(f"out of scope: {reason}" for reason in out_of_scope(patient)), *assumed]
    person = person_of_twin(patient, model, posterior, beta1_gain=beta1_gain)
    return Twin(
        patient=patient,
        model=model,
        posterior=posterior,
        person=person,
        seed=seed,
        doses=tuple(doses),
        assumptions=tuple(assumed),
    )
