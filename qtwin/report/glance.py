"""What stands at the top of the page: the few numbers that answer 'what, how good, how sure, and did quantum help'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qtwin.report.number import finite, interval, number, percent, plain, qaly, seconds
from qtwin.report.race import solver_label


@dataclass(frozen=True, kw_only=True)
class Card:
    """One number with its name and what to make of it."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """Labels kept, started and stopped when the current medicines give way to the chosen ones."""

    kept: tuple[str, ...]
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
    return Change(
        kept=tuple(d for d in new if d in old),
        started=tuple(d for d in new if d not in old),
        stopped=tuple(d for d in old if d not in new),
    )


def at_a_glance(result: Mapping[str, Any]) -> list[Card]:
    """The cards, in reading order; those whose numbers are absent say so."""
    cards = [_regimen_card(result), _utility_card(result), _proof_card(result), _quantum_card(result), _fidelity_card(result)]
    return [cards[0], *_sure_cards(result), *cards[1:]]


def _unit(result: Mapping[str, Any]) -> str:
    return str((result.get("problem") or {}).get("unit") or "QALY")


def _regimen_card(result: Mapping[str, Any]) -> Card:
    chosen = regimen(result, "chosen")
    if chosen is None:
        return Card(name="Chosen regimen", value="none", note="no solver returned a feasible regimen")
    drugs = list(chosen.get("drugs") or [])
    return Card(
        name="Chosen regimen",
        value=f"{len(drugs)} medicine{'' if len(drugs) == 1 else 's'}",
        note=", ".join(drugs) or "take nothing",
    )


def _sure_cards(result: Mapping[str, Any]) -> list[Card]:
    sure = result.get("certainty")
    if not sure:
        return []
    of = "feasible" if sure.get("complete") else "simulated"
    n = len(sure.get("set90") or [])
    return [
        Card(
            name="P(optimal)",
            value=percent(sure.get("p_optimal")),
            note=f"no {of} regimen is better in so many of {number(sure.get('n_draws'))} draws of what is not known;"
            f" {n} regimen{'' if n == 1 else 's'} hold{'s' if n == 1 else ''} 90 %",
        ),
        Card(
            name="Expected regret",
            value=f"{qaly(sure.get('expected_regret_qaly'))} {_unit(result)}",
            note=f"against knowing everything; {qaly(sure.get('regret_95_qaly'))} or more in one draw of twenty",
        ),
    ]


def _utility_card(result: Mapping[str, Any]) -> Card:
    chosen, unit = regimen(result, "chosen"), _unit(result)
    utility = (chosen or {}).get("utility") or {}
    note = (
        f"95 % credible interval {interval(utility, qaly)}" if finite(utility.get("low")) is not None else "interval not reported"
    )
    current = ((regimen(result, "current") or {}).get("utility") or {}).get("mean")
    if finite(current) is not None:
        note += f"; current medicines {qaly(current)}"
    years = finite((result.get("problem") or {}).get("horizon_years"))
    return Card(
        name="Utility" + (f", {plain(years)} years of treatment" if years else ""), value=f"{qaly(utility.get('mean'))} {unit}", note=note
    )


def _proof_card(result: Mapping[str, Any]) -> Card:
    drugs = set((regimen(result, "chosen") or {}).get("drugs") or [])
    proofs = [
        s for s in result.get("solvers") or [] if s.get("proven") and s.get("regimen") is not None and set(s["regimen"]) == drugs
    ]
    for scope, value, words in (("twin", "Yes", "on the twin"), ("encoding", "For the encoding", "for the encoded problem only")):
        proof = next((s for s in proofs if s.get("scope") == scope), None)
        if proof is not None:
            return Card(
                name="Proven best?",
                value=value,
                note=f"{words}, by {solver_label(proof)} in {seconds(proof.get('total_wall_s'))}",
            )
    return Card(name="Proven best?", value="No", note="best regimen found; a better one is not excluded")


def _quantum_card(result: Mapping[str, Any]) -> Card:
    name = "Quantum success per shot"
    quantum = [s for s in result.get("solvers") or [] if s.get("kind") == "quantum" and s.get("success_probability")]
    if not quantum:
        return Card(name=name, value="not measured", note="no quantum solver was sampled in this run")
    first = quantum[0]  # the first of the spec, not the luckiest: several may have measured the same circuit
    chance = first["success_probability"]
    note = f"{interval(chance, percent)}, {solver_label(first)}"
    null = next((s for s in result.get("solvers") or [] if s.get("kind") == "null" and s.get("success_probability")), None)
    if null is not None:
        note += f"; random baseline {percent(null['success_probability'].get('value'))}"
    return Card(name=name, value=percent(chance.get("value")), note=note)


def _fidelity_card(result: Mapping[str, Any]) -> Card:
    fidelity = (result.get("encoding") or {}).get("fidelity")
    if not fidelity:
        return Card(name="Encoding fidelity", value="not measured", note="no held-out comparison with the twin")
    return Card(
        name="Encoding fidelity",
        value=f"ρ = {number(fidelity.get('rank_correlation'))}",
        note=f"rank correlation on {number(fidelity.get('n_held_out'))} unseen regimens; R² {number(fidelity.get('r2'))};"
        f" regret of its optimum {qaly(fidelity.get('regret'))} {_unit(result)}",
    )
