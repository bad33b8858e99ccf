"""`qtwin drugs`: the formulary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json

app = typer.Typer(
    help="The formulary, each number with its source.",
    rich_markup_mode=None,
    invoke_without_command=True,
)


@app.callback()
def drugs(context: typer.Context, as_json: Json = False) -> None:
    """List the formulary."""
    if context.invoked_subcommand is None:
        from qtwin.cli.listing import list_drugs

        list_drugs(as_json=as_json)


@app.command("exposure")
def drugs_exposure(
    inn: Annotated[str, typer.Argument(help="INN of the drug whose exposure is asked for.")],
    beside: Annotated[
        list[str] | None,
        typer.Option(
            "--with", help="Drug taken with it, such as paroxetine or paroxetine:40mg; repeatable."
        ),
    ] = None,
    cyp2d6: Annotated[
        float | None, typer.Option("--cyp2d6", min=0.0, help="CYP2D6 activity score; reference 2.")
    ] = None,
    cyp2c19: Annotated[
        str | None, typer.Option("--cyp2c19", help="CYP2C19 phenotype, such as 'poor metabolizer'.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Predicted exposure ratio of a drug beside others and with a genotype, and measured ratios
    where known.
    """
    from qtwin.cli.listing import show_exposure

    show_exposure(inn, beside or [], cyp2d6=cyp2d6, cyp2c19=cyp2c19, as_json=as_json)


@app.command("show")
def drugs_show(
    inn: Annotated[str, typer.Argument(help="INN of the drug.")], as_json: Json = False
) -> None:
    """Every number of one drug, with unit, status and source."""
    from qtwin.cli.listing import show_drug

    show_drug(inn, as_json=as_json)


@app.command("eligibility")
def drugs_eligibility(
    record: Annotated[
        Path, typer.Argument(help="FHIR R4 or R5 Bundle (JSON), or table of visits (CSV).")
    ],
    genotypes: Annotated[
        Path | None, typer.Option("--genotypes", help="PharmCAT 3.1 report (JSON).")
    ] = None,
    jurisdiction: Annotated[
        str, typer.Option("--jurisdiction", help="Whose rules: US or EU.")
    ] = "US",
    rules: Annotated[
        Path | None,
        typer.Option("--rules", help="Folder of further rule sets (*.toml), or one file."),
    ] = None,
    lift: Annotated[
        list[str] | None, typer.Option("--lift", help="Id of an 'avoid' rule to lift; repeatable.")
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
    """Which drugs the person may be given, by which rule and source; first what was not known."""
    from qtwin.cli.listing import show_eligibility

    found = show_eligibility(
        record,
        genotypes,
        jurisdiction=jurisdiction.upper(),
        folder=rules,
        lift=lift or (),
        consent=consent or (),
        as_json=as_json,
    )
    if as_json:
        typer.echo(json.dumps(found))


@app.command("sources")
def drugs_sources(
    spec: Annotated[
        Path | None,
        typer.Option(
            "--spec", help="Experiment whose choice is tried; the quickstart where it is at hand."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Count the numbers of the data files by status; list the assumed ones that can change a
    choice, and those not re-read.
    """
    from qtwin.cli.sources import show_sources

    show_sources(as_json=as_json, spec=spec)
