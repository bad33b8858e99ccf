"""Published machines and crossover times come out of the model; what makes no sense is refused."""

from __future__ import annotations

import math

import pytest

from qtwin.benchmark.fault_tolerance.estimate import (
    Polynomial,
    amplified_qaoa,
    break_even,
    energy_toffolis,
    grover,
    machine,
    rotation_toffolis,
)
from qtwin.benchmark.fault_tolerance.surface_code import CczFactory, SurfaceCode
from qtwin.errors import InputError


def test_cytochrome_p450_of_goings_2022() -> None:
    """Goings et al. 2022 (PNAS 119:e2203533119): 1434 logical qubits, 7.8e9 Toffoli: 4,624,440
    physical qubits and 73.4 h.
    """
    found = machine(1434, 7_832_741_826.0, factories=4, failure=0.1)
    assert found.physical_qubits == 4_624_440
    assert found.wall_s / 3600 == pytest.approx(73.4, abs=0.05)
    assert found.failure < 0.1


def test_the_layout_of_gidney_and_ekera() -> None:
    """Their 2021 factory of distances 17 and 27 is 15 by 8 tiles."""
    factory = CczFactory(code=SurfaceCode(), level_1=17, level_2=27)
    assert factory.qubits == 15 * 8 * 2 * 28**2
    assert factory.cycles == 5 * 27


def test_distance_is_the_least_that_suffices() -> None:
    code = SurfaceCode()
    for tiles in (1e6, 1e10, 1e15):
        d = code.distance_for(tiles, 0.01)
        assert d % 2 == 1
        assert code.tile_error(d) * tiles <= 0.01 * (1 + 1e-9)
        assert d == 3 or code.tile_error(d - 2) * tiles > 0.01 * (1 + 1e-9)
    better = SurfaceCode(physical_error=1e-4)
    assert better.distance_for(1e12, 0.01) < code.distance_for(1e12, 0.01)


@pytest.mark.parametrize(
    ("quantum_s", "classical_s", "cores", "hours"),
    [
        (17e-3, 33e-9, 1, 2.4),
        (17e-3, 33e-9, 1e3, 100 * 24),
        (17e-3, 33e-9, 1e6, 280 * 8766),
        (0.44, 7e-9, 1, 320 * 24),
        (0.44, 7e-9, 1e3, 880 * 8766),
    ],
)
def test_table_one_of_babbush_2021(
    quantum_s: float, classical_s: float, cores: float, hours: float
) -> None:
    assert break_even(quantum_s, classical_s, cores=cores).wall_s / 3600 == pytest.approx(
        hours, rel=0.03
    )


@pytest.mark.parametrize(
    ("classical_per_s", "quantum_per_s", "degree", "operations"),
    [
        (550e12, 10.5e3, 3, 45_800),
        (550e12, 10.5e3, 4, 2_800_000),
        (215e12, 0.83e3, 3, 1_630),
        (215e12, 0.83e3, 4, 130_000),
    ],
)
def test_table_two_of_hoefler_2023(
    classical_per_s: float, quantum_per_s: float, degree: int, operations: float
) -> None:
    """Operations a call that put the crossover at 1e6 s: with that many, ours must be 1e6 s as
    well.
    """
    found = break_even(operations / quantum_per_s, operations / classical_per_s, degree=degree)
    assert found.wall_s == pytest.approx(1e6, rel=0.03)


def test_costs_by_hand() -> None:
    quadratic = Polynomial(n=4, terms={1: 4, 2: 6}, bits=8)
    assert energy_toffolis(quadratic) == 4 * 8 + 6 * 9
    search = grover(quadratic, candidates=16)
    assert search.call_toffolis == 2 * 86 + 8 + 2
    assert search.calls == pytest.approx(math.pi)
    assert search.toffolis == search.call_toffolis * search.calls
    assert grover(quadratic, candidates=16, marked=4).calls == pytest.approx(search.calls / 2)
    assert rotation_toffolis(2.0**-20) == pytest.approx(0.5 * (20.6 + 5.75))
    half = amplified_qaoa(quadratic, layers=2, probability=0.01)
    assert half.calls == pytest.approx(math.pi / 0.4)
    assert (
        amplified_qaoa(quadratic, layers=4, probability=0.01).call_toffolis
        > 1.9 * half.call_toffolis - 2 * 86
    )


def test_what_makes_no_sense_is_refused() -> None:
    for wrong in (
        lambda: SurfaceCode(physical_error=0.02),
        lambda: SurfaceCode(cycle_s=0.0),
        lambda: SurfaceCode().tile_error(1),
        lambda: SurfaceCode().distance_for(1e6, 2.0),
        lambda: SurfaceCode(physical_error=9.9e-3).distance_for(1e20, 1e-3),
        lambda: CczFactory(code=SurfaceCode(), level_1=17, level_2=15),
        lambda: machine(0, 1e9),
        lambda: machine(10, 1e9, failure=1.5),
        lambda: break_even(1.0, 1e-9, degree=1.0),
        lambda: grover(Polynomial(n=3, terms={1: 3}, bits=4), candidates=8, marked=9),
        lambda: amplified_qaoa(Polynomial(n=3, terms={1: 3}, bits=4), layers=1, probability=0.0),
        lambda: Polynomial(n=3, terms={0: 3}, bits=4),
        lambda: rotation_toffolis(0.0),
    ):
        with pytest.raises(InputError):
            wrong()
