"""The command line: composes the rooms.

Heavy imports happen inside the commands, so that ``--help`` answers at once.

Exit codes: 0 ok, 1 failed run, 2 bad input, 3 interrupted and resumable.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from typing import Annotated, Any

import typer

from qtwin.cli.command import (
    audit,
    drugs,
    experiment,
    jobs,
    listing,
    molecule,
    record,
    screen,
    study,
    twin,
)
from qtwin.cli.show import show_warnings
from qtwin.errors import QtwinError
from qtwin.kernels import without_damaged_ones
from qtwin.report.origin import made_by
from qtwin.version import __version__

app = typer.Typer(
    name="qtwin",
    help="Digital twins of patients, and an honest answer to whether a quantum computer helps "
    "to treat them. Research software.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for group in (experiment, study, molecule, listing):
    app.add_typer(group.app)
for name, group in {
    "record": record,
    "twin": twin,
    "screen": screen,
    "audit": audit,
    "drugs": drugs,
    "jobs": jobs,
}.items():
    app.add_typer(group.app, name=name)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"qtwin {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    pass


_SIGINT = 130


def _fail(message: str, hint: str, code: int, *, as_json: bool = False) -> int:
    """Say why on stderr, and to machines on stdout; the exit code."""
    if as_json:
        sys.stdout.write(json.dumps({"error": message, "hint": hint, "exit_code": code}) + "\n")
    sys.stderr.write(f"error: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    return code


def main(arguments: list[str] | None = None) -> None:
    """Entry point: turns every understood failure into ``error:``, a hint and an exit code."""
    # Our own kernels and the vendors' share the cores; more threads than cores only fight.
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
    # NumPy's matrices here are small: its threads cost more than they bring
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = sys.argv[1:] if arguments is None else arguments
    fail = partial(_fail, as_json="--json" in given)
    code: Any = 0
    try:
        show_warnings()
        without_damaged_ones()
        with made_by(given):
            code = app(args=arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = _SIGINT
    except QtwinError as error:
        code = fail(error.message, error.hint, error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ModuleNotFoundError as error:
        code = fail(
            f"the package that brings {error.name!r} is not installed",
            "qtwin doctor lists what is missing",
            2,
        )
    except MemoryError:
        code = fail("out of memory", "take fewer candidates or members", 1)
    except OSError as error:
        code = fail(
            f"{error.strerror or error}: {error.filename or ''}".strip(": "),
            "check the path, its permissions and free space",
            1,
        )
    except Exception as error:
        if type(error).__module__.startswith("click") or type(error).__module__.startswith("typer"):
            show = getattr(error, "format_message", None)
            code = fail(show() if show else str(error), "see qtwin --help", 2)
        else:
            raise
    if code == _SIGINT:  # also how typer hands back a Ctrl-C
        code = fail(
            "interrupted", "finished stages are kept; run the same command again to go on", 3
        )
    sys.exit(code if isinstance(code, int) else 0)
