"""The contact that stands for a drug at its receptor, wild type and variants: interaction energies
and their difference.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from qtwin.benchmark.checkpoint import Checkpoint
from qtwin.benchmark.environment import versions
from qtwin.chemistry.fragments import Alternative, Contact, Fragments, contact_of
from qtwin.chemistry.geometry import resolve
from qtwin.chemistry.molecule import Molecule
from qtwin.chemistry.problem import Choice
from qtwin.errors import InputError, require_vendor, unknown_name
from qtwin.patient.record import write_down
from qtwin.pharmacology.drug import Dose
from qtwin.progress import SILENT, Progress
from qtwin.report.molecule_contact_sheet import differences, judge_contact
from qtwin.spec import identity
from qtwin.studies.molecule.energies import Plan
from qtwin.studies.molecule.interaction import described, interaction
from qtwin.studies.molecule.result import (
    ContactMethodRow,
    ContactPart,
    ContactPatient,
    ContactResult,
    ContactSystem,
    DifferencePart,
    Occupancy,
)
from qtwin.studies.molecule.run import is_small, surroundings
from qtwin.studies.molecule.spec import ContactSection, MoleculeSpec
from qtwin.studies.stages import Stages
from qtwin.twin.forecast import outcome_of
from qtwin.twin.twin import Twin

BASIS = "6-31g*"
_CHEAP = ("hf", "mp2", "vqe-uccsd")
"""Methods that go along the whole distance; the others are asked at the contact alone, which is
what the verdict rests on.
"""
_OCCUPANCY_YEARS = 1.5


def run(
    drug: str,
    receptor: str,
    *,
    twin: str | Path | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> ContactResult:
    """Interaction energies of the contact of a drug with its receptor, wild type and variants.

    Args:
        drug: INN.
        receptor: Its gene, such as "ADRB1".
        twin: A stored twin (JSON) whose drug and receptor are asked about.
        out: Output folder; by default out/<drug>-<receptor>.
        overwrite: Forget finished stages and start over.
        progress: Who hears of the stages.

    Raises:
        InputError: for a drug that does not bind there, or a spoilt twin.
        ConvergenceError: for a mean field that does not converge.

    Example:
        >>> import qtwin as qt
        >>> try:
        ...     qt.run_contact('donepezil', 'nothing')
        ... except qt.InputError as error:
        ...     print(type(error).__name__)
        InputError
    """
    section = ContactSection(drug=drug, receptor=receptor, twin=None if twin is None else str(twin))
    folder = Path("out") / f"{drug}-{receptor}" if out is None else Path(out)
    return run_spec(
        MoleculeSpec(contact=section),
        folder,
        base=Path.cwd(),
        overwrite=overwrite,
        progress=progress,
    )


def run_spec(
    spec: MoleculeSpec,
    out: Path,
    *,
    base: Path,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> ContactResult:
    """As `run`, for a spec whose relative paths start at `base`."""
    require_vendor("pyscf", package="pyscf", needed_by="qtwin molecule")
    started = time.perf_counter()
    section = spec.contact
    assert section is not None
    contact = contact_of(section.drug, section.receptor)
    chosen = _alternatives(contact, section.variants)
    patient = None if section.twin is None else _patient(base / section.twin, contact)
    plan = Plan.of(section.methods, {}, seed=spec.seed)
    asked = [(a, *_system(a, section)) for a in (contact.wild_type, *chosen)]
    geometries = "".join(
        f"{m.coordinates_angstrom.tobytes().hex()} {f!r} {labels}" for _, m, f, labels in asked
    )
    run_id = identity(spec, *(f"{k}={v}" for k, v in versions().items()), geometries)
    stages = Stages(checkpoint=Checkpoint.open(out, run_id, fresh=overwrite), progress=progress)
    title = spec.title or f"{contact.drug} at {contact.target} {contact.site}"
    progress.note(title, style="bold")
    systems = tuple(_computed(a, m, f, labels, plan, stages, section) for a, m, f, labels in asked)
    dumped = [s.to_json() for s in systems]
    changes = differences(dumped)
    verdict = judge_contact(
        contact, dumped, changes, None if patient is None else patient.to_json()
    )
    result = ContactResult(
        **surroundings(),
        title=title,
        spec=spec.model_dump(mode="json"),
        spec_hash=run_id,
        seed=spec.seed,
        contact=ContactPart(
            drug=contact.drug,
            receptor=contact.target,
            site=contact.site,
            kind=contact.title,
            source=contact.source,
            amine=contact.amine,
            pka=contact.pka,
            charged_share=contact.charged_share,
            decision=contact.decision,
            left_out=contact.left_out,
        ),
        patient=patient,
        systems=systems,
        methods=_with_energies(systems[0]),
        differences=tuple(DifferencePart.model_validate(c) for c in changes),
        verdict=verdict.sentence,
        verdict_points=verdict.points,
        winner=verdict.winner,
        warnings=tuple(_warnings(contact, systems)),
        wall_s=time.perf_counter() - started,
    )
    with progress.stage("Report"):
        result.to_html(out)
        result.write(out / "result.json")
    return result


def _alternatives(contact: Contact, names: Sequence[str]) -> tuple[Alternative, ...]:
    known = {a.residue: a for a in contact.alternatives}
    for name in names:
        if name not in known:
            raise unknown_name(f"variant of {contact.target} {contact.site}", name, known)
    return tuple(known[n] for n in names) if names else contact.alternatives


def _system(
    alternative: Alternative, section: ContactSection
) -> tuple[Molecule, Fragments, tuple[str, ...]]:
    molecule, entry = resolve(alternative.molecule, folder=Path(), basis=section.basis or BASIS)
    assert entry is not None
    if entry.fragments is None:
        raise InputError(
            f"{alternative.molecule} has no parts", hint="correct qtwin/data/contacts.toml"
        )
    return molecule, entry.fragments, entry.labels


def _computed(
    alternative: Alternative,
    molecule: Molecule,
    fragments: Fragments,
    labels: tuple[str, ...],
    plan: Plan,
    stages: Stages,
    section: ContactSection,
) -> ContactSystem:
    found = interaction(
        molecule,
        fragments,
        Choice(labels=labels, frozen_core=True),
        plan,
        stages,
        key=f"contact-{alternative.molecule}",
        dielectric=section.dielectric,
        along=replace(plan, names=tuple(n for n in plan.names if n in _CHEAP)),
    )
    return ContactSystem(
        residue=alternative.residue,
        note=alternative.note,
        molecule=described(molecule, fragments, title=alternative.molecule),
        interaction=found,
    )


def _patient(path: Path, contact: Contact) -> ContactPatient:
    """What the twin says: whether the drug is taken, which genes are known, how much of the
    receptor the drug holds.
    """
    twin = Twin.load(path)
    person = twin.patient
    write_down("molecular contact", person, detail=f"{contact.drug} at {contact.target}")
    doses = [d for d in twin.doses if d.drug.inn == contact.drug]
    genes = sorted(person.genotypes)
    return ContactPatient(
        patient_id=person.patient_id,
        synthetic=person.provenance.synthetic,
        takes_drug=bool(doses),
        dose=doses[0].label if doses else "",
        genes_known=tuple(genes),
        receptor_genotype_known=contact.target in genes,
        receptor_occupancy=_occupancy(twin, doses, contact.target),
    )


def _occupancy(twin: Twin, doses: Sequence[Dose], receptor: str) -> Occupancy | None:
    """The share of a receptor that the doses hold in the members of a twin; None where they do not
    touch it.
    """
    held = (
        outcome_of(twin, doses, years=_OCCUPANCY_YEARS).receptor_occupancy.get(receptor)
        if doses
        else None
    )
    return (
        None
        if held is None
        else Occupancy(mean=held.mean, median=held.median, low=held.low, high=held.high)
    )


def _with_energies(system: ContactSystem) -> tuple[ContactMethodRow, ...]:
    """The methods of the wild-type contact with the energies of the complex."""
    energies = system.interaction.energies["complex"]
    return tuple(
        ContactMethodRow(
            **r.to_json(),
            energy_hartree=energies.get(r.name),
            standard_error=r.standard_error_hartree,
        )
        for r in system.interaction.methods
    )


def _warnings(contact: Contact, systems: Sequence[ContactSystem]) -> list[str]:
    said = [
        "The energies are of small rigid models in vacuum or in a continuum;"
        " no affinity and no free energy is computed from them",
        "No variant of this residue was read from the patient's record: the variants are "
        "hypothetical",
    ]
    basis = systems[0].molecule.basis
    if is_small(basis):
        said.append(f"{basis} is a small basis: take 6-31g* or larger before a number means much")
    if contact.charged_share < 0.9:
        said.append(
            f"At pH 7.4 only {100 * contact.charged_share:.0f} % of {contact.drug} is "
            f"charged (pKa {contact.pka:g});"
            " the contact is that of the charged form"
        )
    for system in systems:
        said += [f"{system.residue}: {line}" for line in system.interaction.warnings]
    return said
