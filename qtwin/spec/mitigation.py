"""`qtwin mitigation`: what each way to treat noise is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from qtwin.spec.reading import Section, read


class EnergyStudy(Section):
    """H2 in a minimal basis, four qubits."""

    distance_angstrom: float = Field(default=0.735, ge=0.4, le=3.0)
    shots: int = Field(default=20_000, ge=500)


class SamplingStudy(Section):
    """QAOA on a choice of exactly so many options."""

    variables: int = Field(default=6, ge=3, le=12)
    choose: int = Field(default=2, ge=1)
    layers: int = Field(default=2, ge=1, le=8)
    shots: int = Field(default=4096, ge=100)


class MitigationSpec(Section):
    """What each way to treat noise is worth on a snapshot of a device, repetition by repetition."""

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    device: str = "fez"
    lines: Annotated[tuple[Literal["best", "typical"], ...], Field(strict=False, min_length=1)] = (
        "best",
        "typical",
    )
    repetitions: int = Field(default=8, ge=3, le=200)
    energy: EnergyStudy = EnergyStudy()
    sampling: SamplingStudy = SamplingStudy()


def read_mitigation_spec(path: Path) -> MitigationSpec:
    """Read and check the file of a study of mitigation.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return read(path, MitigationSpec, command="qtwin mitigation")
