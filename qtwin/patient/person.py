"""The patient: what the twin needs of a record, and nothing that names the person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from qtwin.patient.biomarker import BIOMARKERS, P_TAU217_ASSAY

OLDEST_YEARS = 120.0
"""No record is of an older person."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One measured value.

    Attributes:
        date: Day of measurement; stays on this machine.
        biomarker: Key in `qtwin.patient.biomarker.BIOMARKERS`.
        value: In `unit`, the biomarker's canonical unit.
    """

    date: dt.date
    biomarker: str
    value: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Genotype:
    """What one gene is.

    Attributes:
        diplotype: '' where only the phenotype is known.
        activity_score: None where the gene has none or an allele is unknown.
    """

    gene: str
    diplotype: str
    activity_score: float | None
    phenotype: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Medication:
    """A medicine; amount, interval and days are None, codes are '', where the record does not tell
    them.

    Attributes:
        inn: International nonproprietary name in small letters; "medicine RxNorm 6809" or "unknown
            medicine" where it is not known.
        rxnorm, atc: Codes as recorded; '' for one of several ingredients.
        since: First day.
        told: Newest day on which the record says so.
        over: Whether it is not taken any more.
    """

    inn: str
    amount_mg: float | None = None
    interval_h: float | None = None
    rxnorm: str = ""
    atc: str = ""
    since: dt.date | None = None
    told: dt.date | None = None
    over: bool = False


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A diagnosis; `key` is our name for it, or '' where the twin does not use it."""

    key: str
    code: str
    display: str


@dataclass(frozen=True, kw_only=True)
class Allergy:
    """A medicine that the record says the person does not bear; codes are '' where the record does
    not tell them.

    Attributes:
        inn: International nonproprietary name or class in small letters, '' where neither code nor
            name tells it.
        rxnorm, atc: Codes as recorded.
        code: The first code of the record, whatever its system.
        kind: "allergy", "intolerance" or "".
        criticality: "low", "high", "unable-to-assess" or "".
    """

    inn: str = ""
    rxnorm: str = ""
    atc: str = ""
    code: str = ""
    kind: str = ""
    criticality: str = ""


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What the person allowed.

    Attributes:
        scopes: As the record tells them, such as research, simulation, cloud-submission.
        expires: Last day of the record's consent.
        denied: What the record denies by name.
        stated: Scopes that the user states and the record does not hold.
    """

    scopes: tuple[str, ...]
    expires: dt.date | None = None
    denied: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the record came from.

    Attributes:
        kind: Format of the record.
        sha256: Digest of each file.
        synthetic: Whether the record says that its person is invented.
        versions: Of formats and tools, such as "FHIR R4" and "PharmCAT v3.1.0".
    """

    kind: str
    sha256: tuple[str, ...]
    synthetic: bool
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, repr=False)
class Patient:
    """One person, as the twin needs them.

    Attributes:
        patient_id: Pseudonym, derived from the digest of the whole record: it cannot be guessed
            from a record number.
        age_years: At the last visit.
        sex: "female", "male", "other" or "unknown".
        weight_kg, height_cm, creatinine_clearance_mL_per_min: None if unknown.
        apoe_e4_copies: 0, 1, 2 or None if unknown.
        genotypes: Gene to genotype.
        conditions, visits: As recorded; visits sorted by date and name.
        medications: What is taken now, one for each medicine.
        consent: None if the record holds none.
        provenance: Origin.
        missing: Plain statements of what is missing and what is assumed instead.
        notes: Plain statements of what was in the record and not used; entries are counted from 0,
            as FHIRPath does.
        allergies: Medicines that the person does not bear.
        deceased: Whether the record says that the person has died.
        medicine_history: Everything that the record says of medicines, `medications` follows from
            it.

    Example:
        >>> import qtwin as qt
        >>> patient = qt.examples.patient()
        >>> patient.sex, len(patient.visits), sorted(patient.genotypes)
        ('female', 15, ['CYP2C19', 'CYP2D6'])
    """

    patient_id: str
    age_years: float
    sex: str
    weight_kg: float | None
    height_cm: float | None
    creatinine_clearance_mL_per_min: float | None
    apoe_e4_copies: int | None
    genotypes: Mapping[str, Genotype]
    conditions: tuple[Condition, ...]
    medications: tuple[Medication, ...]
    visits: tuple[Visit, ...]
    consent: Consent | None
    provenance: Provenance
    missing: tuple[str, ...] = field(default_factory=tuple)
    notes: tuple[str, ...] = field(default_factory=tuple)
    allergies: tuple[Allergy, ...] = ()
    deceased: bool = False
    medicine_history: tuple[Medication, ...] = ()

    def __repr__(self) -> str:
        synthetic = ", synthetic" if self.provenance.synthetic else ""
        return (
            f"Patient({self.patient_id}, {self.sex}, {int(self.age_years)} "
            f"years{synthetic}; {len(self.conditions)} conditions, "
            f"{len(self.medications)} medicines, {len(self.visits)} measurements, "
            f"{len(self.genotypes)} genotypes)"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
            for name, text in describe(self)
        )
        return f"<table>{rows}</table>"

    def last(self, biomarker: str) -> float | None:
        """The last measured value of a biomarker, in its canonical unit; None if there is none."""
        return next((v.value for v in reversed(self.visits) if v.biomarker == biomarker), None)


