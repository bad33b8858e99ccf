"""The result of a molecular study, typed.

Energies are in hartree, differences in mHa or kcal/mol, lengths in angstrom.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from qtwin.errors import QtwinError
from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.report.sheet import Sheet

Number = float | None
"""None where it could not be computed."""
Scope = Literal["molecule", "active space"]
Kind = Literal["classical", "quantum", "null"]
Point = tuple[float, float, float]
DRAWN_ORBITALS = 12
"""Larger active spaces are not drawn, nor are their orbitals kept."""
DRAWN_BASIS_FUNCTIONS = 400
TRUSTED = ("fci", "ccsd(t)", "ccsd", "mp2", "hf")
"""Methods of the whole molecule, the most trusted one first."""
_REFERENCES: Mapping[str, tuple[str, ...]] = {
    "active space": ("casci", "dmrg", "selected-ci", "active-ccsd(t)", "active-ccsd"),
    "molecule": TRUSTED,
}
_NOTICE = "<p>Research software: not a medical device, not for prescribing.</p>"


class MethodRow(Part):
    """One method at one geometry.

    `status` says how it ended; without an energy, why. `error_mHa` and `error_kcal_mol` are against
    CASCI, whatever the method treats; `error_to_fci_mHa` is against FCI of the whole molecule. An
    energy that is neither converged nor a bound, or of another multiplicity than was asked for, is
    withheld (`info["last_energy_hartree"]`). `trace` holds seconds, evaluations and the best energy
    so far.
    """

    name: str
    kind: Kind
    scope: Scope
    asked: bool
    summary: str
    citation: str
    status: str
    energy_hartree: Number = None
    standard_error: Number = None
    spin_squared: Number = None
    right_spin: bool | None = None
    variational: bool | None = None
    converged: bool | None = None
    energies_hartree: tuple[Number, ...] = ()
    evaluations: int = 0
    shots: int = 0
    wall_s: float
    wall_s_by_stage: dict[str, float] = Field(default_factory=dict)
    error_mHa: Number = None
    error_kcal_mol: Number = None
    error_to_fci_mHa: Number = None
    info: dict[str, Any] = Field(default_factory=dict)
    trace: tuple[tuple[float, int, Number], ...] = ()


class MoleculePart(Part):
    """The geometry, and the view of it that is drawn (right, up, towards the viewer)."""

    name: str
    title: str
    formula: str
    symbols: tuple[str, ...]
    coordinates_angstrom: tuple[Point, ...]
    seen_angstrom: tuple[Point, ...]
    charge: int
    multiplicity: int
    basis: str
    provenance: str
    informs: str
    contact_ends_angstrom: tuple[Point, Point] | None = None
    distance_angstrom: Number = None


class ActiveSpacePart(Part):
    """Which electrons in which orbitals.

    `coefficients` are the active orbitals in the basis, (basis functions, orbitals), those occupied
    in Hartree-Fock first; None where there are too many to look at.
    """

    words: str
    n_electrons: int
    n_alpha: int
    n_beta: int
    n_orbitals: int
    spin_orbitals: int
    determinants: int
    is_whole_molecule: bool
    frozen_orbitals: int
    kept: tuple[float, ...]
    basis_functions: int
    integrals_s: float
    coefficients: tuple[tuple[float, ...], ...] | None = None


class MeanFieldPart(Part):
    """Hartree-Fock: what was tried in order, and whether the field is stable (None where it was not
    examined).
    """

    energy_hartree: float
    history: tuple[str, ...]
    stable: bool | None


class DiagnosticsPart(Part):
    """How far one determinant is from the exact state."""

    t1: Number
    t1_active: Number
    casci_leading_weight: Number
    largest_occupation_deviation: Number
    spin_squared: Number


class FaultTolerancePart(Part):
    """What one energy of the active space would cost on an error-corrected machine."""

    method: str
    spin_orbitals: int
    lambda_hartree: float
    rank: int
    eigenvectors: int
    largest_error_of_an_integral_hartree: float
    error_hartree: float
    step_toffolis: int
    toffolis: int
    logical_qubits: int
    code_distance: int
    physical_qubits: int
    wall_s: float


class SolvationPart(Part):
    """Energy in a continuum less that in vacuum, at Hartree-Fock."""

    dielectric: float
    energy_hartree: float
    wall_s: float


class CurvePoint(Part):
    """All methods at one geometry of a curve."""

    x: float
    stable: bool | None
    methods: tuple[MethodRow, ...]


class CurvePart(Part):
    """A curve; `x` says what is varied."""

    x: str
    points: tuple[CurvePoint, ...]
    warnings: tuple[str, ...]


class InteractionRow(Part):
    """The counterpoise-corrected interaction energy by one method; `t1` of the complex."""

    name: str
    kind: Kind
    scope: Scope
    asked: bool
    interaction_hartree: Number
    interaction_kcal_mol: Number
    standard_error_hartree: float
    wall_s: float
    status: str
    t1: Number


class InteractionSpace(Part):
    """The active space of a complex; `kept` also of its parts, how much of each active orbital lies
    in the reference orbitals.
    """

    words: str
    n_electrons: int
    n_orbitals: int
    determinants: int
    kept: tuple[tuple[float, ...], ...]


class AtGeometry(Part):
    """An interaction at one geometry; `energies` by system ("complex", "first", "second") and
    method.
    """

    methods: tuple[InteractionRow, ...]
    active: InteractionSpace | None
    energies: dict[str, dict[str, Number]]


class ScreeningPart(Part):
    """What a continuum adds to an interaction energy."""

    dielectric: float
    screening_hartree: float
    screening_kcal_mol: float
    wall_s: float


class InteractionPoint(Part):
    """An interaction at one distance of a scan."""

    x: float
    methods: tuple[InteractionRow, ...]


class InteractionPart(AtGeometry):
    """An interaction at the given geometry, in continua, and along the distance."""

    parts: tuple[str, str]
    distance_angstrom: float
    screening: tuple[ScreeningPart, ...]
    points: tuple[InteractionPoint, ...]
    warnings: tuple[str, ...]


class MachinePart(Part):
    """Where it was computed."""

    cpu_count: int | None
    platform: str
    python: str


class MolecularStudy(StudyResult):
    """What the results about molecules share."""

    title: str
    spec: dict[str, Any] | None
    spec_hash: str
    versions: dict[str, str]
    command: str
    seed: int
    created: str
    machine: MachinePart
    verdict: str
    verdict_points: tuple[str, ...]
    winner: str | None
    warnings: tuple[str, ...]
    wall_s: float
    disclaimer: str

    def require_energy(self) -> None:
        """Refuse to call a study done in which no method that was asked for gave an energy
        (QtwinError).
        """

    def _asked(self) -> dict[str, str]:
        spec = self.spec or {}
        return {"question": spec.get("question", ""), "rule": spec.get("decision_rule", "")}

    def _write(self, sheet: Sheet, path: str | Path) -> Path:
        from qtwin.report.sheet import write_sheet

        target = Path(path)
        return (
            write_sheet(sheet, target.parent, name=target.name)
            if target.suffix == ".html"
            else write_sheet(sheet, target)
        )

    def _summary(self, shown: pd.DataFrame) -> str:
        points = "".join(f"<li>{html.escape(p)}</li>" for p in self.verdict_points)
        verdict = f"<p><b>{html.escape(self.verdict)}</b></p><ul>{points}</ul>"
        shown = shown.round(
            {
                "energy_hartree": 6,
                "error_mHa": 3,
                "seconds": 3,
                "difference_kcal_mol": 2,
                "interaction_kcal_mol": 2,
            }
        )
        return f"{verdict}{shown.to_html(index=False, na_rep='')}{_NOTICE}"


class MoleculeResult(MolecularStudy):
    """Energies of a molecule by every method that was asked for, the classical competitors beside
    them, and who won.

    Example:
        >>> import qtwin as qt
        >>> result = qt.energies('H2', ('hf',))
        >>> result['hf'].status, len(result.to_pandas()) >= 1
        ('converged', True)
    """

    schema_: Literal["qtwin.molecule/1"] = Field(default="qtwin.molecule/1", alias="schema")
    molecule: MoleculePart
    active_space: ActiveSpacePart
    mean_field: MeanFieldPart
    methods: tuple[MethodRow, ...]
    diagnostics: DiagnosticsPart
    fault_tolerance: FaultTolerancePart | None
    solvation: SolvationPart | None
    scan: CurvePart | None
    interaction: InteractionPart | None

    def __getitem__(self, name: str) -> MethodRow:
        """The row of a method.

        Raises:
            KeyError: for a method that did not run.
        """
        for row in self.methods:
            if row.name == name:
                return row
        raise KeyError(name)

    def reference(self, scope: Scope) -> MethodRow | None:
        """The method that others of the same scope are held against: the exact one, else the most
        trusted that gave an energy.

        Where the active space is the whole molecule, CASCI is exact for both scopes, and so is FCI.
        """
        return _reference(self.methods, scope, is_whole=self.active_space.is_whole_molecule)

    def to_pandas(
        self, table: Literal["methods", "scan", "interaction"] = "methods"
    ) -> pd.DataFrame:
        """A table of the result.

        Args:
            table: "methods", a row each; "scan", a row each method and geometry of the curve;
                "interaction", a row each method and distance (the given geometry first).
                `error_mHa` is against `reference`, the best method that treats the same
                electrons: CASCI or FCI where they ran.
        """
        import pandas as pd

        whole = self.active_space.is_whole_molecule
        if table == "methods":
            return pd.DataFrame([_shown(r, self.reference(r.scope)) for r in self.methods])
        if table == "scan":
            points = () if self.scan is None else self.scan.points
            rows = [
                {"x": p.x} | _shown(r, _reference(p.methods, r.scope, is_whole=whole))
                for p in points
                for r in p.methods
            ]
            return pd.DataFrame(rows)
        return pd.DataFrame([] if self.interaction is None else _interactions(self.interaction))

    def to_html(self, path: str | Path = "report.html") -> Path:
        """The report as one page that opens offline; figures go beside it.

        Raises:
            InputError: for a folder that cannot be written.
        """
        from qtwin.report.molecule_sheet import sheet_of

        return self._write(sheet_of(self.to_json(), self.orbital_views(), **self._asked()), path)

    def orbital_views(self) -> dict[str, Any] | None:
        """The active orbitals from the side, as the page draws them; None where they are not kept,
        or without PySCF.
        """
        from importlib.util import find_spec

        space, part = self.active_space, self.molecule
        if space.coefficients is None or find_spec("pyscf") is None:
            return None
        import numpy as np

        from qtwin.chemistry.active_space import views
        from qtwin.chemistry.molecule import Molecule

        same = {
            k: getattr(part, k)
            for k in ("symbols", "coordinates_angstrom", "charge", "multiplicity", "basis", "name")
        }
        seen = views(Molecule(**same), np.array(space.coefficients))
        occupied = (
            [2] * space.n_beta
            + [1] * (space.n_alpha - space.n_beta)
            + [0] * (space.n_orbitals - space.n_alpha)
        )
        words = {2: "occupied", 1: "half occupied", 0: "empty"}
        return {
            "values": seen.values,
            "extent_angstrom": seen.extent_angstrom,
            "atoms_angstrom": seen.atoms_angstrom,
            "labels": [f"{k + 1}, {words[n]}" for k, n in enumerate(occupied)],
        }

    def require_energy(self) -> None:
        """Refuse to call a study done in which nothing but the Hartree-Fock that every one begins
        with gave an energy.

        Raises:
            QtwinError: with the reason of the first that was asked for.
        """
        meant = [r for r in self.methods if r.asked or r.name != "hf"]
        if all(r.energy_hartree is None for r in meant):
            raise QtwinError(
                f"no method that was asked for gave an energy; {meant[0].name}: {meant[0].status}",
                hint="the page lists the reason of each; take a smaller active space, or "
                "methods that need no determinants",
            )

    def __repr__(self) -> str:
        return (
            f"MoleculeResult({self.molecule.formula}, {self.molecule.basis}, "
            f"{len(self.methods)} methods: {self.verdict})"
        )

    def _repr_html_(self) -> str:
        columns = [
            "method",
            "treats",
            "energy_hartree",
            "error_mHa",
            "reference",
            "seconds",
            "status",
        ]
        return self._summary(self.to_pandas()[columns])


def _reference(rows: Sequence[MethodRow], scope: Scope, *, is_whole: bool) -> MethodRow | None:
    """As `MoleculeResult.reference`, at any geometry."""
    names = ("casci", "fci", *_REFERENCES[scope]) if is_whole else _REFERENCES[scope]
    by = {r.name: r for r in rows if r.energy_hartree is not None}
    return next((by[n] for n in names if n in by), None)


def _shown(row: MethodRow, reference: MethodRow | None) -> dict[str, Any]:
    exact = None if reference is None else reference.energy_hartree
    return {
        "method": row.name,
        "kind": row.kind,
        "treats": row.scope,
        "energy_hartree": row.energy_hartree,
        "standard_error_hartree": row.standard_error,
        "error_mHa": None
        if row.energy_hartree is None or exact is None
        else 1e3 * (row.energy_hartree - exact),
        "reference": None if reference is None else reference.name,
        "variational": row.variational,
        "converged": row.converged,
        "spin_squared": row.spin_squared,
        "seconds": row.wall_s,
        "status": row.status,
    }


def _interactions(found: InteractionPart) -> list[dict[str, Any]]:
    places = [(found.distance_angstrom, found.methods), *((p.x, p.methods) for p in found.points)]
    return [
        {
            "distance_angstrom": distance,
            "method": r.name,
            "kind": r.kind,
            "treats": r.scope,
            "interaction_kcal_mol": r.interaction_kcal_mol,
            "interaction_hartree": r.interaction_hartree,
            "standard_error_hartree": r.standard_error_hartree,
            "seconds": r.wall_s,
            "status": r.status,
        }
        for distance, methods in places
        for r in methods
    ]


class ContactPart(Part):
    """What stands for a drug at its receptor, from where, and what that leaves out."""

    drug: str
    receptor: str
    site: str
    kind: str
    source: str
    amine: str
    pka: float
    charged_share: float
    decision: str
    left_out: tuple[str, ...]


class Occupancy(Part):
    """The share of receptors that a drug holds, over the twin's members."""

    mean: float
    median: float
    low: float
    high: float


