"""What rules may ask of a patient: numbers, words, conditions, medicines and allergies, each known
or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qtwin.patient.biomarker import BIOMARKERS
from qtwin.patient.condition import known_conditions, with_implied
from qtwin.patient.medicine import inn_of_code
from qtwin.patient.person import NO_AGE, Medication, Patient
from qtwin.pharmacology.drug import ENZYMES

GENES = (*ENZYMES, "SLCO1B1")
"""Genes whose phenotype or activity score a rule may ask for."""
PHENOTYPES = tuple(
    f"{word} metabolizer" for word in ("poor", "intermediate", "normal", "rapid", "ultrarapid")
) + tuple(f"{word} function" for word in ("poor", "decreased", "normal", "increased"))
"""CPIC's standard words (Caudle 2017, Genet Med 19:215)."""
SEXES = ("female", "male")
STAGE = "stage of dementia"
STAGES = ("mild_dementia", "moderate_dementia", "severe_dementia")
"""Stages of dementia, of which a person has at most one."""
_DEMENTIAS = frozenset({"alzheimer_disease", "vascular_dementia", "lewy_body_dementia", "dementia"})
_MMSE_STAGES = ((21.0, "mild_dementia"), (10.0, "moderate_dementia"), (0.0, "severe_dementia"))
"""Lowest MMSE of each stage (NICE TA217, section 2: mild 21-26, moderate 10-20, severe below
10).
"""
_CDR_SB_STAGES = ((16.0, "severe_dementia"), (9.5, "moderate_dementia"), (0.0, "mild_dementia"))
"""Lowest CDR-SB of each stage (O'Bryant 2008, Arch Neurol 65:1091, table 3: 4.5-9.0, 9.5-15.5,
16.0-18.0).
"""
_FAILURE_BELOW_ML_PER_MIN = 15.0
"""Creatinine clearance below which kidneys fail, whether the record calls it so or not (KDIGO 2024,
category G5).
"""


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A number that rules may ask for.

    Attributes:
        words: What people call it.
        unit: Its unit.
        low, high: What is physically possible.
        whole: Whether it is a whole number.
    """

    words: str
    unit: str
    low: float
    high: float
    whole: bool = False


MEASURES: Mapping[str, Measure] = {
    "age_years": Measure(words="age", unit="year", low=0, high=120),
    "weight_kg": Measure(words="weight", unit="kg", low=20, high=400),
    "creatinine_clearance_mL_per_min": Measure(
        words="creatinine clearance", unit="mL/min", low=0, high=300
    ),
    "apoe_e4_copies": Measure(words="APOE genotype", unit="1", low=0, high=2, whole=True),
    "potassium": Measure(words="potassium", unit="mmol/L", low=1, high=12),
    "sodium": Measure(words="sodium", unit="mmol/L", low=80, high=220),
    "moca": Measure(words="MoCA", unit="point", low=0, high=30),
    **{
        key: Measure(
            words=marker.words.removesuffix(" interval"),
            unit=marker.unit,
            low=marker.low,
            high=marker.high,
        )
        for key, marker in BIOMARKERS.items()
        # asked for by the names above, however they were found
        if marker.used and key not in ("weight", "creatinine_clearance")
    },
    **{
        f"{gene} activity score": Measure(words=f"{gene} activity score", unit="1", low=0, high=10)
        for gene in GENES
    },
}
"""Name of a number to what it is."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of one person.

    Attributes:
        numbers: Name in `MEASURES` to the last value; what is absent is not known.
        measured_days_ago: Biomarker to the days from its last value to the last visit.
        words: "sex", or a gene with " phenotype", to the word in small letters; what is absent is
            not known.
        conditions: Keys of the diagnoses with all that they imply; a list of problems is taken as
            complete, so what is absent is not there.
        open_conditions: Keys of which it is not known whether they are there: the stages of a
            dementia that nothing stages.
        conditions_told: Whether the record holds any diagnosis at all.
        medicines: INNs of the medicines taken now, in or outside the formulary.
        allergies: INNs, classes and codes (ATC, RxNorm) that the person does not bear, with the
            kind that the record tells.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    measured_days_ago: Mapping[str, int] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
    open_conditions: frozenset[str] = frozenset()
    conditions_told: bool = True
    medicines: frozenset[str] = frozenset()
    allergies: Mapping[str, str] = field(default_factory=dict)


