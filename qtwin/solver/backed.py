"""The backend of a solver as a spec writes it: a name, options of that backend, and mitigation around it.

backend = "aer"
backend_options = { method = "density_matrix", depolarising_2q = 0.005 }
mitigation = { readout = "m3", zne = [1, 3, 5] }
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin.backend import registry
from qtwin.errors import InputError
from qtwin.options import checked_options, options_of

KEYS = ("backend_options", "mitigation")


def backed(made: type[Any], who: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with `backend_options` and `mitigation` turned into one backend; as they came when neither is there.

    Raises:
        InputError: for an unknown backend or option, a wrong type, or a solver that runs no circuit.
    """
    kept = {key: value for key, value in options.items() if key not in KEYS}
    asked = {key: options[key] for key in KEYS if key in options}
    if not asked:
        return kept
    known = options_of(made)
    if "backend" not in known:
        raise InputError(f"{next(iter(asked))} came for {who}, which runs no circuit", hint="take it out")
    for key, value in asked.items():
        if not isinstance(value, Mapping):
            raise InputError(f"{key} of {who} is {value!r}, a table was wanted", hint=f"{key} = {{ name = value }}")
    name = kept.get("backend", known["backend"].default)
    if not isinstance(name, str):
        raise InputError(f"options came for the backend {name!r} of {who}, its name was wanted", hint='backend = "aer"')
    backend = registry.load(name, asked.get("backend_options", {}))
    if asked.get("mitigation"):
        from qtwin.backend.mitigation import Mitigated

        return kept | {"backend": Mitigated(backend, **checked_options(Mitigated, f"mitigation of {who}", asked["mitigation"]))}
    return kept | {"backend": backend}
