"""Interaction lists in every layout, and the shipped graphs."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.problem.interaction_graph import published_graph, published_names, read_interactions
from tests.oracles.public_data import PUBLIC_DATA

DDI = PUBLIC_DATA / "ddi"


def _write(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_and_dollar_lists(tmp_path: Path) -> None:
    graph = read_interactions(
        _write(tmp_path, "drug_1,drug_2,kind,weight\nB,a,harm,0.5\nb,C,synergy,2\nA,B,harm,0.5\n")
    )
    assert graph.drugs == ("a", "B", "C")
    assert graph.harm.tolist() == [[0, 1]]
    assert graph.harm_weight.tolist() == [0.5]
    assert graph.synergy.tolist() == [[1, 2]]
    assert graph.notes == ("1 pairs are listed more than once and used once",)
    graph = read_interactions(
        _write(tmp_path, "\ufeffWarfarin$DB1$Aspirin$DB2$\nAspirin$DB2$warfarin sodium$DB1$\n")
    )
    # the identifier tells drugs apart, the first name is shown
    assert graph.drugs == ("Aspirin", "Warfarin")
    assert len(graph.harm) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the empty file"),
        ("a,b\nx,y\n", "no column drug_1"),
        ("drug_1,drug_2\n", "no interacting pair"),
        ("drug_1,drug_2\na,A\n", "line 2: 'a' interacts with itself"),
        ("drug_1,drug_2\na,\n", "line 2: a drug without a name"),
        ("drug_1,drug_2\na,b,c\n", "line 2: expected 2 cells, got 3"),
        ("drug_1,drug_2,weight\na,b,NaN\n", "line 2: expected a positive weight, got nan"),
        ("drug_1,drug_2,weight\na,b,much\n", "line 2: expected a number as the weight, got 'much'"),
        ("drug_1,drug_2,kind\na,b,harmful\n", "line 2: unknown kind"),
        (
            "drug_1,drug_2,kind\na,b,harm\nb,a,synergy\n",
            "line 3: b and a are synergy 1 here and harm 1 before",
        ),
        ("a$1$b\n", "line 1: .* got 3 cells"),
        ("a$1$b$2$\nA$3$b$2$\n", "stands for two identifiers"),
    ],
)
def test_spoilt_lists_are_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_interactions(_write(tmp_path, text))


def test_shipped_graphs() -> None:
    """arXiv:2601.18082: six drugs with ten edges, nine with fourteen."""
    sizes = {
        name: (g.n, len(g.harm), len(g.synergy))
        for name in published_names()
        for g in [published_graph(name)]
    }
    assert sizes == {"falqon-six-drugs": (6, 7, 3), "falqon-covid-19": (9, 7, 7)}
    with pytest.raises(InputError, match="interaction graph"):
        published_graph("falqon")


@pytest.mark.skipif(not DDI.exists(), reason="the lists are not here")
def test_the_high_priority_list() -> None:
    graph = read_interactions(DDI / "ONC_High_Priority_Mapped.csv")
    assert (graph.n, len(graph.harm)) == (123, 1150)
