"""`qtwin molecule`: energies of a molecule by every method asked for, the classical competitors beside them, and who won."""

from __future__ import annotations

import datetime as dt
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import Checkpoint, write_json
from qtwin.benchmark.fault_tolerance.molecular import required
from qtwin.benchmark.surroundings import versions
from qtwin.cli.molecule_energies import asked_of, choice_of, field_of, rows_of
from qtwin.cli.molecule_interaction import fragments_of, run_interaction
from qtwin.cli.molecule_scan import curve_of, memory_of, run_curve
from qtwin.cli.molecule_told import is_small, molecule_part
from qtwin.cli.show import note, stage, table
from qtwin.errors import QtwinError, TooLargeError, require_vendor
from qtwin.problem.molecule.active_space import cut_shells
from qtwin.problem.molecule.geometry import Entry, resolve
from qtwin.problem.molecule.mean_field import solvation
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.orbital_views import views
from qtwin.problem.molecule.problem import Choice, MolecularProblem, pose, scheme_of
from qtwin.report.molecule_sheet import sheet_of
from qtwin.report.molecule_tables import energy, kcal, spin
from qtwin.report.molecule_verdict import along, diagnostics, judge
from qtwin.report.number import seconds
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER, write_sheet
from qtwin.spec import MoleculeSection, identity, read_molecule_spec

SCHEMA = "qtwin.molecule/1"
_ROWS = "rows that tell the spin"
"""Finished rows of an earlier form are not taken up."""
_DRAWN_ORBITALS = 12
_FACTORISED_ORBITALS = 40


def run_molecule(path: Path, out: Path, *, fresh: bool = False) -> dict[str, Any]:
    """Run the file of a molecule and write result.json, report.html and figures into `out`; goes on where it stopped.

    Raises:
        InputError: for a spec, geometry, charge, basis or active space that cannot be.
        ConvergenceError: for a mean field that does not converge.
    """
    require_vendor("pyscf", package="pyscf", needed_by="qtwin molecule")
    spec = read_molecule_spec(path)
    if spec.contact is not None:
        from qtwin.cli.molecule_contact import run_contact

        return run_contact(spec, out, folder=path.parent, fresh=fresh)
    assert spec.molecule is not None
    started = time.perf_counter()
    section = spec.molecule
    molecule, entry = resolve(
        section.geometry, folder=path.parent, charge=section.charge, multiplicity=section.multiplicity, basis=section.basis
    )
    choice = _choice(section, entry)
    scheme_of(choice)
    asked = asked_of(section.methods, section.options, seed=spec.seed, time_limit_s=section.time_limit_s)
    fragments = None if spec.interaction is None else fragments_of(molecule, spec.interaction, entry)
    curve = None if spec.scan is None else curve_of(molecule, spec.scan)
    what = f"{_ROWS} {molecule.symbols} {molecule.coordinates_angstrom.tobytes().hex()} {choice!r} {fragments!r}"
    run_id = identity(spec, *(f"{k}={v}" for k, v in versions().items()), what)
    checkpoint = Checkpoint.open(out, run_id, fresh=fresh)
    title = spec.title or (entry.title if entry else molecule.name)
    note(f"{title} ({molecule.formula}, {molecule.basis})", style="bold")

    with stage("Mean field") as found:
        field = field_of(
            molecule,
            "molecule",
            checkpoint,
            iterations=section.scf_iterations,
            follow=section.follow_instability,
            limit_s=section.time_limit_s,
        )
        informs = entry.informs if entry else ""
        problem = pose(molecule, choice, field=field, memory_bytes=memory_of(section), informs=informs)
        found.append(f"{energy(field.energy_hartree)} hartree, {field.n_electrons} electrons in {field.n_orbitals} orbitals")
    with stage("Methods") as found:
        rows = rows_of(problem, asked, checkpoint, "molecule")
        found.append(f"{len(rows)} methods, {problem.n_determinants:,} determinants")
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
        "molecule": molecule_part(molecule, fragments, title=title, informs=informs),
        "active_space": _space_part(problem),
        "mean_field": {"energy_hartree": field.energy_hartree, "history": list(field.history), "stable": field.stable},
        "methods": rows,
        "diagnostics": diagnostics(rows),
        "fault_tolerance": _fault_tolerance(problem, rows),
        "solvation": _solvation(molecule, section, checkpoint),
        "scan": None if curve is None else run_curve(curve, section, asked, checkpoint),
        "interaction": None,
    }
    if fragments is not None and spec.interaction is not None:
        labels = section.avas or (entry.labels if entry else ())
        result["interaction"] = run_interaction(
            molecule,
            fragments,
            choice_of(section.model_copy(update={"avas": labels, "active_space": "auto"})),
            asked,
            checkpoint,
            key="contact",
            dielectric=spec.interaction.dielectric,
            iterations=section.scf_iterations,
            memory_bytes=memory_of(section),
        )
    verdict = judge(rows, whole_is_active=problem.is_whole)
    points = [*verdict.points, *filter(None, [along(result["scan"]["points"]) if result["scan"] else ""])]
    result |= {"verdict": verdict.sentence, "verdict_points": points, "winner": verdict.winner}
    result["warnings"] = _warnings(molecule, result, entry is None) + _cut(problem)
    with stage("Report"):
        drawn = orbitals_part(problem)
        result["wall_s"] = time.perf_counter() - started
        page = write_sheet(sheet_of(result, drawn, question=spec.question, rule=spec.decision_rule), out)
        write_json(out / "result.json", result | {"disclaimer": DISCLAIMER})
    _print(result)
    note(verdict.sentence, style="bold green")
    note(f"{page}  ({time.perf_counter() - started:.0f} s)")
    require_any(rows)
    return result


