"""Instances in files as a family: each file is one instance, of as many variables as it names.

What a file holds is part of the instance's identity by its digest (`sha256`); where it lies is not.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from qtwin.encoding.generate import Generated
from qtwin.encoding.instance import read_instance
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError


def generate(
    n: int, seed: int, *, path: str = "", problem: str = "", sha256: str = ""
) -> Generated:
    """The instance in a file.

    Args:
        n: Variables of the file, slack bits left out.
        seed: Of nothing; a file is what it is.
        path: The file, of any of `qtwin.encoding.instance.FORMATS`.
        problem: Which of several problems in it; "" where there is one.
        sha256: Digest of the file; "" for whatever it holds.

    Raises:
        InputError: for a file that cannot be read, is not the one meant, or has another number of
            variables.
    """
    if not path:
        raise InputError(
            "no file of an instance came", hint='path = "instances/*.lp" in the [[family]]'
        )
    found = digest(path)
    if sha256 and sha256 != found:
        raise InputError(
            f"{path} is not the file that the sweep began with",
            hint="bring it back, or start a new sweep",
        )
    encoding = _read(path, problem, found)
    if encoding.n_decision != n:
        raise InputError(
            f"expected {n} variables in {path}, got {encoding.n_decision}",
            hint=f"ask for {encoding.n_decision}",
        )
    return Generated(
        family="file",
        seed=seed,
        options={"path": path, "problem": problem, "sha256": found},
        encoding=encoding,
        hardness=f"unknown: an instance of {Path(path).name}",
    )


def digest(path: str) -> str:
    """SHA-256 of the file.

    Raises:
        InputError: if it cannot be read.
    """
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check the path") from None


def size(path: str, problem: str = "") -> int:
    """Variables of the file, slack bits left out.

    Raises:
        InputError: for a file that holds no instance.
    """
    return _read(path, problem, digest(path)).n_decision


@lru_cache(maxsize=8)
def _read(path: str, problem: str, sha256: str) -> BinaryModel:
    return read_instance(Path(path), problem)
