"""Graphs of the Gset's format and problems of the OR-Library's: against the definitions, by looking
at every assignment.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from qtwin.encoding.instance import bqp, maxcut, read_instance, write_instance
from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.studies.model.solve import solve_file

_GRAPH = "5 6\n1 2 3\n1 3 -1\n2 3 2\n3 4 1.5\n4 5 1\n1 5 -2\n"
_PROBLEMS = " 2 \n 3 4 \n 1 1 5 \n 1 2 -4 \n 2 3 7 \n 3 3 -6 \n 2 2 \n 1 2 3 \n 2 2 -1 \n"
_ALL = np.array(list(itertools.product((0, 1), repeat=5)), dtype=np.uint8)


def test_the_energy_is_minus_the_weight_of_the_cut() -> None:
    edges = [
        (int(i) - 1, int(j) - 1, float(w))
        for i, j, w in (line.split() for line in _GRAPH.splitlines()[1:])
    ]
    found = maxcut.read(_GRAPH, "a.mc")
    cuts = [sum(w for i, j, w in edges if x[i] != x[j]) for x in _ALL]
    np.testing.assert_allclose(-found.polynomial.evaluate(_ALL), cuts)
    assert found.constraints_known


@pytest.mark.parametrize("problem", ["1", "2"])
def test_the_energy_is_minus_the_quadratic_form(problem: str) -> None:
    wanted = {"1": [[5, -4, 0], [-4, 0, 7], [0, 7, -6]], "2": [[0, 3], [3, -1]]}[problem]
    form = np.array(wanted, dtype=float)
    found = bqp.read_problem(_PROBLEMS, "a.bqp", problem)
    choices = np.array(list(itertools.product((0, 1), repeat=len(form))), dtype=np.uint8)
    np.testing.assert_allclose(
        -found.polynomial.evaluate(choices), [x @ form @ x for x in choices.astype(float)]
    )


def test_a_file_without_a_suffix_of_its_own_is_known_by_its_first_lines(tmp_path: Path) -> None:
    """Their public files are called G1, be120.3.5 or bqp50.txt."""
    lp = "\\ made up\nMinimize\n obj: x\nSubject To\n c: x >= 1\nBinary\n x\nEnd\n"
    qs = "# ObjectiveOffset 1\n1 1\n1 1 2\n"
    for file, text, n, problem in (
        ("G1", _GRAPH, 5, ""),
        ("toy.3.5", "# a graph\n" + _GRAPH, 5, ""),
        ("bqp2.txt", _PROBLEMS, 2, "2"),
        ("single", "1\n2 1\n1 2 4\n", 2, ""),
        ("one.txt", lp, 1, ""),
        ("two.txt", qs, 1, ""),
        ("three.txt", "c said\np qubo 0 2 1 0\n0 0 1\n", 2, ""),
    ):
        (tmp_path / file).write_text(text, encoding="utf-8")
        assert read_instance(tmp_path / file, problem).n_decision == n
    (tmp_path / "story.txt").write_text("Once upon a time\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"unknown suffix of an instance file '.txt'"):
        read_instance(tmp_path / "story.txt")


def test_the_problem_of_a_file_is_solved_and_named(tmp_path: Path) -> None:
    path = tmp_path / "two.bqp"
    path.write_text(_PROBLEMS, encoding="utf-8")
    told = solve_file(path, "enumeration", problem="2")
    assert told.energy == pytest.approx(-5.0)  # x = (1, 1): 2 x 3 - 1
    assert told.instance.problem == "2"
    assert told.feasible is True


@pytest.mark.parametrize(
    ("name", "text", "problem", "word"),
    [
        ("a.bqp", _PROBLEMS, "", "one of its 2 problems, got none"),
        ("a.bqp", _PROBLEMS, "3", "one of its 2 problems, got '3'"),
        ("a.bqp", _PROBLEMS, "x", "one of its 2 problems, got 'x'"),
        ("a.bqp", _PROBLEMS + "1 1 1\n", "1", "line 10: expected nothing after the last problem"),
        ("a.bqp", _PROBLEMS[:-9], "1", "expected 2 entries of problem 2 as announced, got 1"),
        ("a.bqp", "2\n1 1\n1 1 4\n", "1", "expected 2 problems as announced, got 1"),
        ("a.bqp", "1\n2 1 7\n1 1 4\n", "", "line 2: expected 'variables entries', got '2 1 7'"),
        ("a.bqp", "1\n2 1\n1 3 4\n", "", "line 3: expected a variable from 1 to 2, got 3"),
        ("a.bqp", "1\n2 1\n0 1 4\n", "", "line 3: expected a variable from 1 to 2, got 0"),
        (
            "a.bqp",
            "1\n2 2\n1 2 4\n2 1 4\n",
            "",
            r"line 4: the coefficient of \(2, 1\) is given twice",
        ),
        ("a.bqp", "", "", "is empty"),
        ("a.bqp", "0\n", "", "its 0 problems"),
        ("a.bqp", "999999999999\n", "", "its 999999999999 problems"),
        ("a.bqp", "1\n999999999 1\n1 1 4\n", "", "variables, or as many.*got [0-9]+ announced"),
        ("a.mc", "", "", "is empty"),
        ("a.mc", "3\n", "", "line 1: expected 'vertices edges', got '3'"),
        ("a.mc", "3 1\n1 2\n", "", "line 2: expected 'i j value', got '1 2'"),
        ("a.mc", "3 1\n1 2 nan\n", "", "line 2: expected a finite number, got 'nan'"),
        ("a.mc", "3 1\n1 2.5 1\n", "", "line 2"),
        ("a.mc", "# said\n3 2\n1 2 1\n\n3 3 1\n", "", "line 5: an edge from vertex 3 to itself"),
        ("a.mc", "3 2\n1 2 1\n2 1 1\n", "", "line 3.*given twice"),
        ("a.mc", "3 2\n1 2 1\n", "", "expected 2 edges as announced, got 1"),
        ("a.mc", "3 1\n1 4 1\n", "", "line 2: expected a variable from 1 to 3, got 4"),
        ("a.mc", "1000000000 0\n", "", "variables, or as many.*got [0-9]+ announced"),
        ("a.mc", _GRAPH, "1", "holds one problem"),
    ],
)
def test_spoilt_files_are_refused_by_line(
    name: str, text: str, problem: str, word: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=word):
        read_instance(tmp_path / name, problem)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    cut = maxcut.read(_GRAPH, "a.mc")
    write_instance(cut, tmp_path / "b.mc")
    assert read_instance(tmp_path / "b.mc").polynomial.terms == pytest.approx(
        dict(cut.polynomial.terms)
    )
    write_instance(cut, tmp_path / "b.bqp")
    assert read_instance(tmp_path / "b.bqp").polynomial.terms == pytest.approx(
        dict(cut.polynomial.terms)
    )
    for polynomial, suffix, word in (
        (BinaryPolynomial.of(2, [((0,), 1.0), ((0, 1), 2.0)]), ".mc", "the weight of a cut"),
        (BinaryPolynomial.of(3, [((0, 1, 2), 2.0)]), ".mc", "degree 3"),
        (BinaryPolynomial.of(3, [((0, 1, 2), 2.0)]), ".bqp", "degree 3"),
        (BinaryPolynomial.of(1, [((), 1.0)]), ".bqp", "the constant 1"),
    ):
        with pytest.raises(InputError, match=word):
            write_instance(plain(polynomial), tmp_path / f"c{suffix}")
