"""Free text is cleaned of what names the person, and of nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.patient.element import birth_date, identifying, without
from qtwin.patient.jsonfile import not_finite

NAMES = st.text(st.characters(categories=["Lu", "Ll"]), min_size=3, max_size=12)


@given(family=NAMES, given_name=NAMES, number=st.integers(0, 10**12))
def test_names_and_numbers_do_not_survive(family: str, given_name: str, number: int) -> None:
    person = {
        "name": [{"family": family, "given": [given_name]}],
        "identifier": [{"value": f"{number}"}],
        "birthDate": "1948-05-15",
    }
    told = without(identifying(person), f"<{family}> <{given_name}> <{number}> <1948-05-15> <15.05.1948>")
    assert not [word for word in told.split() if word not in ("<[removed]>", f"<{family}>", f"<{given_name}>")]
    for name in (family, given_name):  # titles such as Mr and von name nobody
        assert f"<{name}>" not in told or name.casefold() in {"mrs", "prof", "frau", "herr", "von", "van", "der", "the", "and"}


def test_ordinary_words_survive() -> None:
    person = {"name": [{"family": "Li", "prefix": ["Dr"]}], "address": [{"line": ["12 High Street"], "city": "Ulm"}]}
    assert without(identifying(person), "High blood pressure, Dr visit") == "High blood pressure, Dr visit"
    assert without(identifying(person), "seen at 12 High Street, Ulm") == "seen at [removed], [removed]"
    assert without(identifying({}), "Hypertension") == "Hypertension"


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
