"""The commands that build, question, update and check a twin, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import qtwin as qt
from qtwin.cli import main

DATA = Path(__file__).parents[2] / "experiments" / "data"
BUNDLE, GENOTYPES = DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json"


def _run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(a) for a in arguments])
    told = capsys.readouterr()
    assert (stopped.value.code or 0) == code, told.err
    return told.out, told.err


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("twin") / "twin.json"
    with pytest.raises(SystemExit):
        main(
            [
                "twin",
                "build",
                str(BUNDLE),
                "--genotypes",
                str(GENOTYPES),
                "-o",
                str(path),
                "--ensemble-size",
                "512",
            ]
        )
    return path


def test_a_stored_twin_carries_no_date(twin: Path) -> None:
    told = twin.read_text(encoding="utf-8")
    assert "ensemble" in told
    for year in range(2019, 2027):
        assert f"{year}-" not in told


def test_simulate_sets_a_regimen_beside_nothing(
    twin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = _run(
        capsys,
        "twin",
        "simulate",
        twin,
        "--drug",
        "donepezil",
        "--drug",
        "metoprolol:50mg/12h",
        "--json",
    )
    played = json.loads(out)
    assert played["asked"]["regimen"] == ["donepezil 10 mg /24 h", "metoprolol 50 mg /12 h"]
    assert played["asked"]["kinds_qaly"]["symptomatic cognition"]["mean"] > 0.0
    assert played["nothing"]["utility_qaly"]["mean"] == 0.0
    assert played["asked"]["at_end"]["mmse"]["mean"] > played["nothing"]["at_end"]["mmse"]["mean"]
    assert 0.0 < played["asked"]["receptor_occupancy"]["ADRB1"]["mean"] < 1.0
    # an antibody and only an antibody clears amyloid
    out, _ = _run(capsys, "twin", "simulate", twin, "--drug", "lecanemab", "--json")
    cleared = json.loads(out)
    assert (
        cleared["asked"]["at_end"]["amyloid_pet_centiloid"]["mean"]
        < 0.6 * played["asked"]["at_end"]["amyloid_pet_centiloid"]["mean"]
    )


@pytest.mark.parametrize(
    "drug", ["donepezill", "donepezil:lots", "donepezil:0mg", "metoprolol:50mg/0h"]
)
def test_an_unknown_drug_or_dose_is_refused(
    twin: Path, capsys: pytest.CaptureFixture[str], drug: str
) -> None:
    _, err = _run(capsys, "twin", "simulate", twin, "--drug", drug, code=2)
    assert "hint:" in err


def test_design_ranks_measurements_and_names_a_day_to_come_back(
    twin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, _ = _run(capsys, "twin", "design", twin, "--json")
    advice = json.loads(out)
    assert 0.0 < advice["come_back_years"] <= 1.0
    values = [c["nats_per_100_eur"] for c in advice["candidates"]]
    assert values == sorted(values, reverse=True)


def test_update_learns_from_a_further_visit_and_from_the_same_visit_nothing(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visit, target = tmp_path / "visit.csv", tmp_path / "updated.json"
    visit.write_text(
        "age_years,biomarker,value,unit,sex\n78.0,cdr_sb,7.5,point,female\n78.0,mmse,18,point,female\n",
        encoding="utf-8",
    )
    out, _ = _run(capsys, "twin", "update", twin, visit, "-o", target, "--json")
    updated, before = json.loads(out), json.loads(twin.read_text(encoding="utf-8"))
    assert updated["patient_id"] == before["patient_id"]
    assert len(updated["fit"]["observed"]) == len(before["fit"]["observed"]) + 2

    def spread(told: dict[str, object]) -> float:
        return next(p["posterior_sd"] for p in told["posterior"] if p["parameter"] == "ln r")  # type: ignore[attr-defined]

    assert spread(updated) < spread(before)
    again, _ = _run(
        capsys, "twin", "update", target, visit, "-o", tmp_path / "again.json", "--json"
    )
    assert json.loads(again)["posterior"] == updated["posterior"]


def test_visits_of_another_person_are_refused(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    visit = tmp_path / "visit.csv"
    visit.write_text(
        "date,biomarker,value,unit,birth_year\n2026-10-01,mmse,18,point,1990\n", encoding="utf-8"
    )
    _, err = _run(capsys, "twin", "update", twin, visit, code=2)
    assert "born" in err
    visit.write_text(
        "age_years,biomarker,value,unit,sex\n78,mmse,18,point,male\n", encoding="utf-8"
    )
    _, err = _run(capsys, "twin", "update", twin, visit, code=2)
    assert "male" in err


def test_a_spoilt_twin_is_refused(
    twin: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = tmp_path / "spoilt.json"
    spoilt.write_text(twin.read_text(encoding="utf-8"), encoding="utf-8")
    _, err = _run(capsys, "twin", "design", spoilt, code=2)  # the ensemble is not beside it
    assert "hint:" in err
    (tmp_path / "twin.npz").write_bytes(twin.with_suffix(".npz").read_bytes()[:5000])
    _, err = _run(capsys, "twin", "design", spoilt, code=2)
    assert "no whole twin" in err
    _run(capsys, "twin", "design", tmp_path / "nothing.json", code=2)


def test_external_validation_prints_misses_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, err = _run(
        capsys,
        "twin",
        "external-validation",
        "--patients",
        "200",
        "--out",
        tmp_path / "check",
        "--json",
    )
    result = json.loads(out)
    assert "MISS" in err
    assert qt.ExternalValidation.read(tmp_path / "check" / "result.json").to_json() == result
    assert {f["role"] for f in result["figures"]} == {"target", "check"}
    assert len(result["exposure_ratios"]) > 40
    assert all(d["holds"] for d in result["calibrated"])
    page = (tmp_path / "check" / "report.html").read_text(encoding="utf-8")
    assert "not a medical device" in page.lower()
    assert 'class="miss"' in page
    assert "http-equiv" in page
    assert "<script src" not in page


def test_a_cohort_needs_a_consent_and_gets_its_twins(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    lines = ["id,age,mmse"]
    for k in range(30):
        start, slope = 28.0 - 6.0 * rng.random(), -2.0 * rng.random()
        lines += [
            f"s{k},{70 + t},{np.clip(start + slope * t + rng.standard_normal(), 0, 30):.0f}"
            for t in range(4)
        ]
    table = tmp_path / "cohort.csv"
    table.write_text("\n".join(lines), encoding="utf-8")
    _, err = _run(capsys, "twin", "cohort", table, code=2)
    assert "--consent research" in err
    out, _ = _run(
        capsys,
        "twin",
        "cohort",
        table,
        "--consent",
        "research",
        "--out",
        tmp_path / "out",
        "--json",
    )
    result = json.loads(out)
    assert result["n_subjects"] == 30
    assert [s["name"] for s in result["scores"]] == [
        "twin",
        "last value carried forward",
        "population slope",
    ]
    assert (tmp_path / "out" / "report.html").exists()
    read = qt.CohortResult.read(tmp_path / "out" / "result.json")
    assert read.to_json() == result
    inside = read.to_pandas("forecasts").eval("low_80 <= measured and measured <= high_80")
    assert inside.mean() == read.coverage_80


def test_exposure_of_a_drug_beside_another(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = _run(capsys, "drugs", "exposure", "metoprolol", "--with", "paroxetine", "--json")
    assert 3.6 <= json.loads(out)["exposure_ratio"] <= 4.6
    out, _ = _run(
        capsys, "drugs", "exposure", "metoprolol", "--with", "paroxetine", "--cyp2d6", "0", "--json"
    )
    assert json.loads(out)["against_same_person_alone"] == pytest.approx(1.0)
    _run(capsys, "drugs", "exposure", "metoprolol", "--cyp2c19", "slow", code=2)
