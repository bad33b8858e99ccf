"""Measured changes of exposure by other drugs and genes, each beside what the model predicts for
it.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Any

from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.kinetics import CYP2C19_ACTIVITY, predicted_ratio, relative_activity

_KEYS = {
    "victim",
    "with",
    "gene",
    "background",
    "dose_mg",
    "value",
    "ci",
    "measure",
    "status",
    "source",
    "note",
    "fitted",
}


@dataclass(frozen=True, kw_only=True)
class ObservedRatio:
    """A published ratio of exposures.

    Attributes:
        victim: INN of the drug whose exposure was measured.
        beside: INNs of the drugs added.
        gene: Genotype of those studied when they are compared with normal metabolisers: CYP2D6 to
            activity score, CYP2C19 to phenotype.
        background: Genotype of a study in which everybody was of it, with and without the drugs.
        dose_mg: Daily doses of the drugs added, in their order; empty: reference doses.
        value: Measured ratio; `low` and `high` its interval, both None where none is published.
        measure: What was compared: AUC, steady-state concentration, clearance, active metabolite.
        fitted: Whether the formulary was fitted to it, so that it is no test.
    """

    victim: str
    beside: tuple[str, ...]
    value: float
    measure: str
    status: str
    source: str
    gene: Mapping[str, Any] = field(default_factory=dict)
    background: Mapping[str, Any] = field(default_factory=dict)
    dose_mg: tuple[float, ...] = ()
    low: float | None = None
    high: float | None = None
    fitted: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """Readable name, such as 'metoprolol + paroxetine 20 mg, CYP2D6 score 0'."""
        genes = [
            f"{g} {'score ' + format(v, 'g') if not isinstance(v, str) else v}"
            for g, v in (self.gene or self.background).items()
        ]
        active = " (active metabolite)" if self.active_metabolite else ""
        doses = [f" {mg:g} mg" for mg in self.dose_mg] + [""] * (
            len(self.beside) - len(self.dose_mg)
        )
        beside = [inn + dose for inn, dose in zip(self.beside, doses, strict=True)]
        return " + ".join((self.victim + active, *beside)) + (
            ", " + ", ".join(genes) if genes else ""
        )

    @property
    def active_metabolite(self) -> bool:
        """Whether the active metabolite was measured."""
        return "active metabolite" in self.measure and bool(drug(self.victim).activation)

    def predicted(self) -> float:
        """The model's ratio."""
        relative = {}
        for inn, mg in zip(self.beside, self.dose_mg, strict=False):
            reference = drug(inn).reference
            relative[inn] = mg / (reference.amount_mg * 24.0 / reference.interval_h)
        victim, beside = drug(self.victim), [drug(b) for b in self.beside]
        after = predicted_ratio(
            victim,
            beside,
            activities(self.gene or self.background),
            relative_doses=relative,
            active_metabolite=self.active_metabolite,
        )
        before = predicted_ratio(
            victim, [], activities(self.background), active_metabolite=self.active_metabolite
        )
        return after / before


def activities(genes: Mapping[str, Any]) -> dict[str, float]:
    """Activity of each route from a CYP2D6 activity score and a CYP2C19 phenotype.

    Raises:
        InputError: for another gene, an impossible score or an unknown phenotype.
    """
    found = {}
    for gene, value in genes.items():
        if gene == "CYP2D6":
            found[gene] = relative_activity(float(value))
        elif gene == "CYP2C19":
            phenotype = str(value).lower()
            if phenotype not in CYP2C19_ACTIVITY:
                raise unknown_name("CYP2C19 phenotype", str(value), CYP2C19_ACTIVITY)
            found[gene] = CYP2C19_ACTIVITY[phenotype]
        else:
            raise unknown_name("gene", gene, ("CYP2D6", "CYP2C19"))
    return found


@lru_cache(maxsize=1)
def observed_ratios() -> tuple[ObservedRatio, ...]:
    """Every ratio of ``data/exposure_ratios.toml``.

    Raises:
        InputError: if the shipped file is spoilt.
    """
    file = "exposure_ratios.toml"
    raw = tomllib.loads((resources.files("qtwin") / "data" / file).read_text(encoding="utf-8"))
    found = []
    for k, entry in enumerate(raw["ratio"]):
        unknown = set(entry) - _KEYS
        if unknown:
            raise unknown_name(f"key of ratio {k + 1} in {file}", sorted(unknown)[0], _KEYS)
        missing = {"victim", "value", "measure", "status", "source"} - set(entry)
        if missing or not (math.isfinite(entry["value"]) and entry["value"] > 0.0):
            raise InputError(
                f"{file}: ratio {k + 1} lacks {sorted(missing) or 'a positive value'}",
                hint="see the other entries",
            )
        low, high = entry.get("ci", (None, None))
        for inn in (entry["victim"], *entry.get("with", ())):
            drug(inn)
        found.append(
            ObservedRatio(
                victim=entry["victim"],
                beside=tuple(entry.get("with", ())),
                value=float(entry["value"]),
                measure=entry["measure"],
                status=entry["status"],
                source=entry["source"],
                gene=entry.get("gene", {}),
                background=entry.get("background", {}),
                dose_mg=tuple(float(x) for x in entry.get("dose_mg", ())),
                low=low,
                high=high,
                fitted=bool(entry.get("fitted", False)),
                note=entry.get("note", ""),
            )
        )
    return tuple(found)
