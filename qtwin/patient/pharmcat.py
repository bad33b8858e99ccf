"""PharmCAT reports: genes.<GENE>.recommendationDiplotypes -> alleles, activity values, activity
score, phenotype.

PharmCAT 2 and 3.0 have the genes twice, by CPIC's and by DPWG's tables (genes.CPIC.<GENE>); CPIC's
are taken, and DPWG's where they have none. A call may be a phenotype alone; several calls of one
gene count as one where they agree on the phenotype.

The alleles, their activity values, the score and the phenotype of a call must agree with each
other; what is missing among them is worked out from the others where CPIC's tables allow it. Labels
and lookup keys are PharmCAT's own and are not read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from qtwin.errors import InputError
from qtwin.patient.file import not_finite, read_json
from qtwin.patient.genotype import (
    activity_value,
    phenotype_in,
    phenotype_of_alleles,
    phenotype_of_score,
    score_of_phenotype,
    settled,
)
from qtwin.patient.person import Genotype

_TOLERANCE = 1e-6
_NO_VALUE = frozenset({"", "n/a", "none", "null", "unknown"})
_NO_PHENOTYPE = frozenset({"", "n/a", "unknown", "no result", "indeterminate"})
_GENE_WORDS = (
    "ABCG2 CACNA1S CFTR CYP1A2 CYP2A6 CYP2B6 CYP2C8 CYP2C9 CYP2C19 CYP2D6 CYP3A4 CYP3A5 "
    "CYP4F2 DPYD F5 G6PD HLA-A HLA-B "
    "IFNL3 INFL3 MT-RNR1 NAT2 NUDT15 RYR1 SLCO1B1 TPMT UGT1A1 VKORC1"
)
_GENES = frozenset(_GENE_WORDS.split())
"""Genes that PharmCAT tells of; another name could be anything."""
_SOURCES = ("CPIC", "DPWG")
_ALLELE = re.compile(
    r"\*\d+(?::\d+)*[A-Z]{0,2}(?:x(?:≥|>=)?\d+|xN)?(?:\s?\+\s?\*\d+(?:x(?:≥|>=)?\d+)?)*|Reference|[Uu]nknown"
    r"|rs\d+ (?:reference|variant) "
    r"\([ACGT]\)|[cm]?\.?-?\d+(?:[+_-]\d+)*(?:[ACGT]>[ACGT]|del[ACGT]*|dup[ACGT]*|ins[ACGT]+)"
)
_PHENOTYPE_VOCABULARY = (
    "poor intermediate normal rapid ultrarapid likely possible metabolizer function "
    "decreased increased low reduced "
    "deficient variable uncertain susceptibility malignant hyperthermia favorable "
    "unfavorable response positive negative"
)
_PHENOTYPE_WORDS = frozenset(_PHENOTYPE_VOCABULARY.split())
_CALLED_BY = frozenset({"MATCHER", "OUTSIDE", "NONE", "WGS"})
_VERSION = re.compile(r"v?\d+(?:\.\d+){0,3}(?:-\d+-g[0-9a-f]+|-[A-Z]+)?")
_USED = frozenset({"CYP2D6", "CYP2C19"})
"""Genes whose calls the twin uses, so that a call that cannot be used is worth a word."""


@dataclass(frozen=True, kw_only=True)
class GenotypeReport:
    """What a PharmCAT file says.

    Attributes:
        genotypes: Gene to genotype.
        notes: Plain statements on calls that are not used, or not wholly known.
        sha256: Digest of the file.
        version: Of PharmCAT, '' if the file does not tell it (a phenotype file does not).
    """

    genotypes: Mapping[str, Genotype]
    notes: tuple[str, ...]
    sha256: str
    version: str


def _refuse(
    where: str, message: str, hint: str = "correct the call, or export the report again"
) -> NoReturn:
    raise InputError(f"{where} {message}", hint=hint)


def _number(value: Any, where: str, what: str) -> float | None:
    if value is None or str(value).strip().casefold() in _NO_VALUE:
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(str(value).strip().lstrip("≥>="))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        told = f" {number:g}" if math.isfinite(number) else ""
        _refuse(where, f"has the {what}{told}, expected a number that is not negative")
    return number


def _allele_name(allele: dict[str, Any]) -> str:
    """An allele as it may be told; what is no name of one is "another allele"."""
    name = str(allele["name"]).strip()
    return name if _ALLELE.fullmatch(name) else "another allele"


def _phenotype_words(text: str) -> str:
    """A phenotype in the words that PharmCAT has for it, '' for other words."""
    plain = text.strip()
    return (
        plain
        if plain
        and set(re.findall(r"[a-z]+", plain.casefold())) <= _PHENOTYPE_WORDS
        and len(plain) < 60
        else ""
    )


def _value(gene: str, allele: dict[str, Any], where: str) -> float | None:
    name = _allele_name(allele)
    told = _number(allele.get("activityValue"), where, f"{name} activity value")
    known = activity_value(gene, name)
    if (
        told is not None
        and known is not None
        and settled(gene, name)
        and abs(told - known) > _TOLERANCE
    ):
        _refuse(
            where,
            f"contradicts itself: {name} has activity {told:g} in the report and {known:g} by CPIC",
            "change allele, activity value, activity score and phenotype together",
        )
    return told if told is not None else known


def _phenotype(
    gene: str, names: list[str], score: float | None, call: dict[str, Any], where: str
) -> str:
    listed = call.get("phenotypes") or []
    told = [_phenotype_words(str(p)) for p in (listed if isinstance(listed, list) else [listed])]
    told = [p for p in told if p and p.casefold() not in _NO_PHENOTYPE]
    derived = (
        phenotype_of_alleles(gene, names) if score is None else phenotype_of_score(gene, score)
    )
    if derived is not None and told and told[0].strip().casefold() != derived.casefold():
        means = f"score {score:g}" if score is not None else "the alleles"
        _refuse(
            where,
            f"contradicts itself: {means} mean{'s' if score is not None else ''} {derived}, "
            f"the report says {told[0]}",
            "change allele, activity value, activity score and phenotype together",
        )
    return derived or "; ".join(told) or "unknown"


def _genotype(gene: str, call: dict[str, Any], call_source: str, where: str) -> Genotype | None:
    for key in ("allele1", "allele2"):
        if not isinstance(call.get(key) or {}, dict):
            _refuse(where, f"has an {key} of another shape, expected an object with a name")
    alleles = [a for key in ("allele1", "allele2") if (a := call.get(key) or {}).get("name")]
    names = [_allele_name(a) for a in alleles]
    if not names:
        return _phenotype_alone(gene, call, call_source, where)
    if all(name.casefold() in _NO_VALUE for name in names):
        return None
    label = "/".join(names)
    where = f"{where} {label}"
    values = [_value(gene, a, where) for a in alleles]
    told = _number(call.get("activityScore"), where, "activity score")
    complete = None not in values and (len(values) == 2 or gene not in _USED)
    total = sum(v for v in values if v is not None) if complete else None
    if told is not None and total is not None and abs(told - total) > _TOLERANCE:
        _refuse(
            where,
            f"contradicts itself: activity score {told:g}, but its alleles add to {total:g}",
            "correct the alleles' activity values or the score",
        )
    score = told if told is not None else total
    if gene in _USED and len(names) != 2:
        score = None  # one allele says nothing of the other
    return Genotype(
        gene=gene,
        diplotype=label,
        activity_score=score,
        phenotype=_phenotype(gene, names, score, call, where),
        source=call_source,
    )


def _phenotype_alone(
    gene: str, call: dict[str, Any], call_source: str, where: str
) -> Genotype | None:
    """A call from outside that tells a score or a phenotype and no alleles."""
    score = _number(call.get("activityScore"), where, "activity score")
    phenotype = _phenotype(gene, [], score, call, where)
    if phenotype == "unknown" and score is None:
        return None
    named = phenotype_in(phenotype)
    if score is None and named is not None:
        score = score_of_phenotype(gene, named)
    return Genotype(
        gene=gene,
        diplotype="",
        activity_score=score,
        phenotype=named or phenotype,
        source=call_source,
    )


def _one_of(
    gene: str, calls: list[dict[str, Any]], call_source: str, where: str
) -> tuple[Genotype | None, str]:
    """What several calls of a gene say together, their diplotype or else the phenotype they agree
    on; and a note.
    """
    read = [_genotype(gene, call, call_source, where) for call in calls]
    if len(calls) == 1:
        return read[0], ""
    found = [g for g in read if g is not None]
    labels = {
        (g.diplotype if g else "", str(call.get("label") or ""))
        for g, call in zip(read, calls, strict=True)
    }
    diplotypes = sorted({g.diplotype for g in found})
    # one of them says nothing, or says two things
    if len(found) < len(calls) or len(labels) > len(diplotypes):
        return (
            None,
            f"{len(calls)} calls came that are not one "
            f"({', '.join(diplotypes) or 'none of them whole'}); treated as unknown",
        )
    if len(diplotypes) == 1:
        return found[0], ""
    named = ", ".join(diplotypes)
    phenotypes = {g.phenotype.casefold() for g in found}
    if len(phenotypes) > 1 or found[0].phenotype == "unknown":
        return None, f"{len(diplotypes)} diplotypes are possible ({named}); treated as unknown"
    scores = {g.activity_score for g in found}
    score = (
        found[0].activity_score
        if len(scores) == 1
        else score_of_phenotype(gene, found[0].phenotype)
    )
    agreed = Genotype(
        gene=gene,
        diplotype="",
        activity_score=score,
        phenotype=found[0].phenotype,
        source=call_source,
    )
    return (
        agreed,
        f"{len(diplotypes)} diplotypes are possible ({named}), each of them {found[0].phenotype}",
    )


def _by_gene(genes: dict[str, Any]) -> dict[str, Any]:
    """Gene to entry, out of one or two tables."""
    if not set(_SOURCES) & set(genes):
        return genes
    tables = [
        table for source in reversed(_SOURCES) if isinstance(table := genes.get(source), dict)
    ]
    return {gene: entry for table in tables for gene, entry in table.items()}


def _calls(entry: Any, where: str) -> list[dict[str, Any]]:
    if not isinstance(entry, dict):
        _refuse(where, "is not an object")
    calls = entry.get("recommendationDiplotypes") or entry.get("sourceDiplotypes") or []
    if not isinstance(calls, list) or not all(isinstance(c, dict) for c in calls):
        _refuse(f"{where}.recommendationDiplotypes", "is not a list of objects")
    return calls


def read_pharmcat(path: Path) -> GenotypeReport:
    """Genotypes of a PharmCAT report or phenotype file.

    Raises:
        InputError: if it is not such a file, or a call contradicts itself.
    """
    report, digest = read_json(path, what="PharmCAT report")
    if not_finite(report) is not None:
        raise InputError(
            f"{path.name}: expected finite numbers, got NaN or infinity",
            hint="correct it",
        )
    genes = report.get("genes", report.get("geneReports"))
    told = str(report.get("pharmcatVersion") or "")
    version = told if _VERSION.fullmatch(told) else ""
    if not isinstance(genes, dict):
        raise InputError(
            f"expected the 'genes' of a PharmCAT report, got none in {path}",
            hint="give the report.json of PharmCAT 2 or 3",
        )
    found: dict[str, Genotype] = {}
    notes: list[str] = []
    entries = _by_gene(genes)
    unread = len(entries.keys() - _GENES)
    for gene, entry in sorted((g, e) for g, e in entries.items() if g in _GENES):
        calls = _calls(entry, f"{path.name}: genes.{gene}")
        source = str(entry.get("callSource") or "")
        genotype, note = (
            _one_of(gene, calls, source if source in _CALLED_BY else "", f"{path.name}: {gene}")
            if calls
            else (None, "")
        )
        notes += [f"{gene}: {note}"] if note else []
        if genotype is None:
            if gene in _USED and not note:
                notes.append(
                    f"{gene}: the report holds no diplotype and no phenotype; treated as unknown"
                )
            continue
        if gene == "CYP2D6" and genotype.activity_score is None:
            notes.append(
                f"{gene} {genotype.diplotype}: an allele's activity is unknown; treated as unknown"
            )
        found[gene] = genotype
    notes += (
        [f"{unread} genes of the report are none that PharmCAT tells of and are not read"]
        if unread
        else []
    )
    return GenotypeReport(genotypes=found, notes=tuple(notes), sha256=digest, version=version)
