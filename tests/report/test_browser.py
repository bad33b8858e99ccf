"""The pages in a real headless browser: no script error, sortable by keyboard, readable on a phone, data to download.

Skipped where no Chromium and driver are installed (Debian: ``apt-get install chromium chromium-driver``).
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qtwin.benchmark.advantage.document import document
from qtwin.benchmark.advantage.grid import cells
from qtwin.benchmark.advantage.molecules import published
from qtwin.benchmark.surroundings import machine, versions
from qtwin.report.map_page import sheet_of
from qtwin.report.map_picture import map_picture
from qtwin.report.sheet import write_sheet
from tests.benchmark.advantage.test_verdict import PLACE

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium with its driver is installed")


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
        "Network.emulateNetworkConditions", {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    )
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, written: tuple[Any, Path, str]) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    made = cells([PLACE, *published()])
    told = document(made) | {"machine": machine(), "versions": versions(), "command": "qtwin map out"}
    return {
        "map": write_sheet(sheet_of(made, told, map_picture(made), folder / "map"), folder / "map"),
        "report": written[1],
    }


@pytest.mark.parametrize("name", ["map", "report"])
def test_a_page_works_offline_on_a_desk_and_a_phone(browser: Any, pages: dict[str, Path], name: str) -> None:
    from selenium.webdriver.common.by import By

    for width in (1280, 375):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
        )
        browser.get(pages[name].as_uri())
        assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []
        overflow = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, f"{name} at {width} scrolls sideways by {overflow} px"
        images = browser.find_elements(By.TAG_NAME, "img")
        assert images
        assert all(i.get_attribute("alt") for i in images)
        assert all(browser.execute_script("return arguments[0].naturalWidth", i) > 100 for i in images)
    for link in browser.find_elements(By.CSS_SELECTOR, "figcaption a[download]"):
        kind, _, data = link.get_attribute("href").partition(",")
        assert kind.startswith("data:text/csv")
        assert len(base64.b64decode(data).decode().splitlines()) >= 2
    focusable = browser.find_elements(By.CSS_SELECTOR, "a[href], button, [tabindex='0'], summary")
    assert all(e.get_attribute("tabindex") != "-1" for e in focusable)


@pytest.mark.parametrize("name", ["map", "report"])
def test_tables_sort_by_keyboard(browser: Any, pages: dict[str, Path], name: str) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.get(pages[name].as_uri())
    tables = [
        t
        for t in browser.find_elements(By.CSS_SELECTOR, "table.sortable")
        if t.is_displayed() and len(t.find_elements(By.CSS_SELECTOR, "tbody tr")) > 1
    ]
    head = tables[0].find_elements(By.CSS_SELECTOR, "thead th")[0]
    button = head.find_element(By.TAG_NAME, "button")

    def column() -> list[str]:
        return [r.find_elements(By.CSS_SELECTOR, "th, td")[0].text for r in tables[0].find_elements(By.CSS_SELECTOR, "tbody tr")]

    button.send_keys(Keys.ENTER)
    assert head.get_attribute("aria-sort") == "ascending"
    up = column()
    button.send_keys(Keys.SPACE)
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == up[::-1]
    assert column() != up


def test_the_recommendation_fits_the_first_screen_of_a_phone(browser: Any, pages: dict[str, Path]) -> None:
    from selenium.webdriver.common.by import By

    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    browser.get(pages["report"].as_uri())
    heading = browser.find_element(By.TAG_NAME, "h1")
    assert heading.text.startswith("The twin recommends")
    assert heading.rect["y"] + heading.rect["height"] < 844
    places = [browser.find_element(By.ID, name).rect["y"] for name in ("answer", "sure", "excluded", "cautions", "flips", "won")]
    assert places == sorted(places)


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
