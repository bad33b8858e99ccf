"""A line to IBM Quantum: whose account pays, and IBM's own client made stricter in three ways."""

from __future__ import annotations

import logging
import os
import re
import stat
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from qtwin.backend.hardware.provider import ProviderError
from qtwin.errors import InputError, QtwinError, require_vendor

TOKEN, INSTANCE, URL, RUNTIME_URL = (
    "QISKIT_IBM_TOKEN",
    "QISKIT_IBM_INSTANCE",
    "QISKIT_IBM_URL",
    "QTWIN_IBM_RUNTIME_URL",
)
GET_ONE = (
    "make an API key at https://quantum.cloud.ibm.com and put it into the environment variable "
    "QISKIT_IBM_TOKEN"
)
_ELSEWHERE = (URL, RUNTIME_URL, "IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECRET = re.compile(
    r"(?i)\b(bearer|apikey|api_key|access_token|token)\b([\s=:\"']+)[\w.~+/=-]{8,}"
)
_ACCESS_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]+(\.[\w-]+)?")
_PAGE = re.compile(r"(?is)<(!doctype|html|head|body).*")
_KNOWN: set[str] = set()


@dataclass(frozen=True, kw_only=True)
class Account:
    """What is needed to reach the provider; printing it shows no secret.

    Attributes:
        token: The API key, "" when it is in the file.
        instance: CRN or name, "" for the provider's choice.
        url: The provider's base address, "" for its own.
        runtime_url: Address of the REST API where it is not the provider's own.
        source: Where the key is, in words.
    """

    token: str = field(repr=False)
    instance: str
    url: str
    runtime_url: str
    source: str


def account_file() -> Path:
    """Where the provider's client keeps accounts."""
    return Path.home() / ".qiskit" / "qiskit-ibm.json"


def find_account() -> Account:
    """The account to use.

    Raises:
        InputError: if there is none, its file can be read by others, or an address would send the
            key in plain text.
    """
    for name in _ELSEWHERE:
        _check_address(name, os.environ.get(name, ""))
    url, runtime_url = os.environ.get(URL, ""), os.environ.get(RUNTIME_URL, "")
    if not runtime_url and urlsplit(url).hostname in _LOOPBACK:
        runtime_url = url
    instance, token = os.environ.get(INSTANCE, ""), os.environ.get(TOKEN, "").strip()
    if token:
        return Account(
            token=token,
            instance=instance,
            url=url,
            runtime_url=runtime_url,
            source=f"environment variable {TOKEN}",
        )
    path = account_file()
    if not path.exists():
        raise InputError("no account at IBM Quantum was found", hint=GET_ONE)
    check_private(path)
    return Account(token="", instance=instance, url=url, runtime_url=runtime_url, source=str(path))


def check_private(path: Path) -> None:
    """Refuse a file with a key in it that others can read (InputError)."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "nt" and mode & 0o077:
        raise InputError(
            f"{path} holds a key and others can read it: expected mode 0600, got {mode:04o}",
            hint=f"chmod 600 {path}",
        )


def _check_address(name: str, address: str) -> None:
    if not address:
        return
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise InputError(
        f"expected an https address in ${name}, got "
        f"{parts.scheme or 'no'}://{parts.hostname or ''}",
        hint="keys are sent in plain text to this machine alone (http://127.0.0.1)",
    )


def remember_secret(secret: str) -> None:
    """A key from elsewhere than the environment, never to be shown."""
    if secret:
        _KNOWN.add(secret)


def without_secrets(text: str, account: Account | None = None) -> str:
    """A text of others without keys and access tokens; all else as it is."""
    for secret in _KNOWN | {account.token if account else "", os.environ.get(TOKEN, "").strip()}:
        if secret:
            text = text.replace(secret, "***")
    return _ACCESS_TOKEN.sub("***", text) if "eyJ" in text else text


def scrub(text: str, account: Account | None = None) -> str:
    """A message of others without keys, access tokens, pages and control characters, in one
    line.
    """
    one_line = " ".join(
        "".join(c if c.isprintable() else " " for c in _PAGE.sub("(an HTML page)", text)).split()
    )
    return _SECRET.sub(r"\1\2***", without_secrets(one_line, account))[:400]


# A line to IBM Quantum through its own client, made stricter in three ways.
#
# A submission is never repeated by the client itself: it would repeat a POST after 5xx, although
# the job may have been taken. When the identity service gives no access token, nothing is sent: the
# client would send the raw API key to the runtime host instead. No request waits for ever.

TIMEOUT = "QTWIN_IBM_TIMEOUT_S"
"""Environment variable: seconds that a request may wait for its answer."""
_TIMEOUT_S = 120.0
_OPENING_S = 30.0
"""Opening a line takes half a dozen requests."""
_REPEATED = (429, 500, 502, 503, 504, 520, 521, 522, 524)
_LONGEST_REPEAT_S = 5.0
"""A reading that is to wait longer is repeated by whoever asked for it."""
_SETTLING = (400, 404, 405, 409, 410, 422)
"""Refusals that settle something; from a gateway, which answers in pages and not in JSON, they
settle nothing.
"""
_UNSAFE = ("CERTIFICATE_VERIFY_FAILED", "CERTIFICATE VERIFY FAILED", "WRONG_VERSION_NUMBER")
_NO_CERTIFICATE = 495
"""Not of HTTP itself, but some servers' word for it."""
_STARTS_WITH_STATUS = re.compile(r"[45]\d\d\b")
_QUOTA = (
    "quota",
    "usage limit",
    "usage has been",
    "limit exceeded",
    "limit reached",
    "no remaining",
    "insufficient",
)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An open line.

    Attributes:
        account: Whose it is.
        service: The client's `QiskitRuntimeService`.
    """

    account: Account
    service: Any

    def client(self, instance: str = "") -> Any:
        """The client's REST adapter for an instance, "" for the default one."""
        if instance and instance not in self.service._get_api_clients():
            self.service._get_or_create_cloud_client(instance)
        client = self.service._get_api_client(instance or None)
        _patient(client._session)
        return client

    def instance(self) -> str:
        """CRN of the default instance."""
        return str(self.service.active_instance())


