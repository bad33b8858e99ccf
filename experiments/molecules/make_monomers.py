"""Optimise the monomers of the molecule library and write them as xyz files (needs pyscf and
rdkit).

    python experiments/molecules/make_monomers.py qtwin/data/molecules

Start: RDKit, ETKDG version 3 with seed 7, then MMFF94. Optimisation: B3LYP/6-31G* in PySCF, BFGS on
Cartesian coordinates until no component of the gradient exceeds 3e-4 hartree per bohr. A file that
is there is kept.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

BOHR_ANGSTROM = 0.529177210903
GRADIENT_HARTREE_PER_BOHR = 3e-4
MONOMERS: dict[str, tuple[str, int]] = {
    "ammonia": ("N", 0),
    "ammonium": ("[NH4+]", 1),
    "water": ("O", 0),
    "methylammonium": ("C[NH3+]", 1),
    "formate": ("C(=O)[O-]", -1),
    "formic-acid": ("C(=O)O", 0),
    "formamide": ("C(=O)N", 0),
    "acetate": ("CC(=O)[O-]", -1),
    "acetamide": ("CC(=O)N", 0),
    "propionate": ("CCC(=O)[O-]", -1),
    "imidazole": ("c1cnc[nH]1", 0),
    "benzene": ("c1ccccc1", 0),
    "tetramethylammonium": ("C[N+](C)(C)C", 1),
}


def start(smiles: str) -> tuple[list[str], np.ndarray]:
    """Symbols and (n, 3) coordinates in angstrom of a force field."""
    from rdkit import Chem
    from rdkit.Chem import AllChem

    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    options = AllChem.ETKDGv3()
    options.randomSeed = 7
    AllChem.EmbedMolecule(molecule, options)
    AllChem.MMFFOptimizeMolecule(molecule)
    return [a.GetSymbol() for a in molecule.GetAtoms()], np.array(
        molecule.GetConformer().GetPositions()
    )


def optimise(
    symbols: list[str], coordinates_angstrom: np.ndarray, charge: int
) -> tuple[np.ndarray, float]:
    """Coordinates in angstrom and energy in hartree at the minimum."""
    from pyscf import dft, gto
    from scipy.optimize import minimize

    density = None

    def energy_and_gradient(x_bohr: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal density
        atoms = list(zip(symbols, x_bohr.reshape(-1, 3), strict=True))
        molecule = gto.M(atom=atoms, unit="Bohr", basis="6-31g*", charge=charge, verbose=0)
        field = dft.RKS(molecule, xc="b3lyp")
        field.conv_tol = 1e-10
        energy = field.kernel(dm0=density)
        if not field.converged:
            raise RuntimeError(f"SCF of {symbols} did not converge")
        density = field.make_rdm1()
        return energy, field.nuc_grad_method().kernel().ravel()

    found = minimize(
        energy_and_gradient,
        coordinates_angstrom.ravel() / BOHR_ANGSTROM,
        jac=True,
        method="BFGS",
        options={"gtol": GRADIENT_HARTREE_PER_BOHR, "norm": np.inf, "maxiter": 200},
    )
    if np.abs(found.jac).max() > 1e-3:
        raise RuntimeError(
            f"optimisation of {symbols} ended at a gradient of "
            f"{np.abs(found.jac).max():.1e}: {found.message}"
        )
    return found.x.reshape(-1, 3) * BOHR_ANGSTROM, float(found.fun)


def main(folder: Path) -> None:
    """Write every monomer that is missing."""
    for name, (smiles, charge) in MONOMERS.items():
        path = folder / f"{name}.xyz"
        if path.exists():
            continue
        symbols, first = start(smiles)
        coordinates, energy = optimise(symbols, first, charge)
        coordinates = coordinates - coordinates.mean(axis=0)
        lines = [
            f"{s:2s} {x:12.6f} {y:12.6f} {z:12.6f}"
            for s, (x, y, z) in zip(symbols, coordinates, strict=True)
        ]
        comment = (
            f"{name}, charge {charge}, B3LYP/6-31G* minimum ({energy:.6f} hartree), "
            "experiments/molecules/make_monomers.py"
        )
        path.write_text("\n".join([str(len(symbols)), comment, *lines, ""]), encoding="utf-8")
        print(name, f"{energy:.6f}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
