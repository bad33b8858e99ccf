"""FHIR Observations of genotypes -> diplotypes, and what holds when two sources tell one gene.

A genotype is LOINC 84413-4, as in HL7's Genomics Reporting guide: the gene studied in a component (LOINC 48018-6) or before the
diplotype, the diplotype in the value, such as "*1/*4" or "CYP2D6 *1/*4".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.allele import activity_value, phenotype_in, phenotype_of_alleles, phenotype_of_score, score_of_phenotype
from qtwin.patient.element import codes
from qtwin.patient.person import Genotype
from qtwin.patient.shown import LOINC

_GENOTYPE, _GENE = (LOINC, "84413-4"), (LOINC, "48018-6")
_ACTIVITY = {"79715-9": "CYP2D6", "79714-2": "CYP2C19", "79716-7": "CYP2C9"}
"""LOINC: gene product metabolic activity interpretation."""
_SOURCE = "the FHIR record"
_GENE_NAME = re.compile(r"CYP\d[A-Z]\d{1,2}")
_DIPLOTYPE = re.compile(r"(\*\d+(?:x(?:≥|>=)?\d+)?)\s*[/|]\s*(\*\d+(?:x(?:≥|>=)?\d+)?)")


def is_genotype(resource: dict[str, Any]) -> bool:
    """Whether an Observation tells a genotype."""
    listed = codes(resource.get("code"))
    return _GENOTYPE in listed or any(system == LOINC and code in _ACTIVITY for system, code in listed)


def _texts(holder: dict[str, Any]) -> str:
    concept = holder.get("valueCodeableConcept") or {}
    told = [concept.get("text"), *(c.get(k) for c in concept.get("coding") or [] for k in ("display", "code"))]
    return " ".join(str(text) for text in [*told, holder.get("valueString")] if text)


def read_genotype(resource: dict[str, Any]) -> tuple[Genotype | None, str]:
    """The diplotype or the phenotype of a genotype Observation; None and the reason where it cannot be told."""
    gene = next((gene for system, code in codes(resource.get("code")) if (gene := _ACTIVITY.get(code)) and system == LOINC), None)
    if gene is not None:
        phenotype = phenotype_in(_texts(resource))
        if phenotype is None:
            return None, "one of poor, intermediate, normal, rapid, ultrarapid metabolizer was wanted"
        score = score_of_phenotype(gene, phenotype)
        return Genotype(gene=gene, diplotype="", activity_score=score, phenotype=phenotype, source=_SOURCE), ""
    components = [c for c in resource.get("component") or [] if _GENE in codes(c.get("code"))]
    value = _texts(resource)
    genes = {name for text in (value, *(_texts(c) for c in components)) for name in _GENE_NAME.findall(text)}
    pair = _DIPLOTYPE.search(value)
    if len(genes) != 1 or pair is None:
        return None, "one gene and one diplotype such as CYP2D6 *1/*4 were wanted"
    gene, alleles = next(iter(genes)), [pair[1], pair[2]]
    values = [activity_value(gene, allele) for allele in alleles]
    known = [v for v in values if v is not None]
    score = sum(known) if len(known) == len(alleles) else None
    phenotype = phenotype_of_alleles(gene, alleles) if score is None else phenotype_of_score(gene, score)
    return Genotype(
        gene=gene, diplotype="/".join(alleles), activity_score=score, phenotype=phenotype or "unknown", source=_SOURCE
    ), ""


def _alleles(genotype: Genotype) -> list[str]:
    return sorted(genotype.diplotype.replace(">=", "≥").split("/"))


def _better(one: Genotype, other: Genotype) -> Genotype:
    """Of two genotypes that agree, the one that knows more."""

    def known(g: Genotype) -> tuple[Any, ...]:
        told = (bool(g.diplotype), g.activity_score is not None, g.phenotype.lower() != "unknown")
        return (*told, g.source != _SOURCE, g.source, g.phenotype, g.diplotype)

    return max(one, other, key=known)


def _agree(one: Genotype, other: Genotype) -> bool:
    if one.diplotype and other.diplotype:
        return _alleles(one) == _alleles(other)
    phenotypes = {g.phenotype.casefold() for g in (one, other)} - {"unknown"}
    return len(phenotypes) < 2


def together(recorded: Iterable[Genotype], reported: Mapping[str, Genotype]) -> dict[str, Genotype]:
    """One genotype a gene from the record and a report; where they agree, whichever knows more is kept.

    Raises:
        InputError: if two sources tell different diplotypes, or different phenotypes, of one gene.
    """
    found = dict(reported)
    for genotype in recorded:
        other = found.setdefault(genotype.gene, genotype)
        if not _agree(other, genotype):
            first, second = (f"{g.diplotype or g.phenotype} ({_named(g)})" for g in (other, genotype))
            raise InputError(
                f"{genotype.gene}: two genotypes came that contradict each other, {first} and {second}; one was wanted",
                hint="keep the right one",
            )
        found[genotype.gene] = _better(other, genotype)
    return found


def _named(genotype: Genotype) -> str:
    return genotype.source if genotype.source == _SOURCE else "the PharmCAT report"