class ContactPatient(Part):
    """What a twin says of the drug and of the receptor's gene."""

    patient_id: str
    synthetic: bool
    takes_drug: bool
    dose: str
    genes_known: tuple[str, ...]
    receptor_genotype_known: bool
    receptor_occupancy: Occupancy | None


class ContactSystem(Part):
    """The contact with one residue: the wild type's, or a variant's."""

    residue: str
    note: str
    molecule: MoleculePart
    interaction: InteractionPart


class ContactMethodRow(InteractionRow):
    """A method at the wild-type contact, with the energy of the complex."""

    energy_hartree: Number
    standard_error: float


class MethodDifference(Part):
    """Variant less wild type by one method."""

    name: str
    scope: Scope
    kind: Kind
    difference_kcal_mol: float


class ScreenedDifference(Part):
    """Variant less wild type in a continuum."""

    dielectric: float
    difference_kcal_mol: float
    screening_kcal_mol: float


class DifferencePart(Part):
    """A variant against the wild type; positive: it holds the drug less firmly.

    `low` and `high` span the methods.
    """

    wild_type: str
    residue: str
    method: str
    difference_kcal_mol: float
    low_kcal_mol: float
    high_kcal_mol: float
    by_method: tuple[MethodDifference, ...]
    screened: tuple[ScreenedDifference, ...]