def require_any(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse to call a run done in which nothing but the Hartree-Fock that every run begins with gave an energy.

    Raises:
        QtwinError: with the reason of the first that was asked for.
    """
    meant = [r for r in rows if r["asked"] or r["name"] != "hf"]
    if all(r["energy_hartree"] is None for r in meant):
        raise QtwinError(
            f"no method that was asked for gave an energy; {meant[0]['name']}: {meant[0]['status']}",
            hint="the page lists the reason of each; take a smaller active space, or methods that need no determinants",
        )


def _fault_tolerance(problem: MolecularProblem, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Of the active space, if any method treated it and its integrals can be factorised while one waits."""
    if problem.space.n_orbitals > _FACTORISED_ORBITALS or all(r["scope"] == "molecule" for r in rows):
        return None
    try:
        return required(problem.h1_hartree, problem.h2_hartree)
    except TooLargeError:
        return None


def _choice(section: MoleculeSection, entry: Entry | None) -> Choice:
    """What the spec says of the active space; a contact of the library brings its own."""
    choice = choice_of(section)
    if entry is None or entry.fragments is None or choice != Choice(frozen_core=section.frozen_core):
        return choice
    parts = entry.fragments.parts
    sizes = [sum(x or 0 for x in each) for each in ((p.electrons for p in parts), (p.orbitals for p in parts))]
    return replace(choice, scheme="avas", labels=entry.labels, electrons=sizes[0], orbitals=sizes[1])


def _space_part(problem: MolecularProblem) -> dict[str, Any]:
    space = problem.space
    return {
        "words": space.words,
        "n_electrons": space.n_electrons,
        "n_alpha": space.n_alpha,
        "n_beta": space.n_beta,
        "n_orbitals": space.n_orbitals,
        "spin_orbitals": 2 * space.n_orbitals,
        "determinants": problem.n_determinants,
        "is_whole_molecule": problem.is_whole,
        "frozen_orbitals": space.core.shape[1],
        "kept": list(space.kept),
        "basis_functions": len(problem.mean_field.orbitals),
        "integrals_s": problem.integrals_s,
    }


def orbitals_part(problem: MolecularProblem) -> dict[str, Any] | None:
    """Views of the active orbitals, unless there are too many to look at."""
    space = problem.space
    if space.n_orbitals > _DRAWN_ORBITALS or problem.mean_field.n_orbitals > 400:
        return None
    seen = views(problem.molecule, space.orbitals)
    occupied = [2] * space.n_beta + [1] * (space.n_alpha - space.n_beta) + [0] * (space.n_orbitals - space.n_alpha)
    words = {2: "occupied", 1: "half occupied", 0: "empty"}
    return {
        "values": seen.values,
        "extent_angstrom": seen.extent_angstrom,
        "atoms_angstrom": seen.atoms_angstrom,
        "labels": [f"{k + 1}, {words[n]}" for k, n in enumerate(occupied)],
    }


def _solvation(molecule: Molecule, section: MoleculeSection, checkpoint: Checkpoint) -> dict[str, float] | None:
    if section.dielectric is None:
        return None
    epsilon = section.dielectric

    def compute() -> dict[str, float]:
        found = solvation(molecule, epsilon, iterations=section.scf_iterations)
        return {"dielectric": epsilon, "energy_hartree": found.energy_hartree, "wall_s": found.wall_s}

    with stage("Continuum"):
        kept, _ = checkpoint.stage("continuum", compute)
    return dict(kept)


def _warnings(molecule: Molecule, result: dict[str, Any], own_geometry: bool) -> list[str]:
    said = []
    if result["mean_field"]["stable"] is False:
        last = result["mean_field"]["history"][-1]
        said.append(f"Restricted Hartree-Fock is a saddle here ({last})" + ("" if "was taken" in last else "; it was kept"))
    elif len(result["mean_field"]["history"]) > 1:
        said.append(f"The mean field needed more than one attempt: {'; '.join(result['mean_field']['history'])}")
    if "force field" in molecule.provenance and own_geometry:
        said.append("The geometry is a force field's: relax it with quantum chemistry before a difference of energies means much")
    if is_small(molecule.basis):
        said.append(f"{molecule.basis} is a small basis: energies compare methods with each other, not with experiment")
    for part in ("scan", "interaction"):
        said += (result[part] or {}).get("warnings", [])
    absent = [r["name"] for r in result["methods"] if r["status"].startswith("not installed")]
    if absent:
        said.append(f"Not installed, so not run: {', '.join(absent)}")
    failed = [
        f"{r['name']} ({r['status']})" for r in result["methods"] if r["energy_hartree"] is None and r["name"] not in absent
    ]
    if failed:
        said.append(f"No energy is reported of {', '.join(failed)}")
    said.append("Times of quantum methods are those of a simulator without noise, unless their row says otherwise")
    return said


def _cut(problem: MolecularProblem) -> list[str]:
    """A warning where the active space holds a part of a degenerate shell."""
    cut = cut_shells(problem.mean_field, problem.space)
    if not cut:
        return []
    told = ", ".join(f"{inside} but not {outside}" for inside, outside in cut)
    return [
        f"The active space cuts a degenerate shell (orbital {told}): which one is in is an accident, and the energies need not"
        " have the symmetry of the molecule; take the whole shell in or leave it out"
    ]


def _print(result: dict[str, Any]) -> None:
    rows = [
        (
            r["name"],
            "whole" if r["scope"] == "molecule" else "active",
            energy(r["energy_hartree"]),
            kcal(r["error_mHa"], 3),
            spin(r["spin_squared"]),
            seconds(r["wall_s"], 2),
            r["status"].partition(":")[0],  # the page has the reason
        )
        for r in result["methods"]
    ]
    table("Who found which energy", ("method", "treats", "energy, hartree", "off CASCI, mHa", "S²", "time", "status"), rows)
    for r in (result["interaction"] or {}).get("methods", []):
        note(f"interaction, {r['name']}: {kcal(r['interaction_kcal_mol'])} kcal/mol")
