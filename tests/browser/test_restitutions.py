"""The restitutions of the house's own studies: made, read by all, notes on two pages, and held to their page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from etabli.cli import app
from etabli.errors import GateError
from etabli.project import FOLDER_VARIABLE, Project
from etabli.publish.excerpts import excerpt
from etabli.publish.printing import pages_in
from etabli.publish.release import candidate
from etabli.publish.restitutions import file_of, run_of, write_restitution
from etabli.runs.manifest import verify
from etabli.study import read_study
from etabli.terminal import run

CHROMIUM = shutil.which("chromium")
MADE = [("caf-flows", "elus"), ("caf-flows", "partenaires"), ("sortir", "communes")]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium manque : make browser"),
]


REPORTS = (
    "caf-flows/2024-T4_internal",
    "caf-flows/2024-T4_funder",
    "caf-flows/2024-T4_public",
    "sortir/2024_public",
    "sortir/2024_public_year-2022",
)
OPENED = "document.querySelectorAll('details').forEach(each => { each.open = true })"
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"]


@pytest.fixture(scope="module")
def restituted(house: Project) -> Project:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(house.root))
        for slug in ("caf-flows", "sortir"):
            assert run(app, ["restitute", slug, "--pdf"]) == 0
    return house


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield running
        running.close()


def place(project: Project, slug: str, name: str) -> Path:
    plan = run_of(read_study(project, slug), name)
    return project.reports / slug / plan.name / file_of(name)


def opened(browser: Browser, path: Path, width: int, *, dark: bool = False) -> tuple[Page, list[str]]:
    """Open a page on a screen of 800 pixels in height; return what it asks for and complains of too."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light")
    noise = list[str]()
    page.on("request", lambda request: noise.append(request.url) if request.url != path.as_uri() else None)
    page.on("console", lambda message: noise.append(message.text))
    page.on("pageerror", lambda error: noise.append(str(error)))
    page.goto(path.as_uri())
    return page, noise


def test_all_that_are_declared_are_tried(house: Project) -> None:
    assert [(slug, name) for slug in ("caf-flows", "sortir") for name in read_study(house, slug).restitutions] == MADE


@pytest.mark.parametrize(("slug", "name"), MADE)
@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_restitution_has_no_accessibility_violation_and_calls_nobody(
    browser: Browser, restituted: Project, slug: str, name: str, width: int, *, dark: bool
) -> None:
    """By axe's rules of WCAG 2.0, 2.1 and 2.2, levels A and AA, contrasts among them, and its best practices."""
    page, noise = opened(browser, place(restituted, slug, name), width, dark=dark)
    for folded in (True, False):
        violations = Axe().run(page).response["violations"]
        assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in violations] == [], folded
        page.evaluate(OPENED)
    page.close()
    assert noise == []


@pytest.mark.parametrize(("slug", "name"), MADE)
def test_restitution_does_not_scroll_sideways_on_a_phone(
    browser: Browser, restituted: Project, slug: str, name: str
) -> None:
    page, _ = opened(browser, place(restituted, slug, name), 320)
    page.evaluate(OPENED)
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert wide <= 320


@pytest.mark.parametrize(("slug", "name"), MADE)
def test_tab_reaches_each_link_and_control_of_a_restitution_once_and_leaves_it(
    browser: Browser, restituted: Project, hold_tab_order: Callable[[Page], int], slug: str, name: str
) -> None:
    page, _ = opened(browser, place(restituted, slug, name), 1280)
    page.evaluate(OPENED)
    assert hold_tab_order(page) >= 4
    page.close()


@pytest.mark.parametrize(("slug", "name"), MADE)
def test_restitution_begins_with_a_skip_link_says_that_data_are_fictional_and_leads_nowhere_else(
    browser: Browser, restituted: Project, slug: str, name: str
) -> None:
    page, _ = opened(browser, place(restituted, slug, name), 1280)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Aller au contenu"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
    dead = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert dead == []
    report = (place(restituted, slug, name).parent / "report.html").read_text(encoding="utf-8")
    assert page.locator(".banner").count() == report.count('class="banner ')
    page.close()


