"""Numbers with their uncertainty: an interval gives the spread on the scale of the number, and
scores give values.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.pharmacology.quantity import DEFAULT_SD, Quantity, Scale, Status

Z = 1.959963984540054  # of the standard normal, 97.5 %


def _of(value: float, status: Status = "literature", **more: object) -> Quantity:
    return Quantity(value=value, unit="1", status=status, source="a study", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scale", "value", "ci", "sd"),
    [
        ("log", 2.0, (1.0, 4.0), math.log(4.0) / (2 * Z)),
        ("normal", 0.1, (-0.9, 1.1), 2.0 / (2 * Z)),
        ("logit", 0.5, (0.2, 0.8), math.log(16.0) / (2 * Z)),
    ],
)
def test_an_interval_of_95_percent_is_two_times_1_96_spreads_wide(
    scale: Scale, value: float, ci: tuple[float, float], sd: float
) -> None:
    number = _of(value, scale=scale, ci=ci)
    assert number.stated
    assert number.sd == pytest.approx(sd, rel=1e-12)
    # these intervals are symmetric on their scale, so that their ends are met
    assert number.at(np.array([-Z, 0.0, Z])) == pytest.approx([ci[0], value, ci[1]], rel=1e-9)


@given(
    value=st.floats(0.05, 0.9),
    scale=st.sampled_from(["log", "normal", "logit"]),
    status=st.sampled_from(["literature", "calibrated", "assumed"]),
)
def test_the_median_is_the_value_and_scores_keep_their_order(
    value: float, scale: Scale, status: Status
) -> None:
    number = _of(value, status, scale=scale)
    assert not number.stated
    drawn = number.at(np.linspace(-3.0, 3.0, 13))
    assert drawn[6] == pytest.approx(value, rel=1e-12)
    assert (np.diff(drawn) > 0.0).all()
    assert scale != "logit" or drawn.max() < 1.0
    assert scale == "normal" or drawn.min() > 0.0


@pytest.mark.parametrize("status", ["literature", "calibrated", "assumed"])
def test_a_number_without_a_spread_gets_that_of_its_status(status: Status) -> None:
    assert _of(3.0, status).sd == DEFAULT_SD[status]
    assert _of(-3.0, status, scale="normal").sd == pytest.approx(3.0 * DEFAULT_SD[status])
    assert _of(0.0, status).sd == 0.0
    assert not _of(0.0, status).at(np.array([-2.0, 2.0])).any()


def test_the_less_is_known_the_wider_and_what_is_stated_comes_first() -> None:
    assert DEFAULT_SD["literature"] < DEFAULT_SD["calibrated"] < DEFAULT_SD["assumed"]
    assert math.exp(Z * DEFAULT_SD["assumed"]) == pytest.approx(2.2, abs=0.02)
    assert _of(3.0, log_sd=0.07).sd == 0.07
    assert _of(3.0, log_sd=0.07, ci=(1.5, 6.0)).sd == pytest.approx(math.log(4.0) / (2 * Z))


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("ci", [2.0, 1.0]),
        ("ci", [0.0, 1.0]),
        ("ci", [1.0]),
        ("ci", "1-2"),
        ("log_sd", -0.1),
        ("log_sd", math.inf),
        ("value", math.nan),
        ("value", True),
        ("status", "recalled"),
        ("scale", "probit"),
        ("spread", 0.1),
    ],
)
def test_what_cannot_be_a_number_is_refused(key: str, wrong: object) -> None:
    entry: dict[str, object] = {
        "value": 1.2,
        "unit": "1",
        "status": "literature",
        "source": "a study",
        key: wrong,
    }
    with pytest.raises(InputError) as caught:
        Quantity.read(entry, where="here", unit="1")
    assert key in caught.value.message or "interval" in caught.value.message
