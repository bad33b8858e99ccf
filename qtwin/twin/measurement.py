"""Which measurement next, and when to come back: expected information gain, in nats, over cost.

The gain of a measurement y about a quantity t is their mutual information under the posterior
predictive distribution (Lindley 1956, Ann Math Stat 27:986), here of a Gaussian copula: I = -1/2
ln(det R / (det R_y det R_t)) of the correlations of normal scores, exact for jointly normal pairs
on any monotone scale.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from qtwin.pharmacology.quantity import read_quantities
from qtwin.twin.disease.base import DiseaseModel
from qtwin.twin.simulate import integrate
from qtwin.twin.twin import Twin

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "qtwin.design/1"
Array = NDArray[np.float64]
VISIT_YEARS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5)
CLINIC = ("cdr_sb", "mmse")
PROGNOSIS_YEARS = 3.0
REFERENCE_REMOVAL_PER_YEAR = 1.1
WORTH_A_VISIT_NATS = 0.105
"""A visit is worth its while when it is expected to narrow the forecast by a tenth more than one
today would: ln(1 / 0.9).
"""
LATEST_YEARS = 1.0
_REPLICATES = 8


@dataclass(frozen=True, kw_only=True)
class MeasurementOption:
    """One measurement, or several at one visit, at a time from now.

    Attributes:
        biomarkers: What is measured.
        time_years: From the last visit.
        prognosis_nats: Gain about untreated CDR-SB `PROGNOSIS_YEARS` after the last visit.
        benefit_nats: Gain about the CDR-SB points that an antibody would save by then.
        cost_eur: Price of it all.
    """

    biomarkers: tuple[str, ...]
    time_years: float
    prognosis_nats: float
    benefit_nats: float
    cost_eur: float

    @property
    def per_100_eur(self) -> float:
        """Nats on prognosis and benefit together, per 100 EUR."""
        return (self.prognosis_nats + self.benefit_nats) / self.cost_eur * 100.0


@dataclass(frozen=True, kw_only=True)
class MeasurementAdvice:
    """What to measure next, most informative per cost first, and when to come back.

    Attributes:
        patient_id: Whose twin it is.
        candidates: Each set of measurements at each time.
        come_back_years: Time of the next clinic visit, from the last one.
        reason: Why then.
        prior_driven: Whether the visits say too little about this patient's own speed of decline.
        prior_driven_reason: Why.

    Example:
        >>> import qtwin as qt
        >>> twin = qt.Twin.fit(qt.examples.patient(), n_members=64, seed=1)
        >>> advice = twin.next_measurement(seed=1)
        >>> advice.come_back_years > 0.0, len(advice.candidates) > 0
        (True, True)
    """

    patient_id: str
    candidates: tuple[MeasurementOption, ...]
    come_back_years: float
    reason: str
    prior_driven: bool
    prior_driven_reason: str

    @property
    def best(self) -> tuple[MeasurementOption, ...]:
        """Each set of measurements once, at its best time."""
        found: dict[tuple[str, ...], MeasurementOption] = {}
        for c in self.candidates:
            found.setdefault(c.biomarkers, c)
        return tuple(found.values())

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        rows = [
            dataclasses.asdict(c)
            | {"biomarkers": list(c.biomarkers), "nats_per_100_eur": c.per_100_eur}
            for c in self.candidates
        ]
        return {"schema": SCHEMA, **dataclasses.asdict(self), "candidates": rows}

    def to_pandas(self) -> pd.DataFrame:
        """One row a set of measurements and time."""
        import pandas as pd

        return pd.DataFrame(
            [
                row | {"biomarkers": " + ".join(row["biomarkers"])}
                for row in self.to_json()["candidates"]
            ]
        )

    def __repr__(self) -> str:
        first = self.candidates[0]
        return (
            f"MeasurementAdvice({' + '.join(first.biomarkers)} at {first.time_years:g} years:"
            f" {first.per_100_eur:.3f} nats per 100 EUR; come back in "
            f"{self.come_back_years:g} years)"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.to_pandas().to_html(index=False)}"


def _scores(values: Array) -> Array:
    """Normal scores of each column."""
    ranks = stats.rankdata(values, axis=0)
    return np.asarray(stats.norm.ppf((ranks - 0.5) / len(values)))


def information_nats(measured: Array, target: Array) -> float:
    """Mutual information of a Gaussian copula.

    Args:
        measured: (n, k) draws of what is measured, noise included.
        target: (n,) the same draws' quantity of interest.
    """
    if np.ptp(target) == 0.0:
        return 0.0
    correlation = np.atleast_2d(np.corrcoef(_scores(np.column_stack([measured, target])).T))
    whole = np.linalg.slogdet(correlation)[1]
    part = np.linalg.slogdet(correlation[:-1, :-1])[1] if correlation.shape[0] > 2 else 0.0
    bias = measured.shape[1] / (2.0 * len(target))  # of the plug-in estimate under independence
    return float(max(0.0, -0.5 * (whole - part) - bias))


def _noisy(model: DiseaseModel, biomarker: str, values: Array, rng: np.random.Generator) -> Array:
    spec = model.observables[biomarker]
    noise = spec.error * rng.standard_normal(values.shape)
    found = values * np.exp(noise) if spec.scale == "log" else values + noise
    return np.asarray(np.clip(found, 0.0, 30.0) if biomarker == "mmse" else found)


def candidates(
    twin: Twin,
    sets: Sequence[tuple[str, ...]] | None = None,
    times_years: Sequence[float] = VISIT_YEARS,
    *,
    seed: int = 0,
) -> tuple[MeasurementOption, ...]:
    """Expected gain of each set of measurements at each time, under no treatment that acts on the
    disease.

    Args:
        twin: The patient's twin.
        sets: Biomarkers measured together; every single one and the clinic visit where None.
        times_years: From the last visit.
        seed: Seed of the measurement noise.
    """
    model, p = twin.model, twin.posterior
    prices = {k: q.value for k, q in read_quantities("measurements.toml").items()}
    known = [k for k in model.observables if k in prices]
    sets = sets or [*((k,) for k in known), *([CLINIC] if set(CLINIC) <= set(known) else [])]
    grid = np.unique([0.0, *times_years, PROGNOSIS_YEARS])
    n = twin.n_members
    removal = np.stack([np.zeros(n), np.full(n, REFERENCE_REMOVAL_PER_YEAR)])
    states = integrate(model, p.parameters, p.state_now, removal, grid)
    end = model.observe("cdr_sb", states[:, :, int(np.searchsorted(grid, PROGNOSIS_YEARS))])
    prognosis, benefit = np.tile(end[0], _REPLICATES), np.tile(end[0] - end[1], _REPLICATES)
    rng = np.random.default_rng([seed, 21])
    found = []
    for at in times_years:
        now = states[0, :, int(np.searchsorted(grid, at))]
        for biomarkers in sets:
            columns = []
            for key in biomarkers:
                true = model.observe(key, now)
                if key == "mmse":
                    true = np.clip(true + p.offset, 0.0, 30.0)
                columns.append(
                    np.concatenate([_noisy(model, key, true, rng) for _ in range(_REPLICATES)])
                )
            measured = np.column_stack(columns)
            found.append(
                MeasurementOption(
                    biomarkers=tuple(biomarkers),
                    time_years=float(at),
                    prognosis_nats=information_nats(measured, prognosis),
                    benefit_nats=information_nats(measured, benefit),
                    cost_eur=sum(prices[k] for k in biomarkers),
                )
            )
    return tuple(found)


def advise(twin: Twin, *, seed: int = 0) -> MeasurementAdvice:
    """Rank measurements by gain per cost, and say when a clinic visit becomes worth its while."""
    found = candidates(twin, seed=seed)
    measured = tuple(k for k in CLINIC if k in twin.model.observables) or found[0].biomarkers
    clinic = candidates(twin, [measured], (0.0, *VISIT_YEARS), seed=seed)
    again = clinic[0].prognosis_nats
    worth = [c for c in clinic[1:] if c.prognosis_nats - again >= WORTH_A_VISIT_NATS]
    words = " with ".join(biomarker.upper().replace("_", "-") for biomarker in measured)
    if worth and worth[0].time_years <= LATEST_YEARS:
        first = worth[0]
        back = first.time_years
        reason = (
            f"by then {words} is expected to narrow the {PROGNOSIS_YEARS:g}-year forecast "
            "by a tenth more than measuring"
            f" again today would ({first.prognosis_nats:.2f} against {again:.2f} nats)"
        )
    else:
        back = LATEST_YEARS
        when = f"only after {worth[0].time_years:g} years" if worth else "not within 2.5 years"
        reason = (
            f"{when} would {words} narrow the forecast by a tenth more than today; a visit a "
            "year is good practice anyhow"
        )
    driven, why = twin.posterior.prior_driven(twin.model)
    return MeasurementAdvice(
        patient_id=twin.patient.patient_id,
        candidates=tuple(sorted(found, key=lambda c: -c.per_100_eur)),
        come_back_years=back,
        reason=reason,
        prior_driven=driven,
        prior_driven_reason=why,
    )
