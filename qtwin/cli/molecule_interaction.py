"""Interaction energies of a complex: counterpoise along its distances, in vacuum and screened by a continuum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.cli.molecule_energies import Asked, rows_of
from qtwin.cli.show import stage
from qtwin.errors import InputError
from qtwin.problem.molecule.counterpoise import trio
from qtwin.problem.molecule.fragments import Fragments, Part, at_distance, checked, distance_angstrom, part_of
from qtwin.problem.molecule.geometry import Entry
from qtwin.problem.molecule.mean_field import ConvergenceError, solvation
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.problem import Choice
from qtwin.solver.molecular.classical.whole import NAMES as WHOLE
from qtwin.spec import InteractionSection, PartSection
from qtwin.units import KCAL_PER_MOL_PER_HARTREE


def fragments_of(molecule: Molecule, section: InteractionSection, entry: Entry | None) -> Fragments:
    """The parts of a complex, from the spec or from the library.

    Raises:
        InputError: when neither tells them, or they do not fit the molecule.
    """
    if section.first is None and section.second is None and entry is not None and entry.fragments is not None:
        found = entry.fragments
        return checked(
            replace(found, distances_angstrom=section.distances_angstrom) if section.distances_angstrom else found, molecule
        )
    if section.first is None or section.second is None or section.contact is None:
        raise InputError(
            "[interaction] needs first, second and contact for a molecule that is no contact of the library",
            hint="first = { atoms = [1, 2, 3], charge = 0 }, the same for second, contact = [1, 4]",
        )
    made = Fragments(
        first=_part("first part", section.first),
        second=_part("second part", section.second),
        contact=((section.contact[0] - 1,), (section.contact[1] - 1,)),
        distances_angstrom=section.distances_angstrom,
    )
    return checked(made, molecule)


def _part(name: str, section: PartSection) -> Part:
    return Part(
        name=name,
        atoms=tuple(k - 1 for k in section.atoms),
        charge=section.charge,
        multiplicity=section.multiplicity,
        electrons=section.active_electrons,
        orbitals=section.active_orbitals,
    )


def run_interaction(
    molecule: Molecule,
    fragments: Fragments,
    choice: Choice,
    asked: Asked,
    checkpoint: Checkpoint,
    *,
    key: str,
    dielectric: Sequence[float],
    iterations: int,
    memory_bytes: int | None,
    along: Asked | None = None,
) -> dict[str, Any]:
    """The given geometry, the continuum there, and the scan.

    Args:
        molecule: The complex.
        fragments: Its parts, and the distances of the scan.
        choice: Of the active space.
        asked: Methods at the given geometry.
        checkpoint: Where finished stages are kept.
        key: Of the stages.
        dielectric: Constants of the continua.
        iterations: Of each mean field.
        memory_bytes: See `MolecularProblem`.
        along: Methods of the scan, if not all of them.

    Raises:
        InputError: for methods of the active space without active orbitals of both parts.
        ConvergenceError: when a mean field of the given geometry does not converge.
    """
    options = {"iterations": iterations, "memory_bytes": memory_bytes}
    with stage(f"Contact {molecule.name}") as found:
        here = _one(molecule, fragments, choice, asked, checkpoint, f"{key}-here", options)
        best = best_of(here["rows"])
        if best is not None:
            found.append(f"{best['name']} {best['interaction_kcal_mol']:.2f} kcal/mol")
    screened: list[dict[str, Any]] = []
    if dielectric:
        with stage("Continuum"):
            kept, _ = checkpoint.stage(f"{key}-continuum", lambda: _screened(molecule, fragments, dielectric, iterations))
            screened = kept
    points: list[dict[str, Any]] = []
    warnings: list[str] = []
    if fragments.distances_angstrom:
        with stage("Distances") as found:
            for k, d in enumerate(fragments.distances_angstrom):
                try:
                    one = _one(
                        at_distance(molecule, fragments, d),
                        fragments,
                        choice,
                        along or asked,
                        checkpoint,
                        f"{key}-{k:03d}",
                        options,
                    )
                except ConvergenceError as error:
                    warnings.append(f"at {d:g} angstrom: {error.message}")
                    continue
                points.append({"x": d, "methods": one["rows"]})
            found.append(f"{len(points)} of {len(fragments.distances_angstrom)}")
    return {
        "parts": [p.name for p in fragments.parts],
        "distance_angstrom": distance_angstrom(molecule, fragments),
        "active": here["active"],
        "methods": here["rows"],
        "energies": here["energies"],
        "screening": screened,
        "points": points,
        "warnings": warnings,
    }


def best_of(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The most trusted method of the whole molecule that gave an interaction energy."""
    known = {r["name"]: r for r in rows if r["interaction_kcal_mol"] is not None}
    return next((known[n] for n in ("fci", "ccsd(t)", "ccsd", "mp2", "hf") if n in known), None)


