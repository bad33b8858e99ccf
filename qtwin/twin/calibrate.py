"""Re-derives every calibrated number of the project's data from published figures:
``python -m qtwin.twin.calibrate``.

A calibrated number carries either a `formula`, plain arithmetic on its source's figures, or has a
derivation here. `--write` puts new values into the data files; without it the stored and the
derived values are printed side by side, exit code 1 if any differ. Only figures of role "target" in
``data/published.toml`` are read; the checks are never fitted.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import math
import operator
import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from qtwin.errors import InputError
from qtwin.pharmacology.drug import Drug
from qtwin.pharmacology.formulary import drug
from qtwin.pharmacology.kinetics import mean_steady_state_ng_per_mL
from qtwin.pharmacology.quantity import Quantity, read_quantities
from qtwin.pharmacology.receptor import heart_rate_fall
from qtwin.twin.disease.alzheimer import Alzheimer
from qtwin.twin.protocol import shipped_trial
from qtwin.twin.published import figures
from qtwin.twin.trial import Outcome, run

Array = NDArray[np.float64]
_TOLERANCE = 0.01
_ANTIBODIES = ("lecanemab", "donanemab")
_FIT_PER_ARM = 1500
# resting heart rate fall (fraction) on metoprolol 25, 50, 75 mg every 8 h by ADRB1 389 genotype
LIU_2003 = {
    "doses_mg": (25.0, 50.0, 75.0),
    "Arg/Arg": (0.063, 0.101, 0.144),
    "Gly/Gly": (0.041, 0.062, 0.109),
}
LIU_CLEARANCE_L_PER_H = 90.0
"""Apparent metoprolol clearance of young men of mixed CYP2D6 genotype; assumed."""
_OPERATORS: Mapping[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}
_FUNCTIONS: Mapping[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
}


@dataclass(frozen=True, kw_only=True)
class Derived:
    """One calibrated number: where it stands, what stands there, and what its derivation gives."""

    file: str
    place: tuple[str, ...]
    stored: float
    derived: float
    how: str

    @property
    def holds(self) -> bool:
        """Whether the stored value is the derived one to within a per cent (rounding of the data
        files).
        """
        return abs(self.stored - self.derived) <= _TOLERANCE * abs(self.derived)


def evaluate(formula: str) -> float:
    """The value of plain arithmetic: numbers, pi, + - * / **, exp, log, sqrt.

    Raises:
        InputError: for anything else.
    """

    def value(node: ast.expr) -> float:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return float(node.value)
        if isinstance(node, ast.Name) and node.id == "pi":
            return math.pi
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.left), value(node.right))
        if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](value(node.operand))
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _FUNCTIONS
            and len(node.args) == 1
        ):
            return _FUNCTIONS[node.func.id](value(node.args[0]))
        raise InputError(
            f"formula {formula!r} holds {ast.unparse(node)!r}",
            hint="only numbers, pi, + - * / **, exp, log, sqrt",
        )

    try:
        return value(ast.parse(formula, mode="eval").body)
    except (SyntaxError, ZeroDivisionError, ValueError) as error:
        raise InputError(f"formula {formula!r}: {error}", hint="correct the formula") from None


def _entries(
    raw: Mapping[str, Any], place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for key, entry in raw.items():
        if isinstance(entry, Mapping):
            if "status" in entry:
                yield (*place, key), entry
            else:
                yield from _entries(entry, (*place, key))


def calibrated() -> Iterator[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
    """File, place and entry of every number with status "calibrated"."""
    data = Path(str(resources.files("qtwin"))) / "data"
    for path in sorted([*data.glob("*.toml"), *data.glob("drugs/*.toml")]):
        for place, entry in _entries(tomllib.loads(path.read_text(encoding="utf-8"))):
            if entry["status"] == "calibrated":
                yield str(path.relative_to(data)), place, entry


def with_rate(antibody: Drug, rate: float, person_log_sd: float) -> Drug:
    """The antibody with another removal of amyloid (1/year) and another spread of it between
    patients (log-SD).
    """
    effect = dataclasses.replace(
        antibody.effects["amyloid_clearance"], value=rate, person_log_sd=person_log_sd
    )
    return dataclasses.replace(antibody, effects={**antibody.effects, "amyloid_clearance": effect})


def _with_values(quantities: Mapping[str, Quantity], **values: float) -> dict[str, Quantity]:
    return {k: dataclasses.replace(q, value=values.get(k, q.value)) for k, q in quantities.items()}


def _trial_figures(outcomes: Sequence[Outcome], tau_normal: float) -> dict[str, float]:
    clarity, trailblazer = outcomes

    def stayed(o: Outcome, arm: int, biomarker: str) -> Array:
        values = o.trial.model.observe(biomarker, o.states[arm])
        return np.asarray(values[~np.isnan(o.measured[:, -1])])

    def change(o: Outcome, arm: int, biomarker: str) -> float:
        values = stayed(o, arm, biomarker)
        return float((values[:, -1] - values[:, 0]).mean())

    clear = (stayed(trailblazer, 1, "amyloid_pet_centiloid") < 24.1).mean(axis=0) * 100.0
    at = {
        week: float(clear[1 + trailblazer.trial.weeks.index(week)]) for week in (24.0, 52.0, 76.0)
    }
    suvr = tau_normal + stayed(clarity, 0, "tau_pet_suvr_excess")
    return {
        "clarity_placebo": change(clarity, 0, "cdr_sb"),
        "clarity_lecanemab": change(clarity, 1, "cdr_sb"),
        "clarity_amyloid": change(clarity, 1, "amyloid_pet_centiloid")
        - change(clarity, 0, "amyloid_pet_centiloid"),
        "trailblazer_clear_24": at[24.0],
        "trailblazer_clear_52": at[52.0],
        "trailblazer_clear_76": at[76.0],
        "trailblazer_placebo": change(trailblazer, 0, "cdr_sb"),
        "trailblazer_donanemab": change(trailblazer, 1, "cdr_sb"),
        "tau_rate_impaired": float(
            100.0 * (suvr[:, -1] / suvr[:, 0] - 1.0).mean() / clarity.times_years[-1]
        ),
    }


@cache
def trial_fit() -> Mapping[str, float]:
    """r, wA, tau_growth, the removal rates of both antibodies and their spread, by least squares on
    the trials' targets.

    Residuals are in units of each target's half interval; both trials are simulated with the same
    random numbers every time.
    """
    shipped = read_quantities("disease_alzheimer.toml")
    trials = [
        shipped_trial(name, n_per_arm=_FIT_PER_ARM) for name in ("clarity-ad", "trailblazer-alz2")
    ]
    wanted = figures()

    def unpack(x: Array) -> dict[str, float]:
        return {
            "r": math.exp(x[0]),
            "wA": 1.0 / (1.0 + math.exp(-x[1])),
            "tau_growth": math.exp(x[2]),
            "lecanemab": math.exp(x[3]),
            "donanemab": math.exp(x[4]),
            "log_sd": math.exp(x[5]),
        }

    def residuals(x: Array) -> Array:
        v = unpack(x)
        model = Alzheimer(_with_values(shipped, r=v["r"], wA=v["wA"], tau_growth=v["tau_growth"]))
        drugs = {name: with_rate(drug(name), v[name], v["log_sd"]) for name in _ANTIBODIES}
        outcomes = [run(dataclasses.replace(t, model=model), drugs=drugs) for t in trials]
        found = _trial_figures(outcomes, shipped["tau_pet_normal"].value)
        return np.array(
            [(found[k] - wanted[k].value) / (0.5 * (wanted[k].high - wanted[k].low)) for k in found]
        )

    start = np.array(
        [math.log(0.27), -0.27, math.log(0.09), math.log(1.1), math.log(2.2), math.log(0.7)]
    )
    solution = least_squares(residuals, start, diff_step=1e-2, xtol=1e-4, ftol=1e-4, max_nfev=25)
    return unpack(solution.x)


def p_tau_fit() -> tuple[float, float]:
    """Gains of p-tau217 on amyloid and tau from its fold in unimpaired (60 CL, excess 0.02),
    impaired (100 CL, 0.45) people.
    """
    wanted = figures()
    design = np.array([[0.60, 0.02], [1.00, 0.45]])
    fold = np.array([wanted["p_tau_unimpaired"].value, wanted["p_tau_impaired"].value]) - 1.0
    per_amyloid, per_tau = np.linalg.solve(design, fold)
    return float(per_amyloid), float(per_tau)


def _concentration(given: Drug, mg_per_day: float) -> float:
    return mean_steady_state_ng_per_mL(
        dose_mg=mg_per_day,
        interval_h=24.0,
        bioavailability=given.kinetics["bioavailability"].value,
        clearance_L_per_h=given.kinetics["clearance"].value,
    )


def donepezil_fit() -> tuple[float, float]:
    """Emax and EC50 through -1.95 points at 5 mg and -2.48 at 10 mg a day (PMC6484274)."""
    low, high = (_concentration(drug("donepezil"), mg) for mg in (5.0, 10.0))
    ratio = 2.48 / 1.95
    half = (1.0 - ratio) / (ratio / high - 1.0 / low)
    return 2.48 * (high + half) / high, half


def one_dose_maximum(inn: str, points: float, mg_per_day: float) -> float:
    """Emax that gives the published effect at one dose, with the drug's assumed EC50."""
    given = drug(inn)
    c = _concentration(given, mg_per_day)
    return points * (c + given.effects["adas_cog_ec50"].value) / c


