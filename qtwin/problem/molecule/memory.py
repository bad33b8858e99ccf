"""How many determinants an active space has and what its vectors weigh, before anything is computed."""

from __future__ import annotations

import os
from math import comb

from qtwin.errors import TooLargeError

_VECTORS = 16
"""Vectors that Davidson's method holds at once in PySCF: trial vectors, their products, and the work space of both."""


def n_determinants(n_orbitals: int, n_alpha: int, n_beta: int) -> int:
    """C(n, n_alpha) C(n, n_beta)."""
    return comb(n_orbitals, n_alpha) * comb(n_orbitals, n_beta)


def available_bytes() -> int:
    """Memory that is free now, or all there is where the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def require_fits(n_orbitals: int, n_alpha: int, n_beta: int, *, what: str, limit_bytes: int | None = None) -> int:
    """The number of determinants, refused when their vectors do not fit.

    Args:
        n_orbitals: Of the active space.
        n_alpha: Its electrons of spin up.
        n_beta: Its electrons of spin down.
        what: Who needs them, for the error.
        limit_bytes: Memory; None for what is free.

    Raises:
        TooLargeError: with determinants and bytes.
    """
    size = n_determinants(n_orbitals, n_alpha, n_beta)
    needed, limit = 8 * size * _VECTORS, available_bytes() if limit_bytes is None else limit_bytes
    if needed > limit:
        raise TooLargeError(
            f"{what} has {size:,} determinants ({n_alpha + n_beta} electrons in {n_orbitals} orbitals) and needs"
            f" {needed:,} bytes ({needed / 2**30:,.3g} GiB), {limit / 2**30:.3g} GiB are there",
            hint="take fewer active orbitals, or methods that need no determinants: mp2, ccsd(t)",
        )
    return size


def require_integrals_fit(n_orbitals: int, *, limit_bytes: int | None = None) -> None:
    """Refuse an active space when its two-electron integrals, and a copy of them, do not fit.

    Raises:
        TooLargeError: with integrals and bytes.
    """
    needed, limit = 2 * 8 * n_orbitals**4, available_bytes() if limit_bytes is None else limit_bytes
    if needed > limit:
        raise TooLargeError(
            f"the active space has {n_orbitals**4:,} two-electron integrals ({n_orbitals} orbitals) and needs"
            f" {needed:,} bytes ({needed / 2**30:,.3g} GiB), {limit / 2**30:.3g} GiB are there",
            hint="take fewer active orbitals",
        )


def require_amplitudes_fit(n_occupied: int, n_virtual: int, *, limit_bytes: int | None = None) -> None:
    """Refuse coupled cluster when its amplitudes and the intermediates of their size do not fit.

    Raises:
        TooLargeError: with amplitudes and bytes.
    """
    amplitudes = n_occupied**2 * n_virtual**2
    needed, limit = 8 * 8 * amplitudes, available_bytes() if limit_bytes is None else limit_bytes
    if needed > limit:
        raise TooLargeError(
            f"coupled cluster has {amplitudes:,} amplitudes ({n_occupied} occupied, {n_virtual} empty orbitals) and needs"
            f" {needed:,} bytes ({needed / 2**30:,.3g} GiB), {limit / 2**30:.3g} GiB are there",
            hint="take a smaller basis, frozen_core = true, or mp2",
        )
