"""Orbitals as seen from the side: along each line of sight the value of the largest size, signed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtwin.problem.molecule.molecule import BOHR_ANGSTROM, Molecule
from qtwin.problem.molecule.pyscf_access import pyscf_molecule

Floats = NDArray[np.float64]
_MARGIN_ANGSTROM = 1.7


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """Orbitals on a plane that faces the molecule.

    Attributes:
        extent_angstrom: (left, right, bottom, top).
        values: (n, rows, columns) amplitude in bohr^-3/2.
        atoms_angstrom: (n_atoms, 3) right, up, towards the viewer.
    """

    extent_angstrom: tuple[float, float, float, float]
    values: Floats
    atoms_angstrom: Floats


def facing(coordinates_angstrom: Floats) -> Floats:
    """(3, 3) rows right, up, towards the viewer: the molecule is widest to the right, flattest to the viewer, a bit tilted."""
    centred = coordinates_angstrom - coordinates_angstrom.mean(axis=0)
    _, _, axes = np.linalg.svd(np.vstack([centred, 1e-6 * np.eye(3)]), full_matrices=False)
    axes[2] = np.cross(axes[0], axes[1])
    angle = np.radians(20.0 if np.ptp(centred @ axes[1]) > 0.5 else 0.0)
    tilt = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    return np.asarray(tilt @ axes)


def views(molecule: Molecule, orbitals: Floats, *, points: int = 64, depth: int = 20) -> Views:
    """Look at (n_basis, n) orbitals.

    Args:
        molecule: Its geometry sets the plane.
        orbitals: Coefficients in its basis.
        points: Along the wider side.
        depth: Planes along the line of sight.
    """
    mole = pyscf_molecule(molecule)
    where = molecule.coordinates_angstrom
    axes, centre = facing(where), where.mean(axis=0)
    seen = (where - centre) @ axes.T
    low, high = seen.min(axis=0) - _MARGIN_ANGSTROM, seen.max(axis=0) + _MARGIN_ANGSTROM
    step = max(high[0] - low[0], high[1] - low[1]) / points
    xs, ys = (np.linspace(low[k], high[k], max(2, round((high[k] - low[k]) / step))) for k in (0, 1))
    best = np.zeros((orbitals.shape[1], len(ys), len(xs)))
    grid_x, grid_y = np.meshgrid(xs, ys)
    for z in np.linspace(low[2], high[2], depth):
        flat = np.stack([grid_x.ravel(), grid_y.ravel(), np.full(grid_x.size, z)], axis=1)
        real = flat @ axes + centre
        amplitude = (mole.eval_gto("GTOval", real / BOHR_ANGSTROM) @ orbitals).T.reshape(best.shape)
        np.copyto(best, amplitude, where=np.abs(amplitude) > np.abs(best))
    return Views(extent_angstrom=(low[0], high[0], low[1], high[1]), values=best, atoms_angstrom=seen)
