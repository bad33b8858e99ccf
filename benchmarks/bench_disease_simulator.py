"""Untreated and treated courses of many patients over five years: our compiled integrator against scipy's LSODA and diffrax.

    python benchmarks/bench_disease_simulator.py [--patients 2000] [--peer-patients 200] [--repeats 5]

Peers run on fewer patients, one by one (scipy) or as one vmapped batch (diffrax, where it is installed); times are per course.
All run at the same relative tolerance and on the same machine; compilation is reported apart.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import metadata, util
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from qtwin.twin import disease
from qtwin.twin.simulate import integrate

Array = NDArray[np.float64]
RTOL, ATOL = 1e-6, 1e-8
TIMES = np.linspace(0.0, 5.0, 11)


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


def _lsoda(parameters: Array, start: Array, removal: Array) -> Array:
    out = np.empty((len(removal), len(start), len(TIMES), start.shape[1]))
    for r, m in np.ndindex(out.shape[:2]):
        p, u = parameters[m], removal[r, m]
        out[r, m] = solve_ivp(
            lambda t, y, p=p, u=u: _right_side(y, p, u, list), (0.0, 5.0), start[m], "LSODA", TIMES, rtol=RTOL, atol=ATOL
        ).y.T
    return out


def _diffrax() -> Callable[[Array, Array, Array], Array]:
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    jnp = jax.numpy
    term = diffrax.ODETerm(lambda t, y, args: _right_side(y, args[0], args[1], jnp.stack))

    def one(p: Any, y: Any, u: Any) -> Any:
        return diffrax.diffeqsolve(
            term,
            diffrax.Tsit5(),
            0.0,
            5.0,
            0.05,
            y,
            (p, u),
            saveat=diffrax.SaveAt(ts=TIMES),
            stepsize_controller=diffrax.PIDController(rtol=RTOL, atol=ATOL),
        ).ys

    batch = jax.jit(jax.vmap(jax.vmap(one, (0, 0, 0)), (None, None, 0)))
    return lambda parameters, start, removal: np.asarray(batch(parameters, start, removal))


def _seconds(run: Callable[[], object], repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--peer-patients", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    model = disease.load("alzheimer")
    parameters, start = model.draw_prior(options.patients, seed=1, age_years=75)
    removal = np.stack([np.zeros(options.patients), np.full(options.patients, 1.09)])
    few = min(options.peer_patients, options.patients)
    part = (parameters[:few], start[:few], removal[:, :few])
    began = time.perf_counter()
    integrate(model, parameters, start, removal, TIMES)
    first = time.perf_counter() - began
    ours = [t / removal.size for t in _seconds(lambda: integrate(model, parameters, start, removal, TIMES), options.repeats)]
    here = integrate(model, *part, TIMES)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, numpy {metadata.version('numpy')}")
    print(f"{options.patients} patients x 2 treatments x 5 years at rtol {RTOL:g}; peers on {few} patients")
    print(f"{'qtwin (Dormand-Prince 5(4), numba)':44} {_line(ours)} a course; first call {first:.2f} s")
    peers: list[tuple[str, Callable[[Array, Array, Array], Array]]] = [(f"scipy {metadata.version('scipy')}, LSODA", _lsoda)]
    if util.find_spec("diffrax"):
        peers.append((f"diffrax {metadata.version('diffrax')}, Tsit5, vmap", _diffrax()))
    else:
        print("diffrax is not installed: left out (pip install diffrax)")
    for name, solve in peers:
        began = time.perf_counter()
        np.testing.assert_allclose(solve(*part), here, rtol=2e-4)
        first = time.perf_counter() - began
        theirs = [t / part[2].size for t in _seconds(lambda solve=solve: solve(*part), max(options.repeats // 2, 1))]
        ratio = statistics.median(theirs) / statistics.median(ours)
        print(f"{name:44} {_line(theirs)} a course; first call {first:.2f} s; {ratio:.0f} times as long as qtwin")


def _line(seconds: list[float]) -> str:
    micro = sorted(1e6 * s for s in seconds)
    return f"{statistics.median(micro):10.2f} us ({micro[0]:.2f}-{micro[-1]:.2f})"


if __name__ == "__main__":
    main()
