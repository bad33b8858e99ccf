"""WHAT ENERGY A DRUG HAS: molecules, active spaces, fermions on qubits, and the methods that find
their energies (PySCF).
"""

from qtwin.chemistry.pyscf_access import shut

shut()
