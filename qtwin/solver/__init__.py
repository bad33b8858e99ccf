"""WHO ANSWERS. `TABLE` maps a solver's name to where it lives; adding one is one file and one line."""

TABLE: dict[str, str] = {
    "auto": "qtwin.solver.classical.auto:Auto",
    "enumeration": "qtwin.solver.classical.enumeration:Enumeration",
    "cp-sat": "qtwin.solver.classical.cp_sat:CpSat",
    "highs": "qtwin.solver.classical.highs:Highs",
    "scip": "qtwin.solver.classical.scip:Scip",
    "gurobi": "qtwin.solver.classical.gurobi:Gurobi",
    "dwave-tabu": "qtwin.solver.classical.dwave_tabu:DwaveTabu",
    "simulated-annealing": "qtwin.solver.classical.simulated_annealing:SimulatedAnnealing",
    "random": "qtwin.solver.classical.random_sampling:RandomSampling",
    "qaoa": "qtwin.solver.quantum.qaoa:Qaoa",
    "cvar-qaoa": "qtwin.solver.quantum.cvar_qaoa:CvarQaoa",
    "multi-angle-qaoa": "qtwin.solver.quantum.multi_angle_qaoa:MultiAngleQaoa",
    "recursive-qaoa": "qtwin.solver.quantum.recursive_qaoa:RecursiveQaoa",
    "dc-qaoa": "qtwin.solver.quantum.dc_qaoa:DcQaoa",
    "falqon": "qtwin.solver.quantum.falqon:Falqon",
    "hardware-efficient-vqe": "qtwin.solver.quantum.hardware_efficient_vqe:HardwareEfficientVqe",
    "filtering-vqe": "qtwin.solver.quantum.filtering_vqe:FilteringVqe",
    "grover-adaptive-search": "qtwin.solver.quantum.grover_adaptive_search:GroverAdaptiveSearch",
}
