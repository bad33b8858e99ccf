"""The rules a physician would name, from the options and the patient's needs to named constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtwin.pharmacology.drug import Dose
from qtwin.problem.constraint import AtLeastOne, AtMost, AtMostOne, Constraint, NotBoth

NEEDS: Mapping[str, tuple[str, ...]] = {
    "alzheimer_disease": ("mild Alzheimer's disease",),
    "hypertension": ("hypertension",),
    "depression": ("depression",),
    "atrial_fibrillation": ("stroke prevention in atrial fibrillation", "rate control in atrial fibrillation"),
}
"""Condition of a patient to the needs that a regimen must cover."""


def constraints_for(options: Sequence[Dose], *, needs: Sequence[str], max_drugs: int) -> tuple[Constraint, ...]:
    """Named constraints: one per class, contraindicated pairs out, each need covered, at most `max_drugs`.

    A need that no option covers becomes a constraint over no options, which nothing satisfies; the error then names it.
    """
    classes: dict[str, list[int]] = {}
    for i, option in enumerate(options):
        classes.setdefault(option.drug.drug_class, []).append(i)
    out: list[Constraint] = [
        AtMostOne(name=f"one {name}", reason="at most one drug of a class", members=tuple(members))
        for name, members in classes.items()
        if len(members) > 1
    ]
    for i, option in enumerate(options):
        for rule in option.drug.avoid:
            for j, other in enumerate(options):
                if i != j and (other.drug.drug_class == rule.drug_class or other.drug.inn == rule.inn):
                    pair = (min(i, j), max(i, j))
                    if not any(isinstance(c, NotBoth) and c.pair == pair for c in out):
                        name = f"not {options[pair[0]].label} with {options[pair[1]].label}"
                        out.append(NotBoth(name=name, reason=f"{rule.reason} ({rule.source})", pair=pair))
    for need in needs:
        members = tuple(i for i, option in enumerate(options) if need in option.drug.indications)
        out.append(AtLeastOne(name=f"cover {need}", reason="each indication is treated", members=members))
    out.append(
        AtMost(
            name=f"at most {max_drugs} drugs", reason="burden of taking them", limit=max_drugs, members=tuple(range(len(options)))
        )
    )
    return tuple(out)
