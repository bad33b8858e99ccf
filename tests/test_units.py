"""Unit conversion: known factors, round trips, linearity, and refusals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.units import convert

PAIRS = [
    ("kg", "[lb_av]", ""),
    ("cm", "[in_i]", ""),
    ("mg/dL", "umol/L", "serum_creatinine"),
    ("ng/L", "pg/mL", ""),
    ("h", "d", ""),
]


@pytest.mark.parametrize(
    ("value", "unit", "to", "quantity", "expected"),
    [
        (1.0, "[lb_av]", "kg", "", 0.45359237),
        (1.0, "mg/dL", "umol/L", "serum_creatinine", 10.0 / 113.12 * 1000.0),
        (1.0, "ng/L", "pg/mL", "", 1.0),
        (2.0, "wk", "d", "", 14.0),
        (25.0, "{score}", "point", "", 25.0),
        (92.0, "{CL}", "centiloid", "", 92.0),
        (72.0, "{beats}/min", "1/min", "", 72.0),
        (1.0, "[ft_i]", "cm", "", 30.48),
        (450.0, "ms", "s", "", 0.45),
        (88.4, "µmol/L", "mg/dL", "serum_creatinine", 88.4e-6 * 113.12 * 100.0),
    ],
)
def test_known_factors(value: float, unit: str, to: str, quantity: str, expected: float) -> None:
    assert convert(value, unit, to, quantity=quantity) == pytest.approx(expected, rel=1e-9)


@given(pair=st.sampled_from(PAIRS), x=st.floats(1e-3, 1e4), factor=st.floats(0.1, 10.0))
def test_conversion_is_linear_and_comes_back(
    pair: tuple[str, str, str], x: float, factor: float
) -> None:
    a, b, quantity = pair
    there = convert(x, a, b, quantity=quantity)
    assert convert(there, b, a, quantity=quantity) == pytest.approx(x, rel=1e-12)
    assert convert(factor * x, a, b, quantity=quantity) == pytest.approx(factor * there, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        ("mm[Hg]", "pg/mL"),
        ("{CL}", "1"),
        ("kg", "point"),
        ("florps", "kg"),
        ("mg/dL", "umol/L"),
        ("", "kg"),
        ("10 kg", "kg"),
        ("kg**9**9**9", "kg"),  # never worked out
        ("mL/min/{1.73_m2}", "mL/min"),
    ],
)
def test_what_cannot_be_converted_is_refused_by_name(unit: str, to: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(1.0, unit, to, quantity="amyloid_pet")
    assert repr(unit) in caught.value.message
    assert "amyloid_pet" in caught.value.message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="finite"):
        convert(value, "kg", "kg")
