"""Reading a JSON file that a user named, with every way it can fail said plainly."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

from qtwin.errors import InputError

MAX_BYTES = 64 * 2**20


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON whose keys each came once.

    Raises:
        ValueError: if one came twice; it is not repeated, for it may be anything.
    """
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it names a key twice in one object")
    return found


def not_finite(value: Any, where: str = "") -> str | None:
    """The place of the first number that is not finite, as in `entry[3].resource.valueQuantity.value`, or None."""
    if isinstance(value, float):
        return None if math.isfinite(value) else where
    below: Any = ()
    if isinstance(value, dict):
        below = ((f"{where}.{key}" if where else key, item) for key, item in value.items())
    elif isinstance(value, list):
        below = ((f"{where}[{i}]", item) for i, item in enumerate(value))
    return next((found for place, item in below if (found := not_finite(item, place)) is not None), None)


def read_json(path: Path, *, what: str) -> tuple[dict[str, Any], str]:
    """A JSON object and the SHA-256 of its bytes.

    NaN, Infinity and numbers too large for a float are left in: the caller knows what they were to be and names it.

    Raises:
        InputError: if the file is missing, unreadable, too large, empty, not JSON, names a key twice, or is not an object.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB", hint=f"is this the {what}?")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"no file at {path}, a {what} was wanted", hint="check the path in the spec or on the command line"
        ) from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, a {what} was wanted", hint="name the file") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check the path and its permissions") from None
    if not raw.strip():
        raise InputError(f"{path} is empty, a {what} was wanted", hint="export the record again")
    try:
        value = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=distinct)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as JSON: {error}", hint=f"it should be a {what} in JSON; correct or export it again"
        ) from None
    if not isinstance(value, dict):
        raise InputError(f"{path} holds a JSON {type(value).__name__}, an object was wanted", hint=f"it should be a {what}")
    return value, hashlib.sha256(raw).hexdigest()
