"""The contract between the ledger and a provider of paid machines.

To add a provider: write a final subclass of `Provider` and hand it to
`qtwin.backend.hardware.ledger.submit`. The ledger needs only that a job carries a tag by which it
can be found again: a job is ours if it carries our tag, and for no other reason. A method raises
`ProviderError` when the provider refuses or cannot be reached, and never repeats a submission by
itself: whether to do so is the ledger's decision.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from qtwin.errors import QtwinError

RemoteStatus = Literal["QUEUED", "RUNNING", "DONE", "FAILED", "CANCELLED", "OTHER"]
FINAL = ("DONE", "FAILED", "CANCELLED")
_TRY_AGAIN = frozenset({408, 425, 429})


class ProviderError(QtwinError):
    """The provider refused, or did not answer (exit code 1).

    Args:
        message: In one line, without secrets.
        hint: What to do.
        status: HTTP status, None without an answer.
        retry_after_s: How long the provider asks to wait.
        session_ended: Whether a submission was refused because its session takes no jobs any more.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        retry_after_s: float = 0.0,
        session_ended: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after_s = retry_after_s
        self.session_ended = session_ended

    @property
    def passing(self) -> bool:
        """Whether the same request may succeed later without anybody changing it."""
        return (
            self.status is None
            or self.status in _TRY_AGAIN
            or self.status >= 500
            or 300 <= self.status < 400
        )


class PartialListingError(ProviderError):
    """A listing of jobs with parts missing: what it shows is there, what it does not show may be
    there too.

    Args:
        message: In one line.
        found: Jobs with our tag that it shows.
    """

    def __init__(self, message: str, *, found: tuple[Remote, ...] = ()) -> None:
        super().__init__(message, hint="qtwin jobs reconcile asks again; nothing is sent twice")
        self.found = found


class CorruptedResultError(QtwinError):
    """What the provider returned as a result is none; the bytes are kept (exit code 1)."""


@dataclass(frozen=True, kw_only=True)
class Posting:
    """One job as it goes out.

    Attributes:
        backend: The provider's name of the machine.
        program: The provider's name of the program.
        payload: JSON.
        tag: The nonce by which the job is found again; it says nothing.
        session_id: Session or batch, "" for none.
        max_execution_s: Limit on the machine's time, 0 for the provider's own.
        instance: Account or instance that pays, "" for the default.
    """

    backend: str
    program: str
    payload: bytes
    tag: str
    session_id: str = ""
    max_execution_s: int = 0
    instance: str = ""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A job as the provider sees it.

    Attributes:
        job_id: The provider's.
        status: Where it stands; OTHER for a word that is not known here, which means neither that
            it ended nor that it runs.
        created: ISO 8601, "" if unknown; the earliest job of several is adopted.
        reason: Why it failed.
        word: The provider's own word for the status.
        tags: Its tags; None if the provider does not tell them with the job.
    """

    job_id: str
    status: RemoteStatus
    created: str = ""
    reason: str = ""
    word: str = ""
    tags: tuple[str, ...] | None = None

    @property
    def message(self) -> str:
        """The provider's word and reason, as they are."""
        return ": ".join(part for part in (self.word or self.status.lower(), self.reason) if part)


class Provider(ABC):
    """Somebody who runs jobs for money."""

    name: str

    @abstractmethod
    def submit(self, posting: Posting) -> str:
        """Send one job, once, and return its identifier; the ledger believes it only when the job
        shows our tag.
        """

    @abstractmethod
    def find(self, tag: str, *, instance: str = "") -> tuple[Remote, ...]:
        """All jobs that carry the tag, and no others; empty if none is listed yet.

        Raises:
            PartialListingError: if parts of the listing are missing.
        """

    @abstractmethod
    def status(self, job_id: str, *, instance: str = "") -> Remote:
        """One job, with its tags (ProviderError of status 404 if there is none)."""

    @abstractmethod
    def cancel(self, job_id: str, *, instance: str = "") -> bool:
        """Stop a job; False if it had ended already."""

    @abstractmethod
    def fetch_raw(self, job_id: str, *, instance: str = "") -> bytes:
        """The result as the provider sends it."""

    @abstractmethod
    def verify(self, raw: bytes, request: Mapping[str, Any]) -> None:
        """Decode the raw result of a request and throw it away.

        Raises:
            CorruptedResultError: if it is not a whole result of that request.
        """

    @abstractmethod
    def usage(self, job_id: str, *, instance: str = "") -> dict[str, Any]:
        """What the job consumed: ``qpu_s``, and ``status`` "final" where 0 is meant; empty while
        that is not final.
        """
