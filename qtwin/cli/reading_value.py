"""What it would be worth to know each single number exactly, over patients at hand: which numbers
are to be read next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qtwin.errors import QtwinError
from qtwin.problem.decision import learning, tally
from qtwin.problem.regimen import RegimenProblem

_SEED = 2026
_MEMBERS = 1024
_DRAWS = 2048
_MOST_DRUGS = 4
_INVENTED = {
    "heart": (
        (
            "alzheimer_disease",
            "hypertension",
            "atrial_fibrillation",
            "myocardial_infarction",
            "hyperlipidaemia",
        ),
        (
            *(
                "donepezil",
                "apixaban",
                "warfarin",
                "aspirin",
                "clopidogrel",
                "atorvastatin",
                "metoprolol",
                "bisoprolol",
            ),
            *(
                "carvedilol",
                "atenolol",
                "digoxin",
                "amlodipine",
                "lisinopril",
                "omeprazole",
                "furosemide",
            ),
        ),
    ),
    "mind": (
        ("alzheimer_disease", "moderate_dementia", "depression", "psychosis", "agitation"),
        (
            *(
                "donepezil",
                "galantamine",
                "rivastigmine",
                "memantine",
                "sertraline",
                "citalopram",
                "paroxetine",
                "mirtazapine",
            ),
            *(
                "trazodone",
                "bupropion",
                "risperidone",
                "quetiapine",
                "olanzapine",
                "aripiprazole",
                "brexpiprazole",
                "lorazepam",
            ),
        ),
    ),
    "pain": (
        ("alzheimer_disease", "neuropathic_pain", "overactive_bladder", "reflux_disease", "stroke"),
        (
            *(
                "donepezil",
                "rivastigmine",
                "lecanemab",
                "donanemab",
                "tramadol",
                "amitriptyline",
                "oxybutynin",
                "omeprazole",
            ),
            *("aspirin", "clopidogrel", "atorvastatin", "propranolol", "amlodipine", "lisinopril"),
        ),
    ),
}
"""Conditions and drugs of three invented patients, which between them give nearly every drug of the
formulary something to do.
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question about one patient, with its allowed regimens."""

    name: str
    problem: RegimenProblem
    feasible: NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What it is worth to know one number exactly (expected value of partial perfect information,
    EVPPI).

    Attributes:
        key: File and place of the number.
        mean_qaly: Mean over the cases; 0 in a case that does not draw it.
        most_qaly: In the case where it is worth most.
        case: Name of that case.
    """

    key: str
    mean_qaly: float
    most_qaly: float
    case: str


def cases(experiments: Path) -> Iterator[Case]:
    """The experiments of a folder about one patient whose regimens can all be listed, then invented
    patients.
    """
    for spec in sorted(experiments.glob("*.toml")):
        if "[patient]" in spec.read_text(encoding="utf-8"):
            found = _of_experiment(spec)
            if found is not None:
                yield found
    yield from (_of_invented(name, seed) for seed, name in enumerate(_INVENTED, start=1))


def _of_experiment(spec: Path) -> Case | None:
    from qtwin.studies.regimen.prepare import prepare
    from qtwin.studies.regimen.run import problem_of, twin_of

    try:
        prepared = prepare(spec)
    except QtwinError:
        return None
    feasible = prepared.choice.feasible
    problem = problem_of(prepared, twin_of(prepared))
    return (
        Case(name=spec.stem, problem=problem, feasible=feasible.bits) if feasible.complete else None
    )


def _of_invented(name: str, seed: int) -> Case:
    from qtwin.patient.person import Condition
    from qtwin.patient.virtual import virtual_patient
    from qtwin.pharmacology.drug import Dose
    from qtwin.pharmacology.eligibility import assess
    from qtwin.pharmacology.formulary import formulary
    from qtwin.problem.regimen import pose
    from qtwin.twin.build import build_twin
    from qtwin.twin.twin import kind_weights

    conditions, inns = _INVENTED[name]
    told = tuple(Condition(key=key, code="", display=key.replace("_", " ")) for key in conditions)
    patient = replace(virtual_patient(seed), conditions=told)
    drugs = tuple(formulary()[inn] for inn in inns)
    options = tuple(
        Dose(drug=d, amount_mg=d.reference.amount_mg, interval_h=d.reference.interval_h)
        for d in drugs
    )
    eligibility = assess(patient, drugs)
    open_to = tuple(o for o in options if not eligibility.excluded(o))
    twin = build_twin(patient, (), disease_model="alzheimer", n_members=_MEMBERS, seed=_SEED)
    problem = pose(
        twin,
        open_to,
        needs=(),
        max_drugs=_MOST_DRUGS,
        horizon_years=1.5,
        kind_weights=kind_weights({}),
        eligibility=assess(patient, tuple(o.drug for o in open_to)),
    )
    return Case(name=f"invented patient, {name}", problem=problem, feasible=problem.feasible_bits())


def worth_of(asked: Sequence[Case], *, n_draws: int = _DRAWS) -> tuple[Worth, ...]:
    """The value of learning every number that a case draws, the most valuable first.

    Each is estimated alone, by a quadratic ridge regression of the regimens' utilities on its
    score, out of sample, among the regimens that are best in some draw.

    Args:
        asked: The questions.
        n_draws: Draws of what is not known.
    """
    from qtwin.cli.sources import place_of

    found: dict[str, dict[str, float]] = {}
    for case in asked:
        counted = tally(case.problem, case.feasible)
        chosen = int(counted.utility.argmax())
        winners, draws = np.unique(counted.winner, return_counts=True)
        rows = list(
            dict.fromkeys([chosen, *winners[np.argsort(-draws, kind="stable")][:40].tolist()])
        )
        for known in learning(
            case.problem, case.feasible[rows], seed=_SEED, n_draws=n_draws, singly=True
        ):
            found.setdefault(place_of(known.group), {})[case.name] = known.value_qaly
    worth = [
        Worth(
            key=key,
            mean_qaly=sum(by.values()) / len(asked),
            most_qaly=max(by.values()),
            case=max(by, key=by.__getitem__),
        )
        for key, by in found.items()
    ]
    return tuple(sorted(worth, key=lambda w: -w.mean_qaly))
