"""The page of a drug's contact with its receptor: wild type against variants, and what that can and
cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qtwin.chemistry.fragments import Contact
from qtwin.report.chart import Figure, renamed
from qtwin.report.molecule_pictures import structure_picture
from qtwin.report.molecule_sheet import WRONG_WAY, interaction_pictures, screening_words
from qtwin.report.molecule_tables import interaction_table, kcal
from qtwin.report.molecule_verdict import Verdict
from qtwin.report.number import number, seconds
from qtwin.report.sheet import Section, Sheet, Table

TRUSTED = ("fci", "ccsd(t)", "ccsd", "mp2", "hf")
TENFOLD_KCAL_MOL = 1.42
"""R T ln 10 at 310.15 K: what a factor of ten in an affinity is worth."""


def differences(parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every variant against the wild type, by every method; the spread over the methods of the
    whole molecule is the uncertainty.

    Positive: the variant holds the drug less firmly.
    """
    wild, *others = parts
    told = []
    for other in others:
        by_method = []
        for row in wild["interaction"]["methods"]:
            match = next(
                (r for r in other["interaction"]["methods"] if r["name"] == row["name"]), None
            )
            values = (row["interaction_kcal_mol"], match["interaction_kcal_mol"] if match else None)
            if None not in values:
                by_method.append(
                    {
                        "name": row["name"],
                        "scope": row["scope"],
                        "kind": row["kind"],
                        "difference_kcal_mol": values[1] - values[0],
                    }
                )
        whole = {m["name"]: m["difference_kcal_mol"] for m in by_method if m["scope"] == "molecule"}
        best = next(n for n in TRUSTED if n in whole)
        screened = [
            {
                "dielectric": a["dielectric"],
                "difference_kcal_mol": whole[best]
                + b["screening_kcal_mol"]
                - a["screening_kcal_mol"],
                "screening_kcal_mol": b["screening_kcal_mol"] - a["screening_kcal_mol"],
            }
            for a, b in zip(
                wild["interaction"]["screening"], other["interaction"]["screening"], strict=True
            )
        ]
        told.append(
            {
                "wild_type": wild["residue"],
                "residue": other["residue"],
                "method": best,
                "difference_kcal_mol": whole[best],
                "low_kcal_mol": min(whole.values()),
                "high_kcal_mol": max(whole.values()),
                "by_method": by_method,
                "screened": screened,
            }
        )
    return told


def judge_contact(
    contact: Contact,
    parts: Sequence[Mapping[str, Any]],
    changes: Sequence[Mapping[str, Any]],
    patient: Mapping[str, Any] | None,
) -> Verdict:
    """The verdict: how large the difference is, how sure, who computed it, and whether correlation
    mattered at all.
    """
    wild = parts[0]["interaction"]
    known = {r["name"]: r for r in wild["methods"] if r["interaction_kcal_mol"] is not None}
    best = next(n for n in TRUSTED if n in known)
    points: list[str] = []
    if changes:
        c = changes[0]
        screened = c["screened"][0] if c["screened"] else None
        sentence = (
            f"{c['residue']} instead of {c['wild_type']} changes the contact of "
            f"{contact.drug} with {contact.target} by"
            f" {kcal(c['difference_kcal_mol'], 1)} kcal/mol in vacuum "
            f"({kcal(c['low_kcal_mol'], 1)} to"
            f" {kcal(c['high_kcal_mol'], 1)} by method)"
        )
        if screened:
            left = kcal(screened["difference_kcal_mol"], 0)
            sentence += (
                f" and by {left} in a continuum of dielectric constant {screened['dielectric']:g}"
            )
        by = {m["name"]: m["difference_kcal_mol"] for m in c["by_method"]}
        if "hf" in by and best != "hf" and c["difference_kcal_mol"]:
            share = 100 * abs(by["hf"] / c["difference_kcal_mol"])
            points.append(
                f"Hartree-Fock alone gives {kcal(by['hf'], 1)} kcal/mol, {share:.0f} % of "
                f"{best.upper()}'s: the difference is"
                " electrostatics, and correlation, which a quantum computer would be for, "
                "is the small part"
            )
        if screened:
            points.append(
                f"Screening takes {kcal(abs(screened['screening_kcal_mol']), 1)} kcal/mol of it:"
                " the surrounding is a larger unknown"
                " than any of the methods"
            )
        points += [f"{x['residue']}: {_words(x)}" for x in changes[1:]]
    else:
        value = known[best]["interaction_kcal_mol"]
        sentence = (
            f"The contact of {contact.drug} with {contact.target} is worth {kcal(value, 1)} "
            f"kcal/mol in vacuum by {best.upper()}"
        )
    sentence += (
        f"; {best.upper()} took {seconds(known[best]['wall_s'])}: no quantum computer is needed"
    )
    points += _quantum(known, best)
    points.append(
        f"This is no affinity: ten times less affinity is worth {TENFOLD_KCAL_MOL} kcal/mol "
        "at 37 °C,"
        " and what the model leaves out"
        " is larger than that"
    )
    points.append(f"Informs {contact.decision}")
    if patient is not None:
        points.append(_of_patient(contact, patient))
    return Verdict(sentence=sentence, points=tuple(points), winner=best)


