"""Combination screens from Python: reading, models that any solver takes, counts of anybody's
circuit, typed results.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import qtwin as qt
from qtwin.encoding.penalty import check_sufficiency
from qtwin.errors import InfeasibleError, InputError
from qtwin.studies.screen.interactions import run_interactions
from qtwin.studies.screen.order import run_order
from qtwin.studies.screen.result import InteractionsResult, OrderResult, ScreenResult

DRUGS = tuple("ABCDEF")


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    """Six drugs in three lines; A + B was never measured, some pairs were measured twice."""
    rng = np.random.default_rng(8)
    rows, alone = ["drug_1,drug_2,context,synergy"], ["drug,context,effect"]
    for line in ("one", "two", "three"):
        alone += [f"{d},{line},{rng.uniform(0, 60):.4f}" for d in DRUGS]
        for k, (a, b) in enumerate(p for p in combinations(DRUGS, 2) if p != ("A", "B")):
            rows += [
                f"{a},{b},{line},{v:.4f}"
                for v in rng.normal(5, 20) + rng.normal(0, 5, 1 + (k % 4 == 0))
            ]
    pairs, singles = tmp_path / "pairs.csv", tmp_path / "singles.csv"
    pairs.write_text("\n".join(rows), encoding="utf-8")
    singles.write_text("\n".join(alone), encoding="utf-8")
    return pairs, singles


@pytest.fixture
def screen(tables: tuple[Path, Path]) -> qt.Screen:
    return qt.read_screen(str(tables[0]), str(tables[1]))


def test_a_screen_is_short_to_look_at_and_its_tables_are_read_back(
    screen: qt.Screen, tmp_path: Path
) -> None:
    assert screen.drugs == DRUGS
    assert screen.contexts == ("one", "three", "two")
    assert repr(screen).startswith(
        "Screen(6 drugs, 3 contexts, 14 of 15 pairs, 42 values, noise SD "
    )
    assert "<table" in screen._repr_html_()
    pairs, singles = screen.to_pandas(), screen.to_pandas("singles")
    assert list(pairs.columns) == [
        "drug_1",
        "drug_2",
        "context",
        "synergy",
        "synergy_sd",
        "repeats",
    ]
    assert (len(pairs), len(singles)) == (42, 18)
    assert int((pairs["repeats"] == 2).sum()) == 12
    with pytest.raises(InputError, match="unknown table"):
        screen.to_pandas("pair")  # type: ignore[arg-type]
    pairs.to_csv(tmp_path / "p.csv", index=False)
    singles.to_csv(tmp_path / "s.csv", index=False)
    again = qt.read_screen(tmp_path / "p.csv", tmp_path / "s.csv")
    np.testing.assert_array_equal(again.synergy, screen.synergy)
    np.testing.assert_array_equal(again.singles, screen.singles)


@pytest.mark.parametrize("objective", ["mean", "log-linear"])
def test_any_solver_and_anybodys_counts_work_on_the_model(
    screen: qt.Screen, objective: str
) -> None:
    model = screen.to_model(3, context="two", objective=objective)
    assert isinstance(model, qt.BinaryModel)
    assert model.options == DRUGS
    checked = check_sufficiency(model)
    assert checked is not None
    assert checked.holds
    at, table = screen.place("two"), {tuple(p): k for k, p in enumerate(screen.pairs.tolist())}
    values = {}
    for chosen in combinations(range(6), 3):
        if not {0, 1} <= set(chosen):
            single = screen.singles[at][list(chosen)]
            synergy = np.array([screen.synergy[at][table[p]] for p in combinations(chosen, 2)])
            values[chosen] = single.mean() + synergy.mean()
            if objective == "log-linear":  # Kirkwood: sum of log g_ij - (k - 2) sum of log g_i
                g = np.maximum(1 - screen.singles[at] / 100, 0.01)
                g_pairs = [
                    max(0.01, g[i] * g[j] - screen.synergy[at][table[i, j]] / 100)
                    for i, j in combinations(chosen, 2)
                ]
                values[chosen] = -(np.log(g_pairs).sum() - np.log(g[list(chosen)]).sum())
    best = max(values, key=lambda c: values[c])
    for solver in ("enumeration", "cp-sat", qt.QAOA(layers=2)):
        run = qt.solve(model, solver, seed=1)
        assert run.feasible
        if run.proven:
            assert run.chosen == tuple(DRUGS[i] for i in best)
            assert -run.energy == pytest.approx(values[best])
    word = "".join("1" if i in best else "0" for i in range(6))
    scored = model.evaluate({word: 60, "110100": 30, "111111": 10}, order="first")
    assert scored.feasible_share == pytest.approx(0.6)
    assert scored.best is not None
    assert scored.chosen(scored.best) == tuple(DRUGS[i] for i in best)
    assert float(scored.energy[scored.best]) == pytest.approx(-values[best])


def test_models_that_cannot_be_are_refused(screen: qt.Screen) -> None:
    for options, message in (
        ({"size": 3}, "expected the name of one of 3 contexts, got none"),
        ({"size": 3, "context": "for"}, "unknown context"),
        ({"size": 7, "context": "one"}, "expected a size of 1 to 6, got 7"),
        ({"size": 3, "context": "one", "objective": "median"}, "unknown objective"),
    ):
        with pytest.raises(InputError, match=message):
            screen.to_model(**options)  # type: ignore[arg-type]
    with pytest.raises(InfeasibleError):
        screen.to_model(6, context="one")


def test_results_are_typed_and_read_back_the_same(
    screen: qt.Screen, tables: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = qt.run_screen(screen, n_samples=100, samplers=["simulated-annealing"], title="pairs")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "")
    assert not list(tmp_path.glob("**/result.json"))  # nothing is written unless asked
    assert [c.context for c in result.contexts] == ["one", "three", "two"]
    assert list(result.coverage) == ["uniform", "simulated-annealing"]
    frame = result.to_pandas()
    assert list(frame["context"]) == ["one", "three", "two"]
    assert frame["proven"].all()
    assert len(result.to_pandas("candidates")) == len(result.shown.sets)
    assert list(result.to_pandas("baselines")["baseline"]) == ["greedy", "greedy + swap"]
    assert repr(result).startswith("ScreenResult(listing all 16 sets of 3")
    assert "<table" in result._repr_html_()
    page = result.to_html(tmp_path / "again" / "page.html")
    assert page.name == "page.html"
    for name in ("near_optimal_sets", "doubt_by_context", "baseline_gaps", "coverage"):
        assert (page.parent / "figures" / f"{name}.csv").exists()
    written = result.write(tmp_path / "r.json")
    assert ScreenResult.read(written) == result
    same = qt.run_screen(*tables, tmp_path / "out", n_samples=100, samplers=["simulated-annealing"])
    kept = ScreenResult.read(tmp_path / "out" / "result.json")
    assert kept == same
    assert kept.noise == result.noise
    assert kept.shown == result.shown
    with pytest.raises(InputError, match="expected a table of pairs beside singles"):
        qt.run_screen(screen, tables[1])


def test_order_and_interactions_are_read_back_the_same(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = ["drug_1;drug_2;drug_3;score"]
    rows += [f"{a};{b};;{rng.normal():.3f}".replace(".", ",") for a, b in combinations("ABCDE", 2)]
    rows += [
        f"{a};{b};{c};{rng.normal():.3f}".replace(".", ",") for a, b, c in combinations("ABCDE", 3)
    ]
    (tmp_path / "sets.csv").write_text("\n".join(rows), encoding="utf-8")
    order = run_order(tmp_path / "sets.csv", tmp_path / "order")
    assert OrderResult.read(tmp_path / "order" / "result.json") == order
    assert (len(order.to_pandas("sets")), len(order.to_pandas())) == (10, 16)
    found = run_interactions("falqon-six-drugs", tmp_path / "graph")
    assert InteractionsResult.read(tmp_path / "graph" / "result.json") == found
    assert found.to_pandas()["value"].iloc[0] == found.safe_subset.size
    assert (
        len(found.to_pandas("edges")) == found.graph.harmful_pairs + found.graph.synergistic_pairs
    )
