"""LP files: what is read is what HiGHS and SCIP read, and everything else is refused by its
line.
"""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import dimod
import numpy as np
import pytest

from qtwin.encoding.instance import lp, read_instance, write_instance
from qtwin.encoding.integers import weights_of
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.polynomial import index_to_bits
from qtwin.errors import InputError
from qtwin.studies.model.solve import solve_file


def _optimum(encoding: BinaryModel) -> float | None:
    """By looking at every choice."""
    bits = index_to_bits(np.arange(2**encoding.n_decision), encoding.n_decision)
    allowed = (
        np.all([c.holds(bits) for c in encoding.constraints], axis=0)
        if encoding.constraints
        else np.ones(len(bits), bool)
    )
    return float(encoding.value(bits)[allowed].min()) if allowed.any() else None


def _by_highs(path: Path) -> float | None:
    highspy = pytest.importorskip("highspy")
    model = highspy.Highs()
    for option, value in (("output_flag", False), ("presolve", "off")):
        model.setOptionValue(option, value)
    assert model.readModel(str(path)) == highspy.HighsStatus.kOk
    model.run()
    if model.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return None
    assert model.getModelStatus() == highspy.HighsModelStatus.kOptimal
    sense = 1.0 if model.getObjectiveSense()[1] == highspy.ObjSense.kMinimize else -1.0
    return sense * float(model.getInfo().objective_function_value)


def _by_scip(path: Path) -> float | None:
    scip = pytest.importorskip("pyscipopt")
    model = scip.Model()
    model.hideOutput()
    model.readProblem(str(path))
    sense = 1.0 if model.getObjectiveSense() == "minimize" else -1.0
    model.optimize()
    return sense * model.getObjVal() if model.getNSols() else None


