"""`qtwin twin simulate` and `qtwin twin next`: what would happen, and what to measure when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.cli.show import note, table
from qtwin.errors import InputError
from qtwin.patient.access import write_down
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import RECEPTORS, Dose
from qtwin.pharmacology.outcome import BENEFITS, KINDS
from qtwin.pharmacology.prescription import read_dose
from qtwin.pharmacology.receptor import occupancy
from qtwin.report.number import number, qaly
from qtwin.report.words import biomarker_words
from qtwin.twin.measurement import advise
from qtwin.twin.store import load
from qtwin.twin.twin import Twin, kind_weights


def _summary(values: Any) -> dict[str, float]:
    low, middle, high = np.quantile(values, [0.025, 0.5, 0.975])
    return {"mean": float(np.mean(values)), "median": float(middle), "low": float(low), "high": float(high)}


def _played(twin: Twin, doses: Sequence[Dose], years: float) -> dict[str, Any]:
    """One regimen played on the twin."""
    times = np.linspace(0.0, years, 2, dtype=np.float64)
    options = list(doses) or [_placeholder()]
    panel = twin.panel(options)
    bits = np.ones(len(options)) if doses else np.zeros(len(options))
    response = twin.simulate(panel, bits, horizon_years=years, kind_weights=kind_weights(), times_years=times)
    end: dict[str, Any] = {}
    for key in twin.model.observables:
        values = twin.model.observe(key, response.states[:, -1])
        if key == "mmse":
            values = np.clip(values + response.mmse_offset, 0.0, 30.0)
        end[key] = _summary(values)
    held = {}
    if doses:
        odds = np.einsum("mir,mi->mr", panel.effects.receptor_odds[panel.draw_of], response.exposures)
        held = {name: _summary(occupancy(odds[:, r])) for r, name in enumerate(RECEPTORS) if odds[:, r].any()}
    return {
        "regimen": [d.label for d in doses],
        "utility_qaly": _summary(response.utility),
        "kinds_qaly": {kind: _summary(response.kinds[:, k]) for k, kind in enumerate(KINDS)},
        "at_end": end,
        "exposure_ratio": {d.drug.inn: _summary(response.exposures[:, k]) for k, d in enumerate(doses)},
        "receptor_occupancy": held,
    }


def _placeholder() -> Dose:
    first = next(iter(formulary.formulary().values()))
    return Dose(drug=first, amount_mg=first.reference.amount_mg, interval_h=first.reference.interval_h)


def simulate_doses(twin: Twin, doses: Sequence[Dose], *, years: float = 1.5) -> dict[str, Any]:
    """One regimen played on a twin: utility, biomarkers at the end, exposures, receptors held."""
    return _played(twin, doses, years)


def simulate(path: Path, drugs: Sequence[str], *, years: float) -> dict[str, Any]:
    """Play a regimen on a stored twin beside taking nothing and the medicines of the record.

    Raises:
        InputError: for a spoilt twin, an unknown drug or a drug named twice.
    """
    stored = load(path)
    doses = [read_dose(text) for text in drugs]
    names = [d.drug.inn for d in doses]
    if len(set(names)) < len(names):
        raise InputError("a drug is named twice", hint="give one dose of each drug")
    write_down("simulate", stored.twin.patient, detail=f"{len(doses)} drugs, {years:g} years")
    played = {"asked": _played(stored.twin, doses, years), "nothing": _played(stored.twin, [], years)}
    if stored.doses:
        played["medicines of the record"] = _played(stored.twin, stored.doses, years)
    columns = list(played)

    def cell(value: dict[str, float] | None, show: Any = number) -> str:
        return "" if value is None else f"{show(value['mean'])} ({show(value['low'])} to {show(value['high'])})"

    rows = [
        (f"{biomarker_words(key)} after {years:g} years", *(cell(played[c]["at_end"][key]) for c in columns))
        for key in stored.twin.model.observables
    ]
    rows += [
        (
            f"{'benefit' if kind in BENEFITS else 'harm'}: {kind} (QALY)",
            *(cell(played[c]["kinds_qaly"][kind], qaly) for c in columns),
        )
        for kind in KINDS
        if any(abs(played[c]["kinds_qaly"][kind]["mean"]) > 5e-6 for c in columns)
    ]
    rows.append(("utility (QALY)", *(cell(played[c]["utility_qaly"], qaly) for c in columns)))
    table(", ".join(d.label for d in doses) or "no drugs", ("mean (95 % interval)", *columns), rows)
    asked = played["asked"]
    if doses:
        table(
            "Exposure over the same dose in a normal metaboliser",
            ("drug", "ratio"),
            [(inn, cell(value)) for inn, value in asked["exposure_ratio"].items()],
        )
    if asked["receptor_occupancy"]:
        table("Receptors held", ("receptor", "share"), [(r, cell(v)) for r, v in asked["receptor_occupancy"].items()])
    driven, why = stored.twin.posterior.prior_driven(stored.twin.model)
    if driven:
        note(why, style="yellow")
    return {"schema": "qtwin.whatif/1", "years": years, "patient_id": stored.twin.patient.patient_id, **played}


def next_measurement(path: Path, *, seed: int) -> dict[str, Any]:
    """Rank the next measurements by expected information gain per cost, and say when to come back.

    Raises:
        InputError: for a spoilt twin.
    """
    stored = load(path)
    advice = advise(stored.twin, seed=seed)
    driven, why = stored.twin.posterior.prior_driven(stored.twin.model)
    best: dict[tuple[str, ...], Any] = {}
    for c in advice.candidates:
        best.setdefault(c.biomarkers, c)
    table(
        "What to measure next, most informative per cost first",
        ("measurement", "best time (years)", "on prognosis (nats)", "on benefit (nats)", "cost (EUR)", "nats per 100 EUR"),
        [
            (
                " + ".join(biomarker_words(b) for b in c.biomarkers),
                f"{c.time_years:g}",
                f"{c.prognosis_nats:.3f}",
                f"{c.benefit_nats:.3f}",
                f"{c.cost_eur:,.0f}",
                f"{c.per_100_eur:.3f}",
            )
            for c in best.values()
        ],
    )
    note(f"Come back in {advice.come_back_years:g} years: {advice.reason}.", style="bold")
    note(why, style="yellow" if driven else "")
    return {
        "schema": "qtwin.next/1",
        "patient_id": stored.twin.patient.patient_id,
        "come_back_years": advice.come_back_years,
        "reason": advice.reason,
        "prior_driven": driven,
        "prior_driven_reason": why,
        "candidates": [
            {
                "biomarkers": list(c.biomarkers),
                "time_years": c.time_years,
                "prognosis_nats": c.prognosis_nats,
                "benefit_nats": c.benefit_nats,
                "cost_eur": c.cost_eur,
                "nats_per_100_eur": c.per_100_eur,
            }
            for c in advice.candidates
        ],
    }
