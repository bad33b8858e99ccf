"""Which circuit an ansatz is, as bytes: equal ansatzes need compiling once."""

from __future__ import annotations

import hashlib

import numpy as np

from qtwin.backend.base import Ansatz


def digest(ansatz: Ansatz, *, coefficients: bool = True) -> bytes:
    """SHA-256 over width, reference, strings and parameters, with the coefficients or without (the shape alone)."""
    found = hashlib.sha256(f"{ansatz.n_qubits} {ansatz.n_parameters}".encode())
    found.update(np.ascontiguousarray(ansatz.reference, dtype=np.int8).tobytes())
    for layer in ansatz.layers:
        h = layer.generator
        found.update(f"|{layer.parameter} {len(h.coefficients)}|".encode())
        found.update(np.packbits(h.x).tobytes() + np.packbits(h.z).tobytes())
        if coefficients:
            found.update(np.ascontiguousarray(h.coefficients, dtype=np.float64).tobytes())
    return found.digest()
