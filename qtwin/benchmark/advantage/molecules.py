"""Places from results about molecules (schema qtwin.molecule/1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qtwin.benchmark.advantage.place import Place


def from_molecule(result: Mapping[str, Any], source: str) -> list[Place]:
    """The molecule's place."""
    raise KeyError("molecule")
