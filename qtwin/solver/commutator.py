"""Commutators and norms of sums of Pauli strings, string by string; for few qubits and short strings."""

from __future__ import annotations

import numpy as np

from qtwin.encoding.pauli import PauliSum

Strings = dict[tuple[int, int], complex]
"""(X mask, Z mask) to the coefficient of i^(number of Y) X^x Z^z, which is the product of the letters."""


def of(h: PauliSum) -> Strings:
    """A sum as masks; equal strings add."""
    powers = [1 << i for i in range(h.n_qubits)]
    found: Strings = {}
    for x, z, c in zip(h.x, h.z, h.coefficients, strict=True):
        key = (sum(p for p, b in zip(powers, x, strict=True) if b), sum(p for p, b in zip(powers, z, strict=True) if b))
        found[key] = found.get(key, 0.0) + complex(c)
    return found


def commutator(a: Strings, b: Strings) -> Strings:
    """[A, B]: twice the product of every two strings that anticommute."""
    found: Strings = {}
    for (ax, az), ac in a.items():
        for (bx, bz), bc in b.items():
            if ((ax & bz).bit_count() + (az & bx).bit_count()) % 2 == 0:
                continue
            x, z = ax ^ bx, az ^ bz
            # letters are i^|x & z| X^x Z^z; moving Z^az past X^bx gives (-1)^|az & bx|
            turns = (ax & az).bit_count() + (bx & bz).bit_count() - (x & z).bit_count() + 2 * (az & bx).bit_count()
            found[x, z] = found.get((x, z), 0.0) + 2.0 * ac * bc * 1j ** (turns % 4)
    return found


def combined(a: Strings, by: float, b: Strings, by_b: float) -> Strings:
    """By A + by_b B."""
    found = {k: by * c for k, c in a.items()}
    for k, c in b.items():
        found[k] = found.get(k, 0.0) + by_b * c
    return found


def norm_squared(a: Strings) -> float:
    """Trace of A^dagger A over 2^n."""
    return float(np.sum([abs(c) ** 2 for c in a.values()])) if a else 0.0
