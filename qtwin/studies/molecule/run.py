"""A molecular study: energies by every method asked for, the classical competitors beside them, and
who won.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.benchmark.environment import versions
from qtwin.benchmark.fault_tolerance.molecular import required
from qtwin.chemistry.active_space import cut_shells
from qtwin.chemistry.fragments import Fragments
from qtwin.chemistry.geometry import Entry, resolve
from qtwin.chemistry.mean_field import MeanField, solvation
from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.problem import Choice, MolecularProblem, pose, scheme_of
from qtwin.errors import InputError, TooLargeError, require_vendor
from qtwin.progress import SILENT, Progress
from qtwin.report.molecule_tables import energy
from qtwin.report.molecule_verdict import along, diagnostics, judge
from qtwin.report.origin import command_line
from qtwin.report.sheet import DISCLAIMER
from qtwin.spec import identity
from qtwin.studies.molecule.energies import Curve, Plan, curve_of, energies_along, field_of, rows_of
from qtwin.studies.molecule.interaction import described, fragments_of, interaction
from qtwin.studies.molecule.result import (
    DRAWN_BASIS_FUNCTIONS,
    DRAWN_ORBITALS,
    ActiveSpacePart,
    ContactResult,
    CurvePart,
    DiagnosticsPart,
    FaultTolerancePart,
    InteractionPart,
    MachinePart,
    MeanFieldPart,
    MethodRow,
    MoleculeResult,
    SolvationPart,
)
from qtwin.studies.molecule.spec import MoleculeSection, MoleculeSpec, read_spec
from qtwin.studies.result import plain
from qtwin.studies.stages import Stages

_ROWS = "typed rows"
"""Finished rows of an earlier form are not taken up."""
_FACTORISED_ORBITALS = 40
METHODS = ("hf", "mp2", "ccsd(t)", "casci", "vqe-uccsd")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Question:
    """What is asked about one molecule."""

    molecule: Molecule
    choice: Choice
    plan: Plan
    title: str
    informs: str = ""
    dielectric: float | None = None
    curve: Curve | None = None
    curve_choice: Choice | None = None
    fragments: Fragments | None = None
    parts_choice: Choice | None = None
    parts_dielectric: tuple[float, ...] = ()
    geometry_is_own: bool = True


def run(
    spec: str | Path,
    out: str | Path | None = None,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> MoleculeResult | ContactResult:
    """Run the file of a molecule, or of a drug's contact; write `result.json`, `report.html` and
    figures.

    Finished methods are kept in `out`, and the same call goes on after an interruption, unless
    `overwrite`.

    Args:
        spec: Molecule file (TOML).
        out: Output folder; by default out/<name of the spec>.
        overwrite: Forget finished stages and start over.
        progress: Who hears of the stages.

    Raises:
        InputError: for a spec, geometry, charge, basis or active space that cannot be.
        ConvergenceError: for a mean field that does not converge.

    Example:
        >>> import qtwin as qt
        >>> spec = qt.examples.spec('nitrogen')  # qt.run_molecule(spec, 'out/nitrogen') runs it
        >>> spec.name
        'nitrogen.toml'
    """
    require_vendor("pyscf", package="pyscf", needed_by="qtwin molecule")
    path = Path(spec)
    asked, folder = read_spec(path), Path("out") / path.stem if out is None else Path(out)
    if asked.contact is not None:
        from qtwin.studies.molecule.contact import run_spec

        return run_spec(asked, folder, base=path.parent, overwrite=overwrite, progress=progress)
    assert asked.molecule is not None
    started = time.perf_counter()
    question = _question(asked, asked.molecule, path.parent)
    molecule = question.molecule
    where = molecule.coordinates_angstrom.tobytes().hex()
    what = f"{_ROWS} {molecule.symbols} {where} {question.choice!r} {question.fragments!r}"
    run_id = identity(asked, *(f"{k}={v}" for k, v in versions().items()), what)
    stages = Stages(checkpoint=Checkpoint.open(folder, run_id, fresh=overwrite), progress=progress)
    progress.note(f"{question.title} ({molecule.formula}, {molecule.basis})", style="bold")
    result = _answered(
        question, stages, started=started, spec=asked.model_dump(mode="json"), spec_hash=run_id
    )
    with progress.stage("Report"):
        result.to_html(folder)
        result.write(folder / "result.json")
    return result


def energies(
    molecule: Molecule | str,
    methods: str | Sequence[str] = METHODS,
    *,
    basis: str | None = None,
    active_space: tuple[int, int] | Choice | None = None,
    avas: Sequence[str] = (),
    frozen_core: bool = False,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
    time_limit_s: float | None = None,
    memory_gib: float | None = None,
    progress: Progress = SILENT,
) -> MoleculeResult:
    """Energies of a molecule by several methods; the classical competitors of a quantum method are
    added.

        energies("N2", ("hf", "ccsd(t)", "casci", "vqe-uccsd"), active_space=(6, 6)).to_pandas()

    Args:
        molecule: Or a name of the library, an xyz file ("water.xyz") or a SMILES string.
        methods: Names such as "hf", "ccsd(t)", "casci", "vqe-uccsd"; see `qtwin solvers`.
        basis: A name in PySCF's table; by default that of the molecule.
        active_space: (electrons, orbitals) around the frontier, or of AVAS where `avas` is given;
            by default all of them.
        avas: Atomic orbitals that span the active space, such as ("N 2p",).
        frozen_core: Whether chemical cores are left out of everything correlated.
        options: Of a method by its name, such as {"casci": {"n_states": 2}}.
        seed: Of everything random.
        time_limit_s: Of each method and of the mean field.
        memory_gib: What a method may use; by default what is free.
        progress: Who hears of the stages.

    Raises:
        InputError: for a molecule, method, option, basis or active space that cannot be.
        ConvergenceError: for a mean field that does not converge.

    Example:
        >>> import qtwin as qt
        >>> result = qt.energies('H2', ('hf', 'fci'))
        >>> result['fci'].energy_hartree < result['hf'].energy_hartree
        True
    """
    require_vendor("pyscf", package="pyscf", needed_by="energies of molecules")
    started = time.perf_counter()
    if isinstance(molecule, str):
        known, entry = resolve(molecule, folder=Path(), basis=basis)
    else:
        known, entry = (
            molecule if basis is None else dataclasses.replace(molecule, basis=basis),
            None,
        )
    question = _Question(
        molecule=known,
        choice=_choice_of(active_space, tuple(avas), frozen_core),
        plan=Plan.of(
            (methods,) if isinstance(methods, str) else tuple(methods),
            options or {},
            seed=seed,
            time_limit_s=time_limit_s,
            memory_gib=memory_gib,
        ),
        title=entry.title if entry else known.name or known.formula,
        informs=entry.informs if entry else "",
        geometry_is_own=entry is None,
    )
    scheme_of(question.choice)
    return _answered(question, Stages(progress=progress), started=started, spec=None, spec_hash="")


def _choice_of(
    active_space: tuple[int, int] | Choice | None, avas: tuple[str, ...], frozen_core: bool
) -> Choice:
    if isinstance(active_space, Choice):
        if avas or frozen_core:
            raise InputError(
                "expected a Choice alone, got avas or frozen_core beside it",
                hint="put them into the Choice",
            )
        return active_space
    if active_space is None:
        return Choice(labels=avas, frozen_core=frozen_core)
    if len(active_space) != 2 or not all(isinstance(k, int) for k in active_space):
        raise InputError(
            f"expected (electrons, orbitals), got {active_space!r}",
            hint="such as active_space=(4, 4)",
        )
    electrons, orbitals = active_space
    return Choice(electrons=electrons, orbitals=orbitals, labels=avas, frozen_core=frozen_core)


def _section_choice(section: MoleculeSection) -> Choice:
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


def _library_choice(choice: Choice, entry: Entry | None) -> Choice:
    """A contact of the library brings its own active space, where the spec says nothing of it."""
    if entry is None or entry.fragments is None or choice != Choice(frozen_core=choice.frozen_core):
        return choice
    parts = entry.fragments.parts
    sizes = [
        sum(x or 0 for x in each)
        for each in ((p.electrons for p in parts), (p.orbitals for p in parts))
    ]
    return dataclasses.replace(
        choice, scheme="avas", labels=entry.labels, electrons=sizes[0], orbitals=sizes[1]
    )


def _question(spec: MoleculeSpec, section: MoleculeSection, base: Path) -> _Question:
    """A spec, checked against its geometry before anything is computed."""
    molecule, entry = resolve(
        section.geometry,
        folder=base,
        charge=section.charge,
        multiplicity=section.multiplicity,
        basis=section.basis,
    )
    given = _section_choice(section)
    choice = _library_choice(given, entry)
    scheme_of(choice)
    plan = Plan.of(
        section.methods,
        section.options,
        seed=spec.seed,
        time_limit_s=section.time_limit_s,
        iterations=section.scf_iterations,
        follow=section.follow_instability,
        memory_gib=section.memory_gib,
    )
    labels = section.avas or (entry.labels if entry else ())
    return _Question(
        molecule=molecule,
        choice=choice,
        plan=plan,
        title=spec.title or (entry.title if entry else molecule.name),
        informs=entry.informs if entry else "",
        dielectric=section.dielectric,
        fragments=None
        if spec.interaction is None
        else fragments_of(molecule, spec.interaction, entry),
        parts_choice=dataclasses.replace(given, labels=labels, scheme="auto"),
        parts_dielectric=() if spec.interaction is None else spec.interaction.dielectric,
        curve=None if spec.scan is None else curve_of(molecule, spec.scan),
        curve_choice=given,
        geometry_is_own=entry is None,
    )


def _answered(
    question: _Question,
    stages: Stages,
    *,
    started: float,
    spec: dict[str, Any] | None,
    spec_hash: str,
) -> MoleculeResult:
    """Everything that a question asks for, computed and judged."""
    molecule, plan, progress = question.molecule, question.plan, stages.progress
    with progress.stage("Mean field") as found:
        field = field_of(molecule, "molecule", plan, stages)
        problem = pose(
            molecule,
            question.choice,
            field=field,
            memory_bytes=plan.memory_bytes,
            informs=question.informs,
        )
        found.append(
            f"{energy(field.energy_hartree)} hartree, {field.n_electrons} electrons in "
            f"{field.n_orbitals} orbitals"
        )
    with progress.stage("Methods") as found:
        rows = rows_of(problem, plan, stages, "molecule")
        found.append(f"{len(rows)} methods, {problem.n_determinants:,} determinants")
    dumped = [r.to_json() for r in rows]
    needed = _fault_tolerance(problem, rows)
    solvated = _solvated(question, stages)
    curve: CurvePart | None = None
    if question.curve is not None:
        curve = energies_along(
            question.curve, question.curve_choice or question.choice, plan, stages
        )
    parts: InteractionPart | None = None
    if question.fragments is not None:
        parts = interaction(
            molecule,
            question.fragments,
            question.parts_choice or question.choice,
            plan,
            stages,
            key="contact",
            dielectric=question.parts_dielectric,
        )
    verdict = judge(dumped, whole_is_active=problem.is_whole)
    told_of_curve = "" if curve is None else along([p.to_json() for p in curve.points])
    return MoleculeResult(
        **surroundings(),
        title=question.title,
        spec=spec,
        spec_hash=spec_hash,
        seed=plan.seed,
        molecule=described(
            molecule, question.fragments, title=question.title, informs=question.informs
        ),
        active_space=_space_part(problem),
        mean_field=MeanFieldPart(
            energy_hartree=field.energy_hartree, history=field.history, stable=field.stable
        ),
        methods=rows,
        diagnostics=DiagnosticsPart.model_validate(diagnostics(dumped)),
        fault_tolerance=needed,
        solvation=solvated,
        scan=curve,
        interaction=parts,
        verdict=verdict.sentence,
        verdict_points=(*verdict.points, *filter(None, [told_of_curve])),
        winner=verdict.winner,
        warnings=tuple(
            _warnings(
                question, problem, rows, [p.warnings for p in (curve, parts) if p is not None]
            )
        ),
        wall_s=time.perf_counter() - started,
    )


def surroundings() -> dict[str, Any]:
    """Fields of a result that say when, where and with what it was computed."""
    return {
        "versions": versions(),
        "command": command_line(),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "machine": MachinePart(
            cpu_count=os.cpu_count(), platform=platform.platform(), python=platform.python_version()
        ),
        "disclaimer": DISCLAIMER,
    }


def _space_part(problem: MolecularProblem) -> ActiveSpacePart:
    space, n_basis = problem.space, len(problem.mean_field.orbitals)
    drawn = (
        space.n_orbitals <= DRAWN_ORBITALS
        and problem.mean_field.n_orbitals <= DRAWN_BASIS_FUNCTIONS
    )
    return ActiveSpacePart(
        words=space.words,
        n_electrons=space.n_electrons,
        n_alpha=space.n_alpha,
        n_beta=space.n_beta,
        n_orbitals=space.n_orbitals,
        spin_orbitals=2 * space.n_orbitals,
        determinants=problem.n_determinants,
        is_whole_molecule=problem.is_whole,
        frozen_orbitals=space.core.shape[1],
        kept=space.kept,
        basis_functions=n_basis,
        integrals_s=problem.integrals_s,
        coefficients=tuple(tuple(map(float, row)) for row in space.orbitals) if drawn else None,
    )


def _fault_tolerance(
    problem: MolecularProblem, rows: Sequence[MethodRow]
) -> FaultTolerancePart | None:
    """Of the active space, if any method treated it and its integrals can be factorised while one
    waits.
    """
    if problem.space.n_orbitals > _FACTORISED_ORBITALS or all(r.scope == "molecule" for r in rows):
        return None
    try:
        return FaultTolerancePart.model_validate(
            plain(required(problem.h1_hartree, problem.h2_hartree))
        )
    except TooLargeError:
        return None


def _solvated(question: _Question, stages: Stages) -> SolvationPart | None:
    if question.dielectric is None:
        return None
    epsilon = question.dielectric

    def compute() -> dict[str, float]:
        found = solvation(question.molecule, epsilon, iterations=question.plan.iterations)
        return {
            "dielectric": epsilon,
            "energy_hartree": found.energy_hartree,
            "wall_s": found.wall_s,
        }

    with stages.progress.stage("Continuum"):
        kept, _ = stages.kept("continuum", compute)
    return SolvationPart.model_validate(kept)


def is_small(basis: str) -> bool:
    """Whether a basis lacks polarisation functions: good to compare methods, not to predict."""
    return basis.lower().replace("-", "") in {"sto3g", "sto6g", "minao", "321g", "631g"}


def _warnings(
    question: _Question,
    problem: MolecularProblem,
    rows: Sequence[MethodRow],
    of_parts: Sequence[Sequence[str]],
) -> list[str]:
    molecule = question.molecule
    said = _field_warnings(problem.mean_field)
    if "force field" in molecule.provenance and question.geometry_is_own:
        said.append(
            "The geometry is a force field's: relax it with quantum chemistry before a "
            "difference of energies means much"
        )
    if is_small(molecule.basis):
        said.append(
            f"{molecule.basis} is a small basis: energies compare methods with each other, "
            "not with experiment"
        )
    for lines in of_parts:
        said += lines
    absent = [r.name for r in rows if r.status.startswith("not installed")]
    if absent:
        said.append(f"Not installed, so not run: {', '.join(absent)}")
    failed = [
        f"{r.name} ({r.status})" for r in rows if r.energy_hartree is None and r.name not in absent
    ]
    if failed:
        said.append(f"No energy is reported of {', '.join(failed)}")
    said.append(
        "Times of quantum methods are those of a simulator without noise, unless their row "
        "says otherwise"
    )
    cut = cut_shells(problem.mean_field, problem.space)
    if cut:
        listed = ", ".join(f"{inside} but not {outside}" for inside, outside in cut)
        said.append(
            f"The active space cuts a degenerate shell (orbital {listed}): which one is in "
            "is an accident, and the energies need"
            " not have the symmetry of the molecule; take the whole shell in or leave it out"
        )
    return said


def _field_warnings(field: MeanField) -> list[str]:
    if field.stable is False:
        last = field.history[-1]
        return [
            f"Restricted Hartree-Fock is a saddle here ({last})"
            + ("" if "was taken" in last else "; it was kept")
        ]
    if len(field.history) > 1:
        return [f"The mean field needed more than one attempt: {'; '.join(field.history)}"]
    return []
