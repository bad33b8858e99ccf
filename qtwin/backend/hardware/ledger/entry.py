"""What travels: an order that goes into the ledger, and an entry that comes out of it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["INTENT", "UNKNOWN", "SUBMITTED", "DONE", "FAILED", "CANCELLED"]
FINAL = ("DONE", "FAILED", "CANCELLED")


@dataclass(frozen=True, kw_only=True)
class Order:
    """A job that is to be run, complete before anything leaves the machine.

    Attributes:
        provider: Who runs it, such as ``ibm``.
        backend: The provider's name of the machine.
        program: The provider's name of the program.
        payload: What is posted (JSON).
        request: What was asked for: circuit hash, parameters, shots, options, seed; with `backend` it is the job's identity.
        planned: The estimate of qubits, depth, time and price.
        local: What is needed to read the result and stays here: the permutation and flips of the variables.
        files: Further things to keep: the circuit as ``qpy`` and ``openqasm3``, ``calibration``, ``versions``.
        instance: Account or instance that pays, "" for the default.
        session_id: Session or batch, "" for none.
        max_execution_s: Limit on the machine's time, 0 for the provider's own.
    """

    provider: str
    backend: str
    program: str
    payload: bytes
    request: Mapping[str, Any]
    planned: Mapping[str, Any] = field(default_factory=dict)
    local: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    instance: str = ""
    session_id: str = ""
    max_execution_s: int = 0

    @property
    def key(self) -> str:
        """SHA-256 of provider, machine and request."""
        return key_of(self.provider, self.backend, self.request)


def key_of(provider: str, backend: str, request: Mapping[str, Any]) -> str:
    """The identity of a job: SHA-256 of provider, machine and everything that was asked for."""
    text = json.dumps([provider, backend, request], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A job as the ledger knows it.

    Attributes:
        key: Its identity.
        nonce: The tag under which it goes out; random.
        provider, backend, program, instance, session_id, max_execution_s: As ordered.
        state: Where it stands.
        job_id: The provider's identifier, "" until it is known; of an UNKNOWN job only what the provider's answer said.
        posts: How often it was sent.
        posted_at: Time of the last sending, seconds since 1970.
        swept: Whether duplicates were looked for after the provider's listing had settled.
        error: What went wrong last, "" if nothing.
        request, planned, local, usage: JSON values.
        created, updated: ISO 8601, UTC.
    """

    key: str
    nonce: str
    provider: str
    backend: str
    program: str
    instance: str
    session_id: str
    max_execution_s: int
    state: State
    job_id: str
    posts: int
    posted_at: float
    swept: bool
    error: str
    request: Mapping[str, Any]
    planned: Mapping[str, Any]
    local: Mapping[str, Any]
    usage: Mapping[str, Any]
    created: str
    updated: str

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in FINAL


def settled_s(usage: Mapping[str, Any]) -> float | None:
    """Seconds of the processor that a job took, None while that is not settled: providers say 0 until they know."""
    told = usage.get("qpu_s")
    if isinstance(told, bool) or not isinstance(told, int | float) or not math.isfinite(told) or told < 0:
        return None
    return float(told) if told > 0 or usage.get("status") == "final" else None
