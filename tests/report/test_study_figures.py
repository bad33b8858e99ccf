"""Figures of molecules, combination screens and sweeps: what is drawn, from which numbers, and in
which colours.
"""

import csv
import io
import json
import math
import re
from types import SimpleNamespace

import numpy as np
import pytest

from qtwin.benchmark.advantage.molecules import published
from qtwin.benchmark.advantage.verdict import cells
from qtwin.benchmark.coverage import Coverage
from qtwin.benchmark.metrics import Interval
from qtwin.benchmark.scaling import Line
from qtwin.problem.interaction_graph import InteractionGraph
from qtwin.problem.screen.order import WORDS, Agreement, Study
from qtwin.report import chart, style
from qtwin.report.bench_pictures import growth_picture, profile_picture
from qtwin.report.growth_pictures import (
    energy_picture,
    noise_picture,
    sampling_picture,
    scaling_picture,
)
from qtwin.report.map_picture import map_picture
from qtwin.report.molecule_pictures import (
    convergence_picture,
    orbital_picture,
    orbital_regions,
    race_picture,
    structure_picture,
)
from qtwin.report.molecule_sheet import curve_picture
from qtwin.report.screen_pictures import (
    Candidate,
    baseline_picture,
    coverage_picture,
    degree_picture,
    doubt_picture,
    error_picture,
    graph_picture,
    near_optimal_picture,
    predicted_picture,
)
from qtwin.report.screen_pictures import scaling_picture as order_picture

WATER = [[0.0, 0.0, 0.1173], [0.0, 0.7572, -0.4692], [0.0, -0.7572, -0.4692]]
MOLECULE = {
    "symbols": ["O", "H", "H"],
    "coordinates_angstrom": WATER,
    "seen_angstrom": [[y, z, x] for x, y, z in WATER],
    "title": "Water",
    "formula": "H2O",
    "provenance": "by hand",
    "contact_ends_angstrom": [[0.0, 0.1, 0.0], [0.7, -0.4, 0.0]],
    "distance_angstrom": 0.9,
}


def _method(name, kind, energy, error, wall, scope="active space", spread=None):
    trace = (
        [[0.1 * k, k + 1, energy + 10.0 ** -(k + 1)] for k in range(4)] if kind == "quantum" else []
    )
    return {
        "name": name,
        "kind": kind,
        "scope": scope,
        "energy_hartree": energy,
        "error_mHa": error,
        "wall_s": wall,
    } | {
        "standard_error": spread,
        "trace": trace,
    }


METHODS = [
    _method("hf", "null", -1.0, 20.0, 0.1, "molecule"),
    _method("casci", "classical", -1.02, 0.0, 0.5),
    _method("vqe", "quantum", -1.019, 1.0, 2.0, spread=2e-4),
]


def _molecules():
    yield structure_picture(MOLECULE)
    grid = np.linspace(-2, 2, 40)
    lobes = np.stack([grid[None, :] * np.exp(-(grid[None, :] ** 2 + grid[:, None] ** 2))] * 2)
    seen = {
        "values": lobes,
        "extent_angstrom": (-2, 2, -2, 2),
        "atoms_angstrom": MOLECULE["seen_angstrom"],
    }
    yield orbital_picture(MOLECULE, seen | {"labels": ["1, occupied", "2, empty"]})
    yield race_picture(METHODS)
    yield convergence_picture(METHODS)
    points = [
        {
            "x": x,
            "methods": [
                m
                | {
                    "energy_hartree": None
                    if x > 2 and m["name"] == "vqe"
                    else m["energy_hartree"] + x
                }
                for m in METHODS
            ],
        }
        for x in (0.7, 1.0, 1.5, 2.5)
    ]
    yield curve_picture(
        points,
        name="curve",
        title="Curve",
        x_label="distance (Å)",
        y_label="energy (hartree)",
        value="energy_hartree",
        reference={"molecule": "casci", "active space": "casci"},
        error_label="error (mHa)",
        factor=1e3,
        band=1.6,
        caption="Energies.",
    )


