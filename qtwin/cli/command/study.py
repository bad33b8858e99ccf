"""Studies of many runs: trial, bench, mitigation, scaling, map; and reproduce, which makes any page
again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json, Overwrite

app = typer.Typer(rich_markup_mode=None)


@app.command()
def trial(
    spec: Annotated[Path, typer.Argument(help="Trial protocol (TOML).")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")
    ] = None,
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
    out: Annotated[
        Path | None, typer.Option("--out", help="Output folder; default: out/<name of the sweep>.")
    ] = None,
    store: Annotated[
        str,
        typer.Option(
            "--store", help="Database URL for the records; default: records.sqlite in --out."
        ),
    ] = "",
    scheduler: Annotated[
        str, typer.Option("--scheduler", help="Dask scheduler, such as tcp://host:8786.")
    ] = "",
    workers: Annotated[
        int | None, typer.Option("--workers", min=0, help="Local processes; default: the file's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a sweep of instances and solvers; finished tasks are kept and never run again."""
    from qtwin.cli.show import note, table, terminal
    from qtwin.studies.benchmark.run import run_sweep

    result = run_sweep(
        spec, out, store=store, scheduler=scheduler, workers=workers, progress=terminal
    )
    for e in result.offences:
        said = f"{e.mark}: {e.solver} on {e.family} {e.n}, {e.runs} runs: {e.words}"
        note(said, style="bold red" if e.alarm else "yellow")
    laws = [(g.family, g.solver, g.words) for g in result.growth]
    table("Growth of the 99 % time to solution", ("family", "solver", "law"), laws)
    note(result.verdict, style="bold green")
    if as_json:
        typer.echo(json.dumps(result.to_json()))
    if result.alarms or not result.answered:
        raise typer.Exit(1)


@app.command()
def mitigation(
    spec: Annotated[
        Path, typer.Argument(help="Study (TOML), such as experiments/mitigation.toml.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Output folder; default: out/<name of the study>.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """What each way to treat noise is worth on a snapshot of a device, beside none and beside
    tossed coins.
    """
    from qtwin.cli.show import note, table, terminal
    from qtwin.studies.mitigation.run import energy_row, run_mitigation, sample_row

    result = run_mitigation(spec, out, overwrite=overwrite, progress=terminal)
    header = ("method", "qubits", "RMS error, mHa", "95 %", "bias, mHa", "shots")
    table("Energy of H2", header, [energy_row(r.to_json()) for r in result.energy.rows])
    rows = [sample_row(r.to_json()) for r in result.sampling.rows]
    table("QAOA samples", ("method", "qubits", "mean energy", "optimal shots, %"), rows)
    note(result.verdict, style="bold green")
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command()
def scaling(
    spec: Annotated[Path, typer.Argument(help="Scaling study (TOML): family, sizes, layers.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Output folder; default: out/<name of the study>.")
    ] = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """How the success of fixed-angle QAOA falls with size, beside a published exponent."""
    from qtwin.cli.show import note, table, terminal
    from qtwin.studies.scaling.run import run_scaling

    result = run_scaling(spec, out, overwrite=overwrite, progress=terminal)
    table(
        "Expected samples until a ground state",
        ("n", "ground states", "1 / p", "of a guess"),
        [
            (
                str(r.n),
                str(r.ground_states),
                f"{1 / r.probability:.1f}",
                f"{2.0**r.n / r.ground_states:.0f}",
            )
            for r in result.rows
        ],
    )
    note(result.verdict, style="bold green")
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command("map")
def advantage_map(
    results: Annotated[
        list[Path],
        typer.Argument(
            help="result.json files, folders that hold some, or the file of a map (TOML), run "
            "first."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="Output folder.")] = Path("out/map"),
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the measured tables that a map names.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Where classical wins, where it is open, and what a quantum machine would need to change
    that.
    """
    from qtwin.cli.show import note, table, terminal
    from qtwin.report.map_picture import WORDS
    from qtwin.studies.map.run import run_map

    result = run_map(results, out, data=data, progress=terminal)
    table(
        "The map",
        ("cell", "verdict", "places"),
        [
            (c.title, WORDS[c.verdict.kind], ", ".join(f"{p.name} ({p.size})" for p in c.places))
            for c in result.cells
        ],
    )
    note(result.verdict, style="bold green")
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command()
def reproduce(
    made: Annotated[
        Path, typer.Argument(help="Folder that qtwin wrote, or one figure (PNG) in it.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Output folder; default: that folder's name with -again."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the command behind a page or a figure anew, and compare every number that is drawn."""
    from qtwin.cli import app as every
    from qtwin.cli.show import note, table, terminal
    from qtwin.studies.reproduce import reproduce as again

    result = again(
        made,
        out,
        command=lambda arguments: every(args=list(arguments), standalone_mode=False),
        progress=terminal,
    )
    rows = [(f.figure, "" if f.rows is None else str(f.rows), f.sentence) for f in result.figures]
    table("Figures, then and now", ("figure", "rows", "difference"), rows)
    note(str(result.shown))
    if as_json:
        typer.echo(json.dumps(result.to_json()))
