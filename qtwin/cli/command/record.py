"""`qtwin record`: a record looked through."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json

app = typer.Typer(help="A record, before anything is worked out.", rich_markup_mode=None)


@app.callback()
def _record() -> None:
    pass


@app.command("inspect")
def inspect(
    record: Annotated[
        Path,
        typer.Argument(help="FHIR R4 or R5 Bundle (JSON), bulk export (NDJSON) or table (CSV)."),
    ],
    genotypes: Annotated[
        Path | None, typer.Option("--genotypes", help="PharmCAT report (JSON).")
    ] = None,
    consent: Annotated[
        list[str] | None,
        typer.Option(
            "--consent",
            help="State a consent that the record does not hold: simulation, research; repeatable.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """What a record lacks, what was read, and what was not used, each entry with its reason."""
    from qtwin.patient.inspection import inspect_record

    found = inspect_record(record, genotypes, consent=consent or ())
    typer.echo(found.to_json() if as_json else str(found))
