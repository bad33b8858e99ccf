"""A polynomial with whole coefficients beside its floats, and what the rounding can do to a bound."""

from __future__ import annotations

import math
from fractions import Fraction

from qtwin.encoding.polynomial import BinaryPolynomial, Term

PRECISION_BITS = 50
"""All scaled coefficients together stay below 2^50: sums are exact in 64-bit integers and in doubles."""


def step(polynomial: BinaryPolynomial) -> float | None:
    """The largest number of which all coefficients but the constant are whole multiples.

    Energies then lie on constant + step Z, which lets a bound be rounded up. Floats are binary fractions, so this is exact; None
    when a sum of multiples would not fit `PRECISION_BITS` (coefficients such as 0.1 that are no short binary fractions).
    """
    fractions = [Fraction(c) for t, c in polynomial.terms.items() if t]
    if not fractions:
        return None
    common = math.lcm(*(f.denominator for f in fractions))
    divisor = math.gcd(*(int(f * common) for f in fractions))
    if sum(abs(int(f * common)) for f in fractions) // divisor >= 1 << PRECISION_BITS:
        return None
    found = Fraction(divisor, common)
    return float(found) if Fraction(float(found)) == found else None


class Scaled:
    """Coefficients c as integers r = c / unit, rounded where they must be.

    With R = sum_S r_S x_S,

        f(x) = unit R(x) + sum_S d_S x_S + constant,  d = c - unit r,  so  f(x) >= unit bound(R) + sum_S min(d_S, 0) + constant.

    Attributes:
        integers: Term to r, the constant left out.
        unit: The `step` of the polynomial where it has one (then all d are 0), else a power of two.
        exact: Whether nothing was rounded.
        error: sum |d_S|, the most that rounding changes any energy.
        tolerance: An energy this close above its bound counts as proven: 1e-9 of all coefficients together.
    """

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        terms = {t: c for t, c in polynomial.terms.items() if t}
        total = math.fsum(abs(c) for c in terms.values())
        whole = step(polynomial)
        self.unit = whole or math.ldexp(1.0, (math.frexp(total)[1] if total else 0) - PRECISION_BITS)
        self.integers: dict[Term, int] = {t: round(Fraction(c) / Fraction(self.unit)) for t, c in terms.items()}
        left = [float(Fraction(c) - self.integers[t] * Fraction(self.unit)) for t, c in terms.items()]
        self._below = math.fsum(min(d, 0.0) for d in left)
        self._constant = polynomial.constant
        self.exact = not any(left)
        self.error = math.fsum(abs(d) for d in left)
        self.tolerance = 1e-9 * (total + abs(polynomial.constant))

    def bound(self, whole_bound: float) -> float:
        """A lower bound on the float polynomial from one on R; R takes whole values only, so that one is rounded up first."""
        return math.ceil(whole_bound - 0.5) * self.unit + self._below + self._constant


class Stretched:
    """Costs as a floating-point solver should see them: whole numbers where there are any, else the largest near 2^13.

    Such a solver works to absolute tolerances of about 1e-6, so `allowance` is taken off its bound: 1e-9 of all coefficients
    together and at least 1e-6 of its own units. On whole numbers the bound is rounded up again, and nothing is lost.

    Attributes:
        unit: Energy of one of the solver's units; costs are divided by it, and the constant is left out.
        whole: Whether all stretched costs are whole numbers.
        allowance: In energy.
        tolerance: An energy this close above its bound counts as proven: twice the allowance.
    """

    def __init__(self, polynomial: BinaryPolynomial) -> None:
        sizes = [abs(c) for t, c in polynomial.terms.items() if t]
        total, largest = math.fsum(sizes), max(sizes, default=1.0)
        whole = step(polynomial)
        self.whole = whole is not None and total / whole < 1e8 and largest / whole < 1 << 20
        self.unit = whole if whole and self.whole else math.ldexp(1.0, math.frexp(largest)[1] - 13)
        self.allowance = max(1e-9 * total, 1e-6 * self.unit) if sizes else 0.0
        self.tolerance = 2.0 * self.allowance
        self._constant = polynomial.constant

    def bound(self, value: float) -> float:
        """A lower bound on the energy from one in the solver's units."""
        least = value * self.unit - self.allowance
        if self.whole:
            least = math.ceil(least / self.unit - 1e-3) * self.unit
        return least + self._constant
