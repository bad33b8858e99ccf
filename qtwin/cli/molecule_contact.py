"""`qtwin molecule --drug --receptor [--twin]`: the contact that stands for a drug at its receptor, wild type and variants."""

from __future__ import annotations

import datetime as dt
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import Checkpoint, write_json
from qtwin.benchmark.surroundings import versions
from qtwin.cli.molecule_energies import Asked, asked_of
from qtwin.cli.molecule_interaction import best_of, run_interaction
from qtwin.cli.molecule_told import is_small, molecule_part
from qtwin.cli.show import note, stage, table
from qtwin.errors import InputError, require_vendor, unknown_name
from qtwin.problem.molecule.choose import Choice
from qtwin.problem.molecule.contact import Alternative, Contact, contact_of
from qtwin.problem.molecule.fragments import Fragments
from qtwin.problem.molecule.geometry import resolve
from qtwin.problem.molecule.molecule import Molecule
from qtwin.report.molecule_contact_sheet import contact_sheet, differences, judge_contact
from qtwin.report.molecule_tables import kcal
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER, write_sheet
from qtwin.spec import ContactSection, MoleculeSpec, identity

SCHEMA = "qtwin.contact/1"
BASIS = "6-31g*"
_CHEAP = ("hf", "mp2", "vqe-uccsd")
"""Methods that go along the whole distance; the others are asked at the contact alone, which is what the verdict rests on."""


def run_contact_of(drug: str, receptor: str, twin: Path | None, out: Path | None, *, fresh: bool) -> dict[str, Any]:
    """As `run_contact`, from the options of the command line.

    Raises:
        InputError: when drug or receptor is missing.
    """
    if not drug or not receptor:
        raise InputError(
            f"no spec, drug {drug!r} and receptor {receptor!r} came: a spec, or both of the others were wanted",
            hint="qtwin molecule SPEC.toml, or qtwin molecule --drug metoprolol --receptor ADRB1 [--twin twin.json]",
        )
    section = ContactSection(drug=drug, receptor=receptor, twin=None if twin is None else str(twin))
    folder = out or Path("out") / f"{drug}-{receptor}"
    return run_contact(MoleculeSpec(contact=section), folder, folder=Path.cwd(), fresh=fresh)


def run_contact(spec: MoleculeSpec, out: Path, *, folder: Path, fresh: bool = False) -> dict[str, Any]:
    """Interaction energies of the contact and of its variants, vacuum and continuum, and their difference with its spread.

    Raises:
        InputError: for a drug that does not bind there, an unknown variant, or a spoilt twin.
        ConvergenceError: for a mean field that does not converge.
    """
    require_vendor("pyscf", package="pyscf", needed_by="qtwin molecule")
    started = time.perf_counter()
    section = spec.contact
    assert section is not None
    contact = contact_of(section.drug, section.receptor)
    chosen = _alternatives(contact, section.variants)
    patient = None if section.twin is None else _patient(folder / section.twin, contact)
    asked = asked_of(section.methods, {}, seed=spec.seed)
    systems = [(a, *_system(a, section)) for a in (contact.wild_type, *chosen)]
    geometries = "".join(f"{m.coordinates_angstrom.tobytes().hex()} {f!r} {labels}" for _, m, f, labels in systems)
    run_id = identity(spec, *(f"{k}={v}" for k, v in versions().items()), geometries)
    checkpoint = Checkpoint.open(out, run_id, fresh=fresh)
    title = spec.title or f"{contact.drug} at {contact.target} {contact.site}"
    note(title, style="bold")
    parts = [_compute(a, m, f, labels, asked, checkpoint, section) for a, m, f, labels in systems]
    changes = differences(parts)
    verdict = judge_contact(contact, parts, changes, patient)
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "title": title,
        "spec": spec.model_dump(mode="json"),
        "spec_hash": run_id,
        "versions": versions(),
        "command": command_line(),
        "seed": spec.seed,
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": {"cpu_count": os.cpu_count(), "platform": platform.platform(), "python": platform.python_version()},
        "contact": {
            "drug": contact.drug,
            "receptor": contact.target,
            "site": contact.site,
            "kind": contact.title,
            "source": contact.source,
            "amine": contact.amine,
            "pka": contact.pka,
            "charged_share": contact.charged_share,
            "decision": contact.decision,
            "left_out": list(contact.left_out),
        },
        "patient": patient,
        "systems": parts,
        "methods": [_total(row, parts[0]) for row in parts[0]["interaction"]["methods"]],
        "differences": changes,
        "verdict": verdict.sentence,
        "verdict_points": list(verdict.points),
        "winner": verdict.winner,
        "warnings": _warnings(contact, parts),
    }
    with stage("Report"):
        result["wall_s"] = time.perf_counter() - started
        page = write_sheet(contact_sheet(result, question=spec.question, rule=spec.decision_rule), out)
        write_json(out / "result.json", result | {"disclaimer": DISCLAIMER})
    _print(parts, changes)
    note(verdict.sentence, style="bold green")
    note(f"{page}  ({time.perf_counter() - started:.0f} s)")
    return result


