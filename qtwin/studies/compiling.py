"""Compiling what is compiled, before anything is timed: in processes side by side, once for a
machine and a version.

Kernels are kept on disk by numba. A mark beside them says which jobs have been through; it carries
everything that makes numba compile again, so that a changed file, processor or version has them run
anew.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import platform
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from pathlib import Path

import numpy as np

from qtwin.errors import InputError, QtwinError, unknown_name
from qtwin.kernels import MARK, without_damaged_ones
from qtwin.progress import SILENT, Progress
from qtwin.solver.apart import without_main

SOLVERS: dict[str, tuple[str, ...]] = {
    "searches": ("tabu",),
    "tiles": ("qaoa", "cvar-qaoa", "recursive-qaoa", "warm-start-qaoa", "falqon"),
    "circuits": (
        "multi-angle-qaoa", "recursive-qaoa", "dc-qaoa", "warm-start-qaoa", "filtering-vqe",
        "hardware-efficient-vqe", "falqon", "bf-dcqo", "grover-adaptive-search",
    ),
    "subspace": ("xy-qaoa", "grover-mixer-qaoa"),
    "descents": ("local-search", "greedy"),
    "lists": ("enumeration", "random", "random-feasible"),
    "auto": ("auto",),
    "correlations": ("pauli-correlation-encoding",),
}  # fmt: skip
"""Job to the solvers whose kernels it compiles. Those that share kernels share a job: two processes
would compile them twice.
"""
TWINS, MOLECULES, CHARTS = "twins", "molecules", "charts"
JOBS = (*list(SOLVERS)[:1], TWINS, *list(SOLVERS)[1:], MOLECULES, CHARTS)
"""The longest first, so that processes end together. The charts' script is bundled beside them."""
_TINY = (("dense", 5), ("cardinality", 5), ("labs", 5))
_LISTED = (("dense", 16), ("cardinality", 12), ("labs", 9))
_QUESTIONS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "tiles": (("qaoa", "dense", 13),),  # wide enough for tiles, and for more than one row of them
    "circuits": (("multi-angle-qaoa", "dense", 5),),
    "subspace": (("xy-qaoa", "cardinality", 5), ("grover-mixer-qaoa", "dense", 5)),
}
"""Questions that take every kernel of a job; the other solvers of that job use no further one."""


def jobs_of(solvers: Iterable[str], *, twins: bool = False) -> tuple[str, ...]:
    """The jobs that these solvers need, and the page; `auto` asks others."""
    names = set(solvers)
    if "auto" in names:
        names |= {"tabu", "enumeration"}
    return tuple(
        job
        for job in JOBS
        if job == CHARTS or (job == TWINS and twins) or names & set(SOLVERS.get(job, ()))
    )


def cold(jobs: Sequence[str] = JOBS) -> list[str]:
    """Those that have not been through on this machine and version."""
    return [job for job in jobs if not _mark(job).exists()]


def compiled(
    jobs: Sequence[str] = JOBS, *, workers: int | None = None, progress: Progress = SILENT
) -> float:
    """Run the jobs that have not been through, side by side; seconds that it took, which nobody is
    charged.

    A job that fails is told and left: whoever needs its kernels compiles them then.

    Raises:
        InputError: for a kernel that is damaged on disk and cannot be deleted.
    """
    if jobs:
        without_damaged_ones()
    left = cold(jobs)
    if not left:
        return 0.0
    started = time.perf_counter()
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    with progress.stage("Compiling, charged to nobody") as found:
        progress.step(f"0 of {len(left)} sets of kernels")
        with ProcessPoolExecutor(
            max_workers=min(len(left), workers or cores),
            mp_context=multiprocessing.get_context("spawn"),
        ) as pool:
            with without_main():
                running = {pool.submit(run_job, job): job for job in left}
            for done, future in enumerate(as_completed(running), start=1):
                job = running[future]
                try:
                    future.result()
                except (QtwinError, OSError, ImportError, BrokenProcessPool) as error:
                    progress.warn(
                        f"compiling {job} failed: {type(error).__name__}; it is compiled "
                        "when it is needed"
                    )
                progress.step(f"{done} of {len(left)} sets of kernels")
        found.append(f"{len(left)} of {len(JOBS)} sets of kernels")
    return time.perf_counter() - started


def warm_up(
    jobs: Sequence[str] = (), *, workers: int | None = None, progress: Progress = SILENT
) -> dict[str, object]:
    """Compile these jobs, or all.

    Raises:
        InputError: for an unknown job, or kernels that cannot be kept on disk.

    Example:
        >>> import qtwin as qt
        >>> kept = qt.warm_up(['lists'])  # once for a machine and a version
        >>> sorted(kept)
        ['compiled', 'kept', 'seconds']
    """
    for job in jobs:
        if job not in JOBS:
            raise unknown_name("set of kernels", job, JOBS)
    wanted = tuple(jobs) or JOBS
    before = cold(wanted)
    took_s = compiled(wanted, workers=workers, progress=progress)
    left = cold(before)
    if left:
        raise InputError(
            f"{', '.join(left)} could not be compiled or kept",
            hint="see that the package's folder can be written, or set NUMBA_CACHE_DIR",
        )
    if not before:
        progress.note("Everything has been compiled before.")
    return {"compiled": before, "kept": [j for j in wanted if j not in before], "seconds": took_s}


def run_job(job: str) -> None:
    """Compile one job's kernels in this process and leave its mark."""
    if job == TWINS:
        from qtwin.encoding import nested
        from qtwin.encoding.generate import make

        made = make("twin", 5, seed=0, n_members=64)
        assert made.problem is not None
        made.problem.objective(made.problem.feasible_bits()[:4])
        # surrogates of third order are evaluated by the tree of their terms
        nested.evaluate(nested.tree({(0, 1, 2): 1.0}), 0.0, np.ones((1, 3)))
    elif job == MOLECULES:
        from qtwin.chemistry.method.base import load_compiled_code

        load_compiled_code()
    elif job == CHARTS:
        from qtwin.report.page import chart_script

        chart_script()
    elif job in _QUESTIONS:
        _solve(_QUESTIONS[job])
    else:
        kinds = _LISTED if job in ("lists", "auto") else _TINY
        _solve([(name, family, n) for name in SOLVERS[job] for family, n in kinds])
    mark = _mark(job)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def _solve(questions: Iterable[tuple[str, str, int]]) -> None:
    from qtwin.encoding.generate import make
    from qtwin.solver import registry
    from qtwin.solver.base import Instance

    for name, family, n in questions:
        try:
            registry.load(name, {}).solve(
                Instance(encoding=make(family, n, seed=0).encoding), seed=0, time_limit_s=2.0
            )
        except QtwinError:
            continue  # not for this kind of question


def _mark(job: str) -> Path:
    """Where a job leaves its mark: among the kernels, named by all that makes numba compile
    again.
    """
    folder, version = _kernels()
    return folder / f"{MARK}{job}-{version}"


@lru_cache(maxsize=1)
def _kernels() -> tuple[Path, str]:
    """Numba's folder, and a digest of versions, processor and the files with kernels in them."""
    import llvmlite.binding
    import numba

    from qtwin.encoding import nested

    package = Path(__file__).parents[1]
    files = [p for p in sorted(package.rglob("*.py")) if b"numba" in p.read_bytes()]
    stamps = [(p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in files]
    parts = (
        numba.__version__,
        platform.python_version(),
        llvmlite.binding.get_host_cpu_name(),
        stamps,
    )
    return Path(str(nested._walk.stats.cache_path)), hashlib.sha256(
        repr(parts).encode()
    ).hexdigest()[:16]
