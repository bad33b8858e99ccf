"""`qtwin problem`, `solve` and `generate`: files to others and from others."""

from __future__ import annotations

import json
from pathlib import Path

import dimod
import pytest

from tests.cli.conftest import Run


def _json(here: Run, *arguments: str) -> dict:
    done = here(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_an_experiment_goes_out_and_every_solver_agrees_on_it(here: Run, experiment: Path) -> None:
    folder = experiment.parent
    energies = {}
    for suffix in ("json", "qubo", "lp"):
        told = _json(here, "problem", experiment.name, "-o", f"out.{suffix}")
        text = (folder / f"out.{suffix}").read_text(encoding="utf-8")
        bundle = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))
        patient = next(
            e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Patient"
        )
        for secret in (
            patient["id"],
            patient.get("birthDate", ""),
            *(str(i.get("value")) for i in patient.get("identifier", [])),
        ):
            assert not secret or secret not in text
        assert told["n_variables"] >= told["n_decision"]
        for solver in ("enumeration", "cp-sat"):
            found = _json(
                here, "solve", f"out.{suffix}", "--solver", solver, "-o", f"{solver}.json"
            )
            assert found["solvers"][0]["proven"]
            assert found["feasible"]
            energies[suffix, solver] = found["energy"]
            assert (
                json.loads((folder / f"{solver}.json").read_text())["schema"] == "qtwin.solution/1"
            )
    assert max(energies.values()) - min(energies.values()) < 1e-6
    assert _json(here, "problem", experiment.name, "-o", "out.qasm")["degree"] == 2
    assert (folder / "out.qasm").read_text().startswith("OPENQASM 3")


def test_an_instance_of_dimod_is_solved(here: Run, tmp_path: Path) -> None:
    model = dimod.generators.gnp_random_bqm(9, 0.6, "BINARY", random_state=4)
    constrained = dimod.ConstrainedQuadraticModel.from_bqm(model)
    constrained.relabel_variables({v: f"v{v}" for v in constrained.variables})
    (tmp_path / "theirs.lp").write_text(dimod.lp.dumps(constrained))
    found = _json(here, "solve", str(tmp_path / "theirs.lp"))
    exact = dimod.ExactSolver().sample(model).first
    assert found["energy"] == pytest.approx(exact.energy, abs=1e-5)
    assert found["solvers"][0]["proven"]


def test_slack_bits_are_no_choice(here: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.lp").write_text(
        "Maximize\n obj: 3 a + 2 b - c\nSubject To\n r: 2 a + 3 b + 2 c <= 4\nBinary\n a b "
        "c\nEnd\n",
        encoding="utf-8",
    )
    found = _json(here, "solve", str(tmp_path / "rows.lp"))
    assert sum(found["bits"]) > 1
    assert found["chosen"] == ["a"]
    assert found["energy"] == pytest.approx(-3.0)


def test_a_family_is_made_and_solved(here: Run, tmp_path: Path) -> None:
    made = _json(
        here,
        "generate",
        "wishart",
        "-n",
        "14",
        "--seed",
        "2",
        "--option",
        "alpha=0.8",
        "-o",
        str(tmp_path / "w.qubo"),
    )
    found = _json(here, "solve", str(tmp_path / "w.qubo"), "--solver", "enumeration")
    assert found["energy"] == pytest.approx(made["optimum"], abs=1e-6)


def test_nobody_knows_what_an_energy_from_elsewhere_allows(here: Run, tmp_path: Path) -> None:
    (tmp_path / "theirs.qubo").write_text("p qubo unconstrained 2 2 1\n0 0 -1\n1 1 -1\n0 1 3\n")
    found = _json(here, "solve", "theirs.qubo", "--solver", "enumeration")
    assert found["feasible"] is None
    assert found["instance"]["constraints"] is None
    assert found["solvers"][0]["proven"]  # of the energy
    assert "unknown" in here("solve", "theirs.qubo", "--solver", "enumeration").stderr


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("solve", "missing.qubo"), "no instance file"),
        (("solve", "a.txt"), "no instance file"),
        (("solve", "small.toml"), "suffix"),
        (("problem", "small.toml", "-o", "out.xyz"), "suffix"),
        (("generate", "wishhart", "-n", "5", "-o", "a.qubo"), "wishart"),
        (("generate", "xorsat", "-n", "5", "-o", "a.qubo"), "degree"),
        (("generate", "dense", "-n", "5", "-o", "a.qubo", "--option", "density"), "key=value"),
    ],
)
def test_what_cannot_be_done_is_said(
    here: Run, experiment: Path, arguments: tuple[str, ...], word: str
) -> None:
    done = here(*(experiment.name if a == "small.toml" else a for a in arguments))
    assert done.returncode == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_an_option_of_a_solver_is_checked(here: Run, tmp_path: Path) -> None:
    _json(here, "generate", "dense", "-n", "6", "-o", str(tmp_path / "d.json"))
    done = here("solve", str(tmp_path / "d.json"), "--solver", "random", "--option", "shots=many")
    assert done.returncode == 2
    assert "shots" in done.stderr
    found = _json(
        here,
        "solve",
        str(tmp_path / "d.json"),
        "--solver",
        "qaoa",
        "--option",
        "layers=1",
        "--option",
        "shots=200",
    )
    assert found["success_probability"]["trials"] == 200
