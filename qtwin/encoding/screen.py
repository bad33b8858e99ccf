"""A combination screen as choices of exactly k drugs, one a context, and what replicate noise
leaves open about them.

Two objectives, both exactly quadratic:

mean        q(S) = mean over S of the single effects + mean over the pairs of S of their synergies,
            in the unit of the table.
log-linear  q(S) = -log g(S), log g(S) = sum_i x_i log g_i + sum_{i<j} x_i x_j log(g_ij / (g_i
            g_j)), the pairs' closure of Kirkwood (1935, J Chem Phys 3:300) for drugs as in Tendler,
            Zimmer, Mayo, Alon 2019 (Noise-precision tradeoff in predicting combinations of
            mutations and drugs, PLoS Comput Biol 15:e1006956); g is growth relative to no drug.

Tables hold effects in percent of full effect, g_i = 1 - effect_i / full effect, and synergies as
excess effect over a reference. The growth of a pair is taken as g_i g_j - synergy / full effect,
which is exact where the reference is Bliss independence and an approximation where it is Loewe
additivity. Growth is clipped at a floor, since nothing grows by less than can be measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qtwin.encoding.fixed_size import encode_fixed_size
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InfeasibleError, InputError, unknown_name
from qtwin.problem.fixed_size import Array, FixedSize
from qtwin.problem.screen.screen import Screen

Objective = Literal["mean", "log-linear"]
FLOOR = 0.01
"""Growth below which log growth is not followed: one hundredth of the growth without drugs."""


@dataclass(frozen=True, kw_only=True)
class Draws:
    """Coefficients as they may be: one row a draw.

    Attributes:
        linear: (d, n).
        pairs: (d, n, n) symmetric; 0 on the diagonal and at forbidden pairs.
        noise_sd: Standard deviation of one pair measurement that was assumed, unit of the table.
        reliability: Share of the variance of the measured synergies that is not noise.
    """

    linear: Array
    pairs: Array
    noise_sd: float
    reliability: float


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Relative growth in one context.

    Attributes:
        single: (..., n) under each drug alone.
        pair: (..., n, n) under each pair; 1 on the diagonal and at forbidden pairs, where it is not
            used.
        clipped: How many measured singles and pairs were raised to the floor.
    """

    single: Array
    pair: Array
    clipped: int


def instance(
    data: Screen,
    context: int,
    *,
    size: int,
    objective: str = "mean",
    full_effect: float = 100.0,
    floor: float = FLOOR,
) -> FixedSize:
    """The choice of exactly `size` drugs in one context; pairs that were not measured there are
    forbidden.

    Args:
        data: Singles and pairs.
        context: Its index.
        size: Number of drugs.
        objective: mean or log-linear.
        full_effect: Effect at which nothing grows (log-linear only).
        floor: Least growth that is told apart from none (log-linear only).

    Raises:
        InputError: for an unknown objective or a size outside 1..n.
    """
    linear, pairs = _coefficients(
        data, context, data.synergy[context], size, objective, full_effect, floor
    )
    return FixedSize(
        names=data.drugs,
        size=size,
        linear=linear,
        pairs=pairs,
        forbidden=data.forbidden(context),
        unit="−log growth" if objective == "log-linear" else "unit of the table",
    )


def encode_screen(
    choice: FixedSize, known: tuple[int, ...], *, margin: float = 0.05
) -> BinaryModel:
    """The choice with native constraints and penalties of a weight that is proven to suffice.

    Args:
        choice: From `instance`.
        known: A permitted set, such as greedy's; the better it is, the smaller the weight.
        margin: By how much the weight exceeds the proven bound, relative.

    Raises:
        InputError: if `known` is not permitted.
    """
    return encode_fixed_size(choice, known, margin=margin)


def screen_model(
    data: Screen,
    context: int,
    *,
    size: int,
    objective: str = "mean",
    full_effect: float = 100.0,
    floor: float = FLOOR,
    margin: float = 0.05,
) -> BinaryModel:
    """The choice in one context as a model; the weight of its penalties comes from the set that
    greedy finds.

    Args:
        data: Singles and pairs.
        context: Its index.
        size: As in `instance`.
        objective: As in `instance`.
        full_effect: As in `instance`.
        floor: As in `instance`.
        margin: As in `encode_screen`.

    Raises:
        InputError: as `instance`.
        InfeasibleError: where no permitted set is found.
    """
    choice = instance(
        data, context, size=size, objective=objective, full_effect=full_effect, floor=floor
    )
    return encode_screen(
        choice, permitted_set(choice, np.random.default_rng(context)), margin=margin
    )


def permitted_set(choice: FixedSize, rng: np.random.Generator) -> tuple[int, ...]:
    """A permitted set: drugs by their gain, and in random orders where that ends too early.

    Raises:
        InfeasibleError: where none is found in a thousand orders.
    """
    for attempt in range(1000):
        chosen: list[int] = []
        gain = choice.linear + (
            rng.normal(scale=np.ptp(choice.linear) + 1.0, size=choice.n) if attempt else 0.0
        )
        free = np.ones(choice.n, dtype=np.bool_)
        while len(chosen) < choice.size and free.any():
            i = int(np.argmax(np.where(free, gain, -np.inf)))
            chosen.append(i)
            gain = gain + choice.pairs[i]
            free &= ~choice.forbidden[i]
            free[i] = False
        if len(chosen) == choice.size:
            return tuple(sorted(chosen))
    raise InfeasibleError(
        f"no {choice.size} of {choice.n} drugs without a forbidden pair were found",
        hint="take a smaller size or more drugs",
    )


