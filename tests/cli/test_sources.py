"""`qtwin drugs sources`: every number is counted once, and what was not read is named."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from qtwin.cli.reading_value import Case, cases, worth_of
from qtwin.cli.sources import Number, assumed_among, by_status, numbers, place_of, show_sources
from qtwin.pharmacology.formulary import formulary
from qtwin.pharmacology.ignorance import Ignorance, Sampled
from qtwin.pharmacology.quantity import Quantity
from qtwin.problem.regimen import RegimenProblem

_Z = 1.959963984540054


def _number(key: str, status: str, *, unread: bool = False) -> Number:
    return Number(
        key=key,
        value=1.0,
        unit="1",
        status=status,
        uncertain=True,
        unread=unread,
        judged=False,
        defined=False,
        source="a study",
    )


def test_every_number_is_counted_once() -> None:
    found = numbers()
    assert len({n.key for n in found}) == len(found)
    data = Path(str(resources.files("qtwin"))) / "data"
    written = sum(
        len(
            re.findall(
                r'^(?:"[^"]+"|\w+) = \{ value = |^value = ',
                path.read_text(encoding="utf-8"),
                re.MULTILINE,
            )
        )
        for path in [*data.glob("*.toml"), *data.glob("drugs/*.toml")]
    )
    assert written >= len(found) > 500
    per_drug = {
        drug: [n for n in found if n.key.startswith(f"drugs/{drug}.toml ")] for drug in formulary()
    }
    assert all(len(listed) >= 8 for listed in per_drug.values())


def test_counts_add_up() -> None:
    counts = by_status(numbers())
    total = counts.pop("all")
    assert set(counts) == {"literature", "calibrated", "assumed"}
    for name, whole in total.items():
        assert sum(row[name] for row in counts.values()) == whole


def test_only_a_factor_of_one_with_a_spread_holds_by_definition() -> None:
    defined = [n for n in numbers() if n.defined]
    assert [n.key for n in defined] == ["outcomes.toml constant.mortality_factor"]
    assert all(n.value == 1.0 and n.uncertain and not n.judged for n in defined)


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
        ("constant aria_h_alone", "outcomes.toml constant.aria_h_alone"),
        ("factor falls per_decade", "outcomes.toml factor.falls.per_decade"),
        ("death by stage mmse_21", "outcomes.toml death_by_stage.mmse_21"),
        ("stroke by cha2ds2_vasc score_4", "outcomes.toml stroke_by_cha2ds2_vasc.score_4"),
        ("lecanemab effects placebo_aria_h_1", "outcomes.toml antibody.lecanemab_placebo_aria_h_1"),
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


@dataclass
class _Posed:
    """Two regimens: the second is worth `slope` times a number's score more than the first; another
    number moves neither.
    """

    slope: float
    drawn: Ignorance = field(default_factory=lambda: Sampled(n=64, seed=1))
    horizon_years: float = 1.0

    def __post_init__(self) -> None:
        told = Quantity(
            value=0.0, unit="1", status="assumed", source="a test", scale="normal", ci=(-_Z, _Z)
        )
        self.moves = self.drawn.draw(told, "constant mood_utility", group="value")
        self.drawn.draw(told, "hazard falls", group="baseline risk")
        self.panel = self

    def span(self, horizon_years: float) -> None:
        """Nothing further is drawn."""

    def by_draw(self, bits: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.asarray(bits[:, 1:] * (self.slope * self.moves[None, :]))

    def of_draws(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(values.mean(axis=1))

    @property
    def n_draws(self) -> int:
        return self.drawn.n

    def under(self, ignorance: Ignorance) -> _Posed:
        return _Posed(slope=self.slope, drawn=ignorance)


def test_a_number_is_worth_what_choosing_after_it_gains() -> None:
    asked = [
        Case(
            name=name,
            problem=cast(RegimenProblem, cast(Any, _Posed(slope=slope))),
            feasible=np.eye(2, dtype=np.uint8),
        )
        for name, slope in (("small", 1.0), ("large", 3.0))
    ]
    found = worth_of(asked, n_draws=4096)
    # E max(0, s Z) = s / sqrt(2 pi)
    assert [w.key for w in found] == [
        "outcomes.toml constant.mood_utility",
        "outcomes.toml hazard.falls",
    ]
    assert found[0].mean_qaly == pytest.approx(2.0 / np.sqrt(2.0 * np.pi), rel=0.05)
    assert (found[0].most_qaly, found[0].case) == (
        pytest.approx(3.0 / np.sqrt(2.0 * np.pi), rel=0.05),
        "large",
    )
    assert found[1].mean_qaly < 0.1 * found[0].mean_qaly  # what is left is chance


@pytest.mark.slow
def test_every_number_that_is_drawn_stands_in_a_file() -> None:
    posed = list(cases(Path(__file__).parents[2] / "experiments"))
    assert {
        "quickstart",
        "invented patient, heart",
        "invented patient, mind",
        "invented patient, pain",
    } <= {c.name for c in posed}
    assert {w.key for w in worth_of(posed, n_draws=64)} <= {n.key for n in numbers()}
