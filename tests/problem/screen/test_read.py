"""Tables and matrices of pairs and singles: every layout tells the same, spoilt ones are refused
with their line.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qtwin.errors import InputError
from qtwin.problem.screen.read import read_screen
from tests.oracles.public_data import PUBLIC_DATA

PAIRS = """drug_1,drug_2,context,synergy
aspirin,bortezomib,HeLa,10
bortezomib,aspirin,hela,14
aspirin,cisplatin,HeLa,-3
bortezomib,aspirin,K562,1
bortezomib,cisplatin,K562,2
"""
SINGLES = "drug,context,effect\n" + "".join(
    f"{d},{c},{k + 10 * (c == 'K562')}\n"
    for c in ("HeLa", "K562")
    for k, d in enumerate(("aspirin", "bortezomib", "Cisplatin"))
)
ONEIL = PUBLIC_DATA / "oneil"


def _write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_repeats_are_averaged_and_unmeasured_pairs_are_forbidden(tmp_path: Path) -> None:
    data = read_screen(_write(tmp_path, "p.csv", PAIRS), _write(tmp_path, "s.csv", SINGLES))
    assert data.drugs == ("aspirin", "bortezomib", "cisplatin")
    assert data.contexts == ("HeLa", "K562")
    np.testing.assert_array_equal(data.singles, [[0, 1, 2], [10, 11, 12]])
    np.testing.assert_array_equal(data.pairs, [[0, 1], [0, 2], [1, 2]])
    np.testing.assert_array_equal(data.synergy, [[12, -3, np.nan], [1, np.nan, 2]])
    np.testing.assert_array_equal(data.repeats, [[2, 1, 0], [1, 0, 1]])
    assert data.synergy_sd[0, 0] == pytest.approx(np.std([10, 14], ddof=1))
    known = data.replicates
    assert known is not None
    assert (known.n, known.pooled_sd, known.median_sd) == (
        1,
        pytest.approx(8**0.5),
        pytest.approx(8**0.5),
    )
    assert data.reliability(known.pooled_sd) == pytest.approx(1 - 8 / np.var([12, -3, 1, 2]))
    forbidden = data.forbidden(0)
    assert forbidden[1, 2]
    assert forbidden.sum() == 2


def test_wide_and_long_tables_are_the_same(tmp_path: Path) -> None:
    wide = _write(
        tmp_path,
        "p.csv",
        "drug_a,drug_b,HeLa,K562\naspirin,bortezomib,12,1\naspirin,cisplatin,-3,\nbortezomib,cisplatin,,2\n",
    )
    alone = _write(
        tmp_path, "s.csv", "drug,HeLa,K562\naspirin,0,10\nbortezomib,1,11\ncisplatin,2,12\n"
    )
    told = read_screen(wide, alone)
    long = read_screen(_write(tmp_path, "l.csv", PAIRS), _write(tmp_path, "ls.csv", SINGLES))
    assert (told.drugs, told.contexts) == (long.drugs, long.contexts)
    np.testing.assert_array_equal(told.synergy, long.synergy)
    np.testing.assert_array_equal(told.singles, long.singles)


def test_indices_and_singles_beside_the_pairs(tmp_path: Path) -> None:
    table = _write(
        tmp_path,
        "p.csv",
        "drug_row_idx,drug_col_idx,cell_line_idx,ri_row,ri_col,synergy_loewe\n0,7,3,40,20,5\n0,9,3,42,10,6\n7,9,3,20,10,7\n",
    )
    names = _write(tmp_path, "map.json", '{"0": "A", "7": "B", "9": "C"}')
    data = read_screen(table, index_map=names)
    assert data.drugs == ("A", "B", "C")
    np.testing.assert_array_equal(data.singles, [[41, 20, 10]])
    assert data.singles_sd[0, 0] == pytest.approx(2**0.5)
    with pytest.raises(InputError, match="line 3: drug_col_idx '9' is not in the index map"):
        read_screen(table, index_map=_write(tmp_path, "short.json", '{"0": "A", "7": "B"}'))


def test_columns_by_name(tmp_path: Path) -> None:
    table = _write(tmp_path, "p.csv", "left,right,line,zip,bliss\na,b,x,1,9\n")
    alone = _write(tmp_path, "s.csv", "drug,line,effect\na,x,3\nb,x,4\n")
    columns = {"drug_1": "left", "drug_2": "right", "context": "line", "synergy": "zip"}
    assert read_screen(table, alone, columns=columns).synergy.tolist() == [[1.0]]
    with pytest.raises(InputError, match="column"):
        read_screen(table, alone, columns={**columns, "synergy": "zipp"})
    with pytest.raises(InputError, match="column role"):
        read_screen(table, alone, columns={**columns, "synergie": "zip"})


@pytest.mark.parametrize(
    ("pairs", "singles", "message"),
    [
        (
            PAIRS.replace(",-3", ",NaN"),
            SINGLES,
            r"p.csv line 4: expected a finite number for "
            r"synergy, got nan",
        ),
        (
            PAIRS.replace(",-3", ",n/a"),
            SINGLES,
            r"p.csv line 4: synergy: expected a number, got something else",
        ),
        (
            PAIRS.replace("aspirin,cisplatin", "aspirin,Aspirin"),
            SINGLES,
            r"line 4: 'aspirin' is paired with itself",
        ),
        (
            PAIRS.replace("aspirin,cisplatin", "aspirin,"),
            SINGLES,
            r"line 4: expected a drug in drug_2, got none",
        ),
        (
            PAIRS,
            SINGLES + "dasatinib,HeLa,4\n",
            r"s.csv: the drug 'dasatinib' has a single effect and is in no pair",
        ),
        (
            PAIRS,
            SINGLES.replace("Cisplatin,K562,12\n", ""),
            r"no single effect of cisplatin in K562",
        ),
        (
            PAIRS,
            SINGLES.replace(",12", ",inf"),
            r"s.csv line 7: expected a finite number for "
            r"effect, got inf",
        ),
        (PAIRS.replace("synergy", "value"), SINGLES, r"no column synergy"),
        ("drug_1,drug_2,context,synergy\n", SINGLES, r"expected pairs, got none"),
        (PAIRS.replace("drug_1", "first"), SINGLES, r"no column drug_1"),
        (
            PAIRS.replace("context,synergy", "synergy,label"),
            SINGLES,
            r"synergy and label could both be",
        ),
        ("", SINGLES, r"got no header"),
    ],
)
def test_spoilt_tables_are_refused(pairs: str, singles: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_screen(_write(tmp_path, "p.csv", pairs), _write(tmp_path, "s.csv", singles))


@pytest.mark.skipif(not ONEIL.exists(), reason="the measured tables are not here")
def test_the_measured_screen() -> None:
    """O'Neil 2016: 315 repeats with SD 16.0 pooled and 9.4 median, signal SD 22.7; 120 pairs among
    16 drugs were not measured.
    """
    data = read_screen(
        ONEIL / "chemicalx_oncopolypharmacology_loewe.csv", ONEIL / "oneil_ri_38x39.csv"
    )
    known = data.replicates
    assert known is not None
    assert (data.n, len(data.contexts), len(data.pairs), known.n) == (38, 39, 583, 315)
    assert known.pooled_sd == pytest.approx(16.0, abs=0.05)
    assert known.median_sd == pytest.approx(9.4, abs=0.05)
    assert data.signal_sd == pytest.approx(22.7, abs=0.05)
    assert data.reliability(known.pooled_sd) == pytest.approx(0.50, abs=0.01)
    assert data.reliability(known.median_sd) == pytest.approx(0.83, abs=0.01)
    for context in range(len(data.contexts)):
        low, high = np.nonzero(np.triu(data.forbidden(context)))
        assert len(low) == 120
        assert len({*low, *high}) == 16
    wide = read_screen(ONEIL / "oneil_loewe_583x39.csv", ONEIL / "oneil_ri_38x39.csv")
    np.testing.assert_allclose(wide.synergy, data.synergy, atol=1e-4)
    indexed = read_screen(
        ONEIL / "mtlsynergy_oneil_summary_idx.csv", index_map=ONEIL / "drug_idx_map.json"
    )
    assert indexed.drugs == data.drugs
    np.testing.assert_allclose(
        np.sort(np.nanmean(indexed.synergy, axis=1)),
        np.sort(np.nanmean(data.synergy, axis=1)),
        atol=0.2,
    )
