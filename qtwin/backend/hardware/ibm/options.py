"""Options of a backend ``ibm:NAME`` as the client-side primitives of qiskit-ibm-runtime take them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Decoupling = Literal["none", "XX", "XpXm", "XY4"]
Mode = Literal["job", "batch", "session"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is done against noise, and how jobs are bundled.

    Attributes:
        mode: Each job alone, jobs together in a batch, or in a session that bills wall clock.
        twirling: Random Pauli frames around two-qubit gates and measurements.
        decoupling: Pulses on idle qubits.
        resilience: Of expectation values: 0 none, 1 readout mitigation (TREX), 2 zero-noise extrapolation as well.
        fractional: RZZ and RX gates of free angle where the machine has them.
        max_session_s: After which a batch or session ends by itself.
    """

    mode: Mode = "job"
    twirling: bool = False
    decoupling: Decoupling = "none"
    resilience: int = 1
    fractional: bool = False
    max_session_s: int = 3600

    def sampler(self) -> dict[str, Any]:
        """For `executor_sampler.Sampler`."""
        twirling = {"enable_gates": self.twirling, "enable_measure": self.twirling}
        return {"twirling": twirling, "dynamical_decoupling": self._decoupling()}

    def estimator(self) -> dict[str, Any]:
        """For `executor_estimator.Estimator`; without `twirling` it is left to the level of resilience."""
        twirling: dict[str, Any] = {"enable_gates": True, "enable_measure": True} if self.twirling else {}
        return {"resilience_level": self.resilience, "twirling": twirling, "dynamical_decoupling": self._decoupling()}

    def identity(self) -> dict[str, Any]:
        """What makes one job differ from another."""
        return {k: v for k, v in asdict(self).items() if k not in ("mode", "max_session_s")}

    def _decoupling(self) -> dict[str, Any]:
        return {"enable": False} if self.decoupling == "none" else {"enable": True, "sequence_type": self.decoupling}
