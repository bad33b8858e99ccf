"""A number that can be traced: value, unit, status and source, with what is not known of it and how
people differ in it.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError

Status = Literal["literature", "calibrated", "assumed"]
Scale = Literal["log", "normal", "logit"]
_KEYS = {
    "value",
    "unit",
    "status",
    "source",
    "log_sd",
    "person_log_sd",
    "ci",
    "scale",
    "note",
    "formula",
}
DEFAULT_SD: Mapping[str, float] = {"literature": 0.15, "calibrated": 0.20, "assumed": 0.40}
"""Standard deviation on the number's own scale where its source gives none: what a reader may take
a figure of that status for. On the logarithm 0.40 says that the truth lies within a factor of 2.2
with 95 % probability.
"""
_TO_95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One parameter of a model.

    Attributes:
        value: The number, in `unit`; the median of what is believed.
        unit: Unit as printed; "1" for a pure number.
        status: literature (read in the source), calibrated (fitted by us against targets), assumed.
        source: Citation; for an assumption, the reasoning.
        log_sd: What is not known, standard deviation of the natural logarithm, where stated (0:
            nothing stated).
        person_log_sd: How people differ, standard deviation of the natural logarithm.
        ci: 95 % interval of what is believed, as the source has it; None where it has none.
        scale: On which the number is uncertain: its logarithm, itself, or its log odds.
        note: Anything a reader must know.
        formula: Arithmetic that leads from the source's figures to the value, for a calibrated
            number that is no fit.
    """

    value: float
    unit: str
    status: Status
    source: str
    log_sd: float = 0.0
    person_log_sd: float = 0.0
    ci: tuple[float, float] | None = None
    scale: Scale = "log"
    note: str = ""
    formula: str = ""

    @property
    def sd(self) -> float:
        """Standard deviation of what is believed, on `scale`: from the interval, else as stated,
        else by status.
        """
        if self.ci is not None:
            low, high = (_on(self.scale, x) for x in self.ci)
            return (high - low) / (2.0 * _TO_95)
        if self.log_sd > 0.0:
            return self.log_sd
        if self.scale == "normal":
            return DEFAULT_SD[self.status] * abs(self.value)
        return DEFAULT_SD[self.status] if self.value != 0.0 else 0.0

    @property
    def stated(self) -> bool:
        """Whether the source, and not the status, says how uncertain the number is."""
        return self.ci is not None or self.log_sd > 0.0

    def as_fraction(self) -> Quantity:
        """The same number uncertain on its log odds, so that a draw of a fraction stays between 0
        and 1.
        """
        if self.scale == "logit" or not 0.0 < self.value < 1.0:
            return self
        inside = self.ci is not None and self.ci[0] > 0.0 and self.ci[1] < 1.0
        return replace(
            self, scale="logit", ci=self.ci if inside else None, log_sd=0.0 if inside else self.sd
        )

    def at(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values at standard-normal scores `z`: the median at 0, the ends of the 95 % interval
        near -1.96 and 1.96.
        """
        if self.value == 0.0 and self.scale != "normal":
            return np.zeros_like(z)
        if self.scale == "normal":
            return np.asarray(self.value + self.sd * z)
        if self.scale == "logit" and 0.0 < self.value < 1.0:
            return np.asarray(1.0 / (1.0 + np.exp(-(_on("logit", self.value) + self.sd * z))))
        return np.asarray(self.value * np.exp(self.sd * z))

    @staticmethod
    def read(raw: Any, *, where: str, unit: str) -> Quantity:
        """Read one TOML table.

        Args:
            raw: The parsed TOML value.
            where: File and key, for messages.
            unit: The unit that the schema wants here.

        Raises:
            InputError: if the value, unit, status or source is missing, unknown or not finite, or a
                spread is impossible.
        """
        if not isinstance(raw, Mapping):
            raise InputError(
                f"{where}: expected a table {{value, unit, status, source}}, got {raw!r}",
                hint="give unit and source",
            )
        unknown = set(raw) - _KEYS
        if unknown:
            raise InputError(
                f"{where}: unknown key {sorted(unknown)[0]!r}",
                hint=f"allowed: {', '.join(sorted(_KEYS))}",
            )
        for key in ("value", "unit", "status", "source"):
            if raw.get(key) in (None, ""):
                raise InputError(
                    f"{where}: {key} is missing",
                    hint="every number needs value, unit, status and source",
                )
        value = raw["value"]
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise InputError(
                f"{where}: expected a finite value, got {value!r}",
                hint="correct the number",
            )
        if raw["unit"] != unit:
            raise InputError(
                f"{where}: expected the unit {unit!r}, got {raw['unit']!r}",
                hint="convert the value and its unit",
            )
        if raw["status"] not in get_args(Status):
            raise InputError(
                f"{where}: status {raw['status']!r} is unknown",
                hint=f"one of {', '.join(get_args(Status))}",
            )
        scale = raw.get("scale", "log")
        if scale not in get_args(Scale):
            raise InputError(
                f"{where}: scale {scale!r} is unknown", hint=f"one of {', '.join(get_args(Scale))}"
            )
        spreads = {key: float(raw.get(key, 0.0)) for key in ("log_sd", "person_log_sd")}
        for key, spread in spreads.items():
            if spread < 0.0 or not math.isfinite(spread):
                raise InputError(
                    f"{where}: expected a number >= 0, got {key} {spread}",
                    hint="correct the spread",
                )
        return Quantity(
            value=float(value),
            unit=unit,
            status=raw["status"],
            source=raw["source"],
            ci=_interval(raw["ci"], scale, where) if "ci" in raw else None,
            scale=scale,
            note=raw.get("note", ""),
            formula=raw.get("formula", ""),
            **spreads,
        )


def _interval(ci: Any, scale: Scale, where: str) -> tuple[float, float]:
    numbers = (
        isinstance(ci, list)
        and len(ci) == 2
        and all(isinstance(x, int | float) and math.isfinite(x) for x in ci)
    )
    low, high = (float(ci[0]), float(ci[1])) if numbers else (0.0, 0.0)
    lowest = {"log": 0.0, "logit": 0.0, "normal": -math.inf}[scale]
    highest = 1.0 if scale == "logit" else math.inf
    if not (numbers and lowest < low < high < highest):
        wanted = {"log": "0 < low < high", "logit": "0 < low < high < 1", "normal": "low < high"}[
            scale
        ]
        raise InputError(
            f"{where}: expected {wanted}, got interval {ci}",
            hint="correct the interval; an interval of differences that holds 0 needs scale = "
            '"normal"',
        )
    return low, high


def _on(scale: Scale, x: float) -> float:
    return x if scale == "normal" else math.log(x / (1.0 - x)) if scale == "logit" else math.log(x)


@cache
def read_quantities(file: str) -> Mapping[str, Quantity]:
    """Every number in ``qtwin/data/<file>``, each with unit, status and source.

    Raises:
        InputError: for a number without them.
    """
    raw = tomllib.loads((resources.files("qtwin") / "data" / file).read_text(encoding="utf-8"))
    return {
        k: Quantity.read(v, where=f"{file} {k}", unit=v.get("unit", "")) for k, v in raw.items()
    }
