"""A geometry from a SMILES string (RDKit): one conformer, embedded with ETKDG and relaxed with MMFF94."""

from __future__ import annotations

import numpy as np

from qtwin.errors import InputError, QtwinError, require_vendor
from qtwin.problem.molecule.xyz import Geometry

SEED = 7


def is_smiles(text: str) -> bool:
    """Whether RDKit reads it; False as well where RDKit is not installed."""
    try:
        return bool(text.strip()) and _parsed(text) is not None
    except QtwinError:
        return False


def _parsed(text: str) -> object | None:
    require_vendor("rdkit", package="rdkit", needed_by=f"the SMILES {text!r}")
    from rdkit import Chem, RDLogger

    RDLogger.DisableLog("rdApp.*")
    try:
        found: object | None = Chem.MolFromSmiles(text)
    finally:
        RDLogger.EnableLog("rdApp.error")
    return found


def from_smiles(text: str) -> tuple[Geometry, int, int]:
    """Geometry, charge, and multiplicity by the count of radical electrons.

    The geometry is a force field's (Riniker, Landrum 2015, JCIM 55:2562; Halgren 1996, JCC 17:490), good to some hundredths
    of an angstrom; the comment says so.

    Raises:
        MissingVendorError: without RDKit.
        InputError: for text that is no SMILES, or a molecule that cannot be embedded.
    """
    molecule = _parsed(text)
    if molecule is None:
        raise InputError(f"{text!r} is no SMILES", hint="such as CC(=O)[O-] for acetate")
    from rdkit import Chem
    from rdkit.Chem import AllChem

    whole = Chem.AddHs(molecule)
    options = AllChem.ETKDGv3()
    options.randomSeed = SEED
    if AllChem.EmbedMolecule(whole, options) != 0:
        raise InputError(f"RDKit finds no geometry for {text!r}", hint="give an xyz file")
    relaxed = "MMFF94"
    if AllChem.MMFFOptimizeMolecule(whole, maxIters=2000) == -1:
        relaxed = "UFF" if AllChem.UFFOptimizeMolecule(whole, maxIters=2000) == 0 else "ETKDG alone"
    symbols = tuple(atom.GetSymbol() for atom in whole.GetAtoms())
    where = np.array(whole.GetConformer().GetPositions(), dtype=np.float64)
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in whole.GetAtoms())
    comment = f"{text} by RDKit, ETKDG (seed {SEED}) and {relaxed}: a force field's geometry"
    return (symbols, where, comment), int(Chem.GetFormalCharge(whole)), unpaired + 1
