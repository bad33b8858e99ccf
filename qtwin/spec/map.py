"""`qtwin map`: the results that a map is drawn from."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from qtwin.spec.reading import Section, read


class StepSection(Section):
    """One result that a map needs: `spec` relative to the map's file, `pairs` and `singles` to the
    folder of data.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    command: Literal["bench", "run", "scaling", "molecule", "screen"]
    spec: str = ""
    pairs: str = ""
    singles: str = ""
    size: int = Field(default=3, ge=1)
    objective: Literal["mean", "log-linear"] = "mean"

    @model_validator(mode="after")
    def _has_its_file(self) -> StepSection:
        wanted = "pairs" if self.command == "screen" else "spec"
        if not getattr(self, wanted):
            raise ValueError(f"step {self.name!r} needs {wanted!r}")
        return self


class MapSpec(Section):
    """A map and the results that it is drawn from."""

    title: str
    question: str = ""
    decision_rule: str = ""
    step: tuple[StepSection, ...] = Field(strict=False, min_length=1)


def read_map_spec(path: Path) -> MapSpec:
    """Read and check the file of a map.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return read(path, MapSpec, command="qtwin map")
