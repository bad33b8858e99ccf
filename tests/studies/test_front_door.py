"""The front door: from a record to a comparison in ten lines, and everything that a notebook does
with what it gets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import qtwin as qt
from qtwin.encoding.model import BinaryModel
from qtwin.problem.regimen import RegimenProblem

DRUGS = [
    "donepezil",
    "galantamine",
    "metoprolol",
    "bisoprolol",
    "digoxin",
    "amlodipine",
    "lisinopril",
    "apixaban",
    "sertraline",
]


@pytest.fixture(scope="module")
def problem(tmp_path_factory: pytest.TempPathFactory) -> RegimenProblem:
    """A small question about the shipped patient."""
    patch = pytest.MonkeyPatch()
    patch.setenv("QTWIN_AUDIT_LOG", str(tmp_path_factory.mktemp("audit") / "audit.jsonl"))
    twin = qt.Twin.fit(qt.examples.patient(), disease="alzheimer", n_members=128, seed=1)
    made = qt.RegimenProblem(twin, candidates=DRUGS, needs=[], max_drugs=4, horizon_years=1.5)
    patch.undo()
    return made


@pytest.fixture(scope="module")
def model(problem: RegimenProblem) -> BinaryModel:
    """Its model."""
    return problem.to_model(surrogate="quadratic", n_train=60, seed=1)


def test_every_public_name_is_there_and_documented() -> None:
    for name in qt.__all__:
        value = getattr(qt, name)
        assert name == "__version__" or (value.__doc__ or "").strip(), name


def test_the_import_is_light() -> None:
    """A notebook waits for what it uses, and the import itself uses nothing heavy."""
    heavy = ("numba", "qiskit", "pennylane", "scipy", "pandas", "numpy")
    code = f"import sys, qtwin; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ten_lines_lead_from_a_record_to_a_comparison(
    problem: RegimenProblem, model: BinaryModel
) -> None:
    runs = [
        qt.solve(model, s, seed=1) for s in ("cp-sat", qt.QAOA(layers=1, backend="aer", shots=256))
    ]
    study = qt.compare(problem, runs, spectrum="never")
    assert study.verdict
    assert [r.label for r in study.solvers][:2] == ["CP-SAT", "QAOA on Aer"]
    assert set(study.to_pandas().columns) >= {"solver", "utility_qaly", "regret_qaly", "seconds"}
    assert len(study.to_pandas("set90")) == len(study.set90)
    # the choice is the best of all feasible regimens, simulated one by one
    best = problem.objective(problem.feasible_bits()).max()
    assert study.worth.remaining_life_qaly == pytest.approx(best, abs=1e-12)


def test_a_result_reads_back_as_itself(
    problem: RegimenProblem, model: BinaryModel, tmp_path: Path
) -> None:
    study = qt.compare(
        problem, [qt.solve(model, "tabu", seed=1, time_limit_s=1.0)], spectrum="never"
    )
    assert qt.Comparison.read(study.write(tmp_path / "result.json")) == study
    properties = qt.Comparison.model_json_schema()["properties"]
    assert set(json.loads((tmp_path / "result.json").read_text())) == set(properties)


def test_a_comparison_is_drawn_and_written_where_it_is_asked_to(
    problem: RegimenProblem, model: BinaryModel, tmp_path: Path
) -> None:
    runs = [qt.solve(model, "cp-sat"), qt.solve(model, "tabu", time_limit_s=0.5)]
    study = qt.compare(problem, runs, spectrum="never")
    page = study.to_html(tmp_path / "mine.html")
    assert page.name == "mine.html"
    assert all(row.inn in page.read_text(encoding="utf-8") for row in study.chosen)
    assert study.plot().to_dict()["datasets"]
    assert (
        study.figure("tornado")
        .save(tmp_path / "tornado.svg")
        .read_text(encoding="utf-8")
        .startswith("<svg")
    )
    with pytest.raises(qt.InputError, match="unknown figure"):
        study.plot("solver comparison")
    with pytest.raises(qt.InputError, match="no numbers"):
        study.plot("interaction_spectrum")


def test_a_comparison_refuses_what_is_no_run_on_its_problem(problem: RegimenProblem) -> None:
    with pytest.raises(qt.InputError, match="expected at least one run"):
        qt.compare(problem, [])
    other = qt.solve(qt.BinaryModel.from_qubo([[1.0]]), "enumeration")
    with pytest.raises(qt.InputError, match="another problem"):
        qt.compare(problem, [other])


def test_counts_are_read_in_their_named_order_and_scored_on_the_twin(
    problem: RegimenProblem, model: BinaryModel
) -> None:
    best = qt.solve(model, "cp-sat").bits
    assert best is not None
    first = "".join(map(str, best))
    by_order = [
        model.evaluate({first: 7}, order="pennylane"),
        model.evaluate({first: 7}, order="braket"),
        model.evaluate({first[::-1]: 7}, order="qiskit"),
        model.evaluate({int(first[::-1], 2): 7}, order="qiskit"),
        model.evaluate({hex(int(first[::-1], 2)): 7}, order="qiskit"),
        model.evaluate([first] * 7, order="first"),
        model.evaluate({tuple(best.tolist()): 7}),
        model.evaluate(np.repeat(best[None, :], 7, axis=0)),
    ]
    utility = float(problem.objective(model.decode(best[None, :]))[0])
    for scored in by_order:
        assert scored.shots == 7
        assert scored.utility is not None
        assert scored.utility[0] == pytest.approx(utility, abs=1e-12)
        assert scored.feasible_share == 1.0
        assert scored.best == 0
        assert scored.to_pandas()["utility_qaly"][0] == pytest.approx(utility)


def test_samples_of_runs_and_of_qiskits_samplers_are_read(
    problem: RegimenProblem, model: BinaryModel
) -> None:
    containers = pytest.importorskip("qiskit.primitives.containers")
    run = qt.solve(model, "random", shots=64, seed=2)
    assert run.samples is not None
    scored = model.evaluate(run.samples)
    expanded = run.samples.bits.repeat(run.samples.counts, axis=0)
    assert scored.shots == 64
    assert scored.mean_energy == pytest.approx(model.polynomial.evaluate(expanded).mean())
    array = containers.BitArray.from_samples(
        ["".join(map(str, row[::-1])) for row in expanded.tolist()], model.n_variables
    )
    assert model.evaluate(array).mean_energy == pytest.approx(scored.mean_energy)
    with pytest.raises(qt.InputError, match="expected samples of"):
        qt.BinaryModel.from_qubo([[1.0]]).evaluate(run.samples)


def test_own_counts_stand_beside_solvers_with_null_baselines(
    problem: RegimenProblem, model: BinaryModel
) -> None:
    rows = problem.feasible_bits()
    first = np.zeros((3, model.n_variables), dtype=np.uint8)
    best = qt.solve(model, "cp-sat").bits
    assert best is not None
    own = qt.Run.of_counts(model, np.concatenate([first, best[None, :]]), label="mine", seconds=2.0)
    assert (own.label, own.seconds, own.proven) == ("mine", 2.0, False)
    study = qt.compare(problem, [own], spectrum="never")
    table = study.to_pandas().set_index("solver")
    assert table.loc["mine", "regret_qaly"] == pytest.approx(
        problem.objective(rows).max() - study.solvers[0].objective_twin
    )  # type: ignore[operator]
    assert list(table["kind"]) == ["quantum", "null", "null", "null"]
    nothing = qt.Run.of_counts(model, first, label="nothing feasible")
    assert nothing.status == (
        "feasible" if problem.is_feasible(model.decode(first))[0] else "infeasible"
    )


def test_a_job_is_priced_without_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("qiskit_ibm_runtime")
    model = qt.BinaryModel.from_qubo([[-1.0, 2.0], [0.0, -1.5]])
    solver = qt.QAOA(layers=1, shots=1000, backend="ibm:ibm_fez")
    free, paid = (qt.estimate_cost(model, solver, plan=plan) for plan in ("open", "pay-as-you-go"))  # type: ignore[arg-type]
    assert (free.usd, free.shots, free.n_qubits) == (0.0, 1000, 2)
    assert paid.usd > 0.0
    # bits are flipped by a secret: an X gate more or less
    assert paid.qpu_s == pytest.approx(free.qpu_s, rel=1e-3)
    with pytest.raises(qt.InputError, match="no job to a paid machine"):
        qt.estimate_cost(model, qt.QAOA(layers=1))


def test_a_model_from_elsewhere_has_no_unit(model: BinaryModel) -> None:
    assert all("QALY" in p.reason for p in model.penalties)
    dimod = pytest.importorskip("dimod")
    cqm = dimod.ConstrainedQuadraticModel()
    x = [dimod.Binary(name) for name in "abc"]
    cqm.set_objective(-x[0] - 2 * x[1] - x[2])
    cqm.add_constraint(x[0] + x[1] + x[2] == 2, label="two")
    (penalty,) = qt.BinaryModel.from_cqm(cqm).penalties
    assert "QALY" not in penalty.reason


def test_a_result_is_printed_in_a_line(problem: RegimenProblem, model: BinaryModel) -> None:
    study = qt.compare(
        problem, [qt.solve(model, "tabu", seed=1, time_limit_s=1.0)], spectrum="never"
    )
    assert str(study) == repr(study)
    assert "\n" not in str(study)


def test_counts_in_the_wrong_form_are_refused(model: BinaryModel) -> None:
    n = model.n_variables
    for counts, order, said in (
        ({"0" * n: 3}, None, "order of the bits"),
        ({"0" * (n - 1): 3}, "qiskit", f"bit strings of {n} characters"),
        ({"0" * (n - 1) + "2": 3}, "qiskit", f"bit strings of {n} characters"),
        ({"0" * n: 0.25}, "qiskit", "whole number"),
        ({"0" * n: -1}, "qiskit", "whole number"),
        ({1 << n: 3}, "qiskit", f"integers of {n} bits"),
        ({5: 3}, "braket", "got integers"),
        (np.zeros((4, n - 1), dtype=int), None, f"shape .shots, {n}."),
        (np.full((4, n), -1), None, "other values"),
        ({}, "qiskit", "got none"),
    ):
        with pytest.raises(qt.InputError, match=said):
            model.evaluate(counts, order=order)  # type: ignore[arg-type]


def test_conversions_keep_the_energy_of_every_assignment() -> None:
    rng = np.random.default_rng(3)
    model = qt.BinaryModel.from_qubo(np.triu(rng.normal(size=(6, 6))), offset=0.5)
    bits = (np.arange(64)[:, None] >> np.arange(6) & 1).astype(np.uint8)
    energy = model.polynomial.evaluate(bits)
    bqm = model.to_bqm()
    sample = (bits.astype(np.int8), list(model.variables))
    assert bqm.energies(sample) == pytest.approx(energy)
    assert qt.BinaryModel.from_bqm(bqm).polynomial.evaluate(bits) == pytest.approx(energy)
    assert qt.BinaryModel.from_bqm(bqm.spin).polynomial.evaluate(bits) == pytest.approx(energy)
    # entry k: bit i of k is qubit i
    operator = model.to_sparse_pauli_op().to_matrix().diagonal().real
    assert operator == pytest.approx(energy)
    program = model.to_quadratic_program()
    assert [program.objective.evaluate(row) for row in bits[:8]] == pytest.approx(energy[:8])
    assert qt.BinaryModel.from_quadratic_program(program).polynomial.evaluate(
        bits
    ) == pytest.approx(energy)


def test_pennylane_sees_the_same_energy() -> None:
    qml = pytest.importorskip("pennylane")
    model = qt.BinaryModel.from_polynomial({(): 0.25, (0,): -1.0, (0, 1): 2.0, (0, 1, 2): -3.0})
    bits = (np.arange(8)[:, None] >> np.arange(3) & 1).astype(np.uint8)
    # wire 0 is the lowest bit of an index
    matrix = qml.matrix(model.to_pennylane(), wire_order=[2, 1, 0]).diagonal().real
    assert matrix == pytest.approx(model.polynomial.evaluate(bits))


def test_a_constrained_model_goes_to_dimod_and_back(
    problem: RegimenProblem, model: BinaryModel
) -> None:
    cqm = model.to_cqm()
    back = qt.BinaryModel.from_cqm(cqm)
    rows = problem.feasible_bits()[:50]
    infeasible = 1 - rows
    both = np.concatenate([rows, infeasible])
    for bits, holds in zip(
        both, np.all([c.holds(both) for c in back.constraints], axis=0), strict=True
    ):
        sample = dict(zip(model.options, bits.tolist(), strict=True))
        assert cqm.check_feasible(sample) == holds == problem.is_feasible(bits[None, :])[0]
    assert back.value(rows) == pytest.approx(model.value(rows))


def test_a_file_keeps_the_model(model: BinaryModel, tmp_path: Path) -> None:
    for suffix in (".json", ".qubo", ".lp"):
        read = qt.BinaryModel.from_file(model.to_file(tmp_path / f"m{suffix}"))
        found = qt.solve(read, "cp-sat")
        assert found.energy == pytest.approx(qt.solve(model, "cp-sat").energy, abs=1e-6), suffix
    assert "OPENQASM 3" in model.to_file(tmp_path / "m.qasm").read_text()


def test_an_example_is_copied_and_never_overwrites(tmp_path: Path) -> None:
    assert {p.name for p in qt.examples.copy("quickstart", tmp_path)} >= {
        "quickstart.toml",
        "quickstart_bundle.json",
    }
    with pytest.raises(qt.InputError, match="is there already"):
        qt.examples.copy("quickstart", tmp_path)
    with pytest.raises(qt.InputError, match="unknown example"):
        qt.examples.copy("quickstrat", tmp_path)


def test_what_is_shown_fits_a_screen(problem: RegimenProblem, model: BinaryModel) -> None:
    regimen = problem.regimen(problem.feasible_bits()[-1])
    for value in (
        problem.twin,
        problem.twin.patient,
        problem,
        model,
        regimen,
        problem.options[0],
        problem.eligibility,
    ):
        assert len(repr(value)) < 400, type(value)
