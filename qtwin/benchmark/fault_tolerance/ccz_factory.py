"""Factories of CCZ states from two levels of distillation (Gidney, Fowler 2019, Quantum 3:135, section 3 and their layout).

Six or so 15-to-1 factories of distance l1 (each 8 x 4 of their tiles, 5.75 l1 cycles) feed one 8T-to-CCZ factory of distance l2
(6 x 3 tiles, 5 l2 cycles). Errors: the injected T by the physical error, 35 e^3 at level 1 and 28 e^2 at level 2, plus what the
tiles themselves let through (100, 1100 and 1000 tile cycles). A CCZ gives a Toffoli, or two T by catalysis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtwin.benchmark.fault_tolerance.surface_code import SurfaceCode
from qtwin.errors import InputError


@dataclass(frozen=True, kw_only=True)
class CczFactory:
    """One factory.

    Attributes:
        code: The hardware.
        level_1: Distance l1 of the 15-to-1 factories.
        level_2: Distance l2 of the CCZ factory, larger than l1.
    """

    code: SurfaceCode
    level_1: int
    level_2: int

    def __post_init__(self) -> None:
        if not 5 <= self.level_1 < self.level_2:
            raise InputError(
                f"distances {self.level_1} and {self.level_2} came, 5 <= level 1 < level 2 was wanted", hint="raise level 2"
            )

    @property
    def qubits(self) -> int:
        """Physical qubits."""
        ratio = self.level_1 / self.level_2
        feeders = math.ceil(8.0 / 5.0 * 5.75 * ratio)
        width = math.ceil(2 * 8.0 * ratio + 3 + 2.0 * ratio)
        height = math.ceil(max(6.0, 4.0 * ratio * math.ceil(feeders / 2)))
        return width * height * self.code.tile_qubits(self.level_2)

    @property
    def cycles(self) -> float:
        """Code cycles from one CCZ to the next."""
        return max(5.0 * self.level_2, 5.75 * self.level_1)

    @property
    def error(self) -> float:
        """That a CCZ is faulty."""
        injected = self.code.physical_error + 100 * self.code.tile_error(max(self.level_1 // 2, 3))
        first = 35 * injected**3 + 1100 * self.code.tile_error(self.level_1)
        return 28 * first**2 + 1000 * self.code.tile_error(self.level_2)
