"""The restitutions of the house's own studies: made, read by all, notes on two pages, and held to their page."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from etabli.cli import app
from etabli.errors import GateError
from etabli.project import FOLDER_VARIABLE, Project
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


@pytest.fixture(scope="module")
def restituted(house: Project) -> Project:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(house.root))
        for slug in ("caf-flows", "sortir"):
            assert run(app, ["restitute", slug]) == 0
    return house


def place(project: Project, slug: str, name: str) -> Path:
    plan = run_of(read_study(project, slug), name)
    return project.reports / slug / plan.name / file_of(name)


def test_all_that_are_declared_are_tried(house: Project) -> None:
    assert [(slug, name) for slug in ("caf-flows", "sortir") for name in read_study(house, slug).restitutions] == MADE


@pytest.mark.parametrize(("slug", "name"), MADE)
def test_restitution_is_read_by_all_and_calls_nobody(restituted: Project, slug: str, name: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for width, scheme in ((1280, "light"), (375, "dark")):
            page, asked = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme), []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.on("console", lambda message, asked=asked: asked.append(message.text))
            page.goto(place(restituted, slug, name).as_uri())
            assert [each["id"] for each in Axe().run(page).response["violations"]] == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert len(asked) == 1
        browser.close()


@pytest.mark.parametrize(("slug", "name"), [each for each in MADE if each[1] != "partenaires"])
def test_note_is_two_pages(restituted: Project, tmp_path: Path, slug: str, name: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(place(restituted, slug, name).as_uri())
        printed = page.pdf(format="A4", prefer_css_page_size=True)
        browser.close()
    assert len(re.findall(rb"/Type /Page\b", printed)) == 2


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
