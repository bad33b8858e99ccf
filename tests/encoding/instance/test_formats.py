"""Round trips on random asymmetric instances, judged by the energies and constraints of the other
library, and spoilt files.
"""

from __future__ import annotations

import gzip
import itertools
import json
import lzma
from pathlib import Path

import dimod
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtwin.encoding.converters import recoded
from qtwin.encoding.generate import make
from qtwin.encoding.instance import FORMATS, document, lp, qbsolv, qs, read_instance, write_instance
from qtwin.encoding.instance import model as models
from qtwin.encoding.model import BinaryModel, plain
from qtwin.encoding.penalty import check_sufficiency, encode
from qtwin.encoding.polynomial import BinaryPolynomial, index_to_bits
from qtwin.errors import InputError
from qtwin.problem.constraint import (
    AtLeastOne,
    AtMost,
    AtMostOne,
    Cap,
    Constraint,
    Exactly,
    Linear,
    NotBoth,
    linear,
    row_of,
)
from qtwin.problem.feasible import feasible_bits

N = 5
BITS = index_to_bits(np.arange(2**N), N)
numbers = st.floats(-50.0, 50.0, allow_nan=False).map(lambda v: round(v, 4))


@st.composite
def polynomials(draw: st.DrawFn, degree: int) -> BinaryPolynomial:
    terms = [t for k in range(degree + 1) for t in itertools.combinations(range(N), k)]
    return BinaryPolynomial.of(N, [(t, draw(numbers)) for t in terms if draw(st.booleans())])


@st.composite
def constraints(draw: st.DrawFn) -> list[Constraint]:
    members = tuple(
        sorted(draw(st.lists(st.integers(0, N - 1), min_size=2, max_size=4, unique=True)))
    )
    weights = tuple(float(draw(st.integers(1, 6))) / 2 for _ in members)
    signed = tuple(float(draw(st.sampled_from([-3, -2, -1, 1, 2]))) for _ in members)
    kinds: list[Constraint] = [
        AtMostOne(name="one", members=members),
        AtLeastOne(name="some", members=members),
        NotBoth(name="not both", pair=members[:2]),
        AtMost(name="few", limit=draw(st.integers(0, N)), members=members),
        Exactly(name="count", count=draw(st.integers(0, len(members))), members=members),
        Cap(name="cap", members=members, weights=weights, limit=float(draw(st.integers(0, 8)))),
        Linear(
            name="row",
            members=members,
            weights=signed,
            sense=draw(st.sampled_from(["<=", ">=", "=="])),
            limit=float(draw(st.integers(-3, 3))),
        ),
    ]
    return draw(st.lists(st.sampled_from(kinds), max_size=3, unique_by=lambda c: c.name))


def _energies(model: dimod.BinaryQuadraticModel, names: tuple[str, ...]) -> np.ndarray:
    return np.array([model.energy(dict(zip(names, row.tolist(), strict=True))) for row in BITS])


@given(polynomial=polynomials(2))
@settings(max_examples=40, deadline=None)
def test_qbsolv_round_trip_keeps_every_coefficient(polynomial: BinaryPolynomial) -> None:
    again = qbsolv.read(qbsolv.write(plain(polynomial)), "x.qubo")
    assert again.polynomial.terms == polynomial.terms
    assert again.polynomial.n_variables == N


def test_a_qbsolv_file_of_somebody_else() -> None:
    """The example of qbsolv's manual page, in the words of its format: nodes, then couplers."""
    text = "c a comment\np qubo 0 4 3 2\n0 0 3.4\n1 1 4.5\n2 2 2.1\n0 1 -2.5\n2 1 4.1\n"
    found = qbsolv.read(text, "manual.qubo").polynomial
    assert found.n_variables == 4
    assert found.terms == {(0,): 3.4, (1,): 4.5, (2,): 2.1, (0, 1): -2.5, (1, 2): 4.1}


