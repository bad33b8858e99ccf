"""`qtwin scaling`: how success falls with size."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from qtwin.spec.reading import Section, read
from qtwin.spec.sweep import FamilyName


class PublishedSection(Section):
    """A published growth to hold ours against: so many times more for each variable."""

    base: float = Field(gt=1.0)
    source: str


class ScalingSpec(Section):
    """A scaling study of fixed-angle QAOA: trained on some sizes, run on others, fitted on some of
    those.
    """

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    layers: int = Field(ge=1, le=40)
    train_sizes: Annotated[
        tuple[Annotated[int, Field(ge=3, le=14)], ...], Field(strict=False, min_length=1)
    ]
    sizes: Annotated[
        tuple[Annotated[int, Field(ge=3, le=26)], ...], Field(strict=False, min_length=4)
    ]
    fit_from: int = Field(ge=3)
    instances: int = Field(default=1, ge=1)
    family: FamilyName
    published: PublishedSection | None = None

    @property
    def fit_sizes(self) -> tuple[int, ...]:
        """Those that the fit sees."""
        return tuple(n for n in sorted(self.sizes) if n >= self.fit_from)


def read_scaling_spec(path: Path) -> ScalingSpec:
    """Read and check the file of a scaling study.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return read(path, ScalingSpec, command="qtwin scaling")
