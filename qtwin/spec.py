"""Experiment files: TOML in, a frozen and fully checked `Spec` out, unknown keys refused with a suggestion."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from qtwin.backend.hardware.price import plans
from qtwin.encoding.surrogate import TABLE
from qtwin.errors import InputError, unknown_name
from qtwin.patient.consent import SCOPES
from qtwin.pharmacology.outcome import KINDS


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class PatientSection(_Section):
    """Where the record is, a FHIR Bundle or a table of visits; paths are relative to the spec file."""

    bundle: str
    genotypes: str | None = None
    unknown_medicines: Literal["refuse", "ignore"] = "refuse"
    consent: tuple[str, ...] = Field(default=(), strict=False)

    @field_validator("consent")
    @classmethod
    def _known_scopes(cls, consent: tuple[str, ...]) -> tuple[str, ...]:
        for scope in consent:
            if scope not in SCOPES:
                raise unknown_name("scope in [patient] consent", scope, SCOPES)
        return consent


class VariantSection(_Section):
    """Exploratory receptor variants; weight 0 leaves them out (see `qtwin.pharmacology.receptor_variant`)."""

    adrb1_389: Literal["Arg/Arg", "Arg/Gly", "Gly/Gly"] = "Arg/Arg"
    adrb1_49: Literal["Ser/Ser", "Ser/Gly", "Gly/Gly"] = "Ser/Ser"
    weight: float = Field(default=0.0, ge=0, le=1)


class TwinSection(_Section):
    """How the twin is built."""

    disease_model: str = "alzheimer"
    n_members: int = Field(default=2048, ge=100, le=1_000_000)
    receptor_variants: VariantSection = VariantSection()


class Candidate(_Section):
    """A drug, at its reference dose unless another of its dose options, or all of them, are asked for."""

    inn: str
    amount_mg: float | None = Field(default=None, gt=0)
    interval_h: float | None = Field(default=None, gt=0)
    doses: Literal["reference", "all"] = "reference"


_Whole = TypeVar("_Whole", bound=BaseModel)


def _candidate(raw: Any) -> Any:
    return {"inn": raw} if isinstance(raw, str) else raw


class BudgetSection(_Section):
    """What the drugs may cost together; `cost` by INN, or by the label of one dose."""

    limit: float = Field(ge=0)
    unit: str
    cost: dict[str, Annotated[float, Field(ge=0)]]


class ProblemSection(_Section):
    """What is asked."""

    candidates: tuple[Annotated[Candidate, BeforeValidator(_candidate)], ...] = Field(strict=False, min_length=1)
    needs: Literal["from conditions"] | Annotated[tuple[str, ...], Field(strict=False)] = "from conditions"
    max_drugs: int = Field(default=7, ge=1)
    exactly_drugs: int | None = Field(default=None, ge=1)
    keep: tuple[str, ...] = Field(default=(), strict=False)
    stop: tuple[str, ...] = Field(default=(), strict=False)
    avoid: tuple[Annotated[tuple[str, str], Field(strict=False)], ...] = Field(default=(), strict=False)
    caps: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    budget: BudgetSection | None = None
    worst_share: float = Field(default=1.0, gt=0, le=1)
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


class EncodingSection(_Section):
    """How the twin's utility becomes a polynomial: by which surrogate, from how many simulated regimens.

    `penalty` weighs broken constraints by the bound that is proven to suffice, by the least weight that does on this very
    instance ("tightest", found by looking at every assignment), or approximately and without slack bits ("unbalanced"). `levels`
    writes options that exclude one another in another code; `quadratise` turns a polynomial of a higher degree into a QUBO.
    `compare` holds all surrogates against the twin; `spectrum` simulates all choices of the 14 options that matter most
    ("auto"), or of all up to 20 ("always"), for the variance by order.
    """

    n_train: int = Field(default=600, ge=10)
    surrogate: str = "least squares pairs"
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


class HardwareBudgetSection(_Section):
    """Hard limits on all paid jobs of a project together; at least one must be given."""

    max_usd: float | None = Field(default=None, ge=0)
    max_qpu_s: float | None = Field(default=None, ge=0)
    max_jobs: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _some_limit(self) -> HardwareBudgetSection:
        if self.max_usd is None and self.max_qpu_s is None and self.max_jobs is None:
            raise ValueError("a limit was wanted: max_usd, max_qpu_s or max_jobs")
        return self


class HardwareSection(_Section):
    """Paid machines: whose prices, how much at most, and where jobs are written down.

    `project` names what the budget is for; all experiments of one project share it. `settle_s` is how long a job may be missing
    from the provider's listing; `poll_s` is the time between two looks at a job that is waited for.
    """

    budget: HardwareBudgetSection
    plan: str = "open"
    price_usd_per_s: float | None = Field(default=None, ge=0)
    project: str = ""
    ledger: str = ""
    settle_s: float = Field(default=20.0, ge=0, le=3600)
    poll_s: float = Field(default=10.0, gt=0, le=3600)

    @field_validator("plan")
    @classmethod
    def _known_plan(cls, plan: str) -> str:
        if plan not in plans():
            raise unknown_name("plan in [hardware]", plan, plans())
        return plan


class Spec(_Section):
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


class BenchSpec(_Section):
    """A sweep: families of instances times solvers."""

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    workers: int = Field(default=1, ge=0)
    family: tuple[FamilySection, ...] = Field(strict=False, min_length=1)
    solver: tuple[EntrantSection, ...] = Field(strict=False, min_length=1)


class EnergyStudy(_Section):
    """H2 in a minimal basis, four qubits."""

    distance_angstrom: float = Field(default=0.735, ge=0.4, le=3.0)
    shots: int = Field(default=20_000, ge=500)


class SamplingStudy(_Section):
    """QAOA on a choice of exactly so many options."""

    variables: int = Field(default=6, ge=3, le=12)
    choose: int = Field(default=2, ge=1)
    layers: int = Field(default=2, ge=1, le=8)
    shots: int = Field(default=4096, ge=100)


class MitigationSpec(_Section):
    """What each way to treat noise is worth on a snapshot of a device, repetition by repetition."""

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    device: str = "fez"
    lines: Annotated[tuple[Literal["best", "typical"], ...], Field(strict=False, min_length=1)] = ("best", "typical")
    repetitions: int = Field(default=8, ge=3, le=200)
    energy: EnergyStudy = EnergyStudy()
    sampling: SamplingStudy = SamplingStudy()


class PublishedSection(_Section):
    """A published growth to hold ours against: so many times more for each variable."""

    base: float = Field(gt=1.0)
    source: str


class ScalingSpec(_Section):
    """A scaling study of fixed-angle QAOA: trained on some sizes, run on others, fitted on some of those."""

    title: str
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(ge=0)
    layers: int = Field(ge=1, le=40)
    train_sizes: Annotated[tuple[Annotated[int, Field(ge=3, le=14)], ...], Field(strict=False, min_length=1)]
    sizes: Annotated[tuple[Annotated[int, Field(ge=3, le=26)], ...], Field(strict=False, min_length=4)]
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
    return _read(path, ScalingSpec)


class StepSection(_Section):
    """One result that a map needs: `spec` relative to the map's file, `pairs` and `singles` to the folder of data."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    command: Literal["bench", "run", "scaling", "molecule", "measured"]
    spec: str = ""
    pairs: str = ""
    singles: str = ""
    size: int = Field(default=3, ge=1)
    objective: Literal["mean", "log-linear"] = "mean"

    @model_validator(mode="after")
    def _has_its_file(self) -> StepSection:
        wanted = "pairs" if self.command == "measured" else "spec"
        if not getattr(self, wanted):
            raise ValueError(f"step {self.name!r} needs {wanted!r}")
        return self


