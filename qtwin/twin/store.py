"""A twin on disk: arrays and what is needed to go on with it in one .npz beside the JSON that people read.

The .npz holds the record's pseudonymous content with its dates, so it stays where the record stays.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from qtwin.arrays import read_arrays
from qtwin.errors import InputError
from qtwin.patient.jsonfile import read_json
from qtwin.patient.person import Patient
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.panel import Person
from qtwin.twin import disease
from qtwin.twin.assimilate import Observation, Posterior
from qtwin.twin.twin import Twin

FORMAT = 2
_ARRAYS = ("latent", "log_prior", "parameters", "state_first", "state_now", "weights")


def arrays_of(twin: Twin, doses: tuple[Dose, ...], first_visit: dt.date | None) -> dict[str, Any]:
    """What `np.savez` writes: the ensemble, and as text everything else that `load` needs.

    Args:
        twin: The twin.
        doses: Medicines taken during the visits.
        first_visit: Day of the first visit, from which times count; None without visits.
    """
    p = twin.posterior
    rest = {
        "format": FORMAT,
        "model": twin.model.name,
        "seed": twin.seed,
        "patient": TypeAdapter(Patient).dump_python(twin.patient, mode="json"),
        "person": {
            "activity": twin.person.activity.tolist(),
            "apoe_e4_share": list(twin.person.apoe_e4_share),
            "hazards_per_year": dict(twin.person.hazards_per_year),
            "disturbed": twin.person.disturbed,
            "beta1_gain": twin.person.beta1_gain,
        },
        "assumptions": list(twin.assumptions),
        "doses": [[d.drug.inn, d.amount_mg, d.interval_h] for d in doses],
        "first_visit": first_visit.isoformat() if first_visit else None,
        "posterior": {k: getattr(p, k) for k in ("span_years", "effective_sample_size", "method", "offset", "removal_per_year")},
        "observations": [dataclasses.asdict(o) for o in p.observations],
    }
    return {k: getattr(p, k) for k in _ARRAYS} | {"rest": np.array(json.dumps(rest))}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stored:
    """A twin read back, with the medicines of its visits and the day of the first."""

    twin: Twin
    doses: tuple[Dose, ...]
    first_visit: dt.date | None


def load(path: Path) -> Stored:
    """Read a twin by its JSON file; the ensemble stands beside it.

    Raises:
        InputError: if either file is missing, spoilt or of another format.
    """
    try:
        told = read_json(path, what="twin")[0]
        archive = read_arrays(path.with_name(str(told["ensemble"])))
        rest = json.loads(str(archive["rest"]))
        arrays: dict[str, Any] = {k: archive[k] for k in _ARRAYS}
    except OSError as error:
        raise InputError(
            f"cannot read the twin {path}: {error.strerror or error}", hint="build it with qtwin twin build"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is no whole twin: {error}", hint="build it again with qtwin twin build") from None
    if rest.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {rest.get('format')}, {FORMAT} was wanted", hint="build it again with qtwin twin build"
        )
    for array in arrays.values():
        array.flags.writeable = False
    person = rest["person"]
    activity = np.array(person["activity"])
    activity.flags.writeable = False
    twin = Twin(
        patient=TypeAdapter(Patient).validate_python(rest["patient"]),
        model=disease.load(rest["model"]),
        posterior=Posterior(**arrays, **rest["posterior"], observations=tuple(Observation(**o) for o in rest["observations"])),
        person=Person(
            activity=activity,
            apoe_e4_share=tuple(person["apoe_e4_share"]),
            hazards_per_year=person["hazards_per_year"],
            disturbed=bool(person["disturbed"]),
            beta1_gain=float(person["beta1_gain"]),
        ),
        seed=int(rest["seed"]),
        assumptions=tuple(rest["assumptions"]),
    )
    return Stored(
        twin=twin,
        doses=tuple(Dose(drug=drug(inn), amount_mg=mg, interval_h=h) for inn, mg, h in rest["doses"]),
        first_visit=dt.date.fromisoformat(rest["first_visit"]) if rest["first_visit"] else None,
    )
