"""What stands at the top of the page, and of its sections: what is recommended, how good, how sure,
and did quantum help.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qtwin.report.decision_pictures import labels
from qtwin.report.number import finite, interval, number, percent, plain, qaly, seconds
from qtwin.report.race import solver_label
from qtwin.report.recommendation import nearly

_NAMED = 10


@dataclass(frozen=True, kw_only=True)
class SummaryCard:
    """One number with its name and what to make of it."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """Labels kept, taken in another dose, started and stopped when the current medicines give way
    to the chosen ones.
    """

    kept: tuple[str, ...]
    changed: tuple[str, ...]
    started: tuple[str, ...]
    stopped: tuple[str, ...]


def regimen(result: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """The regimen of the result with this key."""
    return next((r for r in result.get("regimens") or [] if r.get("key") == key), None)


def change(result: Mapping[str, Any]) -> Change | None:
    """What the choice changes; None when either side is not reported."""
    chosen, current = regimen(result, "chosen"), regimen(result, "current")
    if chosen is None or current is None:
        return None
    new, old = list(chosen.get("drugs") or []), list(current.get("drugs") or [])
    gone = {d.partition(" ")[0]: d for d in old if d not in new}
    changed = {
        d: gone[d.partition(" ")[0]] for d in new if d not in old and d.partition(" ")[0] in gone
    }
    return Change(
        kept=tuple(d for d in new if d in old),
        changed=tuple(f"{was} → {now.partition(' ')[2]}" for now, was in changed.items()),
        started=tuple(d for d in new if d not in old and d not in changed),
        stopped=tuple(d for d in old if d not in new and d not in changed.values()),
    )


def headline(result: Mapping[str, Any]) -> str:
    """What is recommended, in few words; of a result that recommends nothing by name, its
    verdict.
    """
    chosen = result.get("chosen")
    if chosen is None:
        return str(result.get("verdict") or "No verdict was reported")
    names = [str(d.get("inn")) for d in chosen]
    scope = outside(result)
    most = _NAMED - 3 if scope else _NAMED
    if len(names) > most:
        names = [*names[: most - 2], f"{len(names) - most + 2} more"]
    what = (
        f"{', '.join(names[:-1])} and {names[-1]}"
        if len(names) > 1
        else (names[0] if names else "no drug")
    )
    first = "Outside every model's scope. " if scope else ""
    equal = nearly(result.get("certainty"))
    return f"{first}The twin recommends {what}" + (f" (or {equal})" if equal else "")


def outside(result: Mapping[str, Any]) -> list[str]:
    """Why no model is about this person; empty where one is."""
    mark = "out of scope: "
    return [
        str(text).removeprefix(mark)
        for text in result.get("warnings") or []
        if str(text).startswith(mark)
    ]


def kept_apart(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Drugs that a rule keeps apart from a chosen one: (drug, chosen drug, rule with its
    source).
    """
    taken = set(labels(result.get("chosen")))
    out = []
    for rule in (result.get("problem") or {}).get("constraints") or []:
        members = list(rule.get("members") or [])
        if (
            rule.get("kind") != "NotBoth"
            or not str(rule.get("name")).startswith("eligibility:")
            or len(members) != 2
        ):
            continue
        for one, other in (members, members[::-1]):
            if one in taken and other not in taken and one.split(" ")[0] != other.split(" ")[0]:
                out.append((other.split(" ")[0], one.split(" ")[0], str(rule.get("reason") or "")))
    return list(dict.fromkeys(out))


def at_a_glance(result: Mapping[str, Any]) -> list[SummaryCard]:
    """The cards at the top, in reading order: how good and how sure the choice is."""
    sure = result.get("certainty")
    if not sure:
        return [_regimen_card(result), _utility_card(result)]
    n = finite(sure.get("n_draws"))
    draws = "the draws" if n is None else f"{int(n):,} draws"
    among = "feasible" if sure.get("complete") else "simulated"
    return [
        _worth_card(result),
        SummaryCard(
            name="P(optimal)",
            value=percent(sure.get("p_optimal")),
            note=f"of {draws} of what is not known: no {among} regimen is better"
            f" (standard error {percent(sure.get('p_optimal_se'))})",
        ),
        SummaryCard(
            name="Regimens that hold 90 %",
            value=str(len(result.get("set90") or [])),
            note=f"the smallest set; {number(sure.get('n_optima'))} are the best in at least one "
            "draw",
        ),
        SummaryCard(
            name="Expected regret",
            value=f"{qaly(sure.get('expected_regret_qaly'))} QALY",
            note="lost, on average, against knowing everything; 95th percentile "
            f"{qaly(sure.get('regret_95_qaly'))}",
        ),
        SummaryCard(
            name="EVPI",
            value=f"{qaly(sure.get('evpi_qaly'))} QALY",
            note="expected value of perfect information: the most that further research could "
            "be worth for this choice",
        ),
    ]


