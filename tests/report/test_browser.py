"""The pages in a real headless browser: no script error, sortable by keyboard, readable on a phone,
data to download.

Skipped where no Chromium and driver are installed (Debian:
``apt-get install chromium chromium-driver``).
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qtwin.benchmark.advantage.molecules import published
from qtwin.benchmark.advantage.verdict import cells, document
from qtwin.benchmark.environment import machine, versions
from qtwin.report.figures import TABLE
from qtwin.report.map_page import sheet_of
from qtwin.report.map_picture import map_picture
from qtwin.report.sheet import write_sheet
from qtwin.report.style import BLUE, colour_pairs
from tests.benchmark.advantage.test_verdict import PLACE

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no Chromium with its driver is installed"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.binary_location = CHROMIUM
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.execute_cdp_cmd("Network.enable", {})
    driver.execute_cdp_cmd(
        "Network.emulateNetworkConditions",
        {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
    )
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(
    tmp_path_factory: pytest.TempPathFactory, written: tuple[Any, Path, str]
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = cells([PLACE, *published()])
    told = document(made) | {
        "machine": machine(),
        "versions": versions(),
        "command": "qtwin map out",
    }
    return {
        "map": write_sheet(sheet_of(made, told, map_picture(made), folder / "map"), folder / "map"),
        "report": written[1],
    }


def _drawn(browser: Any) -> None:
    """Wait until every chart of the page stands."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 60).until(
        lambda b: b.execute_script(
            "return !document.querySelector('figure.chart') || "
            "document.documentElement.classList.contains('charts-drawn')"
        )
    )


def _open(
    browser: Any, page: Path, *, width: int = 1280, dark: bool = False, media: str = ""
) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {
            "media": media,
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        },
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.get(page.as_uri())
    _drawn(browser)


@pytest.mark.parametrize(
    "width",
    [
        390,
        pytest.param(768, marks=pytest.mark.slow),
        1280,
        pytest.param(1600, marks=pytest.mark.slow),
    ],
)
def test_charts_take_the_width_of_their_place(
    browser: Any, pages: dict[str, Path], width: int
) -> None:
    _open(browser, pages["report"], width=width)
    charts = browser.execute_script(
        "return [...document.querySelectorAll('.live svg.marks')].map(s => [s.closest('figure').id,"
        " s.getBoundingClientRect().width, s.closest('.live').clientWidth])"
    )
    assert len(charts) == len(TABLE)
    for name, drawn, place in charts:
        assert 0.85 * place < drawn <= place + 2, (name, drawn, place)
    assert (
        browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        <= 0
    )
    if width < 500:  # no table scrolls sideways either, and no row of one is mostly empty
        assert not browser.execute_script(
            "return [...document.querySelectorAll('.scroll')]"
            ".filter(s => s.offsetParent && s.scrollWidth > s.clientWidth + 1).length"
        )


@pytest.mark.slow
def test_a_chart_follows_the_width_of_the_window(browser: Any, pages: dict[str, Path]) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    _open(browser, pages["report"], width=1280)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 700, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    wide = "return document.querySelector('#pareto .live svg.marks').getBoundingClientRect().width"
    WebDriverWait(browser, 30).until(lambda b: b.execute_script(wide) < 700)


