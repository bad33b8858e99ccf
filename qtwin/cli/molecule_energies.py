"""One geometry, all methods: each is a stage of its own, so that an interrupted run goes on with the next one."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.errors import InputError, MissingVendorError, unknown_name
from qtwin.problem.molecule.choose import Choice
from qtwin.problem.molecule.mean_field import ConvergenceError, MeanField, mean_field
from qtwin.problem.molecule.memory import require_fits
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.problem import MolecularProblem
from qtwin.solver.molecular import registry
from qtwin.solver.molecular.base import Energy
from qtwin.solver.molecular.classical.whole import NAMES as WHOLE
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


def require_sizes(problem: MolecularProblem, asked: Asked) -> None:
    """Refuse, before anything runs, an active space whose determinants do not fit.

    Raises:
        InputError: with determinants and bytes.
    """
    space = problem.space
    if any(name not in WHOLE for name in asked.names):
        require_fits(space.n_orbitals, space.n_alpha, space.n_beta, what="the active space", limit_bytes=problem.memory_bytes)
    if "fci" in asked.names:
        whole = problem.whole.space
        require_fits(whole.n_orbitals, whole.n_alpha, whole.n_beta, what="fci", limit_bytes=problem.memory_bytes)


def field_of(molecule: Molecule, key: str, checkpoint: Checkpoint, *, iterations: int, follow: bool) -> MeanField:
    """The converged mean field, from disk if it was found before."""

    def compute() -> dict[str, Any]:
        found = mean_field(molecule, iterations=iterations, follow=follow)
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


@dataclasses.dataclass(frozen=True)
class _TwoElectrons:
    """A bond in two orbitals, about that of H2 in a minimal basis."""

    core_hartree: float = 0.71
    h1_hartree: NDArray[np.float64] = dataclasses.field(default_factory=lambda: np.diag([-1.25, -0.48]))
    h2_hartree: NDArray[np.float64] = dataclasses.field(default_factory=lambda: _coulomb(0.67, 0.18))
    n_alpha: int = 1
    n_beta: int = 1


def _coulomb(direct: float, exchange: float) -> NDArray[np.float64]:
    """(2, 2, 2, 2) integrals (pq|rs) of one direct and one exchange value."""
    same = np.eye(2)
    found: NDArray[np.float64] = direct * np.einsum("pq,rs->pqrs", same, same)
    for p, q in ((0, 1), (1, 0)):
        found[p, q, p, q] = found[p, q, q, p] = exchange
    return found


@lru_cache(maxsize=1)
def _load_compiled_code() -> None:
    """Compile or load the determinant simulator before the clock of the first quantum method starts; on no other backend."""
    registry.load("vqe-uccsd", {"evaluations": 2}).solve(_TwoElectrons(), seed=0)


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
    }
    if card.kind == "quantum":
        _load_compiled_code()
    try:
        found = registry.load(name, asked.options.get(name, {})).solve(problem, seed=asked.seed, time_limit_s=asked.time_limit_s)
    except MissingVendorError as error:
        return row | {"status": f"not installed: {error.hint}"}
    except ConvergenceError as error:
        return row | {"status": f"failed: {error.message}"}
    return row | told(found)


def told(found: Energy) -> dict[str, Any]:
    """An energy as result.json tells it; the energy of a method without a guarantee that did not converge is withheld."""
    usable = math.isfinite(found.energy_hartree) and (found.converged or found.variational)
    info = {k: v for k, v in found.info.items() if k != "theta"}
    return {
        "status": "converged" if found.converged else "stopped at its limit" if usable else "did not converge",
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
