"""The file of a molecular study: energies, curves, interactions and contacts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from qtwin.errors import InputError
from qtwin.spec.reading import Section, read

Distances = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(strict=False, min_length=1)]


class MoleculeSection(Section):
    """A molecule, its active space, and who finds its energy; paths are relative to the spec file.

    `geometry` is an xyz file, a name of the library or a SMILES string; `orbitals` counts from 1.
    Options of a method stand in `[molecule.options."name"]`.
    """

    geometry: str = Field(min_length=1)
    charge: int | None = None
    multiplicity: int | None = None
    basis: str | None = None
    active_electrons: int | None = None
    active_orbitals: int | None = None
    active_space: str = "auto"
    orbitals: tuple[int, ...] = Field(default=(), strict=False)
    avas: tuple[str, ...] = Field(default=(), strict=False)
    avas_threshold: float = Field(default=0.2, gt=0, lt=1)
    occupation_cutoff: float = Field(default=0.02, gt=0, lt=1)
    frozen_core: bool = False
    methods: tuple[str, ...] = Field(
        default=("hf", "mp2", "ccsd(t)", "casci", "vqe-uccsd"), strict=False, min_length=1
    )
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    time_limit_s: float | None = Field(default=None, gt=0)
    scf_iterations: int = Field(default=100, ge=1)
    follow_instability: bool = False
    memory_gib: float | None = Field(default=None, gt=0)
    dielectric: float | None = Field(default=None, gt=1)


class ScanSection(Section):
    """A curve: one bond at several lengths, `moves` going with its second atom; or all coordinates
    times several factors.
    """

    bond: Annotated[tuple[int, int], Field(strict=False)] | None = None
    moves: tuple[int, ...] = Field(default=(), strict=False)
    distances_angstrom: Distances | None = None
    factors: Distances | None = None


class PartSection(Section):
    """One part of a complex; atoms count from 1, sizes are what it gives to the active space."""

    atoms: tuple[int, ...] = Field(strict=False, min_length=1)
    charge: int = 0
    multiplicity: int = Field(default=1, ge=1)
    active_electrons: int | None = Field(default=None, ge=0)
    active_orbitals: int | None = Field(default=None, ge=0)


class InteractionSection(Section):
    """Interaction energies with counterpoise correction; the parts of a contact from the library
    are known.
    """

    first: PartSection | None = None
    second: PartSection | None = None
    contact: Annotated[tuple[int, int], Field(strict=False)] | None = None
    distances_angstrom: tuple[Annotated[float, Field(gt=0)], ...] = Field(default=(), strict=False)
    dielectric: Distances = (4.0,)


class ContactSection(Section):
    """The contact that stands for a drug at its receptor; variants are compared with the wild
    type.
    """

    drug: str
    receptor: str
    twin: str | None = None
    basis: str | None = None
    methods: tuple[str, ...] = Field(
        default=("hf", "mp2", "ccsd(t)", "casci", "vqe-uccsd"), strict=False, min_length=1
    )
    dielectric: Distances = (4.0,)
    variants: tuple[str, ...] = Field(default=(), strict=False)


class MoleculeSpec(Section):
    """A question of energy: a molecule, or the contact of a drug with its receptor."""

    title: str = ""
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(default=0, ge=0)
    molecule: MoleculeSection | None = None
    scan: ScanSection | None = None
    interaction: InteractionSection | None = None
    contact: ContactSection | None = None


def read_spec(path: Path) -> MoleculeSpec:
    """Read and check the file of a molecule.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value, or not
            exactly one question.
    """
    spec = read(path, MoleculeSpec, command="qtwin molecule")
    if (spec.molecule is None) == (spec.contact is None):
        raise InputError(
            f"{path.name} holds {'both' if spec.molecule else 'neither'} [molecule] and "
            "[contact], one of them was wanted",
            hint='[molecule] with geometry = "file.xyz", a library name or SMILES; or [contact] '
            "with drug and receptor",
        )
    if spec.contact is not None and (spec.scan or spec.interaction):
        raise InputError(
            "[contact] came with [scan] or [interaction]",
            hint="a contact brings its own scan; take these out",
        )
    return spec
