"""Pictures of a report for the documentation: cover, table, figure, phone, dark, note, slide, print preview.

    make reports && etabli restitute caf-flows && python docs/screenshots.py       # into docs/images/

They are looked at before they are committed; `tests/browser/test_appearance.py` is what holds the template.
"""  # noqa: INP001  # a script

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from etabli.project import Project
from etabli.publish.printing import print_report

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "images"
REPORT = "caf-flows/2024-T4_funder"
COLOURS = 96


def keep(name: str, picture: bytes) -> None:
    """Write a picture in few colours: a page has few."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLOURS)
    image.save(FOLDER / f"{name}.png", optimize=True)


def opened(browser: Browser, width: int, height: int, *, dark: bool = False, name: str = f"{REPORT}/report") -> Page:
    scheme = "dark" if dark else "light"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.goto((ROOT / "reports" / f"{name}.html").as_uri())
    return page


def main() -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = opened(browser, 1100, 1500)
        keep("report", page.screenshot())
        keep("table", page.locator("figure:has(table), table").first.screenshot())
        keep("figure", page.locator("figure:has(svg)").first.screenshot())
        keep("phone", opened(browser, 375, 812).screenshot())
        keep("dark", opened(browser, 1100, 900, dark=True).screenshot())
        keep("note", opened(browser, 900, 1200, name=f"{REPORT}/restitution-elus").screenshot())
        page = opened(browser, 1280, 800, name="caf-flows/2024-T4_partner/restitution-partenaires")
        page.locator(".slide:has(figure)").nth(2).scroll_into_view_if_needed()
        keep("slide", page.screenshot())
        keep("print", printed())
        browser.close()


def printed() -> bytes:
    """Return the second page of the report as it is printed, drawn by poppler (`apt-get install poppler-utils`)."""
    path = print_report(Project(ROOT), ROOT / "reports" / REPORT)
    drawing = ["pdftoppm", "-png", "-r", "80", "-f", "2", "-l", "2", str(path)]
    return subprocess.run(drawing, capture_output=True, check=True).stdout


if __name__ == "__main__":
    main()
