"""`qtwin measured`: measured combinations and interaction lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json

app = typer.Typer(
    help="Measured drug combinations and interaction lists as optimisation problems.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("combinations")
def measured_combinations(
    pairs: Annotated[Path, typer.Argument(help="Table of pairs (CSV): drug_1, drug_2, context, synergy; or a column a context.")],
    singles: Annotated[
        Path | None, typer.Option("--singles", help="Single effects (CSV): drug, context, effect; or wide.")
    ] = None,
    context: Annotated[
        str | None, typer.Option("--context", help="One context alone, such as a cell line; default: all.")
    ] = None,
    size: Annotated[int, typer.Option("--size", min=1, help="Drugs to choose.")] = 3,
    objective: Annotated[str, typer.Option("--objective", help="mean or log-linear.")] = "mean",
    noise_sd: Annotated[
        float | None, typer.Option("--noise-sd", help="Noise of one pair measurement; default: from pairs measured twice.")
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Draws of the coefficients.")] = 1000,
    full_effect: Annotated[float, typer.Option("--full-effect", help="Effect at which nothing grows (log-linear).")] = 100.0,
    floor: Annotated[float, typer.Option("--floor", help="Least growth that is followed (log-linear).")] = 0.01,
    column: Annotated[list[str] | None, typer.Option("--column", help="role=name, such as synergy=zip; repeatable.")] = None,
    index_map: Annotated[Path | None, typer.Option("--index-map", help="Drug index to name (JSON).")] = None,
    sampler: Annotated[
        list[str] | None, typer.Option("--sampler", help="Solver whose samples are judged on covering; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Output folder; default: out/<name of the table>.")] = None,
    as_json: Json = False,
) -> None:
    """Measured pairs as a choice of drugs: the proven optimum, and how likely it is to be the best."""
    from qtwin.cli.measured import run_combinations

    result = run_combinations(
        pairs,
        singles,
        out or Path("out") / pairs.stem,
        context=context,
        size=size,
        objective=objective,
        noise_sd=noise_sd,
        draws=draws,
        full_effect=full_effect,
        floor=floor,
        columns=column or (),
        index_map=index_map,
        samplers=sampler or (),
        seed=seed,
    )
    if as_json:
        typer.echo(json.dumps(result))


@app.command("order")
def measured_order(
    sets: Annotated[Path, typer.Argument(help="Measured sets (CSV or xlsx): drug_1, drug_2, ..., score; pairs and larger sets.")],
    kind: Annotated[
        str, typer.Option("--kind", help="score (0: no interaction), ratio (1: none, log2 is taken) or growth (with singles).")
    ] = "score",
    sheet: Annotated[str, typer.Option("--sheet", help="Sheet of a workbook.")] = "",
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", help="Group (column subset) whose lines are not used; repeatable.")
    ] = None,
    score: Annotated[str, typer.Option("--score", help="Column of the value.")] = "",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap.")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Output folder; default: out/<name of the file>.")] = None,
    as_json: Json = False,
) -> None:
    """Whether singles and pairs predict what three and more drugs do together."""
    from qtwin.cli.measured_order import run_order

    result = run_order(
        sets, out or Path("out") / sets.stem, kind=kind, sheet=sheet, leave_out=leave_out or (), score=score, seed=seed
    )
    if as_json:
        typer.echo(json.dumps(result))


@app.command("interactions")
def measured_interactions(
    source: Annotated[
        str, typer.Argument(help="List of interacting drugs, or a shipped graph: falqon-six-drugs, falqon-covid-19.")
    ],
    size: Annotated[int, typer.Option("--size", min=1, help="Drugs in the synergistic choice.")] = 3,
    harm: Annotated[float, typer.Option("--harm", help="What a harmful pair costs.")] = 3.5,
    solver: Annotated[str, typer.Option("--solver", help="Who proves the optimum.")] = "cp-sat",
    time_limit: Annotated[float, typer.Option("--time-limit", min=0.1, help="Its limit in seconds.")] = 60.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Its seed.")] = 0,
    quantum: Annotated[
        bool,
        typer.Option("--quantum", help="Also re-run the published quantum comparison with its ablation (up to 12 drugs)."),
    ] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Output folder; default: out/<name of the list>.")] = None,
    as_json: Json = False,
) -> None:
    """The largest safe subset of interacting drugs, and the most synergistic few, with proof."""
    from qtwin.cli.measured_interactions import run_interactions

    result = run_interactions(
        source,
        out or Path("out") / Path(source).stem,
        size=size,
        harm=harm,
        solver=solver,
        time_limit_s=time_limit,
        seed=seed,
        quantum=quantum,
    )
    if as_json:
        typer.echo(json.dumps(result))
