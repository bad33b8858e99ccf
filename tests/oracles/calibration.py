"""Is a regimen that is said to be the best with probability p the best with frequency p?

Every number of the model gets a true value from what is believed of it; a new study of each, as
wide as the belief, and a second reading at every visit of the patient are drawn from the truth;
what is believed is refitted to them; and what the refitted twin says is held against the regimen
that is the best under the truth.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from qtwin.patient.person import Patient
from qtwin.patient.record import read_record
from qtwin.pharmacology.ignorance import CLASS_SHARE, Ignorance
from qtwin.problem.decision import tally
from qtwin.problem.regimen import RegimenProblem, pose
from qtwin.twin.assimilate import Observation, Posterior, predict, update
from qtwin.twin.build import build_twin, person_of_twin
from qtwin.twin.twin import Twin, kind_weights
from tests.oracles.people import reference_doses

DATA = Path(__file__).parents[2] / "experiments" / "data"
TRUTHS, DRAWS = 200, 512
NAMES = ("donepezil", "galantamine", "lecanemab", "sertraline", "mirtazapine", "metoprolol")
EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.0)


def _stream(name: str, *seed: int) -> np.random.Generator:
    return np.random.default_rng(
        [*seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")]
    )


@dataclass(kw_only=True)
class _World(Ignorance):
    """Latent scores of a number and of its class, each standard normal a priori; `_latent` says
    what is known of one.
    """

    truth: int
    n: int = 1

    def _latent(self, name: str) -> NDArray[np.float64]:
        return np.array([_stream(name, self.truth, 1).standard_normal()])

    def scores(self, key: str, shared: str) -> NDArray[np.float64]:
        own = self._latent(key)
        if not shared:
            return own
        return np.asarray(
            np.sqrt(CLASS_SHARE) * self._latent(f"class {shared}")
            + np.sqrt(1.0 - CLASS_SHARE) * own
        )


@dataclass(kw_only=True)
class _Refitted(_World):
    """After one study of each latent score with error of spread 1: posterior mean half of its
    result, variance 1/2.
    """

    n: int = DRAWS

    def _latent(self, name: str) -> NDArray[np.float64]:
        study = super()._latent(name)[0] + _stream(name, self.truth, 2).standard_normal()
        half = _stream(name, self.truth, 3).standard_normal(self.n // 2)
        return np.asarray(0.5 * study + np.sqrt(0.5) * np.concatenate([half, -half]))


def _only(posterior: Posterior, row: int, copies: int) -> Posterior:
    """The posterior of somebody who knows that this member is the truth."""
    rows = np.full(copies, row)
    kept = {
        name: getattr(posterior, name)[rows]
        for name in ("latent", "parameters", "state_first", "state_now")
    }
    return replace(posterior, **kept, weights=np.full(copies, 1.0 / copies))


def _read_again(twin: Twin, truth: Posterior, rng: np.random.Generator) -> tuple[Observation, ...]:
    """A second reading of every visit, with the error of the first."""
    found = []
    for o in truth.observations:
        expected = float(predict(twin.model, truth, o.biomarker, np.array([o.time_years]))[0, 0])
        spec = twin.model.observables[o.biomarker]
        noise = (o.error or spec.error) * rng.standard_normal()
        value = expected * float(np.exp(noise)) if spec.scale == "log" else expected + noise
        found.append(replace(o, value=min(value, 30.0) if o.biomarker == "mmse" else value))
    return tuple(found)


def _problem(twin: Twin, patient: Patient, posterior: Posterior) -> RegimenProblem:
    person = person_of_twin(patient, twin.model, posterior, beta1_gain=1.0)
    return pose(
        replace(twin, posterior=posterior, person=person),
        reference_doses(*NAMES),
        needs=(),
        max_drugs=6,
        horizon_years=1.5,
        kind_weights=kind_weights(),
    )


def _regimens() -> NDArray[np.uint8]:
    """At most one cholinesterase inhibitor and one antidepressant."""
    rows = np.array(list(itertools.product((0, 1), repeat=len(NAMES))), dtype=np.uint8)
    return rows[(rows[:, 0] + rows[:, 1] < 2) & (rows[:, 3] + rows[:, 4] < 2)]


def _stated_and_true(
    twin: Twin, patient: Patient, bits: NDArray[np.uint8], truth: int
) -> tuple[NDArray[np.float64], int]:
    """(k,) stated probabilities of being the best, and the row that is."""
    rng = np.random.default_rng([truth, 4])
    true = _only(twin.posterior, int(rng.integers(twin.n_members)), 8)
    best = int(
        np.argmax(_problem(twin, patient, true).under(_World(truth=truth)).by_draw(bits)[:, 0])
    )
    known = update(
        twin.model,
        twin.posterior,
        _read_again(twin, true, rng),
        age_years=patient.age_years,
        apoe_e4_copies=patient.apoe_e4_copies,
        seed=truth,
    )
    found = tally(_problem(twin, patient, known).under(_Refitted(truth=truth)), bits)
    return np.bincount(found.winner, minlength=len(bits)) / DRAWS, best


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What was stated and what was true.

    Attributes:
        stated: (t, k) stated probability that each of k regimens is the best, for t truths.
        best: (t,) the regimen that is the best under each truth.
    """

    stated: NDArray[np.float64]
    best: NDArray[np.int64]

    @property
    def is_best(self) -> NDArray[np.float64]:
        """(t, k) 1 for the best regimen under each truth."""
        return np.asarray(np.arange(self.stated.shape[1]) == self.best[:, None], dtype=np.float64)

    def bins(self) -> list[Bin]:
        """The regimens by stated probability, `EDGES`; empty bins are left out."""
        where, found = np.digitize(self.stated, EDGES[1:-1], right=True), []
        for b, (low, high) in enumerate(itertools.pairwise(EDGES)):
            inside = where == b
            if not inside.any():
                continue
            # of one truth at most one regimen of a bin is the best
            q = (self.stated * inside).sum(axis=1)
            found.append(
                Bin(
                    low=low,
                    high=high,
                    regimens=int(inside.sum()),
                    expected=float(q.sum()),
                    variance=float((q * (1.0 - q)).sum()),
                    found=int((self.is_best * inside).sum()),
                )
            )
        return found

    def most_probable(self) -> tuple[float, int, float]:
        """Of the most probable regimen under each truth: expected number of hits, found, and the
        score of their difference.
        """
        p = self.stated.max(axis=1)
        hits = int(self.is_best[np.arange(len(p)), self.stated.argmax(axis=1)].sum())
        return float(p.sum()), hits, float((hits - p.sum()) / np.sqrt((p * (1.0 - p)).sum()))


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Regimens of a stated probability in (low, high]: how many, how many of them should be the
    best, and how many are.
    """

    low: float
    high: float
    regimens: int
    expected: float
    variance: float
    found: int

    @property
    def stated(self) -> float:
        """Mean stated probability."""
        return self.expected / self.regimens

    @property
    def frequency(self) -> float:
        """Share that is the best."""
        return self.found / self.regimens

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Exact binomial interval of the frequency (Clopper and Pearson 1934)."""
        tail, n, k = (1.0 - level) / 2.0, self.regimens, self.found
        low = float(beta.ppf(tail, k, n - k + 1)) if k else 0.0
        return low, float(beta.ppf(1.0 - tail, k + 1, n - k)) if k < n else 1.0


def calibrate(truths: int = TRUTHS) -> Calibration:
    """State the probabilities and find the best, so many times; about a second each."""
    patient = read_record(DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json")
    twin = build_twin(patient, (), disease_model="alzheimer", n_members=8 * DRAWS, seed=11)
    bits = _regimens()
    stated, best = zip(
        *(_stated_and_true(twin, patient, bits, truth) for truth in range(truths)), strict=True
    )
    return Calibration(stated=np.array(stated), best=np.array(best))
