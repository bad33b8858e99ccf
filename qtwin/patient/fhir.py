"""FHIR R4 Bundles: Patient, Condition, Observation, MedicationStatement, Consent -> `Patient`.

The bundle is validated by fhir.resources (R4B models, of which these resources are identical in R4). Names, addresses,
identifiers and the birth date are read past: only the age stays.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.biomarker import APOE_CODES, BIOMARKERS, OWN_SYSTEM, biomarker_of
from qtwin.patient.jsonfile import read_json
from qtwin.patient.person import Condition, Consent, Genotype, Medication, Patient, Provenance, Visit
from qtwin.patient.pharmcat import read_pharmcat
from qtwin.units import convert

_SNOMED, _ICD10 = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10"
_CONDITION_PREFIXES = {
    "alzheimer_disease": ("26929004", "416975007", "416780008", "G30"),
    "hypertension": ("38341003", "59621000", "I10"),
    "depression": ("35489007", "370143000", "F32", "F33"),
    "atrial_fibrillation": ("49436004", "282825002", "440059007", "I48"),
    "heart_failure": ("84114007", "I50"),
    "diabetes": ("73211009", "44054006", "E11"),
    "vascular_disease": ("399957001", "I70", "I25"),
    "stroke": ("230690007", "I63"),
}
_PERIOD_H = {"h": 1.0, "d": 24.0, "wk": 168.0, "mo": 730.5}
_E4 = re.compile(r"(?:e|ε|epsilon ?)([234])\s*/\s*(?:e|ε|epsilon ?)?([234])", re.IGNORECASE)


def _check_fhir(bundle: dict[str, Any], path: Path) -> None:
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    if bundle.get("resourceType") != "Bundle":
        kind = bundle.get("resourceType", "no resourceType")
        raise InputError(f"{path} holds {kind}, a FHIR R4 Bundle was wanted", hint="export the record as a Bundle")
    try:
        Bundle.model_validate(bundle)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        raise InputError(
            f"{path.name} is not a valid FHIR R4 Bundle: {where}: {first['msg']}", hint="correct that element"
        ) from None


def _codes(concept: dict[str, Any] | None) -> list[tuple[str, str]]:
    return [(c.get("system", ""), c.get("code", "")) for c in (concept or {}).get("coding", [])]


def _text(concept: dict[str, Any] | None) -> str:
    coding = (concept or {}).get("coding") or [{}]
    return str((concept or {}).get("text") or coding[0].get("display") or coding[0].get("code") or "unnamed")


def _date(text: Any, where: str) -> dt.date:
    try:
        return dt.date.fromisoformat(str(text)[:10])
    except ValueError:
        raise InputError(f"{where}: date {text!r} came, YYYY-MM-DD was wanted", hint="give the full date") from None


def _observation(resource: dict[str, Any], born: dt.date, today: dt.date) -> Visit | None:
    key = next((k for s, c in _codes(resource.get("code")) if (k := biomarker_of(s, c))), None)
    if key is None:
        return None
    marker = BIOMARKERS[key]
    when = _date(
        resource.get("effectiveDateTime") or (resource.get("effectivePeriod") or {}).get("start"), f"observation of {key}"
    )
    quantity = resource.get("valueQuantity")
    if not isinstance(quantity, dict) or "value" not in quantity:
        raise InputError(
            f"{key} on {when}: no valueQuantity came, a value with a unit was wanted", hint="add it or remove the entry"
        )
    if when < born:
        raise InputError(f"{key} on {when}: the measurement lies before birth", hint="correct the date")
    if when > today:
        raise InputError(f"{key} on {when}: the measurement lies in the future", hint="correct the date")
    unit = quantity.get("code") or quantity.get("unit")
    if not unit:
        raise InputError(f"{key} on {when}: no unit came, {marker.unit} was wanted", hint="add the UCUM code")
    value = convert(float(quantity["value"]), str(unit), marker.unit, quantity=key)
    if not marker.low <= value <= marker.high:
        kind = "negative value" if value < 0 else "value outside its range"
        raise InputError(
            f"{key} on {when}: {value:g} {marker.unit} is a {kind}; {marker.low:g} to {marker.high:g} was wanted",
            hint="correct or remove the measurement",
        )
    return Visit(date=when, biomarker=key, value=value, unit=marker.unit)


def _apoe(resource: dict[str, Any]) -> int:
    text = " ".join([_text(resource.get("valueCodeableConcept")), str(resource.get("valueString", ""))])
    match = _E4.search(text)
    if not match:
        raise InputError(f"APOE genotype {text.strip()!r} came, one like e3/e4 was wanted", hint="give both alleles")
    return [match[1], match[2]].count("4")


def _condition(resource: dict[str, Any]) -> Condition:
    codes = _codes(resource.get("code"))
    key = next((k for k, known in _CONDITION_PREFIXES.items() for _, c in codes for p in known if c == p or c.startswith(p)), "")
    return Condition(key=key, code=codes[0][1] if codes else "", display=_text(resource.get("code")))


def _medication(resource: dict[str, Any]) -> Medication:
    concept = resource.get("medicationCodeableConcept")
    name = _text(concept).split()[0].lower()
    for dosage in resource.get("dosage") or []:
        repeat = (dosage.get("timing") or {}).get("repeat") or {}
        dose = next((d["doseQuantity"] for d in dosage.get("doseAndRate") or [] if "doseQuantity" in d), None)
        if dose is None or "periodUnit" not in repeat:
            continue
        amount = convert(
            float(dose["value"]), str(dose.get("code") or dose.get("unit") or "mg"), "mg", quantity=f"dose of {name}"
        )
        unit = repeat["periodUnit"]
        if unit not in _PERIOD_H:
            raise InputError(f"{name}: dosing period in {unit!r} came", hint=f"one of {', '.join(_PERIOD_H)} is wanted")
        interval = float(repeat.get("period", 1)) * _PERIOD_H[unit] / float(repeat.get("frequency", 1))
        if amount <= 0.0 or interval <= 0.0:
            raise InputError(f"{name}: a dose of {amount:g} mg every {interval:g} h came", hint="both must be positive")
        return Medication(inn=name, amount_mg=amount, interval_h=interval)
    return Medication(inn=name)


def _consent(resource: dict[str, Any], today: dt.date) -> Consent:
    provision = resource.get("provision") or {}
    end = (provision.get("period") or {}).get("end")
    expires = _date(end, "consent") if end else None
    scopes = tuple(code for concept in provision.get("purpose") or [] if (code := concept.get("code")))
    if resource.get("status") != "active":
        raise InputError(
            f"the consent in the record is {resource.get('status')!r}, not active", hint="a twin needs an active consent"
        )
    if expires is not None and expires < today:
        raise InputError(f"the consent in the record expired on {expires}", hint="renew it before building a twin")
    return Consent(scopes=scopes, expires=expires)


def cockcroft_gault_mL_per_min(*, age_years: float, weight_kg: float, creatinine_mg_per_dL: float, female: bool) -> float:  # noqa: N802
    """Creatinine clearance, (140 - age) weight / (72 creatinine), x 0.85 in women (Cockcroft and Gault 1976, Nephron 16:31)."""
    return (140.0 - age_years) * weight_kg / (72.0 * creatinine_mg_per_dL) * (0.85 if female else 1.0)


def _active(resource: dict[str, Any]) -> bool:
    return resource.get("status", "active") in ("active", "intended", "unknown")


def read_bundle(path: Path, genotypes: Path | None = None, *, today: dt.date | None = None) -> Patient:
    """A patient from a FHIR R4 Bundle and, beside it, a PharmCAT report.

    Args:
        path: The Bundle.
        genotypes: PharmCAT 3.1 report or phenotype file.
        today: The day against which dates are checked; the real one by default.

    Raises:
        InputError: for anything that cannot be read or cannot be true, with the element it is about.
    """
    today = today or dt.date.today()
    bundle, digest = read_json(path, what="FHIR R4 Bundle")
    _check_fhir(bundle, path)
    resources: dict[str, list[dict[str, Any]]] = {}
    for entry in bundle.get("entry") or []:
        resource = entry.get("resource") or {}
        resources.setdefault(str(resource.get("resourceType")), []).append(resource)
    people = resources.get("Patient", [])
    if len(people) != 1:
        raise InputError(
            f"{path.name} holds {len(people) or 'no'} Patient resources, one was wanted", hint="one Bundle a patient"
        )
    born = _date(people[0].get("birthDate"), "Patient.birthDate")
    if born > today:
        raise InputError("Patient.birthDate lies in the future", hint="correct the birth date")

    observations = [r for r in resources.get("Observation", []) if r.get("status") not in ("cancelled", "entered-in-error")]
    apoe = [r for r in observations if APOE_CODES & set(_codes(r.get("code")))]
    copies = {_apoe(r) for r in apoe}
    if len(copies) > 1:
        raise InputError("the record holds APOE genotypes that contradict each other", hint="keep the right one")
    visits = [v for r in observations if (v := _observation(r, born, today))]
    notes = [
        f"observation {_text(r.get('code'))!r} is not used"
        for r in observations
        if r not in apoe and not any(biomarker_of(s, c) for s, c in _codes(r.get("code")))
    ]
    visits.sort(key=lambda v: (v.date, v.biomarker, v.value))
    found, gene_notes, gene_digest = read_pharmcat(genotypes) if genotypes else ({}, [], "")
    last: dict[str, float] = {v.biomarker: v.value for v in visits}
    age = ((visits[-1].date if visits else today) - born).days / 365.25
    sex = str(people[0].get("gender", "unknown"))
    clearance = last.get("creatinine_clearance")
    if clearance is None and "serum_creatinine" in last and "weight" in last:
        clearance = cockcroft_gault_mL_per_min(
            age_years=age, weight_kg=last["weight"], creatinine_mg_per_dL=last["serum_creatinine"], female=sex == "female"
        )
        notes.append("creatinine clearance by Cockcroft-Gault")
    consents = resources.get("Consent", [])
    synthetic = "synthetic" in str(bundle.get("meta", "")).lower() or "HTEST" in str(bundle.get("meta", ""))
    return Patient(
        patient_id=f"patient-{digest[:10]}",
        age_years=age,
        sex=sex,
        weight_kg=last.get("weight"),
        height_cm=last.get("height"),
        creatinine_clearance_mL_per_min=clearance,
        apoe_e4_copies=next(iter(copies), None),
        genotypes=found,
        conditions=tuple(_condition(r) for r in resources.get("Condition", [])),
        medications=tuple(_medication(r) for r in resources.get("MedicationStatement", []) if _active(r)),
        visits=tuple(visits),
        consent=_consent(consents[0], today) if consents else None,
        provenance=Provenance(kind="FHIR R4 Bundle", sha256=tuple(d for d in (digest, gene_digest) if d), synthetic=synthetic),
        missing=tuple(_missing(last, found, copies, bool(consents), _wanted)),
        notes=(*notes, *gene_notes),
    )


_wanted: dict[str, str] = {
    "amyloid_pet": "no amyloid PET: the amyloid load stays at the population's",
    "plasma_p_tau217": "no plasma p-tau217: tau stays at the population's",
    "tau_pet": "no tau PET: the tau load is inferred from p-tau217 and the clinical course",
    "mmse": "no MMSE: cognition rests on CDR-SB",
    "cdr_sb": "no CDR-SB: the stage rests on the MMSE",
    "weight": "no weight: creatinine clearance cannot be worked out from creatinine",
    "serum_creatinine": "no serum creatinine: kidney function is assumed",
}


def _missing(
    last: dict[str, float], genotypes: dict[str, Genotype], copies: set[int], consent: bool, wanted: dict[str, str]
) -> list[str]:
    statements: list[tuple[Callable[[], bool], str]] = [
        *(((lambda k=k: k not in last), text) for k, text in wanted.items()),
        (lambda: not copies, "no APOE genotype: one e4 copy is assumed"),
        (lambda: "CYP2D6" not in genotypes, "no CYP2D6 genotype: a common activity is assumed"),
        (lambda: "CYP2C19" not in genotypes, "no CYP2C19 genotype: a normal metaboliser is assumed"),
        (lambda: not consent, "no consent in the record: only simulation on this machine is meant"),
    ]
    return [text for absent, text in statements if absent()]


__all__ = ["OWN_SYSTEM", "cockcroft_gault_mL_per_min", "read_bundle"]
