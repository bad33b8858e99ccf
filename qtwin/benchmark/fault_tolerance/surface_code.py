"""The surface code: error of a tile against its distance, and physical qubits of a tile.

    p_L(d) = A (p / p_th)^((d + 1) / 2)   for each logical tile and code cycle

with A = 0.1 and p_th = 0.01 (Fowler, Mariantoni, Martinis, Cleland 2012, PRA 86:032324; the constants as in Gidney, Ekerå 2021,
Quantum 5:433). A tile of a rotated lattice takes 2 (d + 1)^2 physical qubits with its share of the measuring ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from qtwin.errors import InputError

_LARGEST = 99


@dataclass(frozen=True, kw_only=True)
class SurfaceCode:
    """What is assumed of the hardware.

    Attributes:
        physical_error: Of a two-qubit gate, preparation or measurement.
        threshold: Physical error at which a larger code stops to help.
        prefactor: A above.
        cycle_s: One round of syndrome measurement.
        routing: Tiles for each logical qubit, the lanes between them included.
    """

    physical_error: float = 1e-3
    threshold: float = 1e-2
    prefactor: float = 0.1
    cycle_s: float = 1e-6
    routing: float = 1.5

    def __post_init__(self) -> None:
        if not 0.0 < self.physical_error < self.threshold < 1.0:
            raise InputError(
                f"a physical error of {self.physical_error} came, one between 0 and the threshold {self.threshold} was wanted",
                hint="above the threshold no code helps",
            )
        if not (self.cycle_s > 0.0 and self.routing >= 1.0 and self.prefactor > 0.0):
            raise InputError(
                f"a cycle of {self.cycle_s} s and {self.routing} tiles a qubit came, a positive time and at least 1 were wanted",
                hint="correct them",
            )

    def tile_error(self, distance: int) -> float:
        """Logical error of a tile in a cycle.

        Raises:
            InputError: for a distance below 3.
        """
        if distance < 3:
            raise InputError(f"a distance of {distance} came, at least 3 was wanted", hint="a smaller code corrects nothing")
        return float(self.prefactor * (self.physical_error / self.threshold) ** ((distance + 1) / 2))

    def tile_qubits(self, distance: int) -> int:
        """Physical qubits of a tile."""
        return 2 * (distance + 1) ** 2

    def distance_for(self, tile_cycles: float, budget: float) -> int:
        """The least odd distance at which `tile_cycles` tiles times cycles fail with at most `budget` in all.

        Raises:
            InputError: where no distance up to 99 suffices.
        """
        if not (tile_cycles > 0.0 and 0.0 < budget < 1.0 and math.isfinite(tile_cycles)):
            raise InputError(
                f"{tile_cycles} tile cycles and a budget of {budget} came, a positive number and one below 1 were wanted",
                hint="correct them",
            )
        suppression = math.log(self.threshold / self.physical_error)
        halves = math.ceil(math.log(max(self.prefactor * tile_cycles / budget, 1.0)) / suppression - 1e-12)
        distance = max(3, 2 * halves - 1)
        if distance <= _LARGEST:
            return distance
        raise InputError(f"no distance up to {_LARGEST} keeps the error below {budget}", hint="assume better physical qubits")
