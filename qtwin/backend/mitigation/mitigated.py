"""Any noisy backend, its expectation values mitigated; samples stay as they were measured."""

from __future__ import annotations

from typing import Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Noisy,
    Samples,
    check_observable,
    check_shots,
    in_basis,
    shared,
)
from qtwin.backend.mitigation.extrapolation import (
    Extrapolation,
    Readout,
    check_factors,
    extrapolated,
    weights,
)
from qtwin.backend.mitigation.symmetry import Symmetry, Verified, verified
from qtwin.encoding.pauli import Grouping, PauliSum
from qtwin.errors import InputError

Floats = NDArray[np.float64]


@final
class Mitigated(Backend):
    """A backend around a backend.

    Args:
        backend: What runs; it must be able to calibrate and to amplify its noise
            (`qtwin.backend.base.Noisy`).
        readout: "m3" removes readout errors, measured by two further circuits for each ansatz.
        zne: Noise factors for zero-noise extrapolation, such as (1, 3, 5); the shots are shared
            among them.
        extrapolation: The fit; the exponential one decays to 0.
        symmetries: Z strings of known sign, such as "-Z0 Z1"; shots of the other sign are dropped
            where they can be seen.
        grouping: How strings share shots; symmetries can be seen in more groups of "general" ones,
            at more gates.
        calibration_shots: For each of the two calibration circuits.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        readout: Literal["none", "m3"] = "none",
        zne: tuple[int, ...] = (),
        extrapolation: Extrapolation = "linear",
        symmetries: tuple[str, ...] = (),
        grouping: Grouping = "qubit-wise",
        calibration_shots: int = 8192,
    ) -> None:
        if not isinstance(backend, Noisy):
            name = backend.capabilities().name
            raise InputError(
                f"backend {name!r} cannot be mitigated: it neither calibrates nor amplifies noise",
                hint='"fake:fez"',
            )
        if zne:
            check_factors(zne, extrapolation)
        check_shots(calibration_shots)
        self._backend, self._noisy = backend, backend
        self._readout, self._zne, self._extrapolation = readout, zne or (1,), extrapolation
        self._symmetries, self._grouping = tuple(Symmetry.read(s) for s in symmetries), grouping
        self._calibration_shots = calibration_shots
        self.shots_spent = 0

    def capabilities(self) -> Capabilities:
        inner = self._backend.capabilities()
        used = (
            [self._readout] * (self._readout != "none")
            + ["zne"] * (len(self._zne) > 1)
            + ["symmetry"] * bool(self._symmetries)
        )
        return Capabilities(
            name=f"{inner.name}+{'+'.join(used)}" if used else inner.name,
            summary=f"{inner.summary}; expectations mitigated by {', '.join(used) or 'nothing'}",
            max_qubits=inner.max_qubits,
            exact=False,
            vendor=inner.vendor,
            versions=inner.versions,
        )

    def sample(self, ansatz: Ansatz, theta: Floats, *, shots: int, seed: int) -> Samples:
        return self._backend.sample(ansatz, theta, shots=shots, seed=seed)

    def expectation(
        self,
        ansatz: Ansatz,
        theta: Floats,
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        """From `shots` shots over all groups and noise factors; calibration shots come on top and
        `shots_spent` counts all.
        """
        check_observable(ansatz, observable)
        if shots is None:
            return self._backend.expectation(ansatz, theta, observable)
        check_shots(shots)
        found = verified(observable, self._grouping, self._symmetries)
        least = 2 * max(1, len(found)) * len(self._zne)
        if shots < least:
            raise InputError(
                f"expected at least {least} shots for {len(found)} groups at "
                f"{len(self._zne)} noise factors, got {shots}",
                hint="take more shots",
            )
        constant = float(observable.coefficients[~(observable.x | observable.z).any(axis=1)].sum())
        if not found:
            return Estimate(value=constant, standard_error=0.0)
        rng = np.random.default_rng(seed)
        share = shared(shots, np.ones(len(self._zne)), least=2 * len(found))
        sizes = np.array([float(np.linalg.norm(v.group.diagonal.coefficients)) for v in found])
        estimates = [Estimate(value=constant, standard_error=0.0) for _ in self._zne]
        for v, portions in zip(
            found, np.array([shared(int(s), sizes) for s in share]).T, strict=True
        ):
            turned, angles = in_basis(ansatz, theta, v.group)
            readout = self._calibrated(turned, int(rng.integers(2**62)))
            for k, (factor, m) in enumerate(zip(self._zne, portions, strict=True)):
                samples = self._noisy.sample_amplified(
                    turned, angles, shots=int(m), seed=int(rng.integers(2**62)), factor=factor
                )
                self.shots_spent += int(m)
                mean, variance = _mean(samples, v, readout)
                before = estimates[k]
                estimates[k] = Estimate(
                    value=before.value + mean,
                    standard_error=float(np.sqrt(before.standard_error**2 + variance)),
                )
        return (
            estimates[0]
            if len(self._zne) == 1
            else extrapolated(self._zne, estimates, self._extrapolation)
        )

    def _calibrated(self, ansatz: Ansatz, seed: int) -> Readout | None:
        if self._readout == "none":
            return None
        self.shots_spent += 2 * self._calibration_shots
        return Readout.of(
            *self._noisy.calibration(ansatz, shots=self._calibration_shots, seed=seed)
        )


def _mean(samples: Samples, found: Verified, readout: Readout | None) -> tuple[float, float]:
    """Mean of a group over the shots that show its symmetries, and the variance of that mean.

    The mean is a ratio of two means that are linear in the shares of the counts; its variance is
    that of its influence function.

    Raises:
        InputError: when no shot is left.
    """
    z = found.group.diagonal.z.T.astype(np.int64)
    values = (
        1.0 - 2.0 * (samples.bits.astype(np.int64) @ z % 2)
    ) @ found.group.diagonal.coefficients
    passed = found.passes(samples.bits).astype(np.float64)
    if readout is not None:
        above, below = (weights(samples, readout, v) for v in (values * passed, passed))
    else:
        above, below = values * passed, passed
    shares = samples.counts / samples.shots
    total = float(shares @ below)
    if total <= 0.0:
        raise InputError(
            "no shot shows the symmetries", hint="check their signs, or take more shots"
        )
    mean = float(shares @ above) / total
    influence = (above - mean * below) / total
    variance = float(shares @ influence**2 - (shares @ influence) ** 2)
    return mean, max(variance, 0.0) / max(samples.shots - 1, 1)
