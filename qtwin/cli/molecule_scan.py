"""Curves of a molecule: a bond at several lengths, or the whole geometry at several sizes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.cli.molecule_energies import Asked, choice_of, field_of, rows_of
from qtwin.cli.show import stage
from qtwin.errors import InputError
from qtwin.problem.molecule.mean_field import ConvergenceError
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.problem import pose
from qtwin.spec import MoleculeSection, ScanSection


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Geometries along a scan: what x is, and a molecule for each."""

    words: str
    xs: tuple[float, ...]
    molecules: tuple[Molecule, ...]


def curve_of(molecule: Molecule, section: ScanSection) -> Curve:
    """The geometries of a scan, all of them checked.

    Raises:
        InputError: for a scan of neither or both kinds, atoms that are not there, or geometries in which atoms overlap.
    """
    if section.factors is not None:
        if section.bond is not None or section.distances_angstrom is not None or section.moves:
            raise InputError("[scan] has factors and a bond", hint="take one of the two")
        where = molecule.coordinates_angstrom - molecule.coordinates_angstrom.mean(axis=0)
        made = tuple(replace(molecule, coordinates_angstrom=where * f) for f in section.factors)
        return Curve(words="size over that of the given geometry", xs=section.factors, molecules=made)
    if section.bond is None or section.distances_angstrom is None:
        raise InputError("[scan] has neither factors nor bond and distances_angstrom", hint="bond = [1, 2] and its lengths")
    first, second = (k - 1 for k in section.bond)
    moves = tuple(k - 1 for k in section.moves) or (second,)
    if first == second or not all(0 <= k < molecule.n_atoms for k in (first, second, *moves)):
        raise InputError(
            f"[scan] bond {list(section.bond)} and moves {list(section.moves)} came, atoms 1 to {molecule.n_atoms} were wanted",
            hint="two different atoms; moves holds the second one and what goes with it",
        )
    if second not in moves or first in moves:
        raise InputError("[scan] moves must hold the second atom of the bond and not the first", hint="correct moves")
    axis = molecule.coordinates_angstrom[second] - molecule.coordinates_angstrom[first]
    length = float(np.linalg.norm(axis))
    made = tuple(molecule.moved(moves, axis / length * (d - length)) for d in section.distances_angstrom)
    pair = f"{molecule.symbols[first]}{first + 1} to {molecule.symbols[second]}{second + 1}"
    return Curve(words=f"{pair} (Å)", xs=section.distances_angstrom, molecules=made)


def run_curve(curve: Curve, section: MoleculeSection, asked: Asked, checkpoint: Checkpoint) -> dict[str, Any]:
    """Every method at every geometry; one whose mean field does not converge has no energies and says so."""
    points: list[dict[str, Any]] = []
    warnings: list[str] = []
    with stage("Curve") as found:
        for k, (x, molecule) in enumerate(zip(curve.xs, curve.molecules, strict=True)):
            key = f"scan{k:03d}"
            try:
                field = field_of(
                    molecule,
                    key,
                    checkpoint,
                    iterations=section.scf_iterations,
                    follow=section.follow_instability,
                    limit_s=section.time_limit_s,
                )
            except ConvergenceError as error:
                warnings.append(f"at {x:g}: {error.message}")
                continue
            problem = pose(molecule, choice_of(section), field=field, memory_bytes=memory_of(section))
            points.append({"x": x, "stable": field.stable, "methods": rows_of(problem, asked, checkpoint, key)})
        found.append(f"{len(points)} of {len(curve.xs)} geometries")
    unstable = [p["x"] for p in points if p["stable"] is False]
    if unstable:
        warnings.append(
            f"restricted Hartree-Fock is a saddle at {', '.join(f'{x:g}' for x in unstable)}: a field below it exists and was"
            " not taken"
        )
    return {"x": curve.words, "points": points, "warnings": warnings}


def memory_of(section: MoleculeSection) -> int | None:
    """The limit of a spec in bytes."""
    return None if section.memory_gib is None else int(section.memory_gib * 2**30)
