"""A made-up result of schema qtwin.result/1, for the page's tests: random numbers in plausible
ranges, about nobody.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import beta

CANDIDATES = [
    ("donepezil 5 mg", "donepezil", "cholinesterase inhibitor", ["cognition"]),
    ("donepezil 10 mg", "donepezil", "cholinesterase inhibitor", ["cognition"]),
    ("galantamine 24 mg", "galantamine", "cholinesterase inhibitor", ["cognition"]),
    ("rivastigmine 9.5 mg", "rivastigmine", "cholinesterase inhibitor", ["cognition"]),
    ("memantine 20 mg", "memantine", "NMDA antagonist", ["cognition"]),
    ("lecanemab 700 mg", "lecanemab", "amyloid antibody", ["cognition"]),
    ("donanemab 1400 mg", "donanemab", "amyloid antibody", ["cognition"]),
    ("metoprolol 100 mg", "metoprolol", "beta blocker", ["heart rate"]),
    ("bisoprolol 5 mg", "bisoprolol", "beta blocker", ["heart rate"]),
    ("apixaban 5 mg", "apixaban", "anticoagulant", ["stroke prevention"]),
    ("warfarin 5 mg", "warfarin", "anticoagulant", ["stroke prevention"]),
    ("sertraline 100 mg", "sertraline", "SSRI", ["mood"]),
    ("citalopram 20 mg", "citalopram", "SSRI", ["mood"]),
    ("paroxetine 20 mg", "paroxetine", "SSRI", ["mood"]),
    ("mirtazapine 30 mg", "mirtazapine", "antidepressant, other", ["mood"]),
    ("oxybutynin 5 mg", "oxybutynin", "antimuscarinic", ["bladder"]),
]
CHOSEN = [
    "donepezil 10 mg",
    "memantine 20 mg",
    "bisoprolol 5 mg",
    "apixaban 5 mg",
    "sertraline 100 mg",
]
CURRENT = [
    "donepezil 5 mg",
    "metoprolol 100 mg",
    "apixaban 5 mg",
    "paroxetine 20 mg",
    "oxybutynin 5 mg",
]
KINDS = [
    ("cognition", "benefit", 0.061, 0.018),
    ("mood", "benefit", 0.034, 0.011),
    ("heart rate relief", "benefit", 0.027, 0.009),
    ("stroke", "benefit", 0.024, 0.006),
    ("falls", "harm", -0.018, 0.006),
    ("bleeding", "harm", -0.015, 0.005),
    ("bradycardia", "harm", -0.006, 0.003),
    ("intolerance", "harm", -0.008, 0.002),
    ("arrhythmia", "harm", -0.002, 0.001),
]
COURSES = [
    ("MMSE", "point", 22.5, -1.9, 1.3),
    ("CDR-SB", "point", 4.2, 1.1, 0.7),
    ("amyloid PET", "centiloid", 82.0, 1.8, 6.0),
    ("tau PET", "SUVR excess", 0.42, 0.03, 0.06),
    ("p-tau217", "fold over normal", 3.1, 0.12, 0.4),
    ("hippocampal volume", "fraction", 0.81, -0.036, 0.02),
]


def sample(seed: int = 0) -> dict[str, Any]:
    """A whole result; equal seeds give equal results."""
    rng = np.random.default_rng(seed)
    solvers = _solvers(rng)
    return {
        "schema": "qtwin.result/1",
        "spec": {
            "name": "report sample",
            "patient": {"bundle": "sample.json"},
            "problem": {"max_drugs": 6, "horizon_years": 3.0},
        },
        "spec_hash": "sha256:" + "5a" * 32,
        "versions": {
            "qtwin": "0.0.test",
            "numpy": np.__version__,
            "qiskit": "0.test",
            "pennylane": "0.test",
        },
        "data_version": "sample-data",
        "seed": seed,
        "created": "2000-01-01T00:00:00+00:00",
        "machine": {"cpu_count": 2, "platform": "test platform", "python": "3.11"},
        "patient": _patient(),
        "twin": _twin(rng),
        "problem": _problem(),
        "encoding": _encoding(rng),
        "solvers": solvers,
        "agreement": _agreement(rng),
        "regimens": _regimens(rng),
        "pareto": _pareto(np.random.default_rng(seed + 1)),
        "top": _top(rng),
        "verdict": "For this made-up woman of 76 the twin recommends donepezil, memantine, "
        "bisoprolol, apixaban and sertraline.",
        "verdict_points": [
            "It is worth 0.142 QALY over the remaining life.",
            "How sure: in 41 % of the draws nothing is better.",
        ],
        "solver_verdict": "Exhaustive search proved the best regimen in 0.4 s; QAOA found it "
        "more slowly.",
        "solver_points": [
            "Exhaustive simulation on the twin visited all 2,316 feasible regimens and its "
            "answer is proven.",
            "QAOA with three layers returned the best regimen in 31.0 % of shots, random "
            "guessing in 0.05 %.",
            "At this size no quantum advantage is possible: enumeration takes less than a second.",
        ],
        **_decision(np.random.default_rng(seed + 2)),
        "winner": "exhaustive search (classical)",
        "warnings": [
            "prior-driven: three visits say little about the speed of decline",
            "tau gains are assumed values",
        ],
        "wall_s": {
            "record": 0.02,
            "twin": 1.9,
            "problem": 0.4,
            "encoding": 1.2,
            "solvers": 21.4,
            "playback": 2.2,
        },
    }


def _dose(label: str) -> dict[str, Any]:
    inn, amount, _ = label.split(" ")
    return {"inn": inn, "amount_mg": float(amount), "interval_h": 24.0}


def _rule(
    name: str, strength: str, text: str, inn: str, partner: str | None = None
) -> dict[str, Any]:
    return {
        "inn": inn,
        "partner": partner,
        "rule": name,
        "strength": strength,
        "text": text,
        "source": f"source of {name}",
    }


def _decision(rng: np.random.Generator) -> dict[str, Any]:
    chance = np.sort(rng.dirichlet(np.ones(7)))[::-1] * 0.91
    regimens = [
        CHOSEN,
        *([*CHOSEN[:k], *CHOSEN[k + 1 :]] for k in range(5)),
        [*CHOSEN[1:], "donepezil 5 mg"],
    ]
    set90 = [
        {
            "drugs": [_dose(d) for d in drugs],
            "p_optimal": float(p),
            "expected_regret_qaly": 0.003 * (k + 1),
        }
        for k, (drugs, p) in enumerate(zip(regimens, chance, strict=True))
    ]
    tornado = [
        {
            "number": f"drug {k} effects adas_cog_max",
            "unit": "1" if k else "point",
            "status": "assumed" if k % 2 else "literature",
            "source": f"paper {k}",
            "value": 2.0,
            "low": 1.0,
            "high": 3.0,
            "regret_low_qaly": 0.004 / (k + 1) if k < 3 else 0.0,
            "regret_high_qaly": 0.0,
            "best_low": CURRENT if k < 3 else CHOSEN,
            "best_high": CHOSEN,
            "best_median": CHOSEN,
            "flips": k < 3,
            "end": "low" if k < 3 else "",
        }
        for k in range(8)
    ]
    return {
        "chosen": [_dose(d) for d in CHOSEN],
        "going_on": [_dose("aspirin 75 mg")],
        "excluded": [
            _dose("galantamine 24 mg")
            | {
                "because": [
                    _rule(
                        "renal-ceiling",
                        "dose",
                        "At most 16 mg a day at 9 to 59 mL/min",
                        "galantamine",
                    )
                ]
            },
            _dose("oxybutynin 5 mg")
            | {
                "because": [
                    _rule(
                        "antimuscarinic",
                        "avoid",
                        "Not with a cholinesterase inhibitor",
                        "oxybutynin",
                        "donepezil",
                    )
                ]
            },
        ],
        "without_indication": [{"inn": "citalopram", "component": "mood", "needs": "depression"}],
        "cautions": [_rule("pulse", "caution", "Watch the pulse", "donepezil", "bisoprolol")],
        "eligibility": {
            "jurisdiction": "US",
            "not_known": ["sodium unknown: three rules not checked"],
            "starting_doses": [{"inn": "donepezil", "start_daily_mg": 5.0}],
            "needs_left": ["no eligible candidate covers pain"],
        },
        "p_optimal": set90[0]["p_optimal"],
        "set90": set90,
        "certainty": {
            "p_optimal": set90[0]["p_optimal"],
            "p_optimal_se": 0.03,
            "n_draws": 256,
            "n_optima": 19,
            "complete": True,
            "expected_regret_qaly": 0.0031,
            "regret_95_qaly": 0.0123,
            "evpi_qaly": 0.0030,
            "evppi": [
                {"group": g, "value_qaly": v, "n_numbers": 20}
                for g, v in (("efficacy", 0.0012), ("harm", 0.0))
            ],
            "tornado": tornado,
            "set90": set90,
        },
        "worth": {
            "remaining_life_qaly": 0.1421,
            "within_horizon_qaly": 0.061,
            "horizon_years": 3.0,
        },
    }


def _patient() -> dict[str, Any]:
    return {
        "patient_id": "TEST-0001",
        "synthetic": True,
        "understood": [
            ["Age and sex", "76 years, female"],
            [
                "Conditions",
                "mild Alzheimer's dementia; atrial fibrillation; depression; urge incontinence",
            ],
            ["Genotypes", "CYP2D6 *4/*41 (intermediate metaboliser), CYP2C19 *1/*1, APOE e3/e4"],
            ["Kidney function", "creatinine clearance 58 mL/min"],
            ["Current medicines", "; ".join(CURRENT)],
            ["Visits", "3 visits over 1.6 years"],
        ],
        "missing": [
            "no tau PET: baseline tau comes from the prior",
            "no CYP2C9 genotype: warfarin uses the population mean",
        ],
        "notes": ["CDR-SB has no LOINC code; the project's own code system was used"],
    }


def _twin(rng: np.random.Generator) -> dict[str, Any]:
    names = [
        ("log r", "log 1/year", -1.31, 0.61, 0.88),
        ("log kin", "log CL/year", 1.19, 0.3, 0.96),
        ("baseline D", "point", 4.0, 1.8, 0.22),
        ("baseline A", "centiloid", 80.0, 25.0, 0.31),
        ("baseline T", "SUVR", 0.4, 0.2, 0.97),
    ]
    posterior = [
        {
            "parameter": n,
            "unit": u,
            "prior_mean": m,
            "prior_sd": s,
            "posterior_mean": m + 0.3 * s * rng.normal(),
            "posterior_sd": s * k,
            "contraction": 1.0 - k**2,
        }
        for n, u, m, s, k in names
    ]
    kinetics = []
    for label, inn, _, _ in CANDIDATES[:14]:
        median = float(np.exp(rng.uniform(2, 5)))
        ratio = float(rng.choice([1.0, 1.12, 1.45, 2.3]))
        kinetics.append(
            {
                "inn": inn,
                "label": label,
                "concentration_ng_per_mL": {
                    "median": median,
                    "low": median * 0.6,
                    "high": median * 1.7,
                },
                "exposure_ratio": ratio,
                "exposure_ratio_current": ratio * float(rng.choice([1.0, 1.9])),
            }
        )
    observed, bands = [], []
    past = np.linspace(-1.6, 0.0, 33)
    for name, unit, now, slope, sd in COURSES:
        median = now + slope * past
        width = sd * (1.0 + 0.5 * np.abs(np.sin(2 * past)))
        bands.append(
            {
                "biomarker": name,
                "unit": unit,
                "time_years": past.tolist(),
                "low": (median - width).tolist(),
                "median": median.tolist(),
                "high": (median + width).tolist(),
            }
        )
        for t in (-1.6, -0.8, 0.0) if name != "tau PET" else ():
            value = float(now + slope * t + 0.5 * sd * rng.normal())
            observed += [{"biomarker": name, "time_years": t, "value": value, "unit": unit}]
    return {
        "disease_model": "amyloid-tau (clinical units)",
        "n_members": 2000,
        "effective_sample_size": 412.7,
        "method": "importance sampling",
        "prior_driven": True,
        "prior_driven_reason": "the posterior SD of log r is still 0.88 of its prior SD "
        "(threshold 0.80)",
        "posterior": posterior,
        "kinetics": kinetics,
        "fit": {"observed": observed, "bands": bands},
    }


def _problem() -> dict[str, Any]:
    labels = [c[0] for c in CANDIDATES]
    constraints = [
        {
            "name": "one cholinesterase inhibitor",
            "kind": "AtMostOne",
            "reason": "same target; doses do not add",
            "members": labels[:4],
        },
        {
            "name": "one beta blocker",
            "kind": "AtMostOne",
            "reason": "same class",
            "members": labels[7:9],
        },
        {
            "name": "one anticoagulant",
            "kind": "AtMostOne",
            "reason": "bleeding",
            "members": labels[9:11],
        },
        {
            "name": "stroke prevention covered",
            "kind": "AtLeastOne",
            "reason": "atrial fibrillation, CHA2DS2-VASc 4",
            "members": labels[9:11],
        },
        {
            "name": "lecanemab with apixaban",
            "kind": "NotBoth",
            "reason": "intracranial haemorrhage 1.84 % with both",
            "members": [labels[5], labels[9]],
        },
        {
            "name": "at most 6 medicines",
            "kind": "AtMost",
            "reason": "the spec's limit",
            "members": labels,
        },
    ]
    return {
        "candidates": [
            {"index": i, "label": a, "inn": b, "drug_class": c, "indications": d}
            for i, (a, b, c, d) in enumerate(CANDIDATES)
        ],
        "constraints": constraints,
        "n_feasible": 2316,
        "n_possible": 2 ** len(CANDIDATES),
        "max_drugs": 6,
        "horizon_years": 3.0,
        "objective": "expected quality-adjusted life years over three years, posterior mean "
        "over the "
        "ensemble",
        "unit": "QALY",
        "weights": {"cognition": 1.0, "falls": 1.0, "exploratory receptors": 0.0},
        "enumeration": "all feasible regimens were simulated on the twin",
    }


def _encoding(rng: np.random.Generator) -> dict[str, Any]:
    n = 2316
    true = 0.05 + 0.05 * rng.normal(size=n)
    encoded = true + 0.004 * rng.normal(size=n) - 0.12 * np.clip(true - 0.13, 0, None)
    trained = rng.random(n) < 0.35
    return {
        "n_variables": 19,
        "n_decision": 16,
        "n_slack": 3,
        "n_terms": 155,
        "degree": 2,
        "coefficient_min": -0.41,
        "coefficient_max": 0.83,
        "penalties": [
            {
                "constraint": "one cholinesterase inhibitor",
                "weight": 0.42,
                "sufficient_weight": 0.39,
                "reason": "largest gain from one more member",
            },
            {
                "constraint": "at most 6 medicines",
                "weight": 0.20,
                "sufficient_weight": 0.17,
                "reason": "slack variables of weights 1, 2, 3",
            },
        ],
        "sufficiency": {
            "lowest_feasible_energy": -0.1873,
            "lowest_infeasible_energy": -0.1131,
            "checked_assignments": 2**19,
            "holds": True,
            "tightest_weight": 0.17,
            "text": "every assignment was evaluated: the lowest infeasible energy lies above the "
            "lowest feasible one",
        },
        "accuracy": {
            "n_train": int(trained.sum()),
            "n_held_out": int((~trained).sum()),
            "r2": 0.991,
            "rank_correlation": 0.987,
            "top_overlap": 0.85,
            "regret": 0.0012,
            "max_error": 0.0174,
        },
        "scatter": {
            "encoded": encoded.tolist(),
            "true": true.tolist(),
            "trained": trained.tolist(),
        },
        "surrogate": "quadratic",
        "surrogates": [
            _surrogate("additive", 1, 16, 0.41, 0.0214, 0.034),
            _surrogate("quadratic", 2, 136, 0.991, 0.0012, 0.004),
            _surrogate("cubic", 3, 680, 0.999, 0.0, 0.0),
        ],
        "spectrum": {
            "n": 14,
            "options": [c[0] for c in CANDIDATES[:14]],
            "left_out": [c[0] for c in CANDIDATES[14:]],
            "n_members": 122,
            "share": [0.0, 0.62, 0.33, 0.047, 0.0028, 0.0002],
            "explained": [0.0, 0.62, 0.95, 0.997, 0.9998, 1.0],
            "largest": [0.05, 0.04, 0.021, 0.006, 0.001, 0.0002],
            "allowed_explained": [0.0, 0.79, 0.998, 0.99999],
        },
    }


def _surrogate(
    name: str, degree: int, terms: int, r2: float, regret: float, high: float
) -> dict[str, Any]:
    return {
        "name": name,
        "degree": degree,
        "n_terms": terms,
        "n_simulated": 300,
        "certified": False,
        "words": "300 allowed regimens simulated",
        "accuracy": {
            "n_train": 300,
            "n_held_out": 2016,
            "r2": r2,
            "rank_correlation": r2,
            "top_overlap": 0.9,
            "regret": regret,
            "max_error": 0.02,
        },
        "regret_low": 0.0,
        "regret_high": high,
    }


def _pareto(rng: np.random.Generator) -> dict[str, Any]:
    harm = 0.02 + 0.05 * rng.random(400)
    benefit = 0.12 - 0.4 * (0.07 - harm) * rng.random(400)
    order = np.argsort(harm)
    best = [k for j, k in enumerate(order) if benefit[k] >= benefit[order[: j + 1]].max()]
    front = [
        {"regimen": CHOSEN[: 1 + j % 5], "benefit": float(benefit[k]), "harm": float(harm[k])}
        for j, k in enumerate(best)
    ]
    chosen = {"benefit": front[-1]["benefit"], "harm": front[-1]["harm"]}
    return {
        "benefit": benefit.tolist(),
        "harm": harm.tolist(),
        "front": front * (1 + 6 // len(front)),
        "chosen": chosen,
    }


def _share(successes: int, trials: int, target: str) -> dict[str, Any]:
    low = beta.ppf(0.025, successes, trials - successes + 1) if successes else 0.0
    high = beta.ppf(0.975, successes + 1, trials - successes) if successes < trials else 1.0
    return {
        "value": successes / trials,
        "low": float(low),
        "high": float(high),
        "level": 0.95,
        "successes": successes,
        "trials": trials,
        "target": target,
    }


def _solvers(rng: np.random.Generator) -> list[dict[str, Any]]:
    rows = [
        (
            "exhaustive",
            "",
            "Exhaustive search on the twin",
            "classical",
            "optimal",
            True,
            "twin",
            0.0,
            0.41,
            None,
            None,
        ),
        (
            "cp_sat",
            "",
            "CP-SAT on the encoding",
            "classical",
            "optimal",
            True,
            "encoding",
            0.0012,
            0.083,
            None,
            None,
        ),
        (
            "annealing",
            "",
            "Simulated annealing",
            "classical",
            "feasible",
            False,
            "encoding",
            0.0012,
            0.21,
            0.914,
            1000,
        ),
        (
            "tabu",
            "",
            "Tabu search",
            "classical",
            "feasible",
            False,
            "encoding",
            0.0012,
            0.19,
            None,
            None,
        ),
        (
            "greedy",
            "",
            "Greedy, one medicine at a time",
            "classical",
            "feasible",
            False,
            "twin",
            0.0164,
            0.012,
            None,
            None,
        ),
        (
            "qaoa",
            "statevector",
            "QAOA, 3 layers, own simulator",
            "quantum",
            "feasible",
            False,
            "encoding",
            0.0,
            6.3,
            0.31,
            4096,
        ),
        (
            "qaoa",
            "aer",
            "QAOA, 3 layers, Qiskit Aer",
            "quantum",
            "feasible",
            False,
            "encoding",
            0.0,
            9.9,
            0.304,
            4096,
        ),
        (
            "qaoa",
            "pennylane",
            "QAOA, 3 layers, PennyLane",
            "quantum",
            "feasible",
            False,
            "encoding",
            0.0012,
            14.1,
            0.316,
            4096,
        ),
        (
            "vqe",
            "statevector",
            "Hardware-efficient VQE",
            "quantum",
            "time limit",
            False,
            "encoding",
            0.0231,
            30.0,
            0.004,
            4096,
        ),
        (
            "random",
            "",
            "Random feasible guess",
            "null",
            "feasible",
            False,
            "encoding",
            0.0412,
            0.004,
            0.0005,
            4096,
        ),
        (
            "stalled",
            "",
            "A solver that found nothing",
            "classical",
            "infeasible",
            False,
            "encoding",
            None,
            2.0,
            None,
            None,
        ),
    ]
    out = []
    for name, backend, label, kind, status, proven, scope, regret, wall, p, trials in rows:
        found = regret is not None
        share = (
            _share(int(rng.binomial(trials, p)), trials, "the twin's best regimen")
            if trials
            else None
        )
        out.append(
            {
                "name": name,
                "backend": backend,
                "label": label,
                "kind": kind,
                "status": status,
                "proven": proven,
                "scope": scope,
                "feasible": found,
                "regimen": (CHOSEN if regret == 0.0 else CURRENT) if found else None,
                "objective_twin": 0.1421 - regret if found else None,
                "objective_encoded": 0.1409 - regret if found else None,
                "energy": -0.1409 + regret if found else None,
                "bound": -0.1409 if proven else None,
                "regret_twin": regret,
                "wall_s": {"prepare": 0.1 * wall, "search": 0.9 * wall},
                "total_wall_s": wall,
                "shots": trials if kind == "quantum" else 0,
                "evaluations": int(rng.integers(50, 5000)),
                "success_probability": share,
                "success_probability_encoded": share,
                "mean_energy": {"value": -0.09, "standard_error": 0.002}
                if kind == "quantum"
                else None,
                "feasible_share": {"value": 0.72, "low": 0.70, "high": 0.74}
                if kind == "quantum"
                else None,
                "time_to_solution_s": {"value": wall / 3, "low": wall / 4, "high": wall / 2}
                if trials
                else None,
                "info": {"layers": 3} if name == "qaoa" else {},
            }
        )
    return out


def _agreement(rng: np.random.Generator) -> dict[str, Any]:
    rows = []
    for backend in ("statevector", "aer", "pennylane"):
        deviation = float(rng.normal())
        rows.append(
            {
                "backend": backend,
                "exact": -0.08731245 + 1e-13 * rng.normal(),
                "sampled": -0.08731 + 0.0008 * deviation,
                "standard_error": 0.0008,
                "deviation_in_se": deviation,
            }
        )
    return {
        "theta": [0.31, 0.52, 0.17, 0.44],
        "rows": rows,
        "max_exact_difference": 2.1e-13,
        "tolerance": 1e-8,
        "agree": True,
        "text": "three independent simulators gave the same expectation of the same circuit",
    }


def _regimens(rng: np.random.Generator) -> list[dict[str, Any]]:
    future = np.linspace(0.0, 3.0, 37)
    out = []
    for key, title, drugs, scale, shift, feasible in (
        ("chosen", "Chosen by the twin", CHOSEN, 1.0, 0.75, True),
        ("current", "Current medicines", CURRENT, 0.7, 0.9, False),
        ("none", "No drugs", [], 0.0, 1.0, True),
    ):
        kinds, total = [], 0.0
        for kind, group, mean, sd in KINDS:
            value = (
                mean
                * (scale if group == "benefit" else (1.0 if key == "chosen" else 1.9 * (scale > 0)))
                * (1.0 + 0.1 * rng.normal())
            )
            half = 1.96 * sd * (abs(value) > 0)
            total += value
            kinds.append(
                {
                    "kind": kind,
                    "group": group,
                    "mean": value,
                    "low": value - half,
                    "high": value + half,
                }
            )
        course = []
        for name, unit, now, slope, sd in COURSES:
            median = now + slope * shift * future * (1.0 + 0.06 * future)
            width = sd * (0.4 + 0.7 * future)
            course.append(
                {
                    "biomarker": name,
                    "unit": unit,
                    "time_years": future.tolist(),
                    "low": (median - width).tolist(),
                    "median": median.tolist(),
                    "high": (median + width).tolist(),
                }
            )
        out.append(
            {
                "key": key,
                "title": title,
                "drugs": drugs,
                "feasible": feasible,
                "infeasible_because": []
                if feasible
                else ["no anticholinergic with a cholinesterase inhibitor"],
                "utility": {
                    "mean": total,
                    "low": total - 0.05 * (scale > 0),
                    "high": total + 0.05 * (scale > 0),
                },
                "kinds": kinds,
                "course": course,
                "kinetics": [
                    {"label": d, "exposure_ratio": {"median": 1.3, "low": 0.8, "high": 2.2}}
                    for d in drugs
                ],
            }
        )
    return out


def _top(rng: np.random.Generator) -> list[dict[str, Any]]:
    chance = np.sort(rng.dirichlet(np.ones(10)))[::-1] * 0.8
    rows = []
    for rank in range(10):
        drugs = (
            list(CHOSEN)
            if rank == 0
            else sorted(
                str(CANDIDATES[i][0]) for i in rng.choice(len(CANDIDATES), size=5, replace=False)
            )
        )
        mean = 0.1421 - 0.0012 * rank
        rows.append(
            {
                "rank": rank + 1,
                "drugs": drugs,
                "utility": {"mean": mean, "low": mean - 0.05, "high": mean + 0.052},
                "probability_best": float(chance[rank]),
            }
        )
    return rows
