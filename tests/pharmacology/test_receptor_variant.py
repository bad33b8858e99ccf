"""Exploratory variants: nothing by default, Liu's gain when believed, and a smaller fall of the
heart rate with them.
"""

from __future__ import annotations

import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.receptor import ADRB1_389, beta1_gain


@pytest.mark.parametrize("variant", ADRB1_389)
def test_without_weight_nothing_changes(variant: str) -> None:
    assert beta1_gain(adrb1_389=variant) == 1.0


def test_believed_in_full_two_copies_have_the_published_gain_and_one_its_root() -> None:
    """Liu 2003: falls of 4.1, 6.2, 10.9 % where Arg389 has 6.3, 10.1, 14.4 %: 0.65, 0.61, 0.76."""
    two, one = (beta1_gain(adrb1_389=v, weight=1.0) for v in ("Gly/Gly", "Arg/Gly"))
    assert 0.61 < two < 0.76
    assert one == pytest.approx(two**0.5)
    assert beta1_gain(adrb1_389="Gly/Gly", weight=0.5) == pytest.approx(0.5 * (1.0 + two))


@pytest.mark.parametrize("options", [{"adrb1_389": "Gly"}, {"adrb1_49": "A/B"}, {"weight": 2.0}])
def test_what_makes_no_sense_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        beta1_gain(**options)  # type: ignore[arg-type]
