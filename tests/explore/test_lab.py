"""The explorer in a real JupyterLab: menus chosen, sliders moved, a remedy clicked.

POLYOPT_SCREENSHOTS names a folder in which pictures of the page are left, to be looked at.
"""

import base64
import os
import re
from pathlib import Path

import pytest

lab = pytest.importorskip("lab", reason="the test extra's playwright and nbformat are not here")

NEEDED = "POLYOPT_TESTS_NEED_CHROMIUM"
DEFINED = """\
import numpy as np
import polyopt as po

N = po.symbols("N")


@po.kernel
def smooth(A: po.f64[N, N]):
    for i in range(1, N):
        for j in range(N - 1):
            A[i, j] = A[i - 1, j + 1] + A[i, j]"""
SHOWN = "explorer = po.explore(smooth, np.ones((200, 200)))\nexplorer"
RED = "#D55E00"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = lab.browser()
    if path is None:
        reason = f"no Chromium is installed: {' or '.join(lab.BROWSERS)}"
        assert NEEDED not in os.environ, reason
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("lab")
    (folder / "work").mkdir()
    lab.write_notebook(folder / "work" / "explore.ipynb", DEFINED, SHOWN)
    with lab.server(folder) as address, lab.page(address, path, "explore.ipynb") as shown:
        shown.wait_for_selector(".polyopt-explorer .polyopt-picture img")
        yield shown


@pytest.fixture(autouse=True)
def from_the_start(page):
    reset = page.locator(".polyopt-reset")
    if reset.is_enabled():
        reset.click()
    page.locator(".polyopt-step select").select_option("choose a step")
    says(page, "verdict", "legal: source order")


def text(page, panel):
    return page.locator(f".polyopt-{panel}").inner_text()


def says(page, panel, words):
    page.locator(f".polyopt-{panel}").filter(has_text=words).wait_for()


def drawn(page):
    """The SVG of the picture, which is loaded and has a size on the page."""
    image = page.locator(".polyopt-picture img")
    assert image.evaluate("i => i.decode().then(() => i.naturalWidth)") > 100
    return base64.b64decode(image.get_attribute("src").partition("base64,")[2]).decode()


def look(page, name):
    folder = os.environ.get("POLYOPT_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def overlapping(page):
    """Pairs of the explorer's controls and panels that lie on each other."""
    return page.evaluate(
        """() => {
            const all = ".widget-dropdown, .widget-slider, .widget-button, .widget-html";
            const boxes = [...document.querySelectorAll(`.polyopt-explorer ${all}`)]
                .map(e => [e.className, e.getBoundingClientRect()])
                .filter(([, b]) => b.width > 0 && b.height > 0);
            const found = [];
            for (const [i, [one, a]] of boxes.entries())
                for (const [other, b] of boxes.slice(i + 1))
                    if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
                        Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
                        found.push([one, other]);
            return found;
        }"""
    )


def push(page, slider, key="ArrowRight"):
    """Move a slider's handle by one."""
    handle = page.locator(f".polyopt-{slider} .noUi-handle").first
    handle.focus()
    handle.press(key)


def test_a_refused_step_shows_its_witness_and_a_remedy_that_works(page):
    assert RED not in drawn(page)
    before = text(page, "code")
    page.locator(".polyopt-step select").select_option("interchange")
    says(page, "verdict", "illegal: interchange")
    says(page, "verdict", "S1[i=1, j=1]  writes  A[1, 1]")
    picture = drawn(page)
    assert RED in picture
    assert "the witness: S1[1, 1] writes A[1, 1]," in picture
    assert page.locator(".polyopt-take").is_disabled()
    assert overlapping(page) == []
    look(page, "refused")
    page.locator(".polyopt-remedy").first.click()
    says(page, "script", 's = s.skew("j", by="i", factor=1)')
    says(page, "verdict", "legal: 2 steps taken")
    assert text(page, "code") != before
    assert RED not in drawn(page)
    look(page, "remedied")


def test_a_slider_changes_script_and_code_and_the_step_is_taken(page):
    page.locator(".polyopt-step select").select_option("strip_mine")
    says(page, "script", 'looked at: s = s.strip_mine("i", 4)')
    before = text(page, "code")
    push(page, "field-size")
    says(page, "script", 'looked at: s = s.strip_mine("i", 5)')
    page.wait_for_function(
        "before => document.querySelector('.polyopt-code').innerText !== before", arg=before
    )
    says(page, "verdict", "i_tile")
    assert overlapping(page) == []
    look(page, "strips")
    page.locator(".polyopt-take").click()
    says(page, "verdict", "legal: 1 step taken")
    assert "looked at" not in text(page, "script")


def test_a_size_slider_redraws_the_picture(page):
    before = drawn(page)
    push(page, "size-N")
    page.wait_for_function(
        """before => !document.querySelector('.polyopt-picture img').src.endsWith(before)""",
        arg=base64.b64encode(before.encode()).decode(),
    )
    sizes = [int(re.search(r"N = (\d+)", picture)[1]) for picture in (before, drawn(page))]
    assert sizes[1] == sizes[0] + 1
    push(page, "size-N", "ArrowLeft")


def test_every_picture_of_the_menu_is_drawn(page):
    seen = {drawn(page)}
    for kind in ("iteration domain", "order of execution", "tiles"):
        page.locator(".polyopt-kind select").select_option(kind)
        page.wait_for_timeout(300)
        seen.add(drawn(page))
        look(page, kind.replace(" ", "-"))
    page.locator(".polyopt-kind select").select_option("dependences")
    assert len(seen) >= 3


def test_the_button_measures(page):
    page.locator(".polyopt-measure").click()
    says(page, "time", "in source order")
    page.locator(".polyopt-step select").select_option("skew")
    says(page, "verdict", "legal: skew")
    page.locator(".polyopt-measure").click()
    says(page, "time", "the source order takes")
    look(page, "measured")
