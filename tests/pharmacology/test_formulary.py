"""The loader refuses numbers without unit or source, and the shipped formulary is sound."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.formulary import drug, formulary, read_drug
from qtwin.pharmacology.outcome import outcome_table

TEXT = (resources.files("qtwin") / "data" / "drugs" / "donepezil.toml").read_text(encoding="utf-8")


def test_at_least_sixteen_drugs_with_distinct_identifiers() -> None:
    table = formulary()
    assert len(table) >= 16
    assert len({d.atc for d in table.values()}) == len(table)
    assert len({d.rxnorm for d in table.values()}) == len(table)
    assert all(re.fullmatch(r"[A-Z]\d\d[A-Z]{2}\d\d", d.atc) for d in table.values())


def test_every_effect_is_at_a_plausible_reference() -> None:
    for entry in formulary().values():
        assert 0.0 < entry.kinetics["fraction_unbound"].value <= 1.0
        assert 0.0 < entry.kinetics["bioavailability"].value <= 1.0
        assert all(0.0 <= q.value <= 1.0 for q in entry.metabolism.values())
        assert all(0.0 <= q.value < 1.0 for q in entry.inhibits.values())


@pytest.mark.parametrize("key", ["unit", "source", "status"])
def test_a_number_without_its_unit_source_or_status_is_refused(key: str) -> None:
    broken = re.sub(rf'(fraction_unbound = .*?){key} = "[^"]*"(, )?', r"\1", TEXT)
    broken = re.sub(r",\s*}", " }", broken)
    assert broken != TEXT
    with pytest.raises(InputError, match=rf"fraction_unbound: {key} is missing"):
        read_drug(broken, file="broken.toml")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('unit = "L/h"', 'unit = "mL/min"', "'L/h' was wanted"),
        ("value = 0.04", "value = nan", "finite number"),
        ('status = "assumed"', 'status = "guessed"', "status 'guessed'"),
        ("[effects]", "[efects]", "did you mean 'effects'"),
        ("adas_cog_max", "adas_max", "adas_max"),
        ("value = 0.32", "value = 0.92", "more than 1"),
        ("amount_mg = 10.0", "amount_mg = -10.0", "positive"),
        ("ci = [1.57, 1.98]", "ci = [1.98, 1.57]", "low < high"),
    ],
)
def test_bad_drug_files_are_refused_with_the_reason(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        read_drug(TEXT.replace(old, new, 1), file="broken.toml")
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_an_unknown_drug_gets_the_nearest_name() -> None:
    with pytest.raises(InputError) as caught:
        drug("donepezill")
    assert "donepezil" in caught.value.hint


def test_outcomes_carry_unit_and_source() -> None:
    table = outcome_table()
    for section in (table.hazard, table.loss, table.constant, table.stroke_by_score):
        assert all(q.unit and q.source for q in section.values())
