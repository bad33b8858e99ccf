"""A spec may set options of the backend beside a solver's own."""

from __future__ import annotations

from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.solver import registry


@pytest.mark.parametrize(
    ("solver", "options", "message"),
    [
        (
            "qaoa",
            {"backend": "aer", "backend_options": {"metod": "x"}},
            "unknown option of backend 'aer': 'metod'",
        ),
        ("qaoa", {"backend": "aer", "backend_options": 3}, "expected a table"),
        ("qaoa", {"backend": "erosion", "backend_options": {}}, "unknown backend 'erosion'"),
        (
            "qaoa",
            {"backend": "aer:density_matrix", "backend_options": {"method": "statevector"}},
            "given twice",
        ),
        ("random", {"backend_options": {}}, "runs no circuit"),
    ],
)
def test_what_cannot_be_is_refused(solver: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        registry.load(solver, options)
    assert message in caught.value.message


def test_options_reach_the_backend() -> None:
    found: Any = registry.load(
        "qaoa",
        {"backend": "aer", "backend_options": {"method": "density_matrix", "readout_error": 0.1}},
    )
    card = found._backend.capabilities()
    assert card.name == "aer:density_matrix"
    assert not card.exact


def test_mitigation_goes_around_the_backend() -> None:
    found: Any = registry.load(
        "qaoa",
        {
            "backend": "aer",
            "backend_options": {"readout_error": 0.1},
            "mitigation": {"readout": "m3"},
        },
    )
    assert found._backend.capabilities().name == "aer+m3"
    with pytest.raises(InputError, match="'redout'"):
        registry.load("qaoa", {"backend": "aer", "mitigation": {"redout": "m3"}})
    with pytest.raises(InputError, match="cannot be mitigated"):
        registry.load("qaoa", {"backend": "statevector", "mitigation": {"readout": "m3"}})