def liu_odds() -> Array:
    """(3,) beta-1 antagonist odds of Liu's three doses."""
    metoprolol = drug("metoprolol")
    unbound = metoprolol.kinetics["fraction_unbound"].value / metoprolol.molar_mass.value * 1000.0
    mean_ng_per_mL = 1000.0 * np.array(LIU_2003["doses_mg"]) / 8.0 / LIU_CLEARANCE_L_PER_H
    return np.asarray(mean_ng_per_mL * unbound / metoprolol.affinity["ADRB1"].value)


@cache
def beta1_fit() -> tuple[float, float, float]:
    """Sympathetic share and half odds from Liu's Arg389 homozygotes, then the gain of Gly389 (Liu
    2003, CPT 74:372).
    """
    odds, arg, gly = liu_odds(), np.array(LIU_2003["Arg/Arg"]), np.array(LIU_2003["Gly/Gly"])

    def predicted(x: Array) -> Array:
        return np.asarray(
            heart_rate_fall(odds, sympathetic_share=math.exp(x[0]), half_odds=math.exp(x[1]))
        )

    solution = least_squares(lambda x: predicted(x) - arg, np.log([0.4, 11.0])).x
    fitted = predicted(solution)
    return math.exp(solution[0]), math.exp(solution[1]), float(fitted @ gly / (fitted @ fitted))


