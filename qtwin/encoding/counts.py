"""Anybody's measured bits, read with a named order of bits, and scored on a model and on the twin
behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

BitOrder = Literal["qiskit", "pennylane", "braket", "cirq", "first"]
"""Order of the characters of a bit string: Qiskit writes the last qubit first; the others, and
"first", the first one first.
"""
_SHOWN = 10


def read_counts(
    counts: Any, n: int, *, order: BitOrder | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Distinct assignments and how often each came.

    Args:
        counts: One of: bit string, tuple of bits, or (Qiskit alone) integer or "0x" string to its
            count; (m, n) bits, one row a shot; a list of bit strings, one a shot; a dimod SampleSet
            over the variables 0..n-1; `Samples` of a run; or a BitArray of Qiskit's samplers.
        n: Number of variables; variable i is qubit i.
        order: Order of the characters of a bit string. Arrays and tuples need none: column i is
            variable i.

    Returns:
        (k, n) uint8 bits and (k,) int64 counts.

    Raises:
        InputError: for another width, characters other than 0 and 1, counts that are no positive
            whole numbers, or bit strings without an order.
    """
    if hasattr(counts, "record") and hasattr(counts, "variables"):
        return _of_sampleset(counts, n)
    if hasattr(counts, "bits") and hasattr(counts, "counts"):
        if not len(counts.counts) or np.shape(counts.bits)[1] != n:
            raise InputError(
                f"expected samples of {n} bits, got shape {np.shape(counts.bits)}",
                hint=_width_hint(n),
            )
        return _distinct(
            np.asarray(counts.bits, dtype=np.uint8), np.asarray(counts.counts, dtype=np.int64)
        )
    if hasattr(counts, "get_counts"):  # a BitArray of Qiskit's samplers
        return read_counts(counts.get_counts(), n, order="qiskit")
    if isinstance(counts, Mapping):
        if not counts:
            raise InputError("expected counts, got none", hint="pass what was measured")
        rows = np.array([_row(key, n, order) for key in counts], dtype=np.uint8)
        return _distinct(rows, np.array([_count(c) for c in counts.values()], dtype=np.int64))
    if isinstance(counts, list | tuple) and counts and isinstance(counts[0], str):
        rows = np.array([_row(key, n, order) for key in counts], dtype=np.uint8)
        return _distinct(rows, np.ones(len(rows), dtype=np.int64))
    shots = np.atleast_2d(np.asarray(counts))
    if shots.dtype.kind not in "iub" or shots.ndim != 2 or shots.shape[1] != n or not len(shots):
        raise InputError(
            f"expected bits of shape (shots, {n}), got {shots.dtype} of shape {shots.shape}",
            hint=_width_hint(n),
        )
    if int(shots.min()) < 0 or int(shots.max()) > 1:
        raise InputError(
            "expected bits 0 and 1, got other values", hint="spins s become bits by x = (1 - s) / 2"
        )
    return _distinct(shots.astype(np.uint8), np.ones(len(shots), dtype=np.int64))


def _width_hint(n: int) -> str:
    return (
        f"the model has {n} variables, slack included: measure one qubit for each, see "
        "model.variables"
    )


def _row(key: Any, n: int, order: BitOrder | None) -> list[int]:
    if isinstance(key, str) and not key.lower().startswith("0x"):
        text = key.replace(" ", "")
        if order is None:
            raise InputError(
                "expected the order of the bits in a bit string, got none",
                hint='order="qiskit" where the last qubit is written first; "pennylane", '
                '"braket" or "first" otherwise',
            )
        if order not in get_args(BitOrder):
            raise InputError(
                f"unknown order of bits {order!r}", hint=f"known: {', '.join(get_args(BitOrder))}"
            )
        if len(text) != n or set(text) - {"0", "1"}:
            raise InputError(
                f"expected bit strings of {n} characters 0 and 1, got one of {len(text)}",
                hint=_width_hint(n),
            )
        bits = [int(c) for c in text]
        return bits[::-1] if order == "qiskit" else bits
    if isinstance(key, str | int | np.integer):
        if order != "qiskit":
            raise InputError(
                "expected bit strings, got integers",
                hint='order="qiskit" reads bit i of an integer as qubit i',
            )
        value = int(key, 16) if isinstance(key, str) else int(key)
        if not 0 <= value < 1 << n:
            raise InputError(
                f"expected integers of {n} bits, got a larger one", hint=_width_hint(n)
            )
        return [value >> i & 1 for i in range(n)]
    bits = list(key)
    if len(bits) != n or any(b not in (0, 1) for b in bits):
        raise InputError(
            f"expected {n} bits 0 and 1 in each assignment, got {len(bits)} values",
            hint=_width_hint(n),
        )
    return [int(b) for b in bits]


def _count(value: Any) -> int:
    if isinstance(value, bool) or not float(value).is_integer() or value < 1:
        raise InputError(
            "expected a positive whole number of counts",
            hint="probabilities are no counts: multiply them by the shots",
        )
    return int(value)


