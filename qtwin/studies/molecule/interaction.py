"""Interaction energies of a complex: counterpoise at its geometry and along the distance, in vacuum
and in a continuum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qtwin.chemistry.active_space import facing
from qtwin.chemistry.fragments import (
    Fragments,
    Part,
    at_distance,
    checked,
    distance_angstrom,
    part_of,
    trio,
)
from qtwin.chemistry.geometry import Entry
from qtwin.chemistry.mean_field import ConvergenceError, solvation
from qtwin.chemistry.method.whole_molecule import NAMES as WHOLE
from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.problem import Choice
from qtwin.errors import InputError
from qtwin.studies.molecule.energies import Plan, rows_of
from qtwin.studies.molecule.result import (
    AtGeometry,
    InteractionPart,
    InteractionPoint,
    InteractionRow,
    InteractionSpace,
    MethodRow,
    MoleculePart,
    ScreeningPart,
    best_of,
)
from qtwin.studies.molecule.spec import InteractionSection, PartSection
from qtwin.studies.stages import Stages
from qtwin.units import KCAL_PER_MOL_PER_HARTREE


def fragments_of(molecule: Molecule, section: InteractionSection, entry: Entry | None) -> Fragments:
    """The parts of a complex, from the spec or from the library.

    Raises:
        InputError: when neither tells them, or they do not fit the molecule.
    """
    if (
        section.first is None
        and section.second is None
        and entry is not None
        and entry.fragments is not None
    ):
        found = entry.fragments
        return checked(
            replace(found, distances_angstrom=section.distances_angstrom)
            if section.distances_angstrom
            else found,
            molecule,
        )
    if section.first is None or section.second is None or section.contact is None:
        raise InputError(
            "[interaction] needs first, second and contact for a molecule that is no "
            "contact of the library",
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


def described(
    molecule: Molecule, fragments: Fragments | None = None, *, title: str, informs: str = ""
) -> MoleculePart:
    """What a result says of a geometry, with the view that is drawn."""
    where = molecule.coordinates_angstrom
    axes, centre = facing(where), where.mean(axis=0)
    ends, distance = None, None
    if fragments is not None:
        ends = [
            ((where[list(atoms)].mean(axis=0) - centre) @ axes.T).tolist()
            for atoms in fragments.contact
        ]
        distance = distance_angstrom(molecule, fragments)
    return MoleculePart.model_validate(
        {
            "name": molecule.name,
            "title": title,
            "formula": molecule.formula,
            "symbols": molecule.symbols,
            "coordinates_angstrom": where.tolist(),
            "seen_angstrom": ((where - centre) @ axes.T).tolist(),
            "charge": molecule.charge,
            "multiplicity": molecule.multiplicity,
            "basis": molecule.basis,
            "provenance": molecule.provenance,
            "informs": informs,
            "contact_ends_angstrom": ends,
            "distance_angstrom": distance,
        }
    )


def interaction(
    molecule: Molecule,
    fragments: Fragments,
    choice: Choice,
    plan: Plan,
    stages: Stages,
    *,
    key: str,
    dielectric: Sequence[float],
    along: Plan | None = None,
) -> InteractionPart:
    """The given geometry, the continuum there, and the scan.

    Args:
        molecule: The complex.
        fragments: Its parts, and the distances of the scan.
        choice: Of the active space.
        plan: Methods at the given geometry.
        stages: Where finished stages are kept.
        key: Of the stages.
        dielectric: Constants of the continua.
        along: Methods of the scan, if not all of them.

    Raises:
        InputError: for methods of the active space without active orbitals of both parts.
        ConvergenceError: when a mean field of the given geometry does not converge.
    """
    progress = stages.progress
    with progress.stage(f"Contact {molecule.name}") as found:
        here = _at(molecule, fragments, choice, plan, stages, f"{key}-here")
        best = best_of(here.methods)
        if best is not None:
            found.append(f"{best.name} {best.interaction_kcal_mol:.2f} kcal/mol")
    screened: list[dict[str, float]] = []
    if dielectric:
        with progress.stage("Continuum"):
            kept, _ = stages.kept(
                f"{key}-continuum",
                lambda: _screened(molecule, fragments, dielectric, plan.iterations),
            )
            screened = kept
    points: list[InteractionPoint] = []
    warnings: list[str] = []
    if fragments.distances_angstrom:
        with progress.stage("Distances") as found:
            for k, d in enumerate(fragments.distances_angstrom):
                progress.step(f"{k + 1} of {len(fragments.distances_angstrom)}")
                moved = at_distance(molecule, fragments, d)
                try:
                    one = _at(moved, fragments, choice, along or plan, stages, f"{key}-{k:03d}")
                except ConvergenceError as error:
                    warnings.append(f"at {d:g} angstrom: {error.message}")
                    continue
                points.append(InteractionPoint(x=d, methods=one.methods))
            found.append(f"{len(points)} of {len(fragments.distances_angstrom)}")
    first, second = fragments.parts
    return InteractionPart(
        parts=(first.name, second.name),
        distance_angstrom=distance_angstrom(molecule, fragments),
        active=here.active,
        methods=here.methods,
        energies=here.energies,
        screening=tuple(ScreeningPart.model_validate(s) for s in screened),
        points=tuple(points),
        warnings=tuple(warnings),
    )


def _at(
    molecule: Molecule, fragments: Fragments, choice: Choice, plan: Plan, stages: Stages, key: str
) -> AtGeometry:
    """Interaction energies at one geometry; all three systems and methods are kept as one stage."""

    def compute() -> dict[str, Any]:
        posed = trio(
            molecule, fragments, choice, iterations=plan.iterations, memory_bytes=plan.memory_bytes
        )
        names = tuple(n for n in plan.names if posed.active or n in WHOLE)
        left_out = [n for n in plan.names if n not in names and n not in plan.added]
        if left_out:
            raise InputError(
                f"{', '.join(left_out)} treat an active space, and the parts name none",
                hint="avas labels, and active_electrons and active_orbitals of both parts; or "
                "methods of the whole molecule",
            )
        rows: dict[str, tuple[MethodRow, ...]] = {}
        for name, _, problem in posed.each():
            active = tuple(
                n for n in names if n in WHOLE or not _is_empty(name, posed.active, fragments)
            )
            rows[name] = rows_of(problem, replace(plan, names=active), stages, f"{key}-{name}")
        space = posed.complex.space
        active_space = InteractionSpace(
            words=space.words,
            n_electrons=space.n_electrons,
            n_orbitals=space.n_orbitals,
            determinants=posed.complex.n_determinants,
            kept=tuple(p.space.kept for _, _, p in posed.each()),
        )
        return AtGeometry(
            methods=combined(rows, names),
            active=active_space if posed.active else None,
            energies={
                system: {r.name: r.energy_hartree for r in each} for system, each in rows.items()
            },
        ).to_json()

    kept, _ = stages.kept(f"{key}-interaction", compute)
    return AtGeometry.model_validate(kept)


def _is_empty(name: str, active: bool, fragments: Fragments) -> bool:
    """Whether a part gives no electrons to the active space, so that its correlation there is
    nothing.
    """
    part = {"first": fragments.first, "second": fragments.second}.get(name)
    return active and part is not None and not part.electrons


def combined(
    rows: Mapping[str, Sequence[MethodRow]], names: Sequence[str]
) -> tuple[InteractionRow, ...]:
    """E(AB) - E(A) - E(B); a part without active electrons has Hartree-Fock's energy, for nothing
    correlates there.

    For methods of the active space this is Hartree-Fock's interaction and the difference of the
    correlation energies, see `qtwin.chemistry.fragments`.
    """
    signs = {"complex": 1.0, "first": -1.0, "second": -1.0}
    by = {system: {r.name: r for r in each} for system, each in rows.items()}
    found = []
    for name in names:
        there = {s: by[s].get(name, by[s]["hf"]) for s in signs}
        own = [r for r in there.values() if r.name == name]
        first = there["complex"]
        missing = [s for s, r in there.items() if r.energy_hartree is None]
        value = (
            None
            if missing
            else sum(
                signs[s] * r.energy_hartree
                for s, r in there.items()
                if r.energy_hartree is not None
            )
        )
        found.append(
            InteractionRow(
                name=name,
                kind=first.kind,
                scope=first.scope,
                asked=first.asked,
                interaction_hartree=value,
                interaction_kcal_mol=None if value is None else value * KCAL_PER_MOL_PER_HARTREE,
                standard_error_hartree=sum((r.standard_error or 0.0) ** 2 for r in own) ** 0.5,
                wall_s=sum(r.wall_s for r in own),
                status="converged" if not missing else f"{first.status} ({', '.join(missing)})",
                t1=first.info.get("t1_diagnostic"),
            )
        )
    return tuple(found)


def _screened(
    molecule: Molecule, fragments: Fragments, dielectric: Sequence[float], iterations: int
) -> list[dict[str, float]]:
    """What each continuum adds to the interaction energy: complex less parts, each in its own
    cavity and basis.
    """
    parts = [part_of(molecule, p, ghosts=False) for p in fragments.parts]
    found = []
    for epsilon in dielectric:
        each = [solvation(m, epsilon, iterations=iterations) for m in (molecule, *parts)]
        change = each[0].energy_hartree - each[1].energy_hartree - each[2].energy_hartree
        found.append(
            {
                "dielectric": epsilon,
                "screening_hartree": change,
                "screening_kcal_mol": change * KCAL_PER_MOL_PER_HARTREE,
                "wall_s": sum(s.wall_s for s in each),
            }
        )
    return found
