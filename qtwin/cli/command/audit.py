"""`qtwin audit`: what was done with whose record."""

from __future__ import annotations

import json

import typer

from qtwin.cli.command.option import Json, Log

app = typer.Typer(
    help="What was done with whose record.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("verify")
def audit_verify(log: Log = None, as_json: Json = False) -> None:
    """Check that no entry was changed, removed, inserted, moved or cut off."""
    from qtwin.cli.listing import verify_log

    verified = verify_log(log, as_json=as_json)
    if as_json:
        typer.echo(json.dumps(verified))


@app.command("list")
def audit_list(log: Log = None, as_json: Json = False) -> None:
    """Show the entries, oldest first."""
    from qtwin.cli.listing import list_log

    list_log(log, as_json=as_json)