def _screens():
    noises = {"median": 5.0, "pooled": 9.0}
    found = [
        Candidate(
            words=f"drug {k} + drug {k + 1} + a drug with a long name",
            value=50.0 - k,
            mean=dict.fromkeys(noises, 45.0 - k),
            sd={"median": 2.0, "pooled": 4.0},
            optimal={"median": 0.4 / (k + 1), "pooled": 0.2},
            near=dict.fromkeys(noises, 0.5),
            nominal=k == 0,
        )
        for k in range(3)
    ]
    yield near_optimal_picture(
        found, context="one", noises=noises, unit="%", n_draws=100, tolerance=0.05
    )
    contexts, shares = ["one", "two", "three"], {n: np.array([0.2, 0.4, 0.6]) for n in noises}
    yield doubt_picture(contexts, shares, shares, noises)
    yield baseline_picture(
        contexts, {"greedy": np.array([0.0, 0.1, 0.02]), "greedy + swap": np.zeros(3)}, size=3
    )
    shots = np.array([1, 10, 100])
    covered = Coverage(
        shots=shots,
        mean=np.array([0.1, 0.5, 0.9]),
        low=np.array([0.0, 0.4, np.nan]),
        high=np.array([0.2, 0.6, np.nan]),
        runs=shots,
    )
    yield coverage_picture({"annealing": covered}, covered, context="one", n_targets=3, n_sets=20)
    order, rng = np.array([3, 3, 3, 4, 4]), np.random.default_rng(0)
    measured = rng.normal(size=5)
    study = Study(
        members=tuple(tuple(range(k)) for k in order),
        order=order,
        measured=measured,
        base=0 * measured,
        predicted={name: measured + rng.normal(size=5) for name in WORDS},
        n_unpredictable=0,
    )
    yield order_picture(study, unit="score")
    yield predicted_picture(study, [f"set {k}" for k in range(5)], unit="score")
    told = [
        Agreement(
            surrogate=name,
            order=0,
            n=5,
            predicted_mean=0.0,
            measured_mean=0.0,
            rmse=(1.0, math.nan if k else 0.8, math.nan if k else 1.2),
            r=(0.0,) * 3,
            sign=(0.0,) * 3,
            excess=((-0.2, -0.3, -0.1), (0.2, 0.1, 0.3), (0.0, -0.1, 0.1))[k % 3],
        )
        for k, name in enumerate(WORDS)
    ]
    yield error_picture(told, unit="score")


def _graphs():
    graph = InteractionGraph(
        drugs=("A", "B", "C", "D"),
        harm=np.array([[0, 1], [1, 2]]),
        harm_weight=np.array([1.0, 2.0]),
        synergy=np.array([[2, 3]]),
        synergy_weight=np.array([1.0]),
    )
    yield graph_picture(graph, [0, 2], name="synergy", title="Three", caption="Weights.")
    yield degree_picture(graph, [0, 2], name="degrees", title="Degrees", caption="Partners.")


def _sweeps():
    def cell(label, n, tts_s):
        counted = {
            "instances": 3,
            "runs": 9,
            "successes": 4,
            "interval": Interval(0.1, 0.8),
            "run_s": 0.1,
        }
        counted |= {
            "tts_interval": None,
            "kind": "classical",
            "reads_to_solution": math.nan,
            "read_tts_s": math.nan,
        }
        counted |= {"qpu_tts_s": math.nan, "qpu_tts_interval": None}
        return SimpleNamespace(label=label, n=n, tts_s=tts_s, **counted)

    yield growth_picture(
        "dense", [cell("tabu", n, 0.01 * n) for n in (8, 10)] + [cell("qaoa", 8, math.inf)], {}
    )
    yield profile_picture({"tabu": [1.0, 2.0, math.inf], "qaoa": [2.0, 1.0, 3.0]}, "")
    line = Line(
        intercept=0.3,
        slope=0.4,
        base=2**0.4,
        base_interval=Interval(1.2, 1.4),
        residual_sd=0.1,
        points=4,
    )
    found = [
        {"n": n, "instance": 0, "probability": 2.0 ** (-0.3 - 0.4 * n), "ground_states": 1}
        for n in (6, 8, 10, 12, 14)
    ]
    yield scaling_picture(found, line, fitted=[6, 8, 10, 12], layers=8, published=1.2)
    levels = [
        {"error": e, "hits": h, "shots": 100, "low": 0.01 * h * 0.7, "high": 0.01 * h * 1.2 + 0.02}
        for e, h in ((0.0, 60), (0.01, 0))
    ]
    entry = {
        "family": "dense",
        "n": 6,
        "solver": "qaoa",
        "gates": 20,
        "p0": 0.6,
        "chance": 0.02,
        "budget": 0.03,
        "levels": levels,
    }
    yield noise_picture([entry], "dense")

    def worth(value):
        return {"value": value, "low": 0.8 * value, "high": 1.2 * value}

    devices = [
        ("best", "none + one-flip descent"),
        ("typical", "none + one-flip descent"),
        ("none", "random bits + one-flip descent"),
    ]
    study = [
        {
            "line": line,
            "label": label,
            "energy": worth(-2.0),
            "optimum": worth(0.3) if line != "typical" else None,
            "shots": 100,
        }
        | {
            "rms_millihartree": worth(4.0),
            "bias_millihartree": worth(1.0),
            "standard_error_millihartree": 0.2,
        }
        for line, label in devices
    ]
    yield energy_picture(study)
    yield sampling_picture(
        [row for row in study if row["optimum"]], ideal_energy=-2.2, ideal_optimum=0.4, best=-3.0
    )
    yield map_picture(cells(published()))


