"""The loader refuses numbers without unit or source, and the shipped formulary is sound."""

from __future__ import annotations

import math
import re
from importlib import resources
from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.pharmacology.formulary import drug, formulary, read_drug
from qtwin.pharmacology.kinetics import predicted_ratio, unbound_nmol_per_L
from qtwin.pharmacology.outcome import outcome_table
from qtwin.pharmacology.quantity import Quantity
from qtwin.pharmacology.receptor import occupancy

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
        ('unit = "L/h"', 'unit = "mL/min"', "expected the unit 'L/h'"),
        ("value = 0.04", "value = nan", "expected a finite value"),
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


def test_no_drug_is_ever_suggested_for_another() -> None:
    """Names look alike and drugs do not: who asks for ibuprofen must not be handed bupropion."""
    for name in ("ibuprofen", "hydroxyzine", "donepezill"):
        with pytest.raises(InputError) as caught:
            drug(name)
        assert "did you mean" not in caught.value.hint
    with pytest.raises(InputError, match="unknown drug") as caught:
        drug("ibuprofen")
    assert "the formulary has no file for" in caught.value.hint


@pytest.mark.parametrize(
    ("brand", "inn"), [("Aricept", "donepezil"), ("ELIQUIS", "apixaban"), ("Norvasc", "amlodipine")]
)
def test_a_brand_means_its_ingredient(brand: str, inn: str) -> None:
    assert drug(brand).inn == inn


def test_a_folder_of_drug_files_joins_the_formulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "newdrug.toml").write_text(
        TEXT.replace('inn = "donepezil"', 'inn = "newdrug"', 1), encoding="utf-8"
    )
    monkeypatch.setenv("QTWIN_DRUGS", str(tmp_path))
    formulary.cache_clear()
    try:
        assert drug("newdrug").inn == "newdrug"
        (tmp_path / "twice.toml").write_text(
            (tmp_path / "newdrug.toml").read_text(), encoding="utf-8"
        )
        formulary.cache_clear()
        with pytest.raises(InputError, match="has a file already"):
            formulary()
    finally:
        monkeypatch.undo()
        formulary.cache_clear()


def test_outcomes_carry_unit_and_source() -> None:
    table = outcome_table()
    events = {
        f"{name} {part}": q
        for name, event in table.event.items()
        for part, q in vars(event).items()
    }
    for section in (
        table.hazard,
        events,
        table.constant,
        table.stroke_by_score,
        table.stage,
        table.antibody,
        *table.factor.values(),
    ):
        assert section
        assert all(q.unit and q.source for q in section.values())


def test_the_active_moiety_of_risperidone_rises_in_poor_metabolisers_by_less_than_the_parent() -> (
    None
):
    """Parent 6.2-fold, both together 1.44-fold at steady state: meta-analysis of 15 studies,
    Pharmacotherapy 2020;40:632.
    """
    risperidone = drug("risperidone")
    assert risperidone.active_metabolite is not None
    share = risperidone.active_metabolite.share.value
    parent = predicted_ratio(risperidone, [], {"CYP2D6": 0.0})
    metabolite = predicted_ratio(risperidone, [], {"CYP2D6": 0.0}, active_metabolite=True)
    assert 4.0 < parent < 7.62
    assert 1.3 <= (1.0 - share) * parent + share * metabolite <= 1.5


@pytest.mark.parametrize(
    ("inn", "mg_per_day", "occupied"),
    [("risperidone", 1.0, 0.91 / 1.8), ("olanzapine", 5.0, 0.92 * 5.0 / 8.2)],
)
def test_dopamine_receptors_are_held_as_seen_by_pet(
    inn: str, mg_per_day: float, occupied: float
) -> None:
    """Occupancy of the reference dose, Kapur 1999, Am J Psychiatry 156:286: ED50 0.8 and 3.2
    mg/day, maxima 91 and 92 %.
    """
    given = drug(inn)
    assert given.reference.amount_mg * 24.0 / given.reference.interval_h == mg_per_day
    odds = unbound_nmol_per_L(given) / given.affinity["DRD2"].value
    assert occupancy(odds) == pytest.approx(occupied, abs=0.005)


@pytest.mark.parametrize(
    ("inn", "shortest_h", "longest_h"),
    [
        ("mirtazapine", 20.0, 40.0),
        ("sertraline", 22.0, 36.0),
        ("bupropion", 12.0, 30.0),
        ("metoprolol", 3.0, 7.0),
    ],
)
def test_apparent_clearance_goes_with_apparent_volume(
    inn: str, shortest_h: float, longest_h: float
) -> None:
    kinetics = drug(inn).kinetics
    assert (
        shortest_h
        <= math.log(2.0) * kinetics["volume"].value / kinetics["clearance"].value
        <= longest_h
    )


def test_intervals_may_cross_zero_or_be_of_a_probability_only_where_the_scale_says_so() -> None:
    entry = {"value": 0.2, "unit": "1", "status": "literature", "source": "a study"}
    assert Quantity.read(
        {**entry, "ci": [-0.1, 0.5], "scale": "normal"}, where="here", unit="1"
    ).ci == (-0.1, 0.5)
    assert (
        Quantity.read({**entry, "ci": [0.1, 0.4], "scale": "logit"}, where="here", unit="1").scale
        == "logit"
    )
    for bad in (
        {"ci": [-0.1, 0.5]},
        {"ci": [0.1, 1.2], "scale": "logit"},
        {"scale": "root"},
        {"person_log_sd": -0.1},
    ):
        with pytest.raises(InputError):
            Quantity.read({**entry, **bad}, where="here", unit="1")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("share = ", "part = "),
        ("value = 0.843", "value = 1.2"),
        ("[active_metabolite]", "[metabolite]"),
    ],
)
def test_a_metabolite_without_a_share_between_0_and_1_is_refused(old: str, new: str) -> None:
    text = (resources.files("qtwin") / "data" / "drugs" / "risperidone.toml").read_text(
        encoding="utf-8"
    )
    assert old in text
    with pytest.raises(InputError):
        read_drug(text.replace(old, new, 1), file="broken.toml")
