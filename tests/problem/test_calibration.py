"""A regimen that is said to be the best with probability p is the best with frequency p.

Every number of the model gets a true value from what is believed of it; a new study of each, as wide as the belief, and a second
reading at every visit of the patient are drawn from the truth; what is believed is refitted to them; and what the refitted twin
says is held against the regimen that is the best under the truth.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

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
    return np.random.default_rng([*seed, int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")])


@dataclass(kw_only=True)
class _World(Ignorance):
    """Latent scores of a number and of its class, each standard normal a priori; `_latent` says what is known of one."""

    truth: int
    n: int = 1

    def _latent(self, name: str) -> NDArray[np.float64]:
        return np.array([_stream(name, self.truth, 1).standard_normal()])

    def scores(self, key: str, shared: str) -> NDArray[np.float64]:
        own = self._latent(key)
        if not shared:
            return own
        return np.asarray(np.sqrt(CLASS_SHARE) * self._latent(f"class {shared}") + np.sqrt(1.0 - CLASS_SHARE) * own)


@dataclass(kw_only=True)
class _Refitted(_World):
    """After one study of each latent score with error of spread 1: posterior mean half of its result, variance 1/2."""

    n: int = DRAWS

    def _latent(self, name: str) -> NDArray[np.float64]:
        study = super()._latent(name)[0] + _stream(name, self.truth, 2).standard_normal()
        half = _stream(name, self.truth, 3).standard_normal(self.n // 2)
        return np.asarray(0.5 * study + np.sqrt(0.5) * np.concatenate([half, -half]))


def _only(posterior: Posterior, row: int, copies: int) -> Posterior:
    """The posterior of somebody who knows that this member is the truth."""
    rows = np.full(copies, row)
    kept = {name: getattr(posterior, name)[rows] for name in ("latent", "parameters", "state_first", "state_now")}
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


def _stated_and_true(twin: Twin, patient: Patient, bits: NDArray[np.uint8], truth: int) -> tuple[NDArray[np.float64], int]:
    """(k,) stated probabilities of being the best, and the row that is."""
    rng = np.random.default_rng([truth, 4])
    true = _only(twin.posterior, int(rng.integers(twin.n_members)), 8)
    best = int(np.argmax(_problem(twin, patient, true).under(_World(truth=truth)).by_draw(bits)[:, 0]))
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


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_stated_probabilities_are_frequencies() -> None:
    patient = read_record(DATA / "quickstart_bundle.json", DATA / "quickstart_pharmcat.json")
    twin = build_twin(patient, (), disease_model="alzheimer", n_members=8 * DRAWS, seed=11)
    bits = _regimens()
    assert len(bits) <= 40
    stated, best = zip(*(_stated_and_true(twin, patient, bits, truth) for truth in range(TRUTHS)), strict=True)
    p, is_best = np.array(stated), np.zeros((TRUTHS, len(bits)))
    is_best[np.arange(TRUTHS), best] = 1.0
    # of one truth at most one regimen of a bin is the best, and truths are independent: a sum of Bernoulli variables
    bins = np.digitize(p, EDGES[1:-1], right=True)
    statistic, used = 0.0, 0
    print(f"\nstated p      regimens   expected   found    ({TRUTHS} truths, {len(bits)} regimens)")
    for b, (low, high) in enumerate(itertools.pairwise(EDGES)):
        inside = bins == b
        q = (p * inside).sum(axis=1)
        expected, variance, found = q.sum(), (q * (1.0 - q)).sum(), (is_best * inside).sum()
        print(f"{low:.2f} - {high:.2f} {inside.sum():11d} {expected:10.1f} {found:7.0f}    +- {np.sqrt(variance):.1f}")
        if variance > 3.0:
            statistic, used = statistic + (found - expected) ** 2 / variance, used + 1
    chosen = p.max(axis=1)
    mine = is_best[np.arange(TRUTHS), p.argmax(axis=1)]
    z = (mine.sum() - chosen.sum()) / np.sqrt((chosen * (1.0 - chosen)).sum())
    print(f"the most probable: expected {chosen.sum():.1f}, found {mine.sum():.0f}, z {z:.2f}")
    print(f"chi-square {statistic:.1f} of {used} bins")
    assert used >= 5
    assert statistic < chi2.ppf(0.999, used)
    assert abs(z) < 3.3