def connect(account: Account | None = None) -> Connection:
    """Open a line with the account of the environment.

    Raises:
        InputError: without an account, or without the provider's package.
        ProviderError: if the provider refuses the account or does not answer.
    """
    require_vendor("qiskit_ibm_runtime", package="qiskit-ibm-runtime", needed_by="backend 'ibm'")
    chosen = account or find_account()
    # names and versions of the caller's packages are nobody's business
    os.environ.setdefault("USAGE_DATA_OPT_OUT", "True")
    from qiskit_ibm_runtime import QiskitRuntimeService

    _strict()
    logging.getLogger("qiskit_ibm_runtime").setLevel(logging.ERROR)
    options: dict[str, Any] = {"instance": chosen.instance or "auto"}
    if chosen.token:
        options |= {
            "channel": "ibm_quantum_platform",
            "token": chosen.token,
            "url": chosen.url or None,
        }
    if chosen.runtime_url:
        options["url_resolver"] = lambda *_: chosen.runtime_url
    opened: list[Any] = []
    failed: list[Exception] = []

    def open_line() -> None:
        try:
            opened.append(QiskitRuntimeService(**options))
        except Exception as error:  # handed to the thread that waits
            failed.append(error)

    # the client opens its line without a limit of its own
    opening = threading.Thread(target=open_line, daemon=True)
    opening.start()
    opening.join(max(_OPENING_S, _longest_s()))
    if failed and isinstance(failed[0], QtwinError):
        raise failed[0]
    if failed:
        raise as_provider_error(failed[0], chosen, "IBM Quantum did not accept the account")
    if not opened:
        raise ProviderError(
            "IBM Quantum did not answer in time",
            hint=f"try again later; ${TIMEOUT} is the limit in seconds",
        )
    remember_secret(str((opened[0].active_account() or {}).get("token") or ""))
    return Connection(account=chosen, service=opened[0])


def as_provider_error(error: BaseException, account: Account | None, what: str) -> ProviderError:
    """Any failure of the client as ours, without secrets."""
    if isinstance(error, ProviderError):
        return error
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and len(chain) < 8:
        if isinstance(link, ProviderError):
            return link
        chain.append(link)
        link = link.__cause__ or link.__context__
    # of a refusal it is false, but there
    answers = [getattr(link, "response", None) for link in chain]
    answers += [getattr(link, "http_response", None) for link in chain]
    answer = next((a for a in answers if a is not None), None)
    codes = [getattr(answer, "status_code", None)]
    codes += [getattr(link, name, None) for link in chain for name in ("status_code", "code")]
    codes += [int(text[:3]) for text in (str(error).lstrip(),) if _STARTS_WITH_STATUS.match(text)]
    status = next((c for c in codes if isinstance(c, int) and c > 0), None)
    if status in _SETTLING and answer is not None and not _is_the_providers(answer):
        status = None
    retry_after = _seconds(getattr(answer, "headers", {}).get("Retry-After", ""))
    if status is None and any(type(link).__name__ == "IBMNotAuthorizedError" for link in chain):
        status = 401
    message = scrub(str(error), account)
    if (
        any("SSL" in type(link).__name__ for link in chain)
        or "SSLError" in message
        or "certificate" in message.lower()
    ):
        hint = (
            "the line is not safe: look at this machine's clock and certificates; nothing is lost"
        )
        # asking again will not change it
        lasting = any(sign in message.upper() for sign in _UNSAFE)
        return ProviderError(
            f"{what}: {message}", hint=hint, status=_NO_CERTIFICATE if lasting else status
        )
    if (
        status is not None
        and 400 <= status < 500
        and any(word in message.lower() for word in _QUOTA)
    ):
        hint = (
            "the time that the plan allows is used up: wait for the next period or raise it; "
            "the job is kept in the ledger"
        )
        return ProviderError(
            f"{what}: {message}", hint=hint, status=status, retry_after_s=retry_after
        )
    hint = {
        401: f"the key is wrong or has expired: {GET_ONE}",
        403: "the account may not do this; look at its plan and instance (QISKIT_IBM_INSTANCE)",
        404: "the provider has it no more, or under another instance (QISKIT_IBM_INSTANCE); "
        "qtwin doctor checks the account",
        429: "too many requests; try again later",
    }.get(
        status or 0,
        "try again later; nothing is lost"
        if status is None or status >= 500
        else "qtwin doctor checks the account",
    )
    return ProviderError(f"{what}: {message}", hint=hint, status=status, retry_after_s=retry_after)