@pytest.fixture(scope="module")
def every():
    return {
        figure.name: figure
        for make in (_molecules, _screens, _graphs, _sweeps)
        for figure in make()
    }


def test_every_figure_draws_the_numbers_that_it_writes(every):
    assert len(every) == 21
    for figure in every.values():
        assert all((figure.title, figure.caption, figure.alt))
        made = figure.page_spec["spec"]
        assert f'"{chart.DATA}"' in json.dumps({k: v for k, v in made.items() if k != "datasets"})
        assert (
            len(list(csv.DictReader(io.StringIO(figure.csv))))
            == len(made["datasets"][chart.DATA])
            > 0
        )


def test_every_colour_has_one_for_a_dark_page(every):
    for figure in every.values():
        light = {
            c.lower() for c in re.findall("#[0-9a-fA-F]{6}", json.dumps(figure.page_spec["spec"]))
        }
        assert light <= {c.lower() for c in style.colour_pairs()}


def test_every_figure_can_be_drawn_for_a_paper(every):
    for figure in every.values():
        assert figure.svg.startswith("<svg")
        assert "NaN" not in figure.svg


def test_regions_of_an_orbital_have_the_area_of_their_level():
    """Where exp(-r^2) exceeds a level, r^2 < -ln(level): a disc of area -pi ln(level).

    A ring keeps its hole.
    """
    at = np.linspace(-3, 3, 121)
    squared = at[None, :] ** 2 + at[:, None] ** 2
    found = {
        f["level"]: f["geometry"]["coordinates"]
        for f in orbital_regions(np.exp(-squared), (-3, 3, -3, 3))
    }
    assert set(found) == {0.12, 0.3, 0.55, 0.8}
    for level, polygons in found.items():
        assert [len(rings) for rings in polygons] == [1]
        assert _area(polygons[0][0]) == pytest.approx(-math.pi * math.log(level), rel=0.02)
    ring = orbital_regions(np.exp(-((np.sqrt(squared) - 1.5) ** 2) / 0.1), (-3, 3, -3, 3))
    outer, hole = ring[0]["geometry"]["coordinates"][0]
    assert _area(outer) > 0 > _area(hole)  # they turn opposite ways, so that the hole stays empty


def _area(ring):
    """Signed area of a closed ring, by the shoelace formula."""
    x, y = np.array(ring).T
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def test_ticks_of_logarithmic_axes():
    assert chart.decades(0.3, 40.0) == [1.0, 10.0]
    assert chart.decades(1.0, 8.0) == [1.0, 2.0, 5.0]  # where one power of ten alone would stand
    scale, ticks = chart.symmetric([-200.0, 30.0, None], 1.0)
    assert ticks == [-100.0, -10.0, -1.0, 0.0, 1.0, 10.0]
    assert scale.to_dict()["domain"][0] < -200.0
    assert scale.to_dict()["domain"][1] > 30.0


def test_long_names_are_folded_not_cut():
    axis, height = chart.folded(["a", "one two three four"], width=9)
    made = axis.to_dict()
    assert json.loads(made["labelExpr"].removesuffix("[datum.label]")) == {
        "a": ["a"],
        "one two three four": ["one two", "three", "four"],
    }
    assert height >= 3 * 13
