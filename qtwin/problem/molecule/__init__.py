"""Questions of energy: a molecule, its mean field, an active space and the integrals in it (PySCF)."""
