"""The verdict on a question of energy, written from the classical competitors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qtwin.benchmark.metrics import upper_limit
from qtwin.report.number import number, seconds

CHEMICAL_ACCURACY_MHA = 1.6
"""1 kcal/mol."""
T1_DOUBTFUL, WEIGHT_DOUBTFUL, DEVIATION_DOUBTFUL = 0.02, 0.85, 0.15
"""T1 by Lee, Taylor 1989 (IJQC 36:199); for weight and occupation there is no agreed border, these
are ours.
"""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One sentence, what supports it, and who won (None when nobody was accurate)."""

    sentence: str
    points: tuple[str, ...]
    winner: str | None


def diagnostics(rows: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """How far one determinant is from being the whole story."""
    by = {row["name"]: row["info"] for row in rows}

    def first(key: str, *names: str) -> float | None:
        return next(
            (float(by[n][key]) for n in names if n in by and by[n].get(key) is not None), None
        )

    return {
        "t1": first("t1_diagnostic", "ccsd(t)", "ccsd"),
        "t1_active": first("t1_diagnostic", "active-ccsd(t)", "active-ccsd"),
        "casci_leading_weight": first("leading_weight", "casci"),
        "largest_occupation_deviation": first("largest_occupation_deviation", "casci"),
        "spin_squared": first("spin_squared", "casci"),
    }


def is_multireference(found: Mapping[str, float | None]) -> bool:
    """Whether any diagnostic says that one determinant is a doubtful start."""
    t1, weight, deviation = (
        found["t1"],
        found["casci_leading_weight"],
        found["largest_occupation_deviation"],
    )
    return (
        (t1 is not None and t1 > T1_DOUBTFUL)
        or (weight is not None and weight < WEIGHT_DOUBTFUL)
        or (deviation is not None and deviation > DEVIATION_DOUBTFUL)
    )


def judge(rows: Sequence[Mapping[str, Any]], *, whole_is_active: bool) -> Verdict:
    """Who found the energy of the active space to 1.6 mHa first, and whether coupled cluster is the
    whole truth.
    """
    by = {row["name"]: row for row in rows}
    hard = is_multireference(diagnostics(rows))
    points: list[str] = []
    exact = by.get("casci")
    if exact is None or exact["energy_hartree"] is None:
        return _without_exact(by, hard)
    # a state of another or of unknown spin answers another question
    told = [r for r in rows if r.get("right_spin")]
    accurate = [r for r in told if r["scope"] == "active space" or whole_is_active]
    accurate = [r for r in accurate if r["error_mHa"] is not None]
    accurate = [r for r in accurate if _within(r["error_mHa"], r)]
    accurate.sort(key=lambda r: r["wall_s"])
    classical = [r for r in accurate if r["kind"] != "quantum"]
    quantum = [r for r in accurate if r["kind"] == "quantum"]
    winner = accurate[0]["name"] if accurate else None
    coupled = by.get("ccsd(t)" if whole_is_active else "active-ccsd(t)", {})
    error = coupled.get("error_mHa")
    if coupled.get("status") == "did not converge":
        sentence = "CCSD(T) does not converge here"
    elif coupled.get("right_spin") is False:
        sentence = (
            "CCSD(T) has no state of this multiplicity here (S² "
            f"{number(coupled['spin_squared'], 3)})"
        )
    elif error is None and coupled:
        sentence = f"CCSD(T) gave no energy here ({coupled['status'].partition(':')[0]})"
    elif error is None:
        sentence = "CCSD(T) was not asked"
    elif abs(error) <= CHEMICAL_ACCURACY_MHA:
        near = "at the exact energy" if abs(error) < 1e-3 else f"{_off(error)} the exact energy"
        sentence = f"CCSD(T) does this in {seconds(coupled['wall_s'])}, {near}"
    else:
        how = "misses 1.6 mHa" if abs(error) < 5.0 else "fails"
        sentence = f"CCSD(T) {how} here ({_off(error)} the exact energy)"
    sentence += f"; exact diagonalisation takes {seconds(exact['wall_s'])}"
    if quantum:
        best = quantum[0]
        sentence += (
            f"; the fastest quantum method to 1.6 mHa, {best['name']}, took "
            f"{seconds(best['wall_s'])} on a simulator:"
            " no quantum computer is needed"
        )
    elif any(r["kind"] == "quantum" for r in rows):
        close = min(
            (r for r in told if r["kind"] == "quantum" and r["error_mHa"] is not None),
            key=lambda r: abs(r["error_mHa"]),
            default=None,
        )
        sentence += "; no quantum method reached 1.6 mHa" + (
            f" (the nearest, {close['name']}, ended {_off(close['error_mHa'])} it)" if close else ""
        )
    else:
        sentence += ": no quantum computer is needed"
    if classical and quantum:
        points.append(
            f"To 1.6 mHa in the active space: {classical[0]['name']} in "
            f"{seconds(classical[0]['wall_s'])},"
            f" {quantum[0]['name']} in {seconds(quantum[0]['wall_s'])}; on this machine, by "
            "simulation"
        )
    points += _beyond(by, whole_is_active)
    points += [*_other_spins(rows), _character(rows, hard)]
    return Verdict(sentence=sentence, points=tuple(points), winner=winner)


def _within(error_mha: float, row: Mapping[str, Any]) -> bool:
    """Whether the upper confidence limit of the error is within chemical accuracy: a large error
    bar grants nothing.
    """
    return upper_limit(error_mha, 1e3 * (row.get("standard_error") or 0.0)) <= CHEMICAL_ACCURACY_MHA


def along(points: Sequence[Mapping[str, Any]]) -> str:
    """How often each method was within 1.6 mHa of the exact energy of what it treats, along a
    curve; empty without exact ones.
    """
    reference = {"active space": "casci", "molecule": "fci"}
    good: dict[str, int] = {}
    for point in points:
        energies = {r["name"]: r["energy_hartree"] for r in point["methods"]}
        for row in point["methods"]:
            exact = energies.get(reference[row["scope"]])
            if exact is None or row["name"] in reference.values():
                continue
            off = (
                None if row["energy_hartree"] is None else abs(row["energy_hartree"] - exact) * 1e3
            )
            good[row["name"]] = good.get(row["name"], 0) + int(
                off is not None and _within(off, row)
            )
    if not good:
        return ""
    told = ", ".join(
        f"{name} at {n}" for name, n in sorted(good.items(), key=lambda item: -item[1])
    )
    return (
        f"Within 1.6 mHa of the exact energy of what it treats, of {len(points)} geometries "
        f"along the curve: {told}"
    )


def _other_spins(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Who found a state of another multiplicity, or does not say which one."""
    wrong = [
        f"{r['name']} (S² {number(r['spin_squared'], 3)})"
        for r in rows
        if r.get("right_spin") is False
    ]
    unknown = [
        r["name"] for r in rows if r.get("right_spin") is None and r["energy_hartree"] is not None
    ]
    said = []
    if wrong:
        said.append(
            "States of another multiplicity than was asked for, left out of every "
            f"comparison: {', '.join(wrong)}"
        )
    if unknown:
        said.append(f"Spin not told, so left out of the verdict: {', '.join(unknown)}")
    return said


def _without_exact(by: Mapping[str, Mapping[str, Any]], hard: bool) -> Verdict:
    rows = list(by.values())
    trusted = [
        by[n]
        for n in ("fci", "ccsd(t)", "ccsd", "mp2", "hf")
        if n in by and by[n]["energy_hartree"] is not None
    ]
    found = next((r for r in trusted if r.get("right_spin")), None)
    if found is None:
        return Verdict(
            sentence="No method gave an energy of this multiplicity",
            points=tuple(_other_spins(rows)),
            winner=None,
        )
    why = (
        "was asked for"
        if "casci" not in by
        else f"is there (casci: {by['casci']['status'].partition(':')[0]})"
    )
    return Verdict(
        sentence=f"{_words(found['name'])} does this in {seconds(found['wall_s'])}; no exact "
        "energy "
        f"{why} beside it",
        points=(*_other_spins(rows), _character(rows, hard)),
        winner=found["name"],
    )


def _beyond(by: Mapping[str, Mapping[str, Any]], whole_is_active: bool) -> list[str]:
    """What the active space leaves out, by the best method of the whole molecule."""
    if whole_is_active:
        return [
            "The active space is the whole molecule in its basis; the basis itself is the "
            "next error"
        ]
    best = next(
        (
            by[n]
            for n in ("fci", "ccsd(t)", "ccsd")
            if n in by and by[n]["energy_hartree"] is not None
        ),
        None,
    )
    if best is None or best["error_mHa"] is None:
        return []
    return [
        f"{_words(best['name'])} of the whole molecule takes {seconds(best['wall_s'])} and lies"
        f" {number(abs(best['error_mHa']))} mHa "
        f"{'below' if best['error_mHa'] < 0 else 'above'} the active space's exact energy:"
        " that correlation is not in the quantum problem at all"
    ]


def _character(rows: Sequence[Mapping[str, Any]], hard: bool) -> str:
    found = diagnostics(rows)
    told = [
        f"{name} {number(value, 2)}"
        for name, value in (
            ("T1", found["t1"]),
            ("leading weight", found["casci_leading_weight"]),
            ("largest deviation of a natural occupation", found["largest_occupation_deviation"]),
        )
        if value is not None
    ]
    if not told:
        return "No diagnostic of multireference character was computed"
    words = (
        "several determinants matter here, where coupled cluster is doubtful and a "
        "variational method has a point"
        if hard
        else "one determinant leads, the case for which CCSD(T) was made"
    )
    return f"{', '.join(told)}: {words}"


def _off(error_mha: float) -> str:
    return f"{number(abs(error_mha), 2)} mHa {'below' if error_mha < 0 else 'above'}"


def _words(name: str) -> str:
    return name.upper() if name in {"hf", "mp2", "ccsd", "ccsd(t)", "fci"} else name
