"""Files that ask for more than they hold: each ends with exit code 2 and one line, within a
gigabyte and a few seconds.
"""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.thinned import thinned

ROOT = Path(__file__).resolve().parents[2]
resource = pytest.importorskip("resource")

_RUN = """
import contextlib, io, json, resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (100, 100))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from qtwin.cli import main
told = []
for arguments in json.loads(sys.argv[1]):
    out, errors, code = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        try:
            main(arguments)
        except SystemExit as stop:
            code = stop.code
        except BaseException as error:
            code = repr(error)[:300]
    told.append([code, out.getvalue(), errors.getvalue()])
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Done:
    """How one command ended."""

    returncode: int | str | None
    stdout: str
    stderr: str


def _limited(folder: Path, *commands: tuple[str, ...]) -> list[Done]:
    """Each command in turn, all in one process that has a gigabyte."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "200",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    ended = subprocess.run(
        [sys.executable, "-c", _RUN, json.dumps(commands)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=115,
        check=False,
    )
    assert ended.returncode == 0, (ended.returncode, ended.stderr[-600:])
    return [Done(*told) for told in json.loads(ended.stdout.splitlines()[-1])]


def _refused(done: Done, word: str = "") -> None:
    assert done.returncode == 2, (done.returncode, done.stderr[-600:])
    assert re.search("^error:", done.stderr, re.MULTILINE), done.stderr[:300]
    assert len(done.stderr) < 2000
    assert re.search(word, done.stderr), done.stderr


def _document(**changes: object) -> str:
    whole = {
        "schema": "qtwin.instance/1",
        "sense": "minimise",
        "variables": ["a", "b"],
        "n_decision": 2,
        "polynomial": [{"variables": [0], "coefficient": 1.0}],
        "objective": [{"variables": [0], "coefficient": 1.0}],
    }
    return json.dumps(whole | changes)


def _xz_of_zeros() -> bytes:
    packer = lzma.LZMACompressor(preset=1)
    return b"".join(packer.compress(b"\n" * (1 << 20)) for _ in range(64)) + packer.flush()


def _row(**changes: object) -> list[dict[str, object]]:
    return [
        {
            "kind": "Linear",
            "name": "r",
            "members": [0, 1],
            "weights": [1, 1],
            "sense": "<=",
            "limit": 1,
        }
        | changes
    ]


FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "variables announced": ("a.qubo", lambda: b"p qubo 0 2000000000 1 0\n7 7 1\n", "10,000"),
    "digits announced": (
        "a.qubo",
        lambda: b"p qubo 0 " + b"9" * 5000 + b" 1 0\n0 0 1\n",
        "expected",
    ),
    "a superscript for a digit": ("a.qubo", lambda: "p qubo 0 ² 1 0\n0 0 1\n".encode(), "expected"),
    "a variable of many digits": (
        "a.qubo",
        lambda: b"p qubo 0 2 1 0\n" + b"1" * 5000 + b" 1 1\n",
        "line 2",
    ),
    "an exponent": ("a.qubo", lambda: b"p qubo 0 2 1 0\n0 0 1e99999999\n", "finite"),
    "numbers that overflow": (
        "a.qubo",
        lambda: b"p qubo 0 2 2 0\n0 0 1e308\n1 1 1e308\n",
        "rescale|below",
    ),
    "not a number": ("a.qubo", lambda: b"p qubo 0 2 1 0\n0 0 nan\n", "finite"),
    "a comment that lies": (
        "a.qubo",
        lambda: b'c qtwin {"polynomial": ' + b"[" * 100_000 + b"\np qubo 0 1 1 0\n0 0 1\n",
        "c qtwin",
    ),
    "a name of a far variable": (
        "a.qubo",
        lambda: b"c name 99999999999999 z\np qubo 0 3 1 0\n0 0 x\n",
        "finite",
    ),
    "a number in a name": (
        "a.lp",
        lambda: b"Minimize\n obj: x7000000000\nBinary\n x7000000000\nEnd\n",
        "10,000",
    ),
    "digits in a coefficient": (
        "a.lp",
        lambda: b"Minimize\n obj: " + b"8" * 6000 + b" x\nBinary\n x\nEnd\n",
        "finite",
    ),
    "an exponent in a row": (
        "a.lp",
        lambda: b"Minimize\n obj: x\nSubject To\n 1e999 x <= 1\nBinary\n x\nEnd\n",
        "finite",
    ),
    "vertices announced": ("a.mc", lambda: b"2000000000 1\n1 2 1\n", "10,000"),
    "a graph of digits": ("a.mc", lambda: b"9" * 5_000_000 + b" 1\n1 2 1\n", "whole number"),
    "a weight of digits": ("a.mc", lambda: b"2 1\n1 2 " + b"9" * 5_000_000 + b"\n", "finite"),
    "problems announced": ("a.bqp", lambda: b"999999999999\n", "999999999999 problems"),
    "entries announced": ("a.bqp", lambda: b"1\n2 99999999999\n1 1 1\n", "cut off|entries"),
    "problems of digits": ("a.txt", lambda: b"9" * 5_000_000, "whole number"),
    "nothing but lines": ("a.bqp", lambda: b"1\n" * 10_000_000, "lines"),
    "comments without end": ("a.qs", lambda: b"# \n" * 10_000_000, "lines"),
    "whole numbers of many bits": (
        "a.lp",
        lambda: (
            "Minimize\n obj: x\nBounds\n"
            + "".join(f" 0 <= z{i} <= 1000000000\n" for i in range(20_000))
            + "General\n"
            + "".join(f" z{i}\n" for i in range(20_000))
            + "Binary\n x\nEnd\n"
        ).encode(),
        "bits and",
    ),
    "signs without end": (
        "a.lp",
        lambda: b"Minimize\n obj: " + b"- + " * 200_000 + b"\nEnd\n",
        "term",
    ),
    "depth": ("a.json", lambda: b'{"a":' * 100_000, "deep"),
    "depth of lists": ("a.json", lambda: b"[" * 3_000_000, "deep"),
    "many empty lists": ("a.json", lambda: b"[" + b"[]," * 5_000_000 + b"[]]", "lists"),
    "digits": (
        "a.json",
        lambda: _document(n_decision="@").replace('"@"', "7" * 5000).encode(),
        "digits",
    ),
    "an infinite coefficient": (
        "a.json",
        lambda: _document(polynomial=[{"variables": [0], "coefficient": float("inf")}]).encode(),
        "",
    ),
    "a weight of many digits": (
        "a.json",
        lambda: _document(constraints=_row(weights=[1, 10**400])).encode(),
        "r",
    ),
    "a limit that is none": (
        "a.json",
        lambda: _document(constraints=_row(limit=float("nan"))).encode(),
        "",
    ),
    "a limit in words": (
        "a.json",
        lambda: _document(constraints=_row(limit="many")).encode(),
        "limit",
    ),
    "fewer weights": (
        "a.json",
        lambda: _document(constraints=_row(weights=[1])).encode(),
        "weight",
    ),
    "a member that is none": (
        "a.json",
        lambda: _document(constraints=_row(members=[0, -1])).encode(),
        "outside",
    ),
    "a constraint that is none": ("a.json", lambda: _document(constraints=["r"]).encode(), ""),
    "zeros, packed": ("a.lp.gz", lambda: gzip.compress(b"\0" * (64 << 20), 9), "48 MiB"),
    "empty lines, packed": ("a.qubo.xz", _xz_of_zeros, "48 MiB"),
    "packed, cut off": (
        "a.qubo.xz",
        lambda: lzma.compress(b"p qubo 0 1 1 0\n0 0 1\n" * 9)[:-9],
        "packed",
    ),
    "not packed": ("a.lp.gz", lambda: b"Minimize\n obj: x\n", "packed"),
    "no text": ("a.lp", lambda: bytes(range(256)), "no text"),
}


@pytest.mark.parametrize("part", thinned(range(3), keep=1))
def test_instances_that_ask_for_more_than_they_hold_are_refused(tmp_path: Path, part: int) -> None:
    commands = []
    files = dict(list(FILES.items())[part::3])
    for k, (name, content, _) in enumerate(files.values()):
        (tmp_path / f"{k}{name[1:]}").write_bytes(content())
        commands.append(("solve", f"{k}{name[1:]}"))
    os.mkfifo(tmp_path / "pipe.lp")  # nobody writes into it
    done = _limited(tmp_path, *commands, ("solve", "pipe.lp"))
    for case, one in zip(files, done, strict=False):
        assert one.returncode == 2, (case, one)
        _refused(one, FILES[case][2])
    _refused(done[-1], "no file")


@pytest.mark.slow
def test_a_dense_row_takes_no_square_of_its_length(tmp_path: Path) -> None:
    """A penalty of such a row would have 18 million products."""
    names = [f"v{i}" for i in range(6000)]
    (tmp_path / "a.lp").write_text(
        "Minimize\n obj: - v0\nSubject To\n c: "
        + "\n + ".join(names)
        + " <= 1\nBinary\n"
        + "\n".join(names)
        + "\nEnd\n"
    )
    solved, refused = _limited(
        tmp_path,
        ("solve", "a.lp", "--solver", "cp-sat", "--json"),
        ("solve", "a.lp", "--solver", "simulated-annealing"),
    )
    assert solved.returncode == 0, solved
    assert json.loads(solved.stdout)["energy"] == pytest.approx(-1.0)
    assert json.loads(solved.stdout)["solvers"][0]["proven"]
    _refused(refused, "takes rows")


