"""IBM Quantum as the ledger sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, final

from qtwin.backend.hardware.ibm.connection import Connection, as_provider_error, connect
from qtwin.backend.hardware.ibm.result import decoded
from qtwin.backend.hardware.provider import Posting, Provider, ProviderError, Remote, RemoteStatus

_STATUS: dict[str, RemoteStatus] = {
    "queued": "QUEUED",
    "running": "RUNNING",
    "completed": "DONE",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
}
_PAGE = 200
_LISTING_S = 60.0
_T = TypeVar("_T")


@final
class IbmProvider(Provider):
    """Talks through the provider's own client; reconnects when an access token has expired.

    Args:
        connecting: Opens a line; called when one is needed first.
    """

    name = "ibm"

    def __init__(self, connecting: Callable[[], Connection] = connect) -> None:
        self._connecting = connecting
        self._line: Connection | None = None

    @property
    def line(self) -> Connection:
        """The open line.

        Raises:
            InputError, ProviderError: if it cannot be opened.
        """
        if self._line is None:
            self._line = self._connecting()
        return self._line

    def submit(self, posting: Posting) -> str:
        params = json.loads(posting.payload)

        def post(client: Any) -> str:
            answer = client.program_run(
                program_id=posting.program,
                backend_name=posting.backend,
                params=params,
                image=None,
                log_level="WARNING",
                session_id=posting.session_id or None,
                job_tags=[posting.tag],
                max_execution_time=posting.max_execution_s or None,
            )
            return str(answer["id"])

        try:
            return self._asked("the job was not taken", post, posting.instance, once=True)
        except ProviderError as error:
            if error.status == 401:
                self._line = None
            raise

    def find(self, tag: str, *, instance: str = "") -> tuple[Remote, ...]:
        def listed(client: Any) -> tuple[Remote, ...]:
            found: dict[str, Remote] = {}
            seen: set[str] = set()
            offset, deadline = 0, time.monotonic() + _LISTING_S
            while True:
                page = client.jobs_get(limit=_PAGE, skip=offset, job_tags=[tag], include_mocks=True)
                jobs = page.get("jobs") or []
                new = {str(j["id"]) for j in jobs} - seen
                seen |= new
                found |= {str(j["id"]): _remote(j) for j in jobs if tag in (j.get("tags") or [tag])}
                offset += len(jobs)
                count = page.get("count")  # servers may count wrongly and cap pages: a page without news ends it in any case
                if not new or (offset >= int(count) if count is not None else len(jobs) < _PAGE):
                    return tuple(found.values())
                if time.monotonic() > deadline:
                    raise ProviderError("the listing of jobs has no end", hint="run qtwin jobs reconcile later")

        return self._asked("jobs could not be listed", listed, instance)

    def status(self, job_id: str, *, instance: str = "") -> Remote:
        return self._asked(
            f"job {job_id} could not be asked for", lambda c: _remote(c.job_get(job_id, exclude_params=True)), instance
        )

    def cancel(self, job_id: str, *, instance: str = "") -> bool:
        try:
            self._asked(f"job {job_id} could not be cancelled", lambda c: c.job_cancel(job_id), instance)
        except ProviderError as error:
            if error.status in (404, 409):
                return False
            raise
        return True

    def fetch_raw(self, job_id: str, *, instance: str = "") -> bytes:
        text = self._asked(f"the result of job {job_id} could not be fetched", lambda c: c.job_results(job_id), instance)
        return text.encode() if isinstance(text, str) else bytes(text)

    def verify(self, raw: bytes, request: Mapping[str, Any]) -> None:
        decoded(raw, request)

    def usage(self, job_id: str, *, instance: str = "") -> dict[str, Any]:
        metrics = self._asked(f"the usage of job {job_id} could not be asked for", lambda c: c.job_metadata(job_id), instance)
        used = metrics.get("usage") or {}
        if used.get("status") == "pending":  # the provider says 0 until it knows
            return {}
        told = {"qpu_s": used.get("qpu_charge_time_seconds", used.get("quantum_seconds")), "status": used.get("status")}
        told |= {"timestamps": metrics.get("timestamps")}
        return {k: v for k, v in told.items() if v is not None}

    def open_session(self, backend: str, *, mode: str, max_time_s: int, instance: str = "") -> str:
        """Open a batch (``batch``) or a session (``dedicated``) that ends by itself after `max_time_s`."""

        def opened(client: Any) -> str:
            return str(client.create_session(backend, instance or None, max_time_s, mode)["id"])

        return self._asked("no session could be opened", opened, instance, once=True)

    def close_session(self, session_id: str, *, instance: str = "") -> None:
        """Let a batch or session take no more jobs; those that it has run to their end."""
        self._asked(f"session {session_id} could not be closed", lambda c: c.close_session(session_id), instance)

    def _asked(self, what: str, action: Callable[[Any], _T], instance: str, *, once: bool = False) -> _T:
        """Do it; after an expired access token once more on a new line, unless `once`."""
        try:
            return action(self.line.client(instance))
        except Exception as error:
            found = self._told(error, what)
            if found.status != 401 or once:
                raise found from None
        self._line = None
        try:
            return action(self.line.client(instance))
        except Exception as error:
            raise self._told(error, what) from None

    def _told(self, error: Exception, what: str) -> ProviderError:
        from qtwin.errors import QtwinError

        if isinstance(error, QtwinError) and not isinstance(error, ProviderError):
            raise error
        return as_provider_error(error, None if self._line is None else self._line.account, what)


def _remote(job: Mapping[str, Any]) -> Remote:
    state = job.get("state") or {}
    word = str(state.get("status") or job.get("status") or "").lower()
    if word.startswith("cancelled"):
        word = "cancelled"
    reason = str(state.get("reason") or "")
    return Remote(
        job_id=str(job["id"]), status=_STATUS.get(word, "QUEUED"), created=str(job.get("created") or ""), reason=reason[:500]
    )
