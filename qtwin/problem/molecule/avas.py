"""AVAS: the active space that overlaps most with chosen atomic orbitals (Sayfutyarova, Sun, Chan, Knizia 2017, JCTC 13:4063).

With sizes given, the same number of orbitals is taken in every geometry and in every fragment: an active space that changes along
a curve or between a complex and its parts would make energies that cannot be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qtwin.errors import InputError
from qtwin.problem.molecule.active_space import ActiveSpace, assembled
from qtwin.problem.molecule.mean_field import MeanField
from qtwin.problem.molecule.molecule import Molecule
from qtwin.problem.molecule.pyscf_access import functions, pyscf_molecule


def avas(
    molecule: Molecule,
    field: MeanField,
    labels: Sequence[str],
    *,
    electrons: int | None = None,
    orbitals: int | None = None,
    threshold: float = 0.2,
    frozen: int = 0,
) -> ActiveSpace:
    """Rotate occupied and empty orbitals so that as few as possible carry the reference orbitals (eqs. 2-6 there).

    Args:
        molecule: What.
        field: Its mean field.
        labels: Of minimal-basis (MINAO) orbitals: "N 2p", "0 O 2pz" (atoms count from 0).
        electrons: Active; None for all orbitals with an overlap above `threshold`.
        orbitals: The same.
        threshold: See there.
        frozen: Core orbitals that are left out.

    Raises:
        InputError: for labels that match nothing, or impossible sizes.
    """
    if not labels:
        raise InputError("avas needs labels of atomic orbitals, none came", hint='such as avas = ["N 2p"]')
    inner, cross = _reference(molecule, labels)
    projector = cross.T @ np.linalg.solve(inner, cross)

    def rotated(block: Any) -> tuple[Any, Any]:
        weight, turn = np.linalg.eigh(block.T @ projector @ block)
        return weight[::-1], block @ turn[:, ::-1]

    doubly = np.flatnonzero(field.occupations == 2.0)
    w_occupied, occupied = rotated(field.orbitals[:, doubly[frozen:]])
    w_empty, empty = rotated(field.orbitals[:, field.occupations == 0.0])
    unpaired = int((field.occupations == 1.0).sum())
    if electrons is None or orbitals is None:
        pairs, rest = int((w_occupied > threshold).sum()), int((w_empty > threshold).sum())
        electrons, orbitals = 2 * pairs + unpaired, pairs + unpaired + rest
        if electrons == 0 or orbitals == 0:
            raise InputError(f"no orbital overlaps with {list(labels)} by more than {threshold}", hint="lower avas_threshold")
    pairs = (electrons - unpaired) // 2
    kept = [*w_occupied[:pairs], *w_empty[: max(orbitals - pairs - unpaired, 0)]]
    occupied = np.hstack([occupied, field.orbitals[:, doubly[:frozen]]])
    words = f"AVAS on {', '.join(labels)}"
    return assembled(field, electrons, orbitals, occupied, empty, words=words, kept=kept)


def _reference(molecule: Molecule, labels: Sequence[str]) -> tuple[Any, Any]:
    """Overlaps of the chosen minimal-basis orbitals among themselves, and with the basis."""
    from pyscf import gto

    mole = pyscf_molecule(molecule)
    real = {mole.atom_symbol(k) for k in range(mole.natm) if k not in molecule.ghosts}
    atoms = [(mole.atom_symbol(k), mole.atom_coord(k)) for k in range(mole.natm)]
    minimal = gto.M(
        atom=[a for k, a in enumerate(atoms) if k not in molecule.ghosts],
        unit="Bohr",
        basis=functions("minao", real),
        charge=molecule.charge,
        spin=molecule.multiplicity - 1,
        verbose=0,
    )
    number = [k for k in range(mole.natm) if k not in molecule.ghosts]
    shown = [_renumbered(text, number) for text in minimal.ao_labels()]
    chosen = [k for k, text in enumerate(shown) if any(_matches(label, text) for label in labels)]
    if not chosen:
        raise InputError(
            f"no atomic orbital matches {list(labels)}", hint=f"there are {', '.join(t.strip() for t in shown[:12])}, ..."
        )
    inner = minimal.intor_symmetric("int1e_ovlp")[np.ix_(chosen, chosen)]
    cross = gto.intor_cross("int1e_ovlp", minimal, mole)[chosen]
    return inner, cross


def _renumbered(text: str, number: Sequence[int]) -> str:
    """The label with the atom's number in the whole complex, ghosts counted."""
    first, _, rest = text.strip().partition(" ")
    return f"{number[int(first)]} {rest}"


def _matches(label: str, text: str) -> bool:
    """Whether every word of the label is, or begins, the word of the text at its place: "N 2p" matches "3 N 2px"."""
    wanted, there = label.split(), text.split()
    if wanted and not wanted[0].isdigit():
        there = there[1:]
    return len(wanted) <= len(there) and all(
        t == w or (k == len(wanted) - 1 and t.startswith(w) and not w.isalpha())
        for k, (w, t) in enumerate(zip(wanted, there, strict=False))
    )