def _words(change: Mapping[str, Any]) -> str:
    text = f"{kcal(change['difference_kcal_mol'], 1)} kcal/mol in vacuum"
    return text + "".join(
        f", {kcal(s['difference_kcal_mol'], 1)} at {s['dielectric']:g}" for s in change["screened"]
    )


def _quantum(known: Mapping[str, Mapping[str, Any]], best: str) -> list[str]:
    """What the quantum methods saw of the interaction's correlation."""
    quantum = [r for r in known.values() if r["kind"] == "quantum"]
    if not quantum or "hf" not in known:
        return []
    field, whole = known["hf"]["interaction_kcal_mol"], known[best]["interaction_kcal_mol"]
    row = quantum[0]
    seen = row["interaction_kcal_mol"] - field
    exact = known.get("casci")
    beside = (
        f" (exact in that space: {kcal(exact['interaction_kcal_mol'] - field)})" if exact else ""
    )
    way = "the right way" if seen * (whole - field) > 0 else "the wrong way"
    return [
        f"Of the correlation in the wild-type contact, {kcal(whole - field)} kcal/mol by "
        f"{best.upper()}, {row['name']}"
        " in its active"
        f" space finds {kcal(seen)}{beside}: it moves {way}"
    ]


def _of_patient(contact: Contact, patient: Mapping[str, Any]) -> str:
    takes = (
        f"takes {contact.drug} ({patient['dose']})"
        if patient["takes_drug"]
        else f"does not take {contact.drug} now"
    )
    held = patient["receptor_occupancy"]
    occupied = (
        f"; by the twin it holds {100 * held['mean']:.0f} % of {contact.target}" if held else ""
    )
    gene = (
        "is in the record"
        if patient["receptor_genotype_known"]
        else "is not in the record, so wild type is assumed"
    )
    return (
        f"Patient {patient['patient_id']} {takes}{occupied}; the genotype of {contact.target} "
        f"{gene}"
    )


def contact_sheet(result: Mapping[str, Any], *, question: str = "", rule: str = "") -> Sheet:
    """The page."""
    contact, parts = result["contact"], result["systems"]
    sections = [
        Section(
            anchor="model",
            title="What stands for what",
            text=[
                f"{contact['drug']} at {contact['receptor']} {contact['site']}: "
                f"{contact['kind']} ({contact['source']}). The"
                f" {contact['amine']} amine has a pKa of {contact['pka']:g}, so that "
                f"{100 * contact['charged_share']:.0f} %"
                " of the drug"
                " is charged at pH 7.4.",
            ],
            pictures=[_structure(part) for part in parts],
            tables=[_left_out(contact)],
        )
    ]
    if result["differences"]:
        sections.append(_difference_section(result["differences"]))
    for part in parts:
        interaction = part["interaction"]
        sections.append(
            Section(
                anchor=_slug(part["residue"]),
                title=f"{part['residue']}: {' and '.join(interaction['parts'])}",
                text=[
                    *([part["note"][:1].upper() + part["note"][1:] + "."] if part["note"] else []),
                    *([WRONG_WAY] if part is parts[0] and interaction["active"] else []),
                    *screening_words(interaction["methods"], interaction["screening"]),
                ],
                pictures=interaction_pictures(
                    interaction,
                    name=f"interaction-{_slug(part['residue'])}",
                    title=f"{part['residue']}: interaction along the distance",
                ),
                tables=[
                    interaction_table(
                        interaction["methods"], "At the contact, counterpoise-corrected, in vacuum"
                    )
                ],
            )
        )
    return Sheet(
        kind="molecular contact",
        title=result["title"],
        verdict=result["verdict"],
        points=[
            t
            for t in (question, *result["verdict_points"], f"Decided by: {rule}" if rule else "")
            if t
        ],
        cards=_cards(result),
        warnings=result["warnings"],
        sections=sections,
        facts={
            "Geometry": parts[0]["molecule"]["provenance"],
            "Basis": f"{parts[0]['molecule']['basis']}, cores frozen",
            "Interaction": "E(AB) - E(A) - E(B), all in the basis of the complex (Boys, "
            "Bernardi 1970), "
            "rigid parts",
            "Spec": result["spec_hash"],
            "Seed": str(result["seed"]),
            "Versions": ", ".join(f"{k} {v}" for k, v in result["versions"].items()),
            "Machine": f"{result['machine']['cpu_count']} cores, Python "
            f"{result['machine']['python']}",
            "Time": seconds(result["wall_s"]),
        },
    )


