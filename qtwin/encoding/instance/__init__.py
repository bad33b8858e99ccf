"""Instances in files: ours, and those that others read and write. One file a format, one line in `FORMATS`.

A format is a module with ``read(text, name) -> Encoding`` and ``write(encoding) -> str``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from qtwin.encoding.encoding import Encoding
from qtwin.errors import InputError, QtwinError, unknown_name

FORMATS: dict[str, str] = {
    ".json": "qtwin.encoding.instance.document",
    ".qubo": "qtwin.encoding.instance.qbsolv",
    ".lp": "qtwin.encoding.instance.lp",
}
"""Suffix of a file to the module that knows the format."""

_LARGEST_BYTES = 200 << 20


class Format(Protocol):
    """What the module of a format offers."""

    def read(self, text: str, name: str) -> Encoding:
        """The instance in a file of that name; raises InputError with the line for anything unusable."""

    def write(self, encoding: Encoding) -> str:
        """The text of the file; raises InputError for what the format cannot hold."""


def format_of(path: Path) -> Format:
    """The format of a file by its suffix.

    Raises:
        InputError: for an unknown suffix.
    """
    if path.suffix.lower() not in FORMATS:
        raise unknown_name("suffix of an instance file", path.suffix or path.name, FORMATS)
    return cast(Format, import_module(FORMATS[path.suffix.lower()]))


def read_instance(path: Path) -> Encoding:
    """The instance in a file.

    Raises:
        InputError: for a file that is missing, too large, no text, of an unknown suffix, or not what its suffix says.
    """
    form = format_of(path)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"{path.name} has more than {_LARGEST_BYTES >> 20} MiB", hint="split the instance")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"no instance file at {path}", hint="check the path") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is no text", hint=f"files ending in {path.suffix} are plain text") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check its permissions") from None
    return form.read(text, path.name)


def write_instance(encoding: Encoding, path: Path) -> None:
    """Write an instance; the suffix says how.

    Raises:
        InputError: for an unknown suffix, or an instance that the format cannot hold.
        QtwinError: when the file cannot be written.
    """
    text = format_of(path).write(encoding)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise QtwinError(f"cannot write {path}: {error.strerror}", hint="choose another file") from None
