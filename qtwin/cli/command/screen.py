"""`qtwin screen`: combination screens and interaction lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qtwin.cli.command.option import Json
from qtwin.errors import InputError

if TYPE_CHECKING:
    from qtwin.studies.screen.result import InteractionsResult, OrderResult, ScreenResult

app = typer.Typer(
    help="Combination screens and interaction lists as optimisation problems.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("combinations")
def screen_combinations(
    pairs: Annotated[
        Path,
        typer.Argument(
            help="Pairs (CSV, TSV or xlsx): drug_1, drug_2, context, synergy; or a column a "
            "context; or a square matrix."
        ),
    ],
    singles: Annotated[
        Path | None,
        typer.Option(
            "--singles", help="Single effects (CSV, TSV or xlsx): drug, context, effect; or wide."
        ),
    ] = None,
    context: Annotated[
        str | None,
        typer.Option("--context", help="One context alone, such as a cell line; default: all."),
    ] = None,
    size: Annotated[int, typer.Option("--size", min=1, help="Drugs to choose.")] = 3,
    objective: Annotated[str, typer.Option("--objective", help="mean or log-linear.")] = "mean",
    noise_sd: Annotated[
        float | None,
        typer.Option(
            "--noise-sd", help="Noise of one pair measurement; default: from pairs measured twice."
        ),
    ] = None,
    n_samples: Annotated[
        int, typer.Option("--n-samples", min=100, help="Draws of the coefficients.")
    ] = 1000,
    full_effect: Annotated[
        float, typer.Option("--full-effect", help="Effect at which nothing grows (log-linear).")
    ] = 100.0,
    floor: Annotated[
        float, typer.Option("--floor", help="Least growth that is followed (log-linear).")
    ] = 0.01,
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="role=name, such as synergy=zip; repeatable."),
    ] = None,
    index_map: Annotated[
        Path | None, typer.Option("--index-map", help="Drug index to name (JSON).")
    ] = None,
    sheet: Annotated[str, typer.Option("--sheet", help="Sheet of a workbook of pairs.")] = "",
    diagonal: Annotated[
        str,
        typer.Option(
            "--diagonal",
            help="Of a square matrix: unused, or effect where it holds the single effects.",
        ),
    ] = "unused",
    sampler: Annotated[
        list[str] | None,
        typer.Option("--sampler", help="Solver whose samples are judged on covering; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Output folder; default: out/<name of the table>."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measured pairs as a choice of drugs: the proven optimum, and how likely it is to be the
    best.
    """
    from qtwin.cli.show import terminal
    from qtwin.studies.screen.run import run_screen

    folder = out or Path("out") / pairs.stem
    result = run_screen(
        pairs,
        singles,
        folder,
        context=context,
        size=size,
        objective=objective,
        noise_sd=noise_sd,
        n_samples=n_samples,
        full_effect=full_effect,
        floor=floor,
        samplers=sampler or (),
        seed=seed,
        progress=terminal,
        columns=_roles(column or ()),
        index_map=index_map,
        sheet=sheet,
        diagonal=diagonal,
    )
    show_screen(result, folder)
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command("order")
def screen_order(
    sets: Annotated[
        Path,
        typer.Argument(
            help="Measured sets (CSV, TSV or xlsx): drug_1, drug_2, ..., score; pairs and "
            "larger sets."
        ),
    ],
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            help="score (0: no interaction), ratio (1: none, log2 is taken) or growth (with "
            "singles).",
        ),
    ] = "score",
    sheet: Annotated[str, typer.Option("--sheet", help="Sheet of a workbook.")] = "",
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            "--leave-out", help="Group (column subset) whose lines are not used; repeatable."
        ),
    ] = None,
    score: Annotated[str, typer.Option("--score", help="Column of the value.")] = "",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Output folder; default: out/<name of the file>."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Whether singles and pairs predict what three and more drugs do together."""
    from qtwin.cli.show import terminal
    from qtwin.studies.screen.order import run_order

    folder = out or Path("out") / sets.stem
    result = run_order(
        sets,
        folder,
        kind=kind,
        sheet=sheet,
        leave_out=leave_out or (),
        score=score,
        seed=seed,
        progress=terminal,
    )
    show_order(result, folder)
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command("interactions")
def screen_interactions(
    source: Annotated[
        str,
        typer.Argument(
            help="List of interacting drugs, or a shipped graph: falqon-six-drugs, falqon-covid-19."
        ),
    ],
    size: Annotated[
        int, typer.Option("--size", min=1, help="Drugs in the synergistic choice.")
    ] = 3,
    harm: Annotated[float, typer.Option("--harm", help="What a harmful pair costs.")] = 3.5,
    solver: Annotated[str, typer.Option("--solver", help="Who proves the optimum.")] = "cp-sat",
    time_limit: Annotated[
        float, typer.Option("--time-limit", min=0.1, help="Its limit in seconds.")
    ] = 60.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Its seed.")] = 0,
    quantum: Annotated[
        bool,
        typer.Option(
            "--quantum",
            help="Also re-run the published quantum comparison with its ablation (up to 12 drugs).",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Output folder; default: out/<name of the list>."),
    ] = None,
    as_json: Json = False,
) -> None:
    """The largest safe subset of interacting drugs, and the most synergistic few, with proof."""
    from qtwin.cli.show import terminal
    from qtwin.studies.screen.interactions import run_interactions

    folder = out or Path("out") / Path(source).stem
    result = run_interactions(
        source,
        folder,
        size=size,
        harm=harm,
        solver=solver,
        time_limit_s=time_limit,
        seed=seed,
        quantum=quantum,
        progress=terminal,
    )
    show_interactions(result, folder)
    if as_json:
        typer.echo(json.dumps(result.to_json()))


def show_screen(result: ScreenResult, folder: Path) -> None:
    """Print the optimum of each context and what it is worth."""
    from qtwin.cli.show import table
    from qtwin.studies.screen.page import screen_header, screen_rows

    noises = len(result.data.noise_sd)
    rows = []
    for full in screen_rows(result):
        chances = " to ".join(full[5 : 5 + noises]).replace(" % to", " to")
        rows.append((*full[:5], *([chances] if noises else [])))
    table(
        "Proven optimum of each context",
        (*screen_header(result)[:5], *(["P(best)"] if noises else [])),
        rows,
    )
    _close(result.verdict, folder)


def show_order(result: OrderResult, folder: Path) -> None:
    """Print how well each surrogate predicts."""
    from qtwin.cli.show import table
    from qtwin.studies.screen.page import SURROGATE_HEADER, UNITS, order_rows

    table(
        f"{result.n_sets} sets of three and more drugs ({UNITS[result.kind]})",
        SURROGATE_HEADER,
        order_rows(result),
    )
    _close(result.verdict, folder)


def show_interactions(result: InteractionsResult, folder: Path) -> None:
    """Print the choices, and the quantum comparison where it was run."""
    from qtwin.cli.show import note, table
    from qtwin.studies.screen.page import CHOICE_HEADER, QUANTUM_HEADER, choice_rows, quantum_rows

    table("Choices", CHOICE_HEADER, choice_rows(result))
    if result.quantum is not None:
        table(
            "Quantum comparison, probability of the optimum in one shot",
            QUANTUM_HEADER,
            quantum_rows(result.quantum),
        )
        for sentence in result.quantum.verdicts:
            note(sentence)
    _close(result.verdict, folder)


def _close(verdict: str, folder: Path) -> None:
    from qtwin.cli.show import note

    note(verdict, style="bold")
    note(str(folder / "report.html"))


def _roles(columns: Sequence[str]) -> dict[str, str]:
    roles: dict[str, str] = {}
    for told in columns:
        role, separator, name = told.partition("=")
        if not separator or not role.strip() or not name.strip():
            raise InputError(
                f"expected --column role=name, got {told!r}",
                hint="such as --column synergy=zip_score",
            )
        roles[role.strip()] = name.strip()
    return roles
