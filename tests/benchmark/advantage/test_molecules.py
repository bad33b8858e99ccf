"""Contacts of a drug with its receptor fall on the map by their active space."""

from __future__ import annotations

from qtwin.benchmark.advantage.molecules import from_contact
from qtwin.benchmark.advantage.verdict import judge


def _row(
    name: str, kind: str, hartree: float, wall_s: float, t1: float | None = None
) -> dict[str, object]:
    scope = "molecule" if name == "ccsd(t)" else "active space"
    return {
        "name": name,
        "kind": kind,
        "scope": scope,
        "interaction_hartree": hartree,
        "wall_s": wall_s,
        "t1": t1,
    }


def test_a_contact_is_a_place_a_system() -> None:
    active = {"n_orbitals": 7, "n_electrons": 8, "determinants": 1225}
    methods = [
        _row("ccsd(t)", "classical", -0.18, 30.0),
        _row("casci", "classical", -0.171, 10.0),
        _row("active-ccsd(t)", "classical", -0.1711, 1.3, 0.035),
        _row("vqe-uccsd", "quantum", -0.168, 150.0),
    ]
    result = {
        "contact": {"drug": "metoprolol", "receptor": "ADRB1", "site": "3.32"},
        "patient": None,
        "systems": [
            {"residue": "Asp", "interaction": {"active": active, "methods": methods}},
            {"residue": "Asn", "interaction": {"active": None, "methods": []}},
        ],
    }
    (place,) = from_contact(result, "out/result.json")
    assert (place.size, place.level, place.origin) == (7, "moderate", "molecule")
    assert {c.label: c.successes for c in place.contenders} == {
        "casci": 1,
        "active-ccsd(t)": 1,
        "vqe-uccsd": 0,
    }
    found = judge(place)
    assert found.kind == "classical proven"
    assert "never found it" in found.words