def _is_the_providers(response: Any) -> bool:
    """Whether a refusal is the provider's own word, a JSON object, and not the page of a gateway on
    the way.
    """
    read = getattr(response, "json", None)
    if read is None:
        return True
    if getattr(response, "history", None):  # the answer is that of a redirection
        return False
    try:
        return isinstance(read(), dict)
    except Exception:  # requests raises several kinds
        return False


def _seconds(header: Any) -> float:
    """Of a number of seconds or a date, as in RFC 9110, 10.2.3; 0 for anything else."""
    try:
        seconds = float(header)
        return min(max(seconds, 0.0), 86400.0) if seconds == seconds else 0.0
    except (TypeError, ValueError):
        pass
    try:
        date = parsedate_to_datetime(str(header))
    except (TypeError, ValueError):
        return 0.0
    return min(
        max((date - datetime.now(UTC if date.tzinfo else None)).total_seconds(), 0.0), 86400.0
    )


def _longest_s() -> float:
    return _seconds(os.environ.get(TIMEOUT, "")) or _TIMEOUT_S


def _strict() -> None:
    """Let no key leave for anybody but the identity service.

    Raises:
        QtwinError: if the client is built otherwise than expected, so that this cannot be promised.
    """
    from qiskit_ibm_runtime.accounts import account as accounts
    from qiskit_ibm_runtime.api import client_parameters
    from qiskit_ibm_runtime.api.auth import CloudAuth

    if getattr(client_parameters.CloudAuth, "sends_tokens_alone", False):
        return

    class TokenAuth(CloudAuth):  # type: ignore[misc]
        sends_tokens_alone = True

        def get_headers(self) -> dict[str, str]:
            try:
                token = self.tm.get_token()
            except Exception as error:
                # else the next request sleeps for a minute, waiting for this one
                self.tm.request_time = 0
                raise as_provider_error(
                    error, None, "IBM Cloud's identity service gave no access token"
                ) from None
            return {"Service-CRN": self.crn, "Authorization": f"Bearer {token}"}

    for module in (client_parameters, accounts):
        if getattr(module, "CloudAuth", None) is not CloudAuth:
            raise QtwinError(
                "this release of qiskit-ibm-runtime authenticates in a way that is not known here",
                hint="install the release in the lock file; qtwin doctor names it",
            )
        module.CloudAuth = TokenAuth


def _patient(session: Any) -> None:
    """Repeat what only reads, never what submits, and wait for nothing longer than the limit."""
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry

    if isinstance(session.adapters.get("https://"), _limited(HTTPAdapter)):
        return

    class Bounded(Retry):
        def parse_retry_after(self, retry_after: str) -> float:
            return min(_seconds(retry_after), _LONGEST_REPEAT_S)

    retry = Bounded(
        total=4,
        connect=3,
        read=3,
        backoff_factor=0.3,
        status_forcelist=_REPEATED,
        allowed_methods=frozenset({"GET"}),
        respect_retry_after_header=True,
        raise_on_status=False,
    )
    for prefix in ("https://", "http://"):
        session.mount(prefix, _limited(HTTPAdapter)(max_retries=retry))


_LIMITED: dict[type, type] = {}


def _limited(base: type) -> type:
    from requests.exceptions import TooManyRedirects

    if base not in _LIMITED:

        class Limited(base):  # type: ignore[misc]
            def send(self, request: Any, *arguments: Any, **options: Any) -> Any:
                longest = _longest_s()
                timeout = options.get("timeout")
                connecting, reading = timeout if isinstance(timeout, tuple) else (timeout, timeout)
                options["timeout"] = (
                    min(connecting or 10.0, 10.0),
                    min(reading or longest, longest),
                )
                answer = super().send(request, *arguments, **options)
                if answer.is_redirect and request.method != "GET":
                    raise TooManyRedirects(
                        "the answer sends what was posted elsewhere", response=answer
                    )
                return answer

        _LIMITED[base] = Limited
    return _LIMITED[base]
