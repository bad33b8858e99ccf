"""Trials and validations from Python: typed results that read back as themselves and draw their
pages.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import qtwin as qt
from qtwin.studies.validation import run as validation_run
from qtwin.twin.trial_analysis import two_sided_power


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> tuple[qt.TrialResult, Path]:
    """A small trial and its folder."""
    folder = tmp_path_factory.mktemp("trial")
    protocol = qt.TrialProtocol.shipped("clarity-ad", n_per_arm=80, power_sizes=(50, 1600))
    return qt.run_trial(protocol, folder), folder


def test_a_trial_reads_back_as_itself(trial: tuple[qt.TrialResult, Path]) -> None:
    result, folder = trial
    assert qt.TrialResult.read(folder / "result.json") == result
    assert result.to_json()["schema"] == "qtwin.trial/1"
    assert list(result.to_pandas()["arm"]) == [a.name for a in result.arms[1:]]
    assert len(result.to_pandas("arms")) == len(result.arms) * (len(result.spec.weeks) + 1)
    assert result.verdict in repr(result)
    assert result.verdict.split("<")[0][:20] in result._repr_html_()


def test_a_page_is_drawn_from_a_result_that_was_read(
    trial: tuple[qt.TrialResult, Path], tmp_path: Path
) -> None:
    result, folder = trial
    page = qt.TrialResult.read(folder / "result.json").to_html(tmp_path / "again.html")
    assert page.name == "again.html"
    assert result.title.split("'")[0] in page.read_text(encoding="utf-8")
    assert {p.name for p in (tmp_path / "figures").glob("*.csv")} == {
        p.name for p in (folder / "figures").glob("*.csv")
    }


def test_a_trial_writes_nothing_unless_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    qt.run_trial(qt.TrialProtocol.shipped("clarity-ad", n_per_arm=60, power_sizes=(20,)))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "said"), [({"n_per_arm": 5}, "n_per_arm"), ({"n_per_arms": 50}, "unknown key")]
)
def test_an_impossible_change_of_a_protocol_is_refused(changes: dict[str, int], said: str) -> None:
    with pytest.raises(qt.InputError, match=said):
        qt.TrialProtocol.shipped("clarity-ad", **changes)
    with pytest.raises(qt.InputError, match="unknown shipped protocol"):
        qt.TrialProtocol.shipped("clarity")


def test_power_is_the_share_of_t_tests_that_find_the_difference_and_is_one_in_the_end() -> None:
    rng = np.random.default_rng(5)
    for shift in (0.0, 1.0, 2.8):
        t = (shift + rng.standard_normal(200_000)) / np.sqrt(rng.chisquare(30, 200_000) / 30)
        share = (2.0 * stats.t.sf(np.abs(t), 30) < 0.05).mean()
        assert two_sided_power(shift, 30) == pytest.approx(share, abs=0.005)
        assert two_sided_power(-shift, 30) == two_sided_power(shift, 30)
    assert two_sided_power(0.0, 30) == pytest.approx(0.05)
    for freedom in (37.0, 317.0, 3197.0):
        assert min(
            two_sided_power(float(shift), freedom) for shift in range(8, 60)
        ) == pytest.approx(1.0)


@pytest.mark.slow
def test_a_calibration_goes_on_where_it_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = qt.validate(n_patients=20, n_visits=[1, 2], n_members=128, seed=3)
    real, calls = validation_run._kept, []

    def stopped(checkpoint: object, name: str, compute: object) -> object:
        calls.append(name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(checkpoint, name, compute)  # type: ignore[arg-type]

    monkeypatch.setattr(validation_run, "_kept", stopped)
    with pytest.raises(KeyboardInterrupt):
        qt.validate(out=tmp_path, n_patients=20, n_visits=[1, 2], n_members=128, seed=3)
    assert len(list(tmp_path.rglob("o*_*.json"))) == 3
    monkeypatch.setattr(validation_run, "_kept", real)
    resumed = qt.validate(out=tmp_path, n_patients=20, n_visits=[1, 2], n_members=128, seed=3)
    assert (resumed.ranks, resumed.coverage, resumed.misspecified) == (
        whole.ranks,
        whole.coverage,
        whole.misspecified,
    )
    assert qt.CalibrationResult.read(tmp_path / "result.json") == resumed
    assert (
        resumed.pooled_coverage[0].share
        == sum(c.inside for c in resumed.coverage if c.level == 0.8) / 40
    )
    for row in resumed.ranks:  # the counts are those of the ranks
        width = (row.n_draws + 1) // len(row.counts)
        assert row.counts == tuple(
            np.bincount(np.array(row.ranks) // width, minlength=len(row.counts)).tolist()
        )


def test_an_external_validation_reads_back_and_draws_itself(tmp_path: Path) -> None:
    found = qt.external_validation(tmp_path, n_per_arm=150)
    read = qt.ExternalValidation.read(tmp_path / "result.json")
    assert read == found
    assert all(r.observed().label == r.case for r in found.exposure_ratios)
    assert {f.key for f in found.misses} == {
        f.key for f in found.figures if not f.low <= f.model <= f.high
    }
    assert (
        json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["schema"]
        == "qtwin.external-validation/1"
    )
    assert set(found.to_pandas()["role"]) == {"target", "check"}
