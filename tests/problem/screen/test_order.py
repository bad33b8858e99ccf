"""Surrogates of larger sets: closed forms on data that obey them, explicit refits, and the
published figures.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.problem.screen.order import agreements, study
from qtwin.problem.screen.sets import CombinationSets, read_sets
from tests.oracles.public_data import PUBLIC_DATA

HIGHER = PUBLIC_DATA / "higher_order"


def _sets(values: dict[tuple[int, ...], float], kind: str = "score") -> CombinationSets:
    members = tuple(sorted(values, key=lambda m: (len(m), m)))
    ones = np.ones(len(members), dtype=np.int64)
    drugs = tuple(f"d{i}" for i in range(1 + max(i for m in members for i in m)))
    array = np.array([values[m] for m in members])
    return CombinationSets(
        drugs=drugs,
        members=members,
        value=array,
        sd=np.full(len(ones), np.nan),
        repeats=ones,
        kind=kind,
    )  # type: ignore[arg-type]


def _all(n: int, value: object, sizes: tuple[int, ...]) -> dict[tuple[int, ...], float]:
    return {m: value(m) for k in sizes for m in combinations(range(n), k)}  # type: ignore[operator]


def test_independent_growth_is_bliss_and_pairwise_growth_is_kirkwood() -> None:
    rng = np.random.default_rng(3)
    single, pair = np.log(rng.uniform(0.3, 0.9, 5)), rng.normal(0.0, 0.3, (5, 5))

    def bliss(m: tuple[int, ...]) -> float:
        return float(single[list(m)].sum())

    def kirkwood(m: tuple[int, ...]) -> float:
        return bliss(m) + sum(float(pair[i, j]) for i, j in combinations(m, 2))

    found = study(_sets(_all(5, bliss, (1, 2, 3, 4)), "growth"))
    np.testing.assert_allclose(found.predicted["none"], found.measured)
    found = study(_sets(_all(5, kirkwood, (1, 2, 3, 4, 5)), "growth"))
    np.testing.assert_allclose(found.predicted["sum of pairs"], found.measured)
    # it holds log-linear pairs
    np.testing.assert_allclose(found.predicted["second order"], found.measured, atol=1e-9)
    mean = [bliss(m) + np.mean([pair[p] for p in combinations(m, 2)]) for m in found.members]
    np.testing.assert_allclose(found.predicted["mean of pairs"], mean)
    told = {a.surrogate: a for a in agreements(found, resamples=200) if a.order == 0}
    assert told["sum of pairs"].rmse[0] < 1e-12
    assert told["sum of pairs"].sign[0] == 1.0


def test_what_is_fitted_never_saw_the_set_that_it_predicts() -> None:
    """The shortcut by leverage against an explicit refit without each set."""
    rng = np.random.default_rng(4)
    values = _all(5, lambda m: float(rng.normal()), (2, 3, 4))
    found = study(_sets(values))
    drugs, pairs = range(5), list(combinations(range(5), 2))
    for t, left_out in enumerate(found.members):
        rows = [(), *((i,) for i in drugs), *pairs, *(m for m in found.members if m != left_out)]
        target = [0.0] * 6 + [values[m] for m in rows[6:]]

        def features(m: tuple[int, ...]) -> list[float]:
            return [1.0, *(float(i in m) for i in drugs), *(float(set(p) <= set(m)) for p in pairs)]

        fit = np.linalg.lstsq(np.array([features(m) for m in rows]), np.array(target), rcond=None)[
            0
        ]
        assert found.predicted["second order"][t] == pytest.approx(
            np.array(features(left_out)) @ fit
        )
        others = [k for k in range(len(found.members)) if k != t]
        assert found.predicted["constant"][t] == pytest.approx(found.measured[others].mean())
        slope, start = np.polyfit(
            found.predicted["sum of pairs"][others], found.measured[others], 1
        )
        assert found.predicted["sum, calibrated"][t] == pytest.approx(
            start + slope * found.predicted["sum of pairs"][t]
        )


def test_sets_without_their_pairs_are_counted_and_too_few_are_refused() -> None:
    values = _all(4, lambda m: float(len(m)), (2, 3))
    assert study(_sets({**values, (0, 1, 4): 1.0})).n_unpredictable == 1
    with pytest.raises(InputError, match="at least 3"):
        study(_sets({m: v for m, v in values.items() if m not in ((0, 1), (0, 2))}))


def test_bootstrap_intervals_hold_the_point_and_tell_nothing_of_one_set() -> None:
    rng = np.random.default_rng(5)
    found = study(_sets({**_all(6, lambda m: float(rng.normal()), (2, 3)), (0, 1, 2, 3): 0.3}))
    for a in agreements(found, resamples=500):
        if a.order == 4:
            assert np.isnan(a.rmse[1:]).all()
            assert np.isnan(a.r[0])
        else:
            assert a.rmse[1] <= a.rmse[0] <= a.rmse[2]
        if a.surrogate == "constant":
            assert a.excess[0] == 0.0


@pytest.mark.skipif(not HIGHER.exists(), reason="the measured tables are not here")
def test_published_sets_of_e_coli() -> None:
    """Russ 2018: sums of pair scores 1.29, 3.3, 8.1, 14.5 at 3, 5, 7, 9 drugs where 0.62, 1.15,
    0.85, 1.38 was measured.
    """
    found = study(read_sets(HIGHER / "caramel_ecoli_interactions.xlsx"))
    for k, total, measured in ((3, 1.29, 0.62), (5, 3.31, 1.15), (7, 8.09, 0.85), (9, 14.5, 1.38)):
        at = found.order == k
        assert found.predicted["sum of pairs"][at].mean() == pytest.approx(total, abs=0.01)
        assert found.measured[at].mean() == pytest.approx(measured, abs=0.01)
    told = {a.surrogate: a for a in agreements(found) if a.order == 0}
    assert told["constant"].n == 13
    assert told["mean of pairs"].rmse[0] == pytest.approx(0.57, abs=0.01)
    # pairs do not beat a constant beyond chance
    for name in ("sum, calibrated", "mean, calibrated", "second order"):
        assert told[name].excess[2] > 0.0


@pytest.mark.skipif(not HIGHER.exists(), reason="the measured tables are not here")
def test_published_sets_of_m_tuberculosis() -> None:
    """35 sets, pair mean r = 0.56, sign agreement 0.80, which a constant reaches as well."""
    found = study(
        read_sets(HIGHER / "caramel_mtb_interactions.xlsx", kind="ratio", leave_out=["clinical"])
    )
    told = {a.surrogate: a for a in agreements(found) if a.order == 0}
    assert len(found.measured) == 35
    assert told["mean of pairs"].r[0] == pytest.approx(0.56, abs=0.005)
    assert told["mean of pairs"].sign[0] == pytest.approx(0.80, abs=0.005)
    assert told["constant"].sign[0] == pytest.approx(0.80, abs=0.005)
