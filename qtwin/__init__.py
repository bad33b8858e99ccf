"""qtwin: digital twins of patients, and an honest answer to whether a quantum computer helps to
treat them.

    import qtwin as qt

    patient = qt.examples.patient()  # or qt.read_patient("bundle.json", "pharmcat.json")
    twin    = qt.Twin.fit(patient, disease="alzheimer", seed=1)
    drugs   = ["donepezil", "galantamine", "sertraline", "metoprolol", "bisoprolol", "apixaban"]
    problem = qt.RegimenProblem(twin, candidates=drugs, max_drugs=5)
    model   = problem.to_model(surrogate="quadratic", seed=1)
    runs    = [qt.solve(model, s, seed=1) for s in ("cp-sat", qt.QAOA(layers=5, backend="aer"))]
    study   = qt.compare(problem, runs)

Names are imported when they are used. Research software. Not a medical device; not for diagnosis or
prescribing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from qtwin.version import __version__

_PUBLIC: dict[str, str] = {
    # a patient and the twin
    "Patient": "qtwin.patient.person:Patient",
    "read_patient": "qtwin.patient.record:read_patient",
    "RecordInspection": "qtwin.patient.inspection:RecordInspection",
    "inspect_record": "qtwin.patient.inspection:inspect_record",
    "Twin": "qtwin.twin.twin:Twin",
    "RegimenForecast": "qtwin.twin.forecast:RegimenForecast",
    "MeasurementAdvice": "qtwin.twin.measurement:MeasurementAdvice",
    "DiseaseModel": "qtwin.twin.disease.base:DiseaseModel",
    "eligibility": "qtwin.pharmacology.eligibility:assess",
    "drugs": "qtwin.pharmacology.formulary:formulary",
    "Drug": "qtwin.pharmacology.drug:Drug",
    "Dose": "qtwin.pharmacology.drug:Dose",
    # a question and its model
    "RegimenProblem": "qtwin.problem.regimen:RegimenProblem",
    "Rules": "qtwin.problem.rules:Rules",
    "Budget": "qtwin.problem.rules:Budget",
    "Constraint": "qtwin.problem.constraint:Constraint",
    "read_screen": "qtwin.problem.screen.read:read_screen",
    "Screen": "qtwin.problem.screen.screen:Screen",
    "BinaryModel": "qtwin.encoding.model:BinaryModel",
    "BinaryPolynomial": "qtwin.encoding.polynomial:BinaryPolynomial",
    "PauliSum": "qtwin.encoding.pauli:PauliSum",
    "Scored": "qtwin.encoding.counts:Scored",
    "generate": "qtwin.encoding.generate:make",
    # solvers and backends
    "solve": "qtwin.solver.run:solve",
    "Run": "qtwin.solver.run:Run",
    "estimate_cost": "qtwin.solver.run:estimate_cost",
    "solvers": "qtwin.solver.registry:cards",
    "Solver": "qtwin.solver.base:Solver",
    "SolverInfo": "qtwin.solver.base:SolverInfo",
    "Instance": "qtwin.solver.base:Instance",
    "Result": "qtwin.solver.base:Result",
    "QAOA": "qtwin.solver.quantum.qaoa:QAOA",
    "CVaRQAOA": "qtwin.solver.quantum.cvar_qaoa:CVaRQAOA",
    "XYQAOA": "qtwin.solver.quantum.xy_qaoa:XYQAOA",
    "GroverMixerQAOA": "qtwin.solver.quantum.grover_mixer_qaoa:GroverMixerQAOA",
    "WarmStartQAOA": "qtwin.solver.quantum.warm_start_qaoa:WarmStartQAOA",
    "RecursiveQAOA": "qtwin.solver.quantum.recursive_qaoa:RecursiveQAOA",
    "BFDCQO": "qtwin.solver.quantum.bf_dcqo:BFDCQO",
    "PauliCorrelationEncoding": (
        "qtwin.solver.quantum.pauli_correlation_encoding:PauliCorrelationEncoding"
    ),
    "backends": "qtwin.backend.registry:available",
    "Backend": "qtwin.backend.base:Backend",
    "Ansatz": "qtwin.backend.base:Ansatz",
    "Samples": "qtwin.backend.base:Samples",
    "warm_up": "qtwin.studies.compiling:warm_up",
    # studies
    "compare": "qtwin.studies.regimen.compare:compare",
    "Comparison": "qtwin.studies.regimen.result:Comparison",
    "run": "qtwin.studies.regimen.run:run",
    "Molecule": "qtwin.chemistry.molecule:Molecule",
    "energies": "qtwin.studies.molecule.run:energies",
    "run_molecule": "qtwin.studies.molecule.run:run",
    "run_contact": "qtwin.studies.molecule.contact:run",
    "MoleculeResult": "qtwin.studies.molecule.result:MoleculeResult",
    "ContactResult": "qtwin.studies.molecule.result:ContactResult",
    "run_screen": "qtwin.studies.screen.run:run_screen",
    "ScreenResult": "qtwin.studies.screen.result:ScreenResult",
    "run_trial": "qtwin.studies.trial.run:run",
    "TrialProtocol": "qtwin.twin.protocol:Protocol",
    "TrialResult": "qtwin.studies.trial.result:TrialResult",
    "run_cohort": "qtwin.studies.cohort.run:run",
    "CohortResult": "qtwin.studies.cohort.result:CohortResult",
    "validate": "qtwin.studies.validation.run:run",
    "CalibrationResult": "qtwin.studies.validation.result:CalibrationResult",
    "external_validation": "qtwin.studies.validation.run:run_external",
    "ExternalValidation": "qtwin.studies.validation.result:ExternalValidation",
    "compare_runs": "qtwin.studies.model.compare:compare_runs",
    "ModelComparison": "qtwin.studies.model.result:ModelComparison",
    "run_sweep": "qtwin.studies.benchmark.run:run_sweep",
    "BenchmarkResult": "qtwin.studies.benchmark.result:BenchmarkResult",
    "run_map": "qtwin.studies.map.run:run_map",
    "MapResult": "qtwin.studies.map.result:MapResult",
    "run_scaling": "qtwin.studies.scaling.run:run_scaling",
    "run_mitigation": "qtwin.studies.mitigation.run:run_mitigation",
    "reproduce": "qtwin.studies.reproduce:reproduce",
    "Progress": "qtwin.progress:Progress",
    # errors
    "QtwinError": "qtwin.errors:QtwinError",
    "InputError": "qtwin.errors:InputError",
    "InfeasibleError": "qtwin.errors:InfeasibleError",
}
"""Public name to where it lives."""

__all__ = ["__version__", "examples", *_PUBLIC]

if TYPE_CHECKING:
    from qtwin import examples as examples
    from qtwin.backend.base import Ansatz as Ansatz
    from qtwin.backend.base import Backend as Backend
    from qtwin.backend.base import Samples as Samples
    from qtwin.backend.registry import available as backends
    from qtwin.chemistry.molecule import Molecule as Molecule
    from qtwin.encoding.counts import Scored as Scored
    from qtwin.encoding.generate import make as generate
    from qtwin.encoding.model import BinaryModel as BinaryModel
    from qtwin.encoding.pauli import PauliSum as PauliSum
    from qtwin.encoding.polynomial import BinaryPolynomial as BinaryPolynomial
    from qtwin.errors import InfeasibleError as InfeasibleError
    from qtwin.errors import InputError as InputError
    from qtwin.errors import QtwinError as QtwinError
    from qtwin.patient.inspection import RecordInspection as RecordInspection
    from qtwin.patient.inspection import inspect_record as inspect_record
    from qtwin.patient.person import Patient as Patient
    from qtwin.patient.record import read_patient as read_patient
    from qtwin.pharmacology.drug import Dose as Dose
    from qtwin.pharmacology.drug import Drug as Drug
    from qtwin.pharmacology.eligibility import assess as eligibility
    from qtwin.pharmacology.formulary import formulary as drugs
    from qtwin.problem.constraint import Constraint as Constraint
    from qtwin.problem.regimen import RegimenProblem as RegimenProblem
    from qtwin.problem.rules import Budget as Budget
    from qtwin.problem.rules import Rules as Rules
    from qtwin.problem.screen.read import read_screen as read_screen
    from qtwin.problem.screen.screen import Screen as Screen
    from qtwin.progress import Progress as Progress
    from qtwin.solver.base import Instance as Instance
    from qtwin.solver.base import Result as Result
    from qtwin.solver.base import Solver as Solver
    from qtwin.solver.base import SolverInfo as SolverInfo
    from qtwin.solver.quantum.bf_dcqo import BFDCQO as BFDCQO
    from qtwin.solver.quantum.cvar_qaoa import CVaRQAOA as CVaRQAOA
    from qtwin.solver.quantum.grover_mixer_qaoa import GroverMixerQAOA as GroverMixerQAOA
    from qtwin.solver.quantum.pauli_correlation_encoding import (
        PauliCorrelationEncoding as PauliCorrelationEncoding,
    )
    from qtwin.solver.quantum.qaoa import QAOA as QAOA
    from qtwin.solver.quantum.recursive_qaoa import RecursiveQAOA as RecursiveQAOA
    from qtwin.solver.quantum.warm_start_qaoa import WarmStartQAOA as WarmStartQAOA
    from qtwin.solver.quantum.xy_qaoa import XYQAOA as XYQAOA
    from qtwin.solver.registry import cards as solvers
    from qtwin.solver.run import Run as Run
    from qtwin.solver.run import estimate_cost as estimate_cost
    from qtwin.solver.run import solve as solve
    from qtwin.studies.benchmark.result import BenchmarkResult as BenchmarkResult
    from qtwin.studies.benchmark.run import run_sweep as run_sweep
    from qtwin.studies.cohort.result import CohortResult as CohortResult
    from qtwin.studies.cohort.run import run as run_cohort
    from qtwin.studies.compiling import warm_up as warm_up
    from qtwin.studies.map.result import MapResult as MapResult
    from qtwin.studies.map.run import run_map as run_map
    from qtwin.studies.mitigation.run import run_mitigation as run_mitigation
    from qtwin.studies.model.compare import compare_runs as compare_runs
    from qtwin.studies.model.result import ModelComparison as ModelComparison
    from qtwin.studies.molecule.contact import run as run_contact
    from qtwin.studies.molecule.result import ContactResult as ContactResult
    from qtwin.studies.molecule.result import MoleculeResult as MoleculeResult
    from qtwin.studies.molecule.run import energies as energies
    from qtwin.studies.molecule.run import run as run_molecule
    from qtwin.studies.regimen.compare import compare as compare
    from qtwin.studies.regimen.result import Comparison as Comparison
    from qtwin.studies.regimen.run import run as run
    from qtwin.studies.reproduce import reproduce as reproduce
    from qtwin.studies.scaling.run import run_scaling as run_scaling
    from qtwin.studies.screen.result import ScreenResult as ScreenResult
    from qtwin.studies.screen.run import run_screen as run_screen
    from qtwin.studies.trial.result import TrialResult as TrialResult
    from qtwin.studies.trial.run import run as run_trial
    from qtwin.studies.validation.result import CalibrationResult as CalibrationResult
    from qtwin.studies.validation.result import ExternalValidation as ExternalValidation
    from qtwin.studies.validation.run import run as validate
    from qtwin.studies.validation.run import run_external as external_validation
    from qtwin.twin.disease.base import DiseaseModel as DiseaseModel
    from qtwin.twin.forecast import RegimenForecast as RegimenForecast
    from qtwin.twin.measurement import MeasurementAdvice as MeasurementAdvice
    from qtwin.twin.protocol import Protocol as TrialProtocol
    from qtwin.twin.twin import Twin as Twin


def __getattr__(name: str) -> Any:
    if name == "examples":
        return import_module("qtwin.examples")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'qtwin' has no attribute {name!r}")
    module, _, attribute = _PUBLIC[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
