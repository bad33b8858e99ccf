"""WHO ANSWERS. `TABLE` maps a solver's name to where it lives; adding one is one file and one
line.
"""

TABLE: dict[str, str] = {
    "auto": "qtwin.solver.classical.auto:Auto",
    "enumeration": "qtwin.solver.classical.enumeration:Enumeration",
    "cp-sat": "qtwin.solver.classical.cp_sat:CpSat",
    "highs": "qtwin.solver.classical.highs:Highs",
    "scip": "qtwin.solver.classical.scip:Scip",
    "gurobi": "qtwin.solver.classical.gurobi:Gurobi",
    "tabu": "qtwin.solver.classical.tabu:Tabu",
    "local-search": "qtwin.solver.classical.local_search:LocalSearch",
    "greedy": "qtwin.solver.classical.greedy:Greedy",
    "dwave-tabu": "qtwin.solver.classical.dwave_tabu:DwaveTabu",
    "simulated-annealing": "qtwin.solver.classical.simulated_annealing:SimulatedAnnealing",
    "random": "qtwin.solver.classical.random_sampling:RandomSampling",
    "random-feasible": "qtwin.solver.classical.random_feasible:RandomFeasible",
    "qaoa": "qtwin.solver.quantum.qaoa:QAOA",
    "cvar-qaoa": "qtwin.solver.quantum.cvar_qaoa:CVaRQAOA",
    "multi-angle-qaoa": "qtwin.solver.quantum.untied_qaoa:MultiAngleQAOA",
    "recursive-qaoa": "qtwin.solver.quantum.recursive_qaoa:RecursiveQAOA",
    "dc-qaoa": "qtwin.solver.quantum.untied_qaoa:DCQAOA",
    "warm-start-qaoa": "qtwin.solver.quantum.warm_start_qaoa:WarmStartQAOA",
    "xy-qaoa": "qtwin.solver.quantum.xy_qaoa:XYQAOA",
    "grover-mixer-qaoa": "qtwin.solver.quantum.grover_mixer_qaoa:GroverMixerQAOA",
    "bf-dcqo": "qtwin.solver.quantum.bf_dcqo:BFDCQO",
    "pauli-correlation-encoding": (
        "qtwin.solver.quantum.pauli_correlation_encoding:PauliCorrelationEncoding"
    ),
    "falqon": "qtwin.solver.quantum.falqon:FALQON",
    "hardware-efficient-vqe": "qtwin.solver.quantum.hardware_efficient_vqe:HardwareEfficientVQE",
    "filtering-vqe": "qtwin.solver.quantum.filtering_vqe:FilteringVQE",
    "grover-adaptive-search": "qtwin.solver.quantum.grover_adaptive_search:GroverAdaptiveSearch",
}