def _of_sampleset(sampleset: Any, n: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    names = list(sampleset.variables)
    if sorted(map(str, names)) != sorted(map(str, range(n))):
        raise InputError(
            f"expected a sample set over the variables 0..{n - 1}", hint="relabel its variables"
        )
    order = np.argsort([int(v) for v in names])
    sample = np.asarray(sampleset.record.sample)[:, order]
    if str(sampleset.vartype).endswith("SPIN"):
        sample = (1 + sample) // 2  # as in dimod
    return _distinct(
        sample.astype(np.uint8), np.asarray(sampleset.record.num_occurrences, dtype=np.int64)
    )


def _distinct(
    rows: NDArray[np.uint8], counts: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    kept, place = np.unique(rows, axis=0, return_inverse=True)
    total = np.zeros(len(kept), dtype=np.int64)
    np.add.at(total, place.ravel(), counts)
    return kept, total


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Measured assignments on a model, the lowest energy first, feasible before infeasible.

    Attributes:
        bits: (k, n) distinct assignments of the model's variables.
        counts: (k,) how often each was measured.
        energy: (k,) the model's energy, penalties included.
        feasible: (k,) whether the decoded choice keeps every constraint; None where the model does
            not know its constraints.
        decisions: (k, d) decoded choice: bit i for the model's option i.
        utility: (k,) QALY on the twin, NaN for infeasible choices; None for a model without a twin.
        options: (d,) names of the options.

    Example:
        >>> import qtwin as qt
        >>> model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
        >>> scored = model.evaluate([[1, 0], [0, 1], [0, 1]])
        >>> scored.shots, float(scored.energy[0]), scored.bits[0].tolist()
        (3, -1.5, [0, 1])
    """

    bits: NDArray[np.uint8]
    counts: NDArray[np.int64]
    energy: NDArray[np.float64]
    feasible: NDArray[np.bool_] | None
    decisions: NDArray[np.uint8]
    utility: NDArray[np.float64] | None
    options: tuple[str, ...]

    @property
    def shots(self) -> int:
        """Number of measurements."""
        return int(self.counts.sum())

    @property
    def feasible_share(self) -> float | None:
        """Share of the shots that is feasible; None where that is not known."""
        return (
            None if self.feasible is None else float(self.counts[self.feasible].sum()) / self.shots
        )

    @property
    def mean_energy(self) -> float:
        """Mean energy of a shot."""
        return float(np.average(self.energy, weights=self.counts))

    @property
    def best(self) -> int | None:
        """Row of the best answer: the highest utility on the twin, or the lowest energy, among the
        feasible; None without one.
        """
        rows = np.arange(len(self.bits)) if self.feasible is None else np.flatnonzero(self.feasible)
        if not len(rows):
            return None
        worth = -self.energy if self.utility is None else self.utility
        return int(rows[np.argmax(worth[rows])])

    def chosen(self, row: int) -> tuple[str, ...]:
        """Names of the options that an assignment takes."""
        return tuple(self.options[i] for i in np.flatnonzero(self.decisions[row]))

    def to_pandas(self) -> pd.DataFrame:
        """One row an assignment: options taken, counts, probability, energy, feasible, and
        utility_qaly where there is a twin.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            "chosen": [" + ".join(self.chosen(k)) or "nothing" for k in range(len(self.bits))],
            "counts": self.counts,
            "share": self.counts / self.shots,
            "energy": self.energy,
        }
        if self.feasible is not None:
            columns["feasible"] = self.feasible
        if self.utility is not None:
            columns["utility_qaly"] = self.utility
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        best = self.best
        share = self.feasible_share
        told = "nothing feasible" if best is None else " + ".join(self.chosen(best)) or "nothing"
        if best is not None and self.utility is not None:
            told += f", {self.utility[best]:.4f} QALY"
        feasible = "feasibility unknown" if share is None else f"{100 * share:.3g} % feasible"
        return (
            f"Scored({self.shots:,} shots, {len(self.bits):,} distinct, {feasible}; best: {told})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.to_pandas().head(_SHOWN).to_html(index=False)}"


def score_counts(model: BinaryModel, counts: Any, *, order: BitOrder | None = None) -> Scored:
    """Counts on a model, see `BinaryModel.evaluate`."""
    bits, times = read_counts(counts, model.polynomial.n_variables, order=order)
    energy = model.polynomial.evaluate(bits)
    feasible = model.is_feasible(bits) if model.constraints_known else None
    ordered = np.lexsort((energy, ~feasible if feasible is not None else np.zeros(len(bits))))
    bits, times, energy = bits[ordered], times[ordered], energy[ordered]
    feasible = None if feasible is None else feasible[ordered]
    decisions = model.decode(bits)
    utility = None
    if model.problem is not None and feasible is not None:
        utility = np.full(len(bits), np.nan)
        kept, place = np.unique(decisions[feasible], axis=0, return_inverse=True)
        if len(kept):
            utility[feasible] = model.problem.objective(kept)[place.ravel()]
    if model.problem is not None:
        options = (
            tuple(o.label for o in getattr(model.problem, "options", ()))
            or model.variables[: model.n_decision]
        )
    else:
        options = model.options
    return Scored(
        bits=bits,
        counts=times,
        energy=energy,
        feasible=feasible,
        decisions=decisions,
        utility=utility,
        options=options,
    )