def bradycardia_fit() -> float:
    """Log hazard per unit fall of the heart rate: ln 3.86 (Bijl 2009) over the difference between
    poor and *1/*1 metabolisers.
    """
    metoprolol = drug("metoprolol")
    share, half, _ = beta1_fit()
    reference = metoprolol.reference
    odds = (
        _concentration(metoprolol, reference.amount_mg * 24.0 / reference.interval_h)
        * metoprolol.kinetics["fraction_unbound"].value
        / metoprolol.molar_mass.value
        * 1000.0
        / metoprolol.affinity["ADRB1"].value
    )
    poor = 1.0 / (1.0 - metoprolol.metabolism["CYP2D6"].value)
    falls = [
        heart_rate_fall(odds * u, sympathetic_share=share, half_odds=half) for u in (poor, 1.0)
    ]
    return math.log(3.86) / (falls[0] - falls[1])


_DISEASE, _OUTCOMES = "disease_alzheimer.toml", "outcomes.toml"


def _drug_place(inn: str, *place: str) -> tuple[str, tuple[str, ...]]:
    return f"drugs/{inn}.toml", place


DERIVATIONS: Mapping[tuple[str, tuple[str, ...]], tuple[str, Callable[[], float]]] = {
    (_DISEASE, ("r",)): ("trial fit, both antibodies", lambda: trial_fit()["r"]),
    (_DISEASE, ("wA",)): ("trial fit, both antibodies", lambda: trial_fit()["wA"]),
    (_DISEASE, ("tau_growth",)): ("trial fit, rise of tau PET", lambda: trial_fit()["tau_growth"]),
    (_DISEASE, ("p_tau_per_amyloid",)): ("solved from two published folds", lambda: p_tau_fit()[0]),
    (_DISEASE, ("p_tau_per_tau",)): ("solved from two published folds", lambda: p_tau_fit()[1]),
    _drug_place("lecanemab", "effects", "amyloid_clearance"): (
        "trial fit, Clarity AD",
        lambda: trial_fit()["lecanemab"],
    ),
    _drug_place("donanemab", "effects", "amyloid_clearance"): (
        "trial fit, TRAILBLAZER-ALZ 2",
        lambda: trial_fit()["donanemab"],
    ),
    _drug_place("donepezil", "effects", "adas_cog_max"): (
        "through two doses",
        lambda: donepezil_fit()[0],
    ),
    _drug_place("donepezil", "effects", "adas_cog_ec50"): (
        "through two doses",
        lambda: donepezil_fit()[1],
    ),
    _drug_place("galantamine", "effects", "adas_cog_max"): (
        "through one dose",
        lambda: one_dose_maximum("galantamine", 3.03, 24),
    ),
    _drug_place("rivastigmine", "effects", "adas_cog_max"): (
        "through one dose",
        lambda: one_dose_maximum("rivastigmine", 2.01, 12),
    ),
    (_OUTCOMES, ("constant", "beta1_sympathetic_share")): (
        "fit to Liu 2003",
        lambda: beta1_fit()[0],
    ),
    (_OUTCOMES, ("constant", "beta1_half_odds")): ("fit to Liu 2003", lambda: beta1_fit()[1]),
    (_OUTCOMES, ("constant", "beta1_gain_gly389")): ("fit to Liu 2003", lambda: beta1_fit()[2]),
    (_OUTCOMES, ("constant", "bradycardia_per_fall")): ("solved from Bijl 2009", bradycardia_fit),
}

