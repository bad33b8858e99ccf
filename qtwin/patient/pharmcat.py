"""PharmCAT 3.1 reports: genes.<GENE>.recommendationDiplotypes -> alleles, activity values, activity score, phenotype."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtwin.errors import InputError
from qtwin.patient.jsonfile import read_json
from qtwin.patient.person import Genotype

_TOLERANCE = 1e-6
# CPIC consensus thresholds of the CYP2D6 activity score (Caudle 2020, Clin Transl Sci 13:116)
_CYP2D6_PHENOTYPES = ((0.25, "Poor Metabolizer"), (1.25, "Intermediate Metabolizer"), (2.5, "Normal Metabolizer"))


def cyp2d6_phenotype(activity_score: float) -> str:
    """Phenotype of a CYP2D6 activity score: PM below 0.25, IM below 1.25, NM below 2.5, UM from there on."""
    for threshold, phenotype in _CYP2D6_PHENOTYPES:
        if activity_score < threshold:
            return phenotype
    return "Ultrarapid Metabolizer"


def _number(text: Any) -> float | None:
    try:
        value = float(str(text).lstrip("≥>="))
    except (TypeError, ValueError):
        return None
    return value if value >= 0.0 else None


def _genotype(gene: str, diplotype: dict[str, Any], call_source: str, path: Path) -> Genotype:
    alleles = [diplotype.get("allele1") or {}, diplotype.get("allele2") or {}]
    names = [str(a.get("name")) for a in alleles if a.get("name")]
    values = [_number(a.get("activityValue")) for a in alleles if a.get("name")]
    stated = _number(diplotype.get("activityScore"))
    total = sum(v for v in values if v is not None) if values and None not in values else None
    label = "/".join(names) or "unknown"
    if stated is not None and total is not None and abs(stated - total) > _TOLERANCE:
        raise InputError(
            f"{path.name}: {gene} {label} contradicts itself: activity score {stated:g}, but its alleles add to {total:g}",
            hint="correct the alleles' activity values or the score",
        )
    score = stated if stated is not None else total
    phenotypes = [str(p) for p in diplotype.get("phenotypes") or []]
    phenotype = phenotypes[0] if phenotypes else "unknown"
    if gene == "CYP2D6" and score is not None:
        derived = cyp2d6_phenotype(score)
        if phenotype not in ("unknown", "No Result", "Indeterminate") and phenotype != derived:
            raise InputError(
                f"{path.name}: CYP2D6 {label} contradicts itself: score {score:g} means {derived}, the report says {phenotype}",
                hint="correct the phenotype or the activity score",
            )
        phenotype = derived
    return Genotype(gene=gene, diplotype=label, activity_score=score, phenotype=phenotype, source=call_source)


def read_pharmcat(path: Path) -> tuple[dict[str, Genotype], list[str], str]:
    """Genotypes of a PharmCAT report or phenotype file.

    Returns:
        Gene to genotype; plain notes on genes without a usable call; the file's SHA-256.

    Raises:
        InputError: if it is not such a file, or a call contradicts itself.
    """
    report, digest = read_json(path, what="PharmCAT 3.1 report")
    genes = report.get("genes", report.get("geneReports"))
    if not isinstance(genes, dict):
        raise InputError(f"{path} holds no 'genes' object, a PharmCAT 3.1 report was wanted", hint="give its report.json")
    found: dict[str, Genotype] = {}
    notes: list[str] = []
    for gene, entry in sorted(genes.items()):
        if not isinstance(entry, dict):
            raise InputError(f"{path.name}: genes.{gene} is not an object", hint="export the report again")
        calls = entry.get("recommendationDiplotypes") or entry.get("sourceDiplotypes") or []
        if len(calls) > 1:
            labels = {str(c.get("label")) for c in calls}
            notes.append(f"{gene}: {len(labels)} diplotypes are possible ({', '.join(sorted(labels))}); treated as unknown")
            continue
        if not calls or not (calls[0].get("allele1") or {}).get("name"):
            continue
        genotype = _genotype(gene, calls[0], str(entry.get("callSource", "")), path)
        if gene == "CYP2D6" and genotype.activity_score is None:
            notes.append(f"{gene} {genotype.diplotype}: an allele's activity is unknown; treated as unknown")
        found[gene] = genotype
    return found, notes, digest
