"""The whole way from a record to a verdict, interrupted, resumed, and turned by the genotype."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Run

Edit = Callable[[Callable[[dict[str, Any]], None]], Path]


def _result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _recommended_before_proven(result: dict[str, Any]) -> None:
    """What is recommended and for whom, how sure, what was excluded and why; and which solver
    proved it apart from that.
    """
    assert result["verdict"].startswith("For this woman of 76 ")
    assert "proved" not in result["verdict"]
    for chosen in result["chosen"]:
        assert set(chosen) == {"inn", "amount_mg", "interval_h"}
        assert chosen["inn"] in result["verdict"]
    assert "proved" in result["solver_verdict"]
    played = next(r for r in result["regimens"] if r["key"] == "chosen")
    assert [label.split(" ")[0] for label in played["drugs"]] == [
        c["inn"] for c in result["chosen"]
    ]
    out = {(e["inn"], e["amount_mg"], e["interval_h"]) for e in result["excluded"]}
    assert not out & {(c["inn"], c["amount_mg"], c["interval_h"]) for c in result["chosen"]}
    for row in result["excluded"]:
        assert row["because"]
        for why in row["because"]:
            assert why["strength"] in ("contraindicated", "avoid", "dose")
            assert why["rule"]
            assert why["text"]
            assert why["source"]
    given = {d["inn"] for d in (*result["chosen"], *result["going_on"])}
    for caution in result["cautions"]:
        assert caution["inn"] in given
        assert not caution["partner"] or caution["source"]
    sure, worth = result["certainty"], result["worth"]
    assert sure["p_optimal"] == result["p_optimal"]
    assert 0.0 < result["p_optimal"] <= 1.0
    held = [s["p_optimal"] for s in result["set90"]]
    assert held == sorted(held, reverse=True)
    assert 0.9 - 1e-9 <= sum(held) <= 1.0 + 1e-9
    assert 0.0 <= sure["evpi_qaly"] <= sure["expected_regret_qaly"] + 1e-12
    assert sure["expected_regret_qaly"] >= 0.0
    assert {"efficacy", "harm", "value"} <= {e["group"] for e in sure["evppi"]}
    assert all(t["source"] and t["status"] for t in sure["tornado"])
    best = next(r for r in result["solvers"] if r["name"] == "enumeration")
    assert worth["remaining_life_qaly"] == pytest.approx(best["objective_twin"], abs=1e-12)
    assert worth["horizon_years"] == 1.5
    assert result["eligibility"]["jurisdiction"] == "US"


def _set_cyp2d6(
    folder: Path, alleles: tuple[str, str], values: tuple[str, str], score: str, phenotype: str
) -> None:
    path = folder / "genotypes.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    gene = report["genes"]["CYP2D6"]
    for diplotype in gene["recommendationDiplotypes"] + gene["sourceDiplotypes"]:
        for k in (0, 1):
            diplotype[f"allele{k + 1}"]["name"] = alleles[k]
            diplotype[f"allele{k + 1}"]["activityValue"] = values[k]
        diplotype |= {
            "activityScore": score,
            "phenotypes": [phenotype],
            "lookupKey": [score],
            "label": "/".join(alleles),
        }
    path.write_text(json.dumps(report), encoding="utf-8")


def test_a_record_becomes_a_verdict(cli: Run, experiment: Path) -> None:
    result = _result(cli("run", experiment.name, "--json"))
    assert result["schema"] == "qtwin.result/1"
    _recommended_before_proven(result)
    rows = {r["name"]: r for r in result["solvers"]}
    enumeration = rows["enumeration"]
    assert enumeration["proven"]
    assert enumeration["scope"] == "twin"
    assert enumeration["regret_twin"] == 0.0
    for row in rows.values():
        if row["feasible"]:
            assert row["objective_twin"] <= enumeration["objective_twin"] + 1e-12
    # CP-SAT proves the encoding's optimum, and complete enumeration of the encoding agrees with it
    best_encoded = max(result["encoding"]["scatter"]["encoded"])
    assert rows["cp-sat"]["objective_encoded"] == pytest.approx(best_encoded, abs=1e-9)
    assert rows["cp-sat"]["regret_twin"] == pytest.approx(
        result["encoding"]["accuracy"]["regret"], abs=1e-12
    )
    assert result["encoding"]["sufficiency"]["holds"]
    chosen = next(r for r in result["regimens"] if r["key"] == "chosen")
    assert sum(k["mean"] for k in chosen["kinds"]) == pytest.approx(
        chosen["utility"]["mean"], abs=1e-9
    )
    out = experiment.parent / "out" / "small"
    assert json.loads((out / "result.json").read_text())["spec_hash"] == result["spec_hash"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert result["verdict"] in unescape(page).replace("\u00a0", " ")
    assert len(list((out / "figures").glob("*.svg"))) >= 4


@pytest.mark.slow
@pytest.mark.timeout(400)  # three runs
def test_the_genotype_turns_kinetics_and_utility(here: Run, experiment: Path) -> None:
    seen = []
    for alleles, values, score, phenotype in (
        (("*4", "*4"), ("0.0", "0.0"), "0.0", "Poor Metabolizer"),
        (("*1", "*4"), ("1.0", "0.0"), "1.0", "Intermediate Metabolizer"),
        (("*1", "*1"), ("1.0", "1.0"), "2.0", "Normal Metabolizer"),
    ):
        _set_cyp2d6(experiment.parent, alleles, values, score, phenotype)
        result = _result(here("run", experiment.name, "--json", "--out", score))
        metoprolol = next(k for k in result["twin"]["kinetics"] if k["inn"] == "metoprolol")
        current = next(r for r in result["regimens"] if r["key"] == "current")
        bradycardia = next(k["mean"] for k in current["kinds"] if k["kind"] == "bradycardia")
        seen.append((metoprolol["exposure_ratio"], bradycardia, current["utility"]["mean"]))
    exposure, bradycardia, utility = zip(*seen, strict=True)
    assert exposure[0] > exposure[1] > exposure[2]
    assert bradycardia[0] < bradycardia[1] < bradycardia[2] < 0.0
    # metoprolol and paroxetine suit her the less, the slower she clears them
    assert utility[0] < utility[1] < utility[2]


@pytest.mark.slow
def test_an_interrupted_run_goes_on_and_ends_at_the_same_result(
    here: Run, experiment: Path
) -> None:
    whole = _result(here("run", experiment.name, "--json", "--out", "whole"))
    for how, code in ((signal.SIGINT, 3), (signal.SIGKILL, -signal.SIGKILL)):
        out = experiment.parent / f"cut-{how.name}"
        process = subprocess.Popen(
            [sys.executable, "-m", "qtwin", "run", experiment.name, "--out", out.name],
            cwd=experiment.parent,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(experiment.parent)},
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 600
        while (
            not list(out.glob(".stages/*/solver-0-*.json"))
            and process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        process.send_signal(how)
        _, shown = process.communicate(timeout=300)
        assert process.returncode == code, shown
        assert "Traceback" not in shown
        assert not (out / "result.json").exists()
        again = here("run", experiment.name, "--json", "--out", out.name)
        resumed = _result(again)
        assert "kept from before" in again.stderr
        for key in (
            "verdict",
            "chosen",
            "certainty",
            "spec_hash",
            "regimens",
            "top",
        ):  # that of the solvers carries measured seconds
            assert resumed[key] == whole[key]
        same = [(r["label"], r["bits"], r["energy"]) for r in resumed["solvers"]]
        assert same == [(r["label"], r["bits"], r["energy"]) for r in whole["solvers"]]


def test_help_loads_nothing_heavy() -> None:
    """What takes seconds to import is not needed to say what there is; how long help takes is
    measured in benchmarks.
    """
    heavy = (
        "numpy",
        "scipy",
        "numba",
        "pydantic",
        "qiskit",
        "pennylane",
        "altair",
        "vl_convert",
        "ortools",
    )
    code = (
        "import sys\nsys.argv = ['qtwin', '--help']\nfrom qtwin.cli import main\n"
        f"try:\n    main()\nexcept SystemExit:\n    pass\nprint([m for m in {heavy!r} if m "
        "in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "command",
    [
        ("drugs",),
        ("drugs", "show", "metoprolol"),
        ("solvers",),
        ("backends",),
        ("diseases",),
        ("doctor",),
    ],
)
def test_listings_speak_json(here: Run, command: tuple[str, ...]) -> None:
    done = here(*command, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_twin_build_writes_a_twin_and_its_ensemble(here: Run, experiment: Path) -> None:
    done = here(
        "twin",
        "build",
        "bundle.json",
        "--genotypes",
        "genotypes.json",
        "-o",
        "her.json",
        "--ensemble-size",
        "200",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_members"] == 200
    written = (experiment.parent / "her.json").read_text(encoding="utf-8")
    assert json.loads(written)["schema"] == "qtwin.twin/1"
    assert (experiment.parent / "her.npz").exists()


def test_a_choice_of_one_still_ends_in_a_verdict(here: Run, experiment: Path) -> None:
    text = experiment.read_text()
    start, end = text.index("candidates"), text.index("max_drugs")
    forced = 'candidates = ["donepezil", "metoprolol", "apixaban", "paroxetine"]\n'
    experiment.write_text(text[:start] + forced + text[end:], encoding="utf-8")
    result = _result(here("run", experiment.name, "--json"))
    assert result["problem"]["n_feasible"] == 1
    assert result["encoding"]["accuracy"] is None
    assert all(r["regret_twin"] in (None, 0.0) for r in result["solvers"])


def test_a_drug_that_no_rule_allows_is_excluded_with_its_reason_and_never_chosen(
    here: Run, edit_bundle: Edit
) -> None:
    """Her QTc is made 530 ms: donepezil and citalopram are out, by rules that name their source."""

    def lengthen(bundle: dict[str, Any]) -> None:
        for entry in bundle["entry"]:
            quantity = entry["resource"].get("valueQuantity", {})
            if quantity.get("code") == "ms":
                quantity["value"] = 530

    spec = edit_bundle(lengthen)
    result = _result(here("run", spec.name, "--json"))
    out = {e["inn"] for e in result["excluded"]}
    assert {"donepezil", "citalopram"} <= out
    assert not out & {c["inn"] for c in result["chosen"] if c["inn"] in {"donepezil", "citalopram"}}


def test_a_record_that_no_model_is_about_is_refused_or_accepted_by_name(
    here: Run, edit_bundle: Edit
) -> None:
    def heal(bundle: dict[str, Any]) -> None:
        bundle["entry"] = [
            e for e in bundle["entry"] if e["resource"]["resourceType"] != "Condition"
        ]

    spec = edit_bundle(heal)
    refused = here("run", spec.name)
    assert refused.returncode == 2, refused.stderr
    assert "outside the scope" in refused.stderr
    assert 'out_of_scope = "accept"' in refused.stderr
    spec.write_text(
        spec.read_text().replace("n_members = 200", 'n_members = 200\nout_of_scope = "accept"'),
        encoding="utf-8",
    )
    result = _result(here("run", spec.name, "--json"))
    assert result["verdict"].startswith("Outside the scope of every model")
    assert result["chosen"] == []
    assert result["verdict"].endswith("recommends no drug.")
    assert {row["inn"] for row in result["without_indication"]} >= {
        "donepezil",
        "apixaban",
        "sertraline",
        "amlodipine",
    }


@pytest.mark.slow
def test_the_objective_guards_against_the_worst_by_name(here: Run, experiment: Path) -> None:
    guard = 'max_drugs = 6\ncvar_alpha = 0.2\ncvar_over = "ignorance"'
    experiment.write_text(experiment.read_text().replace("max_drugs = 6", guard), encoding="utf-8")
    result = _result(here("run", experiment.name, "--json"))
    assert "worst 20 % of ignorance" in result["problem"]["objective"]
    # the worst fifth of the draws is worse than their mean, which the played-back section tells
    chosen = next(r for r in result["regimens"] if r["key"] == "chosen")
    assert result["worth"]["remaining_life_qaly"] < chosen["utility"]["mean"]
