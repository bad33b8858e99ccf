"""FALQON: the mixer's angle of each layer is fed back from a measurement of the one before, nothing
is trained.

    |psi_k+1> = exp(-i dt b_k B) exp(-i dt C) |psi_k>,
    b_k+1 = -<psi_k| i [B, C] |psi_k>,  B = sum_i X_i

lowers <C> at every step for a small dt (Magann, Rudinger, Grace, Sarovar 2022, PRL 129:250502). A
published variant for drug combinations (arXiv:2601.18082) puts a step of imaginary time, which no
circuit performs, between the layers; `imaginary_time` has it, and the same without any quantum step
beside it, because that filter alone explains most of the gain.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.solver.base import Instance, Result, Solver, SolverInfo
from qtwin.solver.variational import resources
from qtwin.solver.variational.circuit import (
    ansatz,
    answered,
    check_positive,
    check_width,
    cost_scale,
    drawn,
)
from qtwin.solver.variational.pauli_strings import flip_sum, turn_x, uniform

MAX_QUBITS = 16
Floats = NDArray[np.float64]


@final
class FALQON(Solver):
    """Feedback layers on the exact state vector.

    Args:
        steps: Layers.
        dt: Time step, for the energy in `unit`.
        gain: What the measured feedback is multiplied by; 1 as in the paper.
        unit: "field": the energy divided by the root mean square field of a qubit (as in QAOA
            here); "energy": as it is.
        imaginary_time: "none"; "alternate": a step exp(-dt C) after every second layer, which is
            not unitary; "only": nothing else, a classical filter on all 2^n states.
        shots: Measurements of the final state.
    """

    def __init__(
        self,
        *,
        steps: int = 400,
        dt: float = 0.05,
        gain: float = 1.0,
        unit: Literal["field", "energy"] = "field",
        imaginary_time: Literal["none", "alternate", "only"] = "none",
        shots: int = 4096,
    ) -> None:
        check_positive(steps=steps, dt=dt, gain=gain, shots=shots)
        self.gain, self.unit = gain, unit
        self.steps, self.dt, self.imaginary_time, self.shots = steps, dt, imaginary_time, shots

    @classmethod
    def card(cls) -> SolverInfo:
        return SolverInfo(
            name="falqon",
            summary="feedback-based layers, no training; optionally with the imaginary-time steps "
            "of a published variant",
            kind="quantum",
            guarantee="<C> never rises for a small step",
            citation="Magann et al. 2022, PRL 129:250502",
            max_variables=MAX_QUBITS,
        )

    def solve(self, instance: Instance, *, seed: int, time_limit_s: float | None = None) -> Result:
        check_width(instance, MAX_QUBITS, "falqon")
        started = time.perf_counter()
        polynomial = instance.encoding.polynomial
        values = polynomial.values()
        mean = float(values.mean())
        scale = cost_scale(polynomial) if self.unit == "field" else 1.0
        energies = (values - mean) / scale
        state = uniform(polynomial.n_variables)
        phase, damp = (
            np.exp(-1j * self.dt * energies),
            np.exp(-self.dt * (energies - energies.min())),
        )
        feedback, course, betas, complete = 0.0, [], [], True
        for k in range(self.steps):
            if k and time_limit_s is not None and time.perf_counter() - started > time_limit_s:
                complete = False
                break
            if self.imaginary_time != "only":
                state *= phase
                turn_x(state, self.dt * feedback)
                betas.append(feedback)
            if self.imaginary_time == "only" or (self.imaginary_time == "alternate" and k % 2):
                state *= damp
                state /= np.linalg.norm(state)
            course.append(float(energies @ np.abs(state) ** 2))
            # <i [B, C]> = -2 Im <B psi | C psi>
            feedback = 2.0 * self.gain * float(np.vdot(flip_sum(state), energies * state).imag)
        probability = np.abs(state) ** 2
        result = answered(
            "falqon",
            instance.encoding,
            drawn(probability, self.shots, seed),
            backend="",
            evaluations=len(course),
            training_shots=0,
            complete=complete,
            wall_s={"simulating": time.perf_counter() - started},
            seed=seed,
            info={
                "steps": len(course),
                "dt": self.dt,
                "gain": self.gain,
                "unit": self.unit,
                "imaginary_time": self.imaginary_time,
                "is_quantum": self.imaginary_time == "none",
                "expectation_exact": course[-1] * scale + mean,
                "probability_of_minimum": float(probability[values <= values.min() + 1e-9].sum()),
                "mean_energy_course": [
                    course[int(j)] * scale + mean for j in np.linspace(0, len(course) - 1, 50)
                ],
                "resources": resources.of_depth(
                    partial(ansatz, polynomial),
                    len(course),
                    shots=self.shots,
                    evaluations=len(course),
                )
                if self.imaginary_time == "none"
                else None,
                "largest_feedback": float(np.max(np.abs(betas), initial=0.0)),
            },
        )
        return result
