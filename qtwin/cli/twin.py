"""`qtwin twin build`, and the twin's section of a result."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.cli.show import note, stage, terminal
from qtwin.errors import InputError
from qtwin.patient.access import read_patient, write_down
from qtwin.patient.consent import consent_warnings
from qtwin.patient.filelock import locked
from qtwin.patient.person import describe
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.prescription import current_doses
from qtwin.twin.build import build_twin, first_visit
from qtwin.twin.store import arrays_of, forget_others, next_ensemble
from qtwin.twin.summary import summary_of
from qtwin.twin.twin import Twin
from qtwin.version import __version__

SCHEMA = "qtwin.twin/1"


def build(
    bundle: Path,
    genotypes: Path | None,
    output: Path,
    *,
    disease_model: str,
    members: int,
    seed: int,
    consent: Sequence[str] = (),
) -> dict[str, Any]:
    """Build a twin and write it: JSON with what a reader wants, the ensemble in an .npz of the same name beside it.

    Medicines that are not in the formulary are listed and left out.
    """
    if output.suffix != ".json":
        raise InputError(f"the twin was to go to {output}, a .json file was wanted", hint="use -o NAME.json")
    if not output.resolve().parent.is_dir():
        raise InputError(f"there is no folder {output.resolve().parent}", hint="make it, or choose another with -o")
    patient = read_patient(bundle, genotypes, consent=consent)
    terminal.record(describe(patient), patient.missing, patient.notes)
    doses, left_out = current_doses(patient)
    warnings = [*consent_warnings(patient), *left_out]
    with stage("Twin") as found:
        twin = build_twin(patient, doses, disease_model=disease_model, n_members=members, seed=seed)
        found.append(f"{twin.n_members:,} members, {twin.posterior.method}")
    write_down("build twin", patient, detail=f"{disease_model}, {members} members, seed {seed}")
    for line in (*warnings, *twin.assumptions):
        note(f"warning: {line}", style="yellow")
    with twin_lock(output):
        return save(twin, output, doses=doses, first_visit=first_visit(patient), warnings=warnings)


@contextmanager
def twin_lock(path: Path) -> Iterator[None]:
    """Nobody else reads this twin to change it, or writes it, meanwhile; others wait."""
    with locked(path.with_name(f".{path.name}.lock")):
        yield


def save(
    twin: Twin, output: Path, *, doses: tuple[Dose, ...], first_visit: dt.date | None, warnings: Sequence[str]
) -> dict[str, Any]:
    """Write a twin, whole or not at all: what `load` needs into a new .npz, then what people read into `output`, which names it.

    The caller holds `twin_lock(output)`.
    """
    patient, ensemble = twin.patient, next_ensemble(output)
    written = {
        "schema": SCHEMA,
        "patient_id": patient.patient_id,
        "record_sha256": list(patient.provenance.sha256),
        "synthetic": patient.provenance.synthetic,
        "record": dict(describe(patient)),
        "seed": twin.seed,
        "versions": {"qtwin": __version__, "formulary": formulary.version()},
        "warnings": [*warnings, *twin.assumptions],
        "ensemble": ensemble.name,
        **summary_of(twin),
        "disclaimer": "Research software. Not a medical device; not for diagnosis or prescribing.",
    }
    arrays = arrays_of(twin, doses, first_visit)
    write_atomically(ensemble, lambda path: np.savez(path, **arrays))
    write_atomically(output, lambda path: _dump(path, written))  # from here on it is the new twin
    forget_others(output)
    note(f"{output} and {ensemble}")
    return written


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")
