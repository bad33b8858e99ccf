"""What the results of all studies share: frozen, strictly typed values that are written as JSON and
read back the same.
"""

from __future__ import annotations

import dataclasses
import html
import json
import math
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from qtwin.atomic import write_atomically
from qtwin.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.report.sheet import Sheet


class Part(BaseModel):
    """A part of a result: its fields are known and typed, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return self.model_dump(mode="json", by_alias=True)


class StudyResult(Part):
    """A whole result: `result.json` is its dump, and reading that gives the same value."""

    def __str__(self) -> str:
        return repr(self)

    def write(self, path: str | Path) -> Path:
        """Write it, whole or not at all, for its owner's eyes alone.

        Raises:
            QtwinError: when the disk is full or the file cannot be written.
        """
        target = Path(path)
        text = json.dumps(self.to_json(), indent=1, allow_nan=False)
        write_atomically(target, lambda p: _write(p, text))
        return target

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """A result that was written before.

        Raises:
            InputError: for a file that is missing, or no result of this kind and version.
        """
        source = Path(path)
        try:
            return cls.model_validate_json(source.read_bytes())
        except OSError as error:
            raise InputError(
                f"cannot read {source}: {error.strerror}", hint="name a result.json"
            ) from None
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the file"
            raise InputError(
                f"{source.name} is no result of this version: {where}: {first['msg'].lower()}",
                hint="run the study again with this version, or read it with the version that "
                "wrote it",
            ) from None


class SheetResult(StudyResult):
    """A whole result whose page is a sheet of sections.

    Attributes:
        verdict: What was found, in a sentence.
        warnings: What limits it.
        versions: Of the package and the data.
        command: The command under way; empty where Python called.
        disclaimer: What it is not for.
    """

    verdict: str
    warnings: tuple[str, ...]
    versions: dict[str, str]
    command: str
    disclaimer: str

    @abstractmethod
    def to_pandas(self, table: Any = "") -> pd.DataFrame:
        """A table of the result."""

    @abstractmethod
    def sheet(self) -> Sheet:
        """The page, drawn from the result alone."""

    def to_html(self, path: str | Path = "report.html") -> Path:
        """The report as one page that opens offline, at `path` or as report.html in that folder;
        figures go beside it.

        Raises:
            InputError: for a folder that cannot be written.
        """
        from qtwin.report.sheet import write_sheet

        target = Path(path)
        folder, name = (
            (target.parent, target.name) if target.suffix == ".html" else (target, "report.html")
        )
        return write_sheet(self.sheet(), output_folder(folder), name=name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.verdict})"

    def __str__(self) -> str:
        return self.verdict

    def _repr_html_(self) -> str:
        shown = self.to_pandas().to_html(index=False)
        return (
            f"<p><b>{html.escape(self.verdict)}</b></p>{shown}<p>{html.escape(self.disclaimer)}</p>"
        )


def output_folder(path: str | Path) -> Path:
    """The folder, made where it is not there.

    Raises:
        InputError: if it cannot be made.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot make {folder}: {error.strerror}", hint="choose another folder with --out"
        ) from None
    return folder


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def plain_rows(values: Iterable[Any]) -> list[dict[str, Any]]:
    """Dataclasses as rows of JSON values."""
    return [plain(dataclasses.asdict(v)) for v in values]


def plain(value: Any) -> Any:
    """Values as JSON has them: arrays become lists, and what is not finite becomes null."""
    if isinstance(value, BaseModel):
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value
