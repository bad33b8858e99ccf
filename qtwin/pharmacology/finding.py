"""What rules say of a person: the rules that hold, those that could not be decided, and what
follows for a dose or a regimen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qtwin.pharmacology.drug import Dose, Drug
from qtwin.pharmacology.rule import Rule

if TYPE_CHECKING:
    import pandas as pd

_SLACK = 1.0 + 1e-9
_GRAVE = (
    "contraindicated|death|die|fatal|haemorrhag|bleed|stroke|infarction|torsade|qt|arrhythm|seizure|epilep|serotonin|breathing"
    "|respiratory|anaphyla|angioedema|toxicity|aria|coma|neuroleptic malignant",
    "bradycardia|block|syncope|pulse|conduction|slow|falls|fracture|hypotension|pressure|inr|sodium|hyponatr|potassium|hyperkal"
    "|renal|kidney|clearance|delirium|confusion|glucose|bronch|lung|asthma|retention|liver|myopathy|mania|lithium"
    "|digoxin "
    "rises"
    "|sedation",
)
"""Words of a caution by what it warns of: what can kill, what injures or takes to hospital; the
rest is discomfort.
"""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that holds for a drug; `partner`: the medicine beside which it does, '' where the drug
    alone is meant.
    """

    rule: Rule
    inn: str
    partner: str = ""


@dataclass(frozen=True, kw_only=True)
class Unchecked:
    """A rule that could not be decided for a drug, and what people call the facts that it lacks."""

    rule: Rule
    inn: str
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Count:
    """A rule on how many of a group may be taken, or begun, at once: the candidates it counts, and
    what counts already.
    """

    rule: Rule
    inns: frozenset[str]
    taken: tuple[str, ...]

    @property
    def limit(self) -> int:
        """How many of the candidates are still within the number."""
        return max(0, (self.rule.more_than or 0) - len(self.taken))


