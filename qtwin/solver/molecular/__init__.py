"""WHO ANSWERS a question of energy. `TABLE` maps a method's name to where it lives; adding one is one file and one line."""

TABLE: dict[str, str] = {
    "hf": "qtwin.solver.molecular.classical.hartree_fock:HartreeFock",
    "mp2": "qtwin.solver.molecular.classical.mp2:Mp2",
    "ccsd": "qtwin.solver.molecular.classical.coupled_cluster:Ccsd",
    "ccsd(t)": "qtwin.solver.molecular.classical.coupled_cluster:CcsdT",
    "fci": "qtwin.solver.molecular.classical.exact:Fci",
    "casci": "qtwin.solver.molecular.classical.exact:Casci",
    "selected-ci": "qtwin.solver.molecular.classical.selected_ci:SelectedCi",
    "dmrg": "qtwin.solver.molecular.classical.dmrg:Dmrg",
    "active-ccsd": "qtwin.solver.molecular.classical.active_coupled_cluster:ActiveCcsd",
    "active-ccsd(t)": "qtwin.solver.molecular.classical.active_coupled_cluster:ActiveCcsdT",
    "vqe-uccsd": "qtwin.solver.molecular.vqe_uccsd:VqeUccsd",
    "vqe-k-upccgsd": "qtwin.solver.molecular.vqe_upccgsd:VqeUpccgsd",
    "vqe-lucj": "qtwin.solver.molecular.vqe_lucj:VqeLucj",
    "adapt-vqe": "qtwin.solver.molecular.adapt_vqe:AdaptVqe",
    "vqe-hardware-efficient": "qtwin.solver.molecular.hardware_efficient:HardwareEfficientVQE",
    "sqd": "qtwin.solver.molecular.sqd:Sqd",
    "trotter": "qtwin.solver.molecular.trotter:Trotter",
    "vqd": "qtwin.solver.molecular.vqd:Vqd",
    "iterative-qpe": "qtwin.solver.molecular.iterative_qpe:IterativeQpe",
}
