"""The whole way from a record to a verdict, interrupted, resumed, and turned by the genotype."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Run


def _result(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _set_cyp2d6(folder: Path, alleles: tuple[str, str], values: tuple[str, str], score: str, phenotype: str) -> None:
    path = folder / "genotypes.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    gene = report["genes"]["CYP2D6"]
    for diplotype in gene["recommendationDiplotypes"] + gene["sourceDiplotypes"]:
        for k in (0, 1):
            diplotype[f"allele{k + 1}"]["name"] = alleles[k]
            diplotype[f"allele{k + 1}"]["activityValue"] = values[k]
        diplotype |= {"activityScore": score, "phenotypes": [phenotype], "lookupKey": [score], "label": "/".join(alleles)}
    path.write_text(json.dumps(report), encoding="utf-8")


def test_a_record_becomes_a_verdict(cli: Run, experiment: Path) -> None:
    result = _result(cli("run", experiment.name, "--json"))
    assert result["schema"] == "qtwin.result/1"
    assert result["verdict"].count(". ") == 0
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
    assert rows["cp-sat"]["regret_twin"] == pytest.approx(result["encoding"]["fidelity"]["regret"], abs=1e-12)
    assert result["encoding"]["sufficiency"]["holds"]
    chosen = next(r for r in result["regimens"] if r["key"] == "chosen")
    assert sum(k["mean"] for k in chosen["kinds"]) == pytest.approx(chosen["utility"]["mean"], abs=1e-9)
    out = experiment.parent / "out" / "small"
    assert json.loads((out / "result.json").read_text())["spec_hash"] == result["spec_hash"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert result["verdict"].split(":")[0] in page
    assert len(list((out / "figures").glob("*.png"))) >= 4


def test_the_genotype_turns_kinetics_and_utility(cli: Run, experiment: Path) -> None:
    seen = []
    for alleles, values, score, phenotype in (
        (("*4", "*4"), ("0.0", "0.0"), "0.0", "Poor Metabolizer"),
        (("*1", "*4"), ("1.0", "0.0"), "1.0", "Intermediate Metabolizer"),
        (("*1", "*1"), ("1.0", "1.0"), "2.0", "Normal Metabolizer"),
    ):
        _set_cyp2d6(experiment.parent, alleles, values, score, phenotype)
        result = _result(cli("run", experiment.name, "--json", "--out", score))
        metoprolol = next(k for k in result["twin"]["kinetics"] if k["inn"] == "metoprolol")
        current = next(r for r in result["regimens"] if r["key"] == "current")
        bradycardia = next(k["mean"] for k in current["kinds"] if k["kind"] == "bradycardia")
        seen.append((metoprolol["exposure_ratio"], bradycardia, current["utility"]["mean"]))
    exposure, bradycardia, utility = zip(*seen, strict=True)
    assert exposure[0] > exposure[1] > exposure[2]
    assert bradycardia[0] < bradycardia[1] < bradycardia[2] < 0.0
    assert utility[0] < utility[1] < utility[2]  # metoprolol and paroxetine suit her the less, the slower she clears them


def test_an_interrupted_run_goes_on_and_ends_at_the_same_result(cli: Run, experiment: Path) -> None:
    whole = _result(cli("run", experiment.name, "--json", "--out", "whole"))
    for how, code in ((signal.SIGINT, 3), (signal.SIGKILL, -signal.SIGKILL)):
        out = experiment.parent / f"cut-{how.name}"
        process = subprocess.Popen(
            [sys.executable, "-m", "qtwin", "run", experiment.name, "--out", out.name],
            cwd=experiment.parent,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(experiment.parent)},
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 120
        while not list(out.glob(".stages/*/solver-0-*.json")) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(how)
        _, shown = process.communicate(timeout=60)
        assert process.returncode == code, shown
        assert "Traceback" not in shown
        assert not (out / "result.json").exists()
        again = cli("run", experiment.name, "--json", "--out", out.name)
        resumed = _result(again)
        assert "kept from before" in again.stderr
        for key in ("verdict", "spec_hash", "regimens", "top"):
            if key != "verdict":  # the sentence carries measured seconds
                assert resumed[key] == whole[key]
        same = [(r["label"], r["bits"], r["energy"]) for r in resumed["solvers"]]
        assert same == [(r["label"], r["bits"], r["energy"]) for r in whole["solvers"]]


def test_help_answers_in_half_a_second(cli: Run) -> None:
    def once() -> float:
        started = time.perf_counter()
        assert cli("--help").returncode == 0
        return time.perf_counter() - started

    assert min(once() for _ in range(3)) < 0.5


@pytest.mark.parametrize(
    "command", [("drugs",), ("drugs", "show", "metoprolol"), ("solvers",), ("backends",), ("diseases",), ("doctor",)]
)
def test_listings_speak_json(cli: Run, command: tuple[str, ...]) -> None:
    done = cli(*command, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)


def test_twin_build_writes_a_twin_and_its_ensemble(cli: Run, experiment: Path) -> None:
    done = cli("twin", "build", "bundle.json", "--genotypes", "genotypes.json", "-o", "her.json", "--members", "200", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["n_members"] == 200
    written = (experiment.parent / "her.json").read_text(encoding="utf-8")
    assert json.loads(written)["schema"] == "qtwin.twin/1"
    assert (experiment.parent / "her.npz").exists()


def test_a_choice_of_one_still_ends_in_a_verdict(cli: Run, experiment: Path) -> None:
    text = experiment.read_text()
    start, end = text.index("candidates"), text.index("max_drugs")
    forced = 'candidates = ["donepezil", "metoprolol", "amlodipine", "apixaban", "sertraline"]\n'
    experiment.write_text(text[:start] + forced + text[end:], encoding="utf-8")
    result = _result(cli("run", experiment.name, "--json"))
    assert result["problem"]["n_feasible"] == 1
    assert result["encoding"]["fidelity"] is None
    assert all(r["regret_twin"] in (None, 0.0) for r in result["solvers"])
