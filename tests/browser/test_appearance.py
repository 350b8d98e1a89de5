"""The look of a report, held to small pictures that were looked at: a template that breaks shows here.

`ETABLI_RENEW=1 python -m pytest tests/browser/test_appearance.py` takes them again; look at them before you commit.
Pictures are compared small, so that other versions of the letters pass; what changes places or colours does not.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from etabli.project import Project

CHROMIUM = shutil.which("chromium")
FOLDER = Path(__file__).parent / "appearance"
REPORT = "sortir/2024_public/report.html"
VIEWS = {"wide": (1280, "light"), "dark": (1280, "dark"), "phone": (375, "light")}
SHRUNK, HIGH = 8, 4_000
"""How many pixels make one of a kept picture, along each side; how far down the page it goes."""

FAR, SOME = 40, 0.006
"""Levels (of 255) by which a pixel differs that is another one, and the share of such pixels that is let pass."""

HIDDEN = ".cover dd, footer, .traceability { visibility: hidden !important }"
"""What tells a date or a version."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium manque : make browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def taken(browser: Browser, house: Project, view: str, style: str = HIDDEN) -> Image.Image:
    width, scheme = VIEWS[view]
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto((house.reports / REPORT).as_uri())
    page.add_style_tag(content=style)
    shot = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": HIGH})
    page.close()
    whole = Image.open(io.BytesIO(shot)).convert("RGB")
    return whole.resize((whole.width // SHRUNK, whole.height // SHRUNK), Image.Resampling.BOX)


def unlike(one: Image.Image, other: Image.Image) -> float:
    """Return the share of pixels that differ, of pictures of one size."""
    apart = np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int)).max(axis=2)
    return float((apart > FAR).mean())


@pytest.mark.parametrize("view", VIEWS)
def test_report_looks_as_it_did(browser: Browser, house: Project, view: str) -> None:
    path, now = FOLDER / f"{view}.png", taken(browser, house, view)
    if os.environ.get("ETABLI_RENEW"):
        FOLDER.mkdir(exist_ok=True)
        now.quantize(64).save(path, optimize=True)
    before = Image.open(path).convert("RGB")
    assert now.size == before.size
    assert unlike(now, before) <= SOME


@pytest.mark.parametrize(
    "broken",
    [
        "table { margin-left: 6rem !important }",
        "body { background: #fff8c0 !important }",
        ".figure, figure { display: none }",
    ],
)
def test_broken_template_is_seen(browser: Browser, house: Project, broken: str) -> None:
    before = Image.open(FOLDER / "wide.png").convert("RGB")
    assert unlike(taken(browser, house, "wide", HIDDEN + broken), before) > SOME
