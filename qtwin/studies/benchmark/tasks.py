"""From the file of a sweep to its tasks, every name and option checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from itertools import product
from pathlib import Path
from typing import Any

from qtwin.benchmark.task import Entrant, Files, Group, Task, expand
from qtwin.encoding import generate
from qtwin.encoding.generate import file, screen
from qtwin.errors import InputError, unknown_name
from qtwin.options import takes
from qtwin.solver import registry
from qtwin.solver.nulls import missing
from qtwin.spec import BenchSpec, EntrantSection, FamilySection

NOISY = "aer:depolarising_2q={error}"
"""Where noise is put unless the sweep names a backend of its own with ``{error}`` in it."""


def tasks_of(spec: BenchSpec, *, base: Path = Path()) -> list[Task]:
    """Every task of the sweep.

    Args:
        spec: The sweep.
        base: Folder from which paths of files are counted.

    Raises:
        InputError: for an unknown family, solver, backend or option, or a label given twice.
    """
    return list(expand(groups_of(spec, base=base), entrants_of(spec), seed=spec.seed))


def groups_of(spec: BenchSpec, *, base: Path = Path()) -> list[Group]:
    """The families; tables and files are read once, so that their digest is part of every task's
    identity.
    """
    groups: list[Group] = []
    for section in spec.family:
        known = generate.options_of(section.name)
        for name in section.options:
            if name not in known:
                raise unknown_name(f"option of family {section.name!r}:", name, known)
        label = section.label or section.name
        if label in {g.label for g in groups}:
            raise InputError(
                f"two families are called {label!r}", hint="give each a label of its own"
            )
        groups.append(
            _files(section, label, base)
            if section.name == "file"
            else Group(
                family=section.name,
                sizes=section.sizes,
                instances=section.instances,
                options=_options(section),
                label=label,
            )
        )
    return groups


def _files(section: FamilySection, label: str, base: Path) -> Files:
    """The files that the section's path matches, each with its digest; equal files count once."""
    options = section.options
    pattern = options.get("path")
    if not isinstance(pattern, str) or not pattern:
        raise InputError(
            f"family {label!r} has no path of its files",
            hint='path = "instances/*.lp", from the folder of the sweep\'s file',
        )
    names = sorted(glob(str(base / Path(pattern).expanduser()), recursive=True))
    if not names:
        raise InputError(
            f"no file matches {pattern!r} of family {label!r}",
            hint=f"paths are counted from {base.resolve()}",
        )
    problem = str(options.get("problem", ""))
    by_digest = {file.digest(name): name for name in reversed(names)}
    found = [
        (
            file.size(name, problem),
            {"path": str(Path(name).resolve()), "problem": problem, "sha256": sha256},
        )
        for sha256, name in sorted(by_digest.items(), key=lambda item: item[1])
    ]
    return Files(
        family="file", sizes=[n for n, _ in found], files=[told for _, told in found], label=label
    )


def _options(section: FamilySection) -> dict[str, Any]:
    options = section.options
    if section.name == "screen":
        if not options.get("pairs"):
            raise InputError(
                "family 'screen' has no table of pairs",
                hint='pairs = "pairs.csv"; the tables are yours',
            )
        options["sha256"] = screen.digest(str(options["pairs"]), str(options.get("singles", "")))
    return options


@dataclass(frozen=True, kw_only=True)
class _Variant:
    """A solver's section with one choice of everything of which it lists several.

    Attributes:
        label: In tables.
        options: Of the solver, the backend among them.
        quiet: Label without the noise.
        error: Two-qubit error rate; None where none is listed.
    """

    label: str
    options: dict[str, Any]
    quiet: str = ""
    error: float | None = None


