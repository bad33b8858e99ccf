"""Self-consistent configuration recovery by qiskit-addon-sqd: wrong electron numbers are mended by flipping unlikely bits.

Robledo-Moreno et al. 2025, Sci Adv 11:eadu9991 (arXiv:2405.05068), section II A 2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Samples
from qtwin.errors import require_vendor
from qtwin.problem.molecule.pyscf_access import shut


def recovered(
    samples: Samples, occupancies: tuple[NDArray[np.float64], NDArray[np.float64]], n_alpha: int, n_beta: int, *, seed: int
) -> Samples:
    """Distinct samples with the right numbers of electrons of either spin; those that had them stay.

    Args:
        samples: Occupations, alpha orbitals first.
        occupancies: (n,) mean occupation of each alpha and of each beta orbital.
        n_alpha: Electrons of spin up.
        n_beta: Electrons of spin down.
        seed: Of the flips.

    Raises:
        MissingVendorError: if qiskit-addon-sqd is not installed.
    """
    require_vendor("qiskit_addon_sqd", package="qiskit-addon-sqd", needed_by="configuration recovery")
    shut()  # it imports PySCF
    from qiskit_addon_sqd.configuration_recovery import recover_configurations

    theirs = samples.bits[:, ::-1].astype(np.bool_)  # beta left, alpha right, the highest orbital first
    share = samples.counts / samples.shots
    mended, weights = recover_configurations(theirs, share, occupancies, n_alpha, n_beta, rand_seed=seed)
    counts = np.maximum(np.rint(np.asarray(weights) / np.sum(weights) * samples.shots), 1).astype(np.int64)
    return Samples(bits=np.ascontiguousarray(np.asarray(mended)[:, ::-1], dtype=np.uint8), counts=counts)
