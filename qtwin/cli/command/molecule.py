"""Energies of molecules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json

app = typer.Typer(rich_markup_mode=None)


@app.command()
def molecule(
    spec: Annotated[Path | None, typer.Argument(help="Molecule (TOML); or --drug and --receptor.")] = None,
    twin: Annotated[Path | None, typer.Option("--twin", help="Twin (JSON) whose drug and receptor are asked about.")] = None,
    drug: Annotated[str, typer.Option("--drug", help="INN of the drug.")] = "",
    receptor: Annotated[str, typer.Option("--receptor", help="Gene of its receptor, such as ADRB1.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    as_json: Json = False,
) -> None:
    """Energies of a molecule, or of a drug's contact with its receptor, by all methods side by side."""
    if spec is not None:
        from qtwin.cli.molecule import run_molecule

        result = run_molecule(spec, out or Path("out") / spec.stem, fresh=fresh)
    else:
        from qtwin.cli.molecule_contact import run_contact_of

        result = run_contact_of(drug, receptor, twin, out, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(result))
