"""Finished stages on disk, so that an interrupted run continues where it stopped.

Each stage is one JSON file with its arrays in one .npz beside it, written under a temporary name
and then renamed: a file that is there is whole, and its owner's alone: it tells of a patient. The
JSON file holds the digest of both, so that a stage in which a single digit was changed is computed
again. The folder is named by the run's identity, so a changed spec, record, version or formulary
starts afresh.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.arrays import read_arrays
from qtwin.atomic import write_atomically as write_atomically
from qtwin.atomic import write_json as write_json
from qtwin.errors import InputError

_ARRAY = "__array__"
_DIGEST = "sha256"


def _split(value: Any, arrays: dict[str, np.ndarray[Any, Any]]) -> Any:
    if isinstance(value, np.ndarray):
        key = f"a{len(arrays)}"
        arrays[key] = value
        return {_ARRAY: key}
    if isinstance(value, dict):
        return {k: _split(v, arrays) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_split(v, arrays) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _join(value: Any, arrays: Any) -> Any:
    if isinstance(value, dict):
        return (
            arrays[value[_ARRAY]]
            if set(value) == {_ARRAY}
            else {k: _join(v, arrays) for k, v in value.items()}
        )
    return [_join(v, arrays) for v in value] if isinstance(value, list) else value


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The stages of one run.

    Attributes:
        folder: Where they are kept.
    """

    folder: Path

    @staticmethod
    def open(out: Path, run_id: str, *, fresh: bool) -> Checkpoint:
        """The checkpoint of run `run_id` under the output folder, emptied first if `fresh`.

        Raises:
            InputError: if the output folder cannot be written.
        """
        folder = out / ".stages" / run_id[:16]
        try:
            if fresh and folder.exists():
                shutil.rmtree(folder)
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            probe = folder / f".probe.{os.getpid()}"
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
            probe.unlink()
        except OSError as error:
            raise InputError(
                f"cannot write to the output folder {out}: {error.strerror}",
                hint="choose another folder with --out",
            ) from None
        return Checkpoint(folder=folder)

    def stage(self, name: str, compute: Callable[[], Any]) -> tuple[Any, bool]:
        """The stage's value, from disk if it was finished before; and whether it was.

        Args:
            name: File name of the stage.
            compute: Gives nested dicts and lists of JSON values and arrays.
        """
        path, beside = self.folder / f"{name}.json", self.folder / f"{name}.npz"
        if path.exists():
            try:
                return _join(
                    _whole(json.loads(path.read_text(encoding="utf-8")), beside.read_bytes()),
                    read_arrays(beside),
                ), True
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                path.unlink(missing_ok=True)  # damaged: compute it again
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        value = compute()
        plain = _split(value, arrays)
        write_atomically(beside, lambda p: np.savez(p, allow_pickle=False, **arrays))
        text = json.dumps(plain)
        stage = {_DIGEST: _digest(text, beside.read_bytes()), "value": plain}
        write_atomically(path, lambda p: _dump(p, stage))
        return _join(json.loads(text), arrays), False

    def finish(self) -> None:
        """Take the checkpoint away once the result is written."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _digest(text: str, arrays: bytes) -> str:
    return hashlib.sha256(b"%d\n" % len(arrays) + arrays + text.encode()).hexdigest()


def _whole(stage: Any, arrays: bytes) -> Any:
    """The value of a stage as it was written; ValueError for another."""
    value = stage["value"]
    if stage[_DIGEST] != _digest(json.dumps(value), arrays):
        raise ValueError(_DIGEST)
    return value


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
