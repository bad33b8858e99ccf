"""Whose account pays: the token comes from the environment or from the provider's own file, and goes nowhere but to the provider.

Environment: ``QISKIT_IBM_TOKEN`` (the API key), ``QISKIT_IBM_INSTANCE`` (a CRN or a name, else chosen by the provider's client),
``QISKIT_IBM_URL`` and, for a server of one's own, ``QTWIN_IBM_RUNTIME_URL``.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from qtwin.errors import InputError

TOKEN, INSTANCE, URL, RUNTIME_URL = "QISKIT_IBM_TOKEN", "QISKIT_IBM_INSTANCE", "QISKIT_IBM_URL", "QTWIN_IBM_RUNTIME_URL"
GET_ONE = "make an API key at https://quantum.cloud.ibm.com and put it into the environment variable QISKIT_IBM_TOKEN"
_ELSEWHERE = (URL, RUNTIME_URL, "IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECRET = re.compile(r"(?i)\b(bearer|apikey|api_key|access_token|token)\b([\s=:\"']+)[\w.~+/=-]{8,}")
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
        InputError: if there is none, its file can be read by others, or an address would send the key in plain text.
    """
    for name in _ELSEWHERE:
        _check_address(name, os.environ.get(name, ""))
    url, runtime_url = os.environ.get(URL, ""), os.environ.get(RUNTIME_URL, "")
    if not runtime_url and urlsplit(url).hostname in _LOOPBACK:
        runtime_url = url
    instance, token = os.environ.get(INSTANCE, ""), os.environ.get(TOKEN, "").strip()
    if token:
        return Account(token=token, instance=instance, url=url, runtime_url=runtime_url, source=f"environment variable {TOKEN}")
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
            f"{path} holds a key and others can read it (mode {mode:04o}, 0600 was wanted)", hint=f"chmod 600 {path}"
        )


def _check_address(name: str, address: str) -> None:
    if not address:
        return
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise InputError(
        f"${name} is {parts.scheme or 'no'}://{parts.hostname or ''}, an https address was wanted",
        hint="keys are sent in plain text to this machine alone (http://127.0.0.1)",
    )


def remember_secret(secret: str) -> None:
    """A key that came from elsewhere than the environment, never to be shown."""
    if secret:
        _KNOWN.add(secret)


def without_secrets(text: str, account: Account | None = None) -> str:
    """A text of others without keys and access tokens; all else as it is."""
    for secret in _KNOWN | {account.token if account else "", os.environ.get(TOKEN, "").strip()}:
        if secret:
            text = text.replace(secret, "***")
    return _ACCESS_TOKEN.sub("***", text) if "eyJ" in text else text


def scrub(text: str, account: Account | None = None) -> str:
    """A message of others without keys, access tokens, pages and control characters, in one line."""
    one_line = " ".join("".join(c if c.isprintable() else " " for c in _PAGE.sub("(an HTML page)", text)).split())
    return _SECRET.sub(r"\1\2***", without_secrets(one_line, account))[:400]
