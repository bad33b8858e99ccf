"""WHO ANSWERS. `TABLE` maps a solver's name to where it lives; adding one is one file and one line."""

TABLE: dict[str, str] = {
    "enumeration": "qtwin.solver.classical.enumeration:Enumeration",
    "cp-sat": "qtwin.solver.classical.cp_sat:CpSat",
    "simulated-annealing": "qtwin.solver.classical.simulated_annealing:SimulatedAnnealing",
    "random": "qtwin.solver.classical.random_sampling:RandomSampling",
    "qaoa": "qtwin.solver.quantum.qaoa:Qaoa",
}
