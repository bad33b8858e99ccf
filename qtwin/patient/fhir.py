"""FHIR R4 and R5 Bundles: Patient, Condition, Observation, MedicationStatement, Consent -> `Patient`.

The bundle is validated by fhir.resources (R5 models, or R4B's, of which these resources are identical in R4). Names, addresses,
identifiers and the birth date are read past: only the age stays, and free text that repeats them is cleaned of them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.condition import read_condition
from qtwin.patient.consent import read_consent
from qtwin.patient.element import birth_date, identifying, references, without
from qtwin.patient.genotype import is_genotype, read_genotype, together
from qtwin.patient.jsonfile import not_finite, read_json
from qtwin.patient.kidney import clearance_mL_per_min, cockcroft_gault_mL_per_min
from qtwin.patient.medication import read_medication
from qtwin.patient.missing import what_is_missing
from qtwin.patient.observation import apoe_e4_copies, is_apoe, lacks_assay, read_observation, refuse_not_finite, was_made
from qtwin.patient.person import OLDEST_YEARS, Medication, Patient, Provenance, Visit
from qtwin.patient.pharmcat import read_pharmcat
from qtwin.patient.release import in_r4_words, release_of

_ERRORS_SHOWN, _LONGEST_SHOWN = 3, 40
_ABOUT_A_PERSON = ("Condition", "Observation", "MedicationStatement", "Consent")


def _entries(bundle: dict[str, Any]) -> list[tuple[int, dict[str, Any], str]]:
    """Each entry's number, resource and full URL."""
    listed = bundle.get("entry")
    found = enumerate(listed if isinstance(listed, list) else [])
    entries = [(i, e) for i, e in found if isinstance(e, dict)]
    return [(i, e["resource"], str(e.get("fullUrl") or "")) for i, e in entries if isinstance(e.get("resource"), dict)]


def _check_finite(bundle: dict[str, Any], path: Path) -> None:
    if not_finite(bundle) is None:
        return
    for i, resource, _ in _entries(bundle):
        place = not_finite(resource, f"entry[{i}].resource")
        measured = place is not None and ".code" not in place  # with a spoilt code nobody knows what was measured
        if measured and resource.get("resourceType") == "Observation":
            refuse_not_finite(resource, str(place))
    raise InputError(f"{path.name}: {not_finite(bundle)} is NaN or infinite, a finite number was wanted", hint="correct it")


def _model(release: str) -> Any:
    package = "fhir.resources" if release == "R5" else "fhir.resources.R4B"
    return importlib.import_module(f"{package}.bundle").Bundle


def _check_fhir(bundle: dict[str, Any], path: Path) -> str:
    """The release of FHIR that the bundle is valid in."""
    from pydantic import ValidationError

    if bundle.get("resourceType") != "Bundle":
        kind = bundle.get("resourceType", "no resourceType")
        raise InputError(f"{path} holds {kind}, a FHIR Bundle was wanted", hint="export the record as a Bundle")
    for i, resource, _ in _entries(bundle):
        if not isinstance(resource.get("resourceType"), str):
            raise InputError(f"{path.name}: entry[{i}].resource has no resourceType", hint="correct or remove that entry")
    release = release_of(bundle, [resource for _, resource, _ in _entries(bundle)])
    try:
        _model(release).model_validate(bundle)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        shown = [f"{'.'.join(str(x) for x in e['loc'])}: {_came(e['input'])}{e['msg']}" for e in found[:_ERRORS_SHOWN]]
        more = f"; and {len(found) - len(shown)} more" if len(found) > len(shown) else ""
        raise InputError(
            f"{path.name} is not a valid FHIR {release} Bundle: {'; '.join(shown)}{more}", hint="correct these elements"
        ) from None
    except LookupError as error:  # what the models raise for a resource type that FHIR does not have
        raise InputError(
            f"{path.name} is not a valid FHIR {release} Bundle: unknown resource type {error}", hint="remove it"
        ) from None
    return release


def _came(value: Any) -> str:
    short = isinstance(value, str | int | float) and len(str(value)) <= _LONGEST_SHOWN
    return f"{value!r} came: " if short else ""


def _check_one_person(resources: Mapping[str, list[dict[str, Any]]], person: dict[str, Any], full_url: str, path: Path) -> None:
    """Refuse resources that say they are about somebody else than the bundle's one Patient."""
    if not person.get("id"):
        return
    for kind in _ABOUT_A_PERSON:
        for resource in resources.get(kind, []):
            about = references(resource)
            if about and about != full_url and about.split("/_history")[0].split("/")[-1] != person["id"]:
                raise InputError(
                    f"{path.name}: {kind} {resource.get('id', '')} is about another patient than the bundle's",
                    hint="one Bundle a patient",
                )


def _synthetic(bundle: dict[str, Any], person: dict[str, Any]) -> bool:
    marks = [m for r in (bundle, person) for key in ("security", "tag") for m in (r.get("meta") or {}).get(key) or []]
    return any(m.get("code") == "HTEST" or "synthetic" in str(m).lower() for m in marks)


