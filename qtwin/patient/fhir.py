"""The entries of a record, one by one: each is valid by itself in a release of FHIR, or said not to
be.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib.util
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.condition import last_day, read_allergy, read_condition
from qtwin.patient.consent import RELEASES, in_r4_words, read_consent, release_of, release_shown
from qtwin.patient.element import birth_date, codes, first_code
from qtwin.patient.file import not_finite, read_fhir
from qtwin.patient.genotype import is_genotype, read_genotype, together
from qtwin.patient.medication import KINDS, read_medication, taken_now
from qtwin.patient.medicine import UNKNOWN
from qtwin.patient.observation import (
    apoe_e4_copies,
    clearance_mL_per_min,
    cockcroft_gault_mL_per_min,
    is_apoe,
    lacks_assay,
    read_observation,
    was_made,
)
from qtwin.patient.person import (
    OLDEST_YEARS,
    Allergy,
    Condition,
    Genotype,
    Medication,
    Patient,
    Provenance,
    Visit,
    what_is_missing,
)
from qtwin.patient.pharmcat import read_pharmcat

_PACKAGES = {"R4": "fhir.resources.R4B", "R5": "fhir.resources"}
"""Of the resources that are read, R4B's are those of R4."""
_TYPE = re.compile(r"[A-Z][A-Za-z]{2,50}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry of a record.

    Attributes:
        number: Its place in `Bundle.entry`, the first being 0.
        kind: Type of its resource; '' if FHIR knows no such type.
        resource: As it came.
        full_url: '' without one.
        release: The release it is read in.
    """

    number: int
    kind: str
    resource: dict[str, Any]
    full_url: str
    release: str


@lru_cache(maxsize=256)
def _module(kind: str, release: str) -> str:
    """The module that models a type of resource, '' if there is none."""
    name = f"{_PACKAGES[release]}.{kind.lower()}"
    try:
        return name if _TYPE.fullmatch(kind) and importlib.util.find_spec(name) is not None else ""
    except (ImportError, ValueError):
        return ""


def _kind(resource: Any) -> str:
    kind = str(resource.get("resourceType") or "") if isinstance(resource, dict) else ""
    return kind if any(_module(kind, release) for release in RELEASES) else ""


def entries_of(bundle: dict[str, Any], path: Path) -> tuple[list[Entry], str]:
    """The entries of a Bundle and the release it is in.

    Raises:
        InputError: if it is no Bundle.
    """
    if bundle.get("resourceType") != "Bundle":
        told = _kind(bundle) or "no resource of FHIR"
        raise InputError(
            f"expected a FHIR Bundle, got {path}, which holds {told}",
            hint="export the record as a Bundle",
        )
    told_entries = bundle.get("entry") or []
    if not isinstance(told_entries, list):
        raise InputError(
            f"{path.name} is not a valid FHIR Bundle: entry is no list",
            hint="export the record again",
        )
    outside = not_finite({key: value for key, value in bundle.items() if key != "entry"})
    if outside is not None:
        raise InputError(
            f"{path.name}: a number outside the entries is NaN or infinite", hint="correct it"
        )
    listed = [e if isinstance(e, dict) else {} for e in told_entries]
    found = [
        (i, r, str(e.get("fullUrl") or ""))
        for i, e in enumerate(listed)
        for r in [e.get("resource")]
    ]
    whole = [r if isinstance(r, dict) else {} for _, r, _ in found]
    release = release_of(bundle, whole)
    return [
        Entry(number=i, kind=_kind(r), resource=r, full_url=url, release=release_shown(r, release))
        for (i, _, url), r in zip(found, whole, strict=True)
    ], release


def _fault(resource: dict[str, Any], kind: str, release: str) -> str:
    """Why a resource is not valid in a release, '' if it is."""
    from pydantic import ValidationError

    module = _module(kind, release)
    if not module:
        return f"FHIR {release} has no such type"
    model = getattr(importlib.import_module(module), kind)
    try:
        model.model_validate(resource)
    except (
        ValidationError,
        LookupError,
        TypeError,
        ValueError,
        AttributeError,
        RecursionError,
    ) as error:
        places = (
            [e["loc"] for e in error.errors(include_url=False, include_context=False)]
            if isinstance(error, ValidationError)
            else []
        )
        elements = {str(field.alias or name) for name, field in model.model_fields.items()}
        place = next((str(loc[0]) for loc in places if loc and str(loc[0]) in elements), "")
        return (
            f"{kind}.{place} is not valid in FHIR {release}"
            if place
            else f"it is not valid in FHIR {release}"
        )
    return ""


def fault_of(entry: Entry) -> str:
    """Why an entry's resource is valid in neither release, '' if it is in one; a Consent is held to
    its own.
    """
    if not_finite(entry.resource) is not None:
        return "a number in it is NaN or infinite"
    fault = _fault(entry.resource, entry.kind, entry.release)
    if fault and entry.kind != "Consent":
        other = next(r for r in RELEASES if r != entry.release)
        return fault if _fault(entry.resource, entry.kind, other) else ""
    return fault


# Whether every resource of a record is about the record's one patient.

_NOT_PATIENTS = (
    "Group/",
    "Device/",
    "Location/",
    "Practitioner/",
    "Organization/",
    "RelatedPerson/",
    "Medication/",
    "Substance/",
)


def _told(resource: dict[str, Any]) -> dict[str, Any]:
    subject = resource.get("subject") or resource.get("patient")
    return subject if isinstance(subject, dict) else {}


def reference_of(resource: dict[str, Any]) -> str:
    """The reference to whom a resource says it is about, '' if it does not say."""
    return str(_told(resource).get("reference") or "").split("/_history")[0]


def about_no_patient(resource: dict[str, Any]) -> bool:
    """Whether a resource is about a group, a thing or a professional; or, by its focus, about a
    donor or an implant.
    """
    tail = "/".join(reference_of(resource).split("/")[-2:])
    return tail.startswith(_NOT_PATIENTS) or bool(resource.get("focus"))


def _identifiers(person: dict[str, Any]) -> set[tuple[str, str]]:
    told = person.get("identifier")
    listed = [i for i in (told if isinstance(told, list) else [told]) if isinstance(i, dict)]
    return {(str(i.get("system") or ""), str(i.get("value") or "")) for i in listed}


def _is_about(person: dict[str, Any], full_url: str, reference: str) -> bool:
    number = str(person.get("id") or "")
    known = {full_url, number, f"Patient/{number}", f"urn:uuid:{number}", f"#{number}"} - {
        "",
        "Patient/",
        "urn:uuid:",
        "#",
    }
    if reference in known or (number and reference.endswith(f"/Patient/{number}")):
        return True
    if "?identifier=" in reference:  # a conditional reference, as a transaction has it
        system, _, value = reference.partition("?identifier=")[2].rpartition("|")
        return any(value == v and (not system or system == s) for s, v in _identifiers(person))
    return bool(full_url) and not number and full_url.endswith(f"/{reference}")


def _others_identifier(person: dict[str, Any], resource: dict[str, Any]) -> bool:
    told = _told(resource).get("identifier")
    if not isinstance(told, dict):
        return False
    system, value = str(told.get("system") or ""), str(told.get("value") or "")
    mine = {v for s, v in _identifiers(person) if s == system}
    return bool(mine) and value not in mine


def check_one_person(
    resources: list[tuple[int, str, dict[str, Any]]], person: dict[str, Any], full_url: str
) -> None:
    """Refuse a record in which a resource says that it is about somebody else.

    Args:
        resources: Number of the entry, type and resource of each that must be about the patient.
        person: The Patient.
        full_url: Its full URL, '' if it has none.

    Raises:
        InputError: naming the entry; neither reference nor id is repeated, for they may name the
            person.
    """
    nameless = not person.get("id") and not full_url
    first = ""
    for number, kind, resource in resources:
        reference = reference_of(resource)
        wrong = _others_identifier(person, resource)
        if reference and nameless and "?identifier=" not in reference:
            first = first or reference
            wrong = wrong or reference != first
        elif reference:
            wrong = wrong or not _is_about(person, full_url, reference)
        if wrong:
            raise InputError(
                f"{kind} entry {number} is about another patient than the record's",
                hint="one record a patient",
            )


# What a record holds and the twin does not use, with the reason: by type, number of the entry and
# code, never by text.

_FIRST = (
    "MedicationStatement",
    "MedicationRequest",
    "MedicationDispense",
    "MedicationAdministration",
    "AllergyIntolerance",
    "Condition",
    "Observation",
)
"""What changes a decision when it is missing is said first."""
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Unused:
    """One thing that is not used.

    Attributes:
        kind: Type of the resource, '' where it has none that FHIR knows.
        entry: Its place in `Bundle.entry`, the first being 0.
        code: What it is about, '' where no code may be shown.
        reason: Why, in our own words.
    """

    kind: str
    entry: int
    code: str = ""
    reason: str


def _rank(unused: Unused) -> tuple[int, int]:
    return (_FIRST.index(unused.kind) if unused.kind in _FIRST else len(_FIRST), unused.entry)


def listed(unused: Iterable[Unused]) -> list[str]:
    """A line for each kind, code and reason, with the entries it holds of."""
    entries: dict[tuple[str, str, str], list[int]] = {}
    for one in sorted(set(unused), key=_rank):
        entries.setdefault((one.kind, one.code, one.reason), []).append(one.entry)
    return [_line(*key, numbers) for key, numbers in entries.items()]


def _line(kind: str, code: str, reason: str, numbers: list[int]) -> str:
    named = ", ".join(str(n) for n in numbers[:_NAMED])
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    word = "entry" if len(numbers) == 1 else "entries"
    return (
        f"not used: {f'{kind} ' if kind else ''}{word} "
        f"{named}{more}{f' ({code})' if code else ''}: {reason}"
    )


# FHIR R4 and R5 records -> `Patient`: Patient, Condition, Observation, medicines,
# AllergyIntolerance, Consent.
#
# One odd resource never refuses a record: whatever is not used is listed with its reason, by type,
# entry and code. Refused are a record of several people, one whose birth date cannot be, one that
# contradicts itself in a genotype, and a Consent that cannot be read, for it may deny. Names,
# addresses, identifiers, ids and free text are read past: codes, numbers and our own words stay.

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
    found.without_assay |= any(v.biomarker == "plasma_p_tau217" for v in visits) and lacks_assay(
        resource
    )
    for code, reason in unused:
        found.leave_out(entry, reason, code)


def _take_medicine(
    found: _Gathered, entry: Entry, products: Mapping[str, dict[str, Any]], *, today: dt.date
) -> None:
    told = read_medication(entry.kind, entry.resource, products, today=today)
    found.medicines += told.medicines
    found.notes += told.notes
    if told.unused:
        found.leave_out(entry, told.unused)
    elif any(m.inn.startswith(UNKNOWN) for m in told.medicines):
        found.leave_out(
            entry,
            "neither code nor name of the medicine is known; it is kept as an unknown medicine",
        )


def _take_allergy(found: _Gathered, entry: Entry) -> None:
    allergies, reason = read_allergy(entry.resource)
    found.allergies += [a for a in allergies if a not in found.allergies]
    if reason:
        found.leave_out(entry, reason)
    elif not any(a.inn for a in allergies):
        found.leave_out(entry, "the substance is not known; its code is kept")


def _take(
    found: _Gathered,
    entry: Entry,
    products: Mapping[str, dict[str, Any]],
    *,
    born: dt.date,
    today: dt.date,
) -> None:
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
            _take_medicine(
                found, dataclasses.replace(entry, resource=resource), products, today=today
            )


def _gather(entries: Sequence[Entry], path: Path, *, born: dt.date, today: dt.date) -> _Gathered:
    """What all entries say.

    Raises:
        InputError: for a Consent that cannot be read.
    """
    found = _Gathered(
        last_day=last_day((e.resource for e in entries if e.kind in _ABOUT_A_PERSON), today=today)
    )
    products: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry.kind == "Medication":
            number = entry.resource.get("id")
            products |= dict.fromkeys(
                (entry.full_url, f"Medication/{number}", f"urn:uuid:{number}"), entry.resource
            )
    for entry in entries:
        if entry.kind not in _READ:
            reason = (
                f"the twin reads no {entry.kind}"
                if entry.kind
                else "it holds no resource that FHIR knows"
            )
            found.leave_out(entry, reason, code="")
        elif entry.kind in _ABOUT_A_PERSON:
            fault = fault_of(entry)
            if fault and entry.kind == "Consent":
                raise InputError(
                    f"{path.name}: Consent entry {entry.number} cannot be read: {fault}",
                    hint="it may deny; correct it",
                )
            if fault and entry.kind == "Observation":
                found.leave_out(entry, fault)
                continue
            try:
                _take(found, entry, products, born=born, today=today)
                found.notes += (
                    [f"{entry.kind} entry {entry.number} is read although {fault}"] if fault else []
                )
            except (AttributeError, TypeError, KeyError, ValueError, OverflowError):
                found.leave_out(
                    entry, fault or "its elements have another shape than FHIR gives them"
                )
    return found


def _synthetic(bundle: dict[str, Any], person: dict[str, Any]) -> bool:
    metas = [m for r in (bundle, person) if isinstance(m := r.get("meta"), dict)]
    marks = [
        m
        for meta in metas
        for key in ("security", "tag")
        if isinstance(meta.get(key), list)
        for m in meta[key]
    ]
    return any(
        (isinstance(m, dict) and m.get("code") == "HTEST") or "synthetic" in str(m).lower()
        for m in marks
    )


def _died(person: dict[str, Any]) -> bool:
    return person.get("deceasedBoolean") is True or bool(person.get("deceasedDateTime"))


def read_bundle(
    path: Path, genotypes: Path | None = None, *, today: dt.date | None = None
) -> Patient:
    """A patient from a FHIR R4 or R5 record (Bundle or bulk export) and, beside it, a PharmCAT
    report.

    Args:
        path: The Bundle, or the NDJSON file or folder.
        genotypes: PharmCAT 3 report or phenotype file.
        today: The day against which dates are checked; the real one by default.

    Raises:
        InputError: if it is no record of one person, contradicts itself, or holds a consent that
            cannot be read.
        ConsentError: if its consents allow nothing.
    """
    today = today or dt.date.today()
    bundle, digest = read_fhir(path)
    entries, release = entries_of(bundle, path)
    people = [e for e in entries if e.kind == "Patient"]
    if len(people) != 1:
        raise InputError(
            f"expected one Patient resource in {path.name}, got {len(people) or 'none'}",
            hint="one record a patient",
        )
    person = people[0].resource
    about = [
        (e.number, e.kind, e.resource)
        for e in entries
        if e.kind in _ABOUT_A_PERSON and not about_no_patient(e.resource)
    ]
    check_one_person(about, person, people[0].full_url)
    born, birth_note = birth_date(person.get("birthDate"))
    if born > today:
        raise InputError("Patient.birthDate lies in the future", hint="correct the birth date")
    found = _gather(entries, path, born=born, today=today)
    if len(found.e4_copies) > 1:
        raise InputError(
            "the record holds APOE genotypes that contradict each other", hint="keep the right one"
        )
    visits = sorted(set(found.visits), key=lambda v: (v.date, v.biomarker, v.value))
    # a second copy of a measurement is no second measurement
    doubled = len(found.visits) - len(visits)
    age_years = ((visits[-1].date if visits else today) - born).days / 365.25
    if age_years > OLDEST_YEARS:
        raise InputError(
            f"expected an age of at most {OLDEST_YEARS:.0f} years, got {age_years:.0f}",
            hint="correct the birth date",
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
            versions=(
                f"FHIR {release}",
                *([f"PharmCAT {report.version}".strip()] if report else []),
            ),
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
