"""From the file of a sweep to its tasks, every name and option checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qtwin.benchmark.task import Entrant, Group, Task, expand
from qtwin.encoding import generate
from qtwin.encoding.generate import screen
from qtwin.errors import InputError, unknown_name
from qtwin.solver import registry
from qtwin.solver.nulls import missing
from qtwin.spec import BenchSpec, EntrantSection, FamilySection

NOISY = "aer:depolarising_2q={error}"
"""Where noise is put unless the sweep names a backend of its own with ``{error}`` in it."""


def tasks_of(spec: BenchSpec) -> list[Task]:
    """Every task of the sweep.

    Raises:
        InputError: for an unknown family, solver, backend or option, or a label given twice.
    """
    return list(expand(groups_of(spec), entrants_of(spec), seed=spec.seed))


def groups_of(spec: BenchSpec) -> list[Group]:
    """The families; measured tables are read once, so that their digest is part of every task's identity."""
    groups: list[Group] = []
    for section in spec.family:
        known = generate.options_of(section.name)
        for name in section.options:
            if name not in known:
                raise unknown_name(f"option of family {section.name!r}:", name, known)
        label = section.label or section.name
        if label in {g.label for g in groups}:
            raise InputError(f"two families are called {label!r}", hint="give each a label of its own")
        groups.append(
            Group(
                family=section.name,
                sizes=section.sizes,
                instances=section.instances,
                options=_options(section),
                label=label,
            )
        )
    return groups


def _options(section: FamilySection) -> dict[str, Any]:
    options = section.options
    if section.name == "screen":
        if not options.get("pairs"):
            raise InputError("family 'screen' has no table of pairs", hint='pairs = "pairs.csv"; the tables are yours')
        options["sha256"] = screen.digest(str(options["pairs"]), str(options.get("singles", "")))
    return options


def entrants_of(spec: BenchSpec) -> list[Entrant]:
    """The solvers, each on each of its backends at each of its noise levels; and the null baselines, where any is quantum.

    Baselines that the sweep does not name run as often as the quantum solver that runs most often, and as far as any goes.
    """
    entrants: list[Entrant] = []
    for section in spec.solver:
        for label, options in _variants(section):
            registry.load(section.name, options)
            if label in {e.label for e in entrants}:
                raise InputError(f"two solvers are called {label!r}", hint="give each a label of its own")
            entrants.append(
                Entrant(
                    solver=section.name,
                    label=label,
                    options=options,
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
            time_limit_s=max((e.time_limit_s for e in quantum if e.time_limit_s is not None), default=None),
            runs=max(e.runs for e in quantum),
            largest=None if any(e.largest is None for e in quantum) else max(e.largest or 0 for e in quantum),
        )
        for null in missing((e.solver, e.options) for e in entrants)
    ]


def noise_levels(spec: BenchSpec) -> dict[str, tuple[str, float]]:
    """Label to (label without the noise, two-qubit error rate), of the solvers that run at several."""
    found: dict[str, tuple[str, float]] = {}
    for section in spec.solver:
        if section.noise:
            variants = _variants(section)
            found |= {label: (label.rsplit(", error ", 1)[0], e) for (label, _), e in zip(variants, _rates(section), strict=True)}
    return found


def _rates(section: EntrantSection) -> list[float]:
    return [e for _ in section.backends or (NOISY,) for e in section.noise]


def _variants(section: EntrantSection) -> list[tuple[str, dict[str, Any]]]:
    label, options = section.label or section.name, section.options
    if not section.backends and not section.noise:
        return [(label, options)]
    if "backend" in options:
        raise InputError(
            f"solver {label!r} has a backend and a list of them", hint="write backends = [...] or backend = ..., not both"
        )
    if "backend" not in registry.options_of(registry.find(section.name)):
        raise InputError(f"solver {label!r} runs on no backend", hint="take backends and noise out of its section")
    if not section.noise:
        return [(f"{label} on {b}", {**options, "backend": b}) for b in section.backends]
    found: list[tuple[str, dict[str, Any]]] = []
    for backend in section.backends or (NOISY,):
        if "{error}" not in backend:
            raise InputError(
                f"backend {backend!r} has no place for the noise of solver {label!r}", hint=f"such as backends = [{NOISY!r}]"
            )
        where = "" if len(section.backends) < 2 else f" on {backend.split(':')[0]}"
        found += [(f"{label}{where}, error {e:g}", {**options, "backend": backend.format(error=f"{e:g}")}) for e in section.noise]
    return found
