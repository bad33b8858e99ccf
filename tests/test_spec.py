"""Experiment files: what is unknown or unusable is refused with a suggestion; the identity covers
everything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from qtwin.errors import InputError
from qtwin.spec import identity, read_spec
from tests.cli.conftest import ROOT, SMALL


def _write(folder: Path, text: str) -> Path:
    path = folder / "spec.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_quickstart_reads(tmp_path: Path) -> None:
    spec = read_spec(ROOT / "experiments" / "quickstart.toml")
    assert len(spec.problem.candidates) >= 16
    assert {s.options.get("backend") for s in spec.solver if s.name == "qaoa"} == {
        "statevector",
        "aer",
        "pennylane",
    }
    assert {"enumeration", "cp-sat", "simulated-annealing", "tabu", "random"} <= {
        s.name for s in spec.solver
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("seed = 7", "", "seed is missing"),
        ("seed = 7", "seed = -7", "seed"),
        ("seed = 7", 'seed = "7"', "seed"),
        ("seed = 7", "seed = 7\nsede = 8", "seed"),
        ("n_members = 200", "n_members = 5", "n_members"),
        ("[encoding]", "[encodings]", "encoding"),
        ("max_drugs = 6", "max_drugs = 0", "max_drugs"),
        ("max_drugs = 6", "max_drugs = 6\ncvar_alpha = 1.5", "cvar_alpha"),
        ("max_drugs = 6", "max_drugs = 6\nworst_share = 0.1", "worst_share"),
        ("max_drugs = 6", 'max_drugs = 6\ncvar_over = "draws"', "cvar_over"),
        ("n_members = 200", 'n_members = 200\nout_of_scope = "yes"', "out_of_scope"),
    ],
)
def test_unusable_specs_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in SMALL
    with pytest.raises(InputError) as caught:
        read_spec(_write(tmp_path, SMALL.replace(old, new)))
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_spec_from_another_editor_is_the_same(tmp_path: Path) -> None:
    """Some editors put a mark before UTF-8 and end lines in two characters."""
    plain = read_spec(_write(tmp_path, SMALL))
    (tmp_path / "other.toml").write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert identity(read_spec(tmp_path / "other.toml")) == identity(plain)


def test_a_folder_is_not_a_spec(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        read_spec(tmp_path)


def test_the_identity_changes_with_every_part(tmp_path: Path) -> None:
    spec = read_spec(_write(tmp_path, SMALL))
    other = read_spec(_write(tmp_path, SMALL.replace("shots = 512", "shots = 513")))
    ids = {identity(spec), identity(spec, "a"), identity(spec, "b"), identity(other)}
    assert len(ids) == 4
    assert identity(read_spec(_write(tmp_path, SMALL))) == identity(spec)


def test_the_objective_is_the_mean_unless_it_guards_against_the_worst_by_name(
    tmp_path: Path,
) -> None:
    plain = read_spec(_write(tmp_path, SMALL)).problem
    assert (plain.cvar_alpha, plain.cvar_over, plain.jurisdiction, plain.lift) == (
        1.0,
        "people",
        "US",
        (),
    )
    guard = 'max_drugs = 6\ncvar_alpha = 0.1\ncvar_over = "ignorance"'
    guarded = read_spec(_write(tmp_path, SMALL.replace("max_drugs = 6", guard))).problem
    assert (guarded.cvar_alpha, guarded.cvar_over) == (0.1, "ignorance")