class MapSpec(_Section):
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
    return _read(path, MapSpec)


class MoleculeSection(_Section):
    """A molecule, its active space, and who finds its energy; paths are relative to the spec file.

    `geometry` is an xyz file, a name of the library or a SMILES string; `orbitals` counts from 1. Options of a method stand in
    `[molecule.options."name"]`.
    """

    geometry: str = Field(min_length=1)
    charge: int | None = None
    multiplicity: int | None = None
    basis: str | None = None
    active_electrons: int | None = None
    active_orbitals: int | None = None
    active_space: str = "auto"
    orbitals: tuple[int, ...] = Field(default=(), strict=False)
    avas: tuple[str, ...] = Field(default=(), strict=False)
    avas_threshold: float = Field(default=0.2, gt=0, lt=1)
    occupation_cutoff: float = Field(default=0.02, gt=0, lt=1)
    frozen_core: bool = False
    methods: tuple[str, ...] = Field(default=("hf", "mp2", "ccsd(t)", "casci", "vqe-uccsd"), strict=False, min_length=1)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    time_limit_s: float | None = Field(default=None, gt=0)
    scf_iterations: int = Field(default=100, ge=1)
    follow_instability: bool = False
    memory_gib: float | None = Field(default=None, gt=0)
    dielectric: float | None = Field(default=None, gt=1)


