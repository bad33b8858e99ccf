"""Whatever is put in place of any element of the shipped records, they are read or refused with a hint, and never crash."""

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
from tests.patient.conftest import DATA

REPLACEMENTS = [None, 7, -1, 0, 1e30, float("nan"), True, "x", "", [], {}, [None], ["x"], [{}], {"a": 1}, "2024", "DELETE"]


def _places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if place:
        yield place
    for key, below in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(below, (*place, key))


@pytest.mark.parametrize(("name", "read"), [("quickstart_bundle.json", read_bundle), ("quickstart_pharmcat.json", read_pharmcat)])
@given(data=st.data())
@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,  # the same places in every run; the whole sweep is 13,974 mutations
    phases=(Phase.generate,),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_spoilt_record(tmp_path: Path, name: str, read: Callable[[Path], Any], data: st.DataObject) -> None:
    content = json.loads((DATA / name).read_text(encoding="utf-8"))
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
    refused: InputError | None = None
    try:
        read(path)
    except InputError as error:
        refused = error
    assert refused is None or (refused.message and refused.hint)
