"""Medicines: timing in its many forms, several instructions, references, and doses that cannot
be.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtwin
from qtwin.patient.element import ATC, RXNORM
from qtwin.patient.medication import KINDS, read_medication, taken_now
from qtwin.patient.medicine import ingredients_of
from qtwin.patient.person import Medication
from qtwin.pharmacology.formulary import formulary

TODAY = dt.date(2025, 6, 1)


def _dosage(value: float, timing: dict[str, Any], unit: str = "mg") -> dict[str, Any]:
    return {"timing": timing, "doseAndRate": [{"doseQuantity": {"value": value, "code": unit}}]}


def _statement(*dosage: dict[str, Any], text: str = "metoprolol", **more: Any) -> dict[str, Any]:
    return {
        "status": "active",
        "medicationCodeableConcept": {"text": text},
        "dosage": list(dosage),
        **more,
    }


def _read(
    resource: dict[str, Any], products: dict[str, dict[str, Any]] | None = None
) -> Medication:
    told = read_medication("MedicationStatement", resource, products or {}, today=TODAY)
    assert told.unused == ""
    (found,) = told.medicines
    return found


@pytest.mark.parametrize(
    ("timing", "interval_h"),
    [
        ({"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, 12.0),
        ({"repeat": {"frequency": 1, "period": 8, "periodUnit": "h"}}, 8.0),
        ({"repeat": {"period": 2, "periodUnit": "wk"}}, 336.0),
        ({"repeat": {"period": 1, "periodUnit": "d", "when": ["MORN", "NIGHT"]}}, 12.0),
        (
            {
                "repeat": {
                    "period": 1,
                    "periodUnit": "d",
                    "timeOfDay": ["08:00:00", "14:00:00", "20:00:00"],
                }
            },
            8.0,
        ),
        ({"code": {"coding": [{"code": "BID"}]}}, 12.0),
        ({"code": {"coding": [{"code": "QD"}]}}, 24.0),
    ],
)
def test_timing(timing: dict[str, Any], interval_h: float) -> None:
    assert _read(_statement(_dosage(50, timing))).interval_h == interval_h


@given(
    st.lists(
        st.tuples(st.floats(0.5, 500.0), st.sampled_from([6.0, 8.0, 12.0, 24.0])),
        min_size=1,
        max_size=4,
    )
)
def test_several_instructions_keep_the_daily_amount(doses: list[tuple[float, float]]) -> None:
    dosages = [_dosage(mg, {"repeat": {"period": h, "periodUnit": "h"}}) for mg, h in doses]
    found = _read(_statement(*dosages))
    assert found.amount_mg is not None
    assert found.interval_h is not None
    assert found.amount_mg * 24.0 / found.interval_h == pytest.approx(
        sum(mg * 24.0 / h for mg, h in doses)
    )
    assert 24.0 / found.interval_h == pytest.approx(sum(24.0 / h for _, h in doses))


@pytest.mark.parametrize(
    ("text", "inn"),
    [
        ("Metoprolol succinate 50 MG Oral Tablet", "metoprolol"),
        ("24 HR metoprolol 50 MG", "metoprolol"),
        ("Sertralin 50 mg Filmtabletten", "sertraline"),
        ("Sertralin forte", "unknown medicine (sertraline?)"),
        ("Product containing precisely galantamine 8 mg", "galantamine"),
        ("Aricept", "donepezil"),
        ("Memantin Merz 20 mg", "memantine"),
        ("Metoprololsuccinat 47,5 mg", "metoprolol"),
        ("Donepezilhydrochlorid", "donepezil"),
        ("Toprol XL 50 mg", "metoprolol"),
        ("Metformin 500 MG Oral Tablet", "metformin"),
        ("Mr Smith's green pill", "unknown medicine"),
    ],
)
def test_names_are_read_and_not_guessed(text: str, inn: str) -> None:
    assert _read(_statement(text=text)) == Medication(inn=inn)


@pytest.mark.parametrize(
    ("since", "first", "second", "daily_mg"),
    [
        ("2025-05-25", 14, None, 8.0),
        ("2025-04-25", 14, None, 16.0),
        ("2025-05-10", 14, 28, 16.0),  # the second step began when the first had ended
        ("2025-05-10", 14, 7, None),
        ("2025-05-10", None, None, None),
    ],
)
def test_instructions_that_follow_each_other_are_not_added(
    since: str, first: int | None, second: int | None, daily_mg: float | None
) -> None:
    def step(number: int, value: float, days: int | None) -> dict[str, Any]:
        bounds = {} if days is None else {"boundsDuration": {"value": days, "code": "d"}}
        return _dosage(
            value, {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", **bounds}}
        ) | {"sequence": number}

    resource = _statement(
        step(1, 4.0, first),
        step(2, 8.0, second),
        text="galantamine",
        effectivePeriod={"start": since},
    )
    told = read_medication("MedicationStatement", resource, {}, today=TODAY)
    (found,) = told.medicines
    assert found.over is (second == 7)
    if not found.over:
        assert (found.amount_mg and 2.0 * found.amount_mg) == daily_mg
        assert bool(told.notes) is (daily_mg is None)


def test_an_instruction_that_begins_later_is_not_added() -> None:
    def within(value: float, start: str, end: str) -> dict[str, Any]:
        return _dosage(
            value,
            {
                "repeat": {
                    "period": 1,
                    "periodUnit": "d",
                    "frequency": 1,
                    "boundsPeriod": {"start": start, "end": end},
                }
            },
        )

    steps = within(5.0, "2025-05-20", "2025-06-20"), within(10.0, "2025-06-21", "2025-09-01")
    assert _read(_statement(*steps, text="memantine")).amount_mg == 5.0


@pytest.mark.parametrize(
    ("dosage", "words"),
    [
        # a megagram
        (_dosage(50, {"code": {"coding": [{"code": "BID"}]}}, "Mg"), "up to 100000 mg"),
        (_dosage(0, {"code": {"coding": [{"code": "BID"}]}}), "above 0"),
        (
            _dosage(1, {"code": {"coding": [{"code": "BID"}]}}, "{tablet}"),
            "dose in mg, got '{tablet}'",
        ),
        (
            _dosage(1, {"code": {"coding": [{"code": "BID"}]}}, "Tbl. of Mrs Smith"),
            "dose in mg, got a unit that is not known",
        ),
        # as Synthea writes one tablet
        (_dosage(1, {"code": {"coding": [{"code": "BID"}]}}, ""), "without a unit"),
        (_dosage(50, {"repeat": {"period": 1, "periodUnit": "moon"}}), "how often"),
    ],
)
def test_a_dose_that_cannot_be_is_unknown_and_said(dosage: dict[str, Any], words: str) -> None:
    told = read_medication("MedicationStatement", _statement(dosage), {}, today=TODAY)
    assert [(m.inn, m.amount_mg) for m in told.medicines] == [("metoprolol", None)]
    assert words in told.notes[0]


@pytest.mark.parametrize(
    "needed", [{"asNeededBoolean": True}, {"asNeededCodeableConcept": {"text": "agitation"}}]
)
def test_a_dose_as_needed_is_no_regular_dose(needed: dict[str, Any]) -> None:
    assert (
        _read(
            _statement({**_dosage(50, {"code": {"coding": [{"code": "BID"}]}}), **needed})
        ).amount_mg
        is None
    )


def test_references_lead_to_the_product_or_are_said() -> None:
    statement = {"status": "active", "medicationReference": {"reference": "Medication/7"}}
    product = {
        "code": {
            "coding": [
                {
                    "system": "http://www.nlm.nih.gov/research/umls/rxnorm",
                    "code": "6918",
                    "display": "metoprolol",
                }
            ]
        }
    }
    assert _read(statement, {"Medication/7": product}) == Medication(
        inn="metoprolol", rxnorm="6918"
    )
    contained = {
        **statement,
        "medicationReference": {"reference": "#m"},
        "contained": [{"id": "m", **product}],
    }
    assert _read(contained).inn == "metoprolol"
    told = read_medication("MedicationStatement", statement, {}, today=TODAY)
    assert [m.inn for m in told.medicines] == ["unknown medicine"]
    assert "not in the record" in told.notes[0]
    named = {
        **statement,
        "medicationReference": {"reference": "Medication/7", "display": "Donepezil 10 MG"},
    }
    assert _read(named).inn == "donepezil"


_ENDED: list[dict[str, Any]] = [
    {"status": "stopped"},
    {"status": "on-hold"},
    {"effectivePeriod": {"start": "2020-01-01", "end": "2021-01-01"}},
    {"effectivePeriod": {"start": "2010", "end": "2019-03"}},
    {"effectivePeriod": {"end": "2024"}},
    {"dosage": [{"timing": {"repeat": {"boundsPeriod": {"end": "2024-02"}}}}]},
    {
        "effectiveDateTime": "2024-02-01",
        "dosage": [{"timing": {"repeat": {"boundsDuration": {"value": 2, "code": "wk"}}}}],
    },
]


@pytest.mark.parametrize("more", _ENDED)
def test_what_is_not_taken_any_more_is_left_out_and_said(more: dict[str, Any]) -> None:
    told = read_medication("MedicationStatement", {**_statement(), **more}, {}, today=TODAY)
    assert all(m.over for m in told.medicines)
    assert told.unused.startswith("metoprolol: ")


@pytest.mark.parametrize(
    "more", [{"effectivePeriod": {"end": "2025-06"}}, {"effectivePeriod": {"start": "2020"}}]
)
def test_what_may_go_on_is_taken(more: dict[str, Any]) -> None:
    """The sixth month may end after its first day."""
    assert not _read({**_statement(), **more}).over


def _of(kind: str, **more: Any) -> dict[str, Any]:
    """Warfarin as each resource carries it."""
    dosage = _dosage(5, {"code": {"coding": [{"code": "QD"}]}})
    told = {
        "MedicationStatement": {"status": "active", "dosage": [dosage]},
        "MedicationRequest": {"status": "active", "intent": "order", "dosageInstruction": [dosage]},
        "MedicationDispense": {
            "status": "completed",
            "dosageInstruction": [dosage],
            "whenHandedOver": "2025-05-20",
        },
        "MedicationAdministration": {
            "status": "in-progress",
            "dosage": {"dose": {"value": 5, "code": "mg"}},
        },
    }[kind]
    return {
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "11289"}]},
        **told,
        **more,
    }


@pytest.mark.parametrize("r5", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_resource_tells_a_medicine(kind: str, r5: bool) -> None:
    resource = _of(kind)
    if r5:
        resource["medication"] = {"concept": resource.pop("medicationCodeableConcept")}
    told = read_medication(kind, resource, {}, today=TODAY)
    # how often one administration comes is not told
    wanted = None if kind == "MedicationAdministration" else 5.0
    assert [(m.inn, m.amount_mg, m.over) for m in told.medicines] == [("warfarin", wanted, False)]


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("MedicationRequest", {"intent": "proposal"}, "proposed"),
        ("MedicationRequest", {"doNotPerform": True}, "must not be given"),
        ("MedicationRequest", {"status": "cancelled"}, "never came to be taken"),
        ("MedicationRequest", {"status": "completed"}, "not taken any more"),
        (
            "MedicationDispense",
            {"whenHandedOver": "2025-01-02", "daysSupply": {"value": 30}},
            "supply",
        ),
        ("MedicationDispense", {"status": "declined"}, "never came to be taken"),
        (
            "MedicationAdministration",
            {"status": "completed", "effectiveDateTime": "2025-01-02"},
            "given once",
        ),
        ("MedicationAdministration", {"status": "not-done"}, "never came to be taken"),
        ("MedicationStatement", {"status": "entered-in-error"}, "never came to be taken"),
    ],
)
def test_what_was_not_given_or_has_run_out_is_said(
    kind: str, more: dict[str, Any], words: str
) -> None:
    told = read_medication(kind, _of(kind, **more), {}, today=TODAY)
    assert all(m.over for m in told.medicines)
    assert words in told.unused


def test_a_product_of_two_medicines_is_both_and_its_dose_neithers() -> None:
    dosage = _dosage(38, {"code": {"coding": [{"code": "QD"}]}})
    for concept in (
        {"text": "donepezil hydrochloride 10 MG / memantine hydrochloride 28 MG Oral Capsule"},
        {"text": "Namzaric"},
        {"coding": [{"system": "http://www.whocc.no/atc", "code": "N06DA52"}]},
    ):
        told = read_medication(
            "MedicationStatement",
            {**_statement(dosage), "medicationCodeableConcept": concept},
            {},
            today=TODAY,
        )
        assert [(m.inn, m.amount_mg, m.atc) for m in told.medicines] == [
            ("donepezil", None, ""),
            ("memantine", None, ""),
        ]
        assert "several medicines" in told.notes[0]


def test_a_part_that_nobody_knows_is_kept_as_unknown() -> None:
    told = read_medication(
        "MedicationStatement",
        _statement(text="metoprolol 50 MG / zzyzx 5 MG Oral Tablet"),
        {},
        today=TODAY,
    )
    assert [m.inn for m in told.medicines] == ["metoprolol", "unknown medicine"]


def test_a_code_that_nobody_knows_is_the_name() -> None:
    concept = {"coding": [{"system": RXNORM, "code": "99999999", "display": "Mrs Smith's drops"}]}
    assert (
        _read({**_statement(), "medicationCodeableConcept": concept}).inn
        == "medicine RxNorm 99999999"
    )


def _event(mg: float | None, day: int | None, *, over: bool = False) -> Medication:
    told = dt.date(2025, 1, day) if day else None
    return Medication(
        inn="metoprolol", amount_mg=mg, interval_h=24.0 if mg else None, told=told, over=over
    )


def test_one_medicine_is_taken_once_in_its_newest_dose() -> None:
    (found,), notes = taken_now([_event(25.0, 1), _event(50.0, 9), _event(None, 20)])
    assert found.amount_mg == 50.0
    assert "2 doses" in notes[0]


@pytest.mark.parametrize(
    ("over", "taken"),
    [
        (_event(None, 20, over=True), False),
        (_event(50.0, 20, over=True), False),
        (_event(None, 5, over=True), True),  # an older entry
        (_event(None, None, over=True), True),  # nobody knows when
        (_event(25.0, 20, over=True), True),  # another dose has ended
    ],
)
def test_only_a_newer_entry_of_the_same_dose_ends_a_medicine(over: Medication, taken: bool) -> None:
    found, _ = taken_now([_event(50.0, 9), over])
    assert bool(found) == taken


@given(
    st.permutations(
        [
            _event(25.0, 1),
            _event(50.0, 9),
            _event(None, 20),
            _event(50.0, 12, over=True),
            _event(12.5, None),
        ]
    )
)
def test_the_order_of_entries_changes_nothing(events: list[Medication]) -> None:
    assert taken_now(events)[0] == taken_now(sorted(events, key=repr))[0]


def test_every_medicine_of_the_formulary_is_known_by_its_codes() -> None:
    for drug in formulary().values():
        for system, code in ((RXNORM, drug.rxnorm), (ATC, drug.atc)):
            assert ingredients_of({"coding": [{"system": system, "code": code}]}) == (drug.inn,)
        assert ingredients_of({"text": drug.inn.capitalize()}) == (drug.inn,)


def test_no_code_and_no_name_stands_twice() -> None:
    """Else the order of the table would decide which medicine is meant."""
    table = tomllib.loads(
        (Path(qtwin.__file__).parent / "data" / "medicines.toml").read_text(encoding="utf-8")
    )
    entries = [*table.pop("product"), *({**entry, "inn": inn} for inn, entry in table.items())]
    for key in ("rxnorm", "atc", "snomed", "names"):
        listed = [code for entry in entries for code in entry.get(key, [])]
        listed += [entry["inn"] for entry in entries if key == "names" and "inn" in entry]
        assert len(listed) == len(set(listed)), key
    assert all(inn in table for entry in entries for inn in entry.get("ingredients", []))
