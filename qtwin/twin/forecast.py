"""What a regimen would do to one patient, beside no drugs and the medicines of the record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import InputError
from qtwin.pharmacology import formulary
from qtwin.pharmacology.drug import RECEPTORS, Dose
from qtwin.pharmacology.outcome import KINDS
from qtwin.pharmacology.prescription import read_dose, reference_dose
from qtwin.pharmacology.receptor import occupancy
from qtwin.twin.twin import Twin, kind_weights

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "qtwin.forecast/1"
LONGEST_YEARS = 20.0


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A quantity over the members: mean, median, and the bounds of its 95 % credible interval."""

    mean: float
    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> Estimate:
        """Of one value a member."""
        low, median, high = np.quantile(values, [0.025, 0.5, 0.975])
        return cls(
            mean=float(np.mean(values)), median=float(median), low=float(low), high=float(high)
        )


@dataclass(frozen=True, kw_only=True)
class RegimenOutcome:
    """One regimen played on a twin.

    Attributes:
        regimen: Labels of its doses.
        utility_qaly: Sum of all kinds of benefit and harm against no drugs.
        kinds_qaly: Kind to its part of the utility.
        at_end: Observable of the disease model to its error-free value at the end, in the model's
            unit.
        exposure_ratio: INN to its exposure over that of the same dose in a normal metaboliser.
        receptor_occupancy: Receptor to the share of it that is occupied.
    """

    regimen: tuple[str, ...]
    utility_qaly: Estimate
    kinds_qaly: Mapping[str, Estimate]
    at_end: Mapping[str, Estimate]
    exposure_ratio: Mapping[str, Estimate]
    receptor_occupancy: Mapping[str, Estimate]


@dataclass(frozen=True, kw_only=True)
class RegimenForecast:
    """What a regimen would do, beside no drugs and the medicines of the record.

    Attributes:
        patient_id: Whose twin it is.
        years: How far ahead.
        units: Observable to its unit.
        asked: The regimen.
        nothing: No drugs.
        current: The medicines of the record; None where it holds none that the formulary knows.
        prior_driven: Why the forecast is mostly the population's; empty where the visits inform it.

    Example:
        >>> import qtwin as qt
        >>> twin = qt.Twin.fit(qt.examples.patient(), n_members=64, seed=1)
        >>> twin.simulate_regimen(['donepezil'], years=1.0).years
        1.0
    """

    patient_id: str
    years: float
    units: Mapping[str, str]
    asked: RegimenOutcome
    nothing: RegimenOutcome
    current: RegimenOutcome | None
    prior_driven: str = ""

    @property
    def regimens(self) -> dict[str, RegimenOutcome]:
        """The outcomes by name: asked, nothing, and current where there is one."""
        return {"asked": self.asked, "nothing": self.nothing} | (
            {"current": self.current} if self.current else {}
        )

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return {"schema": SCHEMA, **dataclasses.asdict(self)}

    def to_pandas(self) -> pd.DataFrame:
        """One row a regimen and quantity: utility and its kinds (QALY), observables at the end,
        exposures, receptors.
        """
        import pandas as pd

        rows = []
        for name, found in self.regimens.items():
            groups: list[tuple[str, str, str, Estimate]] = [
                ("utility", "utility", "QALY", found.utility_qaly)
            ]
            groups += [("kind", k, "QALY", v) for k, v in found.kinds_qaly.items()]
            groups += [("at end", k, self.units[k], v) for k, v in found.at_end.items()]
            groups += [("exposure ratio", k, "1", v) for k, v in found.exposure_ratio.items()]
            groups += [
                ("receptor occupancy", k, "1", v) for k, v in found.receptor_occupancy.items()
            ]
            rows += [
                {"regimen": name, "group": g, "quantity": k, "unit": u, **dataclasses.asdict(v)}
                for g, k, u, v in groups
            ]
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        u = self.asked.utility_qaly
        return (
            f"RegimenForecast({' + '.join(self.asked.regimen) or 'no drugs'}, "
            f"{self.years:g} years: utility {u.mean:.4f} QALY,"
            f" 95 % credible interval {u.low:.4f} to {u.high:.4f})"
        )

    def _repr_html_(self) -> str:
        shown = self.to_pandas()
        kept = shown[shown["group"].isin(["utility", "at end"])]
        return f"<p>{self!r}</p>{kept.to_html(index=False)}"


def outcome_of(twin: Twin, doses: Sequence[Dose], *, years: float) -> RegimenOutcome:
    """One regimen played on the twin."""
    times = np.linspace(0.0, years, 2, dtype=np.float64)
    # which nobody takes
    options = list(doses) or [reference_dose(next(iter(formulary.formulary().values())))]
    panel = twin.panel(options)
    bits = np.ones(len(options)) if doses else np.zeros(len(options))
    response = twin.simulate(
        panel, bits, horizon_years=years, kind_weights=kind_weights(), times_years=times
    )
    at_end = {}
    for key in twin.model.observables:
        values = twin.model.observe(key, response.states[:, -1])
        at_end[key] = Estimate.of(
            np.clip(values + response.mmse_offset, 0.0, 30.0) if key == "mmse" else values
        )
    occupied = {}
    if doses:
        odds = np.einsum(
            "mir,mi->mr", panel.effects.receptor_odds[panel.draw_of], response.exposures
        )
        occupied = {
            name: Estimate.of(occupancy(odds[:, r]))
            for r, name in enumerate(RECEPTORS)
            if odds[:, r].any()
        }
    return RegimenOutcome(
        regimen=tuple(d.label for d in doses),
        utility_qaly=Estimate.of(response.utility),
        kinds_qaly={kind: Estimate.of(response.kinds[:, k]) for k, kind in enumerate(KINDS)},
        at_end=at_end,
        exposure_ratio={
            d.drug.inn: Estimate.of(response.exposures[:, k]) for k, d in enumerate(doses)
        },
        receptor_occupancy=occupied,
    )


def forecast(twin: Twin, drugs: Sequence[str | Dose], *, years: float) -> RegimenForecast:
    """A regimen beside no drugs and the medicines of the record, see `Twin.simulate_regimen`.

    Raises:
        InputError: for an unknown drug, a drug named twice, or years out of range.
    """
    doses = [d if isinstance(d, Dose) else read_dose(d) for d in drugs]
    names = [d.drug.inn for d in doses]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"expected one dose of each drug, got {', '.join(twice)} twice",
            hint="give one dose of each drug",
        )
    if not 0.0 < years <= LONGEST_YEARS:
        raise InputError(
            f"expected years above 0 and up to {LONGEST_YEARS:g}, got {years:g}",
            hint="choose a nearer end",
        )
    driven, why = twin.posterior.prior_driven(twin.model)
    return RegimenForecast(
        patient_id=twin.patient.patient_id,
        years=years,
        units={k: o.unit for k, o in twin.model.observables.items()},
        asked=outcome_of(twin, doses, years=years),
        nothing=outcome_of(twin, [], years=years),
        current=outcome_of(twin, twin.doses, years=years) if twin.doses else None,
        prior_driven=why if driven else "",
    )
