"""`qtwin drugs eligibility`: which drugs a person may be given, by which rule and source, and what was not known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qtwin.cli.show import terminal
from qtwin.patient.access import read_patient
from qtwin.patient.person import describe
from qtwin.pharmacology.eligibility import assess
from qtwin.pharmacology.facts import facts_of
from qtwin.pharmacology.rule_book import read_rule_book


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
    """Hold the rules against a record, every recorded medicine going on; print it unless it goes out as JSON.

    Raises:
        InputError: for a record or a rule set that cannot be used, or a rule that cannot be lifted.
    """
    book = read_rule_book(*([folder] if folder else []))
    patient = read_patient(record, genotypes, consent=consent)
    terminal.record(describe(patient), patient.missing, patient.notes)
    found = assess(patient, jurisdiction=jurisdiction, lift=lift, book=book, going_on=facts_of(patient).medicines)
    answer = found.to_json()
    if not as_json:
        _print(answer)
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
        f"not checked, {', '.join(rule['missing'])} unknown: {rule['strength']}: {rule['text']} [{rule['id']}]"
        for rule in drug["not_checked"]
    ]
    return [*held, *open_rules]


def _print(answer: dict[str, Any]) -> None:
    console = Console()
    for line in answer["not_known"]:
        console.print(line, markup=False, highlight=False)
    if answer["going_on"]:
        console.print(f"taken to go on: {', '.join(answer['going_on'])}", markup=False, highlight=False)
    for low, high in answer["set_aside"].items():
        console.print(f"rule {low} is set aside by {high}", markup=False, highlight=False)
    shown = Table(title=f"Eligibility by {answer['rules']} rules, {answer['jurisdiction']}", title_justify="left")
    shown.add_column("drug", no_wrap=True)
    shown.add_column("status", no_wrap=True)
    shown.add_column("by which rule and source")
    for drug in answer["drugs"]:
        shown.add_row(drug["inn"], drug["status"], Text("\n".join(_why(drug))))
    console.print(shown)