@given(polynomial=polynomials(2))
@settings(max_examples=30, deadline=None)
def test_dimod_has_the_same_energies_and_gives_them_back(polynomial: BinaryPolynomial) -> None:
    encoding = plain(polynomial)
    model = models.to_bqm(encoding)
    np.testing.assert_allclose(
        _energies(model, encoding.variables), polynomial.evaluate(BITS), atol=1e-9
    )
    for back in (
        models.from_bqm(model),
        models.from_bqm(model.change_vartype("SPIN", inplace=False)),
    ):
        np.testing.assert_allclose(
            back.polynomial.evaluate(BITS), polynomial.evaluate(BITS), atol=1e-9
        )
        assert back.variables == encoding.variables


@given(polynomial=polynomials(4))
@settings(max_examples=30, deadline=None)
def test_dimod_polynomials_of_any_degree(polynomial: BinaryPolynomial) -> None:
    encoding = plain(polynomial)
    model = models.to_polynomial_model(encoding)
    energies = [
        model.energy(dict(zip(encoding.variables, row.tolist(), strict=True))) for row in BITS
    ]
    np.testing.assert_allclose(energies, polynomial.evaluate(BITS), atol=1e-9)
    for back in (
        models.from_polynomial_model(model),
        models.from_polynomial_model(model.to_spin()),
    ):
        columns = [encoding.variables.index(v) for v in back.variables]
        np.testing.assert_allclose(
            back.polynomial.evaluate(BITS[:, columns]), polynomial.evaluate(BITS), atol=1e-9
        )


@given(polynomial=polynomials(2), rules=constraints())
@settings(max_examples=40, deadline=None)
def test_lp_and_constrained_models_keep_objective_and_constraints(
    polynomial: BinaryPolynomial, rules: list[Constraint]
) -> None:
    encoding = BinaryModel(
        polynomial=polynomial,
        objective=polynomial,
        variables=tuple(f"drug {i} mg" for i in range(N)),
        n_decision=N,
        constraints=tuple(rules),
    )
    model = models.to_cqm(encoding)
    text = lp.write(encoding)
    for back in (models.from_cqm(model), lp.read(text, "x.lp")):
        assert back.variables[:N] == encoding.variables
        np.testing.assert_allclose(back.value(BITS), polynomial.evaluate(BITS), atol=1e-6)
        np.testing.assert_array_equal(
            np.all([c.holds(BITS) for c in back.constraints], axis=0)
            if back.constraints
            else np.ones(len(BITS), bool),
            encoding.is_feasible(BITS),
        )
    for row in BITS[::3]:
        sample = dict(zip(encoding.variables, row.tolist(), strict=True))
        assert model.objective.energy(sample) == pytest.approx(
            float(polynomial.evaluate(row[None, :])[0]), abs=1e-9
        )
        assert model.check_feasible(sample) == bool(encoding.is_feasible(row[None, :])[0])


@given(polynomial=polynomials(3), rules=constraints())
@settings(max_examples=40, deadline=None)
def test_json_loses_nothing(polynomial: BinaryPolynomial, rules: list[Constraint]) -> None:
    feasible = feasible_bits(N, rules)
    encoding = encode(
        polynomial,
        names=[f"v{i}" for i in range(N)],
        constraints=rules,
        feasible=feasible[:1] if len(feasible) else None,
    )
    again = document.read(document.write(encoding), "x.json")
    assert (again.polynomial.terms, again.objective.terms) == (
        encoding.polynomial.terms,
        encoding.objective.terms,
    )
    assert (again.constraints, again.penalties) == (encoding.constraints, encoding.penalties)
    assert (again.variables, again.n_decision) == (encoding.variables, encoding.n_decision)


