"""However a problem is written, its answer is the same: codes of levels, quadratisation, both, and
slack.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from qtwin.encoding.converters import quadratised, recoded
from qtwin.encoding.model import BinaryModel
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, NotBoth
from qtwin.problem.feasible import feasible_bits
from qtwin.solver import registry
from qtwin.solver.base import Instance
from qtwin.solver.variational.sampled import fill_slack

RULES = (
    AtMostOne(name="one a", members=(0, 1, 2)),
    AtMostOne(name="one b", members=(3, 4)),
    NotBoth(name="not 1 with 4", pair=(1, 4)),
    AtLeastOne(name="cover", members=(2, 3, 5)),
    AtMost(name="few", limit=2, members=tuple(range(6))),
)
FEASIBLE = feasible_bits(6, RULES)


def _encoding(degree: int, seed: int) -> BinaryModel:
    rng = np.random.default_rng(seed)
    terms = [t for k in range(1, degree + 1) for t in itertools.combinations(range(6), k)]
    utility = BinaryPolynomial.of(6, list(zip(terms, rng.normal(size=len(terms)), strict=True)))
    return encode(
        utility, names=[f"option {i}" for i in range(6)], constraints=RULES, feasible=FEASIBLE[:2]
    )


def _written(encoding: BinaryModel, code: str, method: str) -> BinaryModel:
    made = encoding if code == "one_hot" else recoded(encoding, code)
    return made if method == "no" else quadratised(made, method)


@pytest.mark.parametrize("code", ["one_hot", "binary", "domain_wall"])
@pytest.mark.parametrize("method", ["no", "rosenberg", "cover"])
@pytest.mark.parametrize(("degree", "seed"), [(2, 1), (3, 2)])
def test_the_optimum_is_the_same_however_it_is_written(
    code: str, method: str, degree: int, seed: int
) -> None:
    plain = _encoding(degree, seed)
    best = float(plain.value(FEASIBLE).min())
    encoding = _written(plain, code, method)
    assert len(encoding.variables) == encoding.polynomial.n_variables
    if method != "no":
        assert encoding.polynomial.degree <= 2
    energies = encoding.polynomial.evaluate(fill_slack(encoding, FEASIBLE))
    np.testing.assert_allclose(energies, plain.value(FEASIBLE), atol=1e-9)
    values = encoding.polynomial.values() if encoding.polynomial.n_variables <= 20 else None
    if values is not None:
        assert values.min() == pytest.approx(best, abs=1e-9)
    for name in ("enumeration",):
        found = registry.load(name, {}).solve(Instance(encoding=encoding), seed=0)
        assert found.bits is not None
        assert encoding.is_feasible(found.bits[None, :])[0]
        assert float(encoding.value(encoding.decode(found.bits[None, :]))[0]) == pytest.approx(
            best, abs=1e-9
        )
        assert found.energy == pytest.approx(best, abs=1e-9)


def test_codes_that_are_no_level_are_not_feasible() -> None:
    encoding = recoded(_encoding(2, 3), "domain_wall")
    bits = fill_slack(encoding, FEASIBLE[:1])
    group = encoding.recoded.groups[0]  # type: ignore[union-attr]
    bits[0, list(group.bits)] = (0, 1, 0)
    assert not encoding.is_feasible(bits)[0]


def test_a_problem_is_rewritten_once() -> None:
    once = recoded(_encoding(2, 3), "binary")
    with pytest.raises(InputError):
        recoded(once, "binary")
    with pytest.raises(InputError):
        quadratised(quadratised(once))
