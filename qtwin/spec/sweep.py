"""`qtwin bench`: families of instances times solvers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from qtwin.spec.experiment import SolverSection
from qtwin.spec.reading import Section, read


class FamilyName(BaseModel):
    """A family of instances; every further key is an option of that family."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The family's own options."""
        return dict(self.model_extra or {})


class FamilySection(FamilyName):
    """Instances of one family: every size, so many instances each."""

    sizes: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False, min_length=1)]
    instances: int = Field(default=1, ge=1)
    label: str = ""


class EntrantSection(SolverSection):
    """A solver of a sweep: how often it runs on each instance, and up to which size.

    `backends` runs it on each of them; `noise` on each of them at each of these two-qubit error rates, which take the place of
    ``{error}`` in the backend's name or are given to Aer's depolarising noise.
    """

    label: str = ""
    runs: int = Field(default=1, ge=1)
    largest: int | None = Field(default=None, ge=1)
    backends: Annotated[tuple[str, ...], Field(strict=False)] = ()
    noise: Annotated[tuple[Annotated[float, Field(ge=0, lt=1)], ...], Field(strict=False)] = ()


class BenchSpec(Section):
    """A sweep: families of instances times solvers."""

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    workers: int = Field(default=1, ge=0)
    memory_gib: float | None = Field(default=None, gt=0)
    family: tuple[FamilySection, ...] = Field(strict=False, min_length=1)
    solver: tuple[EntrantSection, ...] = Field(strict=False, min_length=1)


def read_bench_spec(path: Path) -> BenchSpec:
    """Read and check the file of a sweep.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return read(path, BenchSpec, command="qtwin bench")