def solver_cards(result: Mapping[str, Any]) -> list[SummaryCard]:
    """The cards above the solver comparison; those whose numbers are absent say so."""
    return [_proof_card(result), _quantum_card(result), _fidelity_card(result)]


def _worth_card(result: Mapping[str, Any]) -> SummaryCard:
    worth = result.get("worth") or {}
    note = (
        f"over the remaining life, against no drug; {qaly(worth.get('within_horizon_qaly'))} within"
    )
    note += f" {plain(worth.get('horizon_years'))} years"
    current = ((regimen(result, "current") or {}).get("utility") or {}).get("mean")
    if finite(current) is not None:
        note += f"; current medicines {qaly(current)}"
    return SummaryCard(
        name="Worth", value=f"{qaly(worth.get('remaining_life_qaly'))} {_unit(result)}", note=note
    )


def _unit(result: Mapping[str, Any]) -> str:
    return str((result.get("problem") or {}).get("unit") or "QALY")


def _regimen_card(result: Mapping[str, Any]) -> SummaryCard:
    chosen = regimen(result, "chosen")
    if chosen is None:
        return SummaryCard(
            name="Chosen regimen", value="none", note="no solver returned a feasible regimen"
        )
    drugs = list(chosen.get("drugs") or [])
    return SummaryCard(
        name="Chosen regimen",
        value=f"{len(drugs)} medicine{'' if len(drugs) == 1 else 's'}",
        note=", ".join(drugs) or "take nothing",
    )


def _utility_card(result: Mapping[str, Any]) -> SummaryCard:
    chosen, unit = regimen(result, "chosen"), _unit(result)
    utility = (chosen or {}).get("utility") or {}
    note = (
        f"95 % credible interval {interval(utility, qaly)}"
        if finite(utility.get("low")) is not None
        else "interval not reported"
    )
    current = ((regimen(result, "current") or {}).get("utility") or {}).get("mean")
    if finite(current) is not None:
        note += f"; current medicines {qaly(current)}"
    years = finite((result.get("problem") or {}).get("horizon_years"))
    return SummaryCard(
        name="Utility" + (f" over {plain(years)} years" if years else ""),
        value=f"{qaly(utility.get('mean'))} {unit}",
        note=note,
    )


def _proof_card(result: Mapping[str, Any]) -> SummaryCard:
    drugs = set((regimen(result, "chosen") or {}).get("drugs") or [])
    proofs = [
        s
        for s in result.get("solvers") or []
        if s.get("proven") and s.get("regimen") is not None and set(s["regimen"]) == drugs
    ]
    for scope, value, words in (
        ("twin", "Yes", "on the twin"),
        ("encoding", "For the encoding", "for the encoded problem only"),
    ):
        proof = next((s for s in proofs if s.get("scope") == scope), None)
        if proof is not None:
            return SummaryCard(
                name="Proven best?",
                value=value,
                note=f"{words}, by {solver_label(proof)} in {seconds(proof.get('total_wall_s'))}",
            )
    return SummaryCard(
        name="Proven best?", value="No", note="best regimen found; a better one is not excluded"
    )


def _quantum_card(result: Mapping[str, Any]) -> SummaryCard:
    name = "Quantum success per shot"
    quantum = [
        s
        for s in result.get("solvers") or []
        if s.get("kind") == "quantum" and s.get("success_probability")
    ]
    if not quantum:
        return SummaryCard(
            name=name, value="not measured", note="no quantum solver was sampled in this run"
        )
    # the first of the spec, not the luckiest: several may have measured the same circuit
    first = quantum[0]
    chance = first["success_probability"]
    note = f"{interval(chance, percent)}, {solver_label(first)}"
    nulls = [
        s
        for s in result.get("solvers") or []
        if s.get("kind") == "null" and s.get("success_probability")
    ]
    if nulls:
        null = max(nulls, key=lambda s: float(s["success_probability"].get("value") or 0.0))
        note += (
            f"; best baseline, {solver_label(null)}, "
            f"{percent(null['success_probability'].get('value'))}"
        )
    return SummaryCard(name=name, value=percent(chance.get("value")), note=note)


def _fidelity_card(result: Mapping[str, Any]) -> SummaryCard:
    accuracy = (result.get("encoding") or {}).get("accuracy")
    if not accuracy:
        return SummaryCard(
            name="Surrogate accuracy",
            value="not measured",
            note="no held-out comparison with the twin",
        )
    return SummaryCard(
        name="Surrogate accuracy",
        value=f"ρ = {number(accuracy.get('rank_correlation'))}",
        note=f"rank correlation on {number(accuracy.get('n_held_out'))} unseen regimens; R² "
        f"{number(accuracy.get('r2'))};"
        f" regret of its optimum {qaly(accuracy.get('regret'))} {_unit(result)}",
    )
