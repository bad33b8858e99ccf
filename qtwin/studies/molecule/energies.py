"""All methods at one geometry, and along a curve; each is a stage, so that an interrupted study
resumes at the next.
"""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from qtwin.chemistry.mean_field import ConvergenceError, MeanField, mean_field
from qtwin.chemistry.method import registry
from qtwin.chemistry.method.base import Energy, EnergyMethod, OutOfTime, ended_after
from qtwin.chemistry.method.limited import within
from qtwin.chemistry.method.spin import TOLERANCE, multiplicity, wanted
from qtwin.chemistry.method.whole_molecule import NAMES as WHOLE
from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.problem import Choice, MolecularProblem, pose
from qtwin.errors import InputError, MissingVendorError, QtwinError, TooLargeError, unknown_name
from qtwin.solver.base import SolverInfo
from qtwin.studies.molecule.result import CurvePart, CurvePoint, MethodRow
from qtwin.studies.molecule.spec import ScanSection
from qtwin.studies.result import plain
from qtwin.studies.stages import Stages
from qtwin.units import KCAL_PER_MOL_PER_HARTREE

_ADDED_ORBITALS = 80
"""Coupled cluster of the whole molecule is added up to this size; beyond, it has to be asked
for.
"""
_SPINS = {
    1: "singlet",
    2: "doublet",
    3: "triplet",
    4: "quartet",
    5: "quintet",
    6: "sextet",
    7: "septet",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """Which methods run, with which options, within which limits.

    Attributes:
        names: In the order in which they run.
        options: By method.
        added: The competitors that were not asked for.
        seed: Of everything random.
        time_limit_s: Of each method, and of the mean field of the molecule and of the points of a
            curve.
        iterations: Of each mean field.
        follow: See `mean_field`.
        memory_bytes: See `MolecularProblem`.
    """

    names: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]]
    added: tuple[str, ...]
    seed: int
    time_limit_s: float | None = None
    iterations: int = 100
    follow: bool = False
    memory_bytes: int | None = None

    @staticmethod
    def of(
        methods: Sequence[str],
        options: Mapping[str, Mapping[str, Any]],
        *,
        seed: int,
        time_limit_s: float | None = None,
        iterations: int = 100,
        follow: bool = False,
        memory_gib: float | None = None,
    ) -> Plan:
        """The methods that were asked for, checked, with the classical competitors that every
        quantum method meets.

        Raises:
            InputError: for no method, an unknown method or option, one named twice, or options of a
                method that is not asked for.
        """
        if not methods:
            raise InputError(
                "expected at least one method, got none",
                hint=f"such as {', '.join(list(registry.names())[:4])}",
            )
        for name in methods:
            if name not in registry.names():
                raise unknown_name("method in methods:", name, registry.names())
            if methods.count(name) > 1:
                raise InputError(f"method {name!r} came twice", hint="name each once")
        for name in options:
            if name not in methods:
                raise unknown_name(
                    "method with options that is not among the methods:", name, methods
                )
        quantum = any(registry.find(name).card().kind == "quantum" for name in methods)
        competitors = ("hf", "active-ccsd(t)", "ccsd(t)", "casci") if quantum else ("hf",)
        added = tuple(name for name in competitors if name not in methods)
        for name in methods:
            try:
                registry.load(name, options.get(name, {}))
            except MissingVendorError:
                continue  # said in its row
        return Plan(
            names=(*methods, *added),
            options=options,
            added=added,
            seed=seed,
            time_limit_s=time_limit_s,
            iterations=iterations,
            follow=follow,
            memory_bytes=None if memory_gib is None else int(memory_gib * 2**30),
        )


def field_of(molecule: Molecule, key: str, plan: Plan, stages: Stages) -> MeanField:
    """The converged mean field, from disk if it was found before.

    Raises:
        ConvergenceError: when it does not converge.
        QtwinError: when it takes longer than the limit.
    """
    limit_s = plan.time_limit_s

    def compute() -> dict[str, Any]:
        try:
            with ended_after(limit_s):
                found = mean_field(
                    molecule, iterations=plan.iterations, follow=plan.follow, limit_s=limit_s
                )
        except OutOfTime:
            raise QtwinError(
                f"the mean field took longer than {limit_s:g} s, and no method can begin "
                "without it",
                hint="raise time_limit_s, or take a smaller basis",
            ) from None
        return {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}

    kept, _ = stages.kept(f"{key}-mean-field", compute)
    return MeanField(**{**kept, "history": tuple(kept["history"])})


