"""IBM Quantum as the ledger sees it."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, final

from qtwin.backend.hardware.ibm.connection import (
    Connection,
    as_provider_error,
    connect,
    scrub,
    without_secrets,
)
from qtwin.backend.hardware.ibm.payload import decoded
from qtwin.backend.hardware.provider import (
    PartialListingError,
    Posting,
    Provider,
    ProviderError,
    Remote,
    RemoteStatus,
)

_STATUS: dict[str, RemoteStatus] = {
    "queued": "QUEUED",
    "running": "RUNNING",
    "completed": "DONE",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
}
_TOO_LONG = 1305
"""The provider's reason code of a job that ran longer than it was allowed to."""
_SETTLED = ("final", "complete", "completed", "settled")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_SESSION_ENDED = re.compile(
    r"(?i)\b1217\b|session\b.{0,80}\b(clos|end|expir|inactive|terminat|not "
    r"(found|exist|accept|active|open))"
)
_PAGE = 200
_LISTING_S = 60.0
_SAME_PAGE = 3
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
            return _identifier(answer, "job")

        try:
            return self._asked("the job was not taken", post, posting.instance, once=True)
        except ProviderError as error:
            if error.status == 401:
                self._line = None
            if posting.session_id and not error.passing and error.status != 401:
                said = _SESSION_ENDED.search(error.message) is not None
                error.session_ended = said or not self.session_accepts(
                    posting.session_id, instance=posting.instance
                )
            raise

    def find(self, tag: str, *, instance: str = "") -> tuple[Remote, ...]:
        return self._asked(
            "jobs could not be listed", lambda client: _listed(client, tag), instance
        )

    def status(self, job_id: str, *, instance: str = "") -> Remote:
        def asked(client: Any) -> Remote:
            answer = client.job_get(job_id, exclude_params=True)
            if not isinstance(answer, Mapping) or answer.get("id") != job_id:
                raise ProviderError(
                    f"the provider answered about another job than {job_id}", hint="ask again later"
                )
            return _remote(answer)

        return self._asked(f"job {job_id} could not be asked for", asked, instance)

    def cancel(self, job_id: str, *, instance: str = "") -> bool:
        try:
            self._asked(
                f"job {job_id} could not be cancelled", lambda c: c.job_cancel(job_id), instance
            )
        except ProviderError as error:
            if error.status == 409:
                return False
            raise
        return True

    def fetch_raw(self, job_id: str, *, instance: str = "") -> bytes:
        what = f"the result of job {job_id} could not be fetched"
        got = self._asked(what, lambda c: c.job_results(job_id), instance)
        text = got.decode("utf-8", "surrogateescape") if isinstance(got, bytes) else str(got)
        if text[:200].lstrip().lower().startswith(("<html", "<!doctype")):
            raise ProviderError(
                f"{what}: expected a result, got a page of a gateway",
                hint="run the same command later",
            )
        return without_secrets(text).encode("utf-8", "surrogateescape")

    def verify(self, raw: bytes, request: Mapping[str, Any]) -> None:
        decoded(raw, request)

    def usage(self, job_id: str, *, instance: str = "") -> dict[str, Any]:
        metrics = self._asked(
            f"the usage of job {job_id} could not be asked for",
            lambda c: c.job_metadata(job_id),
            instance,
        )
        used = metrics.get("usage") if isinstance(metrics, Mapping) else None
        if not isinstance(used, Mapping):
            return {}
        seconds = used.get("qpu_charge_time_seconds", used.get("quantum_seconds"))
        settled = str(used.get("status", "")).lower() in _SETTLED
        # the provider says 0, or what it has so far, until it knows
        if not settled and ("status" in used or seconds == 0):
            return {}
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, int | float)
            or not math.isfinite(seconds)
            or seconds < 0
        ):
            return {}
        answer: dict[str, Any] = {"qpu_s": seconds, "status": "final" if settled else None}
        stamps = metrics.get("timestamps")
        if isinstance(stamps, Mapping):
            answer["timestamps"] = {
                scrub(str(k))[:40]: scrub(str(v))[:40] for k, v in stamps.items() if v is not None
            }
        return {k: v for k, v in answer.items() if v is not None}

    def open_session(self, backend: str, *, mode: str, max_time_s: int, instance: str = "") -> str:
        """Open a batch (``batch``) or a session (``dedicated``) that ends by itself after
        `max_time_s`.
        """

        def opened(client: Any) -> str:
            return _identifier(
                client.create_session(backend, instance or None, max_time_s, mode), "session"
            )

        return self._asked("no session could be opened", opened, instance, once=True)

    def session_accepts(self, session_id: str, *, instance: str = "") -> bool:
        """Whether a batch or session takes jobs, as far as the provider can tell."""
        try:
            answer = self._asked(
                f"session {session_id} could not be asked for",
                lambda c: c.session_details(session_id),
                instance,
            )
        except ProviderError as error:
            return error.status not in (404, 410)
        if not isinstance(answer, Mapping):
            return True
        return answer.get("accepting_jobs") is not False and str(
            answer.get("state", "open")
        ).lower() not in (
            "closed",
            "inactive",
        )

    def close_session(self, session_id: str, *, instance: str = "") -> None:
        """Let a batch or session take no more jobs; those that it has run to their end."""
        self._asked(
            f"session {session_id} could not be closed",
            lambda c: c.close_session(session_id),
            instance,
        )

    def _asked(
        self, what: str, action: Callable[[Any], _T], instance: str, *, once: bool = False
    ) -> _T:
        """Do it; after an expired access token once more on a new line, unless `once`."""
        try:
            return action(self.line.client(instance))
        except Exception as error:
            found = self._provider_error(error, what)
            if found.status != 401 or once:
                raise found from None
        self._line = None
        try:
            return action(self.line.client(instance))
        except Exception as error:
            raise self._provider_error(error, what) from None

    def _provider_error(self, error: Exception, what: str) -> ProviderError:
        from qtwin.errors import QtwinError

        if isinstance(error, QtwinError) and not isinstance(error, ProviderError):
            raise error
        return as_provider_error(error, None if self._line is None else self._line.account, what)


