"""A number that can be traced: value, unit, status and source, with its spread where one is known."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from qtwin.errors import InputError

Status = Literal["literature", "calibrated", "assumed"]
_KEYS = {"value", "unit", "status", "source", "log_sd", "ci", "note", "formula"}


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One parameter of a model.

    Attributes:
        value: The number, in `unit`.
        unit: Unit as printed; "1" for a pure number.
        status: literature (read in the source), calibrated (fitted by us against targets), assumed.
        source: Citation; for an assumption, the reasoning.
        log_sd: Spread between people or of our knowledge, standard deviation of the natural logarithm (0 if none given).
        note: Anything a reader must know.
        formula: Arithmetic that leads from the source's figures to the value, for a calibrated number that is no fit.
    """

    value: float
    unit: str
    status: Status
    source: str
    log_sd: float = 0.0
    note: str = ""
    formula: str = ""

    @staticmethod
    def read(raw: Any, *, where: str, unit: str) -> Quantity:
        """Read one TOML table.

        A 95 % interval `ci = [low, high]` of a ratio is turned into log_sd = ln(high / low) / (2 * 1.96).

        Args:
            raw: The parsed TOML value.
            where: File and key, for messages.
            unit: The unit that the schema wants here.

        Raises:
            InputError: if the value, unit, status or source is missing, unknown or not finite.
        """
        if not isinstance(raw, Mapping):
            raise InputError(
                f"{where}: {raw!r} came, a table {{value, unit, status, source}} was wanted", hint="give unit and source"
            )
        unknown = set(raw) - _KEYS
        if unknown:
            raise InputError(f"{where}: unknown key {sorted(unknown)[0]!r}", hint=f"allowed: {', '.join(sorted(_KEYS))}")
        for key in ("value", "unit", "status", "source"):
            if raw.get(key) in (None, ""):
                raise InputError(f"{where}: {key} is missing", hint="every number needs value, unit, status and source")
        value = raw["value"]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f"{where}: value {value!r} came, a finite number was wanted", hint="correct the number")
        if raw["unit"] != unit:
            raise InputError(f"{where}: unit {raw['unit']!r} came, {unit!r} was wanted", hint="convert the value and its unit")
        if raw["status"] not in get_args(Status):
            raise InputError(f"{where}: status {raw['status']!r} is unknown", hint=f"one of {', '.join(get_args(Status))}")
        log_sd = float(raw.get("log_sd", 0.0))
        if "ci" in raw:
            ci = raw["ci"]
            numbers = isinstance(ci, list) and len(ci) == 2 and all(isinstance(x, int | float) for x in ci)
            low, high = ci if numbers else (0.0, 0.0)
            if not 0.0 < low < high:
                raise InputError(f"{where}: interval {raw['ci']} came, 0 < low < high was wanted", hint="correct the interval")
            log_sd = math.log(high / low) / (2 * 1.96)
        if log_sd < 0.0 or not math.isfinite(log_sd):
            raise InputError(f"{where}: log_sd {log_sd} came, a number >= 0 was wanted", hint="correct the spread")
        return Quantity(
            value=float(value),
            unit=unit,
            status=raw["status"],
            source=raw["source"],
            log_sd=log_sd,
            note=raw.get("note", ""),
            formula=raw.get("formula", ""),
        )


@cache
def read_quantities(file: str) -> Mapping[str, Quantity]:
    """Every number in ``qtwin/data/<file>``, each with unit, status and source.

    Raises:
        InputError: for a number without them.
    """
    raw = tomllib.loads((resources.files("qtwin") / "data" / file).read_text(encoding="utf-8"))
    return {k: Quantity.read(v, where=f"{file} {k}", unit=v.get("unit", "")) for k, v in raw.items()}
