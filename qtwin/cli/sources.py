"""Where the numbers come from: how many were read, fitted or assumed, and which of those that
matter still have to be read.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

_QUICKSTART = Path("experiments/quickstart.toml")
_UNREAD = re.compile(r"recalled|not re-read", re.IGNORECASE)
_SHOWN = 30
_JUDGED = re.compile(r"value judgement", re.IGNORECASE)
_DEFINED = re.compile(r"^\S+ by definition", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number of the data files.

    Attributes:
        key: File and place, such as "drugs/apixaban.toml hazard_ratio.bleeding".
        value, unit: As stored.
        status: literature, calibrated or assumed.
        uncertain: Whether it has an interval or a spread of our knowledge.
        unread: Whether its source is recalled or was not re-read.
        judged: Whether it is a value judgement, which no source can settle.
        defined: Whether its value holds by definition, so that only its spread can be read.
        source: Citation or reasoning.
    """

    key: str
    value: float
    unit: str
    status: str
    uncertain: bool
    unread: bool
    judged: bool
    defined: bool
    source: str


def _entries(raw: Any, place: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(raw, Mapping):
        if "status" in raw and isinstance(raw.get("value"), int | float):
            yield ".".join(place), raw
        else:
            for key, entry in raw.items():
                yield from _entries(entry, (*place, key))
    elif isinstance(raw, list):
        for k, entry in enumerate(raw):
            yield from _entries(entry, (*place, str(k)))


def numbers() -> tuple[Number, ...]:
    """Every number of ``qtwin/data`` that has a status, by file."""
    data = Path(str(resources.files("qtwin"))) / "data"
    found = []
    for path in sorted([*data.glob("*.toml"), *data.glob("drugs/*.toml")]):
        for place, entry in _entries(tomllib.loads(path.read_text(encoding="utf-8")), ()):
            words = f"{entry.get('source', '')} {entry.get('note', '')}"
            found.append(
                Number(
                    key=f"{path.relative_to(data)} {place}",
                    value=float(entry["value"]),
                    unit=entry.get("unit", "1"),
                    status=entry["status"],
                    uncertain="ci" in entry or float(entry.get("log_sd", 0.0)) > 0.0,
                    unread=bool(_UNREAD.search(words)),
                    judged=bool(_JUDGED.search(words)),
                    defined=bool(_DEFINED.search(entry.get("source", ""))),
                    source=entry.get("source", ""),
                )
            )
    return tuple(found)


def by_status(found: Collection[Number]) -> dict[str, dict[str, int]]:
    """Status to how many numbers have it, are uncertain, were not read, are value judgements or
    hold by definition; and "all".
    """

    def count(of: list[Number]) -> dict[str, int]:
        names = ("uncertain", "unread", "judged", "defined")
        return {"numbers": len(of)} | {name: sum(getattr(n, name) for n in of) for name in names}

    statuses = sorted({n.status for n in found})
    return {s: count([n for n in found if n.status == s]) for s in statuses} | {
        "all": count(list(found))
    }


def assumed_among(keys: Collection[str], found: Collection[Number]) -> tuple[Number, ...]:
    """Of the numbers named in `keys`, those that were assumed or not read, in the order of
    `found`.
    """
    wanted = set(keys)
    return tuple(n for n in found if n.key in wanted and (n.unread or n.status == "assumed"))


def _reading(number: Number) -> str:
    """How its value was come by, beyond the status; '' for one that is assumed."""
    if number.judged:
        return "value judgement"
    if number.defined:
        return "by definition, its spread read"
    if number.unread:
        return "not read"
    return "" if number.status == "assumed" else "read"


@cache
def _outcome_tables() -> Mapping[str, str]:
    """Each table of outcomes.toml to how the name of a drawn number in it begins: "death_by_stage"
    to "death by stage ".
    """
    found = tomllib.loads(
        resources.files("qtwin.data").joinpath("outcomes.toml").read_text(encoding="utf-8")
    )
    return {table: f"{table.replace('_by_', ' by ')} " for table in found}


def place_of(parameter: str) -> str:
    """Where a drawn number stands: "donepezil effects intolerance" is "drugs/donepezil.toml
    effects.intolerance".

    Hazards of amyloid-related imaging abnormalities stand with the other outcomes, for all
    antibodies.
    """
    first, _, rest = parameter.partition(" ")
    for table, words in _outcome_tables().items():
        if parameter.startswith(words):
            return f"outcomes.toml {table}.{parameter.removeprefix(words).replace(' ', '.')}"
    if "aria_h_" in rest:
        return f"outcomes.toml antibody.{first}_{rest.removeprefix('effects ')}"
    return f"drugs/{first}.toml {rest.replace(' ', '.')}"


def flipping(spec: Path) -> tuple[str, ...]:
    """The numbers that, moved alone to their 5th or 95th percentile, change the choice of an
    experiment.

    Raises:
        InputError: for a spec or record that cannot be used, or a choice among too many regimens to
            simulate all.
    """
    from qtwin.problem.decision import certainty, tally
    from qtwin.studies.regimen.prepare import prepare
    from qtwin.studies.regimen.run import problem_of, twin_of

    prepared = prepare(spec)
    feasible = prepared.choice.feasible
    if not feasible.complete:
        raise feasible.refusal()
    problem = problem_of(prepared, twin_of(prepared))
    counted = tally(problem, feasible.bits)
    sure = certainty(
        problem, feasible.bits, counted, int(counted.utility.argmax()), seed=prepared.spec.seed
    )
    return tuple(place_of(swing.parameter.key) for swing in sure.swings if swing.flips)


def show_sources(*, as_json: bool, spec: Path | None = None) -> None:
    """Counts by status, the assumed numbers that can change an experiment's choice, what each is
    worth, and what is to be read.

    Args:
        as_json: Print JSON.
        spec: The experiment; by default the quickstart, where it is at hand.
    """
    from qtwin.cli.reading_value import cases, worth_of

    found = numbers()
    by_key = {n.key: n for n in found}
    asked = spec or (_QUICKSTART if _QUICKSTART.is_file() else None)
    counts, flips = by_status(found), assumed_among(flipping(asked) if asked else (), found)
    unread = [n for n in found if n.unread]
    posed = tuple(cases(_QUICKSTART.parent))
    worth = [w for w in worth_of(posed)[:_SHOWN] if w.mean_qaly > 0.0]
    if as_json:
        print(
            json.dumps(
                {
                    "by_status": counts,
                    "can_flip_and_assumed": [asdict(n) for n in flips],
                    "worth_reading": [asdict(w) | {"number": asdict(by_key[w.key])} for w in worth],
                    "worth_reading_cases": [case.name for case in posed],
                    "unread": [asdict(n) for n in unread],
                }
            )
        )
        return
    console = Console(highlight=False)
    shown = Table(title="Numbers by status", title_justify="left")
    for name in (
        "status",
        "numbers",
        "with uncertainty",
        "recalled, not re-read",
        "value judgements",
        "by definition",
    ):
        shown.add_column(name, justify="left" if name == "status" else "right")
    for status, row in counts.items():
        shown.add_row(status, *(str(x) for x in row.values()))
    console.print(shown)
    if asked is None:
        console.print(
            f"\nNo {_QUICKSTART} here: name an experiment with --spec to see which assumed "
            "numbers can change its choice."
        )
    console.print(
        f"\nValue of knowing one number exactly (QALY x 1e-6, mean over {len(posed)} "
        "cases), the highest first"
    )
    for w in worth:
        n = by_key[w.key]
        words = ", ".join(
            word
            for word in (n.status, _reading(n), "" if n.uncertain else "no interval of its own")
            if word
        )
        console.print(
            f"  {1e6 * w.mean_qaly:6.1f}  {w.key}: {words}; most in {w.case}",
            markup=False,
            soft_wrap=True,
        )
    matter = (
        "Assumed or not read, and able to change the choice of "
        f"{asked.name if asked else 'an experiment'}"
    )
    for title, rows in ((matter, flips), ("Recalled or not re-read", unread)):
        if rows:
            console.print(f"\n{title}: {len(rows)}")
            for n in rows:
                console.print(f"  {n.key} = {n.value:g} {n.unit}: {n.source}", markup=False)
