"""Drugs as nodes, interactions as edges: harmful pairs to keep apart, synergistic pairs to bring
together.

A graph comes from a public list of interacting pairs, or by name from
``qtwin/data/graphs/interactions.toml``, which holds the instances of a published quantum study. Two
layouts of lists are read: CSV with a header (`drug_1, drug_2` and, where known, `kind` harm or
synergy and `weight`), and lines of `name$identifier$name$identifier$` without one, as the ONC lists
come (all harmful).
"""

from __future__ import annotations

import csv
import hashlib
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError, unknown_name
from qtwin.patient.file import MAX_BYTES

KINDS = ("harm", "synergy")
_FIRST = ("drug_1", "drug1", "drug_i", "drug_a", "object")
_SECOND = ("drug_2", "drug2", "drug_j", "drug_b", "precipitant")
_FILE = "interactions.toml"


@dataclass(frozen=True, kw_only=True)
class InteractionGraph:
    """Pairwise interactions of drugs.

    Attributes:
        drugs: (n) names, sorted.
        harm: (h, 2) harmful pairs, the smaller index first.
        harm_weight: (h,) positive.
        synergy: (s, 2) synergistic pairs.
        synergy_weight: (s,) positive.
        title: What it is.
        source: Where it is from.
        sha256: Digest of the file, "" for a shipped graph.
        notes: What was merged or read past.
    """

    drugs: tuple[str, ...]
    harm: NDArray[np.int64]
    harm_weight: NDArray[np.float64]
    synergy: NDArray[np.int64]
    synergy_weight: NDArray[np.float64]
    title: str = ""
    source: str = ""
    sha256: str = ""
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of drugs."""
        return len(self.drugs)

    def adjacency(self) -> NDArray[np.bool_]:
        """(n, n) whether two drugs harm each other."""
        out = np.zeros((self.n, self.n), dtype=np.bool_)
        out[self.harm[:, 0], self.harm[:, 1]] = out[self.harm[:, 1], self.harm[:, 0]] = True
        return out

    def harmful_pairs_in(self, chosen: NDArray[np.generic]) -> int:
        """Number of harmful pairs inside a choice of (n,) bits."""
        x = np.asarray(chosen).astype(np.bool_)
        return int((x[self.harm[:, 0]] & x[self.harm[:, 1]]).sum())


Edge = tuple[str, str, str, float, str]
"""Drug, drug, kind, weight, and where it stands."""


def published_names() -> tuple[str, ...]:
    """Names of the shipped graphs."""
    return tuple(_shipped())


def published_graph(name: str) -> InteractionGraph:
    """A shipped graph.

    Raises:
        InputError: for an unknown name.
    """
    if name not in _shipped():
        raise unknown_name("interaction graph", name, _shipped())
    raw = _shipped()[name]
    edges = [(a, b, kind, float(w), f"{_FILE} {name}") for a, b, kind, w in raw["edges"]]
    return graph_of(
        edges,
        title=raw["title"],
        source=raw["source"],
        notes=[raw["note"]] if "note" in raw else [],
    )


@cache
def _shipped() -> Mapping[str, Any]:
    return tomllib.loads(
        (resources.files("qtwin") / "data" / "graphs" / _FILE).read_text(encoding="utf-8")
    )


def read_interactions(path: Path) -> InteractionGraph:
    """A graph from a list of interacting pairs.

    Drugs are told apart by identifier where the list has one, by name otherwise; a pair listed
    twice counts once.

    Raises:
        InputError: for anything that cannot be read or does not fit together, with the line it is
            on.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"{path} is larger than {MAX_BYTES >> 20} MiB",
                hint="is this the list of interactions?",
            )
        raw = path.read_bytes()
        lines = raw.decode("utf-8-sig").splitlines()
    except FileNotFoundError:
        hint = f"check the path, or name a shipped graph: {', '.join(published_names())}"
        raise InputError(
            f"expected a list of interacting drugs, got no file at {path}", hint=hint
        ) from None
    except IsADirectoryError:
        raise InputError(
            f"expected a list of interacting drugs, got the folder {path}", hint="name the file"
        ) from None
    except UnicodeDecodeError:
        raise InputError(
            f"expected a list of interacting drugs, got {path.name}, which is not UTF-8 text",
            hint="export it as CSV",
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="check the path and its permissions"
        ) from None
    numbered = [(k, line) for k, line in enumerate(lines, 1) if line.strip()]
    if not numbered:
        raise InputError(
            f"expected a list of interacting drugs, got the empty file {path.name}",
            hint="one line a pair",
        )
    edges = _dollar(path, numbered) if "$" in numbered[0][1] else _csv(path, numbered)
    return graph_of(
        edges, title=path.stem, source=path.name, sha256=hashlib.sha256(raw).hexdigest()
    )


