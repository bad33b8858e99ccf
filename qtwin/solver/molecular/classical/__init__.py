"""Classical quantum chemistry (PySCF): the competitors that every quantum method meets on the same molecule."""

from qtwin.problem.molecule.pyscf_access import shut

shut()
