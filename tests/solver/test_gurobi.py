"""Gurobi's licence errors say what to do; quadratic and linear form agree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver.base import Instance
from qtwin.solver.classical.gurobi import Gurobi
from tests.oracles.instances import random_polynomial

pytest.importorskip("gurobipy")


def _restricted() -> bool:
    """Whether only the licence from pip is there."""
    return (
        not any(k.startswith("GRB") or k == "GRB_LICENSE_FILE" for k in os.environ)
        and not Path("~/gurobi.lic").expanduser().exists()
    )


def test_both_forms_agree_and_auto_takes_the_one_that_fits() -> None:
    encoding = plain(random_polynomial(20, 2, 0))
    forms = [
        Gurobi(form=f).solve(Instance(encoding=encoding), seed=0)
        for f in ("quadratic", "linear", "auto")
    ]
    assert [r.energy for r in forms] == pytest.approx([encoding.polynomial.values().min()] * 3)
    assert [r.info["form"] for r in forms] == ["quadratic", "linear", "linear"]
    assert [r.info["columns"] for r in forms] == [20, 210, 210]
    wide = plain(random_polynomial(64, 2, 0))
    assert (
        Gurobi().solve(Instance(encoding=wide), seed=0, time_limit_s=0.3).info["form"]
        == "quadratic"
    )


def test_higher_degrees_are_linear() -> None:
    encoding = plain(random_polynomial(7, 4, 0))
    result = Gurobi().solve(Instance(encoding=encoding), seed=0)
    assert (result.info["form"], result.energy) == (
        "linear",
        pytest.approx(encoding.polynomial.values().min()),
    )
    with pytest.raises(InputError, match=r"expected degree 2.*got 4"):
        Gurobi(form="quadratic").solve(Instance(encoding=encoding), seed=0)


@pytest.mark.skipif(not _restricted(), reason="a licence of its own")
@pytest.mark.parametrize("form", ["quadratic", "linear"])
def test_a_model_above_the_licence_names_its_size_and_the_way_out(form: str) -> None:
    n = 2100 if form == "linear" else 210
    sparse = BinaryPolynomial.of(n, {(i, i + 1): (-1.0) ** i * (i + 1) for i in range(n - 1)})
    with pytest.raises(InputError, match="more than this Gurobi licence permits") as caught:
        Gurobi(form=form).solve(Instance(encoding=plain(sparse)), seed=0)  # type: ignore[arg-type]
    size = "210 variables" if form == "quadratic" else "4199 columns"
    assert caught.value.message.startswith(f"got {size}")
    assert "200 variables quadratic, 2,000 linear" in caught.value.hint


def test_a_licence_that_cannot_be_read_is_a_gentle_error(tmp_path: Path) -> None:
    """In a process of its own: a licence is read once."""
    expired = {
        "TYPE": "ACADEMIC",
        "VERSION": "9",
        "HOSTID": "0" * 8,
        "EXPIRATION": "2001-01-01",
        "KEY": "0" * 8,
        "CKEY": "0" * 8,
    }
    (tmp_path / "gurobi.lic").write_text("".join(f"{k}={v}\n" for k, v in expired.items()))
    code = (
        "from qtwin.solver.classical.gurobi import Gurobi; from qtwin.solver.base import Instance;"
        "from qtwin.encoding.model import plain; from qtwin.encoding.polynomial import "
        "BinaryPolynomial;"
        "Gurobi().solve(Instance(encoding=plain(BinaryPolynomial.of(2, {(0, 1): 1.0}))), seed=0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "GRB_LICENSE_FILE": str(tmp_path / "gurobi.lic")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "qtwin.errors.InputError: Gurobi has no usable licence" in done.stderr
