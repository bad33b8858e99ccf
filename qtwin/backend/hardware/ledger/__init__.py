"""The ledger of paid jobs.

A job is written down as INTENT before anything leaves the machine, as UNKNOWN before it is posted,
as SUBMITTED once the provider's identifier is known, and at last as DONE, FAILED or CANCELLED.
Whoever finds UNKNOWN asks the provider for the job's nonce before anything is posted again.
"""

from qtwin.backend.hardware.ledger.store import Entry, Ledger, Order, State, default_place

__all__ = ["Entry", "Ledger", "Order", "State", "default_place"]