def _alternatives(contact: Contact, names: Sequence[str]) -> tuple[Alternative, ...]:
    known = {a.residue: a for a in contact.alternatives}
    for name in names:
        if name not in known:
            raise unknown_name(f"variant of {contact.target} {contact.site}", name, known)
    return tuple(known[n] for n in names) if names else contact.alternatives


def _system(alternative: Alternative, section: ContactSection) -> tuple[Molecule, Fragments, tuple[str, ...]]:
    molecule, entry = resolve(alternative.molecule, folder=Path(), basis=section.basis or BASIS)
    assert entry is not None
    if entry.fragments is None:
        raise InputError(f"{alternative.molecule} has no parts", hint="correct qtwin/data/contacts.toml")
    return molecule, entry.fragments, entry.labels


def _compute(
    alternative: Alternative,
    molecule: Molecule,
    fragments: Fragments,
    labels: tuple[str, ...],
    asked: Asked,
    checkpoint: Checkpoint,
    section: ContactSection,
) -> dict[str, Any]:
    found = run_interaction(
        molecule,
        fragments,
        Choice(labels=labels, frozen_core=True),
        asked,
        checkpoint,
        key=f"contact-{alternative.molecule}",
        dielectric=section.dielectric,
        iterations=100,
        memory_bytes=None,
        along=replace(asked, names=tuple(n for n in asked.names if n in _CHEAP)),
    )
    return {
        "residue": alternative.residue,
        "note": alternative.note,
        "molecule": molecule_part(molecule, fragments, title=alternative.molecule, informs=""),
        "interaction": found,
    }


def _patient(path: Path, contact: Contact) -> dict[str, Any]:
    """What the twin says: whether the drug is taken, which genes are known, how much of the receptor the drug holds."""
    from qtwin.patient.access import write_down
    from qtwin.twin.forecast import outcome_of
    from qtwin.twin.twin import Twin

    twin = Twin.load(path)
    person = twin.patient
    write_down("molecular contact", person, detail=f"{contact.drug} at {contact.target}")
    doses = [d for d in twin.doses if d.drug.inn == contact.drug]
    genes = sorted(person.genotypes)
    occupied = outcome_of(twin, doses, years=1.5).receptor_occupancy.get(contact.target) if doses else None
    return {
        "patient_id": person.patient_id,
        "synthetic": person.provenance.synthetic,
        "takes_drug": bool(doses),
        "dose": doses[0].label if doses else "",
        "genes_known": genes,
        "receptor_genotype_known": contact.target in genes,
        "receptor_occupancy": None if occupied is None else asdict(occupied),
    }


def _total(row: Mapping[str, Any], part: Mapping[str, Any]) -> dict[str, Any]:
    """A method of the wild-type contact as result.json lists methods: the energy of the complex, and the interaction."""
    return {
        **row,
        "energy_hartree": part["interaction"]["energies"]["complex"].get(row["name"]),
        "standard_error": row["standard_error_hartree"],
    }


def _warnings(contact: Contact, parts: Sequence[Mapping[str, Any]]) -> list[str]:
    said = [
        "The energies are of small rigid models in vacuum or in a continuum;"
        " no affinity and no free energy is computed from them",
        "No variant of this residue was read from the patient's record: the variants are hypothetical",
    ]
    basis = str(parts[0]["molecule"]["basis"])
    if is_small(basis):
        said.append(f"{basis} is a small basis: take 6-31g* or larger before a number means much")
    if contact.charged_share < 0.9:
        said.append(
            f"At pH 7.4 only {100 * contact.charged_share:.0f} % of {contact.drug} is charged (pKa {contact.pka:g});"
            " the contact is"
            " that of the charged form"
        )
    for part in parts:
        said += [f"{part['residue']}: {line}" for line in part["interaction"]["warnings"]]
    return said


def _print(parts: Sequence[Mapping[str, Any]], changes: Sequence[Mapping[str, Any]]) -> None:
    rows = []
    for part in parts:
        best = best_of(part["interaction"]["methods"])
        rows += [
            (part["residue"], r["name"] + (" *" if r is best else ""), kcal(r["interaction_kcal_mol"]), r["status"])
            for r in part["interaction"]["methods"]
        ]
    table("Interaction, counterpoise-corrected, in vacuum", ("residue", "method", "kcal/mol", "status"), rows)
    for c in changes:
        note(
            f"{c['residue']} against {c['wild_type']}: {kcal(c['difference_kcal_mol'], 1)} kcal/mol in vacuum"
            f" ({kcal(c['low_kcal_mol'], 1)} to {kcal(c['high_kcal_mol'], 1)} by method)"
            + "".join(f", {kcal(s['difference_kcal_mol'], 1)} at eps = {s['dielectric']:g}" for s in c["screened"])
        )
