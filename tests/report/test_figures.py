import copy
import csv
import io
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sample import sample

from qtwin.report import figures
from qtwin.report.race import ranked


def _rows(picture):
    return list(csv.DictReader(io.StringIO(picture.csv)))


def test_every_figure_is_drawn_twice_with_words_and_numbers(drawn):
    assert set(drawn[0]) == set(figures.TABLE)
    for name, picture in drawn[0].items():
        assert picture.name == name
        for image in (picture.wide, picture.narrow):
            assert image.startswith(b"\x89PNG")
            assert len(image) > 10_000
        assert any(c.isdigit() for c in picture.alt)
        assert picture.title
        assert picture.caption
        assert len(_rows(picture)) > 5


def test_drawing_all_figures_is_quick(drawn):
    assert drawn[1] < 12.0  # twice the budget of 6 s: test machines are slow and shared


def test_pyplot_is_never_loaded_and_nothing_heavy_before_it_is_used():
    code = (
        "import sys; from qtwin.report import page, race\n"
        "assert 'matplotlib' not in sys.modules and 'jinja2' not in sys.modules\n"
        "assert race.picture({'solvers': [{'name': 'a', 'regret_twin': 0.1, 'total_wall_s': 1.0}]})\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_settings_are_put_back(drawn):
    import matplotlib

    before = dict(matplotlib.rcParams)
    figures.TABLE["benefit_harm"](sample())
    assert dict(matplotlib.rcParams) == before


def test_equal_results_give_equal_pictures(drawn):
    again = figures.TABLE["solver_comparison"](sample())
    assert again == drawn[0]["solver_comparison"]


def test_csv_holds_the_numbers_of_the_result(drawn):
    result = sample()
    rows = _rows(drawn[0]["encoded_against_true"])
    assert np.array_equal([float(r["true"]) for r in rows], result["encoding"]["scatter"]["true"])
    solvers = _rows(drawn[0]["solver_comparison"])
    assert [float(r["regret_twin"]) if r["regret_twin"] else None for r in solvers] == [s["regret_twin"] for s in ranked(result)]
    kinds = _rows(drawn[0]["benefit_harm"])
    assert [float(r["mean"]) for r in kinds] == [k["mean"] for g in result["regimens"] for k in g["kinds"]]


def test_alt_text_of_the_fit_counts_the_measurements_inside_the_band():
    result = sample()
    fit = result["twin"]["fit"]
    fit["bands"] = [
        {
            "biomarker": "mmse",
            "unit": "point",
            "time_years": [-1.0, 0.0],
            "low": [20.0, 18.0],
            "median": [22.0, 20.0],
            "high": [24.0, 22.0],
        }
    ]
    fit["observed"] = [
        {"biomarker": "mmse", "time_years": t, "value": v, "unit": "point"} for t, v in ((-1.0, 25.0), (-0.5, 21.0), (0.0, 22.0))
    ]
    assert "2 of 3 measurements lie inside the band" in figures.TABLE["twin_fit"](result).alt


def test_solvers_are_ranked_by_regret_then_time_and_failures_last():
    rows = ranked(
        {
            "solvers": [
                {"name": n, "regret_twin": r, "total_wall_s": t}
                for n, r, t in (("a", None, 0.1), ("b", 0.2, 0.1), ("c", 0.0, 9.0), ("d", 0.0, 1.0))
            ]
        }
    )
    assert [r["name"] for r in rows] == ["d", "c", "b", "a"]


def test_the_bars_and_the_tornado_hold_the_numbers_of_the_result(drawn):
    result = sample()
    assert [float(r["p_optimal"]) for r in _rows(drawn[0]["p_optimal"])] == [s["p_optimal"] for s in result["set90"]]
    bars = _rows(drawn[0]["tornado"])
    assert [float(r["regret_low_qaly"]) for r in bars] == [b["regret_low_qaly"] for b in result["certainty"]["tornado"]]
    assert "3 of the 8 numbers" in drawn[0]["tornado"].alt
    assert "without memantine 20 mg /24 h" in drawn[0]["p_optimal"].alt


@pytest.mark.parametrize("missing", ["twin", "problem", "encoding", "solvers", "regimens"])
def test_a_result_without_a_part_loses_only_its_figures(missing):
    result = sample() | {missing: None}
    lost = {
        "twin": {"twin_fit"},
        "encoding": {"encoded_against_true"},
        "solvers": {"solver_comparison"},
        "regimens": {"benefit_harm", "patient_course"},
    }
    small = {name: f(result) for name, f in figures.TABLE.items() if name in lost.get(missing, {"benefit_harm"})}
    assert {name for name, p in small.items() if p is None} == lost.get(missing, set())


def test_hard_numbers_and_labels_are_drawn():
    result = copy.deepcopy(sample())
    result["solvers"] = [dict(s, label=f"$\\frac{{{i}}}$ _x_ & <b>") for i, s in enumerate(result["solvers"])]
    for solver in result["solvers"]:
        solver["regret_twin"], solver["total_wall_s"] = 0.0, 0.0
        solver["success_probability"] = {"value": 0.0, "low": 0.0, "high": 0.001}
    result["regimens"][0]["kinds"][0] |= {"mean": float("nan"), "low": None}
    result["regimens"][0]["course"][0]["low"] = None
    result["encoding"]["scatter"] = {"encoded": [1.0, None], "true": [1.0, 2.0], "trained": None}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures = figures.draw(result)
    assert set(pictures) == set(figures.TABLE)
