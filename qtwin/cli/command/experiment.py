"""Experiments and instances: run, problem, solve, generate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json, Overwrite, Yes

app = typer.Typer(rich_markup_mode=None)


@app.command()
def run(
    spec: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    out: Annotated[
        Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")
    ] = None,
    overwrite: Overwrite = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """One experiment, from a patient's record to a verdict; an interrupted run goes on where it
    stopped.
    """
    from qtwin.cli.show import terminal
    from qtwin.studies.regimen.prepare import prepare

    prepared = prepare(spec, progress=terminal)
    from qtwin.cli.hardware import paid
    from qtwin.cli.solving import show

    # the simulators, imported once everything has been checked
    from qtwin.studies.regimen.run import run_prepared

    folder = out or Path("out") / spec.stem
    with paid(prepared, mode="run", yes=yes):
        result = run_prepared(prepared, folder, overwrite=overwrite, progress=terminal)
    show(result, folder)
    if as_json:
        typer.echo(json.dumps(result.to_json()))
    if result.alarms:
        raise typer.Exit(1)


@app.command()
def problem(
    spec: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .json, .qubo, .lp or .qasm.")
    ],
    layers: Annotated[
        int, typer.Option("--layers", min=1, help="Depth of the circuit in a .qasm file.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Write what the solvers of an experiment see, for solvers elsewhere."""
    from qtwin.cli.solving import check_output

    check_output(output)
    from qtwin.cli.show import terminal
    from qtwin.studies.regimen.prepare import prepare

    prepared = prepare(spec, progress=terminal)
    from qtwin.cli.solving import export_problem

    told = export_problem(prepared, output, layers=layers)
    if as_json:
        typer.echo(json.dumps(told))


@app.command()
def solve(
    file: Annotated[
        Path,
        typer.Argument(
            help="Instance: .json, .qubo, .lp, .qs, a graph of the Gset, a BQP of the OR-Library."
        ),
    ],
    solver: Annotated[
        list[str] | None,
        typer.Option(
            "--solver", help="Name from qtwin solvers; several are compared; default: by size."
        ),
    ] = None,
    backend: Annotated[
        list[str] | None,
        typer.Option(
            "--backend", help="Name from qtwin backends, for solvers that run circuits; repeatable."
        ),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="key=value of the solver; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the solver.")] = 0,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", min=0.001, help="Seconds, of each solver.")
    ] = None,
    problem: Annotated[
        str, typer.Option("--problem", help="Number of the problem, in a file that holds several.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Where result.json goes; default: nowhere."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Solve an instance file with any solver, or with several side by side."""
    from qtwin.cli.show import terminal
    from qtwin.cli.solving import parsed_options, show_comparison, show_solution
    from qtwin.studies.model.result import ModelComparison, Solution
    from qtwin.studies.model.solve import compare_file, solve_file

    solvers, backends = solver or [], backend or []
    options = parsed_options(
        f"solver {', '.join(map(repr, solvers)) or 'of your choice'}", option or ()
    )
    result: Solution | ModelComparison
    if len(solvers) > 1 or len(backends) > 1:
        result = compare_file(
            file,
            solvers,
            backends=backends,
            options=options,
            seed=seed,
            time_limit_s=time_limit,
            problem=problem,
            progress=terminal,
        )
        show_comparison(result)
    else:
        result = solve_file(
            file,
            next(iter(solvers), ""),
            backend=next(iter(backends), ""),
            options=options,
            seed=seed,
            time_limit_s=time_limit,
            problem=problem,
            progress=terminal,
        )
        show_solution(result)
    if output is not None:
        result.write(output)
    if as_json:
        typer.echo(json.dumps(result.to_json()))
    if result.alarms:
        raise typer.Exit(1)


@app.command()
def generate(
    family: Annotated[
        str,
        typer.Argument(
            help="dense, three-regular, wishart, frustrated-loops, xorsat, cardinality, twin, ..."
        ),
    ],
    n: Annotated[int, typer.Option("-n", "--variables", min=1, help="Decision variables.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .json, .qubo or .lp.")
    ],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the instance.")] = 0,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="key=value of the family; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an instance with a known optimum, a known hardness or an invented patient behind it."""
    from qtwin.cli.solving import generate_file

    told = generate_file(family, n, output, seed=seed, options=option or ())
    if as_json:
        typer.echo(json.dumps(told))
