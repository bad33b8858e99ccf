"""Courses of many patients over five years: our compiled integrator against scipy's LSODA and
diffrax, and its growth to 10^6.

    python benchmarks/bench_disease_simulator.py [--patients 10000] [--lsoda-patients 30] [--repeats
    3] [--million]

Two problems, each at a relative tolerance of 1e-6 on the same machine in the same run:
untreated: the six equations of the default model, eleven output times;
dosed: an antibody every 14 days for five years (130 doses), its two compartments and saturable
removal of amyloid. We solve the compartments in closed form between doses; diffrax (vmap, jit, scan
over doses) is timed so too, and as LSODA, which integrates them as two further states.
LSODA runs on fewer patients, one by one; times are per course. The error of each is against our
integrator at 1e-11. Where a peer comes closer than we do, the time that we need to come as close is
given too.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from importlib import metadata, util
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from qtwin.twin import disease
from qtwin.twin.dosing import HOURS_PER_YEAR, Dosing
from qtwin.twin.simulate import integrate, stream

Array = NDArray[np.float64]
RTOL, ATOL = 1e-6, 1e-8
TIMES = np.linspace(0.0, 5.0, 11)
GAP_YEARS, DOSES, AMOUNT_MG = 14.0 / 365.25, 130, 700.0
CENTRAL_L, PERIPHERAL_L, EXCHANGE, HALF_EFFECT = 3.22, 2.2, 0.02 * HOURS_PER_YEAR, 1000.0


def _right_side(y: Any, p: Any, removal: Any, stack: Callable[[list[Any]], Any]) -> Any:
    """The default model's equations for any array library."""
    kin, kout, r, wa, gain, rate, per_amyloid, per_tau, growth, per_p_tau, loss, loss_per_tau = p
    a, p_tau, t, i, h, d = y
    return stack(
        [
            kin - (kout + removal) * a,
            rate * (1.0 + per_amyloid * a / 100.0 + per_tau * t - p_tau),
            gain * (growth * t + per_p_tau * (p_tau - 1.0)) * (1.0 - 0.5 * t),
            2.0 * (a / 100.0 + 0.5 * t - i),
            -(loss + loss_per_tau * t) * h,
            r * (wa * a / 78.0 + (1.0 - wa) * t / 0.4) * d * (1.0 - d / 18.0),
        ]
    )


def dosing(patients: int) -> Dosing:
    rng = np.random.default_rng(0)
    return Dosing(
        times_years=np.arange(DOSES) * GAP_YEARS,
        amounts_mg=np.full(DOSES, AMOUNT_MG),
        stop_years=np.full(patients, np.inf),
        clearance_L_per_year=0.0154 * HOURS_PER_YEAR * np.exp(0.33 * rng.standard_normal(patients)),
        intercompartmental_L_per_year=EXCHANGE,
        central_L=CENTRAL_L,
        peripheral_L=PERIPHERAL_L,
        rate_max_per_year=8.0 * np.exp(0.9 * rng.standard_normal(patients)),
        half_effect_mg_per_L=HALF_EFFECT,
    )


def _with_antibody(
    y: Any, p: Any, clearance: Any, rate_max: Any, stack: Callable[[list[Any]], Any]
) -> Any:
    """The six equations and the concentrations (mg/L) of the two compartments."""
    central, peripheral = y[6], y[7]
    removal = rate_max * central / (central + HALF_EFFECT)
    states = _right_side(y[:6], p, removal, list)
    flows = [
        -(clearance + EXCHANGE) / CENTRAL_L * central + EXCHANGE / CENTRAL_L * peripheral,
        EXCHANGE / PERIPHERAL_L * (central - peripheral),
    ]
    return stack([*states, *flows])


def _lsoda_untreated(parameters: Array, start: Array, _: Dosing) -> Array:
    return np.array(
        [
            solve_ivp(
                lambda t, y, p=p: _right_side(y, p, 0.0, list),
                (0.0, 5.0),
                y0,
                "LSODA",
                TIMES,
                rtol=RTOL,
                atol=ATOL,
            ).y.T
            for p, y0 in zip(parameters, start, strict=True)
        ]
    )