@given(polynomial=polynomials(2), rules=constraints())
@settings(max_examples=40, deadline=None)
def test_penalties_of_files_from_elsewhere_suffice_though_nothing_feasible_is_known(
    polynomial: BinaryPolynomial, rules: list[Constraint]
) -> None:
    encoding = encode(
        polynomial, names=[f"v{i}" for i in range(N)], constraints=rules, feasible=None
    )
    if not len(feasible_bits(N, rules)) or encoding.polynomial.n_variables > 18:
        return
    found = check_sufficiency(encoding)
    assert found is not None
    assert found.holds
    assert found.lowest_feasible == pytest.approx(
        -polynomial.evaluate(feasible_bits(N, rules)).max(), abs=1e-9
    )


@given(rules=constraints())
@settings(max_examples=60, deadline=None)
def test_a_row_is_its_constraint(rules: list[Constraint]) -> None:
    for c in rules:
        again = linear("again", *row_of(c))
        np.testing.assert_array_equal(again.holds(BITS), c.holds(BITS))


# cuts and forms without a constant: test_graphs
@pytest.mark.parametrize("suffix", sorted({*FORMATS} - {".mc", ".rud", ".bqp"}))
def test_files_of_every_format_go_there_and_back(tmp_path: Path, suffix: str) -> None:
    encoding = make("cardinality", 8, seed=3).encoding
    write_instance(encoding, tmp_path / f"a{suffix}")
    again = read_instance(tmp_path / f"a{suffix}")
    bits = index_to_bits(np.arange(2**8), 8)
    inside = encoding.is_feasible(bits)
    np.testing.assert_allclose(
        again.polynomial.evaluate(bits)[inside],
        encoding.polynomial.evaluate(bits)[inside],
        atol=1e-6,
    )


def test_a_qubo_with_its_constraints_knows_them_and_one_without_does_not() -> None:
    utility = BinaryPolynomial.of(4, {(0,): 2.0, (1,): 3.0, (2,): 1.5, (0, 3): -1.0, (): 0.25})
    rules = [
        AtMost(name="two", limit=2, members=(0, 1, 2, 3)),
        Linear(name="l", members=(0, 3), weights=(1.0, -2.0), sense="<=", limit=0.5),
    ]
    encoding = encode(utility, names=list("abcd"), constraints=rules, feasible=np.zeros((1, 4)))
    text = qbsolv.write(encoding)
    again = qbsolv.read(text, "a.qubo")
    assert again.constraints_known
    assert again.constraints == encoding.constraints
    assert (again.n_decision, again.variables) == (4, encoding.variables)
    assert again.objective.terms == encoding.objective.terms
    bits = index_to_bits(
        np.arange(2**encoding.polynomial.n_variables), encoding.polynomial.n_variables
    )
    np.testing.assert_array_equal(again.is_feasible(bits), encoding.is_feasible(bits))
    lines = text.splitlines()
    stripped = qbsolv.read(
        "\n".join(line for line in lines if not line.startswith("c qtwin")), "a.qubo"
    )
    # another polynomial: what the comment says is not of it
    lines[-1] = lines[-1].rsplit(" ", 1)[0] + " 77.5"
    changed = qbsolv.read("\n".join(lines), "a.qubo")
    for other in (stripped, changed):
        assert not other.constraints_known
        assert not other.constraints


def test_reasons_of_constraints_stay_at_home() -> None:
    utility = BinaryPolynomial.of(2, {(0,): 1.0})
    rule = AtMostOne(name="one", reason="because of a diagnosis", members=(0, 1))
    assert "diagnosis" not in qbsolv.write(
        encode(utility, names="ab", constraints=[rule], feasible=np.zeros((1, 2)))
    )


@pytest.mark.parametrize("topology", ["0", "unconstrained"])
def test_a_qubo_of_either_topology_with_a_byte_order_mark(topology: str, tmp_path: Path) -> None:
    (tmp_path / "a.qubo").write_bytes(
        b"\xef\xbb\xbf" + f"p qubo {topology} 3 1 1\r\n0 0 1.5\r\n2 0 -1\r\n".encode()
    )
    assert read_instance(tmp_path / "a.qubo").polynomial.terms == {(0,): 1.5, (0, 2): -1.0}


