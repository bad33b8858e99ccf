"""A linear model handed to HiGHS: its relaxation, kept warm while rows are added, or the model itself."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.linearise import LinearModel, Row


class Relaxation:
    """The linear relaxation in HiGHS, which goes on from its last basis when rows are added."""

    def __init__(self, model: LinearModel) -> None:
        import highspy

        self._vendor = highspy
        highspy.Highs.resetGlobalScheduler(True)
        self._highs = highspy.Highs()
        for option, value in (("output_flag", False), ("threads", 1)):
            self._highs.setOptionValue(option, value)
        self._highs.passModel(highs_model(model))

    def add(self, rows: Sequence[Row]) -> None:
        for r in rows:
            values = np.array(r.values, dtype=np.float64)
            self._highs.addRow(-self._highs.inf, float(r.rhs), len(values), np.array(r.columns, dtype=np.int32), values)

    def minimum(self, deadline: float) -> NDArray[np.float64] | None:
        """A minimiser, or None when there was no time or nothing is feasible."""
        left = deadline - time.perf_counter()
        if left <= 0:
            return None
        self._highs.setOptionValue("time_limit", float(self._highs.getRunTime() + left))
        self._highs.run()
        if self._highs.getModelStatus() != self._vendor.HighsModelStatus.kOptimal:
            return None
        return np.array(self._highs.getSolution().col_value)


def highs_model(model: LinearModel, *, cost: NDArray[np.float64] | None = None, bits: bool = False) -> Any:
    """A linear model as a HighsLp.

    Args:
        model: What to state.
        cost: (n_columns,) other costs than the model's.
        bits: Whether the choices must be whole; the relaxation otherwise.
    """
    import highspy

    lp = highspy.HighsLp()
    starts, columns, values, lower, upper = model.csr()
    lp.num_col_, lp.num_row_ = len(model.cost), len(lower)
    lp.col_cost_ = model.cost if cost is None else cost
    lp.col_lower_, lp.col_upper_ = np.zeros(len(model.cost)), np.ones(len(model.cost))
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = starts, columns, values
    if bits:
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if k < model.n else kinds.kContinuous for k in range(len(model.cost))]
    return lp