def _slug(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")


def _structure(part: Mapping[str, Any]) -> Figure:
    title = f"{part['residue']}: {' and '.join(part['interaction']['parts'])}"
    return renamed(
        structure_picture(part["molecule"] | {"title": title}),
        f"structure-{_slug(part['residue'])}",
    )


def _left_out(contact: Mapping[str, Any]) -> Table:
    return Table(
        title="What the model leaves out",
        header=("Left out",),
        rows=[(text,) for text in contact["left_out"]],
    )


def _difference_section(changes: Sequence[Mapping[str, Any]]) -> Section:
    header = ["Change", *(m["name"] for m in changes[0]["by_method"])]
    rows = [
        (
            f"{c['wild_type']} to {c['residue']}",
            *(kcal(m["difference_kcal_mol"], 1) for m in c["by_method"]),
        )
        for c in changes
    ]
    screened = [
        (
            f"{c['wild_type']} to {c['residue']}",
            f"{s['dielectric']:g}",
            kcal(s["screening_kcal_mol"], 1),
            f"{kcal(s['difference_kcal_mol'], 1)} "
            f"({kcal(c['low_kcal_mol'] + s['screening_kcal_mol'], 1)} to"
            f" {kcal(c['high_kcal_mol'] + s['screening_kcal_mol'], 1)})",
        )
        for c in changes
        for s in c["screened"]
    ]
    return Section(
        anchor="difference",
        title="Wild type against variant",
        text=[
            "Positive: the variant holds the drug less firmly."
            " The uncertainty is the spread over the methods of the whole molecule;"
            " that of the model itself, a rigid fragment without water, is larger and not in it."
        ],
        tables=[
            Table(
                title="Difference of the interaction energies in vacuum (kcal/mol)",
                header=header,
                rows=rows,
                numeric=frozenset(range(1, len(header))),
            ),
            *(
                [
                    Table(
                        title="In a continuum (kcal/mol): the most trusted method, and the "
                        "spread over methods",
                        header=("Change", "Dielectric constant", "Screening", "What is left"),
                        rows=screened,
                        numeric=frozenset({1, 2, 3}),
                    )
                ]
                if screened
                else []
            ),
        ],
    )


def _cards(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    wild = result["systems"][0]["interaction"]
    known = {r["name"]: r for r in wild["methods"] if r["interaction_kcal_mol"] is not None}
    best = next(n for n in TRUSTED if n in known)
    cards = [
        (
            f"{result['systems'][0]['residue']}, {best.upper()}",
            f"{kcal(known[best]['interaction_kcal_mol'], 1)} kcal/mol",
            f"in vacuum, {seconds(known[best]['wall_s'], 2)}",
        )
    ]
    for c in result["differences"][:2]:
        words = "in vacuum"
        words += "".join(
            f"; {kcal(s['difference_kcal_mol'], 1)} at a dielectric constant of {s['dielectric']:g}"
            for s in c["screened"]
        )
        cards.append(
            (
                f"{c['wild_type']} to {c['residue']}",
                f"{kcal(c['difference_kcal_mol'], 1)} kcal/mol",
                words,
            )
        )
    t1 = next(
        (r["t1"] for r in wild["methods"] if r["t1"] is not None and r["scope"] == "molecule"), None
    )
    if t1 is not None:
        cards.append(
            ("T1", number(t1, 2), "of the complex; one determinant is doubtful above 0.02")
        )
    return cards
