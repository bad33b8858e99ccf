"""FHIR R4 and R5 records -> `Patient`: Patient, Condition, Observation, medicines, AllergyIntolerance, Consent.

One odd resource never refuses a record: whatever is not used is listed with its reason, by type, entry and code. Refused are a
record of several people, one whose birth date cannot be, one that contradicts itself in a genotype, and a Consent that cannot be
read, for it may deny. Names, addresses, identifiers, ids and free text are read past: codes, numbers and our own words stay.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.allergy import read_allergy
from qtwin.patient.bulk import read_fhir
from qtwin.patient.condition import last_day, read_condition
from qtwin.patient.consent import read_consent
from qtwin.patient.element import birth_date, codes
from qtwin.patient.entries import Entry, entries_of, fault_of
from qtwin.patient.genotype import is_genotype, read_genotype, together
from qtwin.patient.kidney import clearance_mL_per_min, cockcroft_gault_mL_per_min
from qtwin.patient.medication import KINDS, read_medication
from qtwin.patient.medicine import UNKNOWN
from qtwin.patient.missing import what_is_missing
from qtwin.patient.observation import apoe_e4_copies, is_apoe, lacks_assay, read_observation, was_made
from qtwin.patient.person import OLDEST_YEARS, Allergy, Condition, Genotype, Medication, Patient, Provenance, Visit
from qtwin.patient.pharmcat import read_pharmcat
from qtwin.patient.release import in_r4_words
from qtwin.patient.shown import first_code
from qtwin.patient.subject import about_no_patient, check_one_person
from qtwin.patient.taken import taken_now
from qtwin.patient.unused import Unused, listed

_ABOUT_A_PERSON = frozenset({"Condition", "Observation", "AllergyIntolerance", "Consent", *KINDS})
_READ = _ABOUT_A_PERSON | {"Patient", "Medication"}
_SEXES = frozenset({"female", "male", "other", "unknown"})


@dataclasses.dataclass(kw_only=True)
class _Gathered:
    """What the entries of a record say, as they are gone through."""

    visits: list[Visit] = dataclasses.field(default_factory=list)
    genotypes: list[Genotype] = dataclasses.field(default_factory=list)
    e4_copies: set[int] = dataclasses.field(default_factory=set)
    conditions: list[Condition] = dataclasses.field(default_factory=list)
    medicines: list[Medication] = dataclasses.field(default_factory=list)
    allergies: list[Allergy] = dataclasses.field(default_factory=list)
    consents: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    unused: list[Unused] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    without_assay: bool = False
    last_day: dt.date | None = None

    def leave_out(self, entry: Entry, reason: str, code: str | None = None) -> None:
        """List an entry, or a part of it, as not used."""
        either = entry.resource.get("medication")
        concept = entry.resource.get("code") or entry.resource.get("medicationCodeableConcept")
        concept = concept or (either.get("concept") if isinstance(either, dict) else None)
        told = first_code(codes(concept)) if code is None else code
        self.unused.append(Unused(kind=entry.kind, entry=entry.number, code=told, reason=reason))


def _take_condition(found: _Gathered, entry: Entry) -> None:
    conditions = read_condition(entry.resource, on=found.last_day)[0]
    found.conditions += [c for c in conditions if c not in found.conditions]
    if not conditions:
        found.leave_out(entry, "it is over, was refuted or entered by mistake")
    elif not any(c.key for c in conditions):
        found.leave_out(entry, "no condition that a rule or the twin reads")


def _take_observation(found: _Gathered, entry: Entry, *, born: dt.date, today: dt.date) -> None:
    resource = entry.resource
    if not was_made(resource):
        found.leave_out(entry, "it was cancelled or entered by mistake")
        return
    if is_apoe(resource):
        try:
            found.e4_copies.add(apoe_e4_copies(resource))
        except InputError as error:
            found.leave_out(entry, error.message)
        return
    if is_genotype(resource):
        genotype, reason = read_genotype(resource)
        found.genotypes += [genotype] if genotype else []
        if reason:
            found.leave_out(entry, reason)
        return
    visits, notes, unused = read_observation(resource, born=born, today=today)
    found.visits += visits
    found.notes += notes
    found.without_assay |= any(v.biomarker == "plasma_p_tau217" for v in visits) and lacks_assay(resource)
    for code, reason in unused:
        found.leave_out(entry, reason, code)


def _take_medicine(found: _Gathered, entry: Entry, products: Mapping[str, dict[str, Any]], *, today: dt.date) -> None:
    told = read_medication(entry.kind, entry.resource, products, today=today)
    found.medicines += told.medicines
    found.notes += told.notes
    if told.unused:
        found.leave_out(entry, told.unused)
    elif any(m.inn.startswith(UNKNOWN) for m in told.medicines):
        found.leave_out(entry, "neither code nor name of the medicine is known; it is kept as an unknown medicine")


def _take_allergy(found: _Gathered, entry: Entry) -> None:
    allergies, reason = read_allergy(entry.resource)
    found.allergies += [a for a in allergies if a not in found.allergies]
    if reason:
        found.leave_out(entry, reason)
    elif not any(a.inn for a in allergies):
        found.leave_out(entry, "the substance is not known; its code is kept")


def _take(found: _Gathered, entry: Entry, products: Mapping[str, dict[str, Any]], *, born: dt.date, today: dt.date) -> None:
    """Take what one valid entry says."""
    if entry.kind == "Consent":
        found.consents += in_r4_words(entry.resource) if entry.release == "R5" else [entry.resource]
    elif about_no_patient(entry.resource):
        found.leave_out(entry, "it is about something else than the person")
    elif entry.kind == "Condition":
        _take_condition(found, entry)
    elif entry.kind == "Observation":
        _take_observation(found, entry, born=born, today=today)
    elif entry.kind == "AllergyIntolerance":
        _take_allergy(found, entry)
    else:
        for resource in in_r4_words(entry.resource) if entry.release == "R5" else [entry.resource]:
            _take_medicine(found, dataclasses.replace(entry, resource=resource), products, today=today)


def _gather(entries: Sequence[Entry], path: Path, *, born: dt.date, today: dt.date) -> _Gathered:
    """What all entries say.

    Raises:
        InputError: for a Consent that cannot be read.
    """
    found = _Gathered(last_day=last_day((e.resource for e in entries if e.kind in _ABOUT_A_PERSON), today=today))
    products: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry.kind == "Medication":
            number = entry.resource.get("id")
            products |= dict.fromkeys((entry.full_url, f"Medication/{number}", f"urn:uuid:{number}"), entry.resource)
    for entry in entries:
        if entry.kind not in _READ:
            reason = f"the twin reads no {entry.kind}" if entry.kind else "it holds no resource that FHIR knows"
            found.leave_out(entry, reason, code="")
        elif entry.kind in _ABOUT_A_PERSON:
            fault = fault_of(entry)
            if fault and entry.kind == "Consent":
                raise InputError(
                    f"{path.name}: Consent entry {entry.number} cannot be read: {fault}", hint="it may deny; correct it"
                )
            if fault and entry.kind == "Observation":
                found.leave_out(entry, fault)
                continue
            try:
                _take(found, entry, products, born=born, today=today)
                found.notes += [f"{entry.kind} entry {entry.number} is read although {fault}"] if fault else []
            except (AttributeError, TypeError, KeyError, ValueError, OverflowError):
                found.leave_out(entry, fault or "its elements have another shape than FHIR gives them")
    return found


def _synthetic(bundle: dict[str, Any], person: dict[str, Any]) -> bool:
    metas = [m for r in (bundle, person) if isinstance(m := r.get("meta"), dict)]
    marks = [m for meta in metas for key in ("security", "tag") if isinstance(meta.get(key), list) for m in meta[key]]
    return any((isinstance(m, dict) and m.get("code") == "HTEST") or "synthetic" in str(m).lower() for m in marks)


def _died(person: dict[str, Any]) -> bool:
    return person.get("deceasedBoolean") is True or bool(person.get("deceasedDateTime"))


def read_bundle(path: Path, genotypes: Path | None = None, *, today: dt.date | None = None) -> Patient:
    """A patient from a FHIR R4 or R5 record (Bundle or bulk export) and, beside it, a PharmCAT report.

    Args:
        path: The Bundle, or the NDJSON file or folder.
        genotypes: PharmCAT 3 report or phenotype file.
        today: The day against which dates are checked; the real one by default.

    Raises:
        InputError: if it is no record of one person, contradicts itself, or holds a consent that cannot be read.
        ConsentError: if its consents allow nothing.
    """
    today = today or dt.date.today()
    bundle, digest = read_fhir(path)
    entries, release = entries_of(bundle, path)
    people = [e for e in entries if e.kind == "Patient"]
    if len(people) != 1:
        raise InputError(
            f"{path.name} holds {len(people) or 'no'} Patient resources, one was wanted", hint="one record a patient"
        )
    person = people[0].resource
    about = [(e.number, e.kind, e.resource) for e in entries if e.kind in _ABOUT_A_PERSON and not about_no_patient(e.resource)]
    check_one_person(about, person, people[0].full_url)
    born, birth_note = birth_date(person.get("birthDate"))
    if born > today:
        raise InputError("Patient.birthDate lies in the future", hint="correct the birth date")
    found = _gather(entries, path, born=born, today=today)
    if len(found.e4_copies) > 1:
        raise InputError("the record holds APOE genotypes that contradict each other", hint="keep the right one")
    visits = sorted(set(found.visits), key=lambda v: (v.date, v.biomarker, v.value))
    doubled = len(found.visits) - len(visits)  # a second copy of a measurement is no second measurement
    age_years = ((visits[-1].date if visits else today) - born).days / 365.25
    if age_years > OLDEST_YEARS:
        raise InputError(
            f"the patient is {age_years:.0f} years old, at most {OLDEST_YEARS:.0f} was wanted", hint="correct the birth date"
        )
    report = read_pharmcat(genotypes) if genotypes else None
    genes = together(found.genotypes, report.genotypes if report else {})
    history = tuple(dict.fromkeys(found.medicines))
    medications, medicine_notes = taken_now(history)
    consent = read_consent(found.consents, today)
    last = {v.biomarker: v.value for v in visits}
    sex = str(person.get("gender"))
    sex = sex if sex in _SEXES else "unknown"
    clearance, kidney_notes = clearance_mL_per_min(last, age_years=age_years, sex=sex)
    notes = [
        *listed(found.unused),
        *([birth_note] if birth_note else []),
        *found.notes,
        *([f"{doubled} measurements are in the record twice and used once"] if doubled else []),
        *medicine_notes,
        *kidney_notes,
        *(report.notes if report else ()),
    ]
    return Patient(
        patient_id=f"patient-{digest[:10]}",
        age_years=age_years,
        sex=sex,
        weight_kg=last.get("weight"),
        height_cm=last.get("height"),
        creatinine_clearance_mL_per_min=clearance,
        apoe_e4_copies=next(iter(found.e4_copies), None),
        genotypes=genes,
        conditions=tuple(found.conditions),
        medications=medications,
        visits=tuple(visits),
        consent=consent,
        provenance=Provenance(
            kind=f"FHIR {release} Bundle",
            sha256=(digest, report.sha256) if report else (digest,),
            synthetic=_synthetic(bundle, person),
            versions=(f"FHIR {release}", *([f"PharmCAT {report.version}".strip()] if report else [])),
        ),
        missing=what_is_missing(
            measured=last.keys(),
            sex=sex,
            genotypes=genes,
            apoe_known=bool(found.e4_copies),
            medications=medications,
            consent=consent,
            p_tau217_without_assay=found.without_assay,
        ),
        notes=tuple(dict.fromkeys(notes)),
        allergies=tuple(found.allergies),
        deceased=_died(person),
        medicine_history=history,
    )


__all__ = ["cockcroft_gault_mL_per_min", "read_bundle"]
