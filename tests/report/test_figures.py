import copy
import csv
import io
import json
import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sample import sample

from qtwin.errors import InputError
from qtwin.report import chart, figures, style
from qtwin.report.race import ranked


def _rows(picture):
    return list(csv.DictReader(io.StringIO(picture.csv)))


def test_every_figure_has_words_numbers_and_a_chart_of_those_numbers(drawn):
    assert set(drawn) == set(figures.TABLE)
    for name, figure in drawn.items():
        assert figure.name == name
        assert any(c.isdigit() for c in figure.alt)
        assert figure.title
        assert figure.caption
        assert len(_rows(figure)) > 5
        spec = figure.page_spec["spec"]
        assert f'"{chart.DATA}"' in json.dumps({k: v for k, v in spec.items() if k != "datasets"})
        assert spec["description"] == figure.alt
        assert len(spec["datasets"][chart.DATA]) == len(_rows(figure))


def test_every_colour_of_a_chart_has_one_for_a_dark_page(drawn):
    for figure in drawn.values():
        light = {
            c.lower() for c in re.findall("#[0-9a-fA-F]{6}", json.dumps(figure.page_spec["spec"]))
        }
        assert light
        assert light <= {c.lower() for c in style.colour_pairs()}
        assert light.isdisjoint(
            re.findall("#[0-9a-f]{6}", json.dumps(chart.spec(figure, theme="dark")).lower())
        )


def test_colours_stand_out_from_either_page():
    for light, dark in style.colour_pairs().items():
        if light not in (style.PAPER, style.RULE):
            assert _contrast(light, "#ffffff") >= 2.2
            assert _contrast(dark, style.colour_pairs()[style.PAPER]) >= 4.5
    for text in (style.INK, style.SOFT):
        assert _contrast(text, "#ffffff") >= 4.5


def _contrast(one, other):
    """Contrast ratio of WCAG 2.2."""

    def luminance(colour):
        parts = [int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    a, b = sorted((luminance(one), luminance(other)))
    return (b + 0.05) / (a + 0.05)


@pytest.mark.parametrize(
    ("ending", "start"),
    [("svg", b"<svg"), ("pdf", b"%PDF"), ("png", b"\x89PNG"), ("csv", b"rank,"), ("json", b"{")],
)
def test_a_figure_is_saved_for_a_paper(tmp_path, ending, start):
    figure = figures.TABLE["p_optimal"](sample())
    assert chart.save(figure, tmp_path / f"figure.{ending}").read_bytes().startswith(start)


def test_what_cannot_be_saved_is_said(tmp_path):
    figure = figures.TABLE["p_optimal"](sample())
    with pytest.raises(InputError, match=r"expected \.svg"):
        chart.save(figure, tmp_path / "figure.gif")
    with pytest.raises(InputError, match="cannot write"):
        chart.save(figure, tmp_path / "none" / "figure.svg")
    with pytest.raises(InputError, match="expected the theme"):
        chart.spec(figure, theme="sepia")


def test_a_notebook_shows_the_figure(drawn):
    shown = drawn["pareto"]._repr_mimebundle_()
    assert shown["application/vnd.vegalite.v6+json"]["$schema"].endswith("v6.json")
    assert drawn["pareto"].title in shown["text/plain"]
    assert drawn["pareto"].plot().to_dict()["datasets"][chart.DATA]


def test_ticks_of_a_logarithmic_axis_are_few_powers_of_ten():
    assert chart.decades(0.03, 40.0) == [0.1, 1.0, 10.0]
    assert len(chart.decades(1e-9, 1.0, most=5)) <= 5


def test_nothing_heavy_is_loaded_before_it_is_used():
    code = (
        "import sys; from qtwin.report import page, race\n"
        "assert not {'matplotlib', 'altair', 'vl_convert', 'jinja2'} & set(sys.modules)\n"
        "assert race.picture({'solvers': [{'name': 'a', 'regret_twin': 0.1, "
        "'total_wall_s': 1.0}]})\n"
        "assert 'altair' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_equal_results_give_equal_pictures(drawn):
    again = figures.TABLE["solver_comparison"](sample())
    assert (again.page_spec, again.csv) == (
        drawn["solver_comparison"].page_spec,
        drawn["solver_comparison"].csv,
    )


def test_csv_holds_the_numbers_of_the_result(drawn):
    result = sample()
    rows = _rows(drawn["encoded_against_true"])
    assert np.array_equal([float(r["true"]) for r in rows], result["encoding"]["scatter"]["true"])
    solvers = _rows(drawn["solver_comparison"])
    assert [float(r["regret_twin"]) if r["regret_twin"] else None for r in solvers] == [
        s["regret_twin"] for s in ranked(result)
    ]
    kinds = _rows(drawn["benefit_harm"])
    assert [float(r["mean"]) for r in kinds if r["mean"]] == [
        k["mean"] for g in result["regimens"] for k in g["kinds"]
    ]


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
        {"biomarker": "mmse", "time_years": t, "value": v, "unit": "point"}
        for t, v in ((-1.0, 25.0), (-0.5, 21.0), (0.0, 22.0))
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
    assert [float(r["p_optimal"]) for r in _rows(drawn["p_optimal"])] == [
        s["p_optimal"] for s in result["set90"]
    ]
    bars = _rows(drawn["tornado"])
    assert [float(r["regret_low_qaly"]) for r in bars] == [
        b["regret_low_qaly"] for b in result["certainty"]["tornado"]
    ]
    assert "3 of the 8 numbers" in drawn["tornado"].alt
    assert "without memantine 20 mg /24 h" in drawn["p_optimal"].alt


@pytest.mark.parametrize("missing", ["twin", "problem", "encoding", "solvers", "regimens"])
def test_a_result_without_a_part_loses_only_its_figures(missing):
    result = sample() | {missing: None}
    lost = {
        "twin": {"twin_fit"},
        "encoding": {"encoded_against_true"},
        "solvers": {"solver_comparison"},
        "regimens": {"benefit_harm", "patient_course"},
    }
    small = {
        name: f(result)
        for name, f in figures.TABLE.items()
        if name in lost.get(missing, {"benefit_harm"})
    }
    assert {name for name, p in small.items() if p is None} == lost.get(missing, set())


def test_hard_numbers_and_labels_are_drawn():
    result = copy.deepcopy(sample())
    result["solvers"] = [
        dict(s, label=f"$\\frac{{{i}}}$ _x_ & <b>") for i, s in enumerate(result["solvers"])
    ]
    for solver in result["solvers"]:
        solver["regret_twin"], solver["total_wall_s"] = 0.0, 0.0
        solver["success_probability"] = {"value": 0.0, "low": 0.0, "high": 0.001}
    result["regimens"][0]["kinds"][0] |= {"mean": float("nan"), "low": None}
    result["regimens"][0]["course"][0]["low"] = None
    result["encoding"]["scatter"] = {"encoded": [1.0, None], "true": [1.0, 2.0], "trained": None}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pictures = figures.draw(result)
        assert all(p.svg.startswith("<svg") for p in pictures.values())
    assert set(pictures) == set(figures.TABLE)
