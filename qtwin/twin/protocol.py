"""Trial protocols as TOML: who is enrolled, what each arm is given, what is measured when."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qtwin.errors import InputError, unknown_name
from qtwin.twin import disease
from qtwin.twin.trial import Arm, Course, Criterion, Population, StopRule, Trial


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


_Positive = Annotated[float, Field(gt=0)]


class _Baseline(_Section):
    mean: _Positive
    sd: _Positive


class _Criterion(_Section):
    biomarker: str
    low: float = -1e300
    high: float = 1e300


class _Population(_Section):
    age_years: float = Field(ge=40, le=110)
    e4_share: tuple[float, float, float] = Field(strict=False)
    baseline: dict[str, _Baseline] = Field(default_factory=dict)
    criterion: tuple[_Criterion, ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _shares(self) -> _Population:
        if min(self.e4_share) < 0.0 or abs(sum(self.e4_share) - 1.0) > 0.01:
            raise ValueError("e4_share must hold three probabilities that add to 1")
        return self


class _Course(_Section):
    amount_mg: float = Field(ge=0)
    interval_days: _Positive
    count: int | None = Field(default=None, ge=1)


class _Stop(_Section):
    weeks: tuple[_Positive, ...] = Field(strict=False, min_length=1)
    once_centiloid: float
    twice_centiloid: float


class _Arm(_Section):
    name: str
    drug: str = ""
    dropout_per_year: float = Field(default=0.0, ge=0)
    course: tuple[_Course, ...] = Field(default=(), strict=False)
    stop: _Stop | None = None


class Protocol(_Section):
    """A protocol file, checked.

    Attributes:
        title, question, decision_rule: For the report.
        power_sizes: Numbers of patients per arm at which power is reported.

    Example:
        >>> import qtwin as qt
        >>> protocol = qt.TrialProtocol.shipped('clarity-ad', n_per_arm=60)
        >>> protocol.n_per_arm, len(protocol.arm)
        (60, 2)
    """

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    disease_model: str = "alzheimer"
    n_per_arm: int = Field(ge=10, le=1_000_000)
    endpoint: str = "cdr_sb"
    weeks: tuple[_Positive, ...] = Field(strict=False, min_length=1)
    power_sizes: tuple[int, ...] = Field(default=(50, 100, 200, 400, 800, 1600), strict=False)
    population: _Population
    arm: tuple[_Arm, ...] = Field(strict=False, min_length=2)

    @model_validator(mode="after")
    def _sound(self) -> Protocol:
        if any(b <= a for a, b in zip(self.weeks, self.weeks[1:], strict=False)):
            raise ValueError("weeks must increase")
        names = [a.name for a in self.arm]
        if len(set(names)) < len(names):
            raise ValueError("two arms have the same name")
        return self

    @classmethod
    def read(cls, path: str | Path) -> Protocol:
        """A protocol file (TOML).

        Raises:
            InputError: if it cannot be read or is no protocol.
        """
        return read_protocol_file(Path(path))

    @classmethod
    def shipped(cls, name: str, **changes: Any) -> Protocol:
        """A shipped protocol, such as "clarity-ad", with fields such as `n_per_arm` changed.

        Raises:
            InputError: for an unknown name, field or value.

        Example:
            >>> import qtwin as qt
            >>> qt.TrialProtocol.shipped("clarity-ad", n_per_arm=100).n_per_arm
            100
        """
        base = read_protocol(f'protocol = "{name}"', file=name)
        try:
            return cls.model_validate(base.model_dump() | changes)
        except ValidationError as error:
            raise _refused(error, name) from None

    def trial(self) -> Trial:
        """The protocol as the simulation wants it.

        Raises:
            InputError: for an unknown disease model.
        """
        p = self.population
        return Trial(
            model=disease.load(self.disease_model),
            population=Population(
                age_years=p.age_years,
                e4_share=p.e4_share,
                baseline={k: (v.mean, v.sd) for k, v in p.baseline.items()},
                criteria=tuple(
                    Criterion(biomarker=c.biomarker, low=c.low, high=c.high) for c in p.criterion
                ),
            ),
            arms=tuple(
                Arm(
                    name=a.name,
                    drug=a.drug,
                    courses=tuple(
                        Course(amount_mg=c.amount_mg, interval_days=c.interval_days, count=c.count)
                        for c in a.course
                    ),
                    stop=StopRule(**a.stop.model_dump()) if a.stop else None,
                    dropout_per_year=a.dropout_per_year,
                )
                for a in self.arm
            ),
            n_per_arm=self.n_per_arm,
            weeks=self.weeks,
            endpoint=self.endpoint,
            seed=self.seed,
        )


def read_protocol(text: str, *, file: str) -> Protocol:
    """Read and check a protocol.

    With `protocol = "clarity-ad"`, all that the file leaves out is taken from that shipped one.

    Raises:
        InputError: if it is not TOML, or holds an unknown key or an unusable value.
    """
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is not TOML: {error}", hint="correct the file") from None
    base = raw.pop("protocol", None)
    if base is not None:
        shipped = {p.name.removesuffix(".toml").replace("_", "-"): p for p in _shipped()}
        if not isinstance(base, str) or base not in shipped:
            raise unknown_name("shipped protocol", str(base), shipped)
        raw = tomllib.loads(shipped[base].read_text(encoding="utf-8")) | raw
    try:
        return Protocol.model_validate(raw)
    except ValidationError as error:
        raise _refused(error, file) from None


def _refused(error: ValidationError, file: str) -> InputError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return InputError(
            f"{file}: unknown key {where!r}",
            hint="see experiments/trial_clarity_ad.toml for the layout",
        )
    if first["type"] == "missing":
        return InputError(
            f"{file}: {where} is missing",
            hint="see experiments/trial_clarity_ad.toml for the layout",
        )
    return InputError(f"{file}: {where or 'protocol'}: {first['msg']}", hint="correct the value")


def _shipped() -> list[Any]:
    folder = resources.files("qtwin") / "data" / "trials"
    return sorted((p for p in folder.iterdir() if p.name.endswith(".toml")), key=lambda p: p.name)


def shipped_trial(name: str, **changes: Any) -> Trial:
    """A shipped protocol, such as 'clarity-ad', with fields such as n_per_arm changed."""
    return Protocol.shipped(name, **changes).trial()


def read_protocol_file(path: Path) -> Protocol:
    """Read a protocol from a file.

    Raises:
        InputError: if it cannot be read or is no protocol.
    """
    try:
        return read_protocol(path.read_text(encoding="utf-8"), file=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read {path}: {error}",
            hint="check the path; see experiments/trial_clarity_ad.toml",
        ) from None
