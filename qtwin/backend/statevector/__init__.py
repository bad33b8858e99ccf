"""Our own exact simulator: `StatevectorBackend`."""

from qtwin.backend.statevector.backend import StatevectorBackend

__all__ = ["StatevectorBackend"]
