"""Questions of energy: a molecule, its mean field, an active space and the integrals in it (PySCF)."""

from qtwin.problem.molecule.pyscf_access import shut

shut()