def describe(patient: Patient) -> list[tuple[str, str]]:
    """What was understood of the record, line by line, without dates."""
    lines = [
        (
            "patient",
            f"{patient.patient_id}, {patient.sex}, {int(patient.age_years)} years"
            + (", synthetic" if patient.provenance.synthetic else ""),
        ),
    ]
    if patient.creatinine_clearance_mL_per_min is not None:
        lines.append(
            ("creatinine clearance", f"{patient.creatinine_clearance_mL_per_min:.0f} mL/min")
        )
    if patient.apoe_e4_copies is not None:
        lines.append(("APOE e4 copies", str(patient.apoe_e4_copies)))
    for gene in sorted(patient.genotypes):
        g = patient.genotypes[gene]
        score = "" if g.activity_score is None else f", activity score {g.activity_score:g}"
        lines.append((gene, f"{g.diplotype or 'phenotype alone'}, {g.phenotype}{score}"))
    lines.append(
        ("conditions", "; ".join(c.display for c in patient.conditions) or "none recorded")
    )

    def dose(m: Medication) -> str:
        return (
            m.inn
            if m.amount_mg is None or m.interval_h is None
            else f"{m.inn} {m.amount_mg:g} mg /{m.interval_h:g} h"
        )

    lines.append(("medicines", "; ".join(dose(m) for m in patient.medications) or "none recorded"))
    if patient.allergies:
        lines.append(
            (
                "not borne",
                "; ".join(a.inn or a.code or "unknown substance" for a in patient.allergies),
            )
        )
    by_marker: dict[str, list[Visit]] = {}
    for visit in patient.visits:
        by_marker.setdefault(visit.biomarker, []).append(visit)
    last = max((v.date for v in patient.visits), default=None)
    for marker, visits in by_marker.items():
        values = ", ".join(f"{v.value:g}" for v in visits)
        years = (last - visits[0].date).days / 365.25 if last else 0.0
        since = f" over {years:.1f} years" if len(visits) > 1 else ""
        unit = "" if visits[0].unit == "point" else f" {visits[0].unit}"
        lines.append(
            (BIOMARKERS[marker].words if marker in BIOMARKERS else marker, f"{values}{unit}{since}")
        )
    if patient.consent is not None:
        stated = [f"{scope} (stated by the user)" for scope in patient.consent.stated]
        lines.append(("consent", ", ".join((*patient.consent.scopes, *stated))))
    return lines


# What a record does not tell, each with what the twin takes instead, in plain words.

ASSUMED_AGE_YEARS = 75.0
"""Assumed where a record tells no age: about the age at which Alzheimer's disease is diagnosed."""
NO_AGE = f"no age: {ASSUMED_AGE_YEARS:.0f} years at the last visit are assumed"

_MEASUREMENTS = {
    "amyloid_pet": "no amyloid PET: the amyloid load stays at the population's",
    "plasma_p_tau217": "no plasma p-tau217: tau stays at the population's",
    "tau_pet": "no tau PET: the tau load is inferred from p-tau217 and the clinical course",
}
_SCALES = {
    "mmse": "no MMSE: cognition rests on CDR-SB",
    "cdr_sb": "no CDR-SB: the stage rests on the MMSE",
}
_NO_SCALE = "no MMSE and no CDR-SB: cognition rests on the biomarkers and the population's course"
_KIDNEY = {
    "weight": "no weight: creatinine clearance cannot be worked out from creatinine",
    "serum_creatinine": "no serum creatinine: kidney function is assumed",
}
P_TAU217_WITHOUT_ASSAY = f"p-tau217 without a named assay is read as {P_TAU217_ASSAY}"


def what_is_missing(
    *,
    measured: Collection[str],
    sex: str,
    genotypes: Mapping[str, Genotype],
    apoe_known: bool,
    medications: Sequence[Medication],
    consent: Consent | None,
    age_known: bool = True,
    p_tau217_without_assay: bool = False,
) -> tuple[str, ...]:
    """One statement for each thing that the record does not tell.

    Args:
        measured: Keys of the biomarkers that were measured.
        sex: Sex or gender as recorded.
        genotypes: Gene to genotype.
        apoe_known: Whether the APOE genotype is known.
        medications: Medicines taken now.
        consent: What the person allowed.
        age_known: Whether the age is known.
        p_tau217_without_assay: Whether a p-tau217 is used whose assay the record does not name.
    """
    measured = {*measured, *(["mmse"] if "moca" in measured else [])}
    found = [] if measured else ["no visits: the twin follows the population's course"]
    if not age_known:
        found.append(NO_AGE)
    found += [text for key, text in _MEASUREMENTS.items() if key not in measured]
    found += (
        [text for key, text in _SCALES.items() if key not in measured]
        if _SCALES.keys() & set(measured)
        else [_NO_SCALE]
    )
    if p_tau217_without_assay:
        found.append(P_TAU217_WITHOUT_ASSAY)
    if not {"creatinine_clearance", "egfr"} & set(measured):
        found += [text for key, text in _KIDNEY.items() if key not in measured]
    if sex not in ("female", "male"):
        found.append("no sex: the formulas for men are used")
    if not apoe_known:
        found.append("no APOE genotype: the twin averages over the population's genotypes")
    cyp2d6 = genotypes.get("CYP2D6")
    if cyp2d6 is None:
        found.append("no CYP2D6 genotype: a common activity is assumed")
    elif cyp2d6.activity_score is None:
        found.append(
            f"no activity score for CYP2D6 {cyp2d6.diplotype}: a common activity is assumed"
        )
    if "CYP2C19" not in genotypes or genotypes["CYP2C19"].phenotype == "unknown":
        found.append("no CYP2C19 genotype: a normal metaboliser is assumed")
    found += [
        f"no dose of {m.inn}: its reference dose is assumed"
        for m in medications
        if m.amount_mg is None
    ]
    if consent is None:
        found.append("no consent in the record: nothing is done with it unless the user states one")
    return tuple(found)