def _lsoda_dosed(parameters: Array, start: Array, d: Dosing) -> Array:
    """States after each interval."""
    out = np.empty((len(start), DOSES, 6))
    for m, (p, y0) in enumerate(zip(parameters, start, strict=True)):
        y = np.concatenate([y0, [0.0, 0.0]])
        clearance, rate_max = d.clearance_L_per_year[m], d.rate_max_per_year[m]
        for k in range(DOSES):
            y[6] += AMOUNT_MG / CENTRAL_L
            y = solve_ivp(
                lambda t, x, p=p, c=clearance, u=rate_max: _with_antibody(x, p, c, u, list),
                (0.0, GAP_YEARS),
                y,
                "LSODA",
                rtol=RTOL,
                atol=ATOL,
            ).y[:, -1]
            out[m, k] = y[:6]
    return out


Solve = Callable[[Array, Array, Dosing], Array]


def _diffrax() -> tuple[dict[str, Solve], dict[str, Solve]]:
    """Untreated and dosed, each by what is particular to it."""
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    control = diffrax.PIDController(rtol=RTOL, atol=ATOL)
    plain = diffrax.ODETerm(lambda t, y, p: _right_side(y, p, 0.0, jnp.stack))
    dosed = diffrax.ODETerm(lambda t, y, args: _with_antibody(y, *args, jnp.stack))

    def untreated(p: Any, y: Any) -> Any:
        save = diffrax.SaveAt(ts=TIMES)
        return diffrax.diffeqsolve(
            plain, diffrax.Tsit5(), 0.0, 5.0, 0.05, y, p, saveat=save, stepsize_controller=control
        ).ys

    def treated(p: Any, y: Any, clearance: Any, rate_max: Any) -> Any:
        def interval(y: Any, _: Any) -> Any:
            y = y.at[6].add(AMOUNT_MG / CENTRAL_L)
            save = diffrax.SaveAt(t1=True)
            solved = diffrax.diffeqsolve(
                dosed,
                diffrax.Tsit5(),
                0.0,
                GAP_YEARS,
                0.002,
                y,
                (p, clearance, rate_max),
                saveat=save,
                stepsize_controller=control,
            )
            return solved.ys[0], solved.ys[0][:6]

        return jax.lax.scan(interval, jnp.concatenate([y, jnp.zeros(2)]), None, length=DOSES)[1]

    def decaying(t: Any, y: Any, args: Any) -> Any:
        p, rate_max, modes, fast, slow = args
        c = fast * jnp.exp(-modes[0] * t) + slow * jnp.exp(-modes[1] * t)
        return _right_side(y, p, rate_max * c / (c + HALF_EFFECT), jnp.stack)

    closed = diffrax.ODETerm(decaying)

    def treated_in_closed_form(p: Any, y: Any, rate_max: Any, modes: Any) -> Any:
        def interval(carried: Any, _: Any) -> Any:
            y, fast, slow = carried
            fast, slow = fast + AMOUNT_MG * modes[2], slow + AMOUNT_MG * modes[3]
            solved = diffrax.diffeqsolve(
                closed,
                diffrax.Tsit5(),
                0.0,
                GAP_YEARS,
                0.01,
                y,
                (p, rate_max, modes, fast, slow),
                saveat=diffrax.SaveAt(t1=True),
                stepsize_controller=control,
            )
            y = solved.ys[0]
            return (
                y,
                fast * jnp.exp(-modes[0] * GAP_YEARS),
                slow * jnp.exp(-modes[1] * GAP_YEARS),
            ), y

        return jax.lax.scan(interval, (y, 0.0, 0.0), None, length=DOSES)[1]

    first, second, third = (
        jax.jit(jax.vmap(f)) for f in (untreated, treated, treated_in_closed_form)
    )
    return (
        {"": lambda p, y, d: np.asarray(first(p, y))},
        {
            ", closed form": lambda p, y, d: np.asarray(
                third(p, y, d.rate_max_per_year, d.modes())
            ),
            ", two more states": lambda p, y, d: np.asarray(
                second(p, y, d.clearance_L_per_year, d.rate_max_per_year)
            ),
        },
    )


