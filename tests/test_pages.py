"""The pages of docs are true: their examples run and print what stands after them, and links lead
somewhere.

A `python` block is run after those before it on its page; a `text` block that follows is what it
prints, or the error it ends in. What depends on the machine stands in a `text example` block, and
is not compared. POLYOPT_UPDATE_GOLDEN=1 rewrites the texts.
"""

import contextlib
import io
import linecache
import os
import re
from pathlib import Path

import pytest

import polyopt as po

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
INDEX = DOCS / "index.md"
RUN = tuple(
    DOCS / f"{name}.md"
    for name in ("start", "scripts", "targets", "opencl", "explain", "errors", "explore", "inside")
)
LINKED = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
BLOCK = re.compile(
    r"^```python\n(.*?)^```\n(?:\s*```text( example)?\n(.*?)^```$)?", re.DOTALL | re.MULTILINE
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def run(code, name, scope):
    """What a block prints, or the error it ends in."""
    defined = re.search(r"^def (\w+)", code, re.MULTILINE)
    file = f"/docs/{name}/{defined[1] if defined else 'example'}.py"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            exec(compile(code, file, "exec", dont_inherit=True), scope)
        except po.PolyoptError as error:
            # The syntax errors have their place in attributes, which Python draws.
            text = error.msg if isinstance(error, SyntaxError) else error
            print(f"{type(error).__name__}: {text}")
    return printed.getvalue()


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_examples_print_what_stands_after_them(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("^```python", text, re.MULTILINE)) == len(BLOCK.findall(text))
    scope = {"__name__": page.stem}
    new, end = [], 0
    for match in BLOCK.finditer(text):
        printed = run(match[1], page.stem, scope)
        if match[3] is None or match[2]:
            assert match[2] or not printed, printed
            continue
        new += [text[end : match.start(3)], printed]
        end = match.end(3)
        if not os.environ.get("POLYOPT_UPDATE_GOLDEN"):
            assert printed == match[3]
    if os.environ.get("POLYOPT_UPDATE_GOLDEN"):
        page.write_text("".join([*new, text[end:]]), encoding="utf-8")


def anchors(page):
    """The addresses of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", t.lower()).strip().replace(" ", "-") for t in titles}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.stem)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if not link.startswith("https://"):
            address, _, anchor = link.partition("#")
            target = (page.parent / address).resolve() if address else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


def test_the_index_leads_to_every_page():
    text = INDEX.read_text(encoding="utf-8")
    reached = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(text)}
    assert {p for p in DOCS.rglob("*.md") if p != INDEX} <= reached
    assert set((ROOT / "notebooks").glob("*.ipynb")) <= reached
