"""The plug-in of docs/how_to/add_a_backend.md: refused by name without its vendor, held against
matrices with it.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from qtwin.backend import registry
from qtwin.errors import MissingVendorError
from tests.oracles.circuits import mixed, strings
from tests.oracles.dense_backend import DenseBackend
from tests.oracles.instances import random_polynomial

PAGE = Path(__file__).parents[2] / "docs" / "how_to" / "add_a_backend.md"


@pytest.fixture(scope="module")
def machine() -> ModuleType:
    code = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]
    module = ModuleType("machine")
    exec(compile(code, str(PAGE), "exec"), module.__dict__)
    return module


def test_without_the_vendor_it_says_what_to_install(
    machine: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(MissingVendorError, match="amazon-braket-sdk"):
        machine.BraketBackend()


def test_with_the_vendor_it_agrees_with_the_matrices(machine: ModuleType) -> None:
    pytest.importorskip("braket")
    from qtwin.encoding.pauli import diagonal

    ansatz, observable = mixed(5, diagonal(random_polynomial(5, 2, 6)), 7), strings(5, 9, 8)
    theta = np.array([0.3, -0.7, 1.1, 0.2])
    exact = DenseBackend().expectation(ansatz, theta, observable).value
    assert machine.BraketBackend().expectation(ansatz, theta, observable).value == pytest.approx(
        exact, abs=1e-9
    )


def test_the_page_names_every_backend_of_the_table() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{name}` |" in text for name in registry.TABLE)
