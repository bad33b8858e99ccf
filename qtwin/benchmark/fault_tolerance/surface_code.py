"""The surface code: error of a tile against its distance, and physical qubits of a tile.

    p_L(d) = A (p / p_th)^((d + 1) / 2)   for each logical tile and code cycle

with A = 0.1 and p_th = 0.01 (Fowler, Mariantoni, Martinis, Cleland 2012, PRA 86:032324; the
constants as in Gidney, Ekerå 2021, Quantum 5:433). A tile of a rotated lattice takes 2 (d + 1)^2
physical qubits with its share of the measuring ones.
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
                f"expected a physical error between 0 and the threshold {self.threshold}, "
                f"got {self.physical_error}",
                hint="above the threshold no code helps",
            )
        if not (self.cycle_s > 0.0 and self.routing >= 1.0 and self.prefactor > 0.0):
            raise InputError(
                f"expected a positive cycle and at least 1 tile a qubit, got {self.cycle_s} "
                f"s and {self.routing}",
                hint="correct them",
            )

    def tile_error(self, distance: int) -> float:
        """Logical error of a tile in a cycle.

        Raises:
            InputError: for a distance below 3.
        """
        if distance < 3:
            raise InputError(
                f"expected a distance of at least 3, got {distance}",
                hint="a smaller code corrects nothing",
            )
        return float(
            self.prefactor * (self.physical_error / self.threshold) ** ((distance + 1) / 2)
        )

    def tile_qubits(self, distance: int) -> int:
        """Physical qubits of a tile."""
        return 2 * (distance + 1) ** 2

    def distance_for(self, tile_cycles: float, budget: float) -> int:
        """The least odd distance at which `tile_cycles` tiles times cycles fail with at most
        `budget` in all.

        Raises:
            InputError: where no distance up to 99 suffices.
        """
        if not (tile_cycles > 0.0 and 0.0 < budget < 1.0 and math.isfinite(tile_cycles)):
            raise InputError(
                f"expected positive tile cycles and a budget below 1, got {tile_cycles} and "
                f"{budget}",
                hint="correct them",
            )
        suppression = math.log(self.threshold / self.physical_error)
        halves = math.ceil(
            math.log(max(self.prefactor * tile_cycles / budget, 1.0)) / suppression - 1e-12
        )
        distance = max(3, 2 * halves - 1)
        if distance <= _LARGEST:
            return distance
        raise InputError(
            f"no distance up to {_LARGEST} keeps the error below {budget}",
            hint="assume better physical qubits",
        )


# Factories of CCZ states from two levels of distillation (Gidney, Fowler 2019, Quantum 3:135,
# section 3 and their layout).
#
# Six or so 15-to-1 factories of distance l1 (each 8 x 4 of their tiles, 5.75 l1 cycles) feed one
# 8T-to-CCZ factory of distance l2 (6 x 3 tiles, 5 l2 cycles). Errors: the injected T by the
# physical error, 35 e^3 at level 1 and 28 e^2 at level 2, plus what the tiles themselves let
# through (100, 1100 and 1000 tile cycles). A CCZ gives a Toffoli, or two T by catalysis.


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
                f"expected distances 5 <= level 1 < level 2, got {self.level_1} and {self.level_2}",
                hint="raise level 2",
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


# Toffolis of reading data in superposition (advanced QROM; Berry et al. 2019, Quantum 3:208,
# section III and appendix A).


def read(length: int, width: int) -> tuple[int, int]:
    """Copies 2^k of the output that cost least, and the Toffolis: ceil(length / 2^k + width (2^k -
    1)).
    """
    k = max(0.0, 0.5 * math.log2(length / width))
    return _cheapest(k, lambda copies: length / copies + width * (copies - 1))


def unread(length: int) -> tuple[int, int]:
    """The same for erasing what was read, by measurement: ceil(length / 2^k + 2^k), whatever the
    width.
    """
    return _cheapest(0.5 * math.log2(length), lambda copies: length / copies + copies)


def both(length: int, width: int) -> int:
    """Toffolis of reading and erasing."""
    return read(length, width)[1] + unread(length)[1]


def _cheapest(k: float, cost) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    found = min((2 ** math.floor(k), 2 ** math.ceil(k)), key=lambda copies: (cost(copies), copies))
    return found, math.ceil(cost(found))


def rotation_bits(share: float, steps: float) -> int:
    """Bits of the rotation that prepares an equal superposition over a `share` of a register, by
    one amplification round.

    A rotated qubit makes the amplitude that one round brings to certainty; more bits cost Toffolis,
    fewer fail more often, and both are paid in each of the `steps` (Lee et al. 2021, PRX Quantum
    2:030305, appendix A).
    """
    costs = []
    for bits in range(1, 21):
        wanted = math.acos(min(1.0, 0.5 / math.sqrt(share)))
        angle = round(2**bits / (2 * math.pi) * wanted) * 2 * math.pi / 2**bits
        success = math.sin(3 * math.asin(min(1.0, math.cos(angle) * math.sqrt(share)))) ** 2
        costs.append(steps * (1 / max(success, 1e-12) - 1) + 4 * bits)
    return 1 + costs.index(min(costs))
