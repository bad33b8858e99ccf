"""Experiment files: TOML in, a frozen and fully checked spec out, unknown keys refused with a
suggestion. One file a command.
"""

from __future__ import annotations

from qtwin.spec.experiment import (
    BudgetSection,
    Candidate,
    EncodingSection,
    PatientSection,
    ProblemSection,
    SolverSection,
    Spec,
    TwinSection,
    VariantSection,
    read_spec,
)
from qtwin.spec.hardware import HardwareBudgetSection, HardwareSection
from qtwin.spec.map import MapSpec, StepSection, read_map_spec
from qtwin.spec.mitigation import EnergyStudy, MitigationSpec, SamplingStudy, read_mitigation_spec
from qtwin.spec.reading import identity
from qtwin.spec.scaling import PublishedSection, ScalingSpec, read_scaling_spec
from qtwin.spec.sweep import BenchSpec, EntrantSection, FamilyName, FamilySection, read_bench_spec

__all__ = [
    "BenchSpec",
    "BudgetSection",
    "Candidate",
    "EncodingSection",
    "EnergyStudy",
    "EntrantSection",
    "FamilyName",
    "FamilySection",
    "HardwareBudgetSection",
    "HardwareSection",
    "MapSpec",
    "MitigationSpec",
    "PatientSection",
    "ProblemSection",
    "PublishedSection",
    "SamplingStudy",
    "ScalingSpec",
    "SolverSection",
    "Spec",
    "StepSection",
    "TwinSection",
    "VariantSection",
    "identity",
    "read_bench_spec",
    "read_map_spec",
    "read_mitigation_spec",
    "read_scaling_spec",
    "read_spec",
]
