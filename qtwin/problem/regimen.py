"""Which drugs together?

The choice that a twin raises, with the constraints a physician would name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.pharmacology.drug import Dose, Regimen
from qtwin.pharmacology.eligibility import Eligibility
from qtwin.pharmacology.ignorance import Ignorance
from qtwin.pharmacology.outcome import BENEFITS, KINDS
from qtwin.pharmacology.panel import PEOPLE, Panel
from qtwin.problem.choice import Choice, Needs, choose_from
from qtwin.problem.choice import candidates as read_candidates
from qtwin.problem.constraint import Constraint
from qtwin.problem.feasible import FeasibleSet, allowed, explain_infeasible
from qtwin.problem.rules import Rules, constraints_for, eligibility_constraints, further_constraints
from qtwin.twin.twin import Twin
from qtwin.twin.twin import kind_weights as weights_by_kind

if TYPE_CHECKING:
    from qtwin.encoding.model import BinaryModel

Over = Literal["people", "ignorance"]


@final
@dataclass(frozen=True, init=False, repr=False, eq=False)
class RegimenProblem:
    """Which drugs together? Choose candidates to maximise the utility on the twin, in QALY.

    Args:
        twin: The twin on which every answer is scored.
        candidates: Drugs by INN ("donepezil"), at one dose ("donepezil:5mg",
            "metoprolol:50mg/12h"), at all the formulary's doses ("donepezil:all"), or `Dose`
            values. A drug without a dose is lowered to what the eligibility rules allow.
        needs: What a regimen has to cover: "from conditions" of the record, or indications by name.
        max_drugs: Most drugs at once.
        horizon_years: Years of treatment; life lost beyond counts too.
        weights: Kind of benefit or harm to its weight (1 where not named), see
            `qtwin.pharmacology.outcome.KINDS`.
        rules: Drugs to keep or stop, pairs to avoid, limits, a budget.
        cvar_alpha: Share of the worst that the objective averages over (conditional value at risk);
            1 is the mean.
        cvar_over: Of what: "people", the worst of the people under each draw of what is not known,
            averaged over the draws; or "ignorance", the worst draws of the mean over people.
        jurisdiction: Whose eligibility rules hold, "US" or "EU".
        lift: Rules of strength "avoid" that shall not exclude, by name.
        rule_sets: Folder with further eligibility rules.
        switching_cost_qaly: Cost of each drug started or stopped.
        seed: Of the sample of feasible choices, where they are too many to list; by default the
            twin's.

    Attributes:
        options: Candidate doses; variable i is options[i].
        going_on: Medicines of the record that are no candidates: taken whatever is chosen; utility
            counts against them alone.
        constraints: Named conditions.
        kind_weights: (18,) weight of each kind of benefit and harm.
        panel: The options' pharmacology on the twin's members, and behind them that of what goes
            on.
        eligibility: Which drugs may be given to this person, by which rule; None where no rule was
            asked.
        current: INNs taken now.
        choice: What may be chosen, with its warnings; None for a generated problem.

    Raises:
        InputError: for unknown drugs, doses or rules; InfeasibleError when no regimen is feasible,
            naming the constraints.

    Example:
        >>> import qtwin as qt
        >>> twin = qt.Twin.fit(qt.examples.patient(), n_members=256)
        >>> drugs = ["donepezil", "metoprolol", "paroxetine", "sertraline"]
        >>> problem = qt.RegimenProblem(twin, drugs, needs=[], max_drugs=2)
        >>> excluded = [c.name for c in problem.constraints if c.name.startswith("eligibility")]
        >>> any("dementia-anticholinergic" in name for name in excluded)
        True
        >>> len(problem.feasible_bits())  # of the other three
        7
    """

    twin: Twin
    options: tuple[Dose, ...]
    constraints: tuple[Constraint, ...]
    horizon_years: float
    kind_weights: NDArray[np.float64]
    panel: Panel
    going_on: tuple[Dose, ...]
    cvar_alpha: float
    cvar_over: Over
    current: tuple[str, ...]
    switching_cost_qaly: float
    eligibility: Eligibility | None
    choice: Choice | None

    def __init__(
        self,
        twin: Twin,
        candidates: Sequence[str | Dose],
        *,
        needs: Needs = "from conditions",
        max_drugs: int = 7,
        horizon_years: float = 1.5,
        weights: Mapping[str, float] | None = None,
        rules: Rules | None = None,
        cvar_alpha: float = 1.0,
        cvar_over: Over = "people",
        jurisdiction: Literal["US", "EU"] = "US",
        lift: Sequence[str] = (),
        rule_sets: str | Path | None = None,
        switching_cost_qaly: float = 0.0,
        seed: int | None = None,
    ) -> None:
        choice = choose_from(
            twin.patient,
            read_candidates(candidates),
            needs=needs,
            max_drugs=max_drugs,
            rules=rules,
            jurisdiction=jurisdiction,
            lift=lift,
            rule_sets=None if rule_sets is None else Path(rule_sets),
            seed=twin.seed if seed is None else seed,
        )
        self._set(
            **_posed(
                twin,
                choice,
                horizon_years=horizon_years,
                weights=weights,
                cvar_alpha=cvar_alpha,
                cvar_over=cvar_over,
                switching_cost_qaly=switching_cost_qaly,
            )
        )

    @classmethod
    def of_choice(
        cls,
        twin: Twin,
        choice: Choice,
        *,
        horizon_years: float = 1.5,
        weights: Mapping[str, float] | None = None,
        cvar_alpha: float = 1.0,
        cvar_over: Over = "people",
        switching_cost_qaly: float = 0.0,
    ) -> RegimenProblem:
        """The problem of a choice that was made up before the twin was built."""
        return cls._of(
            **_posed(
                twin,
                choice,
                horizon_years=horizon_years,
                weights=weights,
                cvar_alpha=cvar_alpha,
                cvar_over=cvar_over,
                switching_cost_qaly=switching_cost_qaly,
            )
        )

    @classmethod
    def _of(cls, **values: Any) -> RegimenProblem:
        made = object.__new__(cls)
        made._set(**values)
        return made

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def replaced(self, **changes: Any) -> RegimenProblem:
        """The same problem with other fields, as `dataclasses.replace` would."""
        return self._of(**({f.name: getattr(self, f.name) for f in fields(self)} | changes))

    def __repr__(self) -> str:
        return (
            f"RegimenProblem({self.n} candidates, {len(self.constraints)} constraints, "
            f"horizon {self.horizon_years:g} years, "
            f"twin of {self.twin.patient.patient_id})"
        )

    @property
    def feasible(self) -> FeasibleSet:
        """Every feasible choice, or a uniform sample where they are too many to list."""
        return (
            allowed(self.n, self.constraints, seed=0)
            if self.choice is None
            else self.choice.feasible
        )

    def to_model(
        self,
        surrogate: str = "quadratic",
        *,
        n_train: int = 600,
        penalty: Literal["proven", "tightest", "unbalanced"] = "proven",
        levels: Literal["one_hot", "binary", "domain_wall"] = "one_hot",
        quadratise: Literal["no", "rosenberg", "freedman", "cover"] = "no",
        seed: int = 0,
    ) -> BinaryModel:
        """A model over bits that solvers minimise, its objective fitted to utilities simulated on
        the twin.

        Args:
            surrogate: "quadratic" or "cubic" (least squares), or another name of
                `qtwin.encoding.surrogate.TABLE`.
            n_train: Regimens simulated for the fit.
            penalty: Weights of broken constraints: proven to suffice, the least that does on this
                instance, or approximate without slack bits.
            levels: Code of options that exclude one another.
            quadratise: How products of three and more become a QUBO.
            seed: Of the regimens that are simulated.

        Raises:
            InputError: for an unknown surrogate, or a penalty that this instance is too large for.
        """
        from qtwin.encoding.build import EncodingOptions, build_model

        options = EncodingOptions(
            surrogate=surrogate,
            n_train=n_train,
            penalty=penalty,
            levels=levels,
            quadratise=quadratise,
        )
        return build_model(self, options, seed=seed)

    @property
    def n(self) -> int:
        """Number of options."""
        return len(self.options)

    @property
    def n_course_numbers(self) -> int:
        """Numbers of the disease model that differ between the members of the posterior."""
        return int(self.twin.posterior.latent.shape[1])

    def feasible_bits(self) -> NDArray[np.uint8]:
        """(k, n) all feasible choices.

        Raises:
            InfeasibleError: if there is none, naming the constraints in the way.
            InputError: if there are too many to list, with their number.
        """
        found = self.feasible
        if not len(found.bits):
            raise explain_infeasible(self.n, self.constraints)
        if not found.complete:
            raise found.refusal()
        return found.bits

    def is_feasible(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(m,) whether each choice satisfies every constraint."""
        return np.asarray(np.all([c.holds(bits) for c in self.constraints], axis=0))

    def rows(self, bits: NDArray[np.generic]) -> NDArray[np.uint8]:
        """(m, n) choices as (m, n + g) rows over the panel: what goes on is in each."""
        chosen = np.asarray(bits, dtype=np.uint8)
        return np.concatenate(
            [chosen, np.ones((len(chosen), len(self.going_on)), dtype=np.uint8)], axis=1
        )

    def kinds(
        self, bits: NDArray[np.generic], *, beyond: bool = True
    ) -> Iterator[NDArray[np.float64]]:
        """Stream (chunk, m, 18) QALY by kind of each choice, against taking nothing but what goes
        on.
        """
        found = self.twin.kinds(
            self.panel, self.rows(bits), horizon_years=self.horizon_years, beyond=beyond
        )
        if not self.going_on:
            yield from found
            return
        nothing = np.zeros((1, self.n), dtype=np.uint8)
        alone = next(
            self.twin.kinds(
                self.panel, self.rows(nothing), horizon_years=self.horizon_years, beyond=beyond
            )
        )
        for kinds in found:
            yield kinds - alone

    def by_draw(self, bits: NDArray[np.generic], *, beyond: bool = True) -> NDArray[np.float64]:
        """(r, e) utility of each choice under each draw of what is not known: the mean over people,
        less the cost of switching.

        Where the objective guards against the worst people, it is the mean of the worst
        `cvar_alpha` of them.
        """
        found = [
            self._by_draw(kinds @ self.kind_weights) for kinds in self.kinds(bits, beyond=beyond)
        ]
        values = np.concatenate(found) if found else np.empty((0, self.panel.n_draws))
        return np.asarray(values - self.switching_cost(bits)[:, None])

    def objective(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(r,) utility in QALY, simulated on the twin: the mean over all that is not known, or over
        its worst `cvar_alpha`.
        """
        return self.of_draws(self.by_draw(bits))

    def of_draws(self, by_draw: NDArray[np.float64]) -> NDArray[np.float64]:
        """(r, e) utility under each draw to the (r,) objective."""
        if self.cvar_alpha < 1.0 and self.cvar_over == "ignorance":
            return worst(by_draw, self.cvar_alpha)
        return np.asarray(by_draw.mean(axis=1))

    def _by_draw(self, utility: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.cvar_alpha < 1.0 and self.cvar_over == "people":
            edges = np.arange(0, self.panel.n_members, PEOPLE)
            parts = np.split(utility, edges[1:], axis=1)
            return np.column_stack([worst(part, self.cvar_alpha) for part in parts])
        return self.panel.mean_by_draw(utility)

    def switching_cost(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m,) QALY for every drug started or stopped against those taken now."""
        if self.switching_cost_qaly == 0.0:
            return np.zeros(len(bits))
        rows, changes = np.asarray(bits) > 0, np.zeros(len(bits))
        for inn in sorted({*self.current, *(o.drug.inn for o in self.options)}):
            taken = rows[:, [o.drug.inn == inn for o in self.options]].any(axis=1)
            changes += taken != (inn in self.current)
        return self.switching_cost_qaly * changes

    def benefit_and_harm(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(m, 2) posterior-mean QALY of the kinds of benefit and of the kinds of harm (as positive
        losses), weighted.
        """
        good = np.array([kind in BENEFITS for kind in KINDS])
        found = [
            self.panel.mean_by_draw(np.moveaxis(kinds, 1, 2)).mean(axis=2) * self.kind_weights
            for kinds in self.kinds(bits)
        ]
        kinds = np.concatenate(found) if found else np.empty((0, len(KINDS)))
        return np.column_stack([kinds[:, good].sum(axis=1), -kinds[:, ~good].sum(axis=1)])

    def member_utility(self, bits: NDArray[np.generic]) -> NDArray[np.float64]:
        """(r, m) utility of each choice in each member, for a few choices."""
        return np.concatenate([kinds @ self.kind_weights for kinds in self.kinds(bits)])

    def thinned(self, n_members: int) -> RegimenProblem:
        """The same question on fewer posterior members, every k-th of them, for when very many
        choices are simulated.
        """
        twin = self._with_members(self._some(n_members))
        return self.replaced(twin=twin, panel=twin.panel((*self.options, *self.going_on)))

    def _some(self, n_members: int) -> NDArray[np.int64]:
        """Rows of so many posterior members, evenly spread."""
        have = self.twin.n_members
        return np.linspace(0, have - 1, min(n_members, have)).round().astype(np.int64)

    def _with_members(self, rows: NDArray[np.int64]) -> Twin:
        p = self.twin.posterior
        kept = {
            name: getattr(p, name)[rows]
            for name in ("latent", "parameters", "state_first", "state_now", "weights")
        }
        kept["weights"] = kept["weights"] / kept["weights"].sum()
        return replace(self.twin, posterior=replace(p, **kept))

    def changes_course(self, bits: NDArray[np.generic]) -> NDArray[np.bool_]:
        """(r,) whether each choice holds a drug that changes the course of the disease, with an
        indication.
        """
        changing = self.panel.removal_counted[:, : self.n].any(axis=0)
        return np.asarray((np.asarray(bits)[:, changing] > 0).any(axis=1))

    def courses(self, n_courses: int) -> Iterator[RegimenProblem]:
        """The same question under the same draws, for each of some posterior members as the known
        course of the disease.
        """
        asked = self.under(self.panel.ignorance)
        for row in self._some(n_courses):
            yield asked.replaced(twin=self._with_members(np.full(PEOPLE, row)))

    def discounted(self, rate_per_year: float) -> RegimenProblem:
        """The same question where what comes later counts less by another rate."""
        return self.replaced(panel=replace(self.panel, discount_per_year=rate_per_year, _spans={}))

    def under(self, ignorance: Ignorance) -> RegimenProblem:
        """The same question under other draws of what is not known."""
        return self.replaced(
            panel=self.twin.panel((*self.options, *self.going_on), ignorance=ignorance)
        )

    def regimen(self, bits: NDArray[np.generic]) -> Regimen:
        """The doses of one (n,) choice."""
        return Regimen(doses=tuple(self.options[i] for i in np.flatnonzero(bits)))


def _posed(
    twin: Twin,
    choice: Choice,
    *,
    horizon_years: float,
    weights: Mapping[str, float] | None,
    **rest: Any,
) -> dict[str, Any]:
    return {
        "twin": twin,
        "options": choice.options,
        "constraints": choice.constraints,
        "horizon_years": horizon_years,
        "kind_weights": weights_by_kind(dict(weights or {})),
        "panel": twin.panel((*choice.options, *choice.going_on)),
        "going_on": choice.going_on,
        "current": tuple(d.drug.inn for d in choice.current),
        "eligibility": choice.eligibility,
        "choice": choice,
        **rest,
    }


def worst(values: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """(r, n) values to the (r,) mean of the worst `alpha` of each row (Rockafellar and Uryasev
    2000, J Risk 2:21).
    """
    n = values.shape[1]
    ordered = np.sort(values, axis=1)
    counted = np.clip(alpha * n - np.arange(n), 0.0, 1.0)
    return np.asarray(ordered @ counted / (alpha * n))


def pose(
    twin: Twin,
    options: Sequence[Dose],
    *,
    needs: Sequence[str],
    max_drugs: int,
    horizon_years: float,
    kind_weights: NDArray[np.float64],
    rules: Rules | None = None,
    cvar_alpha: float = 1.0,
    cvar_over: Over = "people",
    current: Sequence[str] = (),
    switching_cost_qaly: float = 0.0,
    going_on: Sequence[Dose] = (),
    eligibility: Eligibility | None = None,
) -> RegimenProblem:
    """The regimen problem of one twin.

    Raises:
        InputError: for rules that name no candidate.
    """
    return RegimenProblem._of(
        twin=twin,
        options=tuple(options),
        constraints=(
            *constraints_for(options, needs=needs, max_drugs=max_drugs),
            *further_constraints(options, rules or Rules()),
            *(eligibility_constraints(options, eligibility) if eligibility is not None else ()),
        ),
        horizon_years=horizon_years,
        kind_weights=kind_weights,
        panel=twin.panel((*options, *going_on)),
        going_on=tuple(going_on),
        cvar_alpha=cvar_alpha,
        cvar_over=cvar_over,
        current=tuple(current),
        switching_cost_qaly=switching_cost_qaly,
        eligibility=eligibility,
        choice=None,
    )
