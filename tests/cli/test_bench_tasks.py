"""Sweeps over backends and noise, scaling studies and maps of several steps: what is made of them,
what is refused.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.solver.nulls import DESCENT, UNIFORM_FEASIBLE
from qtwin.spec import BenchSpec, read_bench_spec, read_map_spec, read_scaling_spec
from qtwin.studies.benchmark.tasks import entrants_of, groups_of, noise_levels, tasks_of
from qtwin.studies.map.steps import run_steps
from qtwin.studies.scaling.run import run_scaling

FAMILY = '[[family]]\nname = "dense"\nsizes = [4]\n'
QAOA = '[[solver]]\nname = "qaoa"\nlabel = "Q"\nlayers = 1\nshots = 8\n'


def _bench(folder: Path, text: str) -> BenchSpec:
    (folder / "sweep.toml").write_text('title = "t"\nseed = 1\n' + text)
    return read_bench_spec(folder / "sweep.toml")


def test_backends_and_noise_levels_are_entrants_of_their_own(tmp_path: Path) -> None:
    spec = _bench(tmp_path, FAMILY + QAOA + 'backends = ["statevector", "aer"]\n')
    found = {e.label: e.options["backend"] for e in entrants_of(spec) if e.solver == "qaoa"}
    assert found == {"Q on statevector": "statevector", "Q on aer": "aer"}
    noisy = _bench(tmp_path, FAMILY + QAOA + "noise = [0.0, 0.01]\n")
    found = {e.label: e.options["backend"] for e in entrants_of(noisy) if e.solver == "qaoa"}
    assert found == {
        "Q, error 0": "aer:depolarising_2q=0",
        "Q, error 0.01": "aer:depolarising_2q=0.01",
    }
    assert noise_levels(noisy) == {"Q, error 0": ("Q", 0.0), "Q, error 0.01": ("Q", 0.01)}
    two = _bench(
        tmp_path, FAMILY + FAMILY.replace("sizes", 'label = "cubic"\ndegree = 3\nsizes') + QAOA
    )
    assert [g.label for g in groups_of(two)] == ["dense", "cubic"]


def test_null_baselines_stand_beside_every_quantum_solver_and_no_other(tmp_path: Path) -> None:
    """As many shots, runs and sizes as the quantum side; what the sweep names itself is not
    doubled.
    """
    spec = _bench(
        tmp_path,
        FAMILY
        + QAOA
        + "runs = 3\nlargest = 4\n"
        + '[[solver]]\nname = "random"\nlabel = "R"\nshots = 5\n',
    )
    nulls = {e.label: e for e in entrants_of(spec) if e.solver.startswith("random")}
    assert list(nulls) == ["R", UNIFORM_FEASIBLE, DESCENT]
    assert all(
        (e.runs, e.largest, e.options["shots"]) == (3, 4, 8)
        for label, e in nulls.items()
        if label != "R"
    )
    assert nulls[DESCENT].options["descent"] is True
    alone = _bench(tmp_path, FAMILY + '[[solver]]\nname = "tabu"\n')
    assert [e.label for e in entrants_of(alone)] == ["tabu"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (FAMILY + QAOA + 'backend = "aer"\nbackends = ["aer"]\n', "not both|backend and a list"),
        (FAMILY + '[[solver]]\nname = "tabu"\nnoise = [0.1]\n', "runs on no backend"),
        (FAMILY + QAOA + 'backends = ["aer"]\nnoise = [0.1]\n', "no place for the noise"),
        (FAMILY + QAOA + 'backends = ["airy"]\n', "airy"),
        (FAMILY + QAOA + "noise = [1.5]\n", "noise"),
        (FAMILY + FAMILY + QAOA, "two families"),
        ('[[family]]\nname = "screen"\nsizes = [4]\n' + QAOA, "no table"),
    ],
)
def test_sweeps_that_cannot_be_meant_are_refused(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        tasks_of(_bench(tmp_path, text))


SCALING = """
title = "s"
seed = 1
layers = 1
train_sizes = [5]
sizes = [6, 7, 8, 9]
fit_from = 6
[family]
name = "labs"
"""


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("train_sizes = [5]", "train_sizes = [7]", "angles trained"),
        ("sizes = [6, 7, 8, 9]", "sizes = [6, 7, 8, 90]", "sizes"),
        ("layers = 1", "layers = 0", "layers"),
        ('name = "labs"', 'name = "lab"', "lab"),
        ("seed = 1", "seed = 1\nsede = 2", "sede"),
    ],
)
def test_scaling_studies_that_cannot_run_are_refused(
    tmp_path: Path, old: str, new: str, word: str
) -> None:
    (tmp_path / "s.toml").write_text(SCALING.replace(old, new, 1))
    with pytest.raises(InputError, match=word):
        run_scaling(tmp_path / "s.toml", tmp_path / "out")
    (tmp_path / "s.toml").write_text(SCALING)
    assert read_scaling_spec(tmp_path / "s.toml").fit_sizes == (6, 7, 8, 9)


@pytest.mark.parametrize(
    ("step", "word"),
    [
        ('name = "a"\ncommand = "bench"\n', "spec"),
        ('name = "a"\ncommand = "bench"\nspec = "nowhere.toml"\n', "nowhere"),
        ('name = "A b"\ncommand = "bench"\nspec = "x.toml"\n', "name"),
        ('name = "a"\ncommand = "draw"\nspec = "x.toml"\n', "command"),
        ('name = "a"\ncommand = "screen"\npairs = "p.csv"\n', "no step"),
    ],
)
def test_maps_whose_steps_cannot_run_are_refused(tmp_path: Path, step: str, word: str) -> None:
    (tmp_path / "m.toml").write_text(f'title = "m"\n[[step]]\n{step}')
    with pytest.raises(InputError, match=word):
        run_steps(tmp_path / "m.toml", tmp_path / "out", data=None)


def test_the_shipped_map_can_be_read() -> None:
    root = Path(__file__).resolve().parents[2] / "experiments"
    spec = read_map_spec(root / "advantage_map.toml")
    assert all(not s.spec or (root / s.spec).exists() for s in spec.step)
    assert spec.decision_rule
