"""Compiled kernels that numba keeps on disk: what is damaged or older than its source is deleted,
so that it is compiled anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from qtwin.errors import InputError

MARK = ".warm-"
"""Begin of the name of a file that says that a set of kernels was compiled
(`qtwin.studies.compiling`).
"""
_PICKLE = b"\x80."
"""First and last byte of a pickle: its protocol's mark, and the order to stop."""
_log = logging.getLogger("qtwin")


@lru_cache(maxsize=1)
def without_damaged_ones() -> None:
    """Look once in a process at all kernels of this package, and tell of those that had to be
    deleted.

    Raises:
        InputError: for a damaged one that cannot be deleted.
    """
    places = _places()
    lost = without_damaged(places)
    without_outdated(places)
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        _log.warning("%s%s: damaged on disk, deleted, and compiled anew", lost[0], more)


def without_outdated(places: Mapping[Path, Path]) -> None:
    """Delete the indices of kernels that are older than their source, or whose source is gone.

    Numba reads the types that are named in an index before it sees that it is old, and fails where
    the new source lacks one.

    Args:
        places: Folders with kernels, each with the folder of its source files.
    """
    for place, sources in places.items():
        for index in place.glob("*.nbi"):
            source = sources / f"{index.name.partition('.')[0]}.py"
            try:
                if not source.exists() or index.stat().st_mtime_ns < source.stat().st_mtime_ns:
                    index.unlink(missing_ok=True)
            # where nothing may be deleted, nothing was written after the source either
            except OSError:
                continue


def without_damaged(places: Iterable[Path]) -> list[Path]:
    """Delete files of numba that are no whole pickle, and then the marks that say that all is
    compiled.

    Returns:
        What was deleted.

    Raises:
        InputError: for one that cannot be deleted.
    """
    known = list(places)
    lost = [
        file for place in known for file in sorted(place.glob("*.nb[ic]")) if not _is_whole(file)
    ]
    marks = [file for place in known for file in place.glob(f"{MARK}*")] if lost else []
    try:
        for file in [*lost, *marks]:
            file.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"the compiled kernel {lost[0]} is damaged and cannot be deleted: {error.strerror}",
            hint="delete it, or set NUMBA_CACHE_DIR to a folder of yours",
        ) from None
    return lost


def _is_whole(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            begin = opened.read(1)
            opened.seek(-1, os.SEEK_END)
            return begin + opened.read(1) == _PICKLE
    except OSError:  # an empty file has no last byte; one that is gone meanwhile does no harm
        return not file.exists()


def _places() -> dict[Path, Path]:
    """Every folder that may hold kernels of this package, with the folder of their source files."""
    sources = sorted({file.parent for file in Path(__file__).parent.rglob("*.py")})
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if not chosen:
        return {folder / "__pycache__": folder for folder in sources}
    # as numba does
    named = {
        f"{folder.name}_{hashlib.sha1(str(folder).encode()).hexdigest()}": folder
        for folder in sources
    }
    return {Path(chosen) / name: folder for name, folder in named.items()}
