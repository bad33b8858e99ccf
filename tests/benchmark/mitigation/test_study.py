"""The cases of the study against exact results, and one run of the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from qtwin.benchmark.mitigation import RECIPES, choice, hydrogen, summarised
from qtwin.errors import InputError
from qtwin.spec import read_mitigation_spec
from tests.oracles.dense_backend import matrix


def test_one_string_reaches_the_lowest_eigenvalue_of_hydrogen() -> None:
    """FCI/STO-3G at 0.735 angstrom is -1.13731 hartree (the value of every textbook VQE)."""
    pytest.importorskip("pyscf")
    case = hydrogen(0.735)
    lowest = float(np.linalg.eigvalsh(matrix(case.observable))[0])
    assert case.exact_hartree == pytest.approx(lowest, abs=1e-8)
    assert lowest == pytest.approx(-1.13731, abs=1e-5)
    values = {s for r in RECIPES for s in r.mitigation.get("symmetries", ())}
    assert values == {"-Z0 Z1", "-Z2 Z3"}  # one electron of either spin


def test_the_choice_is_known_by_enumeration() -> None:
    case = choice(5, 2, 1, seed=4)
    every = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(np.uint8)
    energies = case.encoding.polynomial.evaluate(every)
    assert case.best == energies.min()
    assert every[energies.argmin()].sum() == 2
    assert energies.min() < case.ideal_energy < energies.mean()
    assert case.ideal_optimum <= case.ideal_repaired <= 1.0
    with pytest.raises(InputError, match="candidates with noise, got 13"):
        choice(13, 2, 1, seed=0)


def test_an_interval_of_a_mean_is_near_that_of_normal_theory() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, size=60).tolist()
    found = summarised(values)
    half = stats.norm.ppf(0.975) * np.std(values) / np.sqrt(60)
    assert found.value == pytest.approx(np.mean(values))
    assert found.high - found.low == pytest.approx(2 * half, rel=0.1)
    assert summarised([3.0, -3.0, 3.0], root_mean_square=True).value == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = 1\ntitle = 't'\nrepetitions = 2", "repetitions = 2"),
        ("seed = 1\ntitle = 't'\nlines = ['worst']", "lines.0 = 'worst'"),
        ("seed = 1\ntitle = 't'\n[energy]\nshot = 3", "'shot'"),
        ("seed = 1\ntitle = 't'\n[sampling]\nvariables = 13", "variables = 13"),
        ("seed = 1", "title is missing"),
    ],
)
def test_a_spec_that_cannot_be_used_is_refused(text: str, message: str, tmp_path: Path) -> None:
    spec = tmp_path / "study.toml"
    spec.write_text(text)
    with pytest.raises(InputError) as caught:
        read_mitigation_spec(spec)
    assert message in caught.value.message


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_reports_every_method_beside_none_and_random_bits(tmp_path: Path) -> None:
    from qtwin.studies.mitigation.result import MitigationResult
    from qtwin.studies.mitigation.run import run_mitigation

    spec = tmp_path / "study.toml"
    spec.write_text(
        "title = 't'\nseed = 3\nrepetitions = 3\nlines = ['typical']\n[energy]\nshots = "
        "4000\n[sampling]\nshots = 1000\n"
    )
    result = run_mitigation(spec, tmp_path / "out")
    by = {r.label: r for r in result.energy.rows}
    assert set(by) == {r.label for r in RECIPES}
    assert by["readout + symmetry"].rms_millihartree.high < by["none"].rms_millihartree.low
    rows = {r.label: r for r in result.sampling.rows}
    assert rows["random bits"].optimum.value == pytest.approx(1 / 64, abs=0.01)
    assert rows["readout + extrapolation"].optimum is None
    assert MitigationResult.read(tmp_path / "out" / "result.json") == result
    assert (tmp_path / "out" / "report.html").exists()
    again = run_mitigation(spec, tmp_path / "out")
    assert again.energy == result.energy
