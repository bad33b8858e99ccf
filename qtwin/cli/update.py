"""`qtwin twin update`: further visits into a stored twin, from its members and not from the start."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path
from typing import Any

from qtwin.cli.audit import write_down
from qtwin.cli.show import note, stage
from qtwin.cli.twin import save
from qtwin.errors import InputError
from qtwin.patient.consent import TO_BUILD_A_TWIN, require_consent
from qtwin.patient.missing import NO_AGE
from qtwin.patient.person import Patient
from qtwin.patient.record import read_record
from qtwin.patient.table import ANY_BIRTH
from qtwin.twin.assimilate import assimilate, update
from qtwin.twin.build import first_visit, observations_of
from qtwin.twin.person import person_of
from qtwin.twin.store import load

_AGES_APART_YEARS = 1.5


def _born(patient: Patient) -> dt.date | None:
    """The day from which this record's ages count; None without visits."""
    if not patient.visits:
        return None
    return max(v.date for v in patient.visits) - dt.timedelta(days=round(patient.age_years * 365.25))


def _on_the_same_calendar(known: Patient, came: Patient) -> Patient:
    """The further visits dated as the known ones; a table of ages counts from any day, so its visits move to the person's.

    Raises:
        InputError: if they are of somebody of another age.
    """
    one, other = _born(known), _born(came)
    if one is None or other is None or NO_AGE in came.missing:
        return came
    apart = one - other
    if abs(other - ANY_BIRTH) <= dt.timedelta(days=366) and abs(one - ANY_BIRTH) > dt.timedelta(days=366):
        return dataclasses.replace(came, visits=tuple(dataclasses.replace(v, date=v.date + apart) for v in came.visits))
    if abs(apart.days) > _AGES_APART_YEARS * 365.25:
        raise InputError(
            f"the visits are of somebody born {abs(apart.days) / 365.25:.0f} years {'before' if apart.days > 0 else 'after'} the"
            " twin's patient",
            hint="check which file is meant",
        )
    return came


def _together(known: Patient, came: Patient) -> Patient:
    """The record with the further visits in it.

    Raises:
        InputError: if they are another person's, by sex or age.
    """
    if "unknown" not in (known.sex, came.sex) and known.sex != came.sex:
        raise InputError(f"the visits are of a {came.sex} patient, the twin's is {known.sex}", hint="check which file is meant")
    came = _on_the_same_calendar(known, came)
    visits = sorted({*known.visits, *came.visits}, key=lambda v: (v.date, v.biomarker, v.value))
    digests = tuple(dict.fromkeys((*known.provenance.sha256, *came.provenance.sha256)))
    last = max((v.date for v in visits), default=None)
    before = max((v.date for v in known.visits), default=last)
    older_years = (last - before).days / 365.25 if last and before else 0.0
    return dataclasses.replace(
        known,
        visits=tuple(visits),
        age_years=known.age_years + older_years,
        provenance=dataclasses.replace(known.provenance, sha256=digests),
    )


def bring_up_to_date(path: Path, record: Path, output: Path | None) -> dict[str, Any]:
    """Read further visits and move the twin's members; visits before the first one mean a new start.

    Raises:
        InputError: for a spoilt twin or record, or another person's.
        ConsentError: if the consent does not hold any more.
    """
    stored = load(path)
    twin = stored.twin
    scope = require_consent(twin.patient, TO_BUILD_A_TWIN)
    patient = _together(twin.patient, read_record(record))
    new = len(patient.visits) - len(twin.patient.visits)
    first = first_visit(patient)
    with stage("Update") as found:
        if stored.first_visit is None or (first is not None and first < stored.first_visit):
            posterior = assimilate(
                twin.model,
                observations_of(patient.visits, first),
                age_years=patient.age_years,
                apoe_e4_copies=patient.apoe_e4_copies,
                removal_per_year=twin.posterior.removal_per_year,
                mmse_offset=twin.posterior.offset,
                n_members=twin.n_members,
                seed=twin.seed,
            )
        else:
            posterior = update(
                twin.model,
                twin.posterior,
                observations_of(patient.visits, stored.first_visit),
                age_years=twin.patient.age_years,
                apoe_e4_copies=patient.apoe_e4_copies,
                seed=twin.seed,
            )
        found.append(f"{new} new measurements, {posterior.method}")
    person, assumed = person_of(patient, beta1_gain=twin.person.beta1_gain)
    kept = [line for line in twin.assumptions if line not in assumed and "no visit informs" not in line]
    changed = dataclasses.replace(twin, patient=patient, posterior=posterior, person=person, assumptions=(*assumed, *kept))
    written = save(changed, output or path, doses=stored.doses, first_visit=first, warnings=[])
    write_down("update twin", patient, consent=scope, detail=f"{new} new measurements")
    driven, why = posterior.prior_driven(twin.model)
    note(why, style="yellow" if driven else "")
    return written
