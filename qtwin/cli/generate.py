"""`qtwin generate`: an instance of a family, as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtwin.cli.show import table
from qtwin.cli.solving import parsed_options
from qtwin.encoding.generate import make
from qtwin.encoding.instance import format_of, write_instance
from qtwin.report.number import number


def generate_file(family: str, n: int, path: Path, *, seed: int, options: Sequence[str]) -> dict[str, Any]:
    """Make an instance, write it, and say what is known of it.

    Raises:
        InputError: for an unknown family, option or suffix, or a size that the family does not have.
    """
    format_of(path)
    made = make(family, n, seed=seed, **parsed_options(f"family {family!r}", options))
    write_instance(made.encoding, path)
    told: dict[str, Any] = {
        "file": str(path),
        "family": family,
        "seed": seed,
        "options": dict(made.options),
        "n_variables": made.encoding.polynomial.n_variables,
        "n_terms": made.encoding.polynomial.n_terms,
        "degree": made.encoding.polynomial.degree,
        "optimum": made.optimum,
        "optimal_bits": None if made.optimal_bits is None else made.optimal_bits.tolist(),
        "hardness": made.hardness,
    }
    shown = [
        (k.replace("_", " "), number(v, 8) if isinstance(v, float) else str(v)) for k, v in told.items() if k != "optimal_bits"
    ]
    table("Instance", ("", ""), shown)
    return told
