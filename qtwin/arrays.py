"""Arrays from a .npz file that somebody else may have written: no pickles, no more memory than the
file's own size says.
"""

from __future__ import annotations

import lzma
import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST_BYTES = 256 << 20
"""Of all arrays of a file together, unpacked."""
_FORMAT: Any = np.lib.format
_SPOILT = (
    *(
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        SyntaxError,
    ),
    *(MemoryError, OverflowError, TypeError, tokenize.TokenError),
)
"""What the readers of the library raise for spoilt archives."""


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Every array of a file by its name.

    The sizes that the archive and the arrays announce are compared before anything is unpacked, so
    that neither a shape of 10^12 entries nor a packed run of zeros costs memory.

    Raises:
        OSError: if the file cannot be read.
        ValueError: if it is no archive of plain arrays, or unpacks to more than `LARGEST_BYTES`.
    """
    found: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST_BYTES:
                raise ValueError(f"{path.name} unpacks to more than {LARGEST_BYTES >> 20} MiB")
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                with archive.open(member) as file:
                    _check_size(file, member.file_size, f"{path.name}: {name[:40]}")
                with archive.open(member) as file:
                    found[name] = np.asarray(_FORMAT.read_array(file, allow_pickle=False))
    except _SPOILT as error:
        raise ValueError(f"{path.name} is no archive of arrays: {type(error).__name__}") from None
    return found


def _check_size(file: Any, size: int, where: str) -> None:
    """Refuse an array whose header announces other than the `size` bytes that it has
    (ValueError).
    """
    version = _FORMAT.read_magic(file)
    read = {(1, 0): _FORMAT.read_array_header_1_0, (2, 0): _FORMAT.read_array_header_2_0}.get(
        version
    )
    if read is None:
        raise ValueError(f"{where}: expected an array of version 1.0 or 2.0, got {version}")
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError(f"{where}: an array of Python objects came, which is not read")
    if any(k < 0 for k in shape) or math.prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError(f"{where}: an array of shape {str(shape)[:60]} came in {size} bytes")