def _random(seed: int) -> str:
    """A linear program over binary variables in one of the layouts that writers use."""
    rng = np.random.default_rng([seed, 14])
    stems = ["x", "y#", "Z_", "e", "u(", "größe", "β"]
    names = [
        f"{rng.choice(stems)}{i}{rng.choice(['', '.a'])}" for i in range(int(rng.integers(3, 8)))
    ]
    names = [n + ")" if "(" in n else n for n in names]
    digits = int(rng.choice([0, 1, 4]))

    def expression(chosen: list[str], lowest: int) -> str:
        words = []
        for name in chosen:
            value = round(float(rng.normal(0.0, 4.0)), digits) or float(lowest)
            size = f"{abs(value):g}"
            words.append(
                f"{'-' if value < 0 else '+'} "
                f"{'' if size == '1' and rng.random() < 0.5 else size} {name}"
            )
        return ("\n  " if rng.random() < 0.3 else " ").join(words)

    sense = rng.choice(["Minimize", "Maximize", "min", "MAXIMUM"])
    constant = (
        f" {'+' if rng.random() < 0.5 else '-'} {rng.integers(1, 9)}" if rng.random() < 0.5 else ""
    )
    lines = [
        "\\ made up",
        str(sense),
        f" obj: {expression(names, 1)}{constant}",
        str(rng.choice(["Subject To", "st", "such that"])),
    ]
    for k in range(int(rng.integers(1, 5))):
        chosen = [n for n in names if rng.random() < 0.6] or names[:1]
        row = (
            f" {expression(chosen, 2)} {rng.choice(['<=', '>='])} "
            f"{round(float(rng.normal(0, 4)), digits):g}"
        )
        lines.append((f" r{k}:" if rng.random() < 0.7 else " ") + row)
    general = [n for n in names if rng.random() < 0.3]
    bounds = [f" 0 <= {n} <= 1" if rng.random() < 0.5 else f" {n} <= 1" for n in general]
    bounds += [
        str(
            rng.choice(
                [
                    f" {n} = 0",
                    f" {n} = 1",
                    f" {n} <= 0",
                    f" {n} >= 1",
                    f" 1 <= {n}",
                    f" 0 <= {n} <= 1",
                ]
            )
        )
        for n in names
        if n not in general and rng.random() < 0.25
    ]
    if rng.random() < 0.4:
        lines[2] = lines[2].replace(" obj:", f" obj: {rng.integers(1, 5)} offset")
        bounds.append(" offset = 2.5")
    if bounds:
        lines += ["Bounds", *bounds]
    if general:
        lines += [str(rng.choice(["General", "Generals", "Integers"])), " " + " ".join(general)]
    lines += [
        str(rng.choice(["Binary", "Binaries", "bin"])),
        *(f" {n}" for n in names if n not in general),
        "End",
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("seed", range(60))
def test_made_up_programs_have_the_optimum_that_other_readers_find(
    seed: int, tmp_path: Path
) -> None:
    path = tmp_path / "made.lp"
    path.write_text(_random(seed), encoding="utf-8")
    ours = _optimum(read_instance(path))
    others = [_by_highs(path)]
    spelled = path.read_text(encoding="utf-8")
    # as SCIP reads them too
    for ours_spelled, theirs_spelled in (("<=", "=<"), (">=", ">")) if seed % 2 else ():
        head, tail = spelled.split("Bounds") if "Bounds" in spelled else (spelled, "")
        spelled = head.replace(ours_spelled, theirs_spelled) + ("Bounds" + tail if tail else "")
    path.write_text(spelled, encoding="utf-8")
    assert _optimum(read_instance(path)) == ours
    others.append(_by_scip(path))
    for other in others:
        assert (ours is None) == (other is None), path.read_text()
        assert ours is None or ours == pytest.approx(other, abs=1e-6), path.read_text()


def _two(
    objective: str = "- x - y", rows: str = "c: x + y <= 2", rest: str = "Binary\n x y"
) -> str:
    return f"Minimize\n obj: {objective}\nSubject To\n {rows}\n{rest}\nEnd\n"


@pytest.mark.parametrize(
    ("text", "optimum"),
    [
        (_two(rest="Bounds\n y = 0\nBinary\n x y"), -1.0),
        (_two(rest="Binary\n x y\nBounds\n y <= 0"), -1.0),
        (_two("x + y", rest="Bounds\n 1 <= y\nBinary\n x y"), 1.0),
        (_two(rest="Bounds\n x <= 0.7\nBinary\n x y"), -1.0),
        (_two(rest="Bounds\n x <= 1\n 0 <= y <= 1\nGeneral\n x y"), -2.0),
        (_two("- x - y + 3 k", rest="Bounds\n k = -1.5\nBinary\n x y"), -6.5),
        (_two("- x - y", "c: x + y + 2 k <= 2", rest="Bounds\n k = 0.5\nBinary\n x y"), -1.0),
        (_two("- x - x - y"), -3.0),
        (_two("- x - y + 10"), 8.0),
        (_two(rows="c: x + y + 3 <= 4"), -1.0),
        (_two(rows="c: 1 >= x + y"), -1.0),
        (_two(rows="c: 0.5 <= x + y <= 1.5"), -1.0),
        (_two("x + y", rows="c: 1.5 >= x + y >= 0.5"), 1.0),
        (_two(rows="c: x + y + x <= 2"), -1.0),
        (_two(rows="c: x + y >= -inf\n d: x + y <= 1e30\n e: -infinity <= x"), -2.0),
        (_two(rows="x + y\n <= 1"), -1.0),
        (_two("- 2 x - y", rows="c: x + y <= 1 d: y >= 1"), -1.0),
        (_two(rows="+ x + y <= 1\n + x >= 1"), -1.0),
        (_two(rows="c: 1.2345 x + 2.3456 y <= 3.58"), -1.0),
        (_two(rows="c: 1.2345 x + 2.3456 y <= 3.5801"), -2.0),
        (_two(rows="c: 0.33333333333 x + 0.66666666666 y = 0.66666666666"), -1.0),
        (_two(rows="c: 30000000 x + 20000001 y <= 50000000"), -1.0),
        (_two("- x - y + [ 4 x * y ] / 2"), -1.0),
        (_two("[ - 2 x ^ 2 - 4 x * y + 2 y * k ] / 2", rest="Bounds\n k = 3\nBinary\n x y"), -1.0),
        (_two("- [ 2 x ^2 ] / 2 + -3 y"), -4.0),
        (_two("- 2x - 3e0 y"), -5.0),
        (_two("- x[1] - y[a,2]", "c: x[1] + y[a,2] <= 1", "Binary\n x[1] y[a,2]"), -1.0),
        (_two("", rest="Binary\n x y"), 0.0),
        ("Maximise\n obj: 2 x + y\nSubject To\n c: x + y <= 1\nBinary\n x y\nEnd\n", -2.0),
        (
            "\\ a comment \\ x >= 1\nMAX\n obj: x + y \\ more\nST\n c: x + y <= 1\nBIN\n "
            "x\n y\nEND\n",
            -1.0,
        ),
        (
            "Maximize\n obj: x + y\nSubject To\n c: x + y <= 1\nLazy Constraints\n d: x + "
            "2 y <= 0\nBinary\n x y\nEnd\n",
            0.0,
        ),
        (_two(rows="c: x + y <= 1\n d: x + y >= 2"), None),
        (_two(rows="c: 0 x >= 1"), None),
        (_two(rest="Bounds\n x <= 7\nGeneral\n x\nBinary\n y"), -2.0),
        (_two(rows="c: 2 x + y <= 11", rest="Bounds\n x <= 7\nGeneral\n x\nBinary\n y"), -6.0),
        (_two(rows="c: 2 x + y <= 11", rest="General\n x\nBinary\n y"), -6.0),  # bounded by its row
        (
            _two(
                "x + y",
                rows="c: x + y >= -4.5",
                rest="Bounds\n -5 <= x <= 7\nGeneral\n x\nBinary\n y",
            ),
            -4.0,
        ),
        (
            _two(
                "x + y",
                rows="c: x + 3 y >= -4\n d: x <= 9",
                rest="Bounds\n x free\nGeneral\n x\nBinary\n y",
            ),
            -6.0,
        ),
        (
            _two(
                "[ 2 x ^ 2 + 2 x * y ] / 2 - 5 x",
                rest="Bounds\n x <= 6\nGeneral\n x\nBinary\n y",
                rows="c: x <= 6",
            ),
            -6.0,
        ),
        (
            _two(
                "[ 2 x ^ 2 - 4 x * y ] / 2",
                rest="Bounds\n -3 <= x <= 3\n y <= 3\nGeneral\n x y",
                rows="c: y <= 3",
            ),
            -9.0,
        ),
        (_two("- x", rows="c: x + y <= 3\n d: x + y >= 3", rest="General\n x y"), -3.0),
        (_two("- x", rows="c: x + y = -1", rest="General\n x y"), None),
    ],
)
def test_everything_in_a_file_counts(text: str, optimum: float | None) -> None:
    found = _optimum(lp.read(text, "a.lp"))
    assert found == (None if optimum is None else pytest.approx(optimum))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (
            _two(rest="Binary\n x y\nSOS\n s1: S1:: x:1 y:2"),
            "line 7: expected a section that is read, got 'SOS'",
        ),
        (_two(rest="Binary\n x y\nSOS1\n s1: x:1 y:2"), "line 7"),
        (_two(rest="Bounds\n -2 <= x <= 3\nBinary\n x y"), "line 6: 'x' is binary"),
        (_two(rest="Bounds\n x <= 5\nBinary\n x y"), "line 6"),
        (_two(rest="Bounds\n x free\nBinary\n x y"), "line 6"),
        (_two(rest="Bounds\n x = 0.5\nBinary\n x y"), "line 6: no value"),
        (_two(rest="Bounds\n x >= 1\n x <= 0\nBinary\n x y"), "no value"),
        (_two(rest="Bounds\n x <= 1\n x <= 0\nBinary\n x y"), "another bound"),
        (
            _two(rows="c: x - y >= 0", rest="General\n x\nBinary\n y"),
            "line 2: 'x' is a whole number from 0 to inf",
        ),
        (
            _two(rest="Bounds\n x <= 2e9\nGeneral\n x\nBinary\n y", rows="c: x + y >= 1"),
            "line 6: 'x' is a whole number",
        ),
        (_two(rest="Bounds\n x <= 7\nBinary\n y"), "line 6: 'x' is no binary"),
        (_two(rest="Binary\n y"), "line 2: 'x' is no binary"),
        (_two(rest="Semi-continuous\n x\nBinary\n y"), "line 5"),
        (_two(rest="General Constraints\n g: x = min ( y )\nBinary\n x y"), "line 5"),
        (_two(rest="User Cuts\n u: x <= 0\nBinary\n x y"), "line 5"),
        (_two(rest="PWLObj\n x: 1\nBinary\n x y"), "line 5"),
        ("Minimize multi-objectives\n o1: x\nSubject To\n c: x >= 0\nBinary\n x\nEnd\n", "line 1"),
        (_two(rows="c: x = 1 -> y <= 0"), "line 4"),
        (
            _two(rows="c: x + [ x * y ] <= 1"),
            "line 4: '\\[': expected a linear row, got a quadratic",
        ),
        (_two(rows="c: x * y <= 1"), "line 4"),
        (_two(rows="c: x + y <= x"), "line 4: 'x': expected a number"),
        (_two(rows="c: x + y <= 1 x"), "line 4"),
        (_two(rows="c: x + y <= 1 + 1"), "line 4"),
        (_two(rows="c: x + y <= 1\n c: x <= 0"), "line 5: .*row of this name"),
        (_two(rows="c: x + y <= 1 <= 2"), "line 4"),
        (_two(rows="c: 1 <= x + y >= 0"), "range"),
        (_two(rows="c: x + y <= -inf"), "cannot be"),
        (_two(rows="c: x y <= 1"), "sign"),
        (_two(rows="c: 2 3 x <= 1"), "sign"),
        (_two(rows="c: x +"), "expected a term"),
        (_two(rows="c: x + inf y <= 1"), "finite"),
        (_two(rows="c: x + 1e400 y <= 1"), "finite"),
        (_two(rows="c: x <= nan"), "expected a number"),
        (_two("- x - y + [ x * y ]"), "/ 2"),
        (_two("- x - y + [ x ] / 2"), "x \\^ 2 or x \\* y"),
        (_two("- x - 0x10 y"), "number or a term"),
        (_two("x \N{MULTIPLICATION SIGN} y"), "cannot be read"),
        (_two("x + free"), "word of the format"),
        (_two() + "Bounds\n x = 0\n", "after End"),
        (_two().replace("End", ""), "no line 'End'"),
        (_two(rest="Binary\n x y\nMaximize\n y"), "second objective"),
        ("max: 3 x + 2 y;\nc1: x + y <= 1;\n", "must begin"),
        (
            "Minimize\n obj: x1000000 + x1000001\nSubject To\n c: x1000000 <= 1\nBinary\n "
            "x1000000 x1000001\nEnd\n",
            "10,000",
        ),
    ],
)
def test_what_is_not_read_is_refused_by_its_line(text: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        lp.read(text, "a.lp")


@pytest.mark.parametrize("span", [0, 1, 2, 3, 5, 7, 8, 100, 1000])
def test_weights_reach_every_value_and_no_other(span: int) -> None:
    weights = weights_of(span)
    assert {
        sum(chosen)
        for k in range(len(weights) + 1)
        for chosen in itertools.combinations(weights, k)
    } == {*range(span + 1)}
    assert len(weights) == span.bit_length()


def _random_integers(seed: int) -> str:
    """A program whose variables are whole, some bounded by rows alone."""
    rng = np.random.default_rng([seed, 77])
    names = [f"z{i}" for i in "abc"[: int(rng.integers(2, 4))]]

    def expression() -> str:
        return " ".join(f"{int(rng.integers(-4, 5)):+d} {n}" for n in names)

    pairs = (
        f" + [ {rng.integers(1, 4)} {names[0]}^2 {rng.choice(['+', '-'])} {rng.integers(1, 4)} "
        f"{names[0]} * {names[1]} ] / 2"
    )
    rows = [
        f" r{k}: {expression()} {rng.choice(['<=', '>='])} {int(rng.integers(-5, 9))}"
        for k in range(int(rng.integers(1, 4)))
    ]
    bounds = []
    for n in names:
        low = int(rng.integers(-4, 3))
        if rng.random() < 0.4:
            rows += [f" {n} >= {low}", f" 2 {n} <= {2 * low + int(rng.integers(0, 15))}"]
            bounds.append(f" {n} free")
        else:
            bounds.append(f" {low} <= {n} <= {low + int(rng.integers(0, 8))}")
    objective = expression() + (pairs if seed % 2 else "")
    head = [
        str(rng.choice(["Minimize"] if seed % 2 else ["Minimize", "Maximize"])),
        f" obj: {objective}",
        "Subject To",
    ]
    return (
        "\n".join([*head, *rows, "Bounds", *bounds, "General", " " + " ".join(names), "End"]) + "\n"
    )


@pytest.mark.parametrize("seed", range(40))
def test_whole_numbers_have_the_optimum_that_other_readers_find(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "made.lp"
    path.write_text(_random_integers(seed), encoding="utf-8")
    ours = _optimum(read_instance(path))
    # HiGHS takes no integers with a quadratic objective
    others = [_by_scip(path), *([] if seed % 2 else [_by_highs(path)])]
    for other in others:
        assert (ours is None) == (other is None), path.read_text()
        assert ours is None or ours == pytest.approx(other, abs=1e-6), path.read_text()


@pytest.mark.parametrize(
    ("objective", "count"),
    [
        ("x", 4000),
        (" + ".join(["x + [", *(f"z{i} * z{i + 1}" for i in range(2999)), "0 x * y ] / 2"]), 3000),
    ],
)
def test_more_bits_than_can_be_held_are_refused(objective: str, count: int) -> None:
    objective = objective.replace("[ +", "[").replace("x + [ +", "x + [")
    names = [f"z{i}" for i in range(count)]
    bounds = "\n".join(f" 0 <= {v} <= 1000000000" for v in names)
    with pytest.raises(InputError, match="bits and"):
        lp.read(
            _two(objective, rest=f"Bounds\n{bounds}\nGeneral\n{' '.join(names)}\nBinary\n x y"),
            "a.lp",
        )


def test_the_answer_names_the_values_of_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.lp"
    path.write_text(
        _two(
            "- 3 x - y",
            rows="c: 2 x + y <= 12",
            rest="Bounds\n -5 <= x <= 7\nGeneral\n x\nBinary\n y",
        ),
        encoding="utf-8",
    )
    for solver in ("cp-sat", "tabu", "enumeration"):
        told = solve_file(path, solver, time_limit_s=5.0)
        assert told.energy == pytest.approx(-18.0)
        assert told.whole_numbers == {"x": 6}
        assert told.chosen == ()
    kept = read_instance(path)
    write_instance(kept, tmp_path / "b.json")
    assert read_instance(tmp_path / "b.json").whole_numbers == kept.whole_numbers


def test_names_are_letters_of_any_alphabet_and_no_other_signs() -> None:
    """A long s is no s of a section, and neither a minus sign nor a space of another kind is a
    letter.
    """
    found = lp.read(
        "Minimize\n obj: - é - ſt\nSubject To\n c: é +\n ſt <= 1\nBinary\n é\n ſt\nEnd\n", "a.lp"
    )
    assert found.variables[:2] == ("é", "ſt")
    assert _optimum(found) == -1.0
    for objective in ("x − y", "x +\xa0 y", "x ≤ y"):
        with pytest.raises(InputError, match="line 2"):
            lp.read(_two(objective), "a.lp")


def test_too_many_rows_are_refused_where_they_pass_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("qtwin.encoding.instance.lp_grammar.MOST_ROWS", 3)
    rows = "\n".join(f" x + {k} y <= 9" for k in range(4))
    with pytest.raises(InputError, match=r"line 7.*more than 3 rows"):
        lp.read(_two(rows=rows.strip()), "a.lp")


@pytest.mark.slow
def test_large_programs_take_time_in_proportion_to_their_length() -> None:
    """Needs beside many classes, and one row over many whole numbers: each once took the square of
    its length.
    """

    def classes(n: int) -> str:
        rows = [
            f" x{3 * k} + x{3 * k + 1} + x{3 * k + 2} <= 1\n x{3 * k} + x{3 * k + 1} >= 1"
            for k in range(n)
        ]
        return _two(
            "x0",
            rows="\n".join(rows).strip(),
            rest="Binary\n" + "\n".join(f" x{i}" for i in range(3 * n)),
        )

    def wide(n: int) -> str:
        names = [f"z{i}" for i in range(n)]
        row = "\n + ".join(names) + " <= 1000"
        return _two(
            "z0",
            rows=row,
            rest="Bounds\n"
            + "\n".join(f" {v} >= 0" for v in names)
            + "\nGeneral\n"
            + "\n".join(names),
        )

    def cpu_s(text: str) -> float:
        began = time.process_time()
        lp.read(text, "a.lp")
        return time.process_time() - began

    for made, n in ((classes, 500), (wide, 250)):
        assert cpu_s(made(8 * n)) < 30.0 * max(min(cpu_s(made(n)) for _ in range(2)), 0.02)


def test_names_that_only_look_like_ours_keep_their_variables() -> None:
    found = lp.read(
        "Minimize\n obj: - x1 - x7\nSubject To\n c: x1 + x7 <= 1\nBinary\n x1 x7\nEnd\n", "a.lp"
    )
    assert found.variables[:2] == ("x1", "x7")
    assert found.n_decision == 2


@pytest.mark.parametrize("seed", range(5))
def test_dimod_and_highs_read_what_is_written(seed: int, tmp_path: Path) -> None:
    """Coefficients go out to the last digit."""
    rng = np.random.default_rng([seed, 9])
    terms = " + ".join(f"{w!r} x{i}" for i, w in enumerate(rng.random(5).tolist()))
    pairs = (
        " + ".join(
            f"{w!r} x{i} * x{j}"
            for (i, j), w in zip(itertools.combinations(range(5), 2), rng.random(10), strict=True)
        )
        .replace("np.float64(", "")
        .replace(")", "")
    )
    encoding = lp.read(
        _two(
            f"- 3 x0 + {terms} + [ {pairs} ] / 2 + 0.25",
            f"c: {terms} >= 0.8",
            "Binary\n x0 x1 x2 x3 x4",
        ),
        "a.lp",
    )
    text = lp.write(encoding)
    again = lp.read(text, "b.lp")
    assert again.objective.terms == encoding.objective.terms
    assert again.constraints == encoding.constraints
    model = dimod.lp.loads(text)
    bits = index_to_bits(np.arange(32), 5)
    for row in bits:
        sample = {f"x{i}": int(b) for i, b in enumerate(row)}
        assert model.objective.energy(sample) == pytest.approx(
            float(encoding.value(row[None, :])[0]), abs=1e-6
        )
        assert model.check_feasible(sample) == bool(encoding.constraints[0].holds(row[None, :])[0])


def test_rows_that_are_no_penalties_are_left_to_solvers_that_take_rows() -> None:
    encoding = lp.read(_two(rows="c: 1.23456 x + 2.34567 y <= 3\n d: x + y >= 1"), "a.lp")
    assert encoding.unwritten == ("c",)
    assert {p.constraint for p in encoding.penalties} == {"d"}
    with pytest.raises(InputError, match="'c' first"):
        encoding.check_written("annealing")
    assert not encoding.is_feasible(np.array([[1, 1]]))[0]
