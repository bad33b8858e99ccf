"""`qtwin solvers` says what each guarantees, its limits and licence, and how to get what is
missing.
"""

from __future__ import annotations

import json

import pytest

from qtwin.cli.listing import list_solvers
from qtwin.solver import TABLE, registry


def test_every_solver_has_a_line_with_all_there_is_to_know(
    capsys: pytest.CaptureFixture[str],
) -> None:
    list_solvers(as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) >= set(TABLE)
    for row in rows.values():
        assert row["what"]
        assert row["guarantee"]
        assert row["citation"]
        assert row["variables"] > 0
        assert row["warm_start"] in ("yes", "no")
        assert row["ready"] == "yes" or row["ready"].startswith("pip install ")
    assert rows["cp-sat"]["ready"] == "yes"
    assert "licence" in rows["gurobi"]["limits"]
    assert "1.16 and newer" in rows["highs"]["limits"]
    assert (rows["cp-sat"]["warm_start"], rows["simulated-annealing"]["warm_start"]) == (
        "yes",
        "no",
    )


def test_what_is_not_installed_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    list_solvers(as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["highs"]["ready"] == "pip install highspy"
    assert rows["scip"]["ready"] == "pip install pyscipopt"
    assert rows["gurobi"]["ready"] == "pip install gurobipy"
    assert rows["enumeration"]["ready"] == "yes"
    assert registry.how_to_get(registry.cards()["dwave-tabu"]) == "pip install dwave-samplers"


def test_the_listing_is_readable_in_eighty_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    list_solvers(as_json=False)
    told = capsys.readouterr().out
    assert max(len(line) for line in told.splitlines()) <= 80
    words = " ".join(told.split())
    for name, card in registry.cards().items():
        assert f"{name} {card.kind}, up to {card.max_variables:,} variables" in words
        for text in (card.summary, card.guarantee, card.limits, card.citation):
            assert " ".join(text.split()) in words
