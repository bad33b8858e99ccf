"""Listings: what drugs, solvers, backends and disease models there are."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from qtwin.cli.show import note, terminal
from qtwin.patient.audit import default_path, last_digest, read_entries, verify
from qtwin.patient.person import describe
from qtwin.patient.record import read_patient
from qtwin.pharmacology.drug import Drug
from qtwin.pharmacology.eligibility import assess
from qtwin.pharmacology.exposures import activities, observed_ratios
from qtwin.pharmacology.facts import facts_of
from qtwin.pharmacology.formulary import drug, formulary
from qtwin.pharmacology.kinetics import predicted_ratio
from qtwin.pharmacology.prescription import read_dose
from qtwin.pharmacology.quantity import Quantity
from qtwin.pharmacology.rule_book import read_rule_book


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
    for section in (
        "kinetics",
        "metabolism",
        "activation",
        "inhibits",
        "affinity",
        "effects",
        "hazard_ratio",
    ):
        listed += [(f"{section}: {key}", q) for key, q in getattr(entry, section).items()]
    for enzyme, how in entry.inactivates.items():
        listed += [
            (f"inactivates: {enzyme} kinact", how.kinact),
            (f"inactivates: {enzyme} KI", how.ki),
        ]
    if entry.active_metabolite:
        listed.append((f"share of {entry.active_metabolite.name}", entry.active_metabolite.share))
        if entry.active_metabolite.harm_share is not None:
            listed.append(
                (
                    f"share of {entry.active_metabolite.name} in harms",
                    entry.active_metabolite.harm_share,
                )
            )
    return listed + ([("anticholinergic burden", entry.acb)] if entry.acb else [])


def show_drug(inn: str, *, as_json: bool) -> None:
    """Every number of one drug."""
    entry = drug(inn)
    rows = [{"parameter": name, **asdict(q)} for name, q in _quantities(entry)]
    if as_json:
        print(
            json.dumps(
                {
                    "inn": entry.inn,
                    "atc": entry.atc,
                    "rxnorm": entry.rxnorm,
                    "class": entry.drug_class,
                    "parameters": rows,
                }
            )
        )
        return
    _print(
        f"{entry.inn}  ATC {entry.atc}  RxNorm {entry.rxnorm}  {entry.drug_class}",
        rows,
        as_json=False,
    )
    for rule in entry.avoid:
        Console().print(f"not with {rule.drug_class or rule.inn}: {rule.reason} ({rule.source})")


def show_exposure(
    inn: str, beside: Sequence[str], *, cyp2d6: float | None, cyp2c19: str | None, as_json: bool
) -> None:
    """The model's exposure ratio against the same dose alone in a normal metaboliser, and what was
    measured.

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
    known = [
        r for r in observed_ratios() if r.victim == victim.inn and set(r.beside) == set(relative)
    ]
    found = {
        "inn": victim.inn,
        "with": [d.label for d in doses],
        "genes": genes,
        "exposure_ratio": ratio,
        "against_same_person_alone": ratio / same_person,
        "measured": [
            {
                "case": r.label,
                "value": r.value,
                "predicted": r.predicted(),
                "measure": r.measure,
                "source": r.source,
            }
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
    console.print(
        f"{victim.inn}: exposure {ratio:.2f} times that of the same dose alone in a normal "
        "metaboliser"
    )
    if genes and doses:
        console.print(
            f"  {ratio / same_person:.2f} times that of the same person without "
            f"{', '.join(relative)}"
        )
    if "active_metabolite_ratio" in found:
        console.print(f"  active metabolite {found['active_metabolite_ratio']:.2f} times")
    for row in known:
        console.print(
            f"  measured: {row.label}: {row.value:g} (predicted {row.predicted():.2f}; "
            f"{row.source})"
        )


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
        title = (
            f"[bold]{row['name']}[/]  {row['kind']}, up to {row['variables']:,} "
            f"variables{warm}{missing}"
        )
        console.print(title)
        for key in ("what", "guarantee", "limits", "citation"):
            if row[key]:
                console.print(
                    Padding(Text.assemble((f"{key}: ", "dim"), str(row[key])), (0, 0, 0, 4))
                )


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
                "exact": ("yes" if found.exact else "no")
                if isinstance(found, Capabilities)
                else None,
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


# `qtwin drugs eligibility`: which drugs a person may be given, by which rule and source, and what
# was not known.


def show_eligibility(
    record: Path,
    genotypes: Path | None,
    *,
    jurisdiction: str,
    folder: Path | None,
    lift: Sequence[str],
    consent: Sequence[str],
    as_json: bool,
) -> dict[str, Any]:
    """Hold the rules against a record, every recorded medicine going on; print it unless it goes
    out as JSON.

    Raises:
        InputError: for a record or a rule set that cannot be used, or a rule that cannot be lifted.
    """
    book = read_rule_book(*([folder] if folder else []))
    patient = read_patient(record, genotypes, consent=consent)
    terminal.record(describe(patient), patient.missing, patient.notes)
    found = assess(
        patient,
        jurisdiction=jurisdiction,
        lift=lift,
        book=book,
        going_on=facts_of(patient).medicines,
    )
    answer = found.to_json()
    if not as_json:
        _print_eligibility(answer)
    return answer


def _why(drug: dict[str, Any]) -> list[str]:
    """One paragraph a rule: its strength, what it says, where it was read, and its id."""
    held = []
    for rule in drug["rules"]:
        strength = rule["strength"] + (", lifted" if rule["lifted"] else "")
        beside = f" Beside {rule['beside']}." if rule["beside"] else ""
        source = "; ".join(words for words in (rule["source"], rule["note"]) if words)
        held.append(f"{strength}: {rule['text']}{beside} ({source}) [{rule['id']}]")
    open_rules = [
        f"not checked, {', '.join(rule['missing'])} unknown: {rule['strength']}: "
        f"{rule['text']} [{rule['id']}]"
        for rule in drug["not_checked"]
    ]
    return [*held, *open_rules]


def _print_eligibility(answer: dict[str, Any]) -> None:
    console = Console()
    for line in answer["not_known"]:
        console.print(line, markup=False, highlight=False)
    if answer["going_on"]:
        console.print(
            f"taken to go on: {', '.join(answer['going_on'])}", markup=False, highlight=False
        )
    for low, high in answer["set_aside"].items():
        console.print(f"rule {low} is set aside by {high}", markup=False, highlight=False)
    shown = Table(
        title=f"Eligibility by {answer['rules']} rules, {answer['jurisdiction']}",
        title_justify="left",
    )
    shown.add_column("drug", no_wrap=True)
    shown.add_column("status", no_wrap=True)
    shown.add_column("by which rule and source")
    for row in answer["drugs"]:
        shown.add_row(row["inn"], row["status"], Text("\n".join(_why(row))))
    console.print(shown)


# `qtwin audit`: what was done with whose record.


def verify_log(path: Path | None, *, as_json: bool) -> dict[str, Any]:
    """Say how many entries hold, and the digest of the last one."""
    count = verify(path)
    digest = last_digest(path)
    if not as_json:
        note(f"{count:,} entries hold; digest of the last one: {digest}")
    return {"entries": count, "sha256": digest}


def list_log(path: Path | None, *, as_json: bool) -> None:
    """Show the entries of a log that holds."""
    entries = read_entries(path)
    if as_json:
        sys.stdout.write(json.dumps([asdict(e) for e in entries]) + "\n")
        return
    note(f"{path or default_path()}", style="bold")
    for e in entries:
        said = [
            e.action,
            e.patient_id,
            *([f"consent to {', '.join(e.consent)}"] if e.consent else []),
            e.detail,
        ]
        note(f"{e.index:>6}  {e.time}  {e.actor}  {'; '.join(words for words in said if words)}")
