"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for machines.")]
Log = Annotated[
    Path | None,
    typer.Option("--log", help="The log's file; default: $QTWIN_AUDIT_LOG or the data folder."),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Forget finished stages and start over.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Buy paid jobs within the budget without asking.")]
Ledgers = Annotated[
    str,
    typer.Option(
        "--ledger", help="File or database URL; default: $QTWIN_LEDGER or the data folder."
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Argument(help="Jobs by the start of their key, or the provider's identifier."),
]
