"""`qtwin twin export`: the twin's disease model as SBML, for any other solver."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.cli.show import note
from qtwin.errors import InputError
from qtwin.pharmacology.prescription import read_dose
from qtwin.twin.dosing import HOURS_PER_YEAR, antibody_dosing
from qtwin.twin.sbml import AntibodyInput, to_sbml
from qtwin.twin.store import load


def export(path: Path, output: Path, *, drug: str | None, years: float) -> Path:
    """Write the model of the posterior's mean person, from the last visit on, with the doses of an antibody if one is named.

    Raises:
        InputError: for a spoilt twin, a drug that removes no amyloid, or a missing python-libsbml.
    """
    if output.suffix not in (".xml", ".sbml"):
        raise InputError(f"the model was to go to {output}, a .xml file was wanted", hint="use -o NAME.xml")
    twin = load(path).twin
    p = twin.posterior
    parameters = np.average(p.parameters, axis=0, weights=p.weights)
    states = np.average(p.state_now, axis=0, weights=p.weights)
    antibody = None
    if drug is not None:
        dose = read_dose(drug)
        times = np.arange(0.0, years, dose.interval_h / HOURS_PER_YEAR, dtype=np.float64)
        one = np.ones(1)
        given = antibody_dosing(dose.drug, times, np.full(len(times), dose.amount_mg), clearance_factor=one, effect_factor=one)
        antibody = AntibodyInput(
            times_years=given.times_years,
            amounts_mg=given.amounts_mg,
            clearance_L_per_year=float(given.clearance_L_per_year[0]),
            central_L=given.central_L,
            intercompartmental_L_per_year=given.intercompartmental_L_per_year,
            peripheral_L=given.peripheral_L,
            rate_max_per_year=float(given.rate_max_per_year[0]),
            half_effect_mg_per_L=given.half_effect_mg_per_L,
        )
    text = to_sbml(twin.model, parameters, states, antibody=antibody)

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8")

    write_atomically(output, write)
    note(f"{output}: the mean person of the posterior, time 0 is the last visit, years")
    return output
