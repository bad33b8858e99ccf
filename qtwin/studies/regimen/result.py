"""The result of a regimen study, typed.

Utilities are in QALY against no drug, or against what goes on alone.

Intervals named `low` and `high` are 95 %: credible ones of the posterior, Beta ones of rates.
"""

from __future__ import annotations

import html
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from qtwin.benchmark.checkpoint import write_atomically
from qtwin.errors import InputError, unknown_name
from qtwin.studies.result import Part, StudyResult

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.report.chart import Figure

SCHEMA = "qtwin.result/1"
Number = float | None
"""None where it could not be computed."""


class DoseRow(Part):
    """A drug at a dose."""

    inn: str
    amount_mg: float
    interval_h: float


class RuleFinding(Part):
    """An eligibility rule that holds for this person."""

    inn: str
    partner: str
    rule: str
    strength: str
    gravity: int
    text: str
    source: str


class ExcludedDose(DoseRow):
    """A candidate that rules keep out, the strongest rule first."""

    because: tuple[RuleFinding, ...]


class WithoutIndication(Part):
    """A candidate whose wanted effect accrues nothing to this person, and what it would need."""

    inn: str
    component: str
    needs: str


class StartingDose(Part):
    """A dose to begin with, below the chosen one."""

    inn: str
    start_daily_mg: float


class EligibilityPart(Part):
    """Whose rules hold, and what they could not decide."""

    jurisdiction: str
    not_known: tuple[str, ...]
    starting_doses: tuple[StartingDose, ...]
    needs_left: tuple[str, ...]


class NearlyBest(Part):
    """One regimen of the smallest set that holds 90 % of P(optimal)."""

    drugs: tuple[DoseRow, ...]
    p_optimal: float
    expected_regret_qaly: float


class GroupValue(Part):
    """What it would be worth to know a group of numbers exactly (EVPPI)."""

    group: str
    value_qaly: float
    n_numbers: int


class TornadoBar(Part):
    """One number moved to its 5th and 95th percentile, alone."""

    number: str
    unit: str
    status: str
    source: str
    value: float
    low: float
    high: float
    regret_low_qaly: float
    regret_high_qaly: float
    best_low: tuple[str, ...]
    best_high: tuple[str, ...]
    best_median: tuple[str, ...]
    flips: bool
    end: str


class RivalRegimen(Part):
    """The regimen that exchanges one drug of the choice for another, and the share of the draws in
    which it is better.
    """

    take: DoseRow
    instead_of: DoseRow
    p_better: float
    nearly_equal: bool


class IgnoranceSplit(Part):
    """P(optimal) and value of learning of the course of the disease and of the numbers of drugs,
    risks and values, apart.
    """

    n_courses: int
    n_draws: int
    p_optimal_course_unknown: float
    p_optimal_numbers_unknown: float
    p_optimal_both_unknown: float
    evppi_course_qaly: float
    evppi_numbers_qaly: float


class DiscountRow(Part):
    """The choice at another discount rate."""

    rate_per_year: float
    best: tuple[str, ...]
    regret_qaly: float


class CertaintyPart(Part):
    """How sure the choice is."""

    p_optimal: float
    p_optimal_se: float
    n_draws: int
    n_optima: int
    complete: bool
    expected_regret_qaly: float
    regret_95_qaly: float
    evpi_qaly: float
    evppi: tuple[GroupValue, ...]
    rival: RivalRegimen | None
    split: IgnoranceSplit
    discount: tuple[DiscountRow, ...]
    tornado: tuple[TornadoBar, ...]
    set90: tuple[NearlyBest, ...]


class Worth(Part):
    """Utility of the choice, over the remaining life and within the horizon."""

    remaining_life_qaly: float
    within_horizon_qaly: float
    horizon_years: float


class PatientPart(Part):
    """Whom it is about, as far as a page may say."""

    patient_id: str
    synthetic: bool
    understood: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


class LatentRow(Part):
    """A latent variable of the disease model: prior and posterior."""

    parameter: str
    unit: str
    prior_mean: float
    prior_sd: float
    posterior_mean: float
    posterior_sd: float
    contraction: float


class ObservedPoint(Part):
    """A measurement; time 0 is the last visit."""

    biomarker: str
    time_years: float
    value: float
    unit: str


class Band(Part):
    """Median and 95 % band over time."""

    biomarker: str
    unit: str
    time_years: tuple[float, ...]
    low: tuple[float, ...]
    median: tuple[float, ...]
    high: tuple[float, ...]


