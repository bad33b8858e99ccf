"""Listings: what drugs, solvers, backends and disease models there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qtwin.pharmacology.drug import Drug
from qtwin.pharmacology.exposures import activities, observed_ratios
from qtwin.pharmacology.formulary import drug, formulary
from qtwin.pharmacology.interaction import predicted_ratio
from qtwin.pharmacology.prescription import read_dose
from qtwin.pharmacology.quantity import Quantity


def _print(title: str, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(list(rows)))
        return
    shown = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ():
        shown.add_column(name.replace("_", " "))
    for row in rows:
        shown.add_row(*("" if v is None else str(v) for v in row.values()))
    Console().print(shown)


def list_drugs(*, as_json: bool) -> None:
    """One line a drug."""
    rows = [
        {
            "inn": d.inn,
            "atc": d.atc,
            "rxnorm": d.rxnorm,
            "class": d.drug_class,
            "doses": "; ".join(f"{o.amount_mg:g} mg /{o.interval_h:g} h" for o in d.doses),
            "covers": "; ".join(d.indications),
        }
        for d in formulary().values()
    ]
    _print(f"Formulary, {len(rows)} drugs", rows, as_json=as_json)


def _quantities(entry: Drug) -> list[tuple[str, Quantity]]:
    listed = [("molar mass", entry.molar_mass)]
    for section in ("kinetics", "metabolism", "activation", "inhibits", "affinity", "effects", "hazard_ratio"):
        listed += [(f"{section}: {key}", q) for key, q in getattr(entry, section).items()]
    for enzyme, how in entry.inactivates.items():
        listed += [(f"inactivates: {enzyme} kinact", how.kinact), (f"inactivates: {enzyme} KI", how.ki)]
    if entry.active_metabolite:
        listed.append((f"share of {entry.active_metabolite.name}", entry.active_metabolite.share))
        if entry.active_metabolite.harm_share is not None:
            listed.append((f"share of {entry.active_metabolite.name} in harms", entry.active_metabolite.harm_share))
    return listed + ([("anticholinergic burden", entry.acb)] if entry.acb else [])


def show_drug(inn: str, *, as_json: bool) -> None:
    """Every number of one drug."""
    entry = drug(inn)
    rows = [{"parameter": name, **asdict(q)} for name, q in _quantities(entry)]
    if as_json:
        print(
            json.dumps(
                {"inn": entry.inn, "atc": entry.atc, "rxnorm": entry.rxnorm, "class": entry.drug_class, "parameters": rows}
            )
        )
        return
    _print(f"{entry.inn}  ATC {entry.atc}  RxNorm {entry.rxnorm}  {entry.drug_class}", rows, as_json=False)
    for rule in entry.avoid:
        Console().print(f"not with {rule.drug_class or rule.inn}: {rule.reason} ({rule.source})")


def show_exposure(inn: str, beside: Sequence[str], *, cyp2d6: float | None, cyp2c19: str | None, as_json: bool) -> None:
    """The model's exposure ratio against the same dose alone in a normal metaboliser, and what was measured.

    Raises:
        InputError: for an unknown drug, dose or phenotype.
    """
    victim, doses = drug(inn), [read_dose(text) for text in beside]
    genes: dict[str, float | str] = {}
    if cyp2d6 is not None:
        genes["CYP2D6"] = cyp2d6
    if cyp2c19 is not None:
        genes["CYP2C19"] = cyp2c19
    relative = {d.drug.inn: d.relative for d in doses}
    others = [d.drug for d in doses]
    ratio = predicted_ratio(victim, others, activities(genes), relative_doses=relative)
    same_person = predicted_ratio(victim, [], activities(genes))
    known = [r for r in observed_ratios() if r.victim == victim.inn and set(r.beside) == set(relative)]
    found = {
        "inn": victim.inn,
        "with": [d.label for d in doses],
        "genes": genes,
        "exposure_ratio": ratio,
        "against_same_person_alone": ratio / same_person,
        "measured": [
            {"case": r.label, "value": r.value, "predicted": r.predicted(), "measure": r.measure, "source": r.source}
            for r in known
        ],
    }
    if victim.activation:
        found["active_metabolite_ratio"] = predicted_ratio(
            victim, others, activities(genes), relative_doses=relative, active_metabolite=True
        )
    if as_json:
        print(json.dumps(found))
        return
    console = Console(highlight=False)
    console.print(f"{victim.inn}: exposure {ratio:.2f} times that of the same dose alone in a normal metaboliser")
    if genes and doses:
        console.print(f"  {ratio / same_person:.2f} times that of the same person without {', '.join(relative)}")
    if "active_metabolite_ratio" in found:
        console.print(f"  active metabolite {found['active_metabolite_ratio']:.2f} times")
    for row in known:
        console.print(f"  measured: {row.label}: {row.value:g} (predicted {row.predicted():.2f}; {row.source})")


def list_solvers(*, as_json: bool) -> None:
    """Solvers with guarantee, limits and citation, and how to get what is not installed."""
    from qtwin.solver import registry

    rows = [
        {
            "name": card.name,
            "kind": card.kind,
            "ready": registry.how_to_get(card) or "yes",
            "what": card.summary,
            "guarantee": card.guarantee,
            "variables": card.max_variables,
            "limits": card.limits,
            "warm_start": "yes" if card.warm_start else "no",
            "citation": card.citation,
        }
        for card in registry.cards().values()
    ]
    if as_json:
        print(json.dumps(rows))
        return
    console = Console(highlight=False)
    for row in rows:  # too much to know for the columns of a table
        warm = ", takes a warm start" if row["warm_start"] == "yes" else ""
        missing = "" if row["ready"] == "yes" else f", needs: {row['ready']}"
        title = f"[bold]{row['name']}[/]  {row['kind']}, up to {row['variables']:,} variables{warm}{missing}"
        console.print(title)
        for key in ("what", "guarantee", "limits", "citation"):
            if row[key]:
                console.print(Padding(Text.assemble((f"{key}: ", "dim"), str(row[key])), (0, 0, 0, 4)))


def list_backends(*, as_json: bool) -> None:
    """Backends, with the reason where one cannot be used."""
    from qtwin.backend import registry
    from qtwin.backend.base import Capabilities

    rows = []
    for name, found in registry.available().items():
        ready = isinstance(found, Capabilities)
        rows.append(
            {
                "name": name,
                "ready": "yes" if ready else "no",
                "what": found.summary if isinstance(found, Capabilities) else str(found),
                "qubits": found.max_qubits if isinstance(found, Capabilities) else None,
                "exact": ("yes" if found.exact else "no") if isinstance(found, Capabilities) else None,
                "hint": "" if isinstance(found, Capabilities) else getattr(found, "hint", ""),
            }
        )
    _print("Backends", rows, as_json=as_json)


def list_diseases(*, as_json: bool) -> None:
    """Disease models with their states and source."""
    from qtwin.twin import disease

    rows = []
    for name in disease.TABLE:
        model = disease.load(name)
        rows.append(
            {
                "name": name,
                "states": "; ".join(f"{state} ({unit})" for state, unit in model.states),
                "observes": "; ".join(model.observables),
                "reference": model.reference,
            }
        )
    _print("Disease models", rows, as_json=as_json)