def posterior_draws(
    data: Screen,
    context: int,
    *,
    size: int,
    noise_sd: float,
    n_draws: int,
    seed: int,
    objective: str = "mean",
    full_effect: float = 100.0,
    floor: float = FLOOR,
) -> Draws:
    """Coefficients drawn from what the measurements leave open.

    A true synergy is normal around the mean m of all measured ones with variance t^2 = signal^2 -
    noise^2 (empirical Bayes), and the mean of r measurements y is normal around it with variance
    noise^2 / r, so it is drawn from

        N(m + w (y - m), w noise^2 / r),  w = t^2 / (t^2 + noise^2 / r).

    Single effects are taken as measured: the tables hold no independent repeats of them.

    Args:
        data: Singles and pairs.
        context: Its index.
        size: Number of drugs (the mean's coefficients depend on it).
        noise_sd: Standard deviation of one pair measurement, unit of the table.
        n_draws: Number of draws.
        seed: Of the generator; the context's index is mixed in.
        objective: As in `instance`.
        full_effect: As in `instance`.
        floor: As in `instance`.

    Raises:
        InputError: for a noise that is not positive or no draws.
    """
    if not (noise_sd > 0.0 and np.isfinite(noise_sd)):
        raise InputError(
            f"expected a noise that is a positive standard deviation, got {noise_sd}",
            hint="in the unit of the synergy",
        )
    if n_draws < 1:
        raise InputError(f"expected at least 1 draw, got {n_draws}", hint="take 1000")
    measured = data.synergy[context]
    center, spread = float(np.nanmean(data.synergy)), max(data.signal_sd**2 - noise_sd**2, 0.0)
    variance = noise_sd**2 / np.maximum(data.repeats[context], 1)
    weight = spread / (spread + variance)
    rng = np.random.default_rng([seed, context])
    mean, sd = center + weight * (measured - center), np.sqrt(weight * variance)
    synergy = mean + sd * rng.standard_normal((n_draws, measured.size))
    linear, pairs = _coefficients(data, context, synergy, size, objective, full_effect, floor)
    return Draws(
        linear=np.broadcast_to(linear, (n_draws, data.n)),
        pairs=pairs,
        noise_sd=noise_sd,
        reliability=data.reliability(noise_sd),
    )


def growth(
    data: Screen, context: int, synergy: Array, *, full_effect: float = 100.0, floor: float = FLOOR
) -> Growth:
    """Relative growth under singles and pairs, clipped at the floor.

    Args:
        data: Singles and pairs.
        context: Its index.
        synergy: (..., p) excess effects of the pairs, NaN where forbidden.
        full_effect: Effect at which nothing grows.
        floor: Least growth.

    Raises:
        InputError: for a floor outside (0, 1), or effects that cannot be in the unit of
            `full_effect`.
    """
    if not 0.0 < floor < 1.0:
        raise InputError(f"expected a growth floor between 0 and 1, got {floor}", hint="take 0.01")
    largest = float(np.abs(data.singles).max())
    if not full_effect > 0.0 or largest < 0.02 * full_effect:
        raise InputError(
            f"the largest single effect is {largest:.3g} of a full effect of {full_effect:g}",
            hint="state the full effect of the table: 100 for percent, 1 for fractions",
        )
    raw = 1.0 - data.singles[context] / full_effect
    alone = np.maximum(raw, floor)
    product = alone[:, None] * alone[None, :]
    together = product - data.matrix(synergy) / full_effect
    known = ~np.isnan(together)
    known[..., range(data.n), range(data.n)] = False
    clipped = int((raw < floor).sum()) + int((np.where(known, together, 1.0) < floor).sum()) // 2
    return Growth(
        single=alone, pair=np.where(known, np.maximum(together, floor), 1.0), clipped=clipped
    )


def _coefficients(
    data: Screen,
    context: int,
    synergy: Array,
    size: int,
    objective: str,
    full_effect: float,
    floor: float,
) -> tuple[Array, Array]:
    """(n,) and (..., n, n) coefficients for (..., p) synergies."""
    if objective not in get_args(Objective):
        raise unknown_name("objective", objective, get_args(Objective))
    if not 1 <= size <= data.n:
        raise InputError(f"expected a size of 1 to {data.n}, got {size}", hint="change the size")
    if objective == "mean":
        pairs = data.matrix(synergy) / max(size * (size - 1) / 2, 1)
        return data.singles[context] / size, np.nan_to_num(pairs, nan=0.0)
    grown = growth(data, context, synergy, full_effect=full_effect, floor=floor)
    used: NDArray[np.bool_] = ~np.isnan(data.matrix(synergy))
    used[..., range(data.n), range(data.n)] = False
    alone = np.log(grown.single)
    # summed first, so that it stays symmetric
    excess = np.log(grown.pair) - (alone[:, None] + alone[None, :])
    return -alone, np.where(used, -excess, 0.0)