def rows_of(
    problem: MolecularProblem, plan: Plan, stages: Stages, key: str
) -> tuple[MethodRow, ...]:
    """A row each method, in the order they were asked for."""
    rows = []
    for name in plan.names:
        if (
            name == "ccsd(t)"
            and name in plan.added
            and problem.mean_field.n_orbitals > _ADDED_ORBITALS
        ):
            continue
        stage = f"{key}-{re.sub(r'[^a-z0-9-]', '.', name)}"
        kept, _ = stages.kept(stage, lambda name=name: _solved(problem, name, plan).to_json())  # type: ignore[misc]
        rows.append(MethodRow.model_validate(kept))
    return _with_errors(rows)


def _solved(problem: MolecularProblem, name: str, plan: Plan) -> MethodRow:
    card, asked, took_s = registry.find(name).card(), name not in plan.added, 0.0
    try:
        method = registry.load(name, plan.options.get(name, {}))
        task = partial(_row, problem, method, name, asked, plan.seed, plan.time_limit_s)
        return within(task, plan.time_limit_s, compiled=card.kind == "quantum")
    except MissingVendorError as error:
        said = f"not installed: {error.hint}"
    except OutOfTime as over:
        said, took_s = f"no energy within {plan.time_limit_s:g} s", over.args[0]
    except QtwinError as error:
        said = f"{'refused' if isinstance(error, InputError) else 'failed'}: {error.message}"
    return MethodRow(**_introduced(card, name, asked), status=said, wall_s=took_s)


def _row(
    problem: MolecularProblem,
    method: EnergyMethod,
    name: str,
    asked: bool,
    seed: int,
    time_limit_s: float | None,
) -> MethodRow:
    """The answer of one method, or what kept it from one."""
    card, began = method.card(), time.perf_counter()
    try:
        found = method.solve(problem, seed=seed, time_limit_s=time_limit_s)
        return row_of(found, card, name=name, asked=asked, spin_squared=wanted(problem))
    except MissingVendorError as error:
        said = f"not installed: {error.hint}"
    except (TooLargeError, MemoryError) as error:
        said = (
            "too large: "
            f"{error.message if isinstance(error, TooLargeError) else 'the memory did not suffice'}"
        )
    except QtwinError as error:
        said = f"{'refused' if isinstance(error, InputError) else 'failed'}: {error.message}"
    # whatever a package raises ends its own row, not those of the others
    except Exception as error:
        said = f"failed: {type(error).__name__} in the method"
    return MethodRow(
        **_introduced(card, name, asked), status=said, wall_s=time.perf_counter() - began
    )


def _introduced(card: SolverInfo, name: str, asked: bool) -> dict[str, Any]:
    scope = "molecule" if name in WHOLE else "active space"
    return {
        "name": name,
        "kind": card.kind,
        "scope": scope,
        "asked": asked,
        "summary": card.summary,
        "citation": card.citation,
    }


def row_of(
    found: Energy,
    card: SolverInfo,
    *,
    name: str,
    asked: bool = True,
    spin_squared: float | None = None,
) -> MethodRow:
    """An energy as a row; withheld when it is not converged and no bound, or that of another
    multiplicity.

    Args:
        found: By a method.
        card: Of that method.
        name: Of that method.
        asked: Whether somebody asked for it.
        spin_squared: That was asked for; None where nobody asked.
    """
    usable = math.isfinite(found.energy_hartree) and (found.converged or found.variational)
    status = (
        "converged" if found.converged else "stopped at its limit" if usable else "did not converge"
    )
    wrong = False
    if usable and found.spin_squared is not None and spin_squared is not None:
        wrong = abs(found.spin_squared - spin_squared) > TOLERANCE
        if wrong:
            usable, status = False, _spin_words(found.spin_squared, spin_squared)
    info = {k: v for k, v in found.info.items() if k != "theta"}
    return MethodRow(
        **_introduced(card, name, asked),
        status=status,
        right_spin=None if found.spin_squared is None else not wrong,
        spin_squared=found.spin_squared,
        energy_hartree=found.energy_hartree if usable else None,
        standard_error=found.standard_error_hartree,
        variational=found.variational,
        converged=found.converged,
        energies_hartree=plain(found.energies_hartree),
        evaluations=found.evaluations,
        shots=found.shots,
        wall_s=sum(found.wall_s.values()),
        wall_s_by_stage=dict(found.wall_s),
        info=plain(info if usable else info | {"last_energy_hartree": found.energy_hartree}),
        trace=plain([(p.time_s, p.evaluations, p.best_energy) for p in found.trace]),
    )


