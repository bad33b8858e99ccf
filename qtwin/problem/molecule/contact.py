"""From a drug and its target to the contact that stands for them, with what it leaves out and which decision it informs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

from qtwin.errors import InputError, unknown_name
from qtwin.pharmacology import formulary

PH_BLOOD = 7.4
_TARGETS_OF_CLASS = {"cholinesterase inhibitor": ("ACHE",), "NMDA antagonist": ("GRIN1",)}


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """A residue in the place of the wild type's: its name, the molecule that stands for it, what is known of it."""

    residue: str
    molecule: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What is computed for a drug at its target.

    Attributes:
        drug, target: INN and gene.
        site: Residue in the human protein.
        title: What kind of contact it is.
        source: Where it is known from.
        wild_type: The molecule of the library.
        alternatives: Variants, or what competes for the site.
        charged_share: Of the drug at pH 7.4, by its pKa (Henderson, Hasselbalch).
        amine: Primary, secondary or tertiary.
        pka: Of that amine.
        decision: The decision about a patient that is informed.
        left_out: What the model does not hold.
    """

    drug: str
    target: str
    site: str
    title: str
    source: str
    wild_type: Alternative
    alternatives: tuple[Alternative, ...]
    charged_share: float
    amine: str
    pka: float
    decision: str
    left_out: tuple[str, ...]


@lru_cache(maxsize=1)
def _table() -> Mapping[str, Any]:
    return tomllib.loads((resources.files("qtwin") / "data" / "contacts.toml").read_text(encoding="utf-8"))


def _kinds() -> dict[str, Mapping[str, Any]]:
    return {k: v for k, v in _table().items() if k != "drug"}


def targets() -> tuple[str, ...]:
    """Genes for which a contact is known."""
    return tuple(sorted(gene for kind in _kinds().values() for gene in kind["receptors"]))


def contact_of(drug: str, target: str) -> Contact:
    """The contact that stands for a drug at its target.

    Raises:
        InputError: for an unknown drug or target, a drug that is not known to bind there, or one without a charged amine.
    """
    known = formulary.drug(drug)
    if target not in targets():
        raise unknown_name("receptor with a known contact:", target, targets())
    bound = {*known.affinity, *_TARGETS_OF_CLASS.get(known.drug_class, ())}
    if target not in bound:
        there = ", ".join(sorted(bound & set(targets()))) or "none of the receptors whose contact is known"
        raise InputError(f"{drug} is not known to bind {target}", hint=f"in the formulary it binds {there}")
    amine = _table()["drug"].get(drug)
    if amine is None:
        raise InputError(f"no amine of {drug} is known", hint="add it to qtwin/data/contacts.toml with its pKa")
    kind = next(k for k in _kinds().values() if target in k["receptors"])
    pka = float(amine["pka"])
    return Contact(
        drug=drug,
        target=target,
        site=str(kind["receptors"][target]),
        title=str(kind["title"]),
        source=str(kind["source"]),
        wild_type=Alternative(residue=str(kind["wild_type_residue"]), molecule=str(kind["wild_type"]), note=""),
        alternatives=tuple(
            Alternative(residue=name, molecule=str(v["molecule"]), note=str(v["note"])) for name, v in kind["variants"].items()
        ),
        charged_share=1.0 / (1.0 + 10.0 ** (PH_BLOOD - pka)),
        amine=str(amine["amine"]),
        pka=pka,
        decision=str(kind["decision"]),
        left_out=tuple(kind["left_out"]),
    )
