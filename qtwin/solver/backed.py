"""The backend of a solver as a spec writes it: a name, and options of that backend.

backend = "aer"
backend_options = { method = "density_matrix", depolarising_2q = 0.005 }
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin.backend import registry
from qtwin.errors import InputError
from qtwin.options import options_of


def backed(made: type[Any], who: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with `backend_options` turned into that backend; as they came when there are none.

    Raises:
        InputError: for an unknown backend or option, a wrong type, or a solver that runs no circuit.
    """
    kept = {key: value for key, value in options.items() if key != "backend_options"}
    if "backend_options" not in options:
        return kept
    known, asked = options_of(made), options["backend_options"]
    if "backend" not in known:
        raise InputError(f"backend_options came for {who}, which runs no circuit", hint="take it out")
    if not isinstance(asked, Mapping):
        raise InputError(f"backend_options of {who} is {asked!r}, a table was wanted", hint="backend_options = { name = value }")
    name = kept.get("backend", known["backend"].default)
    if not isinstance(name, str):
        raise InputError(f"options came for the backend {name!r} of {who}, its name was wanted", hint='backend = "aer"')
    return kept | {"backend": registry.load(name, asked)}
