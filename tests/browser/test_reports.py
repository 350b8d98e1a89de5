"""The reports in a real browser: readable by all, calling nobody. Needs Chromium (`make browser`)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from etabli.project import Project

CHROMIUM = shutil.which("chromium")
PAGES = (
    "index.html",
    "caf-flows/2024-T4_internal/report.html",
    "caf-flows/2024-T4_funder/report.html",
    "caf-flows/2024-T4_public/report.html",
    "sortir/2024_public/report.html",
    "sortir/2024_internal/report.html",
    "sortir/2024_public_year-2022/report.html",
)

PLACEHOLDER = re.compile(r"No description|has been provided|image/png|\.(?:png|svg)\b|output_\d")
"""What nbconvert, or a file, puts where words are missing."""

OPENED = "document.querySelectorAll('details').forEach(each => { each.open = true })"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium manque : make browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield running
        running.close()


def opened(
    browser: Browser, project: Project, page: str, width: int, scheme: Literal["light", "dark"] = "light"
) -> tuple[Page, list[str]]:
    """Open a report, and collect what it asks the network for and what it complains of."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    noise = list[str]()
    url = (project.reports / page).as_uri()
    tab.on("request", lambda request: noise.append(request.url) if request.url != url else None)
    tab.on("console", lambda message: noise.append(message.text))
    tab.on("pageerror", lambda error: noise.append(str(error)))
    tab.goto(url)
    return tab, noise


def test_every_default_report_of_every_study_is_tried(house: Project) -> None:
    made = {path.relative_to(house.reports).as_posix() for path in house.reports.glob("*/*/report.html")}
    assert made == set(PAGES) - {"index.html"}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_has_no_accessibility_violation_and_calls_nobody(
    browser: Browser, house: Project, page: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    """By axe's rules of WCAG 2.0, 2.1 and 2.2, levels A and AA, contrasts among them, and its best practices."""
    tab, noise = opened(browser, house, page, width, scheme)
    tab.evaluate(OPENED)
    violations = Axe().run(tab).response["violations"]
    tab.close()
    assert noise == []
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in violations] == []


@pytest.mark.parametrize("page", PAGES)
def test_page_does_not_scroll_sideways_on_a_phone(browser: Browser, house: Project, page: str) -> None:
    tab, _ = opened(browser, house, page, 320)
    wide = tab.evaluate("document.documentElement.scrollWidth")
    tab.close()
    assert wide <= 320


@pytest.mark.parametrize("page", PAGES)
def test_tab_reaches_each_link_and_control_once_and_leaves_the_page(
    browser: Browser, house: Project, hold_tab_order: Callable[[Page], int], page: str
) -> None:
    tab, _ = opened(browser, house, page, 1280)
    tab.evaluate(OPENED)
    assert hold_tab_order(tab) >= 5
    tab.close()


@pytest.mark.parametrize("page", PAGES[1:])
def test_each_figure_says_itself_in_words_and_each_table_has_headers(
    browser: Browser, house: Project, page: str
) -> None:
    tab, _ = opened(browser, house, page, 1280)
    pictures = tab.evaluate(
        "[...document.querySelectorAll('svg[role=img], img')].map(s => s.getAttribute('aria-label') || s.alt "
        "|| (s.querySelector('title') || {}).textContent || '')"
    )
    without = tab.evaluate(
        "[...document.querySelectorAll('table')]"
        ".filter(t => !t.querySelector('th[scope]') || !t.querySelector('caption'))"
        ".map(t => t.outerHTML.slice(0, 120))"
    )
    unlabelled = tab.evaluate("document.querySelectorAll('figure svg:not([role=img]):not([aria-hidden])').length")
    tab.close()
    assert pictures
    assert all(len(each) > 40 and not PLACEHOLDER.search(each) for each in pictures)
    assert without == []
    assert unlabelled == 0


@pytest.mark.parametrize("page", PAGES)
def test_headings_skip_no_level(browser: Browser, house: Project, page: str) -> None:
    tab, _ = opened(browser, house, page, 1280)
    levels = tab.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(h => +h.tagName[1])")
    tab.close()
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_report_prints_on_a4(browser: Browser, house: Project, tmp_path: Path) -> None:
    tab, _ = opened(browser, house, PAGES[2], 1280)
    tab.pdf(path=tmp_path / "report.pdf", format="A4", prefer_css_page_size=True)
    tab.close()
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
