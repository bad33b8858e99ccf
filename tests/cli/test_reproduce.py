"""`qtwin reproduce`: a page or one figure of it is made again, and every number drawn is held
against the first.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from qtwin.cli import main
from qtwin.report.origin import command_line, made_by, origin_text
from qtwin.studies.reproduce import _without_output

QUESTION = ("screen", "interactions", "falqon-six-drugs")


def _qtwin(
    capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0
) -> tuple[str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(a) for a in arguments])
    told = capsys.readouterr()
    assert (stopped.value.code or 0) == code, told.err
    return told.out, told.err


@pytest.fixture
def made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    folder = tmp_path / "six drugs"
    _qtwin(capsys, *QUESTION, "--out", folder)
    return folder


def test_the_same_numbers_come_again_and_the_page_names_its_command(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = json.loads(_qtwin(capsys, "reproduce", made, "--json")[0])
    again = made.with_name("six drugs-again")
    assert told["command"] == shlex.join(["qtwin", *QUESTION, "--out", str(again)])
    assert {f["figure"] for f in told["figures"]} == {
        p.stem for p in (made / "figures").glob("*.svg")
    }
    assert all(f["changes"] == {} and f["words"] == 0 and f["rows"] > 0 for f in told["figures"])
    assert told["versions_changed"] == []
    assert "qtwin screen interactions falqon-six-drugs" in (made / "report.html").read_text(
        encoding="utf-8"
    )
    assert (
        str(again) in json.loads((again / "origin.json").read_text(encoding="utf-8"))["arguments"]
    )


def test_one_figure_whose_numbers_were_others_is_told(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = made / "figures" / "synergy.csv"
    header, first, *rest = file.read_text(encoding="utf-8").splitlines()
    column = header.split(",").index("weight")
    cells = first.split(",")
    cells[column] = repr(float(cells[column]) * 2.0)
    file.write_text("\n".join([header, ",".join(cells), *rest]), encoding="utf-8")
    origin = json.loads((made / "origin.json").read_text(encoding="utf-8"))
    origin["versions"]["numpy"] = "0.0"
    (made / "origin.json").write_text(json.dumps(origin), encoding="utf-8")
    told = json.loads(
        _qtwin(
            capsys,
            "reproduce",
            made / "figures" / "synergy.svg",
            "--out",
            tmp_path / "new",
            "--json",
        )[0]
    )
    (only,) = told["figures"]
    assert only["figure"] == "synergy"
    assert only["changes"] == {"weight": pytest.approx(0.5)}
    assert any(line.startswith("numpy 0.0 -> ") for line in told["versions_changed"])


def test_what_cannot_be_run_again_says_why(
    made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "written over" in _qtwin(capsys, "reproduce", made, "--out", made, code=2)[1]
    assert "nothing at" in _qtwin(capsys, "reproduce", tmp_path / "nowhere", code=2)[1]
    (tmp_path / "empty").mkdir()
    assert (
        "does not say which command" in _qtwin(capsys, "reproduce", tmp_path / "empty", code=2)[1]
    )
    (made / "figures" / "synergy.csv").write_bytes(b"\xff\xfe\x00")
    assert "synergy.csv cannot be read" in _qtwin(capsys, "reproduce", made, code=2)[1]
    assert not made.with_name("six drugs-again").exists()
    (made / "origin.json").write_text("{", encoding="utf-8")
    assert "cannot be read" in _qtwin(capsys, "reproduce", made, code=2)[1]
    (made / "origin.json").write_text(
        json.dumps({"arguments": ["jobs", "submit"], "versions": {}}), encoding="utf-8"
    )
    assert "'jobs submit'" in _qtwin(capsys, "reproduce", made, code=2)[1]


def test_a_page_names_no_folder_outside_the_working_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with made_by(
        ["trial", "/home/someone/records/trial.toml", f"--out={tmp_path}/out", "--seed", "3"]
    ):
        assert command_line() == "qtwin trial .../trial.toml --out=out --seed 3"
        assert "/home/someone/records/trial.toml" in json.loads(origin_text() or b"{}")["arguments"]
    assert command_line() == ""


def test_the_old_folder_and_consent_to_pay_are_not_carried_over() -> None:
    assert _without_output(["run", "a.toml", "--out", "x", "--yes", "--json"]) == ["run", "a.toml"]
    assert _without_output(["screen", "order", "t.csv", "-o", "x", "--seed", "3"]) == [
        "screen",
        "order",
        "t.csv",
        "--seed",
        "3",
    ]
    assert _without_output(["run", "a.toml", "--out=x"]) == ["run", "a.toml"]
    assert _without_output(
        ["bench", "a.toml", "--store", "postgresql://host/db", "--workers", "2"]
    ) == [
        "bench",
        "a.toml",
        "--workers",
        "2",
    ]


def test_the_working_folder_itself_can_be_named(
    made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(made)
    _qtwin(capsys, "reproduce", ".")
    assert (made.with_name("six drugs-again") / "report.html").exists()
