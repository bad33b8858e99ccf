"""Qubit i stores the occupation of spin orbital i (Jordan, Wigner 1928, Z Phys 47:631)."""

from __future__ import annotations

import numpy as np

from qtwin.encoding.mapping.linear import Mapping, mapping


def jordan_wigner(n_spin_orbitals: int) -> Mapping:
    """Signs are strings of Z over all spin orbitals before."""
    return mapping("jordan-wigner", np.eye(n_spin_orbitals, dtype=np.uint8))
