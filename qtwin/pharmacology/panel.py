"""A panel: the numbers of some dose options for one person, under draws of what is not known and of
how people differ.

All regimens over the same options read the same panel, so two regimens are always compared on the
same members (common random numbers), which is what makes small utility differences visible. Member
j is draw j // K of the ignorance and person j % K of K people; the same people appear under every
draw, so what differs between the means of draws is ignorance alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from qtwin.pharmacology.benefit import COMPONENTS, accrues
from qtwin.pharmacology.drug import RECEPTORS, ROUTES, Dose, Drug
from qtwin.pharmacology.facts import Facts
from qtwin.pharmacology.ignorance import Ignorance, OneAtATime, Sampled
from qtwin.pharmacology.kinetics import mean_steady_state_ng_per_mL, turnover
from qtwin.pharmacology.outcome import CONSTANTS, EVENTS, OUTCOMES, outcome_table
from qtwin.pharmacology.quantity import Quantity
from qtwin.pharmacology.risk import Prospects, Span, hazard_parts, span

Array = NDArray[np.float64]
PEOPLE = 8
"""People under each draw of the ignorance: strata of the distribution between people."""
_WHOLE = 0.99
"""The largest part of a clearance that known routes may be drawn to carry: who lacks them all still
clears the drug.
"""
RESPONSES = ("mood", "behaviour", "pain", "bladder", "reflux")
"""Effects that are a response or none: a drug multiplies its odds."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """What pharmacology needs to know of a patient.

    Attributes:
        activity: (8,) activity of each of `ROUTES` relative to the reference person.
        apoe_e4_share: Probability of 0, 1 and 2 copies of APOE e4; (0, 1, 0) where one copy is
            known.
        hazards_per_year: Outcome to hazard without drugs; death is in `prospects`.
        prospects: Survival and cognition without drugs.
        facts: What decides under which conditions a benefit accrues.
        systolic_mmHg: Systolic pressure now.
        beta1_gain: Response of the beta-1 receptor over that of ADRB1 Arg389; 1 unless exploratory
            variants are asked for.
    """

    activity: Array
    apoe_e4_share: tuple[float, float, float]
    hazards_per_year: Mapping[str, float]
    prospects: Prospects
    facts: Facts
    systolic_mmHg: float = 140.0
    beta1_gain: float = 1.0


class Kinetics(NamedTuple):
    """Arrays of e draws, n options and 8 routes for the kernel; `variability` is of K people."""

    relative: Array  # (n,) dose rate over the reference dose's
    fractions: Array  # (e, n, 8) of clearance
    activation: Array  # (e, n, 8) of the active metabolite's formation
    metabolite_share: Array  # (e, n) of the wanted effect that the active metabolite carries
    harm_share: Array  # (e, n) of the harms beside receptors
    inhibition_odds: Array  # (e, n, 8) at the reference dose
    inhibition_saturation: Array  # (e, n, 8) see `qtwin.pharmacology.kinetics.inhibition`
    variability: Array  # (K, n) exposure multiplier


class Effects(NamedTuple):
    """Arrays of e draws and n options for the kernel; at the reference dose in the reference person
    where nothing is said.
    """

    # (e, n, 7) unbound concentration over K at the reference-person exposure of the option
    receptor_odds: Array
    adas_max: Array  # (e, n) points of benefit, 0 where none accrues
    adas_drive: Array  # (e, n) concentration over EC50
    opposed: Array  # (n,) 1 where an antimuscarinic competes with the effect
    response_log_odds: Array  # (e, n, 5) of `RESPONSES`
    pressure_fall: Array  # (e, n) mmHg
    heart_rate_fall: Array  # (e, n) fraction, beside the beta-1 receptor
    qt_ms: Array  # (e, n)
    intolerance_hazard: Array  # (e, n) -log(1 - excess probability)
    acb: Array  # (n,)
    aria_hazard: Array  # (e, n) cumulative excess hazard of ARIA by the end of a trial
    hazard_log_ratio: Array  # (e, n, 7)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """What `qtwin.pharmacology.response` reads.

    Attributes:
        options: The dose options.
        person: The patient.
        ignorance: The draws, with every number that was drawn.
        n_members: Members; ceil(n_members / K) draws.
        kinetics, effects: Arrays for the kernel.
        concentration: (n,) mean steady-state concentration (ng/mL) in the reference person, at the
            median of what is believed.
        removal_per_year: (m, n) amyloid removal; `removal_counted` is 0 where no benefit accrues
            from it.
        constants: (e, c) of `CONSTANTS`; the factor on mortality holds what is not known of the
            stage's ratio too.
        hazards: (e, 7) yearly hazard of each of `OUTCOMES` without drugs; death is in the span.
        discount_per_year: Continuous rate at which what comes later counts less; None for the
            table's.
        counts: Benefit that does not depend on the drug, such as rate control, to whether it
            accrues.
        unmodelled: INN to the wanted effects that the twin does not value.
    """

    options: tuple[Dose, ...]
    person: Person
    ignorance: Ignorance
    n_members: int
    kinetics: Kinetics
    effects: Effects
    concentration: Array
    removal_per_year: Array
    removal_counted: Array
    constants: Array
    hazards: Array
    counts: Mapping[str, bool]
    discount_per_year: float | None = None
    _spans: dict[tuple[float, bool], tuple[Span, Array]] = field(default_factory=dict)

    @property
    def n_draws(self) -> int:
        """Draws of the ignorance."""
        return self.ignorance.n

    @property
    def draw_of(self) -> NDArray[np.int64]:
        """(m,) the draw of each member."""
        return np.arange(self.n_members) // PEOPLE

    def constant(self, name: str) -> Array:
        """(e,) values of one constant."""
        return self.constants[:, CONSTANTS.index(name)]

    def mean_by_draw(self, values: Array) -> Array:
        """(..., m) values of members to the (..., e) means over the people of each draw."""
        starts = np.arange(0, self.n_members, PEOPLE)
        counts = np.diff(np.append(starts, self.n_members))
        return np.asarray(np.add.reduceat(values, starts, axis=-1) / counts)

    def stopped_for_aria(self, bits: NDArray[np.generic], horizon_years: float) -> Array:
        """(r, e) share of the disease-modifying benefit that is lost because MRI shows ARIA and
        treatment stops.

        ARIA comes early (see `aria_share`), so who stops loses nearly the whole of it.
        """
        hazard = (
            np.asarray(bits, dtype=np.float64) * self.kinetics.relative
        ) @ self.effects.aria_hazard.T
        happened = -np.expm1(-hazard * aria_share(self.constant("aria_years"), horizon_years))
        return np.asarray(happened * self.constant("aria_stop"))

    def span(self, horizon_years: float, *, beyond: bool = True) -> tuple[Span, Array]:
        """Survival over a horizon, and the (e, 8) QALY lost by each of `EVENTS`, discounted; made
        once for each horizon.

        Args:
            horizon_years: How long drugs are taken.
            beyond: Whether life after the horizon counts.
        """
        key = (horizon_years, beyond)
        if key not in self._spans:
            table, draw = outcome_table(), self.ignorance.draw
            lived = span(
                self.person.prospects,
                horizon_years=horizon_years,
                hazard_factor=self.constant("mortality_factor"),
                utility_base=self.constant("utility_base"),
                utility_per_mmse=self.constant("utility_per_mmse"),
                discount_per_year=table.constant["discount_rate"].value
                if self.discount_per_year is None
                else self.discount_per_year,
                beyond=beyond,
            )
            loss = np.zeros((self.n_draws, len(EVENTS)))
            for k, name in enumerate(EVENTS):
                event = table.event[name]
                fatality, lower, years = (
                    draw(getattr(event, part), f"event {name} {part}", group="value")
                    for part in ("fatality", "utility_loss", "duration_years")
                )
                loss[:, k] = fatality * lived.at_event + (1.0 - fatality) * lower * lived.lived(
                    years
                )
            self._spans[key] = (lived, loss)
        return self._spans[key]


TRIAL_YEARS = 1.5
"""Time to which the probabilities of ARIA refer."""


def aria_share(time_constant_years: Array, horizon_years: float) -> Array:
    """Cumulative hazard of ARIA by a time over that by the end of a trial: it falls exponentially
    from the first infusion on.
    """
    return np.asarray(
        np.expm1(-horizon_years / time_constant_years)
        / np.expm1(-TRIAL_YEARS / time_constant_years)
    )


def _strata(name: str, seed: int) -> Array:
    """(K,) midpoints of K equal strata of the standard normal, in an order of their own for each
    name.
    """
    order = np.random.default_rng([seed, *name.encode()]).permutation(PEOPLE)
    return np.asarray(ndtri((order + 0.5) / PEOPLE))


def group_of(section: str, key: str, value: float = 0.0) -> str:
    """What kind of knowledge a number of a drug is."""
    if section in (
        "kinetics",
        "metabolism",
        "activation",
        "inhibits",
        "inactivates",
        "active_metabolite",
    ):
        return "kinetics"
    if section == "affinity":
        return "receptors"
    if section == "hazard_ratio":
        return "harm" if value >= 1.0 else "efficacy"
    harms = ("intolerance", "qt_prolongation", "heart_rate_fall")
    return "harm" if key in harms or key.startswith("aria") else "efficacy"


def _constant_group(name: str) -> str:
    return (
        "value"
        if "utility" in name
        else "baseline risk"
        if name == "mortality_factor"
        else "response"
    )


def build_panel(
    options: Sequence[Dose],
    person: Person,
    *,
    n_members: int,
    seed: int,
    ignorance: Ignorance | None = None,
) -> Panel:
    """Draw what is not known and how people differ, and lay the options out as arrays.

    Each number has its own random stream, named by its place, so that adding a candidate leaves the
    others' draws alone.

    Args:
        options: The candidate doses; options of one drug share its draws.
        person: The patient.
        n_members: Members, `PEOPLE` under each draw.
        seed: Seed of all draws.
        ignorance: The draws; by default as many as the members need.
    """
    drawn = ignorance or Sampled(n=-(-n_members // PEOPLE), seed=seed)
    if ignorance is not None:
        n_members = drawn.n * PEOPLE
    n, e = len(options), drawn.n
    kinetics = Kinetics(
        relative=np.array([o.relative for o in options]),
        fractions=np.zeros((e, n, len(ROUTES))),
        activation=np.zeros((e, n, len(ROUTES))),
        metabolite_share=np.zeros((e, n)),
        harm_share=np.zeros((e, n)),
        inhibition_odds=np.zeros((e, n, len(ROUTES))),
        inhibition_saturation=np.zeros((e, n, len(ROUTES))),
        variability=np.ones((PEOPLE, n)),
    )
    effects = Effects(
        receptor_odds=np.zeros((e, n, len(RECEPTORS))),
        adas_max=np.zeros((e, n)),
        adas_drive=np.zeros((e, n)),
        opposed=np.zeros(n),
        response_log_odds=np.zeros((e, n, len(RESPONSES))),
        pressure_fall=np.zeros((e, n)),
        heart_rate_fall=np.zeros((e, n)),
        qt_ms=np.zeros((e, n)),
        intolerance_hazard=np.zeros((e, n)),
        acb=np.zeros(n),
        aria_hazard=np.zeros((e, n)),
        hazard_log_ratio=np.zeros((e, n, len(OUTCOMES))),
    )
    concentration = np.zeros(n)
    removal, counted = np.zeros((n_members, n)), np.zeros((n_members, n))
    by_drug: dict[str, int] = {}
    for i, option in enumerate(options):
        drug = option.drug
        concentration[i] = mean_steady_state_ng_per_mL(
            dose_mg=option.amount_mg,
            interval_h=option.interval_h,
            bioavailability=drug.kinetics["bioavailability"].value,
            clearance_L_per_h=drug.kinetics["clearance"].value,
        )
        if drug.inn in by_drug:  # another dose of the same drug: same draws, other concentrations
            _copy(
                by_drug[drug.inn],
                i,
                concentration,
                kinetics,
                effects,
                removal,
                counted,
                option,
                options,
            )
            continue
        by_drug[drug.inn] = i
        _draw(i, drug, option, concentration[i], drawn, person, kinetics, effects, seed=seed)
        if "amyloid_clearance" in drug.effects:
            rate = drug.effects["amyloid_clearance"]
            known = drawn.draw(rate, f"{drug.inn} effects amyloid_clearance", group="efficacy")
            # one number at a time: the same people in every row, for else their chance would pass
            # for the number's effect
            some = PEOPLE if isinstance(drawn, OneAtATime) else n_members
            people = np.resize(
                np.random.default_rng([seed, 1, *drug.inn.encode()]).standard_normal(some),
                n_members,
            )
            removal[:, i] = (
                known[np.arange(n_members) // PEOPLE]
                * np.exp(rate.person_log_sd * people)
                * option.relative
            )
            counted[:, i] = removal[:, i] if accrues("disease course", drug, person.facts) else 0.0
    table = outcome_table()
    constants = np.column_stack(
        [
            drawn.draw(table.constant[k], f"constant {k}", group=_constant_group(k))
            for k in CONSTANTS
        ]
    )
    hazards, parts = np.zeros((e, len(OUTCOMES))), hazard_parts(person.facts)
    for k, name in enumerate(OUTCOMES):
        if name == "death":
            continue
        hazards[:, k] = person.hazards_per_year[name]
        for part in parts[name]:
            hazards[:, k] *= (
                drawn.draw(part.quantity, part.key, group="baseline risk") / part.quantity.value
            ) ** part.power
    if person.prospects.stage:
        ratio = table.stage[person.prospects.stage]
        spread = (
            drawn.draw(ratio, f"death by stage {person.prospects.stage}", group="baseline risk")
            / ratio.value
        )
        constants[:, CONSTANTS.index("mortality_factor")] *= spread
    for array in (*kinetics, *effects, concentration, removal, counted, constants, hazards):
        array.flags.writeable = False
    return Panel(
        options=tuple(options),
        person=person,
        ignorance=drawn,
        n_members=n_members,
        kinetics=kinetics,
        effects=effects,
        concentration=concentration,
        removal_per_year=removal,
        removal_counted=counted,
        constants=constants,
        hazards=hazards,
        counts={name: accrues(name, None, person.facts) for name in COMPONENTS if COMPONENTS[name]},
    )


def _copy(
    first: int,
    i: int,
    concentration: Array,
    kinetics: Kinetics,
    effects: Effects,
    removal: Array,
    counted: Array,
    option: Dose,
    options: Sequence[Dose],
) -> None:
    """Another dose of a drug: everything is that of its first dose, concentrations in
    proportion.
    """
    for array in (
        kinetics.fractions,
        kinetics.activation,
        kinetics.metabolite_share,
        kinetics.harm_share,
    ):
        array[:, i] = array[:, first]
    kinetics.inhibition_odds[:, i] = kinetics.inhibition_odds[:, first]
    kinetics.inhibition_saturation[:, i] = kinetics.inhibition_saturation[:, first]
    kinetics.variability[:, i] = kinetics.variability[:, first]
    ratio = concentration[i] / concentration[first]
    for name, array in effects._asdict().items():
        if name in ("opposed", "acb"):
            array[i] = array[first]
        else:
            array[:, i] = array[:, first] * (
                ratio if name in ("receptor_odds", "adas_drive") else 1.0
            )
    for array in (removal, counted):
        array[:, i] = array[:, first] * (option.relative / options[first].relative)


def _draw(
    i: int,
    drug: Drug,
    option: Dose,
    concentration: float,
    drawn: Ignorance,
    person: Person,
    kinetics: Kinetics,
    effects: Effects,
    *,
    seed: int,
) -> None:
    """Fill column i: the first dose of a drug among the options."""

    def draw(section: str, key: str, quantity: Quantity, *, by_class: bool = False) -> Array:
        name = f"{drug.inn} {section} {key}"
        shared = f"{drug.drug_class} {section} {key}" if by_class and drug.drug_class else ""
        return drawn.draw(
            quantity, name, group=group_of(section, key, quantity.value), shared=shared
        )

    clearance = drug.kinetics["clearance"]
    kinetics.variability[:, i] = np.exp(-clearance.person_log_sd * _strata(drug.inn, seed))
    # over that at the believed median
    exposure = clearance.value / draw("kinetics", "clearance", clearance)
    for section, array in (("metabolism", kinetics.fractions), ("activation", kinetics.activation)):
        found = getattr(drug, section)
        for r, route in enumerate(ROUTES):
            if route in found:
                array[:, i, r] = draw(section, route, found[route].as_fraction())
        total = array[:, i].sum(axis=1)
        array[:, i] /= np.maximum(total / _WHOLE, 1.0)[:, None]
    if drug.active_metabolite is not None:
        carried, harms = drug.active_metabolite.share, drug.active_metabolite.harm_share
        known = (
            draw("active_metabolite", "share", carried.as_fraction())
            if carried.value < 1.0
            else np.ones(drawn.n)
        )
        kinetics.metabolite_share[:, i] = kinetics.harm_share[:, i] = np.minimum(known, 1.0)
        if harms is not None:
            known = (
                draw("active_metabolite", "harm_share", harms.as_fraction())
                if harms.value < 1.0
                else np.ones(drawn.n)
            )
            kinetics.harm_share[:, i] = np.minimum(known, 1.0)
    unbound = drug.kinetics["fraction_unbound"]
    free = (
        draw("kinetics", "fraction_unbound", unbound) if unbound.value < 1.0 else np.ones(drawn.n)
    )
    unbound_nmol_per_l = (
        exposure * concentration * np.minimum(free, 1.0) / drug.molar_mass.value * 1000.0
    )
    at_reference = unbound_nmol_per_l / option.relative
    for r, route in enumerate(ROUTES):
        if route in drug.inactivates:
            found = drug.inactivates[route]
            per_ki = at_reference / 1000.0 / draw("inactivates", f"{route} ki", found.ki)
            strength = (
                draw("inactivates", f"{route} kinact", found.kinact) / turnover()[route].value
            )
            kinetics.inhibition_odds[:, i, r] = strength * per_ki / (1.0 + per_ki)
            kinetics.inhibition_saturation[:, i, r] = per_ki
        elif route in drug.inhibits:
            removed = np.minimum(draw("inhibits", route, drug.inhibits[route].as_fraction()), 0.999)
            kinetics.inhibition_odds[:, i, r] = removed / (1.0 - removed)
    for r, receptor in enumerate(RECEPTORS):
        if receptor in drug.affinity:
            effects.receptor_odds[:, i, r] = unbound_nmol_per_l / draw(
                "affinity", receptor, drug.affinity[receptor]
            )
    told = drug.effects
    if "adas_cog_max" in told:
        beyond_mild = not person.facts.conditions.isdisjoint(
            ("moderate_dementia", "severe_dementia")
        )
        key = (
            "adas_cog_max_moderate"
            if beyond_mild and "adas_cog_max_moderate" in told
            else "adas_cog_max"
        )
        most = draw("effects", key, told[key], by_class=True)
        effects.adas_max[:, i] = (
            most if accrues("symptomatic cognition", drug, person.facts) else 0.0
        )
        effects.adas_drive[:, i] = (
            exposure * concentration / draw("effects", "adas_cog_ec50", told["adas_cog_ec50"])
        )
        effects.opposed[i] = float(drug.drug_class == "cholinesterase inhibitor")
    for k, name in enumerate(RESPONSES):
        key = f"{name}_odds_ratio"
        if key in told:
            log_odds = np.log(draw("effects", key, told[key], by_class=True))
            effects.response_log_odds[:, i, k] = (
                log_odds if accrues(name, drug, person.facts) else 0.0
            )
    for key, array in (
        ("systolic_bp_fall", effects.pressure_fall),
        ("heart_rate_fall", effects.heart_rate_fall),
    ):
        if key in told:
            array[:, i] = draw("effects", key, told[key], by_class=True)
    if "qt_prolongation" in told:
        effects.qt_ms[:, i] = draw("effects", "qt_prolongation", told["qt_prolongation"])
    if "intolerance" in told:
        effects.intolerance_hazard[:, i] = -np.log1p(
            -np.minimum(draw("effects", "intolerance", told["intolerance"].as_fraction()), 0.95)
        )
    aria = np.zeros(drawn.n)
    for copies, share in enumerate(person.apoe_e4_share):
        if share > 0.0 and f"aria_excess_{copies}" in told:
            aria += (
                share
                * TRIAL_YEARS
                * draw("effects", f"aria_excess_{copies}", told[f"aria_excess_{copies}"])
            )
            with_drug, placebo = (
                outcome_table().antibody[f"{drug.inn}_{arm}aria_h_{copies}"]
                for arm in ("", "placebo_")
            )
            excess = np.log1p(-draw("effects", f"placebo_aria_h_{copies}", placebo)) - np.log1p(
                -draw("effects", f"aria_h_{copies}", with_drug)
            )
            alone = drawn.draw(
                outcome_table().constant["aria_h_alone"], "constant aria_h_alone", group="response"
            )
            aria += share * alone * np.maximum(excess, 0.0)
    effects.aria_hazard[:, i] = aria
    effects.acb[i] = drug.acb.value if drug.acb else 0.0
    for k, outcome in enumerate(OUTCOMES):
        if outcome in drug.hazard_ratio:
            ratio = drug.hazard_ratio[outcome]
            log_ratio = np.log(draw("hazard_ratio", outcome, ratio, by_class=True))
            if not accrues(
                f"fewer {outcome}", drug, person.facts
            ):  # nor does a harm turn into a benefit at the end of its interval
                log_ratio = np.maximum(log_ratio, 0.0)
            effects.hazard_log_ratio[:, i, k] = log_ratio
