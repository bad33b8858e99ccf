"""Which values each variable of an LP file takes: from its kind, its bounds, and where those are missing from the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtwin.encoding.instance.lp_grammar import Program, Row
from qtwin.errors import InputError

NEAR = 1e-9
"""By how much a bound may miss a whole number."""
_WIDEST = 1_000_000_000
"""Most by which the bounds of a whole number may differ: 30 bits."""
_ROUNDS = 10
"""How often the rows are gone through for bounds, if they are not many."""
_LOOKS = 4_000_000
"""Terms that are looked at for bounds, once at least."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """From `low` to `high`, both among the values; in steps of 1 unless both are the same.

    Attributes:
        low, high: The ends.
        is_bit: Whether it is a bit, which its bounds may fix.
    """

    low: float
    high: float
    is_bit: bool

    @property
    def is_constant(self) -> bool:
        """Whether it needs no bit."""
        return self.low == self.high and not self.is_bit


def ranges_of(program: Program, name: str) -> dict[str, Range]:
    """The range of every variable.

    Raises:
        InputError: with the line, for a variable that is neither binary, nor whole and bounded, nor fixed; for bounds that hold
            no value; and for bounds of a binary variable that readers take differently.
    """
    binary, general = program.kinds.get("binary", set()), program.kinds.get("general", set())
    found = {v: _stated(program, v, name, is_binary=v in binary, is_whole=v in binary or v in general) for v in program.seen}
    open_ended = {v for v, (low, high) in found.items() if v in general and v not in binary and not high - low <= _WIDEST}
    if open_ended:
        _tighten(program.rows, found, open_ended)
    ranges = {}
    for v, (low, high) in found.items():
        where = _where(program, v, name)
        if low != high and v not in binary and v not in general:
            raise InputError(f"{where}: {v!r} is no binary variable", hint="list it under Binary, or fix it under Bounds")
        if not high - low <= _WIDEST:
            raise InputError(
                f"{where}: {v!r} is a whole number from {low:g} to {high:g}, of which neither its bounds nor the rows make a "
                "bounded one",
                hint=f"state bounds at most {_WIDEST:,} apart under Bounds",
            )
        is_bit = (v in binary or v in general) and 0.0 <= low <= high <= 1.0
        ranges[v] = Range(low=low, high=high, is_bit=is_bit)
    return ranges


def _where(program: Program, v: str, name: str) -> str:
    bound = program.upper.get(v) or program.lower.get(v)
    return f"{name}, line {bound.line if bound else program.seen[v]}"


def _stated(program: Program, v: str, name: str, *, is_binary: bool, is_whole: bool) -> tuple[float, float]:
    """Bounds as the file states them, to the whole numbers inside."""
    low, high = program.lower.get(v), program.upper.get(v)
    least, most = low.value if low else 0.0, high.value if high else math.inf
    if is_binary:
        if least <= -1.0 + NEAR or 2.0 - NEAR <= most < math.inf:
            raise InputError(
                f"{_where(program, v, name)}: {v!r} is binary and has bounds from {least:g} to {most:g}, which readers take "
                "differently",
                hint="bounds inside 0 to 1 were wanted, or none",
            )
        most = min(most, 1.0)
    if is_whole:
        least, most = _up(least), _down(most)
    if least > most or (least == most and math.isinf(least)):
        raise InputError(f"{_where(program, v, name)}: no value of {v!r} lies inside its bounds", hint="correct its bounds")
    return least, most


def _tighten(rows: list[Row], found: dict[str, tuple[float, float]], open_ended: set[str]) -> None:
    """Bounds of some variables that the rows imply, where those of the others are known; nothing that the rows allow is lost."""
    mine = [row for row in rows if open_ended & row.terms.keys()]
    size = sum(len(row.terms) for row in mine)
    for _ in range(max(1, min(_ROUNDS, _LOOKS // max(size, 1)))):
        before = {v: found[v] for v in open_ended}
        for row in mine:
            for sign in (1.0, -1.0):  # the row as 'at most', and as 'at least' turned around
                if row.sense == (">=" if sign > 0.0 else "<="):
                    continue
                least = {v: min(sign * c * end for end in found[v]) if c else 0.0 for v, c in row.terms.items()}
                endless = [v for v, value in least.items() if math.isinf(value)]
                total = sum(value for value in least.values() if math.isfinite(value))
                for v in open_ended & row.terms.keys():
                    if endless in ([], [v]) and row.terms[v]:
                        left = sign * row.limit - total + (0.0 if endless else least[v])
                        found[v] = _cut(found[v], sign * row.terms[v], left)
        if before == {v: found[v] for v in open_ended}:
            return


def _cut(ends: tuple[float, float], weight: float, limit: float) -> tuple[float, float]:
    """The ends under weight x value <= limit; never an empty range, so that the row is left to say that nothing fits."""
    low, high = ends
    end = limit / weight
    slack = NEAR * max(1.0, abs(end))
    if not math.isfinite(end):
        return ends
    if weight > 0.0:
        return low, max(low, min(high, float(math.floor(end + slack))))  # -inf below is below all
    return min(high, max(low, float(math.ceil(end - slack)))), high


def _up(value: float) -> float:
    return float(math.ceil(value - NEAR)) if math.isfinite(value) else value


def _down(value: float) -> float:
    return float(math.floor(value + NEAR)) if math.isfinite(value) else value
