"""A twin on disk: arrays and what is needed to go on with it in one .npz beside the JSON that
people read.

The JSON names its .npz and is written last, by one rename: whoever is killed in between leaves the
twin as it was, for a name that is taken is never written again. The .npz holds the record's
pseudonymous content with its dates, so it stays where the record stays.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from qtwin.arrays import read_arrays
from qtwin.atomic import write_atomically
from qtwin.errors import InputError
from qtwin.patient.consent import consent_warnings
from qtwin.patient.file import locked, read_json
from qtwin.patient.person import Patient, describe
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.twin import disease
from qtwin.twin.assimilate import Observation, Posterior
from qtwin.twin.build import first_visit, person_of_twin
from qtwin.twin.summary import summary_of
from qtwin.twin.twin import Twin
from qtwin.version import __version__

SCHEMA = "qtwin.twin/1"
FORMAT = 4
_ATTEMPTS = 5
_ARRAYS = ("latent", "log_prior", "parameters", "state_first", "state_now", "weights")


def check_target(path: Path) -> None:
    """Refuse a place where no twin can be written.

    Raises:
        InputError: if it is no .json file, or its folder is not there.
    """
    if path.suffix != ".json":
        raise InputError(
            f"expected a .json file for the twin, got {path}", hint="name it NAME.json"
        )
    if not path.resolve().parent.is_dir():
        raise InputError(
            f"there is no folder {path.resolve().parent}", hint="make it, or choose another"
        )


@contextmanager
def twin_lock(path: Path) -> Iterator[None]:
    """Nobody else reads this twin to change it, or writes it, meanwhile; others wait."""
    with locked(path.with_name(f".{path.name}.lock")):
        yield


def save(twin: Twin, path: Path) -> dict[str, Any]:
    """Write a twin where nobody else writes it meanwhile; what its JSON says.

    Raises:
        InputError: if `path` is no .json file, or its folder is not there.
        QtwinError: when the disk is full or the file cannot be written.
    """
    check_target(path)
    with twin_lock(path):
        return write_locked(twin, path)


def write_locked(twin: Twin, path: Path) -> dict[str, Any]:
    """Write a twin, whole or not at all: what `load` needs into a new .npz, then what people read
    into `path`, which names it.

    The caller holds `twin_lock(path)`.
    """
    patient, ensemble = twin.patient, _next_ensemble(path)
    written = {
        "schema": SCHEMA,
        "patient_id": patient.patient_id,
        "record_sha256": list(patient.provenance.sha256),
        "synthetic": patient.provenance.synthetic,
        "record": dict(describe(patient)),
        "seed": twin.seed,
        "versions": {"qtwin": __version__, "formulary": formulary.version()},
        "warnings": list(dict.fromkeys((*consent_warnings(patient), *twin.assumptions))),
        "ensemble": ensemble.name,
        **summary_of(twin),
        "disclaimer": "Research software. Not a medical device; not for diagnosis or prescribing.",
    }
    arrays = _arrays_of(twin)
    write_atomically(ensemble, lambda p: np.savez(p, **arrays))
    write_atomically(path, lambda p: _dump(p, written))  # from here on it is the new twin
    _forget_others(path)
    return written


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def _arrays_of(twin: Twin) -> dict[str, Any]:
    """What `np.savez` writes: the ensemble, and as text everything else that `load` needs."""
    p, first = twin.posterior, first_visit(twin.patient)
    rest = {
        "format": FORMAT,
        "model": twin.model.name,
        "seed": twin.seed,
        "patient": TypeAdapter(Patient).dump_python(twin.patient, mode="json"),
        "beta1_gain": twin.person.beta1_gain,
        "assumptions": list(twin.assumptions),
        "doses": [[d.drug.inn, d.amount_mg, d.interval_h] for d in twin.doses],
        "first_visit": first.isoformat() if first else None,
        "posterior": {
            k: getattr(p, k)
            for k in ("span_years", "effective_sample_size", "method", "offset", "removal_per_year")
        },
        "observations": [dataclasses.asdict(o) for o in p.observations],
    }
    return {k: getattr(p, k) for k in _ARRAYS} | {"rest": np.array(json.dumps(rest))}


def _ensemble_of(path: Path) -> Path | None:
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


def _next_ensemble(path: Path) -> Path:
    """A name for the next .npz that no file has yet."""
    taken = {p.name for p in _generations(path)}
    names = (f"{path.stem}{f'.{k}' if k > 1 else ''}.npz" for k in itertools.count(1))
    return path.with_name(next(name for name in names if name not in taken))


def _forget_others(path: Path) -> None:
    """Delete the ensembles that the twin's JSON does not name any more, but for those of a twin of
    that name.
    """
    kept = _ensemble_of(path)
    for old in _generations(path):
        of_another = old.stem != path.stem and old.with_suffix(".json").exists()
        if kept is not None and old.name != kept.name and not of_another:
            old.unlink(missing_ok=True)


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


def load(path: Path) -> Twin:
    """Read a twin by its JSON file; the ensemble stands beside it.

    Raises:
        InputError: if either file is missing, spoilt or of another format.
    """
    try:
        rest, arrays = _read(path)
    except OSError as error:
        raise InputError(
            f"cannot read the twin {path}: {error.strerror or error}",
            hint="build it with qtwin twin build",
        ) from None
    except (ValueError, KeyError, TypeError, EOFError, RecursionError) as error:
        raise InputError(
            f"{path} is no whole twin ({type(error).__name__})",
            hint="build it again with qtwin twin build",
        ) from None
    if rest.get("format") != FORMAT:
        raise InputError(
            f"expected a twin of format {FORMAT}, got format {rest.get('format')} in {path}",
            hint="build it again with qtwin twin build",
        )
    for array in arrays.values():
        array.flags.writeable = False
    patient, model = (
        TypeAdapter(Patient).validate_python(rest["patient"]),
        disease.load(rest["model"]),
    )
    observations = tuple(Observation(**o) for o in rest["observations"])
    posterior = Posterior(**arrays, **rest["posterior"], observations=observations)
    return Twin(
        patient=patient,
        model=model,
        posterior=posterior,
        person=person_of_twin(patient, model, posterior, beta1_gain=float(rest["beta1_gain"])),
        seed=int(rest["seed"]),
        doses=tuple(
            Dose(drug=formulary.drug(inn), amount_mg=mg, interval_h=h)
            for inn, mg, h in rest["doses"]
        ),
        assumptions=tuple(rest["assumptions"]),
    )
