"""WHO ANSWERS a question of energy.

`TABLE` maps a method's name to where it lives; adding one is one file and one line.
"""

TABLE: dict[str, str] = {
    "hf": "qtwin.chemistry.method.whole_molecule:HartreeFock",
    "mp2": "qtwin.chemistry.method.whole_molecule:Mp2",
    "ccsd": "qtwin.chemistry.method.whole_molecule:Ccsd",
    "ccsd(t)": "qtwin.chemistry.method.whole_molecule:CcsdT",
    "fci": "qtwin.chemistry.method.exact:Fci",
    "casci": "qtwin.chemistry.method.exact:Casci",
    "selected-ci": "qtwin.chemistry.method.selected_ci:SelectedCi",
    "dmrg": "qtwin.chemistry.method.dmrg:Dmrg",
    "active-ccsd": "qtwin.chemistry.method.active_coupled_cluster:ActiveCcsd",
    "active-ccsd(t)": "qtwin.chemistry.method.active_coupled_cluster:ActiveCcsdT",
    "vqe-uccsd": "qtwin.chemistry.method.vqe:VqeUccsd",
    "vqe-k-upccgsd": "qtwin.chemistry.method.vqe:VqeUpccgsd",
    "vqe-lucj": "qtwin.chemistry.method.vqe:VqeLucj",
    "adapt-vqe": "qtwin.chemistry.method.adapt_vqe:AdaptVqe",
    "vqe-hardware-efficient": "qtwin.chemistry.method.hardware_efficient:HardwareEfficientVQE",
    "sqd": "qtwin.chemistry.method.sqd:Sqd",
    "trotter": "qtwin.chemistry.method.trotter:Trotter",
    "vqd": "qtwin.chemistry.method.vqd:Vqd",
    "iterative-qpe": "qtwin.chemistry.method.iterative_qpe:IterativeQpe",
}