def _listed(client: Any, tag: str) -> tuple[Remote, ...]:
    """All jobs with the tag, whatever else the listing holds: servers count wrongly, cap pages,
    repeat them and ignore the tag.

    Raises:
        PartialListingError: if a part of the listing is missing, so that no job can be said to be
            missing.
    """
    found: dict[str, Remote] = {}
    seen: set[str] = set()
    offset, repeated, deadline = 0, 0, time.monotonic() + _LISTING_S

    def partial(why: str) -> PartialListingError:
        return PartialListingError(
            f"the listing of jobs is not whole: {why}", found=tuple(found.values())
        )

    while True:
        page = client.jobs_get(limit=_PAGE, skip=offset, job_tags=[tag], include_mocks=True)
        jobs = page.get("jobs") if isinstance(page, Mapping) else None
        if not isinstance(jobs, list) or not all(isinstance(job, Mapping) for job in jobs):
            raise partial("expected a list, got something else")
        named = {job["id"] for job in jobs if _is_identifier(job.get("id"))}
        nameless = sum(not _is_identifier(job.get("id")) for job in jobs)
        new = named - seen
        seen |= new
        for job in jobs:
            if tag in _tags(job):
                if not _is_identifier(job.get("id")):
                    raise partial("a job with our tag has no identifier")
                found[job["id"]] = _remote(job)
        count = page.get("count")
        count = count if isinstance(count, int) else None
        whole = len(jobs) < _PAGE if count is None else len(seen) >= count
        # an empty page is the end, or one without news; never a count alone
        if not jobs or (not new and whole):
            return tuple(found.values())
        offset, repeated = (offset + len(named) + nameless, 0) if new else (offset, repeated + 1)
        if repeated >= _SAME_PAGE:
            raise partial(f"the provider repeats a page, {len(seen)} jobs of {count} were shown")
        if time.monotonic() > deadline:
            raise partial("it has no end")


def _remote(job: Mapping[str, Any]) -> Remote:
    state = job.get("state")
    answer: Mapping[str, Any] = state if isinstance(state, Mapping) else {"status": state}
    word = scrub(str(answer.get("status") or job.get("status") or "no status"))[:80]
    reason = scrub(str(answer.get("reason") or job.get("reason") or ""))
    status = _STATUS.get(word.lower(), "OTHER")
    code = answer.get("reason_code") or answer.get("reasonCode")
    if word.lower().startswith("cancelled") and (
        "ran too long" in word.lower() or str(code) == str(_TOO_LONG)
    ):
        status, word = (
            "FAILED",
            word if "ran too long" in word.lower() else f"{word} - Ran too long",
        )
    return Remote(
        job_id=str(job["id"]),
        status=status,
        created=str(job.get("created") or "")[:40],
        reason=reason,
        word=word,
        tags=_tags(job),
    )


def _tags(job: Mapping[str, Any]) -> tuple[str, ...]:
    tags = job.get("tags")
    return (
        tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list | tuple) else ()
    )


def _is_identifier(answer: Any) -> bool:
    return isinstance(answer, str) and _ID.fullmatch(answer) is not None


def _identifier(answer: Any, what: str) -> str:
    """The identifier in an answer; one that is missing, empty or no text names nothing."""
    found = answer.get("id") if isinstance(answer, Mapping) else None
    if not _is_identifier(found):
        raise ProviderError(
            f"the answer names no {what}: expected an identifier, got {type(found).__name__}",
            hint=f"whether the {what} was taken is not known yet",
        )
    return str(found)
