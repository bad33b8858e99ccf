"""What all spec files share: strict sections, TOML in, errors that name the key, identity by
hash.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from qtwin.errors import InputError, unknown_name

_LARGEST_BYTES = 4 << 20
_Whole = TypeVar("_Whole", bound=BaseModel)


class Section(BaseModel):
    """A table of a spec file: its keys are known, its values have the types they are written in,
    nothing changes later.
    """

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
        return unknown_name(
            f"key {where!r} in {path.name}: option", str(first["loc"][-1]), section.model_fields
        )
    if first["type"] == "missing":
        return InputError(
            f"{path.name}: {where} is missing",
            hint="see experiments/quickstart.toml for a complete spec",
        )
    return InputError(
        f"{path.name}: {where} = {first['input']!r}: {first['msg'].lower()}",
        hint="correct the value in the spec",
    )


KINDS: tuple[tuple[frozenset[str], str, str], ...] = (
    (frozenset({"step"}), "a map", "qtwin map"),
    (frozenset({"patient", "problem"}), "an experiment", "qtwin run"),
    (frozenset({"train_sizes"}), "a scaling study", "qtwin scaling"),
    (frozenset({"family", "solver"}), "a sweep", "qtwin bench"),
    (frozenset({"molecule"}), "a molecule", "qtwin molecule"),
    (frozenset({"contact"}), "a molecule", "qtwin molecule"),
    (frozenset({"interaction"}), "a molecule", "qtwin molecule"),
    (frozenset({"repetitions"}), "a study of mitigation", "qtwin mitigation"),
    (frozenset({"protocol"}), "a trial", "qtwin trial"),
    (frozenset({"population", "arm"}), "a trial", "qtwin trial"),
)
"""Keys at the top of a file by which its kind is known, the kind in words, and the command that
runs it.
"""


def kind_of(raw: Mapping[str, Any]) -> tuple[str, str]:
    """The kind of a file in words and the command for it, by its keys; ("", "") where it cannot be
    told.
    """
    return next(((words, command) for keys, words, command in KINDS if keys <= set(raw)), ("", ""))


def refuse_other_kind(raw: Mapping[str, Any], name: str, command: str) -> None:
    """Name the right command for a file of another kind (InputError)."""
    words, its = kind_of(raw)
    if its and its != command:
        expected = next(w for _, w, c in KINDS if c == command)
        raise InputError(f"expected {expected}, got {words} in {name}", hint=f"{its} {name}")


def toml_of(path: Path) -> dict[str, Any]:
    """What stands in a TOML file.

    Raises:
        InputError: if it is missing, too large or not TOML.
    """
    try:
        if path.exists() and path.stat().st_size > _LARGEST_BYTES:
            raise InputError(
                f"{path} is larger than {_LARGEST_BYTES >> 20} MiB", hint="name the spec file"
            )
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise InputError(
            f"no spec file at {path}",
            hint="check the path; experiments/quickstart.toml is an example",
        ) from None
    except IsADirectoryError:
        raise InputError(
            f"expected a TOML file, got the folder {path}", hint="name the spec file"
        ) from None
    # no TOML, no UTF-8, a number of thousands of digits, too deep
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not TOML: {error}", hint="correct the file; see experiments/quickstart.toml"
        ) from None
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="check its permissions"
        ) from None


def read(path: Path, model: type[_Whole], *, command: str = "") -> _Whole:
    """Read and check a spec file; one for another command than `command` is told so.

    Raises:
        InputError: if it is missing, not TOML, or holds an unknown key or an unusable value.
    """
    raw = toml_of(path)
    if command:
        refuse_other_kind(raw, path.name, command)
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        raise _as_input_error(error, path, model) from None


def identity(spec: BaseModel, *parts: str) -> str:
    """SHA-256 over everything that defines the run: the spec and further parts such as record
    digests and versions.
    """
    text = json.dumps([spec.model_dump(mode="json"), *parts], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
