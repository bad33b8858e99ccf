"""What star alleles and activity scores mean, as far as it is settled: values, functions and
phenotypes of CPIC.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.element import LOINC, codes
from qtwin.patient.person import Genotype

# CYP2D6 activity values (Caudle 2020, Clin Transl Sci 13:116, 10.1111/cts.12692)
_CYP2D6 = {"*1": 1.0, "*2": 1.0, "*9": 0.5, "*10": 0.25, "*17": 0.5, "*29": 0.5, "*41": 0.5}
_CYP2D6 |= dict.fromkeys(("*3", "*4", "*5", "*6"), 0.0)
# CYP2C9 activity values (Theken 2020, Clin Pharmacol Ther 108:191)
_CYP2C9 = {"*1": 1.0, "*2": 0.5, "*5": 0.5, "*8": 0.5, "*11": 0.5, "*3": 0.0, "*6": 0.0}
_VALUES = {"CYP2D6": _CYP2D6, "CYP2C9": _CYP2C9}
# Normal and no-function alleles never change; values between are revised now and then, so a report
# may differ there.
_SETTLED = frozenset({0.0, 1.0})
# Upper bounds of the score, not included, and what lies below them; then what lies from the last
# one on.
_THRESHOLDS = {
    "CYP2D6": (((0.25, "Poor"), (1.25, "Intermediate"), (2.5, "Normal")), "Ultrarapid"),
    "CYP2C9": (((1.0, "Poor"), (2.0, "Intermediate")), "Normal"),
}
# CYP2C19 allele functions (Lee 2022, Clin Pharmacol Ther 112:959): no, normal, increased
_CYP2C19 = {
    **dict.fromkeys(("*2", "*3", "*4", "*5", "*6", "*7", "*8"), "no"),
    "*1": "normal",
    "*38": "normal",
    "*17": "increased",
}
_CYP2C19_PHENOTYPES = {
    ("no", "no"): "Poor",
    ("no", "normal"): "Intermediate",
    ("increased", "no"): "Intermediate",
    ("normal", "normal"): "Normal",
    ("increased", "normal"): "Rapid",
    ("increased", "increased"): "Ultrarapid",
}
_COPIES = re.compile(r"(\*\d+)(?:x(?:≥|>=)?(\d+))?")


def activity_value(gene: str, allele: str) -> float | None:
    """CPIC activity value of an allele, copies such as *1x2 included; None for genes and alleles
    that are not in the table.
    """
    match, values = _COPIES.fullmatch(allele), _VALUES.get(gene, {})
    if match is None or match[1] not in values:
        return None
    return values[match[1]] * int(match[2] or 1)


def settled(gene: str, allele: str) -> bool:
    """Whether an allele's activity value is one that no revision changes: normal or none."""
    match = _COPIES.fullmatch(allele)
    return match is not None and _VALUES.get(gene, {}).get(match[1]) in _SETTLED


def phenotype_of_score(gene: str, activity_score: float) -> str | None:
    """Phenotype of an activity score on the CPIC thresholds, None for genes that have none here.

    CYP2D6: poor below 0.25, intermediate below 1.25, normal below 2.5, ultrarapid from there on
    (Caudle 2020). CYP2C9: poor below 1, intermediate below 2, normal at 2 (Theken 2020, Clin
    Pharmacol Ther 108:191).
    """
    if gene not in _THRESHOLDS:
        return None
    below, beyond = _THRESHOLDS[gene]
    return f"{next((word for bound, word in below if activity_score < bound), beyond)} Metabolizer"


def phenotype_of_alleles(gene: str, alleles: Sequence[str]) -> str | None:
    """Phenotype of two CYP2C19 alleles whose functions are settled, None otherwise."""
    functions = sorted(_CYP2C19.get(a, "") for a in alleles)
    if gene != "CYP2C19" or len(functions) != 2 or "" in functions:
        return None
    return f"{_CYP2C19_PHENOTYPES[functions[0], functions[1]]} Metabolizer"


_PHENOTYPE = re.compile(
    r"\b(poor|intermediate|normal|extensive|rapid|ultra-?rapid)\b(?:\s+metaboli[sz]er)?",
    re.IGNORECASE,
)
_ANSWERS = {
    "LA9657-3": "Poor",
    "LA10317-8": "Intermediate",
    "LA25391-6": "Normal",
    "LA10316-0": "Normal",
    "LA25390-8": "Rapid",
    "LA10315-2": "Ultrarapid",
}
"""LOINC answers to a gene product's metabolic activity."""
# Middles of the scores that CPIC's thresholds allow (Caudle 2020); ultrarapid: three copies of *1.
_MIDDLE = {"CYP2D6": {"Poor": 0.0, "Intermediate": 0.625, "Normal": 1.75, "Ultrarapid": 3.0}}


