"""WHAT NOISE DID, UNDONE AS FAR AS ONE CAN: readout, extrapolation, symmetries, around any `Noisy`
backend.
"""

from qtwin.backend.mitigation.extrapolation import Readout, quasi_probabilities
from qtwin.backend.mitigation.mitigated import Mitigated
from qtwin.backend.mitigation.symmetry import Symmetry, kept

__all__ = ["Mitigated", "Readout", "Symmetry", "kept", "quasi_probabilities"]
