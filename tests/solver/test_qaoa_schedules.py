"""Schedules of QAOA's angles, parameter optimisers and objectives from shots, against published
values and limits.
"""

from __future__ import annotations

from typing import get_args

import networkx as nx
import numpy as np
import pytest

from qtwin.encoding.model import plain
from qtwin.encoding.polynomial import BinaryPolynomial
from qtwin.errors import InputError
from qtwin.solver import registry
from qtwin.solver.base import Instance
from qtwin.solver.quantum.qaoa import QAOA
from qtwin.solver.variational import schedule
from qtwin.solver.variational.circuit import ansatz, mean_energy
from qtwin.solver.variational.gradient import Method, descend
from qtwin.solver.variational.schedule import DONOR, part_of, published, ramp, waves
from qtwin.solver.variational.training import differentiable, exact_simulator, train
from tests.oracles.dense_backend import DenseBackend
from tests.oracles.instances import random_polynomial

CUBIC = {
    "Heawood": nx.heawood_graph(),
    "Petersen": nx.petersen_graph(),
    "K4": nx.complete_graph(4),
    "prism": nx.circular_ladder_graph(5),
}


def max_cut(graph: nx.Graph) -> BinaryPolynomial:
    edges = [tuple(sorted(e)) for e in graph.edges]
    return BinaryPolynomial.of(
        graph.number_of_nodes(),
        [((v,), -1.0) for e in edges for v in e] + [(e, 2.0) for e in edges],
    )


