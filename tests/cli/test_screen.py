"""`qtwin screen` as a user runs it."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from qtwin.cli import main
from tests.oracles.public_data import PUBLIC_DATA

DATA = PUBLIC_DATA


def _run(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as stopped:
        main(["screen", *(str(a) for a in arguments)])
    told = capsys.readouterr()
    assert (stopped.value.code or 0) == code, told.err
    return told.out, told.err


def _tables(
    folder: Path, *, twice: bool = True
) -> tuple[Path, Path, dict[tuple[str, str, str], float], dict[tuple[str, str], float]]:
    """Six drugs in three lines; one pair is unmeasured, some are measured twice."""
    rng = np.random.default_rng(8)
    drugs, lines = [f"drug {c}" for c in "ABCDEF"], ["one", "two", "three"]
    single = {(line, d): float(rng.uniform(0, 60)) for line in lines for d in drugs}
    pair: dict[tuple[str, str, str], float] = {}
    rows = ["drug_1,drug_2,context,synergy"]
    for line in lines:
        for k, (a, b) in enumerate(p for p in combinations(drugs, 2) if p != ("drug A", "drug B")):
            values = rng.normal(5, 20) + rng.normal(0, 5, 1 + (twice and k % 4 == 0))
            pair[line, a, b] = float(values.mean())
            rows += [f"{b},{a},{line},{v}" for v in values]
    pairs, singles = folder / "pairs.csv", folder / "singles.csv"
    pairs.write_text("\n".join(rows), encoding="utf-8")
    singles.write_text(
        "drug,context,effect\n" + "\n".join(f"{d},{c},{v}" for (c, d), v in single.items()),
        encoding="utf-8",
    )
    return pairs, singles, pair, single


def test_small_tables_are_solved_as_by_hand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, singles, pair, single = _tables(tmp_path)
    out, err = _run(
        capsys,
        "combinations",
        pairs,
        "--singles",
        singles,
        "--n-samples",
        100,
        "--sampler",
        "simulated-annealing",
        "-o",
        tmp_path / "out",
        "--json",
    )
    result = json.loads(out)
    assert "Proven optimum" in err
    assert json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8")) == result
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Not a medical device" in page
    for name in ("near_optimal_sets", "doubt_by_context", "baseline_gaps", "coverage"):
        assert (tmp_path / "out" / "figures" / f"{name}.svg").exists()
    drugs = [f"drug {c}" for c in "ABCDEF"]
    for found in result["contexts"]:
        line = found["context"]
        values = {}
        for chosen in combinations(drugs, 3):
            if {"drug A", "drug B"} <= set(chosen):
                continue
            synergies = [pair[line, a, b] for a, b in combinations(chosen, 2)]
            values[chosen] = np.mean([single[line, d] for d in chosen]) + np.mean(synergies)
        best = max(values, key=lambda c: values[c])
        assert (tuple(found["optimum"]), found["n_sets"], found["proven"]) == (
            best,
            len(values),
            True,
        )
        assert found["value"] == pytest.approx(values[best])
        assert found["second"] == pytest.approx(sorted(values.values())[-2])
        for noise in ("pooled", "median"):
            assert 0.0 <= found["noise"][noise]["p_best"] <= 1.0
    assert result["data"]["replicates"]["n"] == 12
    assert (
        result["coverage"]["simulated-annealing"]["mean"][-1]
        >= result["coverage"]["uniform"]["mean"][0]
    )


def test_one_context_without_repeats_needs_a_stated_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, singles, _, _ = _tables(tmp_path, twice=False)
    base = (
        "combinations",
        pairs,
        "--singles",
        singles,
        "--context",
        "TWO",
        "--size",
        2,
        "-o",
        tmp_path / "out",
        "--json",
    )
    result = json.loads(_run(capsys, *base)[0])
    assert [c["context"] for c in result["contexts"]] == ["two"]
    assert result["noise"] == {}
    assert "no probability can be given" in (tmp_path / "out" / "report.html").read_text(
        encoding="utf-8"
    )
    _, err = _run(capsys, *base, "--sampler", "random", code=2)
    assert "--noise-sd" in err
    result = json.loads(
        _run(capsys, *base, "--noise-sd", 5, "--objective", "log-linear", "--n-samples", 100)[0]
    )
    assert list(result["noise"]) == ["stated"]
    assert any("floor" in w for w in result["warnings"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--context", "thre"), "did you mean"),
        (("--objective", "median"), "unknown objective"),
        (("--size", "7"), "expected a size of 1 to 6, got 7"),
        (("--size", "6"), "free of forbidden pairs"),
        (("--column", "synergy"), "role=name"),
        (("--noise-sd", "-1"), "standard deviation, got -1"),
        (("--sampler", "anealing"), "unknown solver"),
        (("--sampler", "cp-sat"), "no samples"),
    ],
)
def test_wrong_options_are_refused(
    arguments: tuple[str, str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs, singles, _, _ = _tables(tmp_path)
    _, err = _run(
        capsys,
        "combinations",
        pairs,
        "--singles",
        singles,
        "--n-samples",
        100,
        "-o",
        tmp_path / "out",
        *arguments,
        code=2,
    )
    assert message in err
    assert "hint:" in err


def test_larger_sets_are_compared_with_their_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(1)
    pair = {p: float(rng.normal()) for p in combinations("ABCDE", 2)}
    rows = ["drug_1,drug_2,drug_3,score", *(f"{a},{b},,{v}" for (a, b), v in pair.items())]
    truth = {
        t: float(np.mean([pair[p] for p in combinations(t, 2)])) for t in combinations("ABCDE", 3)
    }
    rows += [f"{a},{b},{c},{v}" for (a, b, c), v in truth.items()]
    table = tmp_path / "sets.csv"
    table.write_text("\n".join(rows), encoding="utf-8")
    result = json.loads(_run(capsys, "order", table, "-o", tmp_path / "out", "--json")[0])
    told = {a["surrogate"]: a for a in result["agreement"] if a["order"] == 0}
    assert told["mean of pairs"]["rmse"][0] == pytest.approx(0.0, abs=1e-12)
    assert told["sum of pairs"]["rmse"][0] == pytest.approx(
        2 * np.sqrt(np.mean(np.square(list(truth.values()))))
    )
    assert result["orders"]["3"]["n"] == 10
    assert told["none"]["r"] == [None, None, None]
    for name in ("prediction_by_order", "error_by_surrogate", "predicted_against_measured"):
        assert (tmp_path / "out" / "figures" / f"{name}.svg").exists()
    _, err = _run(capsys, "order", table, "--kind", "ratio", code=2)
    assert "positive" in err
    _run(capsys, "order", tmp_path / "nothing.csv", code=2)


def test_a_shipped_graph_is_solved_as_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """arXiv:2601.18082: six of nine drugs are safe together; MOV, RBV, RDV are the best three; A =
    2.5 lets a harmful pair in.
    """
    result = json.loads(
        _run(
            capsys,
            "interactions",
            "falqon-covid-19",
            "--harm",
            2.5,
            "-o",
            tmp_path / "out",
            "--json",
        )[0]
    )
    assert (result["safe_subset"]["size"], result["safe_subset"]["proven"]) == (6, True)
    assert result["synergy"]["optimum"] == ["MOV", "RBV", "RDV"]
    assert result["synergy"]["value"] == pytest.approx(2.35)
    assert result["synergy"]["solver_proven"]
    assert result["penalty"]["minimum"] == pytest.approx(-6.25)
    assert result["penalty"]["harmful_pairs_in_minimisers"] == [1]
    assert any("need not be safe" in w for w in result["warnings"])
    assert (tmp_path / "out" / "figures" / "synergy.svg").exists()
    _, err = _run(capsys, "interactions", "falqon-covid-20", code=2)
    assert "falqon-covid-19" in err
    _run(capsys, "interactions", "falqon-covid-19", "--harm", 0, "-o", tmp_path / "out", code=2)


@pytest.mark.skipif(not DATA.exists(), reason="the measured tables are not here")
def test_the_high_priority_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = DATA / "ddi" / "ONC_High_Priority_Mapped.csv"
    result = json.loads(_run(capsys, "interactions", source, "-o", tmp_path / "out", "--json")[0])
    assert (
        result["safe_subset"]["size"],
        result["safe_subset"]["bound"],
        result["safe_subset"]["proven"],
    ) == (64, 64.0, True)
    assert result["synergy"] is None


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="the measured tables are not here")
def test_the_measured_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = DATA / "oneil"
    out, _ = _run(
        capsys,
        *(
            "combinations",
            folder / "chemicalx_oncopolypharmacology_loewe.csv",
            "--singles",
            folder / "oneil_ri_38x39.csv",
        ),
        *("-o", tmp_path / "out", "--json"),
    )
    result = json.loads(out)
    assert result["baselines"]["greedy"]["optimal"] == 2
    assert result["baselines"]["greedy + swap"]["optimal"] == 32
    assert result["noise"]["pooled"]["p_best"]["median"] == pytest.approx(0.12, abs=0.02)
    assert result["noise"]["median"]["ratio"]["median"] == pytest.approx(0.90, abs=0.01)
