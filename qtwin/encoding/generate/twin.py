"""Twin-derived families: invented patients times subsets of the formulary, encoded as a real
patient's question would be.
"""

from __future__ import annotations

import time

import numpy as np

from qtwin.encoding.generate import Generated
from qtwin.encoding.penalty import encode
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.encoding.surrogate.cut_hdmr import cut
from qtwin.errors import InputError
from qtwin.patient.virtual import virtual_patient
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.formulary import formulary
from qtwin.problem.regimen import RegimenProblem, pose
from qtwin.twin.build import build_twin
from qtwin.twin.twin import kind_weights


def generate(
    n: int,
    seed: int,
    *,
    max_drugs: int = 6,
    order: int = 2,
    n_members: int = 256,
    horizon_years: float = 1.5,
) -> Generated:
    """A random patient and n random dose options; utility by cut-HDMR up to `order`, at most
    `max_drugs`.

    The encoding is of the surrogate; `Generated.problem` is the question itself, on which answers
    are to be scored.

    Raises:
        InputError: for more options than the formulary has doses, or an order that is not 1, 2 or
            3.
    """
    everything = [
        Dose(drug=drug, amount_mg=o.amount_mg, interval_h=o.interval_h)
        for drug in formulary().values()
        for o in drug.doses
    ]
    if n > len(everything) or order not in (1, 2, 3):
        raise InputError(
            f"expected at most {len(everything)} options and an order of 1 to 3, got {n} "
            f"and {order}",
            hint="lower them",
        )
    began = time.perf_counter()
    rng = np.random.default_rng([seed, n])
    options = [everything[k] for k in np.sort(rng.choice(len(everything), size=n, replace=False))]
    patient = virtual_patient(seed)
    twin = build_twin(patient, (), disease_model="alzheimer", n_members=n_members, seed=seed)
    problem: RegimenProblem = pose(
        twin,
        options,
        needs=(),
        max_drugs=max_drugs,
        horizon_years=horizon_years,
        kind_weights=kind_weights({}),
    )
    posed = time.perf_counter()
    utility: BinaryPolynomial = cut(problem.objective, n, order).polynomial
    encoding = encode(
        utility,
        names=[o.label for o in options],
        constraints=problem.constraints,
        feasible=np.zeros((1, n), dtype=np.uint8),
        unit="QALY",
    )
    return Generated(
        family="twin",
        seed=seed,
        options={
            "max_drugs": max_drugs,
            "order": order,
            "n_members": n_members,
            "horizon_years": horizon_years,
        },
        encoding=encoding,
        hardness="a patient's question: few drugs at a time, so that enumeration of the allowed "
        "sets is the rule to beat",
        problem=problem,
        wall_s={"model": posed - began, "encode": time.perf_counter() - posed},
    )
