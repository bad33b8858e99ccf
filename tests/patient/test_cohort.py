"""Tables of visits: what is recognised, converted, read past and refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtwin.errors import InputError
from qtwin.patient.cohort import read_cohort


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "visits.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_usual_names_are_recognised_and_time_counts_from_the_first_visit(tmp_path: Path) -> None:
    text = (
        "Subject ID;MR "
        "Delay;Age;MMSE;CDR\nA;0;70;29;0\nA;730.5;72;27;0.5\nB;0;80;20;1\nA;365.25;71;28;0\nC;0;60;;0\n"
    )
    cohort = read_cohort(_file(tmp_path, text), time="MR Delay")
    assert [s.subject for s in cohort.subjects] == [1, 2]
    assert cohort.subjects[0].times_years == pytest.approx([0.0, 1.0, 2.0])
    assert cohort.subjects[0].mmse.tolist() == [29.0, 28.0, 27.0]
    assert any("1 rows without" in note for note in cohort.notes)


def test_exact_days_go_before_ages_in_whole_years(tmp_path: Path) -> None:
    """Three visits within one year of age are three visits."""
    cohort = read_cohort(
        _file(tmp_path, "Subject ID,MR Delay,Age,MMSE\nA,0,71,28\nA,180,71,26\nA,340,71,25\n")
    )
    assert cohort.subjects[0].times_years == pytest.approx([0.0, 180 / 365.25, 340 / 365.25])


def test_the_names_of_the_table_stay_behind(tmp_path: Path) -> None:
    cohort = read_cohort(_file(tmp_path, "id,age,mmse\nJane Doe,70,29\nJane Doe,71,28\n"))
    assert "Jane" not in repr(cohort)


@given(points=st.lists(st.floats(0, 30), min_size=2, max_size=6, unique=True))
def test_scales_say_the_same(points: list[float], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("scales")
    values = {}
    for scale, form in (
        ("points", lambda p: p),
        ("fraction", lambda p: p / 30),
        ("impairment", lambda p: 1 - p / 30),
    ):
        rows = "\n".join(f"a,{k},{form(p)!r}" for k, p in enumerate(points))
        values[scale] = (
            read_cohort(_file(folder, f"id,time,mmse\n{rows}\n"), scale=scale).subjects[0].mmse
        )
    for found in values.values():
        assert found == pytest.approx(points, abs=1e-9)


def test_dates_and_codes_for_not_tested_are_understood(tmp_path: Path) -> None:
    text = (
        "RID,EXAMDATE,MMSCORE\n1,2010-01-01,29\n1,2012-01-01,27\n1,2011-01-01,-4\n"
        "2,1/1/2010,20\n2,7/2/2010,19\n"
    )
    cohort = read_cohort(_file(tmp_path, text))
    assert cohort.subjects[0].times_years == pytest.approx([0.0, 2.0], abs=0.01)
    assert cohort.subjects[1].times_years == pytest.approx([0.0, 0.5], abs=0.01)
    assert any("1 rows without" in note for note in cohort.notes)


def test_a_repeated_visit_counts_once_and_is_named(tmp_path: Path) -> None:
    cohort = read_cohort(_file(tmp_path, "id,age,mmse\na,70,29\na,70,25\na,71,28\n"))
    assert cohort.subjects[0].mmse.tolist() == [29.0, 28.0]
    assert any("repeat" in note for note in cohort.notes)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "is empty"),
        ("id,age,mmse\n", {}, "no row"),
        ("id,age,score\na,1,29\n", {}, "no column for the mmse"),
        ("id,age,mmse\na,1,29\n", {"mmse": "mmsee"}, "mmsee"),
        ("id,age,mmse\na,old,29\n", {}, "line 2: age is no number"),
        ("id,age,mmse\na,1,inf\n", {}, "not finite"),
        ("id,age,mmse\na,1,31\n", {}, "an MMSE of 0 to 30, got 31"),
        ("id,age,mmse\na,1,-2\n", {}, "an MMSE of 0 to 30, got -2"),
        ("id,age,mmse\na,1,0.2\na,2,0.3\n", {}, "--scale"),
        ("id,days,mmse\na,0,29\na,700,28\n", {"time_unit": "years"}, "visits 700 years apart"),
        ("id,age,mmse\na,1,29\n", {"scale": "percent"}, "percent"),
        ("id,age,mmse\na,1,29\n", {"time_unit": "hours"}, "hours"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(
    tmp_path: Path, text: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        read_cohort(_file(tmp_path, text), **options)
    assert message in f"{caught.value.message} {caught.value.hint}"


def test_missing_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_cohort(tmp_path / "nothing.csv")
    binary = tmp_path / "x.csv"
    binary.write_bytes(bytes(np.arange(256, dtype=np.uint8)))
    with pytest.raises(InputError, match="not UTF-8"):
        read_cohort(binary)
