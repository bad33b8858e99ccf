"""Places from results about molecules (schema qtwin.molecule/1), and published estimates for
unsettled ones.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from qtwin.benchmark.advantage.point import BenchmarkPoint, MethodTimes
from qtwin.benchmark.advantage.verdict import molecule_level
from qtwin.benchmark.fault_tolerance.estimate import TWO_WEEKS_S, machine
from qtwin.benchmark.metrics import upper_limit
from qtwin.benchmark.requirement import duration

CHEMICAL_ACCURACY_MHA = 1.6
"""1 kcal/mol."""
_EXACT = frozenset({"casci", "fci"})


def from_molecule(result: Mapping[str, Any], source: str) -> list[BenchmarkPoint]:
    """The molecule's place; a method succeeds where it is within chemical accuracy of the exact
    energy of the active space.

    Where no exact energy was computed, the lowest variational one takes its place and nothing is
    proven.
    """
    space, rows = (
        result["active_space"],
        [r for r in result["methods"] if r["energy_hartree"] is not None],
    )
    rows = [r for r in rows if r["scope"] == "active space" or space["is_whole_molecule"]]
    exact = next((r["energy_hartree"] for r in rows if r["name"] in _EXACT), None)
    lowest = min((r["energy_hartree"] for r in rows if r.get("variational")), default=math.inf)
    reference = lowest if exact is None else exact
    weight = (result.get("diagnostics") or {}).get("casci_leading_weight")
    said = (
        "leading determinant not known"
        if weight is None
        else f"leading determinant {100 * weight:.0f} %"
    )
    return [
        BenchmarkPoint(
            axes="molecule",
            name=str(result["title"]),
            origin="molecule",
            size=int(space["n_orbitals"]),
            level="moderate" if weight is None else molecule_level(float(weight)),
            detail=f"{space['n_electrons']} electrons in {space['n_orbitals']} orbitals,"
            f" {space['determinants']:,} determinants, {said}",
            instances=1,
            proven=int(exact is not None),
            construction=False,
            contenders=tuple(_contender(r, reference) for r in rows),
            source=source,
            command=str(result.get("command") or "qtwin molecule"),
        )
    ]


def from_contact(result: Mapping[str, Any], source: str) -> list[BenchmarkPoint]:
    """The contact of a drug with its receptor (schema qtwin.contact/1), a place for the wild type
    and each variant.

    Compared are interaction energies in the active space, whose exact value diagonalisation gives.
    The weight of the leading determinant is not reported there; the T1 diagnostic of coupled
    cluster in the active space takes its place, at its usual thresholds of 0.02 and 0.05 (Lee,
    Taylor 1989, Int J Quantum Chem S23:199; transition metals: Jiang et al. 2012, JCTC 8:460).
    """
    contact = result["contact"]
    places = []
    for system in result["systems"]:
        found = system["interaction"]
        if found.get("active") is None:
            continue
        rows = [
            r
            for r in found["methods"]
            if r["scope"] == "active space" and r["interaction_hartree"] is not None
        ]
        exact = next((r["interaction_hartree"] for r in rows if r["name"] in _EXACT), None)
        if exact is None:
            continue
        space, t1 = (
            found["active"],
            max((float(r["t1"]) for r in rows if r.get("t1") is not None), default=0.0),
        )
        changed = [
            {
                **r,
                "energy_hartree": r["interaction_hartree"],
                "standard_error": r.get("standard_error_hartree"),
            }
            for r in rows
        ]
        places.append(
            BenchmarkPoint(
                axes="molecule",
                name=f"{contact['drug']} at {contact['receptor']} {contact['site']}, side chain "
                f"{system['residue']}",
                origin="molecule" if result.get("patient") is None else "patient",
                size=int(space["n_orbitals"]),
                level="weak" if t1 < 0.02 else "moderate" if t1 < 0.05 else "strong",
                detail=f"interaction energy; {space['n_electrons']} electrons in "
                f"{space['n_orbitals']} orbitals,"
                f" {space['determinants']:,} determinants, T1 {t1:.3f}",
                instances=1,
                proven=1,
                construction=False,
                contenders=tuple(_contender(r, exact) for r in changed),
                source=source,
                command="qtwin molecule",
            )
        )
    return places


def _contender(row: Mapping[str, Any], reference: float) -> MethodTimes:
    error_mha = 1e3 * (row["energy_hartree"] - reference)
    spread = 1e3 * float(row.get("standard_error") or 0.0)
    good = upper_limit(error_mha, spread) <= CHEMICAL_ACCURACY_MHA
    took = float(row["wall_s"]) if good else math.inf
    kcal = "" if row.get("error_kcal_mol") is None else f" ({row['error_kcal_mol']:+.2g} kcal/mol)"
    return MethodTimes(
        label=str(row["name"]),
        kind=str(row["kind"]),
        time_s=took,
        low_s=took,
        high_s=took,
        successes=int(good),
        runs=1,
        proven=int(row["name"] in _EXACT),
        note=f"{error_mha:+.3g} mHa{kcal}" + (f" ± {spread:.2g} mHa" if spread else ""),
    )


def published() -> list[BenchmarkPoint]:
    """Molecules with published logical counts, and the machine that our model works out for
    them.
    """
    kept = tomllib.loads(
        (files("qtwin") / "data" / "published_resources.toml").read_text(encoding="utf-8")
    )
    places = []
    for m in kept["molecule"]:
        needed = machine(int(m["logical_qubits"]), float(m["toffolis"]))
        places.append(
            BenchmarkPoint(
                axes="molecule",
                name=m["name"],
                origin="published",
                size=int(m["orbitals"]),
                level=m["correlation"],
                detail=f"{m['orbitals']} orbitals; {m['source']}",
                instances=0,
                proven=0,
                construction=False,
                contenders=(),
                source="",
                command="",
                requirement=f"published counts of {m['logical_qubits']:,} logical qubits and "
                f"{m['toffolis'] / 1e9:.1f} billion"
                " Toffolis need"
                f" {needed.physical_qubits / 1e6:.2g} million physical qubits at distance "
                f"{needed.distance} and"
                f" {duration(needed.wall_s)}; nothing was measured here"
                + ("" if m.get("classical") else ", and no classical method is known to settle it"),
                plausible=needed.wall_s <= TWO_WEEKS_S,
                classical=m.get("classical", ""),
            )
        )
    return places
