"""Dates, whole and partial, and numbers."""

from __future__ import annotations

import datetime as dt

import pytest

from qtwin.errors import InputError
from qtwin.patient.element import birth_date, span_of
from qtwin.patient.file import not_finite


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024-02-12", dt.date(2024, 2, 12), dt.date(2024, 2, 12)),
        ("2024-02-12T09:30:00+01:00", dt.date(2024, 2, 12), dt.date(2024, 2, 12)),
        ("2024-02", dt.date(2024, 2, 1), dt.date(2024, 2, 29)),
        ("2023-12", dt.date(2023, 12, 1), dt.date(2023, 12, 31)),
        ("2023", dt.date(2023, 1, 1), dt.date(2023, 12, 31)),
    ],
)
def test_a_partial_date_is_a_span(text: str, first: dt.date, last: dt.date) -> None:
    assert span_of(text) == (first, last)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-13", "05/03/1949", None, {}])
def test_what_is_no_date_has_no_span(text: object) -> None:
    assert span_of(text) is None


def test_partial_birth_dates() -> None:
    assert birth_date("1948-05-15") == (dt.date(1948, 5, 15), "")
    assert birth_date("1948-05")[0] == dt.date(1948, 5, 15)
    assert birth_date("1948")[0] == dt.date(1948, 7, 1)
    for text in ("1948-13", "0000", "yesterday", None):
        with pytest.raises(InputError, match="birthDate"):
            birth_date(text)


def test_the_place_of_a_number_that_is_not_finite() -> None:
    assert not_finite({"a": [1.0, {"b": float("nan")}]}) == "a[1].b"
    assert not_finite({"a": [1.0, "NaN", None, True]}) is None
