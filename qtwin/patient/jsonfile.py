"""Reading a JSON file that a user named, with every way it can fail said plainly."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from qtwin.errors import InputError

MAX_BYTES = 64 * 2**20


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"it holds {name}, which is not a number")


def read_json(path: Path, *, what: str) -> tuple[dict[str, Any], str]:
    """A JSON object and the SHA-256 of its bytes.

    Raises:
        InputError: if the file is missing, unreadable, too large, empty, not JSON, holds NaN or Infinity, or is not an object.
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
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check its permissions") from None
    if not raw.strip():
        raise InputError(f"{path} is empty, a {what} was wanted", hint="export the record again")
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} cannot be read as JSON: {error}", hint=f"it should be a {what} in JSON; correct or export it again"
        ) from None
    if not isinstance(value, dict):
        raise InputError(f"{path} holds a JSON {type(value).__name__}, an object was wanted", hint=f"it should be a {what}")
    return value, hashlib.sha256(raw).hexdigest()