class FitPart(Part):
    """How the model runs through the visits."""

    observed: tuple[ObservedPoint, ...]
    bands: tuple[Band, ...]


class Ratio(Part):
    """Median with its interval."""

    low: float
    median: float
    high: float


class KineticsRow(Part):
    """A candidate's steady state in this patient."""

    inn: str
    label: str
    concentration_ng_per_mL: Ratio
    exposure_ratio: float
    exposure_ratio_current: float
    inhibited_by: tuple[str, ...]


class TwinPart(Part):
    """The twin: what the visits changed, and kinetics."""

    disease_model: str
    n_members: int
    effective_sample_size: float
    method: str
    prior_driven: bool
    prior_driven_reason: str
    posterior: tuple[LatentRow, ...]
    fit: FitPart
    kinetics: tuple[KineticsRow, ...]


class CandidateRow(Part):
    """Variable `index` of every model."""

    index: int
    label: str
    inn: str
    drug_class: str
    indications: tuple[str, ...]


class ConstraintRow(Part):
    """A named condition and the options it is about."""

    name: str
    kind: str
    reason: str
    members: tuple[str, ...]


class ProblemPart(Part):
    """What is asked."""

    candidates: tuple[CandidateRow, ...]
    constraints: tuple[ConstraintRow, ...]
    n_feasible: int
    n_feasible_interval: tuple[int, int]
    n_simulated: int
    complete: bool
    n_possible: int
    max_drugs: int
    horizon_years: float
    objective: str
    unit: str
    weights: dict[str, float]
    enumeration: str


class PenaltyRow(Part):
    """One constraint as a penalty."""

    constraint: str
    weight: float
    sufficient_weight: float
    reason: str


class PenaltyCheck(Part):
    """What looking at every assignment says of the penalties."""

    lowest_feasible_energy: Number
    lowest_infeasible_energy: Number
    checked_assignments: int
    holds: bool
    tightest_weight: float
    text: str


class Accuracy(Part):
    """How well an encoded objective tells regimens apart that its fit never saw."""

    n_train: int
    n_held_out: int
    r2: Number
    rank_correlation: Number
    top_overlap: float
    regret: float
    max_error: float


class SurrogateRow(Part):
    """One surrogate held against the twin."""

    name: str
    degree: int
    n_terms: int
    n_simulated: int
    certified: bool
    words: str
    accuracy: Accuracy
    regret_low: float
    regret_high: float


class Scatter(Part):
    """Encoded against simulated utility."""

    encoded: tuple[float, ...]
    true: tuple[float, ...]
    trained: tuple[bool, ...]


class Spectrum(Part):
    """Variance of the utility by order of interaction."""

    n: int
    options: tuple[str, ...]
    left_out: tuple[str, ...]
    n_members: int
    share: tuple[float, ...]
    explained: tuple[float, ...]
    largest: tuple[float, ...]
    allowed_explained: tuple[float, ...]


class EncodingPart(Part):
    """The model that the solvers saw."""

    n_variables: int
    n_decision: int
    n_slack: int
    n_auxiliary: int
    variables: tuple[str, ...]
    n_terms: int
    degree: int
    coefficient_min: float
    coefficient_max: float
    penalties: tuple[PenaltyRow, ...]
    sufficiency: PenaltyCheck | None
    accuracy: Accuracy | None
    scatter: Scatter
    penalty: str
    surrogate: str
    surrogates: tuple[SurrogateRow, ...]
    spectrum: Spectrum | None


class Rate(Part):
    """A success rate with its 95 % credible interval; without one, and `no_interval` says why,
    where there are too few trials.
    """

    value: float
    low: Number
    high: Number
    no_interval: str
    level: float
    successes: int
    trials: int
    target: str


class Estimated(Part):
    """A mean with its standard error."""

    value: float
    standard_error: float


class Seconds(Part):
    """A time, or a number of shots, with its interval; None is never, or no interval."""

    value: Number
    low: Number
    high: Number


class QpuTime(Part):
    """The answer on an idealised quantum processor; `unknown` says why there is no time."""

    shot_s: Number
    shots: int
    training_shots: int
    run_s: Number
    to_solution_s: Seconds | None
    two_qubit_depth: int | None
    lattice: str
    unknown: str
    assumptions: str


