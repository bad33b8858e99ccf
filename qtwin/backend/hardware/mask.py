"""A circuit that says less about its question: variables permuted, bits flipped, coefficients
scaled, and jittered if asked.

Conjugating by X on a flipped qubit turns Z into -Z and Y into -Y and leaves |+> alone, so the
masked circuit gives the same distribution up to the permutation and the flips, which only this
machine knows. What still shows is how many variables there are, which pairs are coupled, and the
coefficients up to order, sign pattern and scale: a mask is no anonymisation.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import Ansatz, Layer, Samples, tally
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import ConsentError, InputError

_JITTER_UP_TO = 20


@dataclass(frozen=True, kw_only=True)
class Mask:
    """The local secret.

    Attributes:
        order: (n,) qubit of the masked circuit on which each variable sits.
        flips: (n,) whether each variable is sent as its complement.
    """

    order: tuple[int, ...]
    flips: tuple[bool, ...]

    @staticmethod
    def drawn(n: int, rng: np.random.Generator) -> Mask:
        """A random mask; `rng` must be seeded by the operating system, not by the experiment."""
        flips = rng.integers(2, size=n)
        return Mask(
            order=tuple(int(i) for i in rng.permutation(n)), flips=tuple(bool(f) for f in flips)
        )

    @staticmethod
    def none(n: int) -> Mask:
        """Everything in the open."""
        return Mask(order=tuple(range(n)), flips=(False,) * n)

    @staticmethod
    def from_plain(kept: Any) -> Mask:
        """From `plain`."""
        return Mask(
            order=tuple(int(i) for i in kept["order"]), flips=tuple(bool(f) for f in kept["flips"])
        )

    def plain(self) -> dict[str, list[int]]:
        """JSON-ready."""
        return {"order": list(self.order), "flips": [int(f) for f in self.flips]}

    def sum(self, observable: PauliSum, *, keep_order: bool = True) -> PauliSum:
        """The observable on the masked qubits; strings sorted, so that their order tells nothing,
        unless `keep_order`.
        """
        sign = 1.0 - 2.0 * (observable.z[:, list(self.flips)].sum(axis=1) % 2)
        place = np.argsort(self.order)
        x, z, c = observable.x[:, place], observable.z[:, place], observable.coefficients * sign
        rows = np.arange(len(c)) if keep_order else np.lexsort(np.concatenate([x, z], axis=1).T)
        return PauliSum(x=x[rows], z=z[rows], coefficients=c[rows])

    def ansatz(self, ansatz: Ansatz) -> Ansatz:
        """The circuit on the masked qubits."""
        made: list[tuple[PauliSum, PauliSum]] = []
        layers = []
        for layer in ansatz.layers:
            known = [new for old, new in made if old is layer.generator]
            if not known:
                known = [self.sum(layer.generator, keep_order=False)]
                made.append((layer.generator, known[0]))
            layers.append(Layer(generator=known[0], parameter=layer.parameter))
        flipped = np.where(
            np.array(self.flips) & (ansatz.reference >= 0), 1 - ansatz.reference, ansatz.reference
        )
        return replace(
            ansatz, reference=flipped[np.argsort(self.order)].astype(np.int8), layers=tuple(layers)
        )

    def bits(self, masked: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(..., n) measured bits as values of the variables."""
        found = masked[..., list(self.order)] ^ np.array(self.flips, dtype=np.uint8)
        return np.asarray(found, dtype=np.uint8)

    def samples(self, masked: NDArray[np.uint8]) -> Samples:
        """(shots, n) measured bits of one parameter set as samples of the variables."""
        return tally(self.bits(masked))


def scaled(ansatz: Ansatz) -> tuple[Ansatz, NDArray[np.float64]]:
    """The ansatz with its largest coefficient of each parameter at 1 and without identities, and
    the factors for theta.

    Returns:
        The ansatz, and (n_parameters,) factors: theta times factors gives the same rotations as
        before.
    """
    factors = np.ones(ansatz.n_parameters)
    kept: dict[int, PauliSum] = {}
    for layer in ansatz.layers:
        g = layer.generator
        if id(g) not in kept:
            acts = g.x.any(axis=1) | g.z.any(axis=1)
            kept[id(g)] = PauliSum(x=g.x[acts], z=g.z[acts], coefficients=g.coefficients[acts])
    for p in range(ansatz.n_parameters):
        largest = [
            np.abs(kept[id(a.generator)].coefficients).max(initial=0.0)
            for a in ansatz.layers
            if a.parameter == p
        ]
        factors[p] = max([x for x in largest if x > 0.0], default=1.0)
    done: dict[tuple[int, float], PauliSum] = {}
    layers = []
    for layer in ansatz.layers:
        g, f = kept[id(layer.generator)], float(factors[layer.parameter])
        if (id(g), f) not in done:
            done[id(g), f] = replace(g, coefficients=g.coefficients / f)
        if len(g.coefficients):
            layers.append(Layer(generator=done[id(g), f], parameter=layer.parameter))
    return replace(ansatz, layers=tuple(layers)), factors


