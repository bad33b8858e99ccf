import base64
import copy
import hashlib
import itertools
import re
from html.parser import HTMLParser

import pytest
from sample import sample

from qtwin.errors import InputError
from qtwin.report import effect, figures, glance, page

VOID = {"meta", "img", "source", "br", "link", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags and checks that every element is closed in order."""

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.words = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).replace("\u00a0", " ").split())


def read(text):
    reader = Reader()
    reader.feed(text)
    assert reader.open == []
    return reader


@pytest.fixture
def no_drawing(monkeypatch):
    """Leaves the figures out, for tests of the words around them."""
    monkeypatch.setattr(figures, "draw", lambda result: {})


def test_the_page_and_its_figures_are_there(written):
    _, path, text = written
    assert path.name == "report.html"
    assert text.startswith("<!doctype html>")
    names = {p.name for p in (path.parent / "figures").iterdir()}
    assert names == {f"{n}{end}" for n in figures.TABLE for end in (".svg", ".csv")}
    assert {p.name for p in path.parent.iterdir()} == {"report.html", "figures"}


def test_the_page_asks_nothing_of_any_network(written):
    for tag, attributes in read(written[2]).tags:
        for name in ("src", "srcset", "href", "action", "poster"):
            target = attributes.get(name)
            if target is not None:
                assert target.startswith(("data:", "#")), (tag, target[:80])
        assert tag not in {"link", "iframe", "object", "embed", "base"}
        assert not any(name.startswith("on") or name == "style" for name in attributes)
    style = re.search("<style>(.*?)</style>", written[2], re.DOTALL)[1]
    assert "@import" not in style
    assert "url(" not in style


def test_the_policy_allows_exactly_the_inline_style_and_script(written):
    text = written[2]
    policy = next(
        a["content"] for t, a in read(text).tags if a.get("http-equiv") == "Content-Security-Policy"
    )
    for tag in ("style", "script"):
        inline = re.findall(rf"<{tag}(?: type=\"module\")?>(.*?)</{tag}>", text, flags=re.DOTALL)
        assert len(inline) == 1
        digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_every_picture_has_words_and_every_figure_its_numbers(written):
    tags = read(written[2]).tags
    images = [a for t, a in tags if t == "img"]
    assert len(images) == len(figures.TABLE)
    for image in images:
        assert len(image["alt"]) > 80
        assert any(c.isdigit() for c in image["alt"])
    downloads = [a for t, a in tags if t == "a" and "download" in a]
    assert {a["download"] for a in downloads} == {f"{n}.csv" for n in figures.TABLE}
    table = base64.b64decode(downloads[0]["href"].partition("base64,")[2]).decode()
    assert table.count("\n") > 5


def test_links_within_the_page_have_a_target_and_ids_are_unique(written):
    tags = read(written[2]).tags
    ids = [a["id"] for _, a in tags if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for t, a in tags if t == "a" and a["href"].startswith("#")} <= set(ids)


def test_a_reader_finds_what_every_report_must_state(written):
    result, _, text = written
    words = read(text).text
    assert "Research software. Not a medical device; not for diagnosis or prescribing." in words
    for part in (
        result["verdict"],
        result["winner"],
        result["spec_hash"],
        result["data_version"],
        result["patient"]["patient_id"],
    ):
        assert part in words
    assert "synthetic patient" in words
    assert "prior-driven" in words
    assert "Context of use" in words
    for name, version in result["versions"].items():
        assert f"{name} {version}" in words
    for row in result["problem"]["candidates"] + result["solvers"]:
        assert row["label"] in words
    for constraint in result["problem"]["constraints"]:
        assert constraint["name"] in words


def test_the_page_stays_small(written):
    assert len(written[2].encode()) < 3_000_000


def test_the_language_the_viewport_and_both_colour_schemes_are_declared(written):
    tags = read(written[2]).tags
    assert ("html", {"lang": "en"}) in tags
    assert any(a.get("name") == "viewport" for t, a in tags if t == "meta")
    assert "prefers-color-scheme: dark" in written[2]
    levels = [int(t[1]) for t, _ in tags if re.fullmatch("h[1-6]", t)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))


def test_text_from_the_result_cannot_become_markup(tmp_path, no_drawing):
    def poison(value):
        if isinstance(value, dict):
            return {k: poison(v) for k, v in value.items()}
        if isinstance(value, list):
            return [poison(v) for v in value]
        return f'<script>alert("1")</script>{value}' if isinstance(value, str) else value

    clean, dirty = sample(), poison(sample()) | {"schema": "qtwin.result/1"}
    for before, after in zip(clean["regimens"], dirty["regimens"], strict=True):
        after["key"] = before["key"]
    text = page.write(dirty, tmp_path).read_text(encoding="utf-8")
    tags = [t for t, _ in read(text).tags]
    assert tags.count("script") == 1
    assert "&lt;script&gt;alert(" in text


def test_a_candidate_named_script_is_shown_and_drawn_as_text(tmp_path, monkeypatch):
    monkeypatch.setattr(figures, "TABLE", {"benefit_harm": effect.picture})
    result = copy.deepcopy(sample())
    result["problem"]["candidates"][0]["label"] = "<script>"
    result["regimens"][0]["drugs"][0] = "<script>"
    result["solvers"][0]["label"] = '"><script>'
    result["regimens"][0]["kinds"][0]["kind"] = '"><script>'
    reader = read(page.write(result, tmp_path).read_text(encoding="utf-8"))
    assert [a.get("type") for t, a in reader.tags if t == "script"] == [
        "application/json",
        "module",
    ]
    assert "<script>" in reader.text
    assert any('"><script>' in a["alt"] for t, a in reader.tags if t == "img")


def test_the_barest_result_still_renders(tmp_path):
    text = page.write({"schema": "qtwin.result/1"}, tmp_path).read_text(encoding="utf-8")
    words = read(text).text
    assert "No verdict was reported." in words
    assert "not for diagnosis or prescribing" in words
    assert "None" not in words
    assert "Undefined" not in words


NEW_KEYS = (
    "chosen",
    "going_on",
    "excluded",
    "without_indication",
    "cautions",
    "eligibility",
    "certainty",
    "set90",
    "worth",
)


def test_the_decision_comes_before_the_solvers(written):
    result, _, text = written
    sections = [a["id"] for t, a in read(text).tags if t == "section"]
    assert sections[:6] == ["answer", "sure", "excluded", "cautions", "flips", "won"]
    assert sections[-1] == "provenance"
    marks = (
        "The twin recommends donepezil",
        result["verdict"],
        "P(optimal)",
        result["excluded"][0]["because"][0]["text"],
    )
    marks += (
        result["cautions"][0]["text"],
        "What would change it?",
        "paper 0",
        result["solver_verdict"],
    )
    words = read(text).text.replace("5 What would change it 6", "", 1)  # the menu
    places = [words.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_headline_is_short_however_many_drugs_are_chosen(no_drawing):
    for n in range(14):
        result = sample() | {
            "chosen": [{"inn": f"drug{k}", "amount_mg": 1.0, "interval_h": 24.0} for k in range(n)]
        }
        for warnings in ([], ["out of scope: age under 50"]):
            heading = re.search(
                "<h1>(.*?)</h1>", page.render(result | {"warnings": warnings}, {}), re.DOTALL
            )[1]
            assert len(heading.split()) <= 15, heading
            assert heading.endswith(".")


def test_every_exclusion_caution_and_number_stands_with_its_source(written):
    result, _, text = written
    words = read(text).text
    for row in (
        [b for e in result["excluded"] for b in e["because"]]
        + result["cautions"]
        + result["certainty"]["tornado"]
    ):
        assert row["source"] in words
    for mark in (
        "galantamine 24 mg /24 h",
        "dose too high",
        "to be avoided",
        "odium unknown",
        "covers pain",
        "donepezil: 5 mg a day",
    ):
        assert mark in words
    assert "EVPI" in words
    assert "efficacy" in words
    assert "95 % credible interval" in words


def test_an_answer_outside_the_scope_says_so_first(no_drawing):
    result = sample()
    result["warnings"] = ["out of scope: no disease that a model covers", *result["warnings"]]
    words = read(page.render(result, {})).text
    heading = re.search("<h1>(.*?)</h1>", page.render(result, {}), re.DOTALL)[1]
    assert heading.startswith("Outside every model&#39;s scope. The twin recommends donepezil")
    assert words.index("no disease that a model covers") < words.index("What is recommended")


def test_another_dose_of_the_same_drug_is_a_change_of_dose():
    found = glance.change(sample())
    assert found.changed == ("donepezil 5 mg → 10 mg",)
    assert found.kept == ("apixaban 5 mg",)
    assert found.started == ("memantine 20 mg", "bisoprolol 5 mg", "sertraline 100 mg")
    assert found.stopped == ("metoprolol 100 mg", "paroxetine 20 mg", "oxybutynin 5 mg")


def test_no_drug_is_an_answer(tmp_path):
    result = sample() | {
        "chosen": [],
        "cautions": [],
        "verdict": "For this person the twin recommends no drug.",
    }
    result["regimens"][0]["drugs"] = []
    result["certainty"]["set90"] = result["set90"] = [
        {"drugs": [], "p_optimal": 1.0, "expected_regret_qaly": 0.0}
    ]
    words = read(page.write(result, tmp_path).read_text(encoding="utf-8")).text
    assert "The twin recommends no drug." in words
    assert "No drug." in words
    assert "No rule names a caution" in words


def test_a_rule_that_keeps_a_drug_from_the_chosen_one_is_shown(no_drawing):
    result = sample()
    chosen = page.labels(result["chosen"])
    result["problem"]["constraints"] += [
        {
            "name": f"eligibility: r{k}: pair",
            "kind": "NotBoth",
            "reason": f"reason {k}",
            "members": members,
        }
        for k, members in enumerate(
            (
                [chosen[3], "lecanemab 700 mg /336 h"],
                ["a 1 mg /24 h", "b 1 mg /24 h"],
                [chosen[0], chosen[1]],
            )
        )
    ]
    words = read(page.render(result, {})).text
    assert "lecanemab apixaban Reason 0." in words
    table = words[words.index("Not together") : words.index("No benefit is counted")]
    assert "eason 1" not in table
    assert "eason 2" not in table


def test_a_result_from_before_the_decision_layer_still_renders(tmp_path, no_drawing):
    result = {
        k: v
        for k, v in sample().items()
        if k not in {*NEW_KEYS, "p_optimal", "solver_verdict", "solver_points"}
    }
    words = read(page.write(result, tmp_path).read_text(encoding="utf-8")).text
    assert f"Verdict {result['verdict']}" in words
    assert result["verdict_points"][0] in words
    assert "does not report how sure" in words


def _paths(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _paths(value[0], (*path, 0))


OPTIONAL = [p for p in _paths(sample()) if p != ("schema",)]


@pytest.mark.parametrize(
    "some",
    [
        slice(0, None, 8),
        *(pytest.param(slice(k, None, 8), marks=pytest.mark.slow) for k in range(1, 8)),
    ],
    ids=lambda some: f"every eighth from {some.start}",
)
def test_any_single_part_may_be_null(no_drawing, some):
    whole = sample()
    whole["encoding"]["scatter"] = whole["twin"]["fit"] = None
    for path in OPTIONAL[some]:
        if "scatter" in path[:-1] or "fit" in path[:-1]:
            continue
        result = copy.deepcopy(whole)
        inner = result
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = None
        read(page.render(result, {}))


def test_another_schema_is_refused_with_advice(tmp_path):
    with pytest.raises(InputError, match=r"qtwin\.result/1") as error:
        page.write({"schema": "qtwin.result/9"}, tmp_path)
    assert error.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["draw", "render"])
def test_a_failure_in_the_middle_leaves_the_old_report(tmp_path, monkeypatch, broken):
    old = tmp_path / "report.html"
    old.write_text("old")

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr(*((figures, "draw") if broken == "draw" else (page, "render")), fail)
    with pytest.raises(RuntimeError):
        page.write({"schema": "qtwin.result/1"}, tmp_path)
    assert old.read_text() == "old"


def test_a_failed_write_leaves_the_old_report_and_no_rubbish(tmp_path, monkeypatch, no_drawing):
    page.write(sample(), tmp_path)
    old = (tmp_path / "report.html").read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page.os, "replace", full)
    with pytest.raises(InputError, match="No space left"):
        page.write(sample(seed=1), tmp_path)
    assert (tmp_path / "report.html").read_bytes() == old
    assert sorted(p.name for p in tmp_path.iterdir()) == ["figures", "report.html"]


def test_the_same_result_gives_the_same_page(no_drawing, tmp_path):
    first = page.write(sample(), tmp_path / "a").read_bytes()
    assert page.write(sample(), tmp_path / "b").read_bytes() == first


def test_the_script_of_the_charts_is_kept_on_disk_and_does_without_it(tmp_path, monkeypatch):
    """Bundling takes seconds: it runs once for a version, and again where nothing can be kept or
    what was kept cannot be read.
    """
    import vl_convert

    made = []
    monkeypatch.setattr(
        vl_convert,
        "javascript_bundle",
        lambda snippet: made.append(snippet) or "let a = '</script>';",
    )
    bundled = page.chart_script.__wrapped__
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kept"))
    assert bundled() == bundled() == "let a = '<\\/script>';"
    assert len(made) == 1
    kept = page._vega_file()
    assert [kept] == list((tmp_path / "kept").iterdir())
    kept.write_bytes(b"\xff\xff")
    assert bundled() == "let a = '<\\/script>';"
    assert len(made) == 2
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(blocked))
    assert bundled() == bundled() == "let a = '<\\/script>';"
    assert len(made) == 4
    assert blocked.read_text() == "no folder"
