import math

import numpy as np
import pytest

from qtwin.report import number
from qtwin.report.number import glue, sentence


@pytest.mark.parametrize("absent", [None, math.nan, math.inf, "12", True, [1.0]])
def test_what_is_not_a_finite_number_is_printed_as_a_dash(absent):
    for printed in (number.number, number.qaly, number.percent, number.seconds, number.plain):
        assert printed(absent) == number.MISSING
    assert number.interval({"low": absent, "high": 1.0}) == number.MISSING


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (3.0, "3.00"),
        (1234567, "1,234,567"),
        (-0.04567, "−0.0457"),
        (12345.6, "12,346"),
        (1.5e-9, "1.50 × 10⁻⁹"),
        (np.float64(2.5), "2.50"),
    ],
)
def test_number_has_three_significant_digits_and_a_true_minus(value, text):
    assert number.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1421, "0.142"),
        (0.0012, "0.0012"),
        (-0.0012, "−0.0012"),
        (1e-17, "0"),
        (0.00004, "4 × 10⁻⁵"),
    ],
)
def test_a_small_utility_is_never_rounded_to_zero(value, text):
    assert number.qaly(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.314, "31.4 %"),
        (0.00136, "0.14 %"),
        (0.9996, "99.960 %"),
        (0.00002, "0.0020 %"),
    ],
)
def test_percent_keeps_digits_near_both_ends(value, text):
    assert number.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0000042, "4.2 µs"),
        (0.041, "41 ms"),
        (1.0, "1.00 s"),
        (300.0, "5.0 min"),
        (7200.0, "2.0 h"),
    ],
)
def test_seconds_come_in_the_unit_a_reader_would_use(value, text):
    assert number.seconds(value) == text


def test_position_stays_inside_the_bar():
    assert number.position(0.5, 0.0, 1.0) == 50.0
    assert number.position(9.0, 0.0, 1.0) == 100.0
    assert number.position(-9.0, 0.0, 1.0) == 0.0
    assert number.position(0.5, 1.0, 1.0) == 0.0


def test_sentences_and_units():
    assert sentence("all were tried") == "All were tried."
    assert sentence("p-tau217 fell!") == "p-tau217 fell!"
    assert sentence(None) == ""
    assert (
        glue("in 0.4 s, 12 % of 5 mg, 3 segments")
        == "in 0.4\u00a0s, 12\u00a0% of 5\u00a0mg, 3 segments"
    )
