"""A drug, a dose of it, and a regimen: the values that travel out of this room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qtwin.pharmacology.quantity import Quantity

ENZYMES = ("CYP2D6", "CYP2C19", "CYP3A4", "CYP2C9", "CYP1A2", "CYP2B6")
TRANSPORTERS = ("ABCB1",)
ROUTES = (*ENZYMES, *TRANSPORTERS, "renal")
"""Ways by which drugs leave the body that other drugs, genes or the kidneys change; the rest of a
clearance is constant.
"""
RECEPTORS = ("ADRB1", "ADRA1", "HRH1", "CHRM1", "DRD2", "HTR2A", "ADRB2")


@dataclass(frozen=True, kw_only=True)
class Avoid:
    """A contraindicated partner: every drug of a class, or one drug."""

    drug_class: str = ""
    inn: str = ""
    reason: str
    source: str


@dataclass(frozen=True, kw_only=True)
class DoseOption:
    """A dose as it is prescribed."""

    amount_mg: float
    interval_h: float


@dataclass(frozen=True, kw_only=True)
class Inactivation:
    """Mechanism-based inhibition of an enzyme: the drug destroys it, and it is made anew at its own
    rate.

    Attributes:
        kinact: Largest rate of inactivation (1/min).
        ki: Unbound concentration at half of it (umol/L).
    """

    kinact: Quantity
    ki: Quantity


@dataclass(frozen=True, kw_only=True)
class ActiveMetabolite:
    """What a drug's metabolite carries of its effects.

    Attributes:
        name: The metabolite.
        share: Part of the wanted effect, and of the action on receptors, at the reference dose in
            the reference person (1); 1 for a prodrug.
        harm_share: Part of the harms that no receptor tells (1); None where it is that of the
            wanted effect.
    """

    name: str
    share: Quantity
    harm_share: Quantity | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Drug:
    """One entry of the formulary.

    Ratios and effects refer to the reference dose (the first option) in a CYP2D6 *1/*1 person.

    Attributes:
        inn, atc, rxnorm: Identifiers.
        drug_class: At most one drug of a class is combined.
        indications: The needs it covers.
        molar_mass: g/mol.
        doses: Dose options, the reference first.
        kinetics: bioavailability (1), clearance (L/h), volume (L; of the central compartment where
            there are two), absorption (1/h), fraction_unbound (1), intercompartmental (L/h) and
            peripheral_volume (L).
        metabolism: Fraction of clearance by each of `ROUTES`.
        activation: Fraction of its active metabolite that each of `ROUTES` forms.
        active_metabolite: That metabolite and its share of the effect; None where the parent
            carries all of it.
        inhibits: Fraction of a route's activity that the reference dose removes (1).
        inactivates: Enzymes that it inactivates.
        affinity: Receptor to equilibrium constant (nmol/L).
        effects: Named effects; see `EFFECT_UNITS` in the loader.
        hazard_ratio: Outcome to hazard ratio at the reference dose (1).
        acb: Anticholinergic cognitive burden score.
        avoid: Contraindicated partners.

    Example:
        >>> import qtwin as qt
        >>> drug = qt.drugs()['apixaban']
        >>> drug.inn, drug.drug_class, drug.reference.interval_h
        ('apixaban', 'anticoagulant', 12.0)
    """

    inn: str
    atc: str
    rxnorm: str
    drug_class: str
    indications: tuple[str, ...]
    molar_mass: Quantity
    doses: tuple[DoseOption, ...]
    kinetics: Mapping[str, Quantity]
    metabolism: Mapping[str, Quantity]
    activation: Mapping[str, Quantity] = field(default_factory=dict)
    active_metabolite: ActiveMetabolite | None = None
    inhibits: Mapping[str, Quantity] = field(default_factory=dict)
    inactivates: Mapping[str, Inactivation] = field(default_factory=dict)
    affinity: Mapping[str, Quantity] = field(default_factory=dict)
    effects: Mapping[str, Quantity] = field(default_factory=dict)
    hazard_ratio: Mapping[str, Quantity] = field(default_factory=dict)
    acb: Quantity | None = None
    avoid: tuple[Avoid, ...] = ()

    def __repr__(self) -> str:
        doses = ", ".join(f"{d.amount_mg:g} mg /{d.interval_h:g} h" for d in self.doses)
        return f"Drug({self.inn}, {self.atc}, {self.drug_class}; {doses})"

    @property
    def reference(self) -> DoseOption:
        """The dose to which effects and hazard ratios refer."""
        return self.doses[0]


@dataclass(frozen=True, kw_only=True, repr=False)
class Dose:
    """A drug at one of its dose options.

    Example:
        >>> import qtwin as qt
        >>> dose = qt.Dose(drug=qt.drugs()['donepezil'], amount_mg=5.0, interval_h=24.0)
        >>> dose.label, dose.relative
        ('donepezil 5 mg /24 h', 0.5)
    """

    drug: Drug
    amount_mg: float
    interval_h: float

    def __repr__(self) -> str:
        return f"Dose({self.label})"

    @property
    def label(self) -> str:
        """Readable name, such as 'metoprolol 50 mg /12 h'."""
        return f"{self.drug.inn} {self.amount_mg:g} mg /{self.interval_h:g} h"

    @property
    def relative(self) -> float:
        """Dose rate divided by the reference dose rate."""
        reference = self.drug.reference
        return (self.amount_mg / self.interval_h) / (reference.amount_mg / reference.interval_h)


@dataclass(frozen=True, kw_only=True, repr=False)
class Regimen:
    """A set of doses taken together."""

    doses: tuple[Dose, ...]

    def __repr__(self) -> str:
        return f"Regimen({' + '.join(d.label for d in self.doses) or 'no drugs'})"

    @property
    def label(self) -> str:
        """The INN names, joined; 'no drugs' for the empty regimen."""
        return " + ".join(d.drug.inn for d in self.doses) or "no drugs"
