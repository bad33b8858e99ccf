"""WHERE CIRCUITS COST MONEY: a ledger that loses no job and buys none twice, prices and budgets,
and what may go out.
"""

PROVIDERS: dict[str, str] = {"ibm": "qtwin.backend.hardware.ibm.provider:IbmProvider"}
"""Who runs paid jobs, by the kind of backend (``ibm:NAME``), and where the ledger finds how to talk
to them.
"""
