"""A twin on disk: arrays and what is needed to go on with it in one .npz beside the JSON that people read.

The JSON names its .npz and is written last, by one rename: whoever is killed in between leaves the twin as it was, for a name
that is taken is never written again. The .npz holds the record's pseudonymous content with its dates, so it stays where the
record stays.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
import re
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
from qtwin.twin import disease
from qtwin.twin.assimilate import Observation, Posterior
from qtwin.twin.build import person_of_twin
from qtwin.twin.twin import Twin

FORMAT = 4
_ATTEMPTS = 5
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
        "beta1_gain": twin.person.beta1_gain,
        "assumptions": list(twin.assumptions),
        "doses": [[d.drug.inn, d.amount_mg, d.interval_h] for d in doses],
        "first_visit": first_visit.isoformat() if first_visit else None,
        "posterior": {k: getattr(p, k) for k in ("span_years", "effective_sample_size", "method", "offset", "removal_per_year")},
        "observations": [dataclasses.asdict(o) for o in p.observations],
    }
    return {k: getattr(p, k) for k in _ARRAYS} | {"rest": np.array(json.dumps(rest))}


def ensemble_of(path: Path) -> Path | None:
    """The .npz that a twin's JSON names, None if it names none that could be a twin's."""
    try:
        name = str(json.loads(path.read_text(encoding="utf-8"))["ensemble"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path.with_name(name) if Path(name).name == name and name.endswith(".npz") else None


def _generations(path: Path) -> list[Path]:
    """The .npz files of this twin: of its name, or of its name and a number."""
    mine = re.compile(rf"{re.escape(path.stem)}(?:\.\d+)?\.npz")
    return sorted(p for p in path.resolve().parent.iterdir() if mine.fullmatch(p.name))


def next_ensemble(path: Path) -> Path:
    """A name for the next .npz that no file has yet."""
    taken = {p.name for p in _generations(path)}
    names = (f"{path.stem}{f'.{k}' if k > 1 else ''}.npz" for k in itertools.count(1))
    return path.with_name(next(name for name in names if name not in taken))


def forget_others(path: Path) -> None:
    """Delete the ensembles that the twin's JSON does not name any more, but for those of a twin of that name."""
    kept = ensemble_of(path)
    for old in _generations(path):
        of_another = old.stem != path.stem and old.with_suffix(".json").exists()
        if kept is not None and old.name != kept.name and not of_another:
            old.unlink(missing_ok=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stored:
    """A twin read back, with the medicines of its visits and the day of the first."""

    twin: Twin
    doses: tuple[Dose, ...]
    first_visit: dt.date | None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What stands in the .npz; a twin that is updated meanwhile is read again."""
    for _ in range(_ATTEMPTS):
        told = read_json(path, what="twin")[0]
        try:
            archive = read_arrays(path.with_name(Path(str(told["ensemble"])).name))
            return json.loads(str(archive["rest"])), {k: archive[k] for k in _ARRAYS}
        except FileNotFoundError as error:
            gone = error
    raise gone


def load(path: Path) -> Stored:
    """Read a twin by its JSON file; the ensemble stands beside it.

    Raises:
        InputError: if either file is missing, spoilt or of another format.
    """
    try:
        rest, arrays = _read(path)
    except OSError as error:
        raise InputError(
            f"cannot read the twin {path}: {error.strerror or error}", hint="build it with qtwin twin build"
        ) from None
    except (ValueError, KeyError, TypeError, EOFError, RecursionError) as error:
        raise InputError(
            f"{path} is no whole twin ({type(error).__name__})", hint="build it again with qtwin twin build"
        ) from None
    if rest.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {rest.get('format')}, {FORMAT} was wanted", hint="build it again with qtwin twin build"
        )
    for array in arrays.values():
        array.flags.writeable = False
    patient, model = TypeAdapter(Patient).validate_python(rest["patient"]), disease.load(rest["model"])
    observations = tuple(Observation(**o) for o in rest["observations"])
    posterior = Posterior(**arrays, **rest["posterior"], observations=observations)
    twin = Twin(
        patient=patient,
        model=model,
        posterior=posterior,
        person=person_of_twin(patient, model, posterior, beta1_gain=float(rest["beta1_gain"])),
        seed=int(rest["seed"]),
        assumptions=tuple(rest["assumptions"]),
    )
    return Stored(
        twin=twin,
        doses=tuple(Dose(drug=drug(inn), amount_mg=mg, interval_h=h) for inn, mg, h in rest["doses"]),
        first_visit=dt.date.fromisoformat(rest["first_visit"]) if rest["first_visit"] else None,
    )
