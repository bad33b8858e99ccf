"""WHO ANSWERS a question of energy. `TABLE` maps a method's name to where it lives; adding one is one file and one line."""

TABLE: dict[str, str] = {
    "vqe-uccsd": "qtwin.solver.molecular.vqe:VqeUccsd",
    "vqe-k-upccgsd": "qtwin.solver.molecular.vqe:VqeUpccgsd",
    "adapt-vqe": "qtwin.solver.molecular.adapt_vqe:AdaptVqe",
    "vqd": "qtwin.solver.molecular.vqd:Vqd",
    "iterative-qpe": "qtwin.solver.molecular.iterative_qpe:IterativeQpe",
}