class ContactResult(MolecularStudy):
    """The contact that stands for a drug at its receptor, wild type and variants; the wild type
    stands first in `systems`.

    Example:
        >>> import qtwin as qt
        >>> issubclass(qt.ContactResult, type(qt.energies('H2', 'hf')).__mro__[1])
        True
    """

    schema_: Literal["qtwin.contact/1"] = Field(default="qtwin.contact/1", alias="schema")
    contact: ContactPart
    patient: ContactPatient | None
    systems: tuple[ContactSystem, ...]
    methods: tuple[ContactMethodRow, ...]
    differences: tuple[DifferencePart, ...]

    def to_pandas(
        self, table: Literal["interaction", "differences"] = "interaction"
    ) -> pd.DataFrame:
        """A table of the result.

        Args:
            table: "interaction", a row each residue, method and distance; "differences", a row each
                variant and method.
        """
        import pandas as pd

        if table == "interaction":
            return pd.DataFrame(
                [
                    {"residue": s.residue} | row
                    for s in self.systems
                    for row in _interactions(s.interaction)
                ]
            )
        return pd.DataFrame(
            [
                {
                    "wild_type": d.wild_type,
                    "residue": d.residue,
                    "method": m.name,
                    "treats": m.scope,
                }
                | {"difference_kcal_mol": m.difference_kcal_mol}
                for d in self.differences
                for m in d.by_method
            ]
        )

    def to_html(self, path: str | Path = "report.html") -> Path:
        """The report as one page that opens offline; figures go beside it.

        Raises:
            InputError: for a folder that cannot be written.
        """
        from qtwin.report.molecule_contact_sheet import contact_sheet

        return self._write(contact_sheet(self.to_json(), **self._asked()), path)

    def __repr__(self) -> str:
        return (
            f"ContactResult({self.contact.drug} at {self.contact.receptor} {self.contact.site}: "
            f"{self.verdict})"
        )

    def _repr_html_(self) -> str:
        return self._summary(self.to_pandas("differences" if self.differences else "interaction"))


def best_of(rows: Sequence[InteractionRow]) -> InteractionRow | None:
    """The most trusted method of the whole molecule that gave an interaction energy."""
    known = {r.name: r for r in rows if r.interaction_kcal_mol is not None}
    return next((known[n] for n in TRUSTED if n in known), None)
