"""When a polynomial speed-up pays for the overhead of error correction (Babbush et al. 2021, PRX Quantum 2:010103, eqs. 1 to 5).

A quantum algorithm makes M calls of t_Q seconds where the classical one makes M^d of t_C, on S cores at once:

    M* = (S t_Q / t_C)^(1 / (d - 1)),   T* = t_Q M*.

A quadratic speed-up has d = 2. Hoefler, Häner, Troyer 2023 (Commun. ACM 66(5):82) ask T* to be two weeks at most.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtwin.errors import InputError

TWO_WEEKS_S = 1e6
"""The longest crossover time that Hoefler, Häner and Troyer call practical."""


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """Where both take the same time: quantum calls and seconds."""

    calls: float
    wall_s: float

    @property
    def practical(self) -> bool:
        """Within two weeks."""
        return self.wall_s <= TWO_WEEKS_S


def break_even(quantum_call_s: float, classical_call_s: float, *, degree: float = 2.0, cores: float = 1.0) -> BreakEven:
    """The break-even point of a speed-up of this degree.

    Args:
        quantum_call_s: Seconds of one quantum call.
        classical_call_s: Seconds of one classical call on one core.
        degree: d; 2 for Grover.
        cores: S, over which the classical search is spread without loss.

    Raises:
        InputError: for a degree of 1 or less, or times that are not positive.
    """
    if degree <= 1.0 or not quantum_call_s > 0.0 or not classical_call_s > 0.0 or cores < 1.0:
        raise InputError(
            f"degree {degree}, {quantum_call_s} s, {classical_call_s} s and {cores} cores came; a degree above 1, positive times"
            " and at least one core were wanted",
            hint="a speed-up of degree 1 is none",
        )
    calls = (cores * quantum_call_s / classical_call_s) ** (1.0 / (degree - 1.0))
    return BreakEven(calls=calls, wall_s=quantum_call_s * calls)
