"""One geometry, all methods: each is a stage of its own, so that an interrupted run goes on with the next one."""

from __future__ import annotations

import dataclasses
import math
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.cli.molecule_limit import OutOfTime, ended_after
from qtwin.errors import InputError, MissingVendorError, QtwinError, TooLargeError, unknown_name
from qtwin.problem.molecule.mean_field import MeanField, mean_field
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.problem import Choice, MolecularProblem
from qtwin.solver.molecular import registry
from qtwin.solver.molecular.base import Energy
from qtwin.solver.molecular.classical.whole import NAMES as WHOLE
from qtwin.solver.molecular.compiled import load_compiled_code
from qtwin.solver.molecular.spin import TOLERANCE, multiplicity, wanted
from qtwin.spec import MoleculeSection
from qtwin.units import KCAL_PER_MOL_PER_HARTREE

_ADDED_ORBITALS = 80
"""Coupled cluster of the whole molecule is added up to this size; beyond, it has to be asked for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Asked:
    """Which methods run, with which options; `added` are the competitors that were not asked for."""

    names: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]]
    added: tuple[str, ...]
    seed: int
    time_limit_s: float | None


def choice_of(section: MoleculeSection) -> Choice:
    """What the spec says of the active space."""
    return Choice(
        scheme=section.active_space,
        electrons=section.active_electrons,
        orbitals=section.active_orbitals,
        numbers=section.orbitals,
        labels=section.avas,
        threshold=section.avas_threshold,
        cutoff=section.occupation_cutoff,
        frozen_core=section.frozen_core,
    )


def asked_of(
    methods: Sequence[str], options: Mapping[str, Mapping[str, Any]], *, seed: int, time_limit_s: float | None = None
) -> Asked:
    """The methods of a spec, checked, with the classical competitors that every quantum method meets.

    Raises:
        InputError: for an unknown method or option, one named twice, or options of a method that is not asked for.
    """
    for name in methods:
        if name not in registry.names():
            raise unknown_name("method in methods:", name, registry.names())
        if methods.count(name) > 1:
            raise InputError(f"method {name!r} came twice", hint="name each once")
    for name in options:
        if name not in methods:
            raise unknown_name("method with options that is not among the methods:", name, methods)
    quantum = any(registry.find(name).card().kind == "quantum" for name in methods)
    wanted = ("hf", "active-ccsd(t)", "ccsd(t)", "casci") if quantum else ("hf",)
    added = tuple(name for name in wanted if name not in methods)
    for name in methods:
        try:
            registry.load(name, options.get(name, {}))
        except MissingVendorError:
            continue  # said in its row
    return Asked(names=(*methods, *added), options=options, added=added, seed=seed, time_limit_s=time_limit_s)


def field_of(
    molecule: Molecule, key: str, checkpoint: Checkpoint, *, iterations: int, follow: bool, limit_s: float | None = None
) -> MeanField:
    """The converged mean field, from disk if it was found before.

    Raises:
        ConvergenceError: when it does not converge.
        QtwinError: when it takes longer than the limit.
    """

    def compute() -> dict[str, Any]:
        try:
            with ended_after(limit_s):
                found = mean_field(molecule, iterations=iterations, follow=follow, limit_s=limit_s)
        except OutOfTime:
            raise QtwinError(
                f"the mean field took longer than {limit_s:g} s, and no method can begin without it",
                hint="raise time_limit_s, or take a smaller basis",
            ) from None
        return {f.name: getattr(found, f.name) for f in dataclasses.fields(found)}

    kept, _ = checkpoint.stage(f"{key}-mean-field", compute)
    return MeanField(**{**kept, "history": tuple(kept["history"])})


def rows_of(problem: MolecularProblem, asked: Asked, checkpoint: Checkpoint, key: str) -> list[dict[str, Any]]:
    """A row a method, in the order they were asked for."""
    rows = []
    for name in asked.names:
        if name in asked.added and _too_dear(name, problem):
            continue
        slug = re.sub(r"[^a-z0-9-]", ".", name)
        row, _ = checkpoint.stage(f"{key}-{slug}", lambda name=name: _row(problem, name, asked))  # type: ignore[misc]
        rows.append(row)
    return with_errors(rows)


def _too_dear(name: str, problem: MolecularProblem) -> bool:
    return name == "ccsd(t)" and problem.mean_field.n_orbitals > _ADDED_ORBITALS


def _row(problem: MolecularProblem, name: str, asked: Asked) -> dict[str, Any]:
    card = registry.find(name).card()
    row: dict[str, Any] = {
        "name": name,
        "kind": card.kind,
        "scope": "molecule" if name in WHOLE else "active space",
        "asked": name not in asked.added,
        "summary": card.summary,
        "citation": card.citation,
        "energy_hartree": None,
        "standard_error": None,
        "wall_s": None,
        "info": {},
        "trace": [],
        "spin_squared": None,
        "right_spin": None,
    }
    if card.kind == "quantum":
        load_compiled_code()
    began = time.perf_counter()
    try:
        with ended_after(asked.time_limit_s):
            method = registry.load(name, asked.options.get(name, {}))
            return row | told(method.solve(problem, seed=asked.seed, time_limit_s=asked.time_limit_s), wanted(problem))
    except MissingVendorError as error:
        said = f"not installed: {error.hint}"
    except OutOfTime:
        said = f"no energy within {asked.time_limit_s:g} s"
    except (TooLargeError, MemoryError) as error:
        said = f"too large: {error.message if isinstance(error, TooLargeError) else 'the memory did not suffice'}"
    except QtwinError as error:
        said = f"{'refused' if isinstance(error, InputError) else 'failed'}: {error.message}"
    except Exception as error:  # whatever a package raises ends its own row, not those of the others
        said = f"failed: {type(error).__name__} in the method"
    return row | {"status": said, "wall_s": time.perf_counter() - began}


def told(found: Energy, spin_squared: float | None = None) -> dict[str, Any]:
    """An energy as result.json tells it; withheld when it is not converged and no bound, or that of another multiplicity.

    Args:
        found: By a method.
        spin_squared: That was asked for; None where nobody asked.
    """
    usable = math.isfinite(found.energy_hartree) and (found.converged or found.variational)
    status = "converged" if found.converged else "stopped at its limit" if usable else "did not converge"
    wrong = False
    if usable and found.spin_squared is not None and spin_squared is not None:
        wrong = abs(found.spin_squared - spin_squared) > TOLERANCE
        if wrong:
            usable, status = False, spin_words(found.spin_squared, spin_squared)
    info = {k: v for k, v in found.info.items() if k != "theta"}
    return {
        "status": status,
        "right_spin": None if found.spin_squared is None else not wrong,
        "spin_squared": found.spin_squared,
        "energy_hartree": found.energy_hartree if usable else None,
        "standard_error": found.standard_error_hartree,
        "variational": found.variational,
        "converged": found.converged,
        "energies_hartree": list(found.energies_hartree),
        "evaluations": found.evaluations,
        "shots": found.shots,
        "wall_s": sum(found.wall_s.values()),
        "wall_s_by_stage": dict(found.wall_s),
        "info": info if usable else info | {"last_energy_hartree": found.energy_hartree},
        "trace": [[p.time_s, p.evaluations, p.best_energy] for p in found.trace],
    }


def spin_words(found: float, asked: float) -> str:
    """What is wrong with the spin of a state."""
    names = {1: "singlet", 2: "doublet", 3: "triplet", 4: "quartet", 5: "quintet", 6: "sextet", 7: "septet"}

    def named(square: float) -> str:
        return names.get(round(multiplicity(square)), f"multiplicity {round(multiplicity(square))}")

    nearest = round(multiplicity(found))
    pure = abs(0.25 * (nearest**2 - 1) - found) <= TOLERANCE
    what = f"the state is a {named(found)}" if pure else "the state mixes several spins"
    return f"another spin: {what} (S² {found:.3g}), a {named(asked)} was asked for (S² {asked:.3g})"


def with_errors(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows with the distance to CASCI, and for methods of the whole molecule to FCI where that was computed."""
    known = {row["name"]: row["energy_hartree"] for row in rows}
    exact, whole = known.get("casci"), known.get("fci")

    def off(row: Mapping[str, Any], reference: float | None, factor: float) -> float | None:
        energy = row["energy_hartree"]
        return None if reference is None or energy is None else (energy - reference) * factor

    return [
        dict(row)
        | {
            "error_mHa": off(row, exact, 1e3),
            "error_kcal_mol": off(row, exact, KCAL_PER_MOL_PER_HARTREE),
            "error_to_fci_mHa": off(row, whole, 1e3),
        }
        for row in rows
    ]
