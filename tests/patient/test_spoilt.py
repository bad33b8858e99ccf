"""Whatever is put in place of any element of the shipped records, they are read or refused with a
hint, and never crash.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.patient.fhir import read_bundle
from qtwin.patient.pharmcat import read_pharmcat
from qtwin.patient.table import read_visits
from tests.patient.conftest import DATA, in_r5

CELLS = [
    "",
    "7",
    "-1",
    "1e30",
    "nan",
    "inf",
    "x",
    "2024",
    "2024-02-12",
    "9999-12-31",
    ",",
    '"',
    "\n",
    "\x00",
    "mmse",
    "mg/dL",
]
TABLE = """date,biomarker,value,unit,sex,birth_year,apoe_e4_copies,assay
2023-02-12,mmse,25,point,female,1948,1,
2024-02-12,mmse,24,point,female,1948,1,
2024-02-12,plasma p-tau217,1.02,pg/mL,female,1948,1,ALZpath
2024-02-12,2160-0,88.4,umol/L,female,1948,1,
"""
REPLACEMENTS = [
    None,
    7,
    -1,
    0,
    1e30,
    float("nan"),
    True,
    "x",
    "",
    [],
    {},
    [None],
    ["x"],
    [{}],
    {"a": 1},
    "2024",
    "DELETE",
]


def _places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if place:
        yield place
    for key, below in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from _places(below, (*place, key))


def _shipped(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((DATA / name).read_text(encoding="utf-8"))
    return content


def _read_or_refused(read: Callable[[Path], Any], path: Path) -> None:
    refused: InputError | None = None
    try:
        read(path)
    except InputError as error:
        refused = error
    assert refused is None or (refused.message and refused.hint)


@pytest.mark.parametrize(
    ("record", "read"),
    [
        (_shipped("quickstart_bundle.json"), read_bundle),
        (in_r5(_shipped("quickstart_bundle.json")), read_bundle),
        (_shipped("quickstart_pharmcat.json"), read_pharmcat),
    ],
    ids=["R4", "R5", "PharmCAT"],
)
@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # the same places in every run; the whole sweep is 13,974 mutations
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_spoilt_record(
    tmp_path: Path, record: dict[str, Any], read: Callable[[Path], Any], data: st.DataObject
) -> None:
    content = json.loads(json.dumps(record))
    place = data.draw(st.sampled_from(sorted(_places(content), key=str)))
    new = data.draw(st.sampled_from(REPLACEMENTS))
    above = content
    for key in place[:-1]:
        above = above[key]
    if new == "DELETE":
        del above[place[-1]]
    else:
        above[place[-1]] = new
    path = tmp_path / "record.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    _read_or_refused(read, path)


@given(line=st.integers(0, 4), column=st.integers(0, 7), cell=st.sampled_from(CELLS))
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_spoilt_table(tmp_path: Path, line: int, column: int, cell: str) -> None:
    rows = [row.split(",") for row in TABLE.splitlines()]
    rows[line][column] = cell
    path = tmp_path / "visits.csv"
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    _read_or_refused(read_visits, path)
