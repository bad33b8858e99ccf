"""Tables of energies, in hartree and kcal/mol, with their uncertainties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtwin.benchmark.fault_tolerance.molecular import PUBLISHED
from qtwin.report.molecule_verdict import diagnostics
from qtwin.report.number import MISSING, number, seconds
from qtwin.report.sheet import Section, Table
from qtwin.units import KCAL_PER_MOL_PER_HARTREE


def energy(value: Any, digits: int = 6) -> str:
    """Hartree with six decimals: chemical accuracy is the third."""
    return MISSING if value is None else f"{value:.{digits}f}".replace("-", "−")


def kcal(value: Any, digits: int = 2) -> str:
    """kcal/mol with two decimals."""
    return (
        MISSING if value is None else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")
    )


def spin(value: Any) -> str:
    """S² with three decimals: 0 of a singlet, 0.75 of a doublet, 2 of a triplet."""
    return MISSING if value is None else f"{abs(value):.3f}"


def method_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One row a method."""

    def error(row: Mapping[str, Any]) -> str:
        return MISSING if not row["standard_error"] else f"{row['standard_error'] * 1e3:.2g} mHa"

    return Table(
        title="Energies of the whole molecule or its active space, and how far off the exact "
        "energy of the active space (CASCI)",
        header=(
            "Method",
            "Treats",
            "Energy (hartree)",
            "Std. error",
            "Off (mHa)",
            "Off (kcal/mol)",
            "S²",
            "Time",
            "Status",
        ),
        rows=[
            (
                row["name"] + ("" if row["asked"] else " (added)"),
                "whole" if row["scope"] == "molecule" else "active",
                energy(row["energy_hartree"]),
                error(row),
                kcal(row["error_mHa"], 3),
                kcal(row["error_kcal_mol"], 3),
                spin(row["spin_squared"]),
                seconds(row["wall_s"], 2),
                row["status"],
            )
            for row in rows
        ],
        numeric=frozenset({2, 3, 4, 5, 6, 7}),
        flagged=frozenset(k for k, row in enumerate(rows) if row["energy_hartree"] is None),
    )


def diagnostic_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """How far one determinant is from the whole story."""
    found = diagnostics(rows)
    words = {
        "t1": ("T1, whole molecule", "above 0.02 one determinant is doubtful (Lee, Taylor 1989)"),
        "t1_active": (
            "T1, active space",
            "0 where symmetry forbids singles, whatever the character",
        ),
        "casci_leading_weight": (
            "Weight of the leading determinant",
            "1 when one determinant is all",
        ),
        "largest_occupation_deviation": (
            "Largest deviation of a natural occupation from 0 or 2",
            "1 is a broken pair",
        ),
        "spin_squared": ("S², exact state", "0 singlet, 0.75 doublet, 2 triplet"),
    }
    return Table(
        title="Does one determinant do?",
        header=("Diagnostic", "Value", "How to read it"),
        rows=[
            (words[k][0], number(round(v, 6) if abs(v) > 1e-6 else 0.0, 3), words[k][1])
            for k, v in found.items()
            if v is not None
        ],
        numeric=frozenset({1}),
    )


def scan_table(points: Sequence[Mapping[str, Any]], x_name: str) -> Table:
    """One row a geometry, one column a method."""
    names = [row["name"] for row in points[0]["methods"]] if points else []
    return Table(
        title="Energies along the curve (hartree)",
        header=(x_name, *names),
        rows=[
            (
                f"{p['x']:g}",
                *(
                    energy(
                        next(
                            (r["energy_hartree"] for r in p["methods"] if r["name"] == name), None
                        ),
                        5,
                    )
                    for name in names
                ),
            )
            for p in points
        ],
        numeric=frozenset(range(len(names) + 1)),
    )


def interaction_table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """Interaction energies of one geometry."""
    return Table(
        title=title,
        header=(
            "Method",
            "Treats",
            "Interaction (kcal/mol)",
            "Interaction (hartree)",
            "Standard error (kcal/mol)",
            "Time",
            "Status",
        ),
        rows=[
            (
                r["name"],
                "whole" if r["scope"] == "molecule" else "active, on HF",
                kcal(r["interaction_kcal_mol"]),
                energy(r["interaction_hartree"]),
                kcal(r["standard_error_hartree"] * KCAL_PER_MOL_PER_HARTREE)
                if r["standard_error_hartree"]
                else MISSING,
                seconds(r["wall_s"], 2),
                r["status"],
            )
            for r in rows
        ],
        numeric=frozenset({2, 3, 4, 5}),
        flagged=frozenset(k for k, r in enumerate(rows) if r["interaction_kcal_mol"] is None),
    )


# What an error-corrected quantum computer would need for this active space, beside published cases.


def fault_tolerance_section(needed: Mapping[str, Any]) -> Section:
    """The cost of one energy, and how well the same formulas reproduce the literature."""
    return Section(
        anchor="fault-tolerance",
        title="On an error-corrected machine",
        text=[
            "Phase estimation of this active space to "
            f"{number(1e3 * needed['error_hartree'], 2)} mHa by qubitization with double"
            f" factorisation would take {needed['toffolis']:,} Toffoli gates on "
            f"{needed['logical_qubits']:,} logical qubits:"
            f" about {needed['physical_qubits']:,} physical qubits of error 0.1 % (surface "
            "code of distance"
            f" {needed['code_distance']}, 1 µs a cycle) for {seconds(needed['wall_s'])}, if "
            "the start overlaps with the ground"
            " state. No such machine exists."
        ],
        tables=[
            Table(
                title="The same formulas on published cases",
                header=(
                    "Case",
                    "Toffolis, here",
                    "Toffolis, published",
                    "Logical qubits, here",
                    "published",
                    "Source",
                ),
                rows=[
                    (
                        name,
                        f"{counts.toffolis:,}",
                        f"{toffolis:,}",
                        f"{counts.logical_qubits:,}",
                        f"{qubits:,}",
                        source,
                    )
                    for name, (counts, toffolis, qubits, source) in PUBLISHED.items()
                ],
                numeric=frozenset({1, 2, 3, 4}),
            )
        ],
    )
