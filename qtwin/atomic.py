"""Files that are whole or not there: written under a temporary name beside the target, then
renamed; their owner's alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtwin.errors import QtwinError


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Call `write` with a temporary path beside `path`, then rename it into place; nothing
    half-written is left.

    The file is its owner's alone (0600) from the start, whatever the umask.

    Raises:
        QtwinError: when the disk is full or the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp{path.suffix}")
    try:
        temporary.unlink(missing_ok=True)
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        write(temporary)
        temporary.chmod(0o600)  # where `write` made the file anew
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise QtwinError(
            f"cannot write {path}: {error.strerror}",
            hint="free some space, or write to another place",
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write `value` as readable JSON, whole or not at all.

    Raises:
        QtwinError: when the disk is full or the file cannot be written.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False)

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8")

    write_atomically(path, write)
