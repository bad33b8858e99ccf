"""Questions with more allowed regimens than can be simulated one by one: sampled, searched, and
never called proven.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qtwin.pharmacology import formulary
from qtwin.pharmacology.rule_book import shipped_rules
from qtwin.problem import feasible
from qtwin.problem import feasible as feasible_set
from qtwin.studies.regimen.run import run
from tests.cli.conftest import Run

FEW = """
[[solver]]
name = "enumeration"
[[solver]]
name = "simulated-annealing"
[[solver]]
name = "random"
shots = 512
"""


@pytest.fixture
def runs(
    experiment: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The small experiment enumerated, and as if it could not be."""
    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(experiment.parent / "audit.jsonl"))
    text = (
        experiment.read_text(encoding="utf-8")
        .split("[[solver]]")[0]
        .replace("n_members = 200", "n_members = 100")
    )
    text = text.replace('"paroxetine"', '"paroxetine", "memantine", "atorvastatin", "omeprazole"')
    text = text.replace("max_drugs = 6", "max_drugs = 9").replace(
        "n_train = 40", 'n_train = 40\ncompare = false\nspectrum = "never"'
    )
    experiment.write_text(text + FEW, encoding="utf-8")
    whole = run(experiment, experiment.parent / "whole").to_json()
    monkeypatch.setattr(feasible, "LIMIT", 40)
    monkeypatch.setattr(feasible_set, "SAMPLE", 60)
    sampled = run(experiment, experiment.parent / "sampled").to_json()
    return whole, sampled


@pytest.mark.slow
def test_the_sampled_question_finds_what_the_enumerated_one_proves(
    runs: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    whole, sampled = runs
    problem = sampled["problem"]
    assert whole["problem"]["complete"]
    assert not problem["complete"]
    assert problem["n_feasible"] == whole["problem"]["n_feasible"]
    assert problem["n_simulated"] < problem["n_feasible"]
    rows = {r["name"]: r for r in sampled["solvers"]}
    proof = next(r for r in whole["solvers"] if r["name"] == "enumeration")
    assert rows["enumeration"]["status"] == "refused"
    assert (
        f"{problem['n_feasible']:,} regimens are allowed" in rows["enumeration"]["info"]["refused"]
    )
    search = rows["twin-local-search"]
    assert search["objective_twin"] == pytest.approx(proof["objective_twin"], abs=1e-12)
    assert not any(r["proven"] and r["scope"] == "twin" for r in rows.values())
    assert "proved" not in sampled["solver_verdict"]
    assert (
        f"{problem['n_simulated']:,} of {problem['n_feasible']:,} allowed regimens were simulated"
        in sampled["solver_verdict"]
    )
    assert (
        max(r["objective_twin"] for r in rows.values() if r["feasible"])
        <= proof["objective_twin"] + 1e-12
    )
    # the same seed trains on other regimens, but measures the same quantity
    for one, other in ((whole["encoding"]["accuracy"], sampled["encoding"]["accuracy"]),):
        assert other["n_held_out"] <= 60
        assert abs(one["rank_correlation"] - other["rank_correlation"]) < 0.2


@pytest.mark.slow
def test_every_drug_at_every_dose_is_posed_and_answered(cli: Run, experiment: Path) -> None:
    """With every rule that advises against a drug lifted, which leaves more regimens than can be
    simulated one by one.
    """
    names = [f'{{inn = "{name}", doses = "all"}}' for name in formulary.formulary()]
    lifted = [
        rule.id for one in shipped_rules().sets for rule in one.rules if rule.strength == "avoid"
    ]
    head = (
        experiment.read_text(encoding="utf-8")
        .split("[problem]")[0]
        .replace("n_members = 200", "n_members = 100")
    )
    question = (
        f"[problem]\ncandidates = [{', '.join(names)}]\nmax_drugs = 10\nlift = "
        f"{json.dumps(lifted)}\n"
    )
    question += "[encoding]\nn_train = 2000\n"
    solvers = FEW + '[[solver]]\nname = "qaoa"\nbackend = "statevector"\nlayers = 1\n'
    experiment.write_text(head + question + solvers, encoding="utf-8")
    done = cli("run", experiment.name, "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["problem"]["n_feasible"] > 10**8
    rows = {r["name"]: r for r in result["solvers"]}
    assert rows["enumeration"]["status"] == rows["qaoa"]["status"] == "refused"
    assert (
        rows["twin-local-search"]["objective_twin"]
        >= max(result["encoding"]["scatter"]["true"]) - 1e-12
    )
    assert all(r["regret_twin"] >= 0.0 for r in rows.values() if r["feasible"])