class SolverRow(Part):
    """One solver's answer, played on the twin."""

    name: str
    backend: str
    label: str
    kind: Literal["classical", "quantum", "null"]
    status: str
    proven: bool
    scope: Literal["encoding", "twin"]
    feasible: bool
    regimen: tuple[str, ...] | None
    bits: tuple[int, ...] | None
    objective_twin: Number
    objective_encoded: Number
    energy: Number
    bound: Number
    regret_twin: Number
    wall_s: dict[str, float]
    total_wall_s: float
    shots: int
    evaluations: int
    seed: int
    success_probability: Rate | None
    success_probability_encoded: Rate | None
    feasible_share: Rate | None
    mean_energy: Estimated | None
    time_to_solution_s: Seconds | None
    shots_to_solution: Seconds | None
    read_time_to_solution_s: Seconds | None
    qpu: QpuTime | None
    trace: tuple[tuple[float, int, Number], ...]
    info: dict[str, Any]
    offences: dict[str, str]


class AgreementRow(Part):
    """One backend that ran the same ansatz at the same angles."""

    backend: str
    exact: float
    sampled: float
    standard_error: float
    deviation_in_se: float


class Agreement(Part):
    """Whether backends agree on the same circuit."""

    theta: tuple[float, ...]
    rows: tuple[AgreementRow, ...]
    max_exact_difference: float
    tolerance: float
    agree: bool
    text: str


class Interval(Part):
    """A posterior mean with its credible interval."""

    mean: float
    low: float
    high: float


class KindRow(Interval):
    """One kind of benefit or harm."""

    kind: str
    group: Literal["benefit", "harm"]


class ExposureRow(Part):
    """Exposure over the same dose in the reference person."""

    label: str
    exposure_ratio: Ratio


class PlayedRegimen(Part):
    """A regimen played on the twin."""

    key: str
    title: str
    drugs: tuple[str, ...]
    feasible: bool
    infeasible_because: tuple[str, ...]
    utility: Interval
    kinds: tuple[KindRow, ...]
    course: tuple[Band, ...]
    kinetics: tuple[ExposureRow, ...]


class FrontPoint(Part):
    """A regimen that no other beats in benefit and harm."""

    regimen: tuple[str, ...]
    benefit: float
    harm: float


class BenefitHarm(Part):
    """Benefit against harm (QALY)."""

    benefit: float
    harm: float


class Pareto(Part):
    """Benefit against harm of the simulated regimens."""

    benefit: tuple[float, ...]
    harm: tuple[float, ...]
    front: tuple[FrontPoint, ...]
    chosen: BenefitHarm


class TopRegimen(Part):
    """One of the best regimens by mean utility."""

    rank: int
    drugs: tuple[str, ...]
    utility: Interval
    probability_best: float


