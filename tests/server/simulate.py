"""What a machine returns: a submitted program run on Aer with the noise of the device's snapshot,
in the provider's format.
"""

from __future__ import annotations

import datetime
import json
from typing import Any

import numpy as np


class Machine:
    """Runs the parameters of a job.

    Args:
        seed: Of the simulator.
        noise: Whether the snapshot's noise acts.
    """

    def __init__(self, *, seed: int = 1, noise: bool = True) -> None:
        self.seed, self.noise = seed, noise

    def __call__(self, params: dict[str, Any]) -> str:
        from ibm_quantum_schemas.executor import version_2_0 as schema
        from qiskit_aer import AerSimulator
        from qiskit_ibm_runtime.fake_provider import FakeFez
        from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import (
            run_quantum_program,
        )
        from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
        from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import (
            passthrough_data_to_2_0,
        )
        from qiskit_ibm_runtime.quantum_program.params_converters import (
            QUANTUM_PROGRAM_PARAMS_CONVERTERS,
        )

        from qtwin.backend.compile import compact, cut, noisy_simulator, used

        converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"]
        program, _ = converter.decoder(converter.model.model_validate_json(json.dumps(params)))
        for item in program.items:
            if hasattr(item, "samplex"):
                item.samplex.finalize()
        # estimators measure every qubit
        wide = max(item.circuit.count_ops().get("measure", 0) for item in program.items) > 24
        if wide:
            # without noise, which would take hours
            simulator = AerSimulator(method="matrix_product_state")
        else:
            at = tuple(sorted({q for item in program.items for q in used(item.circuit)}))
            for item in program.items:
                item.circuit = compact(item.circuit, at)
            simulator = noisy_simulator(cut(FakeFez().target, at)) if self.noise else AerSimulator()
        result = run_quantum_program(
            simulator, program, SimulatorOptions(seed_simulator=self.seed, angle_decimals=14)
        )
        now = datetime.datetime.now(datetime.UTC)
        tensor = schema.models.CompressedTensorModel
        items = [
            schema.models.QuantumProgramResultItemModel(
                results={
                    name: tensor.from_numpy(np.asarray(value)) for name, value in item.items()
                },
                metadata=schema.models.ItemMetadataModel(),
            )
            for item in result
        ]
        model = schema.QuantumProgramResultModel(
            data=items,
            metadata=schema.models.MetadataModel(
                chunk_timing=[schema.models.ChunkSpan(start=now, stop=now, parts=[])]
            ),
            passthrough_data=passthrough_data_to_2_0(program.passthrough_data),
            semantic_role=program._semantic_role,
        )
        return model.model_dump_json()
