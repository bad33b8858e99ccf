"""A table of measured pairs as a family: each context an instance whose energies are the values of
its sets.
"""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from qtwin.encoding.generate import make
from qtwin.encoding.generate.screen import digest
from qtwin.errors import InputError


@pytest.fixture
def tables(tmp_path: Path) -> dict[str, str]:
    rng = np.random.default_rng(4)
    drugs = [f"drug{k}" for k in range(7)]
    lines = ["drug_1,drug_2,context,synergy"]
    for a, b in combinations(drugs, 2):
        if (a, b) != ("drug0", "drug1"):  # never measured: forbidden
            lines += [f"{a},{b},{c},{rng.normal():.3f}" for c in ("one", "two")]
    (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
    singles = [f"{d},{c},{10 * rng.random():.3f}" for d in drugs for c in ("one", "two")]
    (tmp_path / "singles.csv").write_text("\n".join(["drug,context,effect", *singles]) + "\n")
    return {"pairs": str(tmp_path / "pairs.csv"), "singles": str(tmp_path / "singles.csv")}


def test_energies_are_minus_the_value_of_permitted_sets(tables: dict[str, str]) -> None:
    made = make("screen", 7, seed=1, size=3, **tables)
    assert made.encoding.n_decision == 7
    sets = [s for s in combinations(range(7), 3) if not {0, 1} <= set(s)]
    bits = np.zeros((len(sets), 7), dtype=np.uint8)
    for row, members in zip(bits, sets, strict=True):
        row[list(members)] = 1
    assert made.encoding.is_feasible(bits).all()
    both = np.array([[1, 1, 1, 0, 0, 0, 0]], dtype=np.uint8)
    assert not made.encoding.is_feasible(both).any()
    other = make("screen", 7, seed=0, size=3, **tables)
    assert not np.allclose(made.encoding.value(bits), other.encoding.value(bits))
    energies = made.encoding.polynomial.evaluate(bits)
    spare = np.array(list(np.ndindex(*(2,) * 7)), dtype=np.uint8)
    broken = spare[~made.encoding.is_feasible(spare)]
    assert made.encoding.polynomial.evaluate(broken).min() > energies.min()


def test_a_subset_of_the_drugs_is_an_instance_too(tables: dict[str, str]) -> None:
    made = make("screen", 5, seed=0, size=2, **tables)
    assert made.encoding.n_decision == 5
    assert (
        make("screen", 5, seed=0, size=2, **tables).encoding.polynomial == made.encoding.polynomial
    )


def test_other_tables_and_impossible_requests_are_refused(tables: dict[str, str]) -> None:
    known = digest(tables["pairs"], tables["singles"])
    assert make("screen", 7, seed=0, sha256=known, **tables).options["sha256"] == known
    for n, seed, options in (
        (8, 0, {}),
        (7, 2, {}),
        (7, 0, {"size": 8}),
        (7, 0, {"sha256": "0" * 64}),
        (7, 0, {"objective": "m"}),
    ):
        with pytest.raises(InputError):
            make("screen", n, seed=seed, **tables, **options)