def energy(polynomial: BinaryPolynomial, theta: np.ndarray) -> float:
    circuit = ansatz(polynomial, len(theta) // 2)
    return float(exact_simulator().probabilities(circuit, theta) @ polynomial.values())


@pytest.mark.parametrize("name", CUBIC)
@pytest.mark.parametrize("layers", range(1, 12))
def test_fixed_angles_reach_the_guarantee_on_every_cubic_graph(name: str, layers: int) -> None:
    """Wurtz, Lykov 2021, table I: the share of the best cut, whatever the graph."""
    polynomial = max_cut(CUBIC[name])
    theta, share = published(layers)
    assert energy(polynomial, theta) <= share * polynomial.values().min() + 1e-5


def test_fixed_angles_are_the_published_ones_and_train_nothing() -> None:
    """At one layer tan(gamma) = 1 / sqrt 2 and beta = pi / 8 (Wang et al. 2018) and the share is
    1/2 + 1/(3 sqrt 3).
    """
    theta, share = published(1)
    assert theta / [np.sqrt(3) / 2, -1] == pytest.approx(
        [np.arctan(1 / np.sqrt(2)), np.pi / 8], abs=1e-5
    )
    assert share == pytest.approx(0.5 + 1 / (3 * np.sqrt(3)), abs=1e-6)
    assert [round(published(p)[1], 4) for p in (1, 2, 3)] == [0.6925, 0.7559, 0.7923]
    trained = train(max_cut(CUBIC["Heawood"]), 3, seed=0, schedule="fixed-angles")
    assert trained.evaluations == 1
    assert trained.theta == tuple(published(3)[0])
    with pytest.raises(InputError, match="1 to 11 are published"):
        QAOA(layers=12, schedule="fixed-angles")


def test_fourier_waves_are_those_of_the_paper() -> None:
    p, rng = 4, np.random.default_rng(0)
    u, v = rng.normal(size=p), rng.normal(size=p)
    gamma = [
        sum(u[k - 1] * np.sin((k - 0.5) * (i - 0.5) * np.pi / p) for k in range(1, p + 1))
        for i in range(1, p + 1)
    ]
    beta = [
        sum(v[k - 1] * np.cos((k - 0.5) * (i - 0.5) * np.pi / p) for k in range(1, p + 1))
        for i in range(1, p + 1)
    ]
    assert waves(p) @ np.column_stack([u, v]).reshape(-1) == pytest.approx(
        np.column_stack([gamma, beta]).reshape(-1)
    )
    assert np.linalg.matrix_rank(waves(9)) == 18


@pytest.mark.parametrize("name", ["interp", "fourier"])
def test_trained_schedules_never_rise_with_depth_and_beat_their_first_layer(name: str) -> None:
    polynomial = random_polynomial(6, 2, 5)
    trained = train(polynomial, 4, seed=1, schedule=name)
    assert list(trained.energy_by_layers) == sorted(trained.energy_by_layers, reverse=True)
    assert len(trained.energy_by_layers) == 4
    assert trained.energy < trained.energy_by_layers[0] - 0.01 * np.ptp(polynomial.values())
    assert energy(polynomial, np.array(trained.theta)) == pytest.approx(trained.energy, abs=1e-9)


def test_the_linear_ramp_has_two_slopes_and_nears_the_minimum_with_depth() -> None:
    """Montanez-Barrera, Michielsen 2024; the adiabatic limit is tested with `ramp` itself in
    test_qaoa.
    """
    chain = BinaryPolynomial.of(
        5, {(i,): 1.0 - 0.4 * i for i in range(5)} | {(i, i + 1): -0.6 for i in range(4)}
    )
    energies = []
    for p in (2, 10, 50):
        trained = train(chain, p, seed=0, schedule="linear-ramp")
        gamma, beta = np.array(trained.theta).reshape(-1, 2).T
        assert np.allclose(np.diff(gamma, 2), 0)
        assert np.allclose(np.diff(beta, 2), 0)
        assert gamma[0] > 0 > beta[0]
        assert trained.energy <= energy(chain, ramp(p, step=0.75)) + 1e-12
        energies.append(trained.energy)
    assert energies == sorted(energies, reverse=True)
    assert energies[-1] == pytest.approx(chain.values().min(), abs=0.01 * np.ptp(chain.values()))


def test_a_part_of_the_instance_keeps_its_own_terms_alone() -> None:
    polynomial = random_polynomial(DONOR + 3, 2, 4)
    part = part_of(polynomial, DONOR)
    assert part.n_variables == DONOR
    assert part_of(part, DONOR) is part
    # two cliques, one ten times as strong: the part is that one, in its own spins
    pairs = [(i, j) for i in range(4) for j in range(i)]
    two = BinaryPolynomial.of(
        8, [((a, b), w) for i, j in pairs for a, b, w in ((i, j, 1.0), (i + 4, j + 4, 10.0))]
    )
    strong = BinaryPolynomial.of(4, [(p, 10.0) for p in pairs])
    kept = part_of(two, 4)
    assert {t: c for t, c in kept.terms.items() if t} == pytest.approx(dict(strong.terms))


def test_transferred_angles_come_from_the_part_and_serve_the_whole() -> None:
    polynomial = random_polynomial(DONOR + 2, 2, 9)
    trained = train(polynomial, 2, seed=0, schedule="transferred")
    donor = train(part_of(polynomial, DONOR), 2, seed=0)
    assert trained.theta == donor.theta
    assert trained.evaluations == donor.evaluations + 1
    assert energy(polynomial, np.array(trained.theta)) == pytest.approx(trained.energy, abs=1e-9)
    random_guess = mean_energy(polynomial)
    best = train(polynomial, 2, seed=0).energy
    assert trained.energy < random_guess + 0.5 * (best - random_guess), (
        "at least half of what training on the whole gains"
    )


def test_one_option_chooses_the_schedule() -> None:
    assert set(get_args(schedule.Name)) == set(schedule.TABLE)
    instance = Instance(encoding=plain(random_polynomial(4, 2, 1)))
    for name in schedule.TABLE:
        solver = registry.load("qaoa", {"layers": 2, "shots": 200, "schedule": name})
        result = solver.solve(instance, seed=0)
        assert result.bits is not None
        assert result.info["training"]["schedule"] == name
    with pytest.raises(InputError, match=r"option 'schedule'.*'fixd'"):
        registry.load("qaoa", {"schedule": "fixd"})


@pytest.mark.parametrize("method", get_args(Method))
def test_every_optimiser_finds_the_bottom_of_a_bowl(method: str) -> None:
    centre = np.array([0.3, -0.2, 0.5])

    def bowl(x: np.ndarray) -> tuple[float, np.ndarray]:
        return float(((x - centre) ** 2).sum()), 2 * (x - centre)

    found = descend(bowl, np.zeros(3), iterations=60, method=method, seed=1)
    assert found.theta == pytest.approx(centre, abs=0.05 if method == "spsa" else 1e-3)
    assert found.evaluations <= 60 * 20
    late = descend(bowl, np.zeros(3), iterations=60, method=method, deadline=0.0)
    assert (late.evaluations, late.converged) == (1, False)


@pytest.mark.parametrize("method", get_args(Method))
def test_every_optimiser_trains_one_layer_to_its_optimum(method: str) -> None:
    """The grid leads every method to 1/2 + 1/(3 sqrt 3) of the edges of K_{3,3}."""
    trained = train(max_cut(nx.complete_bipartite_graph(3, 3)), 1, seed=0, optimizer=method)
    assert -trained.energy / 9 == pytest.approx(0.5 + 1 / (3 * np.sqrt(3)), abs=1e-3)


@pytest.mark.parametrize("method", ["cobyla", "spsa"])
def test_training_from_shots_counts_them_and_gets_near_the_exact_optimum(method: str) -> None:
    polynomial = max_cut(nx.complete_bipartite_graph(3, 3))
    options = {
        "layers": 1,
        "shots": 100,
        "objective_shots": 500,
        "optimizer": method,
        "max_evaluations": 150,
    }
    result = registry.load("qaoa", options).solve(Instance(encoding=plain(polynomial)), seed=3)
    told = result.info["training"]
    assert told["shots"] == 500 * told["evaluations"] == 500 * result.evaluations
    assert result.shots == told["shots"] + 100
    assert result.evaluations <= 150
    # the mean of the grid's best alone has a standard error of 0.04 of an edge share at 500 shots;
    # the optimum is flat
    assert -told["energy"] / 9 > 0.5 + 1 / (3 * np.sqrt(3)) - 0.02
    again = registry.load("qaoa", options).solve(Instance(encoding=plain(polynomial)), seed=3)
    assert again.info["theta"] == result.info["theta"]


def test_shots_train_on_a_backend_without_gradients() -> None:
    class Sampler(DenseBackend):
        value_and_gradient = None

        def expectation(self, ansatz, theta, observable, *, shots=None, seed=0):
            assert shots == 50
            return exact_simulator().expectation(ansatz, theta, observable, shots=shots, seed=seed)

    polynomial = random_polynomial(3, 2, 0)
    sampler = Sampler()
    trained = train(
        polynomial,
        1,
        seed=0,
        simulator=sampler,
        optimizer="spsa",
        objective_shots=50,
        max_evaluations=60,
        schedule="linear-ramp",
    )
    assert trained.shots == 50 * trained.evaluations


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective_shots": 100}, "expected exact gradients"),
        ({"objective_shots": 1, "optimizer": "spsa"}, "at least 2"),
        ({"train_on": "aer"}, "gives no gradients"),
        ({"optimizer": "adam"}, "optimizer"),
        ({"objective_shots": 10.5}, "objective_shots"),
    ],
)
def test_what_cannot_train_is_refused(options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        registry.load("qaoa", options)
    assert differentiable("statevector")


@pytest.mark.parametrize(
    "name",
    [
        "cvar-qaoa",
        "multi-angle-qaoa",
        "dc-qaoa",
        "hardware-efficient-vqe",
        "warm-start-qaoa",
        "xy-qaoa",
        "grover-mixer-qaoa",
    ],
)
def test_every_variational_method_trains_from_counted_shots(name: str) -> None:
    polynomial = random_polynomial(3, 2, 1)
    options = {"optimizer": "spsa", "objective_shots": 100, "shots": 300}
    if "iterations" in registry.options_of(registry.find(name)):
        options["iterations"] = 5
    result = registry.load(name, options).solve(Instance(encoding=plain(polynomial)), seed=0)
    assert result.shots == 100 * result.evaluations + 300
    assert result.energy == pytest.approx(polynomial.values().min())
    with pytest.raises(InputError, match="expected exact gradients"):
        registry.load(name, {"objective_shots": 100})