def phenotype_in(text: str) -> str | None:
    """The one metabolizer phenotype that a text or a LOINC answer code tells, None without one or
    with two.
    """
    said = {word.lower().replace("-", "") for word in _PHENOTYPE.findall(text)}
    found = {"Normal" if word == "extensive" else word.capitalize() for word in said}
    found |= {name for code, name in _ANSWERS.items() if re.search(rf"\b{code}\b", text)}
    return f"{found.pop()} Metabolizer" if len(found) == 1 else None


def score_of_phenotype(gene: str, phenotype: str) -> float | None:
    """The activity score where the phenotype alone is known: 0 of a poor metabolizer, else the
    middle of what it allows.
    """
    return (
        _MIDDLE.get(gene, {}).get(phenotype.split()[0].capitalize()) if phenotype.strip() else None
    )


# FHIR Observations of genotypes -> diplotypes, and what holds when two sources tell one gene.
#
# A genotype is LOINC 84413-4, as in HL7's Genomics Reporting guide: the gene studied in a component
# (LOINC 48018-6) or before the diplotype, the diplotype in the value, such as "*1/*4" or "CYP2D6
# *1/*4".

_GENOTYPE, _GENE = (LOINC, "84413-4"), (LOINC, "48018-6")
_ACTIVITY = {"79715-9": "CYP2D6", "79714-2": "CYP2C19", "79716-7": "CYP2C9"}
"""LOINC: gene product metabolic activity interpretation."""
_SOURCE = "the FHIR record"
_GENE_NAME = re.compile(r"CYP\d[A-Z]\d{1,2}")
_DIPLOTYPE = re.compile(r"(\*\d+(?:x(?:≥|>=)?\d+)?)\s*[/|]\s*(\*\d+(?:x(?:≥|>=)?\d+)?)")


def is_genotype(resource: dict[str, Any]) -> bool:
    """Whether an Observation tells a genotype."""
    listed = codes(resource.get("code"))
    return _GENOTYPE in listed or any(
        system == LOINC and code in _ACTIVITY for system, code in listed
    )


def _texts(holder: dict[str, Any]) -> str:
    concept = holder.get("valueCodeableConcept") or {}
    told = [
        concept.get("text"),
        *(c.get(k) for c in concept.get("coding") or [] for k in ("display", "code")),
    ]
    return " ".join(str(text) for text in [*told, holder.get("valueString")] if text)


def read_genotype(resource: dict[str, Any]) -> tuple[Genotype | None, str]:
    """The diplotype or the phenotype of a genotype Observation; None and the reason where it cannot
    be told.
    """
    gene = next(
        (
            gene
            for system, code in codes(resource.get("code"))
            if (gene := _ACTIVITY.get(code)) and system == LOINC
        ),
        None,
    )
    if gene is not None:
        phenotype = phenotype_in(_texts(resource))
        if phenotype is None:
            return (
                None,
                "one of poor, intermediate, normal, rapid, ultrarapid metabolizer is expected",
            )
        score = score_of_phenotype(gene, phenotype)
        return Genotype(
            gene=gene, diplotype="", activity_score=score, phenotype=phenotype, source=_SOURCE
        ), ""
    components = [c for c in resource.get("component") or [] if _GENE in codes(c.get("code"))]
    value = _texts(resource)
    genes = {
        name
        for text in (value, *(_texts(c) for c in components))
        for name in _GENE_NAME.findall(text)
    }
    pair = _DIPLOTYPE.search(value)
    if len(genes) != 1 or pair is None:
        return None, "one gene and one diplotype such as CYP2D6 *1/*4 are expected"
    gene, alleles = next(iter(genes)), [pair[1], pair[2]]
    values = [activity_value(gene, allele) for allele in alleles]
    known = [v for v in values if v is not None]
    score = sum(known) if len(known) == len(alleles) else None
    phenotype = (
        phenotype_of_alleles(gene, alleles) if score is None else phenotype_of_score(gene, score)
    )
    return Genotype(
        gene=gene,
        diplotype="/".join(alleles),
        activity_score=score,
        phenotype=phenotype or "unknown",
        source=_SOURCE,
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
    """One genotype a gene from the record and a report; where they agree, whichever knows more is
    kept.

    Raises:
        InputError: if two sources tell different diplotypes, or different phenotypes, of one gene.
    """
    found = dict(reported)
    for genotype in recorded:
        other = found.setdefault(genotype.gene, genotype)
        if not _agree(other, genotype):
            first, second = (
                f"{g.diplotype or g.phenotype} ({_named(g)})" for g in (other, genotype)
            )
            raise InputError(
                f"{genotype.gene}: two genotypes came that contradict each other, {first} "
                f"and {second}; one was wanted",
                hint="keep the right one",
            )
        found[genotype.gene] = _better(other, genotype)
    return found


def _named(genotype: Genotype) -> str:
    return genotype.source if genotype.source == _SOURCE else "the PharmCAT report"
