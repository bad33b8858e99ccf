"""A finished stage is never computed twice, a damaged one is, and nothing half-written stays."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import numpy as np
import pytest

from qtwin.arrays import read_arrays
from qtwin.benchmark.checkpoint import Checkpoint, write_atomically, write_json
from qtwin.errors import InputError, QtwinError


def test_a_stage_comes_back_as_it_was(tmp_path: Path) -> None:
    value = {
        "a": [1, {"b": np.arange(6.0).reshape(2, 3)}],
        "c": None,
        "d": float("inf"),
        "e": "text",
    }
    first, reused = Checkpoint.open(tmp_path, "id", fresh=False).stage("s", lambda: value)
    second, again = Checkpoint.open(tmp_path, "id", fresh=False).stage(
        "s", lambda: pytest.fail("computed twice")
    )
    assert (reused, again) == (False, True)
    for got in (first, second):
        assert np.array_equal(got["a"][1]["b"], value["a"][1]["b"])  # type: ignore[index]
        assert (got["a"][0], got["c"], got["d"], got["e"]) == (1, None, float("inf"), "text")


def test_fresh_forgets_and_another_identity_starts_afresh(tmp_path: Path) -> None:
    Checkpoint.open(tmp_path, "one", fresh=False).stage("s", lambda: 1)
    assert Checkpoint.open(tmp_path, "two", fresh=False).stage("s", lambda: 2) == (2, False)
    assert Checkpoint.open(tmp_path, "one", fresh=False).stage("s", lambda: 3) == (1, True)
    assert Checkpoint.open(tmp_path, "one", fresh=True).stage("s", lambda: 3) == (3, False)


def test_one_changed_digit_or_byte_is_computed_again(tmp_path: Path) -> None:
    """Values that are JSON, and an archive that opens, as before."""
    checkpoint = Checkpoint.open(tmp_path, "id", fresh=False)
    made = {"utility": 1234.5, "x": np.arange(3.0)}

    def again() -> bool:
        value, reused = checkpoint.stage("s", lambda: made)
        assert value["utility"] == 1234.5
        assert np.array_equal(value["x"], made["x"])
        return reused

    assert not again()
    assert again()
    path = checkpoint.folder / "s.json"
    path.write_text(path.read_text(encoding="utf-8").replace("1234.5", "1284.5"), encoding="utf-8")
    assert not again()
    np.savez(checkpoint.folder / "s.npz", a0=np.array([0.0, 1.0, 3.0]))
    assert not again()
    assert again()


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_damaged_file_is_computed_again(tmp_path: Path, suffix: str) -> None:
    checkpoint = Checkpoint.open(tmp_path, "id", fresh=False)
    checkpoint.stage("s", lambda: {"x": np.ones(3)})
    (checkpoint.folder / f"s{suffix}").write_bytes(b"\x00 torn")
    value, reused = checkpoint.stage("s", lambda: {"x": np.zeros(3)})
    assert not reused
    assert not value["x"].any()


@pytest.mark.parametrize(
    "text",
    [
        '{"__array__": []}',
        '{"__array__": "a9"}',
        '{"x": {"__array__": {}}}',
        "[" * 100_000,
        "",
        "\udcff",
    ],
)
def test_a_stage_of_another_form_is_computed_again(tmp_path: Path, text: str) -> None:
    checkpoint = Checkpoint.open(tmp_path, "id", fresh=False)
    checkpoint.stage("s", lambda: {"x": np.ones(3)})
    (checkpoint.folder / "s.json").write_text(text, encoding="utf-8", errors="surrogateescape")
    assert not checkpoint.stage("s", lambda: {"x": np.ones(3)})[1]


@pytest.mark.parametrize("seed", range(60))
def test_spoilt_archives_are_refused_in_one_way(tmp_path: Path, seed: int) -> None:
    """Packed, so that the bytes reach the unpacker, and with a header that is Python."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.arange(1000.0), b=np.ones((3, 3)))
    whole = bytearray(path.read_bytes())
    if seed % 3 == 0:
        whole = whole[: int(rng.integers(len(whole)))]
    for k in rng.integers(0, len(whole), 4).tolist() if whole else []:
        whole[k] = int(rng.integers(256))
    path.write_bytes(whole)
    try:
        found = read_arrays(path)
    except ValueError:
        return
    assert set(found) <= {"a", "b"} or len(found) == 2


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old", encoding="utf-8")

    def fail(temporary: Path) -> None:
        temporary.write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, fail)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_with_the_file_and_the_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_text("old", encoding="utf-8")

    def full(temporary: Path) -> None:
        temporary.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device", str(temporary))

    with pytest.raises(
        QtwinError, match=r"^cannot write .*/result\.json: No space left on device$"
    ) as caught:
        write_atomically(path, full)
    assert "free some space" in caught.value.hint
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="cannot write"):
        Checkpoint.open(tmp_path / "out", "id", fresh=False)


def test_what_is_written_is_its_owners_alone_from_the_start(tmp_path: Path) -> None:
    modes: list[int] = []

    def anew(path: Path) -> None:
        modes.append(stat.S_IMODE(path.stat().st_mode))
        path.unlink()
        path.write_text("made anew")

    old = os.umask(0o022)
    try:
        (tmp_path / "old.json").write_text("{}")
        write_json(tmp_path / "old.json", {"x": 1})
        write_atomically(tmp_path / "anew.txt", anew)
        Checkpoint.open(tmp_path, "id", fresh=False).stage("s", lambda: {"x": np.ones(3)})
    finally:
        os.umask(old)
    assert modes == [0o600]
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    assert {p.name for p in files} == {"old.json", "anew.txt", "s.json", "s.npz"}
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}
    assert stat.S_IMODE((tmp_path / ".stages" / "id").stat().st_mode) == 0o700