def test_the_pointer_shows_the_numbers_of_a_mark(browser: Any, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    _open(browser, pages["report"])
    chart = browser.find_element(By.ID, "benefit_harm")
    bar = chart.find_elements(By.CSS_SELECTOR, ".mark-rect path, .mark-rect rect")[0]
    browser.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", bar)

    def pointed(b: Any) -> Any:
        """A chart that is drawn late moves the page under the pointer: it comes to the bar anew,
        from beside it.
        """
        ActionChains(b, duration=0).move_to_element(chart).move_to_element(bar).perform()
        return b.find_element(By.CSS_SELECTOR, "#vg-tooltip-element.visible")

    tip = WebDriverWait(browser, 60).until(pointed)
    assert "QALY" in tip.text
    assert "cognition" in tip.text


def test_the_keyboard_reaches_marks_legends_and_downloads(
    browser: Any, pages: dict[str, Path]
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    _open(browser, pages["report"])
    chart = browser.find_element(By.CSS_SELECTOR, "#benefit_harm svg.marks")
    chart.send_keys(Keys.ARROW_RIGHT)
    first = browser.find_element(By.CSS_SELECTOR, "#vg-tooltip-element.visible").text
    said = browser.find_element(By.CSS_SELECTOR, "p.unseen[aria-live]")
    heard = said.get_attribute("textContent")
    assert "QALY" in heard
    chart.send_keys(Keys.ARROW_RIGHT)
    assert said.get_attribute("textContent") != heard
    assert browser.find_element(By.CSS_SELECTOR, "#vg-tooltip-element.visible").text != first
    chart.send_keys(Keys.ESCAPE)
    assert not browser.find_elements(By.CSS_SELECTOR, "#vg-tooltip-element.visible")

    def pale() -> int:
        return int(
            browser.execute_script(
                "return [...document.querySelectorAll('#benefit_harm .mark-rect path')]"
                ".filter(p => p.hasAttribute('opacity') && p.getAttribute('opacity') < 0.5).length"
            )
        )

    assert pale() == 0
    entry = browser.find_elements(By.CSS_SELECTOR, "#benefit_harm .role-legend-label text")[0]
    entry.send_keys(Keys.ENTER)
    assert pale() > 0
    menu = browser.find_element(By.CSS_SELECTOR, "#benefit_harm .vega-embed summary")
    menu.send_keys(Keys.ENTER)
    links = browser.find_elements(By.CSS_SELECTOR, "#benefit_harm .vega-actions a")
    assert [link.text for link in links] == ["SVG", "PNG"]


def test_the_numbers_of_a_chart_are_a_table_that_sorts(
    browser: Any, pages: dict[str, Path]
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    _open(browser, pages["report"])
    browser.find_element(By.CSS_SELECTOR, "#benefit_harm details.numbers summary").send_keys(
        Keys.ENTER
    )
    table = WebDriverWait(browser, 10).until(
        lambda b: b.find_element(By.CSS_SELECTOR, "#benefit_harm details.numbers table")
    )
    head = table.find_elements(By.CSS_SELECTOR, "thead th")[3]
    head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    values = [
        float(c.get_attribute("data-v"))
        for c in table.find_elements(By.CSS_SELECTOR, "tbody td:nth-child(4)")
    ]
    assert len(values) > 10
    assert values == sorted(values)


def test_charts_are_dark_on_a_dark_page_and_light_on_paper(
    browser: Any, pages: dict[str, Path]
) -> None:
    from selenium.webdriver.common.by import By

    _open(browser, pages["report"], dark=True)
    page = browser.execute_script("return document.querySelector('#benefit_harm').outerHTML")
    assert colour_pairs()[BLUE] in page
    assert f'"{BLUE}"' not in page.partition("<img")[0]
    background = browser.execute_script(
        "return getComputedStyle(document.querySelector('#benefit_harm .canvas')).backgroundColor"
    )
    assert max(int(c) for c in re.findall(r"\d+", background)[:3]) < 64
    _open(browser, pages["report"], dark=True, media="print")
    assert browser.find_element(By.CSS_SELECTOR, "#benefit_harm .still").is_displayed()
    assert not browser.find_element(By.CSS_SELECTOR, "#benefit_harm .live").is_displayed()
    printed = base64.b64decode(
        browser.execute_cdp_cmd(
            "Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
        )["data"]
    )
    assert 1 < len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= 10
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})


def test_without_script_a_page_shows_every_figure(browser: Any, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.get(pages["report"].as_uri())
        stills = WebDriverWait(browser, 30).until(
            lambda b: (
                len(found := b.find_elements(By.CSS_SELECTOR, "figure.chart .still")) == len(TABLE)
                and found
            )
        )
        assert all(s.is_displayed() for s in stills)
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("name", ["map", "report"])
def test_a_page_works_offline_on_a_desk_and_a_phone(
    browser: Any, pages: dict[str, Path], name: str
) -> None:
    from selenium.webdriver.common.by import By

    for width in (1280, 375):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        browser.get(pages[name].as_uri())
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []
        overflow = browser.execute_script(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )
        assert overflow <= 0, f"{name} at {width} scrolls sideways by {overflow} px"
        _drawn(browser)
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []
        images = browser.find_elements(By.TAG_NAME, "img")
        assert images
        assert all(i.get_attribute("alt") for i in images)
        assert all(
            browser.execute_script("return arguments[0].naturalWidth", i) > 100 for i in images
        )
    for link in browser.find_elements(By.CSS_SELECTOR, "figcaption a[download]"):
        kind, _, data = link.get_attribute("href").partition(",")
        assert kind.startswith("data:text/csv")
        assert len(base64.b64decode(data).decode().splitlines()) >= 2
    focusable = browser.find_elements(By.CSS_SELECTOR, "a[href], button, [tabindex='0'], summary")
    assert all(e.get_attribute("tabindex") != "-1" for e in focusable)


@pytest.mark.parametrize("name", [pytest.param("map", marks=pytest.mark.slow), "report"])
def test_tables_sort_by_keyboard(browser: Any, pages: dict[str, Path], name: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.get(pages[name].as_uri())
    tables = [
        t
        for t in browser.find_elements(By.CSS_SELECTOR, "table.sortable")
        if t.is_displayed() and len(t.find_elements(By.CSS_SELECTOR, "tbody tr")) > 1
    ]
    head = tables[0].find_elements(By.CSS_SELECTOR, "thead th")[0]
    button = head.find_element(By.TAG_NAME, "button")

    def column() -> list[str]:
        return [
            r.find_elements(By.CSS_SELECTOR, "th, td")[0].text
            for r in tables[0].find_elements(By.CSS_SELECTOR, "tbody tr")
        ]

    button.send_keys(Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending"
    up = column()
    button.send_keys(Keys.SPACE)
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == up[::-1]
    assert column() != up


def test_the_recommendation_fits_the_first_screen_of_a_phone(
    browser: Any, pages: dict[str, Path]
) -> None:
    from selenium.webdriver.common.by import By

    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True},
    )
    browser.get(pages["report"].as_uri())
    heading = browser.find_element(By.TAG_NAME, "h1")
    assert heading.text.startswith("The twin recommends")
    assert heading.rect["y"] + heading.rect["height"] < 844
    places = [
        browser.find_element(By.ID, name).rect["y"]
        for name in ("answer", "sure", "excluded", "cautions", "flips", "won")
    ]
    assert places == sorted(places)


def test_long_sections_open_by_key_and_by_link_and_in_print(
    browser: Any, pages: dict[str, Path]
) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True},
    )
    browser.get(pages["report"].as_uri())
    _drawn(browser)
    closed = "return document.querySelectorAll('details.fold:not([open])').length"
    n_folds = browser.execute_script(closed)
    assert n_folds >= 4
    short = browser.execute_script("return document.documentElement.scrollHeight")
    assert short < 20_000
    browser.find_element(By.CSS_SELECTOR, "#won details.fold > summary").send_keys(Keys.ENTER)
    assert browser.find_element(By.CSS_SELECTOR, "#won table").is_displayed()
    browser.find_element(By.CSS_SELECTOR, "nav a[href='#twin']").send_keys(Keys.ENTER)
    assert browser.find_element(By.CSS_SELECTOR, "#twin details.fold > *:last-child").is_displayed()
    assert browser.execute_script(closed) == n_folds - 2
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(closed) == 0
    assert browser.execute_script("return document.documentElement.scrollHeight") > 2 * short
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_evidence_is_one_press_away(browser: Any, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.get(pages["map"].as_uri())
    squares = browser.find_elements(By.CSS_SELECTOR, "table.map td a")
    assert len(squares) == 2
    for square in squares:
        target = square.get_attribute("href").split("#")[1]
        square.send_keys(Keys.ENTER)
        assert browser.current_url.endswith(target)
        assert browser.find_elements(By.CSS_SELECTOR, f"#{target}:target table")
