"""WHERE CIRCUITS RUN. `TABLE` maps a backend's name to where it lives; adding one is one file and
one line.
"""

TABLE: dict[str, str] = {
    "statevector": "qtwin.backend.statevector:StatevectorBackend",
    "aer": "qtwin.backend.aer:AerBackend",
    "fake": "qtwin.backend.fake:FakeBackend",
    "ibm": "qtwin.backend.hardware.ibm.backend:IbmBackend",
    "pennylane": "qtwin.backend.pennylane:PennylaneBackend",
}
