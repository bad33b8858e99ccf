"""`qtwin drugs eligibility` as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.conftest import Run
from tests.oracles.rule_sets import rule_set

Edit = Callable[[Callable[[dict[str, Any]], None]], Path]
RULES = rule_set(
    {
        "id": "mine-avoid",
        "drug": "donepezil",
        "strength": "avoid",
        "when": {"condition": "alzheimer_disease"},
    },
    {"id": "mine-dose", "drug": "memantine", "strength": "dose", "max_daily_mg": 10},
    {
        "id": "mine-open",
        "drug": "memantine",
        "strength": "avoid",
        "when": {"potassium": {"above": 6}},
    },
    {
        "id": "mine-pair",
        "drug": "donanemab",
        "strength": "contraindicated",
        "with": {"drug": "apixaban"},
    },
    name="Mine",
    source="a test",
)


def _rules(folder: Path, text: str = RULES) -> str:
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "mine.toml").write_text(text, encoding="utf-8")
    return str(folder / "rules")


def test_every_drug_is_listed_with_its_rules_and_first_what_was_not_known(
    here: Run, experiment: Path
) -> None:
    folder = experiment.parent
    asked = (
        "drugs",
        "eligibility",
        str(folder / "bundle.json"),
        "--genotypes",
        str(folder / "genotypes.json"),
    )
    answer = json.loads(here(*asked, "--rules", _rules(folder), "--json").stdout)
    drugs = {d["inn"]: d for d in answer["drugs"]}
    assert len(drugs) == 36
    assert drugs["donepezil"]["status"] == "excluded"
    assert {
        "id": "mine-avoid",
        "strength": "avoid",
        "source": "a test",
        "lifted": False,
    }.items() <= next(r for r in drugs["donepezil"]["rules"] if r["id"] == "mine-avoid").items()
    assert drugs["memantine"]["ceiling_daily_mg"] <= 10
    assert {"id": "mine-open", "missing": ["potassium"]}.items() <= next(
        r for r in drugs["memantine"]["not_checked"] if r["id"] == "mine-open"
    ).items()
    assert (
        next(r for r in drugs["donanemab"]["rules"] if r["id"] == "mine-pair")["beside"]
        == "apixaban"
    )
    assert any(line.startswith("potassium unknown: ") for line in answer["not_known"])

    lifted = json.loads(
        here(*asked, "--rules", _rules(folder), "--lift", "mine-avoid", "--json").stdout
    )
    assert (
        next(r for d in lifted["drugs"] for r in d["rules"] if r["id"] == "mine-avoid")["lifted"]
        is True
    )

    plain = here(*asked, "--rules", _rules(folder), "--jurisdiction", "eu").stdout
    assert plain.index("potassium unknown") < plain.index("amitriptyline")
    assert "mine-dose" in plain


def test_a_rule_file_that_cannot_be_meant_is_refused_in_one_line(
    here: Run, experiment: Path
) -> None:
    folder = experiment.parent
    broken = _rules(
        folder, rule_set({"id": "mine", "drug": "donepezil", "strength": "avoid", "source": None})
    )
    ended = here("drugs", "eligibility", str(folder / "bundle.json"), "--rules", broken)
    assert ended.returncode == 2
    assert "mine.toml, rule mine: source is missing" in ended.stderr
    assert "Traceback" not in ended.stderr
