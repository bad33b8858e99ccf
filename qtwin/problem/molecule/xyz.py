"""Geometries in xyz files: number of atoms, a comment, then element and x, y, z in angstrom, a line an atom."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

_MOST_ATOMS = 500
_MOST_CHARACTERS = 200_000
Geometry = tuple[tuple[str, ...], NDArray[np.float64], str]


def parse_xyz(text: str, *, where: str) -> Geometry:
    """Symbols, (n, 3) coordinates in angstrom, and the comment line.

    Args:
        text: The file's content; a further frame is refused.
        where: Its name, for errors.

    Raises:
        InputError: naming the line that cannot be read.
    """
    lines = text.splitlines()
    try:
        count = int(lines[0].split()[0])
    except (IndexError, ValueError):
        raise InputError(f"{where}: the first line must be the number of atoms", hint="see any xyz file") from None
    if not 1 <= count <= _MOST_ATOMS:
        raise InputError(f"{where}: {count} atoms came, 1 to {_MOST_ATOMS} were wanted", hint="cut out the part that matters")
    body = [line for line in lines[2:] if line.strip()]
    if len(body) != count:
        raise InputError(
            f"{where}: {count} atoms announced, {len(body)} lines of atoms came", hint="one frame, one line an atom, no more"
        )
    symbols, rows = [], []
    for k, line in enumerate(body):
        try:
            symbol, *place = line.split()[:4]
            x, y, z = (float(text) for text in place)
        except ValueError:
            raise InputError(
                f"{where}: the line of atom {k + 1} is not element x y z", hint="such as O 0.0 0.0 0.1173, in angstrom"
            ) from None
        symbols.append(symbol[0].upper() + symbol[1:].lower())
        rows.append([x, y, z])
    return tuple(symbols), np.array(rows), lines[1].strip()


def read_xyz(path: Path) -> Geometry:
    """Read a file.

    Raises:
        InputError: if it is missing or no xyz file.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(_MOST_CHARACTERS + 1)
    except FileNotFoundError:
        raise InputError(f"no geometry at {path}", hint="paths are relative to the spec file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path} as text ({type(error).__name__})", hint="give a text file in xyz format") from None
    if len(text) > _MOST_CHARACTERS:
        raise InputError(f"{path} has more than {_MOST_CHARACTERS:,} characters", hint="one frame of at most 500 atoms")
    return parse_xyz(text, where=path.name)


def format_xyz(symbols: tuple[str, ...], coordinates_angstrom: NDArray[np.float64], comment: str = "") -> str:
    """The text of an xyz file."""
    rows = [
        f"{s:2s} {x:14.8f} {y:14.8f} {z:14.8f}" for s, (x, y, z) in zip(symbols, np.asarray(coordinates_angstrom), strict=True)
    ]
    return "\n".join([str(len(symbols)), " ".join(comment.split()), *rows, ""])
