"""What a twin does from Python: it is saved and loaded, updated, asked for regimens and for the
next measurement.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import qtwin as qt
from qtwin.twin.twin import kind_weights

VISIT = (
    "age_years,biomarker,value,unit,sex\n78.0,cdr_sb,7.5,point,female\n78.0,mmse,18,point,female\n"
)


@pytest.fixture(scope="module")
def twin() -> qt.Twin:
    """The twin of the shipped patient."""
    return qt.Twin.fit(qt.examples.patient(), n_members=200, seed=1)


def test_a_twin_comes_back_from_disk_as_it_was(twin: qt.Twin, tmp_path: Path) -> None:
    path = twin.save(tmp_path / "twin.json")
    loaded = qt.Twin.load(path)
    assert (loaded.patient, loaded.doses, loaded.seed) == (twin.patient, twin.doses, twin.seed)
    assert loaded.assumptions == twin.assumptions
    assert loaded.posterior.observations == twin.posterior.observations
    for name in ("latent", "parameters", "state_first", "state_now", "weights"):
        assert np.array_equal(getattr(loaded.posterior, name), getattr(twin.posterior, name))
    assert loaded.simulate_regimen(["donepezil"]) == twin.simulate_regimen(["donepezil"])
    assert {p.name for p in tmp_path.iterdir()} == {"twin.json", "twin.npz", ".twin.json.lock"}
    loaded.save(path)  # a second time, under the next name
    assert json.loads(path.read_text(encoding="utf-8"))["ensemble"] == "twin.2.npz"
    assert not (tmp_path / "twin.npz").exists()


def test_a_twin_goes_into_a_json_file_in_a_folder_that_is_there(
    twin: qt.Twin, tmp_path: Path
) -> None:
    with pytest.raises(qt.InputError, match=r"expected a \.json file"):
        twin.save(tmp_path / "twin.txt")
    with pytest.raises(qt.InputError, match="no folder"):
        twin.save(tmp_path / "nowhere" / "twin.json")


def test_an_updated_twin_is_the_twin_of_both_records(twin: qt.Twin, tmp_path: Path) -> None:
    (tmp_path / "visit.csv").write_text(VISIT, encoding="utf-8")
    updated = twin.update(tmp_path / "visit.csv")
    rebuilt = qt.Twin.fit(updated.patient, n_members=200, seed=1)
    assert np.array_equal(updated.posterior.latent, rebuilt.posterior.latent)
    assert updated.assumptions == rebuilt.assumptions
    assert len(updated.posterior.observations) == len(twin.posterior.observations) + 2
    again = updated.update(tmp_path / "visit.csv")
    assert np.array_equal(again.posterior.latent, updated.posterior.latent)
    read = qt.read_patient(tmp_path / "visit.csv", consent=["simulation"])
    assert np.array_equal(twin.update(read).posterior.latent, updated.posterior.latent)
    with pytest.raises(qt.InputError, match="expected genotypes within the record"):
        twin.update(read, qt.examples.path("quickstart_pharmcat.json"))


def test_a_forecast_is_the_simulation_of_its_doses(twin: qt.Twin) -> None:
    found = twin.simulate_regimen(
        ["donepezil:5mg", qt.Dose(drug=qt.drugs()["lecanemab"], amount_mg=700.0, interval_h=336.0)]
    )
    assert found.asked.regimen[0] == "donepezil 5 mg /24 h"
    assert found.current is not None
    assert found.current.regimen == tuple(d.label for d in twin.doses)
    assert found.nothing.utility_qaly.mean == 0.0
    assert sum(k.mean for k in found.asked.kinds_qaly.values()) == pytest.approx(
        found.asked.utility_qaly.mean
    )
    panel = twin.panel(twin.doses)
    response = twin.simulate(
        panel,
        np.ones(len(twin.doses)),
        horizon_years=1.5,
        kind_weights=kind_weights(),
        times_years=np.array([0.0, 1.5]),
    )
    low, high = np.quantile(response.utility, [0.025, 0.975])
    assert (found.current.utility_qaly.low, found.current.utility_qaly.high) == pytest.approx(
        (low, high)
    )
    frame = found.to_pandas()
    assert set(frame["regimen"]) == {"asked", "nothing", "current"}
    end = frame.query(
        "regimen == 'asked' and group == 'at end' and quantity == 'amyloid_pet_centiloid'"
    )
    cleared, left = (r.at_end["amyloid_pet_centiloid"].mean for r in (found.asked, found.nothing))
    assert end["mean"].item() == cleared < left
    assert json.loads(json.dumps(found.to_json()))["years"] == 1.5
    assert len(repr(found)) < 400


@pytest.mark.parametrize(
    ("drugs", "years", "said"),
    [
        (["donepezill"], 1.5, "donepezil"),
        (["donepezil", "donepezil:5mg"], 1.5, "donepezil twice"),
        ([], 0.0, "years"),
    ],
)
def test_an_impossible_forecast_is_refused(
    twin: qt.Twin, drugs: list[str], years: float, said: str
) -> None:
    with pytest.raises(qt.InputError, match=said):
        twin.simulate_regimen(drugs, years=years)


def test_the_next_measurement_is_ranked_by_information_over_price(twin: qt.Twin) -> None:
    advice = twin.next_measurement(seed=2)
    frame = advice.to_pandas()
    assert list(frame["nats_per_100_eur"]) == sorted(frame["nats_per_100_eur"], reverse=True)
    gained = (frame["prognosis_nats"] + frame["benefit_nats"]) / frame["cost_eur"] * 100.0
    assert frame["nats_per_100_eur"].to_numpy() == pytest.approx(gained.to_numpy())
    assert (
        len({c.biomarkers for c in advice.best})
        == len(advice.best)
        == frame["biomarkers"].nunique()
    )
    assert json.loads(json.dumps(advice.to_json()))["schema"] == "qtwin.design/1"


def test_what_a_twin_is_asked_is_written_down(
    twin: qt.Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTWIN_AUDIT_LOG", str(tmp_path / "audit.jsonl"))
    (tmp_path / "visit.csv").write_text(VISIT, encoding="utf-8")
    twin.update(tmp_path / "visit.csv").simulate_regimen([])
    entries = [
        json.loads(line)
        for line in (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [e["action"] for e in entries] == ["update twin", "simulate"]
