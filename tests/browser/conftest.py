"""What the tests in a browser share: how a page is walked by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

REACHED = """() => {
    const asked = [...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')];
    return asked.filter(each => each.checkVisibility()).map(each => each.outerHTML.slice(0, 80));
}"""
"""The links and controls of a page that can be seen."""

STEP = """() => {
    const here = document.activeElement;
    if (!here || here === document.body || here.dataset.seen) return null;
    here.dataset.seen = "1";
    return here.outerHTML.replace(' data-seen="1"', '').slice(0, 80);
}"""
"""What the keyboard stands on; none when it has left the page, or stands there again."""

SCROLLER = re.compile(r"<div class=\"[^\"]*(?:scroll|table)")
"""A table wider than its place, which a browser lets the keyboard scroll."""


@pytest.fixture
def hold_tab_order() -> Callable[[Page], int]:
    """Return what walks a page by Tab: each link and control is reached once, in turn, and none keeps the keyboard."""

    def walk(page: Page) -> int:
        asked, seen = page.evaluate(REACHED), list[str]()
        for _ in range(len(asked) + 50):
            page.keyboard.press("Tab")
            place = page.evaluate(STEP)
            if place is None:
                break
            seen.append(place)
        assert [each for each in asked if each not in seen] == []
        assert [each for each in seen if each not in asked and not SCROLLER.match(each)] == []
        return len(asked)

    return walk
