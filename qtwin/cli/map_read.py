"""From paths to places of the map: result files by their schema, folders searched for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark.advantage import molecules, regimens
from qtwin.benchmark.advantage.place import Place
from qtwin.cli.show import note
from qtwin.errors import InputError

READERS: dict[str, Callable[[Mapping[str, Any], str], list[Place]]] = {
    "qtwin.bench/1": regimens.from_bench,
    "qtwin.result/1": regimens.from_experiment,
    "qtwin.screen/1": regimens.from_screen,
    "qtwin.molecule/1": molecules.from_molecule,
    "qtwin.contact/1": molecules.from_contact,
}


def read_all(paths: Sequence[Path]) -> list[tuple[Path, dict[str, Any], list[Place]]]:
    """(file, result, places) of every result; a folder is searched for ``result.json``, and what the map cannot use is told.

    Raises:
        InputError: for a path that is not there, a file that is no result of a known schema, or nothing to draw at all.
    """
    found: list[tuple[Path, dict[str, Any], list[Place]]] = []
    for path in paths:
        if path.is_dir():
            files = sorted(path.rglob("result.json"))
            if not files:
                raise InputError(f"no result.json in {path}", hint="name a folder that a run, a sweep or a molecule wrote")
        elif path.exists():
            files = [path]
        else:
            raise InputError(f"no result at {path}", hint="name a result.json or its folder")
        for file in files:
            result = _load(file)
            reader = READERS.get(str(result.get("schema")))
            if reader is None:
                if not path.is_dir():
                    raise InputError(
                        f"{file} has schema {result.get('schema')!r}, one of {', '.join(sorted(READERS))} was wanted",
                        hint="name results of qtwin run, bench, screen combinations or molecule",
                    )
                note(f"{file}: schema {result.get('schema')!r} is not for the map, left out", style="yellow")
                continue
            found.append((file, result, _places(reader, result, file)))
    if not any(places for _, _, places in found):
        raise InputError("no result holds anything for the map", hint="run a sweep first: qtwin bench experiments/map_smoke.toml")
    return found


def _places(reader: Callable[[Mapping[str, Any], str], list[Place]], result: dict[str, Any], file: Path) -> list[Place]:
    try:
        return reader(result, str(file))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(
            f"{file} lacks what the map reads: {type(error).__name__} {error}", hint="run it again with this version of qtwin"
        ) from None


def _load(file: Path) -> dict[str, Any]:
    try:
        result = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read {file}: {error}", hint="name a result.json that qtwin wrote") from None
    if not isinstance(result, dict):
        raise InputError(f"{file} holds no result", hint="name a result.json that qtwin wrote")
    return result