def _seconds(run: Callable[[], object], repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return times


def _line(seconds: list[float]) -> str:
    micro = sorted(1e6 * s for s in seconds)
    return f"{statistics.median(micro):10.2f} us ({micro[0]:.2f}-{micro[-1]:.2f})"


def _growth(parameters: Array, start: Array) -> None:
    """Courses from 10^3 to 10^6, streamed: time a course and peak memory of the process."""
    model = disease.load("alzheimer")
    print(
        "\nuntreated, streamed in batches of 8192: simulations, time a course, peak memory "
        "of the process"
    )
    for size in (1_000, 10_000, 100_000, 1_000_000):
        rows = np.arange(size) % len(start)
        p, y = parameters[rows], start[rows]
        began = time.perf_counter()
        total = 0.0
        for _, states in stream(model, p, y, np.zeros((1, size)), TIMES):
            total += float(states[0, :, -1, 5].sum())
        took = time.perf_counter() - began
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        print(
            f"{size:>10,}  {1e6 * took / size:8.2f} us  {peak_mb:8.0f} MB  (mean CDR-SB "
            f"after five years {total / size:.2f})"
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem with its peers; `patients` courses for us and diffrax, `few` for LSODA."""

    name: str
    dosing: Dosing | None
    marks: Array
    lsoda: Solve
    diffrax: dict[str, Solve]


def _compare(
    problem: Problem, parameters: Array, start: Array, antibody: Dosing, *, few: int, repeats: int
) -> None:
    model, patients = disease.load("alzheimer"), len(start)
    keep = slice(None) if problem.dosing is None else slice(1, None)

    def ours(rtol: float = RTOL, n: int = patients) -> Array:
        given = None if problem.dosing is None else [problem.dosing.of_members(slice(n))]
        none = np.zeros((1, n))
        return integrate(
            model,
            parameters[:n],
            start[:n],
            none,
            problem.marks,
            dosing=given,
            rtol=rtol,
            atol=rtol * 1e-2,
        )[0]

    exact = ours(1e-11, few)[:, keep]

    def error_of(found: Array) -> float:
        return float(np.abs(found[:few] / exact - 1.0).max())

    error = error_of(ours()[:, keep])
    mean = [t / patients for t in _seconds(ours, repeats)]
    print(f"\n{problem.name}")
    print(f"{'qtwin (Dormand-Prince 5(4), numba)':40} {_line(mean)}; largest error {error:.0e}")

    def report(label: str, solve: Callable[[], Array], count: int) -> None:
        began = time.perf_counter()
        found = solve()[:few]
        first = time.perf_counter() - began
        off = error_of(found)
        taken = [t / count for t in _seconds(solve, max(repeats // 2, 1))]
        ratio = statistics.median(taken) / statistics.median(mean)
        print(
            f"{label:40} {_line(taken)}; largest error {off:.0e}; first call {first:.1f} s; "
            f"{ratio:.0f} times ours"
        )
        closer = (
            next(
                (r for r in (1e-7, 1e-8, 1e-9, 1e-10) if error_of(ours(r, few)[:, keep]) <= off),
                None,
            )
            if off < error
            else None
        )
        if closer is not None:
            as_close = statistics.median(_seconds(lambda: ours(closer), repeats)) / patients
            ratio = statistics.median(taken) / as_close
            print(
                f"{'':40} we need {1e6 * as_close:.2f} us to come as close (rtol "
                f"{closer:g}); {ratio:.0f} times that"
            )

    some = antibody.of_members(slice(few))
    report(
        f"scipy {metadata.version('scipy')}, LSODA",
        lambda: problem.lsoda(parameters[:few], start[:few], some),
        few,
    )
    for particular, other in problem.diffrax.items():
        label = f"diffrax {metadata.version('diffrax')}, vmap, jit{particular}"
        report(label, lambda other=other: other(parameters, start, antibody), patients)  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--lsoda-patients", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--million", action="store_true", help="also show the growth to 10^6 simulations"
    )
    options = parser.parse_args()
    parameters, start = disease.load("alzheimer").draw_prior(options.patients, seed=1, age_years=75)
    antibody, few = dosing(options.patients), min(options.lsoda_patients, options.patients)
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"numpy {metadata.version('numpy')}"
    )
    print(f"{options.patients:,} patients x 5 years at rtol {RTOL:g}; LSODA on {few}; per course")
    peers = _diffrax() if util.find_spec("diffrax") else None
    if peers is None:
        print("diffrax is not installed: left out (pip install 'qtwin[peers]')")
    plain = Problem(
        name="untreated",
        dosing=None,
        marks=TIMES,
        lsoda=_lsoda_untreated,
        diffrax=peers[0] if peers else {},
    )
    ends = np.arange(DOSES + 1) * GAP_YEARS
    dosed = Problem(
        name="dosed every 14 days",
        dosing=antibody,
        marks=ends,
        lsoda=_lsoda_dosed,
        diffrax=peers[1] if peers else {},
    )
    for problem in (plain, dosed):
        _compare(problem, parameters, start, antibody, few=few, repeats=options.repeats)
    if options.million:
        _growth(parameters, start)


if __name__ == "__main__":
    main()