def _dollar(path: Path, lines: list[tuple[int, str]]) -> list[Edge]:
    names: dict[str, str] = {}
    edges: list[Edge] = []
    for number, line in lines:
        where = f"{path.name} line {number}"
        cells = [cell.strip() for cell in line.strip().removesuffix("$").split("$")]
        if len(cells) != 4 or not all(cells):
            raise InputError(
                f"{where}: expected name$identifier$name$identifier, got {len(cells)} cells",
                hint="correct the line",
            )
        for name, identifier in (cells[:2], cells[2:]):
            names.setdefault(identifier, name)
        edges.append((names[cells[1]], names[cells[3]], "harm", 1.0, where))
    spelled = [name.casefold() for name in names.values()]
    doubled = next((name for name in spelled if spelled.count(name) > 1), None)
    if doubled is not None:
        raise InputError(
            f"{path.name}: {doubled!r} stands for two identifiers",
            hint="give the drugs names that differ",
        )
    return edges


def _csv(path: Path, lines: list[tuple[int, str]]) -> list[Edge]:
    header = lines[0][1]
    delimiter = max(",;\t", key=header.count)
    names = [cell.strip().lower() for cell in next(csv.reader([header], delimiter=delimiter))]

    def find(known: tuple[str, ...], *, needed: bool) -> int | None:
        at = next((names.index(name) for name in known if name in names), None)
        if at is None and needed:
            raise InputError(
                f"{path.name} line {lines[0][0]}: no column {known[0]} came",
                hint="drug_1, drug_2, kind, weight",
            )
        return at

    first, second = find(_FIRST, needed=True), find(_SECOND, needed=True)
    kind_at, weight_at = (
        find(("kind", "type"), needed=False),
        find(("weight", "severity_weight"), needed=False),
    )
    edges: list[Edge] = []
    for number, line in lines[1:]:
        where = f"{path.name} line {number}"
        cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
        if len(cells) != len(names):
            raise InputError(
                f"{where}: expected {len(names)} cells, got {len(cells)}",
                hint="quote cells with commas",
            )
        assert first is not None
        assert second is not None
        try:
            weight = float(cells[weight_at]) if weight_at is not None else 1.0
        except ValueError:
            raise InputError(
                f"{where}: expected a number as the weight, got {cells[weight_at or 0]!r}",
                hint="correct it",
            ) from None
        kind = cells[kind_at].lower() if kind_at is not None else "harm"
        edges.append((cells[first], cells[second], kind, weight, where))
    return edges


def graph_of(
    edges: Iterable[Edge],
    *,
    title: str = "",
    source: str = "",
    sha256: str = "",
    notes: Iterable[str] = (),
) -> InteractionGraph:
    """A graph from its edges.

    Raises:
        InputError: for no edge, a drug without a name or beside itself, an unknown kind, a weight
            that is not positive, or a
        pair that is
            said to be two different things.
    """
    spelled: dict[str, str] = {}
    told: dict[tuple[str, str], tuple[str, float]] = {}
    repeated = 0
    for a, b, kind, weight, where in edges:
        if not a or not b:
            raise InputError(f"{where}: a drug without a name came", hint="name both drugs")
        if a.casefold() == b.casefold():
            raise InputError(f"{where}: {a!r} interacts with itself", hint="take the line out")
        if kind not in KINDS:
            refused = unknown_name("kind of interaction", kind, KINDS)
            raise InputError(f"{where}: {refused.message}", hint=refused.hint)
        if not (weight > 0.0 and math.isfinite(weight)):
            raise InputError(
                f"{where}: expected a positive weight, got {weight}",
                hint="correct it",
            )
        for name in (a, b):
            spelled.setdefault(name.casefold(), name)
        key = (min(a.casefold(), b.casefold()), max(a.casefold(), b.casefold()))
        if key in told and told[key] != (kind, weight):
            raise InputError(
                f"{where}: {a} and {b} are {kind} {weight:g} here and {told[key][0]} "
                f"{told[key][1]:g} before",
                hint="keep one of them",
            )
        repeated += key in told
        told[key] = (kind, weight)
    if not told:
        raise InputError(
            f"{source or 'the list'}: no interacting pair came", hint="one line a pair"
        )
    names = sorted(spelled)
    place = {name: k for k, name in enumerate(names)}
    split: dict[str, list[tuple[int, int, float]]] = {kind: [] for kind in KINDS}
    for (a, b), (kind, weight) in sorted(told.items()):
        split[kind].append((place[a], place[b], weight))
    return InteractionGraph(
        drugs=tuple(spelled[name] for name in names),
        harm=_pairs(split["harm"]),
        harm_weight=np.array([e[2] for e in split["harm"]], dtype=np.float64),
        synergy=_pairs(split["synergy"]),
        synergy_weight=np.array([e[2] for e in split["synergy"]], dtype=np.float64),
        title=title,
        source=source,
        sha256=sha256,
        notes=(
            *notes,
            *([f"{repeated} pairs are listed more than once and used once"] if repeated else []),
        ),
    )


def _pairs(edges: list[tuple[int, int, float]]) -> NDArray[np.int64]:
    return np.array([e[:2] for e in edges], dtype=np.int64).reshape(-1, 2)
