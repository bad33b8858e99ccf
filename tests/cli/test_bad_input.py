"""Bad input gets `error:`, a hint, exit code 2, no traceback, and nothing half-written."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.thinned import thinned

Edit = Callable[[Callable[[dict[str, Any]], None]], Path]


def _refused(done: subprocess.CompletedProcess[str], folder: Path, *words: str) -> None:
    assert done.returncode == 2, done.stderr
    assert "error: " in done.stderr
    assert "hint: " in done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    left = [
        p
        for p in folder.rglob("*")
        if p.is_file() and (p.name in {"result.json", "report.html"} or "tmp" in p.suffixes)
    ]
    assert not left


def _observations(bundle: dict[str, Any], text: str) -> list[dict[str, Any]]:
    found = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Observation"
        and text in json.dumps(entry["resource"]["code"]).lower()
    ]
    assert found, f"no observation about {text}"
    return found


def test_a_missing_spec(here: Run, tmp_path: Path) -> None:
    _refused(here("run", "nowhere.toml"), tmp_path, "nowhere.toml")


def test_a_spec_that_is_not_toml(here: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("title = [", encoding="utf-8")
    _refused(here("run", "bad.toml"), tmp_path, "not TOML")


def test_a_missing_record(here: Run, experiment: Path) -> None:
    (experiment.parent / "bundle.json").unlink()
    _refused(here("run", experiment.name), experiment.parent, "bundle.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "not json",
        "[1, 2]",
        '{"resourceType": "Patient", "id": "a"}',
        '{"resourceType": "Bundle"}',
    ],
)
def test_a_record_that_is_not_a_bundle(here: Run, experiment: Path, text: str) -> None:
    (experiment.parent / "bundle.json").write_text(text, encoding="utf-8")
    _refused(here("run", experiment.name), experiment.parent)


def test_a_bundle_without_a_patient(here: Run, edit_bundle: Edit) -> None:
    def drop(bundle: dict[str, Any]) -> None:
        bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Patient"]

    spec = edit_bundle(drop)
    _refused(here("run", spec.name), spec.parent, "Patient")


@pytest.mark.parametrize(
    ("biomarker", "value"),
    thinned([("tau", float("nan")), ("amyloid", float("inf")), ("mini", -3.0)], keep=1),
)
def test_a_biomarker_that_cannot_be_is_left_out_and_said(
    here: Run, edit_bundle: Edit, biomarker: str, value: float
) -> None:
    def spoil(bundle: dict[str, Any]) -> None:
        _observations(bundle, biomarker)[0]["valueQuantity"]["value"] = value

    spec = edit_bundle(spoil)
    done = here("twin", "build", "bundle.json", "-o", "twin.json", "--ensemble-size", "200")
    assert done.returncode == 0, done.stderr
    assert "not used: Observation entry" in done.stdout + done.stderr
    assert (spec.parent / "twin.json").exists()


def test_an_unknown_drug_among_the_candidates(here: Run, experiment: Path) -> None:
    experiment.write_text(
        experiment.read_text().replace('"donepezil"', '"donepezill"'), encoding="utf-8"
    )
    _refused(here("run", experiment.name), experiment.parent, "unknown drug 'donepezill'")


def test_an_unknown_drug_in_the_record(here: Run, edit_bundle: Edit) -> None:
    def rename(bundle: dict[str, Any]) -> None:
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == "MedicationStatement":
                entry["resource"]["medicationCodeableConcept"] = {"text": "sertralin forte"}
                return

    spec = edit_bundle(rename)
    spec.write_text(
        spec.read_text().replace("[patient]", '[patient]\nunknown_medicines = "refuse"'),
        encoding="utf-8",
    )
    _refused(here("run", spec.name), spec.parent, "sertralin", "ignore")


def test_contradictory_constraints(here: Run, experiment: Path) -> None:
    experiment.write_text(
        experiment.read_text().replace("max_drugs = 6", "max_drugs = 2"), encoding="utf-8"
    )
    _refused(here("run", experiment.name), experiment.parent, "no regimen", "at most 2 drugs")


@pytest.mark.parametrize(
    ("old", "new", "suggestion"),
    [
        ('name = "cp-sat"', 'name = "cpsat"', "cp-sat"),
        ('backend = "statevector"', 'backend = "statevectr"', "statevector"),
        ("layers = 2", "layer = 2", "layers"),
        ("layers = 2", 'layers = "two"', "layers"),
        ("layers = 2", "layers = 0", "layers"),
        ("max_drugs = 6", "max_drug = 6", "max_drugs"),
        ("max_drugs = 6", 'max_drugs = "six"', "max_drugs"),
        ("n_members = 200", "n_members = 200\ndisease_model = 'alzheimers'", "alzheimer"),
        ("max_drugs = 6", 'max_drugs = 6\nneeds = ["depresion"]', "depression"),
        ("max_drugs = 6", "max_drugs = 6\nhorizon_years = nan", "horizon_years"),
        ("max_drugs = 6", "max_drugs = 6\nweights = {bleding = 2.0}", "bleeding"),
        ("max_drugs = 6", "max_drugs = 6\ncvar_alpha = 0.0", "cvar_alpha"),
        ("max_drugs = 6", "max_drugs = 6\ntail = 0.1", "tail"),
        ("max_drugs = 6", 'max_drugs = 6\ncvar_over = "everybody"', "cvar_over"),
        ("max_drugs = 6", 'max_drugs = 6\njurisdiction = "UK"', "jurisdiction"),
        ("max_drugs = 6", 'max_drugs = 6\nrules = "nowhere"', "nowhere"),
        ("max_drugs = 6", 'max_drugs = 6\nlift = ["no-such-rule"]', "no-such-rule"),
        ("n_members = 200", 'n_members = 200\nout_of_scope = "ignore"', "out_of_scope"),
    ],
)
def test_an_unknown_name_or_value_in_the_spec(
    here: Run, experiment: Path, old: str, new: str, suggestion: str
) -> None:
    experiment.write_text(experiment.read_text().replace(old, new), encoding="utf-8")
    _refused(here("run", experiment.name), experiment.parent, suggestion)


def test_an_output_folder_that_cannot_be_written(here: Run, experiment: Path) -> None:
    (experiment.parent / "taken").write_text(
        "a file stands where the folder should be", encoding="utf-8"
    )
    _refused(here("run", experiment.name, "--out", "taken"), experiment.parent, "--out")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_folder(here: Run, experiment: Path) -> None:
    locked = experiment.parent / "locked"
    locked.mkdir(mode=0o500)
    _refused(here("run", experiment.name, "--out", "locked/out"), experiment.parent, "--out")


def test_genotypes_that_contradict_themselves(here: Run, experiment: Path) -> None:
    path = experiment.parent / "genotypes.json"
    report = json.loads(path.read_text(encoding="utf-8"))
    report["genes"]["CYP2D6"]["recommendationDiplotypes"][0]["activityScore"] = "2.0"
    path.write_text(json.dumps(report), encoding="utf-8")
    _refused(here("run", experiment.name), experiment.parent, "CYP2D6")


@pytest.mark.parametrize(
    "module",
    thinned(
        [
            "ortools",
            "pennylane",
            "pennylane_lightning",
            "qiskit",
            "qiskit_aer",
            "dwave",
            "altair",
            "vl_convert",
            "numba",
        ],
        keep=2,
    ),
)
def test_a_missing_vendor_is_named_before_anything_runs(
    cli: Run, experiment: Path, module: str
) -> None:
    """A folder on the path hides the package, as if it were not installed."""
    solver = {
        "pennylane": 'name = "qaoa"\nbackend = "pennylane"',
        "pennylane_lightning": 'name = "qaoa"\nbackend = "pennylane"',
        "qiskit": 'name = "qaoa"\nbackend = "aer"',
        "qiskit_aer": 'name = "qaoa"\nbackend = "aer"',
        "ortools": 'name = "cp-sat"',
        "dwave": 'name = "simulated-annealing"',
    }.get(module, 'name = "random"')
    experiment.write_text(experiment.read_text() + f"\n[[solver]]\n{solver}\n", encoding="utf-8")
    block = experiment.parent / "block"
    block.mkdir()
    (block / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hide:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.split('.')[0] == {module!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hide())\n",
        encoding="utf-8",
    )
    root = Path(__file__).resolve().parents[2]
    done = cli("run", experiment.name, env={"PYTHONPATH": f"{block}{os.pathsep}{root}"})
    _refused(done, experiment.parent, "not installed")
