"""Toffolis of reading data in superposition (advanced QROM; Berry et al. 2019, Quantum 3:208, section III and appendix A)."""

from __future__ import annotations

import math


def read(length: int, width: int) -> tuple[int, int]:
    """Copies 2^k of the output that cost least, and the Toffolis: ceil(length / 2^k + width (2^k - 1))."""
    k = max(0.0, 0.5 * math.log2(length / width))
    return _cheapest(k, lambda copies: length / copies + width * (copies - 1))


def unread(length: int) -> tuple[int, int]:
    """The same for erasing what was read, by measurement: ceil(length / 2^k + 2^k), whatever the width."""
    return _cheapest(0.5 * math.log2(length), lambda copies: length / copies + copies)


def both(length: int, width: int) -> int:
    """Toffolis of reading and erasing."""
    return read(length, width)[1] + unread(length)[1]


def _cheapest(k: float, cost) -> tuple[int, int]:  # type: ignore[no-untyped-def]
    found = min((2 ** math.floor(k), 2 ** math.ceil(k)), key=lambda copies: (cost(copies), copies))
    return found, math.ceil(cost(found))


def rotation_bits(share: float, steps: float) -> int:
    """Bits of the rotation that prepares an equal superposition over a `share` of a register, by one amplification round.

    A rotated qubit makes the amplitude that one round brings to certainty; more bits cost Toffolis, fewer fail more often, and
    both are paid in each of the `steps` (Lee et al. 2021, PRX Quantum 2:030305, appendix A).
    """
    costs = []
    for bits in range(1, 21):
        wanted = math.acos(min(1.0, 0.5 / math.sqrt(share)))
        angle = round(2**bits / (2 * math.pi) * wanted) * 2 * math.pi / 2**bits
        success = math.sin(3 * math.asin(min(1.0, math.cos(angle) * math.sqrt(share)))) ** 2
        costs.append(steps * (1 / max(success, 1e-12) - 1) + 4 * bits)
    return 1 + costs.index(min(costs))
