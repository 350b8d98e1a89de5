"""The catalogue is searched and filtered in the page itself, from a file, and is of use without its script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from etabli.project import Project
from etabli.publish.catalogue import write_catalogue

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium manque : make browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@pytest.fixture
def tab(browser: Browser, rendered: Project) -> Iterator[Page]:
    book = rendered.studies / "essai" / "codebook.yml"
    book.write_text(f"{book.read_text(encoding='utf-8')}# relu\n", encoding="utf-8")
    found = browser.new_page(viewport={"width": 375, "height": 800})
    found.goto(write_catalogue(rendered).as_uri())
    yield found
    found.close()


def shown(tab: Page) -> list[str]:
    """For whom the reports that are seen were made."""
    return [each.get_attribute("data-audience") or "" for each in tab.locator(".one:visible").all()]


def test_words_audience_and_state_are_looked_for(tab: Page) -> None:
    everything = shown(tab)
    assert sorted(everything) == ["funder", "funder", "internal"]
    assert tab.inner_text("[role=status]") == "3 rapports sur 3"
    tab.get_by_label("Chercher", exact=True).fill("ETUDE d'essai caf")
    assert shown(tab) == ["funder"]
    assert tab.inner_text("[role=status]") == "1 rapport sur 3"
    tab.get_by_label("Chercher", exact=True).fill("introuvable")
    assert shown(tab) == []
    assert not tab.locator("h2").is_visible()
    tab.get_by_label("Chercher", exact=True).fill("")
    tab.get_by_label("Lecteurs").select_option("Interne")
    assert shown(tab) == ["internal"]
    tab.get_by_label("État").select_option("À refaire, ou à relire")
    assert shown(tab) == ["internal"]
    tab.get_by_label("Lecteurs").select_option("Tous")
    assert shown(tab) == everything


def test_search_has_no_accessibility_violation_and_does_not_widen_the_page(tab: Page) -> None:
    violations = Axe().run(tab).response["violations"]
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in violations] == []
    tab.set_viewport_size({"width": 320, "height": 800})
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_scripts_all_reports_stand_and_no_search_does(browser: Browser, rendered: Project) -> None:
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(write_catalogue(rendered).as_uri())
    assert tab.locator(".one:visible").count() == 3
    assert not tab.locator("form").is_visible()
    tab.context.close()