def jittered(ansatz: Ansatz, fraction: float, rng: np.random.Generator) -> Ansatz:
    """The ansatz with its cost disturbed by less than what could change the solution.

    With g the gap between the lowest and the next energy of the cost, coefficients move by d_k with
    sum |d_k| = fraction g / 2, so no other assignment can overtake a lowest one. Samples are always
    judged by the true cost.

    Args:
        ansatz: With one diagonal cost, such as QAOA's.
        fraction: 0 for none, below 1.
        rng: Seeded by the operating system.

    Raises:
        InputError: for a fraction outside [0, 1), for another number of costs than one, or too many
            qubits to know the gap.
    """
    if not 0.0 <= fraction < 1.0:
        raise InputError(
            f"expected a jitter of 0 to below 1, got {fraction}", hint="0.5 is a common choice"
        )
    if fraction == 0.0:
        return ansatz
    costs = {id(a.generator): a.generator for a in ansatz.layers if a.generator.is_diagonal}
    if len(costs) != 1:
        raise InputError(
            f"expected one diagonal layer under a jitter, got {len(costs)}", hint="leave jitter out"
        )
    (cost,) = costs.values()
    if cost.n_qubits > _JITTER_UP_TO:
        raise InputError(
            f"expected at most {_JITTER_UP_TO} variables under a jitter, got {cost.n_qubits}",
            hint="leave jitter out",
        )
    energies = np.unique(_energies(cost))
    higher = energies[energies > energies[0] + 1e-9 * max(1.0, abs(energies[0]))]
    gap = float(higher[0] - energies[0]) if len(higher) else 0.0
    draw = rng.uniform(-1.0, 1.0, size=len(cost.coefficients))
    moved = draw / max(np.abs(draw).sum(), 1e-300) * fraction * gap / 2.0
    new = replace(cost, coefficients=cost.coefficients + moved)
    layers = tuple(replace(a, generator=new) if a.generator is cost else a for a in ansatz.layers)
    return replace(ansatz, layers=layers)


def _energies(cost: PauliSum) -> NDArray[np.float64]:
    """(2^n,) values of a diagonal sum, by a Walsh-Hadamard transform."""
    n = cost.n_qubits
    values = np.zeros(1 << n)
    np.add.at(values, cost.z.astype(np.int64) @ (1 << np.arange(n)), cost.coefficients)
    for i in range(n):
        halves = values.reshape(-1, 2, 1 << i)
        low, high = halves[:, 0].copy(), halves[:, 1].copy()
        halves[:, 0], halves[:, 1] = low + high, low - high
    return values


# The last look at a payload before it leaves: no identifier, no date and no genotype may be in it,
# packed or plain.

_SHORTEST = 4
_PATTERNS = {
    "a date": re.compile(
        r"(?<![\d.])(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"
    ),
    "a genotype": re.compile(
        r"\*\d{1,3}(?:x\d)?\s*/\s*\*\d{1,3}|(?<![A-Za-z0-9+/])CYP\d[A-Z]\d{1,2}(?![A-Za-z0-9+/])"
    ),
    "an rs number": re.compile(r"(?<![A-Za-z0-9+/])rs\d{4,}(?![A-Za-z0-9+/=])"),
}
"""What is refused whoever it belongs to; looked for in texts, not in packed numbers, where digits
fall as they may.
"""


def scan(payload: bytes, identifiers: Iterable[str]) -> int:
    """Refuse a payload that tells whom it is about.

    Args:
        payload: JSON, as it would be posted.
        identifiers: Texts that must not leave: pseudonym, genotypes, dates, names of drugs and of
            variables.

    Returns:
        How many texts, plain and unpacked, were looked at.

    Raises:
        ConsentError: naming what was found, but not its origin.
    """
    words = sorted({w.lower() for w in identifiers if len(w) >= _SHORTEST})
    count = 0
    for text, packed in texts(json.loads(payload)):
        count += 1
        lowered = text.lower()
        for word in words:
            if word in lowered:
                raise ConsentError(
                    "the job that would be sent holds an identifier of the record "
                    f"({len(word)} letters, {word[:2]}...)",
                    hint="this is a fault of qtwin, please report it; nothing was sent",
                )
        for what, pattern in () if packed else _PATTERNS.items():
            if pattern.search(text):
                raise ConsentError(
                    f"the job that would be sent holds {what}", hint="nothing was sent; report this"
                )
    return count


def texts(value: Any) -> Iterator[tuple[str, bool]]:
    """Every text of a JSON value, keys included, and whether it is unpacked from base64."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key), False
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value, False
        unpacked = _unpacked(value)
        if unpacked is not None:
            yield unpacked, True


def _unpacked(text: str) -> str | None:
    """Base64, compressed or not, as text; None for anything else."""
    if len(text) < 16:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    for unpack in (zlib.decompress, gzip.decompress):
        try:
            return unpack(raw).decode("latin-1")
        except (OSError, EOFError, zlib.error):
            continue
    return raw.decode("latin-1")