def _spin_words(found: float, asked: float) -> str:
    """What is wrong with the spin of a state."""

    def named(square: float) -> str:
        nearest = round(multiplicity(square))
        return _SPINS.get(nearest, f"multiplicity {nearest}")

    pure = abs(0.25 * (round(multiplicity(found)) ** 2 - 1) - found) <= TOLERANCE
    what = f"the state is a {named(found)}" if pure else "the state mixes several spins"
    return f"another spin: {what} (S² {found:.3g}), a {named(asked)} was asked for (S² {asked:.3g})"


def _with_errors(rows: Sequence[MethodRow]) -> tuple[MethodRow, ...]:
    """Rows with the distance to CASCI, and to FCI of the whole molecule where that was computed."""
    known = {row.name: row.energy_hartree for row in rows}
    exact, whole = known.get("casci"), known.get("fci")

    def off(row: MethodRow, reference: float | None, factor: float) -> float | None:
        return (
            None
            if reference is None or row.energy_hartree is None
            else (row.energy_hartree - reference) * factor
        )

    return tuple(
        row.model_copy(
            update={
                "error_mHa": off(row, exact, 1e3),
                "error_kcal_mol": off(row, exact, KCAL_PER_MOL_PER_HARTREE),
                "error_to_fci_mHa": off(row, whole, 1e3),
            }
        )
        for row in rows
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve:
    """Geometries along a scan: what x is, and a molecule for each."""

    words: str
    xs: tuple[float, ...]
    molecules: tuple[Molecule, ...]


def curve_of(molecule: Molecule, section: ScanSection) -> Curve:
    """The geometries of a scan, all of them checked.

    Raises:
        InputError: for a scan of neither or both kinds, atoms that are not there, or geometries in
            which atoms overlap.
    """
    if section.factors is not None:
        if section.bond is not None or section.distances_angstrom is not None or section.moves:
            raise InputError("[scan] has factors and a bond", hint="take one of the two")
        where = molecule.coordinates_angstrom - molecule.coordinates_angstrom.mean(axis=0)
        made = tuple(
            dataclasses.replace(molecule, coordinates_angstrom=where * f) for f in section.factors
        )
        return Curve(
            words="size over that of the given geometry", xs=section.factors, molecules=made
        )
    if section.bond is None or section.distances_angstrom is None:
        raise InputError(
            "[scan] has neither factors nor bond and distances_angstrom",
            hint="bond = [1, 2] and its lengths",
        )
    first, second = (k - 1 for k in section.bond)
    moves = tuple(k - 1 for k in section.moves) or (second,)
    if first == second or not all(0 <= k < molecule.n_atoms for k in (first, second, *moves)):
        raise InputError(
            f"[scan] expected atoms 1 to {molecule.n_atoms}, got bond {list(section.bond)} "
            f"and moves {list(section.moves)}",
            hint="two different atoms; moves holds the second one and what goes with it",
        )
    if second not in moves or first in moves:
        raise InputError(
            "[scan] moves must hold the second atom of the bond and not the first",
            hint="correct moves",
        )
    axis = molecule.coordinates_angstrom[second] - molecule.coordinates_angstrom[first]
    length = float(np.linalg.norm(axis))
    made = tuple(
        molecule.moved(moves, axis / length * (d - length)) for d in section.distances_angstrom
    )
    pair = f"{molecule.symbols[first]}{first + 1} to {molecule.symbols[second]}{second + 1}"
    return Curve(words=f"{pair} (Å)", xs=section.distances_angstrom, molecules=made)


def energies_along(curve: Curve, choice: Choice, plan: Plan, stages: Stages) -> CurvePart:
    """Every method at every geometry; one whose mean field does not converge has no energies and
    says so.
    """
    points: list[CurvePoint] = []
    warnings: list[str] = []
    with stages.progress.stage("Curve") as found:
        for k, (x, molecule) in enumerate(zip(curve.xs, curve.molecules, strict=True)):
            stages.progress.step(f"{k + 1} of {len(curve.xs)} geometries")
            key = f"scan{k:03d}"
            try:
                field = field_of(molecule, key, plan, stages)
            except ConvergenceError as error:
                warnings.append(f"at {x:g}: {error.message}")
                continue
            problem = pose(molecule, choice, field=field, memory_bytes=plan.memory_bytes)
            points.append(
                CurvePoint(x=x, stable=field.stable, methods=rows_of(problem, plan, stages, key))
            )
        found.append(f"{len(points)} of {len(curve.xs)} geometries")
    unstable = [p.x for p in points if p.stable is False]
    if unstable:
        warnings.append(
            "restricted Hartree-Fock is a saddle at "
            f"{', '.join(f'{x:g}' for x in unstable)}: a field below it exists and was"
            " not taken"
        )
    return CurvePart(x=curve.words, points=tuple(points), warnings=tuple(warnings))
