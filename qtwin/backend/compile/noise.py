"""Error rates, given or read from a snapshot of an IBM device, as a Qiskit Aer noise model."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np

from qtwin.backend.compile.ibm_snapshot import snapshot
from qtwin.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Error probabilities.

    Attributes:
        one_qubit, two_qubit: Depolarising probability of SX and X, of CX.
        readout: Probability that a measured bit is flipped.
    """

    one_qubit: float = 0.0
    two_qubit: float = 0.0
    readout: float = 0.0

    def __post_init__(self) -> None:
        for name, value, most in (
            ("depolarising_1q", self.one_qubit, 1.0),
            ("depolarising_2q", self.two_qubit, 1.0),
            ("readout_error", self.readout, 0.5),
        ):
            if not (np.isfinite(value) and 0.0 <= value <= most):
                raise InputError(f"{name} = {value} came, a probability of at most {most:g} was wanted", hint=f"0 to {most:g}")

    @property
    def silent(self) -> bool:
        """No noise at all."""
        return not (self.one_qubit or self.two_qubit or self.readout)

    @staticmethod
    def of_snapshot(name: str) -> Rates:
        """Median rates of an IBM snapshot, gate errors converted to depolarising probabilities.

        A depolarising channel of probability p on d dimensions has the average gate error p (d - 1) / d.

        Raises:
            InputError: for an unknown snapshot.
            MissingVendorError: without qiskit-ibm-runtime.
        """
        target = snapshot(name).target

        def middle(operation: str) -> float:
            errors = [p.error for p in target[operation].values() if p is not None and p.error is not None and p.error < 1.0]
            return float(median(errors)) if errors else 0.0

        pair = next(n for n in target.operation_names if getattr(target.operation_from_name(n), "num_qubits", 0) == 2)
        return Rates(one_qubit=2.0 * middle("sx"), two_qubit=middle(pair) * 4.0 / 3.0, readout=middle("measure"))


def noise_model(rates: Rates) -> Any:
    """A `qiskit_aer.noise.NoiseModel` of these rates for the gates SX, X, CX and for measurements."""
    from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error

    model = NoiseModel(basis_gates=["rz", "sx", "x", "cx"])
    if rates.one_qubit:
        model.add_all_qubit_quantum_error(depolarizing_error(rates.one_qubit, 1), ["sx", "x"])
    if rates.two_qubit:
        model.add_all_qubit_quantum_error(depolarizing_error(rates.two_qubit, 2), ["cx"])
    if rates.readout:
        e = rates.readout
        model.add_all_qubit_readout_error(ReadoutError([[1.0 - e, e], [e, 1.0 - e]]))
    return model
