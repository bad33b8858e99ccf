"""Curves of energy against a distance, and what each method is off by, in a second panel below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.report import style
from qtwin.report.chart import (
    PLAIN,
    Figure,
    colour,
    data_chart,
    fixed_chart,
    legend,
    line_at,
    rows,
    symmetric,
    tips,
    toggle,
)
from qtwin.report.molecule_pictures import (
    convergence_picture,
    orbital_picture,
    race_picture,
    structure_picture,
)
from qtwin.report.molecule_tables import (
    diagnostic_table,
    energy,
    fault_tolerance_section,
    interaction_table,
    kcal,
    method_table,
    scan_table,
)
from qtwin.report.molecule_verdict import CHEMICAL_ACCURACY_MHA
from qtwin.report.number import number, seconds, sentence
from qtwin.report.sheet import Section, Sheet

_COLOURS = (style.GREY, style.BLUE, style.GREEN, style.ORANGE, style.PURPLE, style.SKY, style.INK)
_SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "triangle-down",
    "cross",
    "triangle-left",
    "triangle-right",
)
_QUANTUM_SHAPES = ("diamond", "cross", "square")
_DASHES = ([6, 2], [2, 2], [8, 2, 2, 2])


def _styles(kinds: Mapping[str, str]) -> list[tuple[str, str, list[int]]]:
    """Colour, shape and dash of each method: quantum methods red and dashed, the others solid in
    colours of their own.
    """
    styles: list[tuple[str, str, list[int]]] = []
    quantum = other = 0
    for kind in kinds.values():
        if kind == "quantum":
            styles.append((style.VERMILLION, _QUANTUM_SHAPES[quantum % 3], _DASHES[quantum % 3]))
            quantum += 1
        else:
            styles.append((_COLOURS[other % 7], _SHAPES[(other + other // 7) % 7], [1, 0]))
            other += 1
    return styles


def curve_picture(
    points: Sequence[Mapping[str, Any]],
    *,
    name: str,
    title: str,
    x_label: str,
    y_label: str,
    value: str,
    reference: Mapping[str, str],
    error_label: str,
    factor: float,
    band: float,
    caption: str,
) -> Figure:
    """Two panels over one distance: values above, differences to a reference method below.

    Args:
        points: Each with "x" and "methods", rows with "name", "kind" and the key `value`.
        name: Of the file.
        title: Of the figure.
        x_label: Of the distance.
        y_label: Of the values.
        value: Key of a row that is drawn.
        reference: Method that the others are compared with, by what they treat: "molecule" or
            "active space".
        error_label: Of the second axis.
        factor: From the value's unit to that of the second axis.
        band: Half width of the band of chemical accuracy on the second axis.
        caption: How to read it.
    """
    import altair as alt

    x = np.array([p["x"] for p in points])
    kinds = {r["name"]: r["kind"] for r in points[0]["methods"]}
    scopes = {r["name"]: r["scope"] for r in points[0]["methods"]}
    names = list(kinds)

    def values(method: str) -> Any:
        found = [
            next((r[value] for r in p["methods"] if r["name"] == method), None) for p in points
        ]
        return np.array([np.nan if v is None else v for v in found], dtype=float)

    base = {m: values(reference[scopes[m]]) for m in names}
    data = rows(
        ["x", "method", value, "difference_to_reference"],
        [
            (
                p["x"],
                r["name"],
                r[value],
                None if r[value] is None or not np.isfinite(b) else (r[value] - b) * factor,
            )
            for k, p in enumerate(points)
            for r in p["methods"]
            for b in (base[r["name"]][k],)
        ],
    )
    styles = _styles(kinds)
    picked, opacity = toggle("method")
    drawn = data_chart().encode(
        x=alt.X("x:Q", title=x_label).scale(zero=False, nice=False, padding=8),
        color=alt.Color(
            "method:N",
            scale=colour(names, [s[0] for s in styles]),
            legend=legend(names),
            sort=names,
        ),
        shape=alt.Shape("method:N", scale=colour(names, [s[1] for s in styles]), sort=names),
        opacity=opacity,
        tooltip=tips(
            data,
            {
                "method": "method",
                "x": x_label,
                value: y_label,
                "difference_to_reference": error_label,
            },
        ),
    )
    dash = alt.StrokeDash(
        "method:N", scale=alt.Scale(domain=names, range=[s[2] for s in styles]), sort=names
    )

    def curves(chart: alt.Chart, y: alt.Y) -> Any:
        placed = chart.encode(y=y)
        return placed.mark_line(strokeWidth=1.5, clip=True, aria=False).encode(
            strokeDash=dash
        ) + placed.mark_point(size=34, clip=True)

    domain = _domain([v for m in names for v in values(m)], values(next(iter(reference.values()))))
    scale = (
        alt.Scale(zero=False, nice=False)
        if domain is None
        else alt.Scale(zero=False, nice=False, domain=domain)
    )
    above = curves(drawn, alt.Y(f"{value}:Q", title=y_label, scale=scale).axis(format="~g"))
    errors = [
        row["difference_to_reference"] for row in data if row["difference_to_reference"] is not None
    ]
    axis = alt.Y("difference_to_reference:Q", title=error_label)
    if max(map(abs, errors), default=0.0) > 20 * band:
        symlog, ticks = symmetric(errors, band, low=-band)
        axis = axis.scale(symlog).axis(values=ticks, labelExpr=PLAIN)
    compared = drawn.transform_filter(
        alt.FieldOneOfPredicate(
            field="method", oneOf=[name for name in names if name not in reference.values()]
        )
    )
    helper = fixed_chart([{"low": -band, "high": band}])
    below = [
        helper.mark_rect(color=style.SKY, opacity=0.25, aria=False).encode(
            y=alt.Y("low:Q", title=error_label), y2="high:Q"
        ),
        line_at(0.0, "y"),
        curves(compared, axis),
    ]
    lowest = [(m, values(m)) for m in names if np.isfinite(values(m)).any()]
    return Figure(
        name=name,
        title=title,
        caption=caption,
        alt="; ".join(
            f"{m} lowest {number(float(np.nanmin(v)), 6)} at {x[int(np.nanargmin(v))]:g}"
            for m, v in lowest
        ),
        chart=alt.concat(
            above.add_params(picked).properties(height=260),
            alt.layer(*below).properties(height=170),
            columns=1,
        ).resolve_scale(color="shared", shape="shared"),
        data=data,
    )


def _domain(every: Sequence[float], base: Any) -> list[float] | None:
    """Leaves out of sight what plunges far below the reference: a perturbation series that has
    broken down.
    """
    known, trusted = np.array([v for v in every if np.isfinite(v)]), base[np.isfinite(base)]
    if not len(known) or not len(trusted):
        return None
    span = max(float(np.ptp(trusted)), 1e-3)
    low, high = (
        max(known.min(), trusted.min() - 0.6 * span),
        min(known.max(), trusted.max() + 1.2 * span),
    )
    return [float(low - 0.05 * (high - low)), float(high + 0.08 * (high - low))]


# The page of a molecule.

WRONG_WAY = (
    "The active space holds a few orbitals of the contact, so its correlation is a part of "
    "the whole and may even move the"
    " wrong way; only the methods of the whole molecule give the interaction energy. "
    "Energies of the active space are never"
    " subtracted by themselves: Hartree-Fock with counterpoise carries the interaction, "
    "and the correlation is added."
)


def sheet_of(
    result: Mapping[str, Any],
    orbitals: Mapping[str, Any] | None,
    *,
    question: str = "",
    rule: str = "",
) -> Sheet:
    """Every part that the result has."""
    rows, molecule, space = result["methods"], result["molecule"], result["active_space"]
    sections = [
        Section(
            anchor="energies",
            title="Energies",
            text=[
                f"{sentence(space['words'])} {space['n_electrons']} electrons in "
                f"{space['n_orbitals']} orbitals:"
                f" {space['determinants']:,} determinants, {space['spin_orbitals']} qubits "
                "before any reduction."
            ],
            pictures=[
                p
                for p in (
                    race_picture(rows, whole_is_active=space["is_whole_molecule"]),
                    convergence_picture(rows),
                )
                if p is not None
            ],
            tables=[method_table(rows), diagnostic_table(rows)],
        )
    ]
    if result["scan"] is not None and len(result["scan"]["points"]) > 1:
        sections.append(_scan_section(result["scan"]))
    if result["interaction"] is not None:
        sections.append(interaction_section(result["interaction"]))
    sections.append(
        Section(
            anchor="molecule",
            title="Structure and orbitals",
            pictures=[
                structure_picture(molecule),
                *([orbital_picture(molecule, orbitals)] if orbitals is not None else []),
            ],
        )
    )
    if result.get("fault_tolerance") is not None:
        sections.append(fault_tolerance_section(result["fault_tolerance"]))
    return Sheet(
        kind="molecule",
        title=result["title"],
        verdict=result["verdict"],
        points=[
            t for t in (question, *result["verdict_points"], _informs(molecule), _rule(rule)) if t
        ],
        cards=_cards(result),
        warnings=result["warnings"],
        sections=sections,
        facts=_facts(result),
    )


def _informs(molecule: Mapping[str, Any]) -> str:
    if molecule["informs"]:
        return f"Informs {molecule['informs']}"
    return "A molecule to validate methods with: it informs no decision about a patient"


def _rule(rule: str) -> str:
    return f"Decided by: {rule}" if rule else ""


def _cards(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    by = {r["name"]: r for r in result["methods"]}
    cards = []
    exact = by.get("casci")
    if exact and exact["energy_hartree"] is not None:
        words = f"exact in the active space, {seconds(exact['wall_s'], 2)}"
        cards.append(("CASCI", f"{energy(exact['energy_hartree'])}", f"hartree, {words}"))
    for name in ("ccsd(t)", "mp2"):
        row = by.get(name)
        if row and row["energy_hartree"] is not None:
            cards.append(
                (
                    name.upper(),
                    energy(row["energy_hartree"]),
                    f"hartree, whole molecule, {seconds(row['wall_s'], 2)}",
                )
            )
            break
    quantum = [
        r
        for r in result["methods"]
        if r["kind"] == "quantum" and r["error_mHa"] is not None and r.get("right_spin")
    ]
    if quantum:
        best = min(quantum, key=lambda r: abs(r["error_mHa"]))
        cards.append(
            (
                f"Best quantum: {best['name']}",
                f"{number(best['error_mHa'], 2)} mHa",
                f"off CASCI, {seconds(best['wall_s'], 2)}",
            )
        )
    t1 = result["diagnostics"]["t1"]
    weight = result["diagnostics"]["casci_leading_weight"]
    if weight is not None:
        cards.append(
            (
                "Leading determinant",
                f"{100 * weight:.0f} %",
                f"of the exact state; T1 {number(t1, 2)}",
            )
        )
    return cards


def _scan_section(scan: Mapping[str, Any]) -> Section:
    points = scan["points"]
    names = [r["name"] for r in points[0]["methods"]]
    active = next((n for n in ("casci", "selected-ci", "active-ccsd(t)") if n in names), names[0])
    whole = next((n for n in ("fci", "casci", "ccsd(t)") if n in names), names[0])
    picture = curve_picture(
        points,
        name="curve",
        title="Energy along the curve",
        x_label=scan["x"],
        y_label="energy (hartree)",
        value="energy_hartree",
        reference={"molecule": whole, "active space": active},
        error_label="off the exact energy (mHa)",
        factor=1e3,
        band=CHEMICAL_ACCURACY_MHA,
        caption=f"Above the energies; below, methods of the active space are held against {active} "
        "and those of the whole"
        f" molecule against {whole}, with the band of chemical accuracy (1.6 mHa) in blue. "
        "A method that did not converge has a"
        " gap; what plunges far below is cut off above and shows below.",
    )
    return Section(
        anchor="curve", title="Curve", pictures=[picture], tables=[scan_table(points, scan["x"])]
    )


def interaction_pictures(
    interaction: Mapping[str, Any], *, name: str = "interaction", title: str = ""
) -> list[Figure]:
    """The interaction energy along the distance, if it was scanned."""
    points = [p for p in interaction["points"] if p["methods"]]
    if len(points) < 2:
        return []
    names = [r["name"] for r in points[0]["methods"]]
    reference = next((n for n in ("fci", "ccsd(t)", "ccsd", "mp2", "hf") if n in names), names[0])
    return [
        curve_picture(
            points,
            name=name,
            title=title or "Interaction energy along the distance",
            x_label="distance of the contact (Å)",
            y_label="interaction (kcal/mol)",
            value="interaction_kcal_mol",
            reference={"molecule": reference, "active space": reference},
            error_label=f"off {reference} (kcal/mol)",
            factor=1.0,
            band=1.0,
            caption="Counterpoise-corrected, in vacuum, rigid parts. Below, the difference to"
            f" {reference} with a band of 1 kcal/mol.",
        )
    ]


def interaction_section(interaction: Mapping[str, Any]) -> Section:
    """Interaction energies, in vacuum and screened."""
    rows, text = interaction["methods"], []
    if interaction["active"] is not None:
        space = interaction["active"]
        text.append(
            f"{' and '.join(interaction['parts'])}, {interaction['distance_angstrom']:.2f} "
            "angstrom apart. Active space of the"
            f" complex: {space['n_electrons']} electrons in {space['n_orbitals']} orbitals"
            f" ({sentence(space['words']).rstrip('.')})."
        )
        text.append(WRONG_WAY)
    text += screening_words(rows, interaction["screening"])
    return Section(
        anchor="interaction",
        title="Interaction",
        text=text,
        pictures=interaction_pictures(interaction),
        tables=[interaction_table(rows, "Interaction energies, counterpoise-corrected, in vacuum")],
    )


def screening_words(
    rows: Sequence[Mapping[str, Any]], screening: Sequence[Mapping[str, Any]]
) -> list[str]:
    """What is left of the interaction in a continuum."""
    known = {
        r["name"]: r["interaction_kcal_mol"] for r in rows if r["interaction_kcal_mol"] is not None
    }
    best = next((n for n in ("fci", "ccsd(t)", "ccsd", "mp2", "hf") if n in known), None)
    if best is None:
        return []
    return [
        f"In a continuum of dielectric constant {s['dielectric']:g}"
        f" (like {'a protein inside' if s['dielectric'] < 10 else 'water'};"
        f" ddCOSMO at Hartree-Fock) screening adds {kcal(s['screening_kcal_mol'], 1)} "
        f"kcal/mol, so that {best.upper()} leaves"
        f" {kcal(known[best] + s['screening_kcal_mol'], 1)} kcal/mol."
        for s in screening
    ]


def _facts(result: Mapping[str, Any]) -> dict[str, str]:
    m, space = result["molecule"], result["active_space"]
    facts = {
        "Molecule": f"{m['formula']}, charge {m['charge']:+d}, multiplicity {m['multiplicity']}",
        "Geometry": m["provenance"],
        "Basis": f"{m['basis']}, {space['basis_functions']} functions",
        "Mean field": "; ".join(result["mean_field"]["history"]),
        "Frozen": f"{space['frozen_orbitals']} orbitals below the active space",
    }
    if result["solvation"]:
        s = result["solvation"]
        facts["Solvation"] = (
            f"{energy(s['energy_hartree'])} hartree in a continuum of {s['dielectric']:g} "
            "(ddCOSMO, Hartree-Fock)"
        )
    return facts | {
        "Spec": result["spec_hash"],
        "Seed": str(result["seed"]),
        "Versions": ", ".join(f"{k} {v}" for k, v in result["versions"].items()),
        "Machine": f"{result['machine']['cpu_count']} cores, Python {result['machine']['python']}",
        "Time": seconds(result["wall_s"]),
    }