def fact_name(name: str) -> str:
    """What people call a fact, such as "QTc" for "qtc"."""
    return MEASURES[name].words if name in MEASURES else name


def stage_of(
    conditions: frozenset[str], numbers: Mapping[str, float], days_ago: Mapping[str, int]
) -> str | None:
    """The stage of a recorded dementia by the newer of CDR-SB and MMSE (CDR-SB where both are of
    one day); None without either.

    Above the range of mild dementia a recorded dementia is mild, unless the record says mild
    cognitive impairment.
    """
    if not (_DEMENTIAS | set(STAGES)) & conditions or "mild_cognitive_impairment" in conditions:
        return None
    scales = sorted((days_ago.get(s, 0), s) for s in ("cdr_sb", "mmse") if s in numbers)
    if not scales:
        return None
    scale = scales[0][1]
    table = _MMSE_STAGES if scale == "mmse" else _CDR_SB_STAGES
    return next(stage for lowest, stage in table if numbers[scale] >= lowest)


def inn_of(medicine: Medication) -> str:
    """The INN of a recorded medicine: by its code where that is known, else as it is named."""
    return inn_of_code(rxnorm=medicine.rxnorm, atc=medicine.atc) or medicine.inn


def _numbers(patient: Patient) -> dict[str, float]:
    found = {v.biomarker: v.value for v in patient.visits if v.biomarker in MEASURES}
    known = {
        "age_years": None if NO_AGE in patient.missing else patient.age_years,
        "weight_kg": patient.weight_kg,
        "creatinine_clearance_mL_per_min": patient.creatinine_clearance_mL_per_min,
        "apoe_e4_copies": patient.apoe_e4_copies,
        **{
            f"{gene} activity score": g.activity_score
            for gene, g in patient.genotypes.items()
            if gene in GENES
        },
    }
    return {**found, **{name: float(value) for name, value in known.items() if value is not None}}


def _words(patient: Patient) -> dict[str, str]:
    found = {"sex": patient.sex} if patient.sex in SEXES else {}
    for gene, genotype in patient.genotypes.items():
        word = genotype.phenotype.casefold().removeprefix("likely ")
        if gene in GENES and word in PHENOTYPES:
            found[f"{gene} phenotype"] = word
    return found


def _allergies(patient: Patient) -> dict[str, str]:
    found: dict[str, str] = {}
    for allergy in getattr(patient, "allergies", ()):
        for name in (allergy.inn, allergy.atc, allergy.rxnorm, allergy.code):
            if name and found.get(name) != "allergy":
                found[name] = allergy.kind or "allergy"
    return found


def facts_of(patient: Patient) -> Facts:
    """The facts of a record."""
    last_day = max((v.date for v in patient.visits), default=None)
    days_ago = {
        v.biomarker: (last_day - v.date).days for v in patient.visits if last_day is not None
    }
    recorded = frozenset(c.key for c in patient.conditions if c.key in known_conditions())
    numbers = _numbers(patient)
    if (
        numbers.get("creatinine_clearance_mL_per_min", _FAILURE_BELOW_ML_PER_MIN)
        < _FAILURE_BELOW_ML_PER_MIN
    ):
        recorded |= {"kidney_failure"}
    stage = stage_of(recorded, numbers, days_ago)
    staged = (
        stage is not None
        or "mild_cognitive_impairment" in recorded
        or not recorded & _DEMENTIAS
        or recorded & set(STAGES)
    )
    return Facts(
        numbers=numbers,
        measured_days_ago=days_ago,
        words=_words(patient),
        conditions=with_implied(recorded - set(STAGES) | {stage} if stage else recorded),
        open_conditions=frozenset() if staged else frozenset(STAGES),
        conditions_told=bool(patient.conditions),
        medicines=frozenset(inn_of(m) for m in patient.medications),
        allergies=_allergies(patient),
    )