_TRIAL_FIT = frozenset(key for key, (how, _) in DERIVATIONS.items() if how.startswith("trial fit"))


def derive(*, with_trials: bool = True) -> tuple[Derived, ...]:
    """Every calibrated number beside its derivation.

    Args:
        with_trials: Also repeat the fit to the trials (about half a minute).

    Raises:
        InputError: for a calibrated number without formula or derivation.
    """
    found = []
    for file, place, entry in calibrated():
        key = (file, place)
        if entry.get("formula"):
            how, value = entry["formula"], evaluate(entry["formula"])
        elif key in DERIVATIONS:
            how, compute = DERIVATIONS[key]
            if key in _TRIAL_FIT and not with_trials:
                continue
            value = compute()
        else:
            raise InputError(
                f"{file} {'.'.join(place)} is calibrated, but nothing derives it",
                hint="give it a formula, a derivation in qtwin/twin/calibrate.py, or another "
                "status",
            )
        found.append(
            Derived(file=file, place=place, stored=float(entry["value"]), derived=value, how=how)
        )
    return tuple(found)


def write(results: tuple[Derived, ...]) -> int:
    """Put the derived values into the data files, to four digits; returns how many changed."""
    data, changed = Path(str(resources.files("qtwin"))) / "data", 0
    for result in results:
        if result.holds:
            continue
        path = data / result.file
        text = path.read_text(encoding="utf-8")
        section = re.escape(result.place[-2]) if len(result.place) > 1 else ""
        pattern = (
            rf"(\[{section}\][^\[]*?\n)?" if section else ""
        ) + rf"(?m:^){result.place[-1]} = \{{ value = [-+.\deE]+"
        match = re.search(pattern, text)
        if match is None:
            raise InputError(
                f"{result.file} {'.'.join(result.place)} has an unusual layout",
                hint="change the value by hand",
            )
        old = re.sub(r"[-+.\deE]+$", "", match.group(0))
        path.write_text(
            text[: match.start()] + old + f"{result.derived:.4g}" + text[match.end() :],
            encoding="utf-8",
        )
        changed += 1
    return changed


def main(arguments: list[str] | None = None) -> int:
    """Print stored and derived values; 1 if any differ and none was written."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--write", action="store_true", help="put the derived values into the data files"
    )
    options = parser.parse_args(arguments)
    results = derive()
    for r in results:
        mark = "" if r.holds else "   differs"
        print(
            f"{r.file + ' ' + '.'.join(r.place):60} stored {r.stored:<10.4g} derived "
            f"{r.derived:<10.4g} {r.how}{mark}"
        )
    print(
        f"spread of the removal rates between patients: {trial_fit()['log_sd']:.3f} (log-SD "
        "of both antibodies)"
    )
    if options.write:
        print(f"{write(results)} values written")
        return 0
    return int(not all(r.holds for r in results))


if __name__ == "__main__":
    sys.exit(main())
