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
_KEYS = {"value", "unit", "status", "source", "log_sd", "person_log_sd", "scale", "ci", "note", "formula"}
_SCALES = ("log", "normal", "logit")


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One parameter of a model.

    Attributes:
        value: The number, in `unit`.
        unit: Unit as printed; "1" for a pure number.
        status: literature (read in the source), calibrated (fitted by us against targets), assumed.
        source: Citation; for an assumption, the reasoning.
        log_sd: Spread of our knowledge and between people together, SD of the natural logarithm (0 if none given).
        person_log_sd: The part of it that is between people.
        ci: 95 % interval of our knowledge, if the source has one.
        scale: Where that interval is symmetrical: log, normal (values that may be 0 or less) or logit (probabilities).
        note: Anything a reader must know.
        formula: Arithmetic that leads from the source's figures to the value, for a calibrated number that is no fit.
    """

    value: float
    unit: str
    status: Status
    source: str
    log_sd: float = 0.0
    person_log_sd: float = 0.0
    ci: tuple[float, float] | None = None
    scale: Literal["log", "normal", "logit"] = "log"
    note: str = ""
    formula: str = ""

    @staticmethod
    def read(raw: Any, *, where: str, unit: str) -> Quantity:
        """Read one TOML table.

        A 95 % interval `ci = [low, high]` on the log scale gives log_sd = ln(high / low) / (2 * 1.96); the spread between
        people, `person_log_sd`, is added to it in squares.

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
        scale = raw.get("scale", "log")
        if scale not in _SCALES:
            raise InputError(f"{where}: scale {scale!r} is unknown", hint=f"one of {', '.join(_SCALES)}")
        log_sd, person_log_sd = float(raw.get("log_sd", 0.0)), float(raw.get("person_log_sd", 0.0))
        interval = None
        if "ci" in raw:
            ci = raw["ci"]
            numbers = isinstance(ci, list) and len(ci) == 2 and all(isinstance(x, int | float) for x in ci)
            low, high = ci if numbers else (0.0, 0.0)
            floor, ceiling = (-math.inf, math.inf) if scale == "normal" else (0.0, 1.0 if scale == "logit" else math.inf)
            if not floor < low < high < ceiling:
                wanted = f"{floor:g} < low < high" + (f" < {ceiling:g}" if scale == "logit" else "")
                raise InputError(f"{where}: interval {raw['ci']} came, {wanted} was wanted", hint="correct the interval")
            interval = (float(low), float(high))
            if low > 0.0:
                log_sd = math.log(high / low) / (2 * 1.96)
        for name, spread in (("log_sd", log_sd), ("person_log_sd", person_log_sd)):
            if spread < 0.0 or not math.isfinite(spread):
                raise InputError(f"{where}: {name} {spread} came, a number >= 0 was wanted", hint="correct the spread")
        return Quantity(
            value=float(value),
            unit=unit,
            status=raw["status"],
            source=raw["source"],
            log_sd=math.hypot(log_sd, person_log_sd),
            person_log_sd=person_log_sd,
            ci=interval,
            scale=scale,
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
