"""A quadratic polynomial as dimod's model, for the samplers of D-Wave's collection."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError


def to_bqm(polynomial: BinaryPolynomial, *, needed_by: str) -> Any:
    """A dimod BinaryQuadraticModel over the variables 0..n-1.

    Products of three and more would need auxiliary bits held by penalties. The samples would then be of another landscape, so
    this is never done silently: `qtwin.encoding.quadratise.quadratised` does it where it can be seen.

    Raises:
        InputError: for a degree above 2.
    """
    import dimod

    if polynomial.degree > 2:
        raise InputError(
            f"a polynomial of degree {polynomial.degree} came, {needed_by} takes 2 at most",
            hint="quadratise the encoding, or take cp-sat, highs, scip or enumeration, which take any degree",
        )
    constant, linear, pairs = polynomial.quadratic_form
    rows, columns = np.nonzero(pairs)
    return dimod.BinaryQuadraticModel.from_numpy_vectors(linear, (rows, columns, pairs[rows, columns]), constant, dimod.BINARY)


def bits_of(sampleset: Any) -> NDArray[np.uint8]:
    """(m, n) bits of a dimod sample set over the variables 0..n-1, column i for variable i."""
    order = np.argsort(np.array(list(sampleset.variables), dtype=np.int64))
    return np.asarray(sampleset.record.sample[:, order], dtype=np.uint8)
