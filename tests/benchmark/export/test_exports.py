"""References and submission fields that others can read."""

from __future__ import annotations

import csv
import io

from qtwin.benchmark.analysis import best_known
from qtwin.benchmark.execute import execute
from qtwin.benchmark.export import FIELDS, bibtex, entry, table, works
from qtwin.benchmark.task import Task
from qtwin.solver import registry


def test_a_citation_becomes_an_entry_that_loses_nothing() -> None:
    citation = (
        "Farhi, Goldstone, Gutmann 2014, arXiv:1411.4028; Zhou et al. 2020, PRX 10:021067; "
        "none needed"
    )
    assert len(works(citation)) == 2
    key, text = entry(works(citation)[0])
    assert key == "farhi2014a"
    assert "author = {Farhi and Goldstone and Gutmann}" in text
    assert "eprint = {1411.4028}" in text
    assert "Zhou and others" in bibtex([citation])


def test_every_solver_of_the_table_can_be_cited_and_keys_are_unique() -> None:
    cited = [card.citation for card in registry.cards().values()]
    text = bibtex(cited)
    keys = [
        line.split("{")[1].rstrip(",") for line in text.splitlines() if line.startswith("@misc")
    ]
    assert len(keys) == len(set(keys)) == len({w for c in cited for w in works(c)})
    assert text.count("{") == text.count("}")


def test_submission_fields_of_a_small_sweep() -> None:
    records = [
        execute(
            Task(
                family="labs",
                n=9,
                instance=0,
                solver=name,
                label=name,
                solver_options=options,
                run=run,
            )
        )
        for name, options, runs in (("enumeration", {}, 1), ("random", {"shots": 30}, 3))
        for run in range(runs)
    ]
    rows = list(csv.DictReader(io.StringIO(table(records, best_known(records), date="2026-01-02"))))
    assert tuple(rows[0]) == FIELDS
    by = {r["Workflow"].split(":")[0]: r for r in rows}
    exact, guess = by["enumeration"], by["random"]
    assert exact["Best Objective Value"] == exact["Optimality Bound"] == "12.0"
    assert exact["Problem"] == "labs-n9-i0"
    assert exact["Algorithm Type"] == "Deterministic"
    assert exact["Modeling Approach"] == "HUBO of degree 4"
    assert (guess["# Runs"], guess["# Feasible Runs"]) == ("3", "3")
    assert guess["Algorithm Type"] == "Stochastic"
    assert guess["QPU Runtime"] == "N/A"