MEASURE = """() => [...document.querySelectorAll('.slide')].map((slide, place) => {
    const box = slide.getBoundingClientRect(), banner = document.querySelector('.banners');
    const room = box.bottom - (banner ? banner.getBoundingClientRect().height : 0);
    const shown = [...slide.querySelectorAll('h1, h2, h3, p, li, table, svg, summary, dd')];
    const told = shown.filter(each => each.checkVisibility() && !each.closest('.unseen')).map(
        each => each.getBoundingClientRect());
    const wide = [...slide.querySelectorAll('.scroll')].some(
        each => each.checkVisibility() && each.scrollWidth > each.clientWidth + 1);
    return {place: place + 1, high: box.height, wide,
            out: told.some(each => each.bottom > room + 1 || each.top < box.top || each.right > box.right),
            drawn: [...slide.querySelectorAll('.drawing > svg')].every(
                each => each.getBoundingClientRect().height > 220),
            text: slide.innerText.slice(0, 60)};
}).filter(each => each.high > 801 || each.wide || each.out || !each.drawn)"""
"""Slides that are higher than the screen, hide something of a table or behind the banner, or whose figure is tiny."""


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("questions", [(), ("b",)], ids=["all", "b"])
def test_each_slide_of_any_report_fits_its_screen(
    browser: Browser, restituted: Project, tmp_path: Path, report: str, questions: tuple[str, ...]
) -> None:
    made = excerpt((restituted.reports / report / "report.html").read_text(encoding="utf-8"), "slides", questions)
    (tmp_path / "slides.html").write_text(made, encoding="utf-8")
    page, _ = opened(browser, tmp_path / "slides.html", 1280)
    assert page.locator(".slide").count() > 5
    assert page.evaluate(MEASURE) == []
    page.close()


def test_each_slide_of_a_restitution_fits_its_screen_and_is_one_page(browser: Browser, restituted: Project) -> None:
    path = place(restituted, "caf-flows", "partenaires")
    page, _ = opened(browser, path, 1280)
    slides = page.locator(".slide").count()
    assert page.evaluate(MEASURE) == []
    page.close()
    assert pages_in(path.with_suffix(".pdf").read_bytes()) == slides


@pytest.mark.parametrize("key", ["Space", "PageDown"])
def test_keys_go_from_slide_to_slide(browser: Browser, restituted: Project, key: str) -> None:
    page, _ = opened(browser, place(restituted, "caf-flows", "partenaires"), 1280)
    page.emulate_media(reduced_motion="reduce")
    page.locator("body").click(position={"x": 5, "y": 5})
    for expected in (1, 2, 3):
        page.keyboard.press(key)
        page.wait_for_function(f"Math.abs(scrollY - {expected} * 800) < 3")
    page.keyboard.press("PageUp")
    page.wait_for_function("Math.abs(scrollY - 2 * 800) < 3")
    page.close()


@pytest.mark.parametrize(("slug", "name"), [each for each in MADE if each[1] != "partenaires"])
def test_note_is_two_pages_tagged_with_an_outline(restituted: Project, slug: str, name: str) -> None:
    printed = place(restituted, slug, name).with_suffix(".pdf").read_bytes()
    assert pages_in(printed) == 2
    assert re.search(rb"/MarkInfo <</Type /MarkInfo\s*/Marked true>>", printed)
    assert b"/Outlines" in printed
    assert b"/Lang (fr)" in printed
    for tag in (b"H1", b"H2", b"Figure", b"P"):
        assert re.search(rb"/S /" + tag + rb"\b", printed)


def test_report_with_restitutions_is_intact_and_one_that_was_altered_holds_it_back(restituted: Project) -> None:
    path = place(restituted, "caf-flows", "elus")
    assert verify(restituted, path.parent).intact
    assert candidate(restituted, path.parent, "caf-35").report == "caf-flows/2024-T4_funder"
    path.write_text(path.read_text(encoding="utf-8").replace("</main>", "<p>12</p></main>"), encoding="utf-8")
    with pytest.raises(GateError) as caught:
        candidate(restituted, path.parent, "caf-35")
    assert caught.value.where == path.name
    write_restitution(restituted, read_study(restituted, "caf-flows"), "elus")
    assert verify(restituted, path.parent).intact


def test_unknown_restitution_names_its_neighbour(
    house: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(house.root))
    assert run(app, ["restitute", "caf-flows", "elu"]) != 0
    assert "elus" in capsys.readouterr().err
