"""What a reviewer takes along: submission fields of a benchmark library, and references of every
method.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qtwin.benchmark.analysis import Best, Record, group_of, succeeded

_WORK = re.compile(r"^(?P<authors>.+?),? (?P<year>(?:19|20)\d\d)[a-z]?(?:,\s*(?P<where>.+))?$")
_ARXIV = re.compile(r"arXiv:\s*(?P<number>\d{4}\.\d{4,5}|[a-z-]+/\d{7})")


def works(citation: str) -> list[str]:
    """The single works of a citation such as 'Farhi, Goldstone 2014, arXiv:1411.4028; Zhou et al.
    2020, PRX 10:021067'.

    What names no year, such as 'none needed', is no work.
    """
    return [work.strip() for work in citation.split(";") if re.search(r"(19|20)\d\d", work)]


def entry(work: str) -> tuple[str, str]:
    """(key, entry) of one work; what cannot be taken apart stays whole in its title, so that
    nothing is lost.
    """
    found = _WORK.match(work)
    authors, year, where = (
        (found["authors"], found["year"], found["where"] or "") if found else (work, "", "")
    )
    key = _plain(re.split(r"[ ,]", authors)[0]).lower() + (year or "nd") + _initials(where)
    fields = {
        "author": " and ".join(_authors(authors)) if found else "",
        "year": year,
        "howpublished": where,
        "note": work,
    }
    arxiv = _ARXIV.search(work)
    if arxiv:
        fields |= {"eprint": arxiv["number"], "archiveprefix": "arXiv"}
    lines = [f"  {name} = {{{_escaped(value)}}}," for name, value in fields.items() if value]
    return key, "@misc{" + key + ",\n" + "\n".join(lines) + "\n}\n"


def bibtex(citations: Iterable[str]) -> str:
    """All works once, by key; two works of one key get a letter behind it."""
    entries: dict[str, str] = {}
    for work in sorted({w for c in citations for w in works(c)}):
        key, text = entry(work)
        wanted, letter = key, "a"
        while key in entries:
            letter = chr(ord(letter) + 1)
            key = wanted + letter
        entries[key] = text.replace("{" + wanted + ",", "{" + key + ",", 1)
    return "\n".join(entries[key] for key in sorted(entries))


def _authors(text: str) -> list[str]:
    names = [
        n.strip()
        for n in re.split(
            r",| and | & ", text.replace(" et al.", ", others").replace(" et al", ", others")
        )
    ]
    return [n for n in names if n]


def _initials(where: str) -> str:
    return "".join(word[0] for word in re.findall(r"[A-Za-z]+", where)[:2]).lower()


def _plain(text: str) -> str:
    """Letters of the ASCII alphabet only, for a key."""
    flat = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^A-Za-z]", "", flat) or "anonymous"


def _escaped(text: str) -> str:
    return re.sub(r"([&%#_$])", r"\\\1", text)


# One line an instance and solver, with the fields that the Quantum Optimization Benchmarking
# Library asks of a submission.
#
# Fields as in its template (Koch et al. 2025, arXiv:2504.03832). Their rules kept here: queueing
# and compilation are not part of a runtime, success is against the best value known (not the run's
# own best), negative results are reported like others.

FIELDS = (
    "Problem",
    "Submitter",
    "Affiliation",
    "Date",
    "Reference",
    "Best Objective Value",
    "Optimality Bound",
    "Modeling Approach",
    "# Decision Variables",
    "# Binary Variables",
    "# Integer Variables",
    "# Continuous Variables",
    "# Non-Zero Coefficients",
    "Coefficients Type",
    "Coefficients Range",
    "Workflow",
    "Algorithm Type",
    "Paradigm",
    "# Runs",
    "# Feasible Runs",
    "# Successful Runs",
    "Success Threshold",
    "Hardware Specifications",
    "Total Runtime",
    "CPU Runtime",
    "GPU Runtime",
    "QPU Runtime",
    "Other HW Runtime",
    "Remarks",
)
_SURE = frozenset({"enumeration", "cp-sat", "highs", "scip", "gurobi"})
_PARADIGM = {"classical": "Classical", "null": "Classical", "quantum": "Quantum Simulator"}


def table(records: Sequence[Record], best: Mapping[str, Best], *, date: str = "") -> str:
    """CSV text; what does not apply is N/A, and who submits is left for the submitter to fill
    in.
    """
    groups: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for r in records:
        if r.get("instance"):
            groups[group_of(r), r["instance_id"], r["task"]["label"]].append(r)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    for (family, _, label), rows in sorted(
        groups.items(), key=lambda g: (g[0][0], g[1][0]["task"]["n"], g[0])
    ):
        line = _line(family, label, rows, best, date)
        writer.writerow([line.get(name, "N/A") for name in FIELDS])
    return text.getvalue()


def _line(
    family: str, label: str, rows: Sequence[Record], best: Mapping[str, Best], date: str
) -> dict[str, Any]:
    first, p, t = rows[0], rows[0]["instance"], rows[0]["task"]
    energies = [
        float(r["energy"]) for r in rows if r.get("energy") is not None and r.get("feasible")
    ]
    bounds = [float(r["bound"]) for r in rows if r.get("bound") is not None]
    spent = [
        float(r["total_s"]) - float((r.get("stage_s") or {}).get("transpile", 0.0))
        for r in rows
        if r.get("total_s") is not None
    ]
    whole = p["coefficient_min"] == int(p["coefficient_min"]) and p["coefficient_max"] == int(
        p["coefficient_max"]
    )
    machine = first.get("machine") or {}
    kind = str(first.get("kind") or "classical")
    return {
        "Problem": f"{family}-n{t['n']}-i{t['instance']}",
        "Date": date,
        "Reference": first.get("citation") or "N/A",
        "Best Objective Value": min(energies) if energies else "N/A",
        "Optimality Bound": max(bounds) if bounds else "N/A",
        "Modeling Approach": "QUBO" if p["degree"] <= 2 else f"HUBO of degree {p['degree']}",
        "# Decision Variables": p["n_decision"],
        "# Binary Variables": p["n_variables"],
        "# Integer Variables": 0,
        "# Continuous Variables": 0,
        "# Non-Zero Coefficients": p["n_terms"],
        "Coefficients Type": "Integer" if whole else "Continuous",
        "Coefficients Range": f"{p['coefficient_min']:g} - {p['coefficient_max']:g}",
        "Workflow": f"{label}: {t['solver']} {dict(t['solver_options'])}".strip(),
        "Algorithm Type": "Deterministic" if t["solver"] in _SURE else "Stochastic",
        "Paradigm": _PARADIGM.get(kind, "Classical"),
        "# Runs": len(rows),
        "# Feasible Runs": sum(bool(r.get("feasible")) for r in rows),
        "# Successful Runs": sum(succeeded(r, best) for r in rows),
        "Success Threshold": "best value known, relative tolerance 1e-9",
        "Hardware Specifications": ", ".join(f"{v}" for v in machine.values()),
        "Total Runtime": float(np.mean(spent)) if spent else "N/A",
        "CPU Runtime": float(np.mean(spent)) if spent else "N/A",
        "Remarks": _remarks(rows, best),
    }


def _remarks(rows: Sequence[Record], best: Mapping[str, Best]) -> str:
    known = best.get(rows[0]["instance_id"])
    remarks = ["mean runtime a run in seconds"]
    if known is not None:
        remarks.append(
            f"best value known {known.energy:g}, "
            f"{'proven' if known.proven else 'not proven'}, by {known.by}"
        )
    failed = sum(r.get("status") == "failed" for r in rows)
    late = sum(r.get("status") == "time limit" for r in rows)
    remarks += [f"{failed} runs failed"] if failed else []
    remarks += [f"{late} runs ended at their time limit"] if late else []
    return "; ".join(remarks)


# WHAT A REVIEWER TAKES ALONG: submission fields of a benchmark library, references of every method.