def _one(
    molecule: Molecule,
    fragments: Fragments,
    choice: Choice,
    asked: Asked,
    checkpoint: Checkpoint,
    key: str,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Interaction energies at one geometry; all three systems and methods are kept as one stage."""

    def compute() -> dict[str, Any]:
        posed = trio(molecule, fragments, choice, **options)
        names = tuple(n for n in asked.names if posed.active or n in WHOLE)
        left_out = [n for n in asked.names if n not in names and n not in asked.added]
        if left_out:
            raise InputError(
                f"{', '.join(left_out)} treat an active space, and the parts name none",
                hint="avas labels, and active_electrons and active_orbitals of both parts; or methods of the whole molecule",
            )
        rows: dict[str, list[dict[str, Any]]] = {}
        for name, _, problem in posed.each():
            active = tuple(n for n in names if n in WHOLE or not _empty(problem.space.n_electrons, posed.active, name, fragments))
            chosen = replace(asked, names=active)
            rows[name] = rows_of(problem, chosen, checkpoint, f"{key}-{name}")
        space = posed.complex.space
        active_space = {
            "words": space.words,
            "n_electrons": space.n_electrons,
            "n_orbitals": space.n_orbitals,
            "determinants": posed.complex.n_determinants,
            "kept": [list(p.space.kept) for _, _, p in posed.each()],
        }
        return {
            "rows": combined(rows, names),
            "active": active_space if posed.active else None,
            "energies": {system: {r["name"]: r["energy_hartree"] for r in each} for system, each in rows.items()},
        }

    kept, _ = checkpoint.stage(f"{key}-interaction", compute)
    return dict(kept)


def _empty(n_electrons: int, active: bool, name: str, fragments: Fragments) -> bool:
    """Whether a part gives no electrons to the active space, so that its correlation there is nothing."""
    part = {"first": fragments.first, "second": fragments.second}.get(name)
    return active and part is not None and not part.electrons


def combined(rows: Mapping[str, Sequence[Mapping[str, Any]]], names: Sequence[str]) -> list[dict[str, Any]]:
    """E(AB) - E(A) - E(B) for methods of the whole molecule; Hartree-Fock's plus that of the correlation for the others."""
    signs = {"complex": 1.0, "first": -1.0, "second": -1.0}
    by = {system: {r["name"]: r for r in each} for system, each in rows.items()}
    field = {system: by[system]["hf"]["energy_hartree"] for system in signs}
    told = []
    for name in names:
        there = {s: by[s][name] for s in signs if name in by[s]}
        first = there["complex"]
        missing = [s for s, r in there.items() if r["energy_hartree"] is None]
        whole = name in WHOLE
        value: float | None = None
        if not missing:
            value = sum(signs[s] * (r["energy_hartree"] - (0.0 if whole else field[s])) for s, r in there.items())
            value += 0.0 if whole else sum(signs[s] * field[s] for s in signs)
        told.append(
            {
                "name": name,
                "kind": first["kind"],
                "scope": first["scope"],
                "asked": first["asked"],
                "interaction_hartree": value,
                "interaction_kcal_mol": None if value is None else value * KCAL_PER_MOL_PER_HARTREE,
                "standard_error_hartree": sum((r["standard_error"] or 0.0) ** 2 for r in there.values()) ** 0.5,
                "wall_s": sum(r["wall_s"] or 0.0 for r in there.values()),
                "status": "converged" if not missing else f"{first['status']} ({', '.join(missing)})",
                "t1": first["info"].get("t1_diagnostic"),
            }
        )
    return told


def _screened(molecule: Molecule, fragments: Fragments, dielectric: Sequence[float], iterations: int) -> list[dict[str, float]]:
    """What each continuum adds to the interaction energy: complex less parts, each in its own cavity and basis."""
    parts = [part_of(molecule, p, ghosts=False) for p in fragments.parts]
    told = []
    for epsilon in dielectric:
        found = [solvation(m, epsilon, iterations=iterations) for m in (molecule, *parts)]
        change = found[0].energy_hartree - found[1].energy_hartree - found[2].energy_hartree
        told.append(
            {
                "dielectric": epsilon,
                "screening_hartree": change,
                "screening_kcal_mol": change * KCAL_PER_MOL_PER_HARTREE,
                "wall_s": sum(f.wall_s for f in found),
            }
        )
    return told
