"""Disease models. `TABLE` maps a model's name to where it lives; adding one is one file and one
line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtwin import plugins

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
    from qtwin.twin.disease.base import DiseaseModel

    found: DiseaseModel = plugins.find(
        name, plugins.places("qtwin.diseases", TABLE), DiseaseModel, "disease model"
    )()
    return found