@pytest.mark.parametrize("suffix", ["gz", "xz"])
def test_packed_files_are_read_and_not_written(suffix: str, tmp_path: Path) -> None:
    pack = {"gz": gzip.compress, "xz": lzma.compress}[suffix]
    text = b"Minimize\n obj: - x - y\nSubject To\n c: x + y <= 1\nBinary\n x y\nEnd\n"
    half = len(text) // 2
    # two members, one after the other
    (tmp_path / f"a.lp.{suffix}").write_bytes(pack(text[:half]) + pack(text[half:]))
    found = read_instance(tmp_path / f"a.lp.{suffix}")
    assert found.objective.terms == {(0,): -1.0, (1,): -1.0}
    with pytest.raises(InputError, match="packed"):
        write_instance(found, tmp_path / f"b.lp.{suffix}")


def test_many_entries_are_held_as_they_stand() -> None:
    rng = np.random.default_rng(5)
    n = 20_000
    ends = np.unique(np.sort(rng.integers(n, size=(60_000, 2)), axis=1), axis=0)
    ends = rng.permutation(ends[ends[:, 0] != ends[:, 1]])
    values = rng.integers(-9, 10, size=len(ends))
    text = f"p qubo 0 {n} 2 {len(ends)}\n5 5 1\n3 3 2\n"
    text += "".join(
        f"{j} {i} {v}\n" for (i, j), v in zip(ends.tolist(), values.tolist(), strict=True)
    )
    found = qbsolv.read(text, "a.qubo").polynomial
    expected = {(3,): 2.0, (5,): 1.0} | {
        (i, j): float(v) for (i, j), v in zip(ends.tolist(), values.tolist(), strict=True) if v
    }
    assert found.terms == expected
    assert list(found.terms) == sorted(expected, key=lambda t: (len(t), t))
    bits = rng.integers(2, size=(3, n), dtype=np.uint8)
    slow = [sum(c for t, c in expected.items() if all(row[list(t)])) for row in bits]
    np.testing.assert_allclose(found.evaluate(bits), slow)


def test_a_qs_file_counts_each_product_twice() -> None:
    """The largest independent set of a path of three nodes, as QOBLIB states it: minus the nodes
    plus 2 an edge, written 1.
    """
    text = (
        "# by Zimpl\n# ObjectiveOffset 0.5\n# Vars Non-zeros\n3 5\n1 1 -1\n1 2 1\n2 2 -1\n2 3 "
        "1\n3 3 -1\n"
    )
    found = qs.read(text, "a.qs")
    assert found.polynomial.terms == {
        (): 0.5,
        (0,): -1.0,
        (1,): -1.0,
        (2,): -1.0,
        (0, 1): 2.0,
        (1, 2): 2.0,
    }
    assert found.polynomial.values().min() == pytest.approx(0.5 - 2.0)
    assert not found.constraints_known
    assert qs.read(qs.write(found), "b.qs").polynomial.terms == found.polynomial.terms
    for change, word in (
        (("3 5", "3 6"), "announced"),
        (("3 5", "3 4"), "line 9"),
        (("3 5", "2000000000 5"), "10,000"),
        (("1 2 1", "2 1 1"), "line 6"),
        (("1 2 1", "2 2 1"), "line 7"),
        (("1 2 1", "0 2 1"), "line 6"),
        (("1 2 1", "1 2 inf"), "finite"),
        (("1 2 1", "1 2"), "i j value"),
        (("1 2 1", f"1 {'9' * 5000} 1"), "whole"),
        (("3 5", "3 5 1"), "variables entries"),
    ):
        with pytest.raises(InputError, match=word):
            qs.read(text.replace(*change, 1), "a.qs")