class Comparison(StudyResult):
    """What a regimen study found: the recommendation, how sure it is, and who of the solvers found
    it.

    `verdict` says what the twin recommends and for whom, `solver_verdict` who proved it. `alarms`
    is not empty where a solver's proof or bound was false.

    Example:
        >>> import qtwin as qt
        >>> sorted(set(qt.Comparison.model_fields) & {'verdict', 'p_optimal', 'solvers'})
        ['p_optimal', 'solvers', 'verdict']
    """

    schema_: Literal["qtwin.result/1"] = Field(default="qtwin.result/1", alias="schema")
    spec: dict[str, Any] | None
    spec_hash: str
    versions: dict[str, str]
    command: str
    data_version: str
    seed: int
    created: str
    machine: dict[str, Any]
    verdict: str
    verdict_points: tuple[str, ...]
    chosen: tuple[DoseRow, ...]
    going_on: tuple[DoseRow, ...]
    excluded: tuple[ExcludedDose, ...]
    without_indication: tuple[WithoutIndication, ...]
    cautions: tuple[RuleFinding, ...]
    eligibility: EligibilityPart
    p_optimal: float
    set90: tuple[NearlyBest, ...]
    certainty: CertaintyPart
    worth: Worth
    solver_verdict: str
    solver_points: tuple[str, ...]
    winner: str
    alarms: tuple[str, ...]
    warnings: tuple[str, ...]
    solvers: tuple[SolverRow, ...]
    agreement: Agreement | None
    regimens: tuple[PlayedRegimen, ...]
    top: tuple[TopRegimen, ...]
    pareto: Pareto
    patient: PatientPart
    twin: TwinPart
    problem: ProblemPart
    encoding: EncodingPart
    hardware: dict[str, Any] | None
    wall_s: dict[str, float]

    def to_pandas(
        self, table: Literal["solvers", "regimens", "set90", "excluded"] = "solvers"
    ) -> pd.DataFrame:
        """A table of the result.

        Args:
            table: "solvers", a row each with what it found, cost and how often a shot was the best;
                "regimens", the best ones by mean utility; "set90", the smallest set that holds 90 %
                of P(optimal); "excluded", candidates that rules keep out.
        """
        import pandas as pd

        if table == "solvers":
            rows: list[dict[str, Any]] = [
                {
                    "solver": r.label,
                    "kind": r.kind,
                    "status": r.status,
                    "proven": r.proven,
                    "feasible": r.feasible,
                    "regimen": " + ".join(r.regimen or ()),
                    "utility_qaly": r.objective_twin,
                    "regret_qaly": r.regret_twin,
                    "energy": r.energy,
                    "p_best_per_shot": None
                    if r.success_probability is None
                    else r.success_probability.value,
                    "p_best_low": None
                    if r.success_probability is None
                    else r.success_probability.low,
                    "p_best_high": None
                    if r.success_probability is None
                    else r.success_probability.high,
                    "shots": r.shots,
                    "shots_to_solution": None
                    if r.shots_to_solution is None
                    else r.shots_to_solution.value,
                    "qpu_seconds_to_solution": None
                    if r.qpu is None or r.qpu.to_solution_s is None
                    else r.qpu.to_solution_s.value,
                    "seconds": r.total_wall_s,
                }
                for r in self.solvers
            ]
        elif table == "regimens":
            rows = [
                {"rank": t.rank, "regimen": " + ".join(t.drugs)}
                | {f"{k}_qaly": v for k, v in t.utility.to_json().items()}
                for t in self.top
            ]
        elif table == "set90":
            rows = [
                {
                    "regimen": " + ".join(
                        f"{d.inn} {d.amount_mg:g} mg /{d.interval_h:g} h" for d in s.drugs
                    ),
                    "p_optimal": s.p_optimal,
                    "expected_regret_qaly": s.expected_regret_qaly,
                }
                for s in self.set90
            ]
        else:
            rows = [
                {
                    "inn": e.inn,
                    "amount_mg": e.amount_mg,
                    "interval_h": e.interval_h,
                    "strength": e.because[0].strength,
                }
                | {
                    "rule": e.because[0].rule,
                    "text": e.because[0].text,
                    "source": e.because[0].source,
                }
                for e in self.excluded
            ]
        return pd.DataFrame(rows)

    def to_html(self, path: str | Path = "report.html") -> Path:
        """The report as one page that opens offline.

        Raises:
            QtwinError: for a file that cannot be written.
        """
        from qtwin.report import figures, page

        plain, target = self.to_json(), Path(path)
        text = page.render(plain, figures.draw(plain))
        write_atomically(target, lambda p: _write(p, text))
        return target

    def figure(self, name: str = "solver_comparison") -> Figure:
        """One figure of the page; `.save("name.pdf")` writes it for a paper (.svg, .pdf, .png,
        .json, .csv).

        Args:
            name: "solver_comparison", "benefit_harm", "pareto", "p_optimal", "tornado",
                "patient_course", "twin_fit", "encoded_against_true" or "interaction_spectrum".

        Raises:
            InputError: for an unknown figure, or one that this result has no numbers for.
        """
        from qtwin.report import figures

        if name not in figures.TABLE:
            raise unknown_name("figure", name, figures.TABLE)
        found = figures.TABLE[name](self.to_json())
        if found is None:
            raise InputError(
                f"this result has no numbers for the figure {name!r}",
                hint="run with its part switched on",
            )
        return found

    def plot(self, name: str = "solver_comparison") -> Any:
        """One figure as an Altair chart, for a notebook; see `figure` for the names and for
        files.
        """
        return self.figure(name).plot()

    def __repr__(self) -> str:
        return f"Comparison({self.verdict} {self.solver_verdict})"

    def _repr_html_(self) -> str:
        points = "".join(f"<li>{html.escape(p)}</li>" for p in self.verdict_points)
        shown = self.to_pandas()[
            ["solver", "status", "utility_qaly", "regret_qaly", "p_best_per_shot", "seconds"]
        ]
        return (
            f"<p><b>{html.escape(self.verdict)}</b></p><ul>{points}</ul><p>{html.escape(self.solver_verdict)}</p>"
            f"{shown.to_html(index=False)}<p>Research software: not a medical device, not "
            "for prescribing.</p>"
        )


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
