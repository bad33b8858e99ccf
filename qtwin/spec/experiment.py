"""`qtwin run`: from a record to a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from qtwin.encoding.surrogate import TABLE
from qtwin.errors import unknown_name
from qtwin.patient.consent import SCOPES
from qtwin.pharmacology.outcome import KINDS
from qtwin.spec.hardware import HardwareSection
from qtwin.spec.reading import Section, read


class PatientSection(Section):
    """Where the record is, a FHIR Bundle or a table of visits; paths are relative to the spec
    file.
    """

    bundle: str
    genotypes: str | None = None
    unknown_medicines: Literal["refuse", "ignore"] = "ignore"
    consent: tuple[str, ...] = Field(default=(), strict=False)

    @field_validator("consent")
    @classmethod
    def _known_scopes(cls, consent: tuple[str, ...]) -> tuple[str, ...]:
        for scope in consent:
            if scope not in SCOPES:
                raise unknown_name("scope in [patient] consent", scope, SCOPES)
        return consent


class VariantSection(Section):
    """Exploratory receptor variants; weight 0 leaves them out (see
    `qtwin.pharmacology.receptor`).
    """

    adrb1_389: Literal["Arg/Arg", "Arg/Gly", "Gly/Gly"] = "Arg/Arg"
    adrb1_49: Literal["Ser/Ser", "Ser/Gly", "Gly/Gly"] = "Ser/Ser"
    weight: float = Field(default=0.0, ge=0, le=1)


class TwinSection(Section):
    """How the twin is built; a record that no model is about is refused unless `out_of_scope`
    accepts it.
    """

    disease_model: str = "alzheimer"
    out_of_scope: Literal["refuse", "accept"] = "refuse"
    n_members: int = Field(default=2048, ge=100, le=1_000_000)
    receptor_variants: VariantSection = VariantSection()


class Candidate(Section):
    """A drug, at its reference dose unless another of its dose options, or all of them, are asked
    for.
    """

    inn: str
    amount_mg: float | None = Field(default=None, gt=0)
    interval_h: float | None = Field(default=None, gt=0)
    doses: Literal["reference", "all"] = "reference"


def _candidate(raw: Any) -> Any:
    return {"inn": raw} if isinstance(raw, str) else raw


class BudgetSection(Section):
    """What the drugs may cost together; `cost` by INN, or by the label of one dose."""

    limit: float = Field(ge=0)
    unit: str
    cost: dict[str, Annotated[float, Field(ge=0)]]


class ProblemSection(Section):
    """What is asked.

    `jurisdiction` says whose eligibility rules hold, `lift` names rules of strength avoid that
    shall not exclude, `rules` is a folder with further rule sets. `cvar_alpha` below 1 guards
    against the worst share of `cvar_over`.
    """

    candidates: tuple[Annotated[Candidate, BeforeValidator(_candidate)], ...] = Field(
        strict=False, min_length=1
    )
    needs: Literal["from conditions"] | Annotated[tuple[str, ...], Field(strict=False)] = (
        "from conditions"
    )
    max_drugs: int = Field(default=7, ge=1)
    exactly_drugs: int | None = Field(default=None, ge=1)
    keep: tuple[str, ...] = Field(default=(), strict=False)
    stop: tuple[str, ...] = Field(default=(), strict=False)
    avoid: tuple[Annotated[tuple[str, str], Field(strict=False)], ...] = Field(
        default=(), strict=False
    )
    caps: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    budget: BudgetSection | None = None
    cvar_alpha: float = Field(default=1.0, gt=0, le=1)
    cvar_over: Literal["people", "ignorance"] = "people"
    jurisdiction: Literal["US", "EU"] = "US"
    lift: tuple[str, ...] = Field(default=(), strict=False)
    rules: str | None = None
    switching_cost_qaly: float = Field(default=0.0, ge=0)
    horizon_years: float = Field(default=1.5, gt=0, le=10)
    weights: dict[str, float] = Field(default_factory=dict)

    @field_validator("weights")
    @classmethod
    def _known_kinds(cls, weights: dict[str, float]) -> dict[str, float]:
        for kind in weights:
            if kind not in KINDS:
                raise unknown_name("kind in [problem.weights]", kind, KINDS)
        return weights


class EncodingSection(Section):
    """How the twin's utility becomes a polynomial: by which surrogate, from how many simulated
    regimens.

    `penalty` weighs broken constraints by the bound that is proven to suffice, by the least weight
    that does on this very instance ("tightest", found by looking at every assignment), or
    approximately and without slack bits ("unbalanced"). `levels` writes options that exclude one
    another in another code; `quadratise` turns a polynomial of a higher degree into a QUBO.
    `compare` holds all surrogates against the twin; `spectrum` simulates all choices of the 14
    options that matter most ("auto"), or of all up to 20 ("always"), for the variance by order.
    """

    n_train: int = Field(default=600, ge=10)
    surrogate: str = "quadratic"
    penalty: Literal["proven", "tightest", "unbalanced"] = "proven"
    levels: Literal["one_hot", "binary", "domain_wall"] = "one_hot"
    quadratise: Literal["no", "rosenberg", "freedman", "cover"] = "no"
    compare: bool = True
    spectrum: Literal["auto", "always", "never"] = "auto"

    @field_validator("surrogate")
    @classmethod
    def _known_surrogate(cls, name: str) -> str:
        if name not in TABLE:
            raise unknown_name("surrogate in [encoding]", name, TABLE)
        return name


class SolverSection(BaseModel):
    """One solver; every further key is an option of that solver and is checked against it."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    name: str
    time_limit_s: float | None = Field(default=None, gt=0)

    @property
    def options(self) -> dict[str, Any]:
        """The solver's own options."""
        return dict(self.model_extra or {})


class Spec(Section):
    """A whole experiment."""

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    patient: PatientSection
    twin: TwinSection = TwinSection()
    problem: ProblemSection
    encoding: EncodingSection = EncodingSection()
    hardware: HardwareSection | None = None
    solver: tuple[SolverSection, ...] = Field(strict=False, min_length=1)


def read_spec(path: Path) -> Spec:
    """Read and check an experiment file.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return read(path, Spec, command="qtwin run")
