"""Compiled kernels on disk: what a full disk or a power cut damaged is deleted and compiled anew,
and nothing else is.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.kernels import without_damaged, without_outdated


@pytest.fixture
def kernels(tmp_path: Path) -> Path:
    """A folder with two whole files and the mark of a job."""
    (tmp_path / "good.nbi").write_bytes(pickle.dumps("0.68") + pickle.dumps((1.0, {})))
    (tmp_path / "good.nbc").write_bytes(pickle.dumps(list(range(1000))))
    (tmp_path / ".warm-searches-0123").touch()
    return tmp_path


def test_whole_kernels_and_their_marks_stay(kernels: Path) -> None:
    before = sorted(kernels.iterdir())
    assert without_damaged([kernels]) == []
    assert sorted(kernels.iterdir()) == before


@pytest.mark.parametrize(
    "held", [b"", pickle.dumps(list(range(1000)))[:-1], pickle.dumps("x")[:3], b"\x00" * 64]
)
def test_a_damaged_kernel_goes_with_the_marks_that_say_all_is_compiled(
    kernels: Path, held: bytes
) -> None:
    for name in ("cut.nbi", "cut.nbc"):
        (kernels / name).write_bytes(held)
    assert without_damaged([kernels]) == [kernels / "cut.nbc", kernels / "cut.nbi"]
    assert sorted(p.name for p in kernels.iterdir()) == ["good.nbc", "good.nbi"]


def test_one_that_cannot_be_deleted_is_named_with_what_to_do(
    kernels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (kernels / "cut.nbc").write_bytes(b"")

    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(InputError, match=r"cut\.nbc is damaged") as caught:
        without_damaged([kernels])
    assert "NUMBA_CACHE_DIR" in caught.value.hint


def test_an_index_that_is_older_than_its_source_goes(tmp_path: Path) -> None:
    """Else numba fails at a type that was renamed: it reads the index before it compares the
    times.
    """
    place = tmp_path / "__pycache__"
    place.mkdir()
    for name in ("old", "new", "gone"):
        (place / f"{name}.walk-12.py311.nbi").touch()
        os.utime(place / f"{name}.walk-12.py311.nbi", (100, 100))
    for name, written_s in (("old", 200), ("new", 50)):
        (tmp_path / f"{name}.py").touch()
        os.utime(tmp_path / f"{name}.py", (written_s, written_s))
    without_outdated({place: tmp_path})
    assert [p.name for p in place.iterdir()] == ["new.walk-12.py311.nbi"]