GOOD = "p qubo 0 3 1 1\n0 0 1.5\n0 2 -1\n"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no line"),
        ("0 0 1\n" + GOOD, "before the line"),
        (GOOD + GOOD, "second"),
        (GOOD.replace("1.5", "nan"), "line 2"),
        (GOOD.replace("1.5", "x"), "finite"),
        (GOOD.replace("0 2", "0 3"), "expected a variable from 0 to 2, got 3"),
        (GOOD + "1 1 2\n", "after the first coupler"),
        (GOOD + "2 0 2\n", "twice"),
        (GOOD.replace("3 1 1", "3 1 2"), "cut off|announced"),
        (GOOD.replace("qubo 0", "qubo chimera"), "topology"),
        (GOOD.replace("0 2 -1", "0 2"), "expected 'i j value'"),
    ],
)
def test_spoilt_qbsolv_files_are_refused_by_line(text: str, word: str) -> None:
    with pytest.raises(InputError, match=word):
        qbsolv.read(text, "bad.qubo")


def test_spoilt_documents_are_refused() -> None:
    whole = json.loads(document.write(make("cardinality", 5, seed=1).encoding))
    for change in (
        {"schema": "other"},
        {"n_decision": 99},
        {"variables": ["a"]},
        {"extra": 1},
        {"constraints": [{"kind": "Nothing", "name": "x"}]},
        {"constraints": [{"kind": "AtMost", "name": "x", "members": [0, 77], "limit": 1}]},
        {"constraints": [{"kind": "AtMost", "name": "x"}]},
        {"polynomial": [{"variables": [0], "coefficient": float("nan")}]},
    ):
        with pytest.raises(InputError):
            document.read(json.dumps(whole | change), "bad.json")
    with pytest.raises(InputError, match="line 1"):
        document.read("{", "bad.json")


@pytest.mark.parametrize(
    "text", ["", "Minimize\n obj: x0\n", "Minimize\n obj: [ x0 * \nEnd", "nonsense\nEnd"]
)
def test_spoilt_lp_files_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        lp.read(text, "bad.lp")


def test_what_a_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    cubic = plain(BinaryPolynomial.of(4, {(0, 1, 2): 1.0}))
    for suffix in (".qubo", ".lp"):
        with pytest.raises(InputError, match="degree"):
            write_instance(cubic, tmp_path / f"a{suffix}")
    grouped = encode(
        BinaryPolynomial.of(3, {(0,): 1.0}),
        names="abc",
        constraints=[AtMostOne(name="g", members=(0, 1))],
        feasible=np.zeros((1, 3)),
    )
    with pytest.raises(InputError, match="recoded"):
        write_instance(recoded(grouped, "binary"), tmp_path / "a.json")
    with pytest.raises(InputError, match="suffix"):
        write_instance(cubic, tmp_path / "a.txt")
    with pytest.raises(InputError, match="no instance file"):
        read_instance(tmp_path / "missing.qubo")
    (tmp_path / "b.qubo").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="no text"):
        read_instance(tmp_path / "b.qubo")


def test_dimods_own_json_is_read(tmp_path: Path) -> None:
    model = dimod.BinaryQuadraticModel({"a": 1.5, "b": -2.0}, {("a", "b"): -0.25}, 3.0, "SPIN")
    (tmp_path / "theirs.json").write_text(json.dumps(model.to_serializable()), encoding="utf-8")
    encoding = read_instance(tmp_path / "theirs.json")
    assert encoding.variables == ("a", "b")
    for row in np.array([[0, 0], [0, 1], [1, 0], [1, 1]]):
        theirs = model.energy(dict(zip("ab", 2 * row - 1, strict=True)))
        assert encoding.polynomial.evaluate(row[None, :])[0] == pytest.approx(theirs)
    broken = model.to_serializable() | {"linear_biases": None}
    (tmp_path / "broken.json").write_text(json.dumps(broken), encoding="utf-8")
    with pytest.raises(InputError, match=r"broken.json says that it is dimod's"):
        read_instance(tmp_path / "broken.json")