@pytest.mark.slow
def test_a_file_named_like_an_option_is_a_file(tmp_path: Path) -> None:
    names = ["-o.lp", "--help.lp", "-x.qubo", "--solver=random.qubo"]
    for name in names:
        lp = name.endswith(".lp")
        (tmp_path / name).write_text(
            "Minimize\n obj: - x\nBinary\n x\nEnd\n" if lp else "p qubo 0 1 1 0\n0 0 -1\n"
        )
    spelled = [part for name in names for part in (("--", name), (f"./{name}",))]
    for done in _limited(
        tmp_path, *(("solve", "--solver", "enumeration", "--json", *part) for part in spelled)
    ):
        assert done.returncode == 0, done
        assert json.loads(done.stdout)["energy"] == pytest.approx(-1.0)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names)


@pytest.mark.slow
def test_specs_and_results_that_nobody_can_read_are_refused(tmp_path: Path) -> None:
    commands: list[tuple[str, ...]] = []
    for k, content in enumerate(
        ("a = " + "[" * 50_000, "seed = " + "9" * 5000, "\0", "seed = 1\n" * 1_000_000)
    ):
        (tmp_path / f"{k}.toml").write_text(content)
        commands += [(command, f"{k}.toml") for command in ("run", "bench", "trial")]
    for k, content in enumerate(("[" * 100_000, '{"schema": ' + "9" * 5000 + "}")):
        (tmp_path / f"{k}.json").write_text(content)
        commands.append(("map", f"{k}.json", "--out", "out"))
    (tmp_path / "origin.json").write_text("[" * 100_000)
    for done in _limited(tmp_path, *commands, ("reproduce", ".")):
        _refused(done)


def _npy(shape: tuple[int, ...], dtype: str, content: bytes) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return file.getvalue() + content


ARRAYS: dict[str, Callable[[], bytes]] = {
    "a shape": lambda: _npy((10**12,), "<f8", b""),
    "a wide shape": lambda: _npy((10**9, 10**9, 10**9), "<f8", b""),
    "a negative shape": lambda: _npy((-1,), "<f8", b"12345678"),
    "objects": lambda: _npy((1,), "|O", b"cos\nsystem\n(S'touch harmed'\ntR."),
    "zeros": lambda: _npy((50_000_000,), "<f8", b"\0" * 400_000_000),
    "no array": lambda: b"12345",
    "a long header": lambda: b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b"(" * 1000,
}


@pytest.mark.slow
def test_twins_that_ask_for_more_than_they_hold_are_refused(tmp_path: Path) -> None:
    for k, content in enumerate(ARRAYS.values()):
        with zipfile.ZipFile(tmp_path / f"{k}.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("rest.npy", content())
            archive.writestr("latent.npy", content())
        (tmp_path / f"{k}.json").write_text(json.dumps({"ensemble": f"{k}.npz"}))
    elsewhere = ("../other/t.npz", "/etc/hostname", "..", "")
    for k, beside in enumerate(elsewhere, start=len(ARRAYS)):
        (tmp_path / f"{k}.json").write_text(json.dumps({"ensemble": beside}))
    done = _limited(
        tmp_path, *(("twin", "design", f"{k}.json") for k in range(len(ARRAYS) + len(elsewhere)))
    )
    for one in done:
        _refused(one)
    assert not (tmp_path / "harmed").exists()


def test_a_page_that_came_from_elsewhere_writes_where_the_caller_says(tmp_path: Path) -> None:
    """Its command names an output in every spelling; none is followed."""
    commands = []
    for k, spelled in enumerate(
        (["-o", "harmed.json"], ["-oharmed.json"], ["--out=harmed"], ["--store", "harmed.sqlite"])
    ):
        (tmp_path / f"page{k}").mkdir()
        told = {"arguments": ["map", "nowhere", *spelled], "versions": {}}
        (tmp_path / f"page{k}" / "origin.json").write_text(json.dumps(told))
        commands.append(("reproduce", f"page{k}", "--out", "new"))
    for done in _limited(tmp_path, *commands):
        _refused(done, "no result")
    assert not [p for p in tmp_path.iterdir() if "harmed" in p.name]


def test_a_workbook_whose_rows_end_in_the_last_column_is_refused(tmp_path: Path) -> None:
    """Packed it has some kilobytes; its empty cells would take gigabytes."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    link = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    rows = "".join(f'<row r="{k}"><c r="XFD{k}"><v>1</v></c></row>' for k in range(1, 200_000))
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook {main}><sheets><sheet name="s" xmlns:r="{link}" '
            'r:id="r1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="r1" Target="s.xml"/></Relationships>',
        )
        archive.writestr("xl/s.xml", f"<worksheet {main}><sheetData>{rows}</sheetData></worksheet>")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))\n"
        "from pathlib import Path\nfrom qtwin.errors import InputError\n"
        "from qtwin.problem.screen.workbook import read_workbook\n"
        "try: read_workbook(Path('a.xlsx'), what='table')\nexcept InputError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "cells" in done.stdout