Distances = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(strict=False, min_length=1)]


class ScanSection(_Section):
    """A curve: one bond at several lengths, `moves` going with its second atom; or all coordinates times several factors."""

    bond: Annotated[tuple[int, int], Field(strict=False)] | None = None
    moves: tuple[int, ...] = Field(default=(), strict=False)
    distances_angstrom: Distances | None = None
    factors: Distances | None = None


class PartSection(_Section):
    """One part of a complex; atoms count from 1, sizes are what it gives to the active space."""

    atoms: tuple[int, ...] = Field(strict=False, min_length=1)
    charge: int = 0
    multiplicity: int = Field(default=1, ge=1)
    active_electrons: int | None = Field(default=None, ge=0)
    active_orbitals: int | None = Field(default=None, ge=0)


class InteractionSection(_Section):
    """Interaction energies with counterpoise correction; the parts of a contact from the library are known."""

    first: PartSection | None = None
    second: PartSection | None = None
    contact: Annotated[tuple[int, int], Field(strict=False)] | None = None
    distances_angstrom: tuple[Annotated[float, Field(gt=0)], ...] = Field(default=(), strict=False)
    dielectric: Distances = (4.0,)


class ContactSection(_Section):
    """The contact that stands for a drug at its receptor; variants are compared with the wild type."""

    drug: str
    receptor: str
    twin: str | None = None
    basis: str | None = None
    methods: tuple[str, ...] = Field(default=("hf", "mp2", "ccsd(t)", "casci", "vqe-uccsd"), strict=False, min_length=1)
    dielectric: Distances = (4.0,)
    variants: tuple[str, ...] = Field(default=(), strict=False)


class MoleculeSpec(_Section):
    """A question of energy: a molecule, or the contact of a drug with its receptor."""

    title: str = ""
    question: str = ""
    decision_rule: str = ""
    seed: int = Field(default=0, ge=0)
    molecule: MoleculeSection | None = None
    scan: ScanSection | None = None
    interaction: InteractionSection | None = None
    contact: ContactSection | None = None


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _as_input_error(error: ValidationError, path: Path, whole: type[BaseModel]) -> InputError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section: type[BaseModel] = whole
        for part in first["loc"][:-1]:
            annotation = section.model_fields[str(part)].annotation if str(part) in section.model_fields else None
            section = next((a for a in (annotation, *get_args(annotation)) if _is_model(a)), Candidate)
        return unknown_name(f"key {where!r} in {path.name}: option", str(first["loc"][-1]), section.model_fields)
    if first["type"] == "missing":
        return InputError(f"{path.name}: {where} is missing", hint="see experiments/quickstart.toml for a complete spec")
    return InputError(f"{path.name}: {where} = {first['input']!r}: {first['msg'].lower()}", hint="correct the value in the spec")


def read_spec(path: Path) -> Spec:
    """Read and check an experiment file.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return _read(path, Spec)


def read_bench_spec(path: Path) -> BenchSpec:
    """Read and check the file of a sweep.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return _read(path, BenchSpec)


def read_mitigation_spec(path: Path) -> MitigationSpec:
    """Read and check the file of a study of mitigation.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    return _read(path, MitigationSpec)


def read_molecule_spec(path: Path) -> MoleculeSpec:
    """Read and check the file of a molecule.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value, or not exactly one question.
    """
    spec = _read(path, MoleculeSpec)
    if (spec.molecule is None) == (spec.contact is None):
        raise InputError(
            f"{path.name} holds {'both' if spec.molecule else 'neither'} [molecule] and [contact], one of them was wanted",
            hint='[molecule] with geometry = "file.xyz", a library name or SMILES; or [contact] with drug and receptor',
        )
    if spec.contact is not None and (spec.scan or spec.interaction):
        raise InputError("[contact] came with [scan] or [interaction]", hint="a contact brings its own scan; take these out")
    return spec


def _read(path: Path, model: type[_Whole]) -> _Whole:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"no spec file at {path}", hint="check the path; experiments/quickstart.toml is an example") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, a TOML file was wanted", hint="name the spec file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}", hint="correct the file; see experiments/quickstart.toml") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check its permissions") from None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _as_input_error(error, path, model) from None


def identity(spec: BaseModel, *parts: str) -> str:
    """SHA-256 over everything that defines the run: the spec and further parts such as record digests and versions."""
    text = json.dumps([spec.model_dump(mode="json"), *parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
