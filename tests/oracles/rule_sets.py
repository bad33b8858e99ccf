"""Rule sets written to a folder as a user writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from qtwin.pharmacology.rule_book import RuleBook, read_rule_book


def toml(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def rule_set(*rules: dict[str, Any], groups: dict[str, Any] | None = None, **head: Any) -> str:
    """The text of a rule set; each rule gets a text and a source unless it says None for them."""
    head = {"name": "A set", "jurisdiction": "any", "precedence": 30, "source": "a test", **head}
    lines = ["[set]", *(f"{k} = {toml(v)}" for k, v in head.items() if v is not None)]
    for key, group in (groups or {}).items():
        lines += [
            f"[group.{key}]",
            *(f"{k} = {toml(v)}" for k, v in {"source": "a test", **group}.items()),
        ]
    for rule in rules:
        told = {"text": f"What {rule.get('id')} says.", "source": "a test", **rule}
        lines += ["[[rule]]", *(f"{k} = {toml(v)}" for k, v in told.items() if v is not None)]
    return "\n".join(lines)


def book_of(folder: Path, *sets: str, groups: str = "") -> RuleBook:
    """A book of these sets alone, read from files."""
    (folder / "eligibility").mkdir(parents=True, exist_ok=True)
    (folder / "drug_groups.toml").write_text(groups, encoding="utf-8")
    for old in (folder / "eligibility").glob("*.toml"):
        old.unlink()
    for i, text in enumerate(sets):
        (folder / "eligibility" / f"set_{i}.toml").write_text(text, encoding="utf-8")
    return read_rule_book(data=folder)
