"""IBM Quantum through qiskit-ibm-runtime: the account, the provider that the ledger talks to, and
the backend ``ibm:NAME``.
"""
