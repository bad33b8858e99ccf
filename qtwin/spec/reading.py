"""What all spec files share: strict sections, TOML in, errors that name the key, identity by hash."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from qtwin.errors import InputError, unknown_name

_LARGEST_BYTES = 4 << 20
_Whole = TypeVar("_Whole", bound=BaseModel)


class Section(BaseModel):
    """A table of a spec file: its keys are known, its values have the types they are written in, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections that a field may hold, whatever it wraps them in."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _as_input_error(error: ValidationError, path: Path, whole: type[BaseModel]) -> InputError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        section: type[BaseModel] = whole
        for part in first["loc"][:-1]:
            if str(part) in section.model_fields:
                section = next(_models(section.model_fields[str(part)].annotation), section)
        return unknown_name(f"key {where!r} in {path.name}: option", str(first["loc"][-1]), section.model_fields)
    if first["type"] == "missing":
        return InputError(f"{path.name}: {where} is missing", hint="see experiments/quickstart.toml for a complete spec")
    return InputError(f"{path.name}: {where} = {first['input']!r}: {first['msg'].lower()}", hint="correct the value in the spec")


def read(path: Path, model: type[_Whole]) -> _Whole:
    """Read and check a spec file.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    try:
        if path.exists() and path.stat().st_size > _LARGEST_BYTES:
            raise InputError(f"{path} is larger than {_LARGEST_BYTES >> 20} MiB", hint="name the spec file")
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"no spec file at {path}", hint="check the path; experiments/quickstart.toml is an example") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder, a TOML file was wanted", hint="name the spec file") from None
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number of thousands of digits, too deep
        raise InputError(f"{path} is not TOML: {error}", hint="correct the file; see experiments/quickstart.toml") from None
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}", hint="check its permissions") from None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _as_input_error(error, path, model) from None


def identity(spec: BaseModel, *parts: str) -> str:
    """SHA-256 over everything that defines the run: the spec and further parts such as record digests and versions."""
    text = json.dumps([spec.model_dump(mode="json"), *parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
