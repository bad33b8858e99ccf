"""The last look at a payload before it leaves: no identifier, no date and no genotype may be in it, packed or plain."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from qtwin.errors import ConsentError

_SHORTEST = 4
_PATTERNS = {
    "a date": re.compile(r"(?<![\d.])(?:19|20)\d{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?!\d)"),
    "a genotype": re.compile(r"\*\d{1,3}(?:x\d)?\s*/\s*\*\d{1,3}|(?<![A-Za-z0-9+/])CYP\d[A-Z]\d{1,2}(?![A-Za-z0-9+/])"),
    "an rs number": re.compile(r"(?<![A-Za-z0-9+/])rs\d{4,}(?![A-Za-z0-9+/=])"),
}
"""What is refused whoever it belongs to; looked for in texts, not in packed numbers, where digits fall as they may."""


def scan(payload: bytes, identifiers: Iterable[str]) -> int:
    """Refuse a payload that tells whom it is about.

    Args:
        payload: JSON, as it would be posted.
        identifiers: Texts that must not leave: pseudonym, genotypes, dates, names of drugs and of variables.

    Returns:
        How many texts, plain and unpacked, were looked at.

    Raises:
        ConsentError: naming what was found, but not where it came from.
    """
    words = sorted({w.lower() for w in identifiers if len(w) >= _SHORTEST})
    count = 0
    for text, packed in texts(json.loads(payload)):
        count += 1
        lowered = text.lower()
        for word in words:
            if word in lowered:
                raise ConsentError(
                    f"the job that would be sent holds an identifier of the record ({len(word)} letters, {word[:2]}...)",
                    hint="this is a fault of qtwin, please report it; nothing was sent",
                )
        for what, pattern in () if packed else _PATTERNS.items():
            if pattern.search(text):
                raise ConsentError(f"the job that would be sent holds {what}", hint="nothing was sent; report this")
    return count


def texts(value: Any) -> Iterator[tuple[str, bool]]:
    """Every text of a JSON value, keys included, and whether it is unpacked from base64."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key), False
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value, False
        unpacked = _unpacked(value)
        if unpacked is not None:
            yield unpacked, True


def _unpacked(text: str) -> str | None:
    """Base64, compressed or not, as text; None for anything else."""
    if len(text) < 16:
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    for unpack in (zlib.decompress, gzip.decompress):
        try:
            return unpack(raw).decode("latin-1")
        except (OSError, EOFError, zlib.error):
            continue
    return raw.decode("latin-1")
