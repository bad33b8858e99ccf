"""TenCirChem's UCCSD on integrals from a file, in its own interpreter (its pins are old); prints
one line of JSON.

    PYTHON benchmarks/fermions_tencirchem.py INTEGRALS.npz {jax,numpy}

`bench_fermions.py` calls it. All excitations, angles zero at the start, L-BFGS-B as in its
`kernel`; compiled before the clock runs.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np


class Reached(Exception):  # noqa: N818 - carries the search out of the optimiser
    pass


def main() -> None:
    import tencirchem
    from scipy.optimize import minimize

    data, backend = np.load(sys.argv[1]), sys.argv[2]
    tencirchem.set_backend(backend)
    began = time.perf_counter()
    options = {"pick_ex2": False, "sort_ex2": False, "run_ccsd": False, "run_fci": False}
    solver = tencirchem.UCCSD.from_integral(
        data["h1"], data["h2"], int(data["electrons"]), float(data["core"]), **options
    )
    setup_s = time.perf_counter() - began
    start = np.zeros(solver.n_params)
    began = time.perf_counter()
    for _ in range(2):
        solver.energy_and_grad(start)
    compile_s = time.perf_counter() - began
    evaluation = []
    for _ in range(7):
        mark = time.perf_counter()
        solver.energy_and_grad(start + 0.01)
        evaluation.append(time.perf_counter() - mark)
    times, error = [], np.inf
    for _ in range(3):
        began = time.perf_counter()
        count, error = 0, np.inf

        def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
            nonlocal count, error
            value, gradient = solver.energy_and_grad(theta)
            count, error = count + 1, min(error, float(value) - float(data["exact"]))
            if error <= float(data["accuracy"]):
                raise Reached
            return float(value), np.asarray(gradient, dtype=np.float64)

        try:
            minimize(objective, start, jac=True, method="L-BFGS-B")
            reached = False
        except Reached:
            reached = True
        times.append(time.perf_counter() - began)
    print(
        json.dumps(
            {
                "version": version("tencirchem"),
                "parameters": solver.n_params,
                "setup_s": setup_s + compile_s,
                "evaluation_s": min(evaluation),
                "seconds": min(times),
                "reached": reached,
                "left_hartree": error,
                "evaluations": count,
            }
        )
    )


if __name__ == "__main__":
    main()
