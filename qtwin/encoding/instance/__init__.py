"""Instances in files: ours, and those that others read and write.

One file a format, one line in `FORMATS`.

A format is a module with ``read(text, name) -> Encoding`` and ``write(encoding) -> str``; one whose
files hold several problems has ``read_problem(text, name, problem)`` too. A file whose suffix is in
no table is known by its first lines (`content`).
"""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from qtwin.encoding.instance.entries import suffix_by_content
from qtwin.encoding.model import BinaryModel
from qtwin.errors import InputError, QtwinError, unknown_name

FORMATS: dict[str, str] = {
    ".json": "qtwin.encoding.instance.document",
    ".qubo": "qtwin.encoding.instance.qbsolv",
    ".lp": "qtwin.encoding.instance.lp",
    ".qs": "qtwin.encoding.instance.qs",
    ".mc": "qtwin.encoding.instance.maxcut",
    ".rud": "qtwin.encoding.instance.maxcut",
    ".bqp": "qtwin.encoding.instance.bqp",
}
"""Suffix of a file to the module that knows the format."""

PACKED: dict[str, Callable[[], Any]] = {
    ".gz": lambda: zlib.decompressobj(wbits=31),
    ".xz": lambda: lzma.LZMADecompressor(memlimit=_LARGEST_BYTES),
}
"""Suffix of a packed file to what unpacks it, piece by piece."""

_LARGEST_BYTES = 48 << 20
"""Of a file, unpacked too: what is read takes some twenty times as much memory."""
_MOST_LINES = 4_000_000
"""Of a file that is read line by line; each takes some 150 bytes."""
_PIECE = 1 << 20


class Format(Protocol):
    """What the module of a format offers."""

    def read(self, text: str, name: str) -> BinaryModel:
        """The instance in a file of that name; raises InputError with the line for anything
        unusable.
        """

    def write(self, encoding: BinaryModel) -> str:
        """The text of the file; raises InputError for what the format cannot hold."""


def format_of(path: Path) -> Format:
    """The format of a file by its suffix; that of a packed file stands before the last.

    Raises:
        InputError: for an unknown suffix.
    """
    inner = _inner(path)
    if inner.suffix.lower() not in FORMATS:
        raise unknown_name(
            "suffix of an instance file",
            inner.suffix or path.name,
            [*FORMATS, *(f".lp{p}" for p in PACKED)],
        )
    return cast(Format, import_module(FORMATS[inner.suffix.lower()]))


def read_instance(path: Path, problem: str = "") -> BinaryModel:
    """The instance in a file, which may be packed (`PACKED`).

    Args:
        path: Its suffix says what it is, or its first lines do (the files of the Gset and of the
            OR-Library have no suffix of their own).
        problem: Which of several problems in the file; "" where there is one.

    Raises:
        InputError: for a file that is missing, too large, no text, of an unknown kind, or not what
            its suffix says.
    """
    known = _inner(path).suffix.lower() in FORMATS
    try:
        text = _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(
            f"{path.name} is no text", hint=f"files ending in {path.suffix} hold plain text"
        ) from None
    if "\0" in text:
        raise InputError(
            f"{path.name} is no text", hint=f"files ending in {path.suffix} hold plain text"
        )
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.lstrip()[:1] != "{" and text.count("\n") > _MOST_LINES:
        raise InputError(
            f"{path.name} holds more than {_MOST_LINES:,} lines", hint="split the instance"
        )
    suffix = "" if known else suffix_by_content(text)
    form = format_of(path.with_suffix(suffix) if suffix else path)
    if not problem:
        return form.read(text, path.name)
    read_problem = getattr(form, "read_problem", None)
    if read_problem is None:
        raise InputError(
            f"{path.name} holds one problem, and problem {problem[:20]!r} was asked for",
            hint="leave --problem out",
        )
    return cast(BinaryModel, read_problem(text, path.name, problem))


def _inner(path: Path) -> Path:
    """The name of what is packed."""
    return path.with_suffix("") if path.suffix.lower() in PACKED else path


def _bytes(path: Path) -> bytes:
    """What is in the file, unpacked; never more than `_LARGEST_BYTES`.

    Raises:
        InputError: for a file that is missing, no regular file, too large or not packed as its
            suffix says.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is no file", hint="name a file")
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"no instance file at {path}", hint="check the path") from None
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="check its permissions"
        ) from None
    if path.suffix.lower() in PACKED and len(raw) <= _LARGEST_BYTES:
        raw = _unpacked(raw, path)
    if len(raw) > _LARGEST_BYTES:
        raise InputError(
            f"{path.name} holds more than {_LARGEST_BYTES >> 20} MiB", hint="split the instance"
        )
    return raw


def _unpacked(raw: bytes, path: Path) -> bytes:
    """All members of a packed file, one after another, up to one byte more than is allowed."""
    found = bytearray()
    try:
        while raw and len(found) <= _LARGEST_BYTES:
            unpacker = PACKED[path.suffix.lower()]()
            feed = raw
            while not unpacker.eof and len(found) <= _LARGEST_BYTES:
                piece = unpacker.decompress(feed, _PIECE)
                # xz keeps what it has not used itself
                feed = getattr(unpacker, "unconsumed_tail", b"")
                found += piece
                if not piece and not feed and not unpacker.eof:
                    raise EOFError  # noqa: TRY301 - as the readers of the library call it
            raw = unpacker.unused_data.lstrip(b"\0")
    except (zlib.error, lzma.LZMAError, EOFError):
        raise InputError(
            f"{path.name} is not packed as {path.suffix} says, or cut off",
            hint="fetch the file again",
        ) from None
    return bytes(found)


def write_instance(encoding: BinaryModel, path: Path) -> None:
    """Write an instance; the suffix says how.

    Raises:
        InputError: for an unknown suffix, that of a packed file, or an instance that the format
            cannot hold.
        QtwinError: when the file cannot be written.
    """
    if path.suffix.lower() in PACKED:
        raise InputError(
            f"{path.name} would be a packed file, which is read alone",
            hint=f"leave out {path.suffix}",
        )
    text = format_of(path).write(encoding)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise QtwinError(
            f"cannot write {path}: {error.strerror}", hint="choose another file"
        ) from None
