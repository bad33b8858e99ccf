"""Studies of many runs: trial, bench, mitigation, scaling, map; and rerun, which makes any page again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json

app = typer.Typer(rich_markup_mode=None)


@app.command()
def trial(
    spec: Annotated[Path, typer.Argument(help="Trial protocol (TOML).")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")] = None,
    as_json: Json = False,
) -> None:
    """A virtual trial: effect, who benefits, dose response, power."""
    from qtwin.cli.show import terminal
    from qtwin.cli.twin import show_trial
    from qtwin.studies.trial.run import run

    result = run(spec, out or Path("out") / spec.stem, progress=terminal)
    show_trial(result)
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command()
def bench(
    spec: Annotated[Path, typer.Argument(help="Sweep (TOML): families, sizes, solvers.")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the sweep>.")] = None,
    store: Annotated[str, typer.Option("--store", help="Database URL for the records; default: records.sqlite in --out.")] = "",
    scheduler: Annotated[str, typer.Option("--scheduler", help="Dask scheduler, such as tcp://host:8786.")] = "",
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Local processes; default: the file's.")] = None,
    as_json: Json = False,
) -> None:
    """Run a sweep of instances and solvers; finished tasks are kept and never run again."""
    from qtwin.cli.bench import run_bench

    result = run_bench(spec, out or Path("out") / spec.stem, store=store, scheduler=scheduler, workers=workers)
    if as_json:
        typer.echo(json.dumps(result))
    if result["alarms"] or not result["answered"]:
        raise typer.Exit(1)


@app.command()
def mitigation(
    spec: Annotated[Path, typer.Argument(help="Study (TOML), such as experiments/mitigation.toml.")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the study>.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    as_json: Json = False,
) -> None:
    """What each way to treat noise is worth on a snapshot of a device, beside none and beside tossed coins."""
    from qtwin.cli.mitigation import run_mitigation

    result = run_mitigation(spec, out or Path("out") / spec.stem, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(result))


@app.command()
def scaling(
    spec: Annotated[Path, typer.Argument(help="Scaling study (TOML): family, sizes, layers.")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the study>.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    as_json: Json = False,
) -> None:
    """How the success of fixed-angle QAOA falls with size, beside a published exponent."""
    from qtwin.cli.scaling import run_scaling

    result = run_scaling(spec, out or Path("out") / spec.stem, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(result))


@app.command("map")
def advantage_map(
    results: Annotated[
        list[Path], typer.Argument(help="result.json files, folders that hold some, or the file of a map (TOML), run first.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Output folder.")] = Path("out/map"),
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the measured tables that a map names.")] = None,
    as_json: Json = False,
) -> None:
    """Where classical wins, where it is open, and what a quantum machine would need to change that."""
    from qtwin.cli.map import run_map

    written = run_map(results, out, data=data)
    if as_json:
        typer.echo(json.dumps(written))


@app.command()
def rerun(
    made: Annotated[Path, typer.Argument(help="Folder that qtwin wrote, or one figure (PNG) in it.")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: that folder's name with -again.")] = None,
    as_json: Json = False,
) -> None:
    """Run the command behind a page or a figure anew, and compare every number that is drawn."""
    from qtwin.cli.rerun import run_again

    told = run_again(made, out)
    if as_json:
        typer.echo(json.dumps(told))
