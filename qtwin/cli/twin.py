"""What the commands about a twin, a cohort and a trial print from their typed results."""

from __future__ import annotations

from pathlib import Path

from qtwin.cli.show import note, table
from qtwin.pharmacology.outcome import BENEFITS, KINDS
from qtwin.report.molecule_tables import energy, kcal, spin
from qtwin.report.number import biomarker_words, number, percent, qaly, seconds
from qtwin.studies.cohort.result import CohortResult
from qtwin.studies.molecule.result import ContactResult, MoleculeResult, best_of
from qtwin.studies.trial.result import TrialResult
from qtwin.studies.validation.result import CalibrationResult, ExternalValidation
from qtwin.twin.forecast import Estimate, RegimenForecast
from qtwin.twin.measurement import MeasurementAdvice
from qtwin.twin.twin import Twin

_SHOWN_QALY = 5e-6
_NAMES = {"current": "medicines of the record"}


def show_saved(twin: Twin, path: Path, ensemble: str, *, prior_driven: bool) -> None:
    """Where a twin was written and, if asked, whether its visits inform it."""
    note(f"{path} and {path.with_name(ensemble)}")
    if prior_driven:
        driven, why = twin.posterior.prior_driven(twin.model)
        note(why, style="yellow" if driven else "")


def _cell(value: Estimate) -> str:
    return f"{number(value.mean)} ({number(value.low)} to {number(value.high)})"


def _qaly(value: Estimate) -> str:
    return f"{qaly(value.mean)} ({qaly(value.low)} to {qaly(value.high)})"


def show_forecast(found: RegimenForecast) -> None:
    """A regimen beside no drugs and the medicines of the record."""
    regimens = found.regimens
    rows = [
        (
            f"{biomarker_words(key)} after {found.years:g} years",
            *(_cell(r.at_end[key]) for r in regimens.values()),
        )
        for key in found.units
    ]
    rows += [
        (
            f"{'benefit' if k in BENEFITS else 'harm'}: {k} (QALY)",
            *(_qaly(r.kinds_qaly[k]) for r in regimens.values()),
        )
        for k in KINDS
        if any(abs(r.kinds_qaly[k].mean) > _SHOWN_QALY for r in regimens.values())
    ]
    rows.append(("utility (QALY)", *(_qaly(r.utility_qaly) for r in regimens.values())))
    header = ("mean (95 % credible interval)", *(_NAMES.get(name, name) for name in regimens))
    asked = found.asked
    table(", ".join(asked.regimen) or "no drugs", header, rows)
    for title, what, values in (
        (
            "Exposure over the same dose in a normal metaboliser",
            ("drug", "ratio"),
            asked.exposure_ratio,
        ),
        ("Receptor occupancy", ("receptor", "share"), asked.receptor_occupancy),
    ):
        if values:
            table(title, what, [(name, _cell(value)) for name, value in values.items()])
    if found.prior_driven:
        note(found.prior_driven, style="yellow")


def show_advice(advice: MeasurementAdvice) -> None:
    """Each set of measurements at its best time, and when to come back."""
    table(
        "What to measure next, most informative per cost first",
        (
            "measurement",
            "best time (years)",
            "on prognosis (nats)",
            "on benefit (nats)",
            "cost (EUR)",
            "nats per 100 EUR",
        ),
        [
            (
                " + ".join(biomarker_words(b) for b in c.biomarkers),
                f"{c.time_years:g}",
                f"{c.prognosis_nats:.3f}",
                f"{c.benefit_nats:.3f}",
                f"{c.cost_eur:,.0f}",
                f"{c.per_100_eur:.3f}",
            )
            for c in advice.best
        ],
    )
    note(f"Come back in {advice.come_back_years:g} years: {advice.reason}.", style="bold")
    note(advice.prior_driven_reason, style="yellow" if advice.prior_driven else "")


def show_trial(result: TrialResult) -> None:
    """Every arm against the first."""
    header = ("arm", "difference", "95 % confidence interval", "p", "slowing", "true effect")
    table(
        f"Effect on {biomarker_words(result.spec.endpoint)} ({result.unit})",
        header,
        result.effect_rows(),
    )
    note(result.verdict, style="bold")


def show_cohort(result: CohortResult) -> None:
    """Errors of the forecasts and coverage of their intervals."""
    table(
        "Forecast of the last MMSE (points, 95 % confidence intervals over subjects)",
        ("forecast", "mean absolute error", "root mean square error"),
        result.score_rows(),
    )
    note(
        f"coverage: {percent(result.coverage_80)} of 80 % prediction intervals, "
        f"{percent(result.coverage_95)} of 95 % prediction"
        " intervals"
    )
    note(result.verdict, style="bold")


def show_calibration(result: CalibrationResult) -> None:
    """Coverage by schedule and level."""
    shown = result.coverage_table()
    table(shown.title, shown.header, shown.rows)
    note(result.verdict, style="bold")


def show_external(result: ExternalValidation) -> None:
    """Figures, exposure ratios, and the misses in red."""
    header = ("figure", "published", "interval", "model", "95 % confidence interval", "unit", "")
    for role, title in (
        ("target", "Targets of the calibration"),
        ("check", "Checks, never fitted"),
    ):
        rows = [
            (
                f.words,
                number(f.value),
                f"{number(f.low)} to {number(f.high)}",
                number(f.model),
                f"{number(f.model_low)} to {number(f.model_high)}",
                "" if f.unit == "1" else f.unit,
                "holds" if f.holds else "MISS",
            )
            for f in result.figures
            if f.role == role
        ]
        table(title, header, rows, red=[row[-1] == "MISS" for row in rows])
    ratios = [
        (
            r.case,
            number(r.measured),
            number(r.predicted),
            number(r.predicted / r.measured),
            "fitted" if r.fitted else "" if r.holds else "MISS",
        )
        for r in result.exposure_ratios
    ]
    missed = [not r.holds for r in result.exposure_ratios]
    table("Exposure ratios", ("case", "measured", "predicted", "over", ""), ratios, red=missed)
    note(result.verdict, style="bold")
    for f in result.misses:
        note(
            f"miss: {f.words}: {number(f.model)}, published {number(f.value)} {f.unit}", style="red"
        )


# A molecular study on the terminal: who found which energy, or how strong the contact is.


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
    table(
        "Who found which energy",
        ("method", "treats", "energy, hartree", "off CASCI, mHa", "S²", "time", "status"),
        rows,
    )
    for found in () if result.interaction is None else result.interaction.methods:
        note(f"interaction, {found.name}: {kcal(found.interaction_kcal_mol)} kcal/mol")


def _contact(result: ContactResult) -> None:
    rows = []
    for system in result.systems:
        best = best_of(system.interaction.methods)
        rows += [
            (
                system.residue,
                r.name + (" *" if r is best else ""),
                kcal(r.interaction_kcal_mol),
                r.status,
            )
            for r in system.interaction.methods
        ]
    table(
        "Interaction, counterpoise-corrected, in vacuum",
        ("residue", "method", "kcal/mol", "status"),
        rows,
    )
    for c in result.differences:
        note(
            f"{c.residue} against {c.wild_type}: {kcal(c.difference_kcal_mol, 1)} kcal/mol "
            "in vacuum"
            f" ({kcal(c.low_kcal_mol, 1)} to {kcal(c.high_kcal_mol, 1)} by method)"
            + "".join(
                f", {kcal(s.difference_kcal_mol, 1)} at eps = {s.dielectric:g}" for s in c.screened
            )
        )
