"""IBM devices as they were on one day: snapshots with their coupling map, calibration and noise,
simulated by Qiskit Aer.

The ansatz is compiled for the whole device; circuit and target are then cut to the qubits in use,
which changes nothing about them and makes the simulation an order of magnitude quicker.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Samples,
    check_angles,
    check_observable,
    check_shots,
    sampled_expectation,
)
from qtwin.backend.compile import (
    Compiled,
    broadcast,
    broadcast_all,
    calibration_circuits,
    compact,
    compile_ansatz,
    cut,
    digest,
    fold,
    noisy_simulator,
    padded,
    snapshot,
    twirled,
    used,
    with_rzz,
)
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError, require_vendor

_WIDEST = 28
_KEPT = 32


@final
class FakeBackend(Backend):
    """A snapshot of an IBM device with its noise.

    The last compiled circuits stay in memory for the next call with an equal ansatz.

    Args:
        device: Short name: fez, marrakesh, torino, nighthawk, ...
        routing: "auto" takes the better of the swap network and Qiskit's preset pass manager.
        prefer: What better means: less two-qubit depth or fewer two-qubit gates.
        line: Where the circuit goes: the best qubits by calibration, or a typical line.
        fractional: Offer RZZ as a gate, with the errors of CZ (an assumption: snapshots do not list
            it); angle sets then run as one job each.
        twirls: Random Pauli twirls of the two-qubit gates among which the shots are shared; 0 for
            none.
        idle_noise: Schedule the circuit and let qubits decay while they wait.
        decoupling: Pulses during waits: none, X X, or X Y X Y; implies `idle_noise`.
        transpiler_seed: Of the preset pass manager and the typical line.
    """

    def __init__(
        self,
        *,
        device: str = "fez",
        routing: Literal["auto", "swap network", "preset"] = "auto",
        prefer: Literal["depth", "gates"] = "depth",
        line: Literal["best", "typical"] = "best",
        fractional: bool = False,
        twirls: int = 0,
        idle_noise: bool = False,
        decoupling: Literal["none", "XX", "XY4"] = "none",
        transpiler_seed: int = 0,
    ) -> None:
        require_vendor(
            "qiskit_ibm_runtime", package="qiskit-ibm-runtime", needed_by="backend 'fake'"
        )
        require_vendor("qiskit_aer", package="qiskit-aer", needed_by="backend 'fake'")
        if twirls < 0:
            raise InputError(f"expected 0 or more twirls, got {twirls}", hint="16 are usual")
        if fractional and twirls:
            raise InputError(
                "got twirls and fractional gates, which no Pauli twirl leaves as they are",
                hint="choose either",
            )
        found = snapshot(device)
        self._name = f"fake:{found.name.removeprefix('fake_')}"
        self._target = with_rzz(found.target) if fractional else found.target
        self._routing, self._prefer, self._line, self._seed = routing, prefer, line, transpiler_seed
        self._twirls, self._decoupling, self._idle = (
            twirls,
            decoupling,
            idle_noise or decoupling != "none",
        )
        self._known: dict[bytes, Compiled] = {}
        self._simulators: dict[tuple[int, ...], Any] = {}

    def capabilities(self) -> Capabilities:
        return Capabilities(
            name=self._name,
            summary=f"snapshot of IBM {self._name.removeprefix('fake:')}, "
            f"{self._target.num_qubits} "
            "qubits, with its noise",
            max_qubits=min(_WIDEST, self._target.num_qubits),
            exact=False,
            vendor="qiskit-ibm-runtime",
            versions={
                package: version(package)
                for package in ("qiskit", "qiskit-aer", "qiskit-ibm-runtime")
            },
        )

    def compiled(self, ansatz: Ansatz) -> Compiled:
        """The ansatz in the device's instructions, with free angles, and its two-qubit depth and
        gates.
        """
        key = digest(ansatz)
        if key not in self._known:
            most = self.capabilities().max_qubits
            if ansatz.n_qubits > most:
                raise InputError(
                    f"expected at most {most} qubits on {self._name}, got {ansatz.n_qubits}",
                    hint="take fewer variables",
                )
            found = compile_ansatz(
                ansatz,
                self._target,
                method=self._routing,
                prefer=self._prefer,
                choice=self._line,
                seed=self._seed,
            )
            _remember(self._known, key, found)
        return self._known[key]

    def sample(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int
    ) -> Samples:
        return self.sample_amplified(ansatz, theta, shots=shots, seed=seed, factor=1)

    def sample_many(
        self, ansatz: Ansatz, thetas: NDArray[np.float64], *, shots: int, seed: int
    ) -> list[Samples]:
        """As `qtwin.backend.base.Broadcasting` says: compiled once, one PUB (with fractional gates
        one a set).
        """
        return self._run(
            ansatz,
            np.array([check_angles(ansatz.n_parameters, t) for t in thetas]),
            shots=shots,
            seed=seed,
            factor=1,
        )

    def sample_amplified(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int, factor: int
    ) -> Samples:
        """As `qtwin.backend.base.Noisy` says."""
        return self._run(
            ansatz,
            check_angles(ansatz.n_parameters, theta)[None, :],
            shots=shots,
            seed=seed,
            factor=factor,
        )[0]

    def calibration(self, ansatz: Ansatz, *, shots: int, seed: int) -> tuple[Samples, Samples]:
        """As `qtwin.backend.base.Noisy` says."""
        check_shots(shots)
        circuit = self.compiled(ansatz).circuit
        at = used(circuit)
        sampler = self._sampler(at, seed)
        ready = [(compact(c, at), np.zeros((1, 0)), shots) for c in calibration_circuits(circuit)]
        (zeros,), (ones,) = broadcast_all(sampler, ready)
        return zeros, ones

    def expectation(
        self,
        ansatz: Ansatz,
        theta: NDArray[np.float64],
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        check_observable(ansatz, observable)
        if shots is None:
            raise InputError(
                f"expected shots, which {self._name} measures, got an expectation without shots",
                hint="give shots",
            )
        return sampled_expectation(self.sample, ansatz, theta, observable, shots=shots, seed=seed)

    def _run(
        self, ansatz: Ansatz, thetas: NDArray[np.float64], *, shots: int, seed: int, factor: int
    ) -> list[Samples]:
        check_shots(shots)
        found = self.compiled(ansatz)
        at = used(found.circuit)
        sampler = self._sampler(at, seed)
        if found.fractional:
            none = np.zeros((1, 0))
            return [
                broadcast(sampler, self._ready(found.bound(t), at, factor), none, shots=shots)[0]
                for t in thetas
            ]
        values = found.values(thetas)
        if not self._twirls:
            return broadcast(sampler, self._ready(found.circuit, at, factor), values, shots=shots)
        parts = np.full(self._twirls, shots // self._twirls)
        parts[: shots % self._twirls] += 1
        seeds = np.random.default_rng(seed).integers(2**31, size=self._twirls)
        circuits = [twirled(found.circuit, self._target, seed=int(s)) for s in seeds]
        ready = [self._ready(c, at, factor) for c in circuits]
        drawn = broadcast_all(
            sampler, [(c, values, int(m)) for c, m in zip(ready, parts, strict=True) if m]
        )
        return [merged(sets) for sets in zip(*drawn, strict=True)]

    def _ready(self, circuit: Any, at: tuple[int, ...], factor: int) -> Any:
        """Folded, cut to the qubits in use, and scheduled."""
        circuit = compact(fold(circuit, factor), at)
        return padded(circuit, cut(self._target, at), self._decoupling) if self._idle else circuit

    def _sampler(self, at: tuple[int, ...], seed: int) -> Any:
        from qiskit_aer.primitives import SamplerV2

        if at not in self._simulators:
            _remember(self._simulators, at, noisy_simulator(cut(self._target, at)))
        return SamplerV2.from_backend(self._simulators[at], seed=seed % 2**63)


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Add to a dictionary that holds at most `_KEPT` things, the oldest go."""
    known[key] = value
    while len(known) > _KEPT:
        del known[next(iter(known))]


def merged(parts: tuple[Samples, ...]) -> Samples:
    """The shots of several runs as one."""
    bits, place = np.unique(np.concatenate([p.bits for p in parts]), axis=0, return_inverse=True)
    counts = np.zeros(len(bits), dtype=np.int64)
    np.add.at(counts, place.reshape(-1), np.concatenate([p.counts for p in parts]))
    return Samples(bits=bits, counts=counts)
