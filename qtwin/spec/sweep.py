"""`qtwin bench`: families of instances times solvers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

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
    """Instances of one family: every size, so many instances each; of the family `file`, the files
    that `path` matches.
    """

    sizes: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)] = ()
    instances: int = Field(default=1, ge=1)
    label: str = ""

    @model_validator(mode="after")
    def _has_its_sizes(self) -> FamilySection:
        if self.name == "file" and (self.sizes or self.instances != 1):
            raise ValueError(
                "a family of files has the sizes of its files: expected no sizes and no instances"
            )
        if self.name != "file" and not self.sizes:
            raise ValueError(f"family {self.name!r} needs sizes, at least one")
        return self


class EntrantSection(SolverSection):
    """A solver of a sweep: how often it runs on each instance, and up to which size.

    A list for an option that takes a single value makes a solver of each; several such lists make
    every combination.

    `backends` runs it on each of them; `noise` on each of them at each of these two-qubit error
    rates, which take the place of ``{error}`` in the backend's name or are given to Aer's
    depolarising noise.
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
