"""The page of a sweep: verdict, growth, profiles, what a quantum machine would need, and every
cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtwin.benchmark import analysis
from qtwin.benchmark.analysis import Cell
from qtwin.benchmark.metrics import FEWEST, Interval, no_interval
from qtwin.benchmark.profile import order_changes
from qtwin.benchmark.records import STAGES
from qtwin.report.bench_pictures import growth_picture, outcome_picture, profile_picture
from qtwin.report.chart import Figure
from qtwin.report.growth_pictures import noise_picture
from qtwin.report.number import number, seconds, whole
from qtwin.report.sheet import Section, Sheet, Table, write_sheet
from qtwin.studies.benchmark.result import BenchmarkResult

_WHO = ("Family", "n", "Solver")


def page_of(told: BenchmarkResult, rows: Sequence[dict[str, Any]], out: Path) -> Path:
    """Draw the figures of a sweep and write its page.

    Args:
        told: The result.
        rows: Its records, for fitted curves, profiles and single runs; without them the page has
            none of these.
        out: Folder.

    Returns:
        Path of the page.
    """
    result, spec = told.to_json(), told.spec
    best = analysis.best_known(rows)
    found = [c.cell() for c in told.cells]
    fits = analysis.growth(rows, best, seed=told.seed)
    families = sorted({c.family for c in found})
    several = [f for f in families if len({c.n for c in found if c.family == f}) > 1]
    pictures = [
        growth_picture(
            family,
            [c for c in found if c.family == family],
            {
                label: value[0]
                for (f, label), value in fits.items()
                if f == family and isinstance(value, tuple)
            },
        )
        for family in several
    ]
    alone = [
        outcome_picture(
            family, [c for c in found if c.family == family], outcomes(rows, best, family)
        )
        for family in families
        if family not in several
    ]
    times = _times(rows, best)
    changed = order_changes(times, 10.0)
    warning = (
        f"Without {' or '.join(changed)} the others would stand in another order."
        if changed
        else ""
    )
    return write_sheet(
        Sheet(
            kind="sweep",
            title=str(spec["title"]),
            verdict=str(result["verdict"]),
            points=[
                str(spec.get("question") or ""),
                str(spec.get("decision_rule") or ""),
                *(f"ALARM: {words}." for words in result["alarms"]),
                *(
                    f"{x['quantum']} against {x['classical']} on {x['family']}: {x['words']}."
                    for x in result["crossovers"]
                ),
            ],
            cards=[
                (
                    "Instances",
                    str(result["instances"]),
                    f"{result['proven_instances']} with a proven optimum",
                ),
                (
                    "Runs",
                    f"{sum(c.runs for c in found):,}",
                    f"{sum(c.failed for c in found)} failed, "
                    f"{sum(c.out_of_time for c in found)} out of time",
                ),
            ],
            sections=[
                *_runs(alone),
                Section(
                    anchor="growth",
                    title="How time grows",
                    text=[
                        "Quantum solvers have two growths: of their simulation here, which "
                        "says nothing about a device, and of"
                        " idealised QPU time. Crossovers are said of the latter.",
                    ],
                    pictures=pictures,
                    tables=[_growth_table(result)],
                ),
                Section(
                    anchor="profile",
                    title="Who is quick how often",
                    pictures=[profile_picture(times, warning)] if times else [],
                ),
                *_offences(result["offences"]),
                *_noise(result["noise"]),
                Section(
                    anchor="machine",
                    title="What a quantum machine would need",
                    text=[
                        "Grover's search over the allowed answers, its energy written by "
                        "the smallest circuit known here, on the"
                        " surface code: physical error 0.1 %, a cycle of 1 µs, four "
                        "factories. Lower bounds for the quantum side."
                    ],
                    tables=[_machine_table(result)],
                ),
                *_device(found, str(result["qpu_assumptions"])),
                Section(
                    anchor="cells",
                    title="Every cell",
                    tables=[_cell_table(found), _stage_table(found)],
                ),
            ],
            warnings=[
                "Quantum solvers ran on simulators: their time is that of the simulation "
                "and says nothing about a device.",
                *_few(found),
                "Success is the best energy known, which is the optimum only where it is proven.",
            ],
            facts={
                "Sweep": str(result["spec_hash"]),
                "Seed": str(told.seed),
                "Machine": ", ".join(f"{v}" for v in result["machine"].values()),
                "Compiling, charged to nobody": seconds(result["compiling_s"]),
                "Versions": ", ".join(f"{k} {v}" for k, v in result["versions"].items()),
            },
        ),
        out,
    )


def _runs(pictures: Sequence[Figure]) -> list[Section]:
    """Single runs of families of one size; nothing where every family has several."""
    if not pictures:
        return []
    text = (
        "One size carries no growth: what is shown is every run, and how often a run reaches "
        "the best known energy."
    )
    return [Section(anchor="runs", title="Every run", text=[text], pictures=list(pictures))]


def outcomes(
    rows: Sequence[dict[str, Any]], best: dict[str, analysis.Best], family: str
) -> list[tuple[str, float]]:
    """(solver, energy above the best known of the instance) of every feasible answer in a
    family.
    """
    return [
        (r["task"]["label"], max(0.0, float(r["energy"]) - best[r["instance_id"]].energy))
        for r in rows
        if analysis.group_of(r) == family
        and r.get("energy") is not None
        and r.get("feasible")
        and r["instance_id"] in best
    ]


def _times(
    rows: Sequence[dict[str, Any]], best: dict[str, analysis.Best]
) -> dict[str, list[float]]:
    """Solver to its time on every instance; infinite where it did not take part or never
    succeeded.
    """
    labels, instances = (
        sorted({r["task"]["label"] for r in rows}),
        sorted({r["instance_id"] for r in rows}),
    )
    by: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for r in rows:
        by.setdefault((r["task"]["label"], r["instance_id"]), []).append(r)
    return {
        label: [
            analysis.tts_of(by[label, i], best) if (label, i) in by else math.inf for i in instances
        ]
        for label in labels
    }


def _growth_table(result: dict[str, Any]) -> Table:
    rows = []
    timed = [(g, g["solver"]) for g in result["growth"]]
    timed += [(g, f"{g['solver']}, QPU time") for g in result["growth_qpu"]]
    for g, who in timed:
        if g["refused"]:
            rows.append((g["family"], who, "none", g["refused"], ""))
            continue
        low, high = (math.inf if end is None else end for end in g["base_interval"])
        base = math.inf if g["base"] is None else g["base"]
        name = "factor a variable" if g["form"] == "exponential" else "exponent"
        rows.append(
            (
                g["family"],
                who,
                g["form"],
                f"{name} {base:.3g} ({low:.3g} to {high:.3g})",
                g["choice"],
            )
        )
    return Table(
        title="Growth",
        header=("Family", "Solver", "Law", "Growth, 95 % interval", "Choice"),
        rows=rows,
    )


def _cell_table(cells: Sequence[Cell]) -> Table:
    return Table(
        title="Success and time",
        header=(
            "Family",
            "n",
            "Solver",
            "Instances",
            "Success",
            "95 % interval",
            "Run",
            "TTS 99 %",
            "95 % interval",
            "Gap",
            "Ratio",
            "Regret",
            "Proven",
        ),
        rows=[
            (
                c.family,
                str(c.n),
                c.label,
                str(c.instances),
                f"{c.successes} / {c.runs}",
                no_interval(c.runs)
                if c.interval is None
                else f"{100 * c.interval.low:.0f} to {100 * c.interval.high:.0f} %",
                seconds(c.run_s) if math.isfinite(c.run_s) else "-",
                _time(c.tts_s),
                _ends(c.tts_interval, c.runs),
                f"{100 * c.gap:.2g} %" if math.isfinite(c.gap) else "-",
                f"{c.ratio:.3f}" if math.isfinite(c.ratio) else "-",
                number(c.regret, 2) if math.isfinite(c.regret) else "-",
                str(c.proven),
            )
            for c in cells
        ],
        numeric=frozenset({1, 3, 4, 6, 7, 9, 10, 11, 12}),
    )


def _few(cells: Sequence[Cell]) -> list[str]:
    """A warning where too few runs stand behind a cell for an interval."""
    few = [c for c in cells if c.runs < FEWEST]
    if not few:
        return []
    return [
        f"{len(few)} of {len(cells)} cells hold fewer than {FEWEST} runs: they have no "
        "interval, and carry no growth."
    ]


def _ends(interval: Interval | None, runs: int) -> str:
    return (
        no_interval(runs)
        if interval is None
        else f"{_time(interval.low)} to {_time(interval.high)}"
    )


def _samples(count: float) -> str:
    return whole(count) if math.isfinite(count) else "never"


def _device(cells: Sequence[Cell], assumptions: str) -> list[Section]:
    """Samples to solution, by sample and on an ideal processor, with the baselines; nothing where
    no solver keeps samples.
    """
    sampled = [c for c in cells if c.drawn or c.kind == "quantum"]
    if not sampled:
        return []

    def row(c: Cell) -> tuple[str, ...]:
        known = not math.isnan(c.qpu_tts_s)
        ends = "-" if not c.drawn else no_interval(c.runs)
        if c.reads_interval is not None:
            ends = f"{_samples(c.reads_interval.low)} to {_samples(c.reads_interval.high)}"
        return (
            c.family,
            str(c.n),
            c.label,
            c.kind,
            f"{c.hits:,} / {c.drawn:,}" if c.drawn else "-",
            "-"
            if math.isnan(c.reads_to_solution)
            else whole(c.reads_to_solution)
            if math.isfinite(c.reads_to_solution)
            else "never",
            ends,
            "-" if math.isnan(c.read_tts_s) else _time(c.read_tts_s),
            _time(c.tts_s),
            _time(c.qpu_tts_s) if known else c.qpu_unknown or "-",
            _ends(c.qpu_tts_interval, c.runs) if known else "-",
        )

    return [
        Section(
            anchor="shots",
            title="Samples, and an ideal processor's time",
            text=[
                "A sample is a shot or a read. The null baselines stand beside every "
                "quantum solver: uniform bits, uniform"
                " allowed choices, and random starts with one-flip descent.",
                f"{assumptions[0].upper()}{assumptions[1:]}.",
            ],
            tables=[
                Table(
                    title="To the best known energy with 99 %",
                    header=(
                        *_WHO,
                        "Kind",
                        "Hits",
                        "Samples",
                        "95 % interval",
                        "Time by sample",
                        "Time by run",
                        "Idealised QPU time",
                        "95 % interval",
                    ),
                    rows=[row(c) for c in sampled],
                    numeric=frozenset({1, 4, 5, 7, 8, 9}),
                )
            ],
        )
    ]


def _offences(entries: Sequence[dict[str, Any]]) -> list[Section]:
    """What solvers said and what was found; nothing where all of it was so."""
    if not entries:
        return []
    text = (
        "Energies are evaluated anew, times are of the harness's own clock, and a proof or "
        "a bound that another answer beats is"
        " an alarm. What was not so was put right or left out; a run that failed, or that "
        "took longer than it was allowed, did"
        " not succeed."
    )
    rows = [
        (e["mark"], e["solver"], e["family"], str(e["n"]), e["kind"], str(e["runs"]), e["words"])
        for e in entries
    ]
    header = ("", "Solver", "Family", "n", "What", "Runs", "In words")
    flagged = frozenset(k for k, e in enumerate(entries) if e["alarm"])
    table = Table(
        title="Statements and findings",
        header=header,
        rows=rows,
        numeric=frozenset({3, 5}),
        flagged=flagged,
    )
    return [Section(anchor="offences", title="What was not believed", text=[text], tables=[table])]


def _noise(entries: Sequence[dict[str, Any]]) -> list[Section]:
    """Nothing where no solver ran at several error rates."""
    if not entries:
        return []
    families = sorted({e["family"] for e in entries})
    text = (
        "Half of what the circuit gains over guessing is left at the budget; with much more "
        "error one had better guess."
    )
    return [
        Section(
            anchor="noise",
            title="How much error is allowed",
            text=[text],
            pictures=[noise_picture([e for e in entries if e["family"] == f], f) for f in families],
            tables=[_budget_table(entries)],
        )
    ]


def _budget_table(entries: Sequence[dict[str, Any]]) -> Table:
    def row(e: dict[str, Any]) -> tuple[str, ...]:
        gates = ((e["resources"].get("two_qubit") or {}).get("all-to-all") or {}).get("gates", "-")
        chance = "-" if e["chance"] is None else f"{e['chance']:.2g}"
        if e["refused"]:
            return e["family"], str(e["n"]), e["solver"], str(gates), "-", "-", chance, e["refused"]
        low, high = e["budget_interval"]
        words = f"needs a two-qubit error below {e['budget']:.2g} ({low:.2g} to {high:.2g})"
        return (
            e["family"],
            str(e["n"]),
            e["solver"],
            str(gates),
            f"{e['gates']:.0f}",
            f"{e['p0']:.2g}",
            chance,
            words,
        )

    header = (
        *_WHO,
        "Two-qubit gates",
        "Gates that matter",
        "Success without noise",
        "Of a guess",
        "Budget",
    )
    return Table(
        title="Error budgets",
        header=header,
        rows=[row(e) for e in entries],
        numeric=frozenset({1, 3, 4, 5, 6}),
    )


def _time(value_s: float) -> str:
    return seconds(value_s) if math.isfinite(value_s) else "never"


def _stage_table(cells: Sequence[Cell]) -> Table:
    """Where the time of a run goes, and what a solver asked for."""
    return Table(
        title="Time split and calls, means a run",
        header=(
            "Family",
            "n",
            "Solver",
            *(name.capitalize() for name in STAGES[2:]),
            "Evaluations",
            "Shots",
            "Best known energy",
            "Failed",
            "Out of time",
        ),
        rows=[
            (
                c.family,
                str(c.n),
                c.label,
                *(seconds(c.stage_s[name]) for name in STAGES[2:]),
                number(round(c.evaluations)),
                number(round(c.shots)),
                f"{c.hits / c.drawn:.2g} of its samples" if c.drawn else "-",
                str(c.failed),
                str(c.out_of_time),
            )
            for c in cells
        ],
        numeric=frozenset({1, *range(3, len(STAGES) + 3), len(STAGES) + 4, len(STAGES) + 5}),
    )


def _machine_table(result: dict[str, Any]) -> Table:
    rows = []
    for r in result["requirements"]:
        if r["refused"]:
            rows.append((r["family"], "-", "-", "-", "-", "-", r["refused"]))
            continue
        m = r["machine"]
        rows.append(
            (
                r["family"],
                f"{r['classical']}, {r['cores']:,} core{'s' if r['cores'] > 1 else ''}",
                "-" if r["size"] is None else str(r["size"]),
                "-" if m is None else number(float(m["physical_qubits"]), 2),
                "-" if m is None else number(float(m["toffolis"]), 2),
                "yes" if r["practical"] else "no",
                r["words"],
            )
        )
    header = (
        "Family",
        "Against",
        "Crossing at n",
        "Physical qubits",
        "Toffolis",
        "Within two weeks",
        "In words",
    )
    return Table(
        title="Crossing of Grover's search and the fitted classical growth",
        header=header,
        rows=rows,
        numeric=frozenset({2, 3, 4}),
    )
