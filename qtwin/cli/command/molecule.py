"""Energies of molecules."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from qtwin.cli.command.option import Json
from qtwin.errors import InputError

if TYPE_CHECKING:
    from qtwin.studies.molecule.result import ContactResult, MoleculeResult

app = typer.Typer(rich_markup_mode=None)


@app.command()
def molecule(
    spec: Annotated[
        Path | None, typer.Argument(help="Molecule (TOML); or --drug and --receptor.")
    ] = None,
    twin: Annotated[
        Path | None,
        typer.Option("--twin", help="Twin (JSON) whose drug and receptor are asked about."),
    ] = None,
    drug: Annotated[str, typer.Option("--drug", help="INN of the drug.")] = "",
    receptor: Annotated[
        str, typer.Option("--receptor", help="Gene of its receptor, such as ADRB1.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget finished stages and start over.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Energies of a molecule, or of a drug's contact with its receptor, by all methods side by
    side.
    """
    from qtwin.cli.show import terminal

    started = time.perf_counter()
    result: MoleculeResult | ContactResult
    if spec is not None:
        from qtwin.studies.molecule.run import run

        folder = out or Path("out") / spec.stem
        result = run(spec, folder, overwrite=fresh, progress=terminal)
    elif drug and receptor:
        from qtwin.studies.molecule import contact

        folder = out or Path("out") / f"{drug}-{receptor}"
        result = contact.run(
            drug, receptor, twin=twin, out=folder, overwrite=fresh, progress=terminal
        )
    else:
        raise InputError(
            f"no spec, drug {drug!r} and receptor {receptor!r} came: a spec, or both of the "
            "others were wanted",
            hint="qtwin molecule SPEC.toml, or qtwin molecule --drug metoprolol --receptor "
            "ADRB1 [--twin twin.json]",
        )
    from qtwin.cli.twin import show

    show(result, folder, wall_s=time.perf_counter() - started)
    result.require_energy()
    if as_json:
        typer.echo(json.dumps(result.to_json()))
