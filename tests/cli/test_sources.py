"""`qtwin drugs sources`: every number is counted once, and what was not read is named."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

import pytest

from qtwin.cli.sources import Number, assumed_among, by_status, numbers, place_of, show_sources
from qtwin.pharmacology.formulary import formulary


def _number(key: str, status: str, *, unread: bool = False) -> Number:
    return Number(key=key, value=1.0, unit="1", status=status, uncertain=True, unread=unread, judged=False, source="a study")


def test_every_number_is_counted_once() -> None:
    found = numbers()
    assert len({n.key for n in found}) == len(found)
    data = Path(str(resources.files("qtwin"))) / "data"
    written = sum(
        len(re.findall(r'^(?:"[^"]+"|\w+) = \{ value = |^value = ', path.read_text(encoding="utf-8"), re.MULTILINE))
        for path in [*data.glob("*.toml"), *data.glob("drugs/*.toml")]
    )
    assert written >= len(found) > 500
    per_drug = {drug: [n for n in found if n.key.startswith(f"drugs/{drug}.toml ")] for drug in formulary()}
    assert all(len(listed) >= 8 for listed in per_drug.values())


def test_counts_add_up() -> None:
    counts = by_status(numbers())
    total = counts.pop("all")
    assert set(counts) == {"literature", "calibrated", "assumed"}
    for name, whole in total.items():
        assert sum(row[name] for row in counts.values()) == whole


def test_of_what_can_flip_only_what_nobody_read_is_named() -> None:
    found = (
        _number("a", "assumed"),
        _number("b", "literature"),
        _number("c", "literature", unread=True),
        _number("d", "assumed"),
    )
    assert [n.key for n in assumed_among(["c", "b", "a", "not there"], found)] == ["a", "c"]


@pytest.mark.parametrize(
    ("parameter", "place"),
    [
        ("donepezil effects intolerance", "drugs/donepezil.toml effects.intolerance"),
        ("constant mood_utility", "outcomes.toml constant.mood_utility"),
        ("event stroke fatality", "outcomes.toml event.stroke.fatality"),
        ("hazard falls", "outcomes.toml hazard.falls"),
    ],
)
def test_a_drawn_number_has_a_place_in_the_files(parameter: str, place: str) -> None:
    assert place_of(parameter) == place
    assert place in {n.key for n in numbers()}


def test_the_listing_names_what_is_to_be_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # where no quickstart is at hand
    show_sources(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["can_flip_and_assumed"] == []
    assert len(told["unread"]) == told["by_status"]["all"]["unread"]
    show_sources(as_json=False)
    assert "Numbers by status" in capsys.readouterr().out