def _medications(
    resources: Mapping[str, list[dict[str, Any]]], products: Mapping[str, dict[str, Any]], today: dt.date
) -> tuple[list[Medication], list[str]]:
    read = [read_medication(r, products, today=today) for r in resources.get("MedicationStatement", [])]
    medicines: dict[Medication, None] = dict.fromkeys(m for m, _ in read if m is not None)
    return list(medicines), [note for _, notes in read for note in notes]


def _visits(observations: list[dict[str, Any]], born: dt.date, today: dt.date) -> tuple[list[Visit], list[str]]:
    read = [read_observation(r, born=born, today=today) for r in observations]
    visits = [v for found, _ in read for v in found]
    notes = [note for _, found in read for note in found]
    if len(set(visits)) < len(visits):  # a second copy of a measurement is no second measurement
        notes.append(f"{len(visits) - len(set(visits))} measurements are in the record twice and used once")
    return sorted(set(visits), key=lambda v: (v.date, v.biomarker, v.value)), notes


def read_bundle(path: Path, genotypes: Path | None = None, *, today: dt.date | None = None) -> Patient:
    """A patient from a FHIR R4 or R5 Bundle and, beside it, a PharmCAT report.

    Args:
        path: The Bundle.
        genotypes: PharmCAT 3.1 report or phenotype file.
        today: The day against which dates are checked; the real one by default.

    Raises:
        InputError: for anything that cannot be read or cannot be true, with the element it is about.
    """
    today = today or dt.date.today()
    bundle, digest = read_json(path, what="FHIR Bundle")
    _check_finite(bundle, path)
    release = _check_fhir(bundle, path)
    resources: dict[str, list[dict[str, Any]]] = {}
    products: dict[str, dict[str, Any]] = {}
    full_url = ""
    for _, resource, url in _entries(bundle):
        kind = str(resource.get("resourceType"))
        resources.setdefault(kind, []).extend([resource] if release == "R4" else in_r4_words(resource))
        full_url = url if kind == "Patient" else full_url
        if kind == "Medication":
            products |= {url: resource, f"Medication/{resource.get('id')}": resource}
    people = resources.get("Patient", [])
    if len(people) != 1:
        raise InputError(
            f"{path.name} holds {len(people) or 'no'} Patient resources, one was wanted", hint="one Bundle a patient"
        )
    person = people[0]
    _check_one_person(resources, person, full_url, path)
    born, birth_note = birth_date(person.get("birthDate"))
    if born > today:
        raise InputError("Patient.birthDate lies in the future", hint="correct the birth date")

    observations = [r for r in resources.get("Observation", []) if was_made(r)]
    copies = {apoe_e4_copies(r) for r in observations if is_apoe(r)}
    if len(copies) > 1:
        raise InputError("the record holds APOE genotypes that contradict each other", hint="keep the right one")
    genes = [read_genotype(r) for r in observations if is_genotype(r)]
    measurements = [r for r in observations if not is_apoe(r) and not is_genotype(r)]
    visits, visit_notes = _visits(measurements, born, today)
    age_years = ((visits[-1].date if visits else today) - born).days / 365.25
    if age_years > OLDEST_YEARS:
        raise InputError(
            f"the patient is {age_years:.0f} years old, at most {OLDEST_YEARS:.0f} was wanted", hint="correct the birth date"
        )
    report = read_pharmcat(genotypes) if genotypes else None
    found = together([g for g, _ in genes if g is not None], report.genotypes if report else {})
    conditions = [read_condition(r) for r in resources.get("Condition", [])]
    medications, medication_notes = _medications(resources, products, today)
    consent = read_consent(resources.get("Consent", []), today)
    last = {v.biomarker: v.value for v in visits}
    sex = str(person.get("gender", "unknown"))
    clearance, kidney_notes = clearance_mL_per_min(last, age_years=age_years, sex=sex)
    names = identifying(person)
    notes = [
        *([birth_note] if birth_note else []),
        *visit_notes,
        *(note for _, noted in genes for note in noted),
        *(note for _, noted in conditions for note in noted),
        *medication_notes,
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
        apoe_e4_copies=next(iter(copies), None),
        genotypes=found,
        conditions=tuple(dict.fromkeys(c for told, _ in conditions for c in told)),
        medications=tuple(dataclasses.replace(m, inn=without(names, m.inn)) for m in medications),
        visits=tuple(visits),
        consent=consent,
        provenance=Provenance(
            kind=f"FHIR {release} Bundle",
            sha256=(digest, report.sha256) if report else (digest,),
            synthetic=_synthetic(bundle, person),
            versions=(f"FHIR {release}", *([f"PharmCAT {report.version}".strip()] if report else [])),
        ),
        missing=tuple(
            without(names, text)
            for text in what_is_missing(
                measured=last.keys(),
                sex=sex,
                genotypes=found,
                apoe_known=bool(copies),
                medications=medications,
                consent=consent,
                p_tau217_without_assay="plasma_p_tau217" in last and any(lacks_assay(r) for r in measurements),
            )
        ),
        notes=tuple(without(names, note) for note in notes),
    )


__all__ = ["cockcroft_gault_mL_per_min", "read_bundle"]
