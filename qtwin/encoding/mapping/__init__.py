"""Fermions written on qubits. `TABLE` maps a name to the function that makes the mapping; tapering makes others."""

TABLE: dict[str, str] = {
    "jordan-wigner": "qtwin.encoding.mapping.jordan_wigner:jordan_wigner",
    "parity": "qtwin.encoding.mapping.parity:parity",
    "parity-reduced": "qtwin.encoding.mapping.parity:parity_reduced",
    "bravyi-kitaev": "qtwin.encoding.mapping.bravyi_kitaev:bravyi_kitaev",
}
