"""PharmCAT 3.1 reports: genes.<GENE>.recommendationDiplotypes -> alleles, activity values, activity score, phenotype.

The alleles, their activity values, the score and the phenotype of a call must agree with each other; what is missing among them
is worked out from the others where CPIC's tables allow it. Labels and lookup keys are PharmCAT's own and are not read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from qtwin.errors import InputError
from qtwin.patient.allele import activity_value, phenotype_of_alleles, phenotype_of_score, settled
from qtwin.patient.jsonfile import not_finite, read_json
from qtwin.patient.person import Genotype

_TOLERANCE = 1e-6
_NO_VALUE = frozenset({"", "n/a", "none", "null", "unknown"})
_NO_PHENOTYPE = frozenset({"", "n/a", "unknown", "no result", "indeterminate"})
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


def _refuse(where: str, message: str, hint: str = "correct the call, or export the report again") -> NoReturn:
    raise InputError(f"{where} {message}", hint=hint)


def _number(value: Any, where: str, what: str) -> float | None:
    if value is None or str(value).strip().casefold() in _NO_VALUE:
        return None
    try:
        number = math.nan if isinstance(value, bool) else float(str(value).strip().lstrip("≥>="))
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0.0):
        _refuse(where, f"has the {what} {value!r}, a number that is not negative was wanted")
    return number


def _value(gene: str, allele: dict[str, Any], where: str) -> float | None:
    name = str(allele["name"])
    told = _number(allele.get("activityValue"), where, f"{name} activity value")
    known = activity_value(gene, name)
    if told is not None and known is not None and settled(gene, name) and abs(told - known) > _TOLERANCE:
        _refuse(
            where,
            f"contradicts itself: {name} has activity {told:g} in the report and {known:g} by CPIC",
            "change allele, activity value, activity score and phenotype together",
        )
    return told if told is not None else known


def _phenotype(gene: str, names: list[str], score: float | None, call: dict[str, Any], where: str) -> str:
    listed = call.get("phenotypes") or []
    told = [str(p) for p in listed] if isinstance(listed, list) else [str(listed)]
    told = [p for p in told if p.strip().casefold() not in _NO_PHENOTYPE]
    derived = phenotype_of_alleles(gene, names) if score is None else phenotype_of_score(gene, score)
    if derived is not None and told and told[0].strip().casefold() != derived.casefold():
        means = f"score {score:g}" if score is not None else "the alleles"
        _refuse(
            where,
            f"contradicts itself: {means} mean{'s' if score is not None else ''} {derived}, the report says {told[0]}",
            "change allele, activity value, activity score and phenotype together",
        )
    return derived or "; ".join(told) or "unknown"


def _genotype(gene: str, call: dict[str, Any], call_source: str, where: str) -> Genotype | None:
    for key in ("allele1", "allele2"):
        if not isinstance(call.get(key) or {}, dict):
            _refuse(where, f"has the {key} {call[key]!r}, an object with a name was wanted")
    alleles = [a for key in ("allele1", "allele2") if (a := call.get(key) or {}).get("name")]
    names = [str(a["name"]) for a in alleles]
    if not names or all(name.casefold() in _NO_VALUE for name in names):
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
    report, digest = read_json(path, what="PharmCAT 3.1 report")
    if (spoilt := not_finite(report)) is not None:
        raise InputError(f"{path.name}: {spoilt} is NaN or infinite, a finite number was wanted", hint="correct it")
    genes = report.get("genes", report.get("geneReports"))
    version = str(report.get("pharmcatVersion") or "")
    if not isinstance(genes, dict) or {"CPIC", "DPWG"} & set(genes):
        old = f" of {version}" if version else ""
        raise InputError(
            f"{path} holds no 'genes' of a PharmCAT 3.1 report{old}, which were wanted", hint="give the report.json of PharmCAT 3"
        )
    found: dict[str, Genotype] = {}
    notes: list[str] = []
    for gene, entry in sorted(genes.items()):
        where = f"{path.name}: {gene}"
        calls = _calls(entry, f"{path.name}: genes.{gene}")
        if len(calls) > 1:
            labels = sorted({"/".join(str((c.get(k) or {}).get("name")) for k in ("allele1", "allele2")) for c in calls})
            notes.append(f"{gene}: {len(calls)} diplotypes are possible ({', '.join(labels)}); treated as unknown")
            continue
        genotype = _genotype(gene, calls[0], str(entry.get("callSource") or ""), where) if calls else None
        if genotype is None:
            if gene in _USED:
                notes.append(f"{gene}: the report holds no diplotype; treated as unknown")
            continue
        if gene == "CYP2D6" and genotype.activity_score is None:
            notes.append(f"{gene} {genotype.diplotype}: an allele's activity is unknown; treated as unknown")
        found[gene] = genotype
    return GenotypeReport(genotypes=found, notes=tuple(notes), sha256=digest, version=version)
