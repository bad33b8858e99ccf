"""What an error-corrected quantum computer would need for this active space, beside published cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin.benchmark.fault_tolerance.molecular import PUBLISHED
from qtwin.report.number import number, seconds
from qtwin.report.sheet import Section, Table


def fault_tolerance_section(needed: Mapping[str, Any]) -> Section:
    """The cost of one energy, and how well the same formulas reproduce the literature."""
    return Section(
        anchor="fault-tolerance",
        title="On an error-corrected machine",
        text=[
            f"Phase estimation of this active space to {number(1e3 * needed['error_hartree'], 2)} mHa by qubitization with double"
            f" factorisation would take {needed['toffolis']:,} Toffoli gates on {needed['logical_qubits']:,} logical qubits:"
            f" about {needed['physical_qubits']:,} physical qubits of error 0.1 % (surface code of distance"
            f" {needed['code_distance']}, 1 µs a cycle) for {seconds(needed['wall_s'])}, if the start overlaps with the ground"
            " state. No such machine exists."
        ],
        tables=[
            Table(
                title="The same formulas on published cases",
                header=("Case", "Toffolis, here", "Toffolis, published", "Logical qubits, here", "published", "Source"),
                rows=[
                    (name, f"{counts.toffolis:,}", f"{toffolis:,}", f"{counts.logical_qubits:,}", f"{qubits:,}", source)
                    for name, (counts, toffolis, qubits, source) in PUBLISHED.items()
                ],
                numeric=frozenset({1, 2, 3, 4}),
            )
        ],
    )