def entrants_of(spec: BenchSpec) -> list[Entrant]:
    """Solvers with every combination of what their sections list, and the null baselines where any
    is quantum.

    Baselines that the sweep does not name run as often as the quantum solver that runs most often,
    and as far as any goes.
    """
    entrants: list[Entrant] = []
    for section in spec.solver:
        for variant in _variants(section):
            registry.load(section.name, variant.options)
            if variant.label in {e.label for e in entrants}:
                raise InputError(
                    f"two solvers are called {variant.label!r}", hint="give each a label of its own"
                )
            entrants.append(
                Entrant(
                    solver=section.name,
                    label=variant.label,
                    options=variant.options,
                    time_limit_s=section.time_limit_s,
                    runs=section.runs,
                    largest=section.largest,
                )
            )
    return entrants + _nulls(entrants)


def _nulls(entrants: Sequence[Entrant]) -> list[Entrant]:
    quantum = [e for e in entrants if registry.card(e.solver).kind == "quantum"]
    taken = {e.label for e in entrants}
    return [
        Entrant(
            solver=null.name,
            label=null.label if null.label not in taken else f"{null.label} (added)",
            options=null.options,
            time_limit_s=max(
                (e.time_limit_s for e in quantum if e.time_limit_s is not None), default=None
            ),
            runs=max(e.runs for e in quantum),
            largest=None
            if any(e.largest is None for e in quantum)
            else max(e.largest or 0 for e in quantum),
        )
        for null in missing((e.solver, e.options) for e in entrants)
    ]


def noise_levels(spec: BenchSpec) -> dict[str, tuple[str, float]]:
    """Label to (label without the noise, two-qubit error rate), of the solvers that run at
    several.
    """
    return {
        v.label: (v.quiet, v.error)
        for section in spec.solver
        for v in _variants(section)
        if v.error is not None
    }


def _variants(section: EntrantSection) -> list[_Variant]:
    """One for each combination of listed options, backends and noise levels."""
    return [v for label, options in _grid(section) for v in _placed(section, label, options)]


def _grid(section: EntrantSection) -> list[tuple[str, dict[str, Any]]]:
    """Label and options for each combination of the values of options that take one value and have
    a list of them.
    """
    made = registry.find(section.name)
    label, options = section.label or section.name, section.options
    listed = {
        key: value
        for key, value in options.items()
        if isinstance(value, list)
        and key in registry.options_of(made)
        and not takes(made, key, value)
    }
    for key, values in listed.items():
        if not values:
            raise InputError(
                f"option {key!r} of solver {label!r} is an empty list",
                hint="name a value, or take it out",
            )
    return [
        (
            ", ".join(
                [label, *(f"{key} {_shown(v)}" for key, v in zip(listed, chosen, strict=True))]
            ),
            options | dict(zip(listed, chosen, strict=True)),
        )
        for chosen in product(*listed.values())
    ]


def _shown(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _placed(section: EntrantSection, label: str, options: dict[str, Any]) -> list[_Variant]:
    """One for each backend and noise level."""
    if not section.backends and not section.noise:
        return [_Variant(label=label, options=options)]
    if "backend" in options:
        raise InputError(
            f"solver {label!r} has a backend and a list of them",
            hint="write backends = [...] or backend = ..., not both",
        )
    if "backend" not in registry.options_of(registry.find(section.name)):
        raise InputError(
            f"solver {label!r} runs on no backend",
            hint="take backends and noise out of its section",
        )
    if not section.noise:
        return [
            _Variant(label=f"{label} on {b}", options={**options, "backend": b})
            for b in section.backends
        ]
    found: list[_Variant] = []
    for backend in section.backends or (NOISY,):
        if "{error}" not in backend:
            raise InputError(
                f"backend {backend!r} has no place for the noise of solver {label!r}",
                hint=f"such as backends = [{NOISY!r}]",
            )
        quiet = label if len(section.backends) < 2 else f"{label} on {backend.split(':')[0]}"
        found += [
            _Variant(
                label=f"{quiet}, error {e:g}",
                options={**options, "backend": backend.format(error=f"{e:g}")},
                quiet=quiet,
                error=e,
            )
            for e in section.noise
        ]
    return found
