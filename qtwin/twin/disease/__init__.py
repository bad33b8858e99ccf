"""Disease models. `TABLE` maps a model's name to where it lives; adding one is one file and one line."""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, cast

from qtwin.errors import unknown_name

if TYPE_CHECKING:
    from qtwin.twin.disease.base import DiseaseModel

TABLE: dict[str, str] = {
    "alzheimer": "qtwin.twin.disease.alzheimer:Alzheimer",
    "hao-2022": "qtwin.twin.disease.hao2022:Hao2022",
}


def load(name: str) -> DiseaseModel:
    """A disease model by name, from the table or from the entry points `qtwin.diseases`.

    Raises:
        InputError: for an unknown name, with the nearest known one.
    """
    places = {e.name: e.value for e in metadata.entry_points(group="qtwin.diseases")} | TABLE
    if name not in places:
        raise unknown_name("disease model", name, places)
    module, _, cls = places[name].partition(":")
    return cast("DiseaseModel", getattr(import_module(module), cls)())
