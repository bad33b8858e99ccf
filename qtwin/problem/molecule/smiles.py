"""A geometry from a SMILES string (RDKit): one conformer, embedded with ETKDG and relaxed with MMFF94."""

from __future__ import annotations

import importlib
from typing import Any

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
    chem, logger = importlib.import_module("rdkit.Chem"), importlib.import_module("rdkit.RDLogger")
    logger.DisableLog("rdApp.*")
    try:
        found: object | None = chem.MolFromSmiles(text)
    finally:
        logger.EnableLog("rdApp.error")
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
    chem: Any = importlib.import_module("rdkit.Chem")
    embed: Any = importlib.import_module("rdkit.Chem.AllChem")
    whole = chem.AddHs(molecule)
    options = embed.ETKDGv3()
    options.randomSeed = SEED
    if embed.EmbedMolecule(whole, options) != 0:
        raise InputError(f"RDKit finds no geometry for {text!r}", hint="give an xyz file")
    relaxed = "MMFF94"
    if embed.MMFFOptimizeMolecule(whole, maxIters=2000) == -1:
        relaxed = "UFF" if embed.UFFOptimizeMolecule(whole, maxIters=2000) == 0 else "ETKDG alone"
    symbols = tuple(atom.GetSymbol() for atom in whole.GetAtoms())
    where = np.array(whole.GetConformer().GetPositions(), dtype=np.float64)
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in whole.GetAtoms())
    comment = f"{text} by RDKit, ETKDG (seed {SEED}) and {relaxed}: a force field's geometry"
    return (symbols, where, comment), int(chem.GetFormalCharge(whole)), unpaired + 1