@dataclass(frozen=True, kw_only=True, repr=False)
class Eligibility:
    """What rules say of a person and some drugs.

    Attributes:
        jurisdiction: Whose rules.
        drugs: The drugs asked about.
        findings: Rules that hold for a drug alone, or beside a medicine that goes on.
        pairs: Rules that hold for two of the drugs if both are taken; `partner` is the other.
        counts: Rules on the number taken at once that may still be kept or broken.
        unchecked: Rules that could not be decided.
        lifted: Ids of the rules lifted.
        set_aside: Id of a rule that one of higher precedence replaces, to that one's id.
        old_facts: What people call a fact that rules ask for, to the years from its measurement to
            the last visit, above one.
        unknown_medicines: Recorded medicines that neither the formulary nor any rule knows.
        unknown_allergies: Number of recorded allergies to what has no known name or code.
        unused_diagnoses: Recorded diagnoses, by our name or their code, for which no rule asks.
        diagnoses_told: Whether the record holds any diagnosis.
        going_on: INNs of the recorded medicines that are taken whatever is chosen.
        n_rules: Rules that hold in the jurisdiction.
        taken_daily_mg: Medicine taken now to its dose a day, where the record tells it.
    """

    jurisdiction: str
    drugs: tuple[Drug, ...]
    findings: tuple[Finding, ...] = ()
    pairs: tuple[Finding, ...] = ()
    counts: tuple[Count, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    lifted: frozenset[str] = frozenset()
    set_aside: Mapping[str, str] = field(default_factory=dict)
    old_facts: Mapping[str, float] = field(default_factory=dict)
    unknown_medicines: tuple[str, ...] = ()
    unknown_allergies: int = 0
    unused_diagnoses: tuple[str, ...] = ()
    diagnoses_told: bool = True
    going_on: frozenset[str] = frozenset()
    n_rules: int = 0
    taken_daily_mg: Mapping[str, float] = field(default_factory=dict)

    def begins(self, count: Count, option: Dose) -> bool:
        """Whether an option counts for a rule on a number; for one on what is begun, a dose above
        the present one does too.
        """
        inn, now = option.drug.inn, self.taken_daily_mg.get(option.drug.inn)
        raised = now is not None and option.amount_mg * 24.0 / option.interval_h > now * _SLACK
        return inn in count.inns or (count.rule.begun and inn in count.rule.subject.inns and raised)

    def __repr__(self) -> str:
        found = [self.status(d) for d in self.drugs]
        told = ", ".join(f"{found.count(s)} {s}" for s in ("eligible", "dose-limited", "excluded"))
        return (
            f"Eligibility({self.jurisdiction}, {len(self.drugs)} drugs: {told}; "
            f"{len(self.unchecked)} rules not checked)"
        )

    def to_json(self) -> dict[str, Any]:
        """JSON values only: what was not known, and for each drug its status, the rules that hold
        and those not decided.
        """
        return {
            "jurisdiction": self.jurisdiction,
            "rules": self.n_rules,
            "going_on": sorted(self.going_on),
            "not_known": list(self.not_known()),
            "set_aside": dict(self.set_aside),
            "drugs": [self._drug_json(drug) for drug in self.drugs],
        }

    def _drug_json(self, drug: Drug) -> dict[str, Any]:
        rules = [
            {
                "id": f.rule.id,
                "strength": f.rule.strength,
                "beside": f.partner,
                "text": f.rule.text,
                "source": f.rule.source,
                "note": f.rule.note,
                "rule_set": f.rule.rule_set,
                "lifted": f.rule.id in self.lifted,
                **f.rule.limits,
            }
            for f in self.of(drug.inn)
        ]
        unchecked = [
            {
                "id": u.rule.id,
                "strength": u.rule.strength,
                "missing": list(u.missing),
                "text": u.rule.text,
                "source": u.rule.source,
            }
            for u in self.unchecked
            if u.inn == drug.inn
        ]
        return {
            "inn": drug.inn,
            "status": self.status(drug),
            "ceiling_daily_mg": self.ceiling_daily_mg(drug.inn),
            "starting_daily_mg": self.starting_dose(drug.inn),
            "rules": rules,
            "not_checked": unchecked,
        }

    def to_pandas(self) -> pd.DataFrame:
        """One row a drug: its status, the highest daily dose allowed (mg), and the strongest rule
        with its source.
        """
        import pandas as pd

        rows = []
        for drug in self.drugs:
            first = next(iter(self.of(drug.inn)), None)
            rows.append(
                {
                    "inn": drug.inn,
                    "status": self.status(drug),
                    "ceiling_daily_mg": self.ceiling_daily_mg(drug.inn),
                    "strength": "" if first is None else first.rule.strength,
                    "text": "" if first is None else first.rule.text,
                    "source": "" if first is None else first.rule.source,
                }
            )
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.to_pandas().to_html(index=False)}"

    def excludes(self, rule: Rule) -> bool:
        """Whether a rule that holds keeps its drug out: contraindicated, or avoid that is not
        lifted.
        """
        return rule.excludes and rule.id not in self.lifted

    def of(self, inn: str) -> tuple[Finding, ...]:
        """The findings on one drug."""
        return tuple(f for f in self.findings if f.inn == inn)

    def excluded(self, option: Dose) -> tuple[Finding, ...]:
        """Why an option may not be chosen: its drug is out, or the dose is above a ceiling.

        Empty if it may.
        """
        return tuple(
            f for f in self.of(option.drug.inn) if self.excludes(f.rule) or over(f.rule, option)
        )

    def ceiling_daily_mg(self, inn: str) -> float | None:
        """The lowest daily ceiling on a drug, None if there is none."""
        return min(
            (f.rule.max_daily_mg for f in self.of(inn) if f.rule.max_daily_mg is not None),
            default=None,
        )

    def starting_dose(self, inn: str) -> float | None:
        """The lowest daily dose (mg) that a rule begins with, None if no rule says one."""
        starts = [f.rule.start_daily_mg for f in self.of(inn) if f.rule.start_daily_mg is not None]
        ceiling = self.ceiling_daily_mg(inn)
        return min([*starts, *([ceiling] if ceiling is not None else [])]) if starts else None

    def status(self, drug: Drug) -> str:
        """ "excluded", also if each of its doses is above a ceiling; "dose-limited"; or "eligible".

        The start that a label gives to everybody limits nobody.
        """  # noqa: D210
        found = self.of(drug.inn)
        options = [
            Dose(drug=drug, amount_mg=d.amount_mg, interval_h=d.interval_h) for d in drug.doses
        ]
        if any(self.excludes(f.rule) for f in found) or all(
            self.excluded(option) for option in options
        ):
            return "excluded"
        return (
            "dose-limited"
            if any(f.rule.strength == "dose" and f.rule.limits_somebody for f in found)
            else "eligible"
        )

    def cautions(self, options: Sequence[Dose]) -> tuple[Finding, ...]:
        """What to mind with a chosen regimen, the gravest first: cautions, pairs and numbers of it,
        rules lifted for it.
        """
        chosen = {option.drug.inn for option in options}
        told = [f for f in self.findings if f.inn in chosen and self._minded(f.rule)]
        met: set[tuple[str, frozenset[str]]] = set()
        for pair in self.pairs:
            both = frozenset({pair.inn, pair.partner})
            if both <= chosen and self._minded(pair.rule) and (pair.rule.id, both) not in met:
                met.add((pair.rule.id, both))
                told.append(pair)
        for count in self.counts:
            members = sorted(count.inns & chosen)
            if self._minded(count.rule) and len(members) > count.limit:
                told += [Finding(rule=count.rule, inn=inn) for inn in members]
        return tuple(sorted(told, key=lambda f: gravity(f.rule)))

    def _minded(self, rule: Rule) -> bool:
        return rule.strength == "caution" or (rule.excludes and rule.id in self.lifted)

    def not_known(self) -> tuple[str, ...]:
        """What the rules needed and the record lacks, in sentences."""
        lacking: Counter[str] = Counter()
        for rule_id, missing in {(u.rule.id, u.missing) for u in self.unchecked}:
            lacking.update(missing if rule_id else ())
        said = [
            f"{what} unknown: {rules_in_words(n)} not checked"
            for what, n in sorted(lacking.items(), key=lambda x: (-x[1], x[0]))
        ]
        said += [
            f"{what} is {years:.1f} years older than the last visit"
            for what, years in sorted(self.old_facts.items())
        ]
        said.append(
            "a diagnosis that the record does not hold is taken as absent"
            if self.diagnoses_told
            else "the record holds no diagnosis: every condition is taken as absent"
        )
        if self.unknown_medicines:
            said.append(
                f"no rule knows these recorded medicines: {', '.join(self.unknown_medicines)}"
            )
        if self.unknown_allergies:
            said.append(
                "recorded allergies to what no code or name tells: "
                f"{self.unknown_allergies}, not checked"
            )
        if self.unused_diagnoses:
            said.append(f"diagnoses that no rule asks for: {'; '.join(self.unused_diagnoses)}")
        return tuple(said)


def gravity(rule: Rule) -> int:
    """How grave what a rule warns of is, 0 the gravest: an exclusion that was lifted, what can
    kill, what injures, the rest.
    """
    if rule.excludes:
        return 0
    if "boxed warning" in rule.source.casefold():
        return 1
    text = rule.text.casefold()
    return 1 + next(
        (k for k, words in enumerate(_GRAVE) if re.search(rf"\b(?:{words})", text)), len(_GRAVE)
    )


def rules_in_words(n: int) -> str:
    """So many rules, such as '1 rule'."""
    return f"{n} rule{'' if n == 1 else 's'}"


def over(rule: Rule, option: Dose) -> bool:
    """Whether an option is above a dose rule's ceiling, a day or at once."""
    daily_mg = option.amount_mg * 24.0 / option.interval_h
    return (rule.max_daily_mg is not None and daily_mg > rule.max_daily_mg * _SLACK) or (
        rule.max_single_mg is not None and option.amount_mg > rule.max_single_mg * _SLACK
    )
