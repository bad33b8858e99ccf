"""`qtwin jobs`: paid jobs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json, Ledgers, Names, Yes

app = typer.Typer(
    help="Paid jobs: submitted once, never lost.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("submit")
def jobs_submit(
    spec: Annotated[Path, typer.Argument(help="Experiment file (TOML) with a [hardware] section.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Estimate time and price; send nothing.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send the paid jobs of an experiment, each once, and do not wait; the same command goes on
    after a crash.
    """
    from qtwin.cli.show import terminal
    from qtwin.studies.regimen.prepare import prepare

    prepared = prepare(spec, progress=terminal)
    from qtwin.cli.jobs import submit_jobs

    told = submit_jobs(prepared, out or Path("out") / spec.stem, dry_run=dry_run, yes=yes)
    if as_json:
        typer.echo(json.dumps(told))


@app.command("list")
def jobs_list(ledger: Ledgers = "", as_json: Json = False) -> None:
    """All jobs of the ledger; asks nobody."""
    from qtwin.cli.jobs import list_jobs

    told = list_jobs(ledger)
    if as_json:
        typer.echo(json.dumps(told))


@app.command("show")
def jobs_show(
    job: Annotated[str, typer.Argument(help="Start of its key, or the provider's identifier.")],
    export: Annotated[
        Path | None,
        typer.Option("--export", help="Folder for circuit, calibration and raw result."),
    ] = None,
    ledger: Ledgers = "",
    as_json: Json = False,
) -> None:
    """One job: what was planned, what left the machine, what happened when."""
    from qtwin.cli.jobs import show_job

    told = show_job(job, ledger, export=export)
    if as_json:
        typer.echo(json.dumps(told))


@app.command("fetch")
def jobs_fetch(
    jobs: Names = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until all have ended.")] = False,
    ledger: Ledgers = "",
    as_json: Json = False,
) -> None:
    """Bring results home, of all jobs or of those named; exits with 3 while some have not ended."""
    from qtwin.cli.jobs import fetch_jobs

    told = fetch_jobs(jobs or (), ledger, wait=wait)
    if as_json:
        typer.echo(json.dumps(told))
    if any(not row["final"] for row in told):
        raise typer.Exit(3)


@app.command("cancel")
def jobs_cancel(
    jobs: Annotated[
        list[str], typer.Argument(help="Start of the key, or the provider's identifier.")
    ],
    ledger: Ledgers = "",
    as_json: Json = False,
) -> None:
    """Stop jobs, at the provider and in the ledger."""
    from qtwin.cli.jobs import cancel_jobs

    told = cancel_jobs(jobs, ledger)
    if as_json:
        typer.echo(json.dumps(told))


@app.command("reconcile")
def jobs_reconcile(ledger: Ledgers = "", as_json: Json = False) -> None:
    """Find out what became of jobs whose sending was cut off, and cancel duplicates; sends
    nothing.
    """
    from qtwin.cli.jobs import reconcile_jobs

    told = reconcile_jobs(ledger)
    if as_json:
        typer.echo(json.dumps(told))
