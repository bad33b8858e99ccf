"""A molecular study on the terminal: who found which energy, or how strong the contact is."""

from __future__ import annotations

from pathlib import Path

from qtwin.cli.show import note, table
from qtwin.report.molecule_tables import energy, kcal, spin
from qtwin.report.number import seconds
from qtwin.studies.molecule.result import ContactResult, MoleculeResult, best_of


def show(result: MoleculeResult | ContactResult, folder: Path, *, wall_s: float) -> None:
    """Print the table of methods, the verdict, and where the page is."""
    if isinstance(result, MoleculeResult):
        _energies(result)
    else:
        _contact(result)
    note(result.verdict, style="bold green")
    note(f"{folder / 'report.html'}  ({wall_s:.0f} s)")


def _energies(result: MoleculeResult) -> None:
    rows = [
        (
            r.name,
            "whole" if r.scope == "molecule" else "active",
            energy(r.energy_hartree),
            kcal(r.error_mHa, 3),
            spin(r.spin_squared),
            seconds(r.wall_s, 2),
            r.status.partition(":")[0],  # the page has the reason
        )
        for r in result.methods
    ]
    table("Who found which energy", ("method", "treats", "energy, hartree", "off CASCI, mHa", "S²", "time", "status"), rows)
    for found in () if result.interaction is None else result.interaction.methods:
        note(f"interaction, {found.name}: {kcal(found.interaction_kcal_mol)} kcal/mol")


def _contact(result: ContactResult) -> None:
    rows = []
    for system in result.systems:
        best = best_of(system.interaction.methods)
        rows += [
            (system.residue, r.name + (" *" if r is best else ""), kcal(r.interaction_kcal_mol), r.status)
            for r in system.interaction.methods
        ]
    table("Interaction, counterpoise-corrected, in vacuum", ("residue", "method", "kcal/mol", "status"), rows)
    for c in result.differences:
        note(
            f"{c.residue} against {c.wild_type}: {kcal(c.difference_kcal_mol, 1)} kcal/mol in vacuum"
            f" ({kcal(c.low_kcal_mol, 1)} to {kcal(c.high_kcal_mol, 1)} by method)"
            + "".join(f", {kcal(s.difference_kcal_mol, 1)} at eps = {s.dielectric:g}" for s in c.screened)
        )
