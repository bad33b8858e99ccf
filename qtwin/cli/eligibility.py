"""`qtwin drugs eligibility`: which drugs a person may be given, by which rule and source, and what was not known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from qtwin.cli.record import read_patient
from qtwin.pharmacology.drug import Drug
from qtwin.pharmacology.eligibility import Eligibility, assess
from qtwin.pharmacology.facts import facts_of
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.rule_book import read_rule_book


def _drug(drug: Drug, found: Eligibility) -> dict[str, Any]:
    rules = [
        {
            "id": f.rule.id,
            "strength": f.rule.strength,
            "beside": f.partner,
            "text": f.rule.text,
            "source": f.rule.source,
            "rule_set": f.rule.rule_set,
            "lifted": f.rule.id in found.lifted,
            **f.rule.limits,
        }
        for f in found.of(drug.inn)
    ]
    unchecked = [
        {"id": u.rule.id, "strength": u.rule.strength, "missing": list(u.missing), "text": u.rule.text, "source": u.rule.source}
        for u in found.unchecked
        if u.inn == drug.inn
    ]
    return {
        "inn": drug.inn,
        "status": found.status(drug),
        "ceiling_daily_mg": found.ceiling_daily_mg(drug.inn),
        "starting_daily_mg": found.starting_dose(drug.inn),
        "rules": rules,
        "not_checked": unchecked,
    }


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
    patient = read_patient(record, genotypes, stated=consent)
    drugs = tuple(formulary().values())
    found = assess(patient, drugs, jurisdiction=jurisdiction, lift=lift, book=book, going_on=facts_of(patient).medicines)
    answer = {
        "jurisdiction": jurisdiction,
        "rules": sum(rule.holds_in(jurisdiction) for rule in book.rules),
        "not_known": list(found.not_known()),
        "set_aside": dict(found.set_aside),
        "drugs": [_drug(drug, found) for drug in drugs],
    }
    if not as_json:
        _print(answer)
    return answer


def _print(answer: dict[str, Any]) -> None:
    console = Console()
    for line in answer["not_known"]:
        console.print(line, markup=False, highlight=False)
    for low, high in answer["set_aside"].items():
        console.print(f"rule {low} is set aside by {high}", markup=False, highlight=False)
    title = f"Eligibility, {answer['rules']} rules, {answer['jurisdiction']}"
    shown = Table(title=title, title_justify="left")
    for name in ("drug", "status", "rule", "strength", "what it says", "source"):
        shown.add_column(name)
    for drug in answer["drugs"]:
        rows = [
            (
                rule["id"],
                rule["strength"] + (", lifted" if rule["lifted"] else ""),
                rule["text"] + (f" Beside {rule['beside']}." if rule["beside"] else ""),
                rule["source"],
            )
            for rule in drug["rules"]
        ]
        rows += [
            (rule["id"], f"not checked ({rule['strength']})", f"{', '.join(rule['missing'])} unknown", rule["source"])
            for rule in drug["not_checked"]
        ]
        for i, row in enumerate(rows or [("", "", "", "")]):
            shown.add_row(*((drug["inn"], drug["status"]) if i == 0 else ("", "")), *row, end_section=i == len(rows) - 1)
    console.print(shown)
