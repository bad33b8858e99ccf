"""What there is, and what is missing: solvers, backends, diseases, warmup, doctor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json

app = typer.Typer(rich_markup_mode=None)


@app.command()
def solvers(as_json: Json = False) -> None:
    """The solvers, with what each guarantees."""
    from qtwin.cli.listing import list_solvers

    list_solvers(as_json=as_json)


@app.command()
def backends(as_json: Json = False) -> None:
    """Where circuits can run, and what is missing."""
    from qtwin.cli.listing import list_backends

    list_backends(as_json=as_json)


@app.command()
def diseases(as_json: Json = False) -> None:
    """The disease models."""
    from qtwin.cli.listing import list_diseases

    list_diseases(as_json=as_json)


@app.command()
def example(
    name: Annotated[
        str, typer.Argument(help="Name of a shipped experiment; without one, their list.")
    ] = "",
    folder: Annotated[Path, typer.Option("--out", help="Folder that receives its files.")] = Path(),
    as_json: Json = False,
) -> None:
    """Copy a shipped experiment here, to run it or to begin from it."""
    from qtwin import examples

    told = [str(p) for p in examples.copy(name, folder)] if name else list(examples.names())
    if as_json:
        typer.echo(json.dumps(told))
    else:
        typer.echo("\n".join(told))


@app.command()
def warmup(
    kernels: Annotated[
        list[str] | None, typer.Argument(help="Sets of kernels; default: all.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes; default: one a core.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compile what is compiled, now and side by side, so that nothing waits for it later."""
    from qtwin.cli.show import terminal
    from qtwin.studies.compiling import warm_up

    told = warm_up(kernels or (), workers=workers, progress=terminal)
    if as_json:
        typer.echo(json.dumps(told))


@app.command()
def doctor(
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Ask IBM Quantum whether the account works, and for its machines."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """What is installed, what is missing, and how to get it."""
    from qtwin.cli.doctor import examine

    if not examine(as_json=as_json, online=online):
        raise typer.Exit(1)
