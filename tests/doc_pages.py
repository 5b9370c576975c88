"""The pages of steps as data: fenced blocks, and the text that each is followed by.

`python kernel` blocks define a function; `python step NAME` and `python refused NAME` blocks
change the schedule `s` of that function, and `python run` blocks run beside the kernels. A `text`
block that follows is what comes out. POLYOPT_UPDATE_GOLDEN=1 rewrites these texts.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import linecache
import math
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from run_schedule import loops, original

import polyopt as po
from polyopt.model.types import ArrayType

DOCS = Path(__file__).parents[1] / "docs"
PAGES = (DOCS / "steps.md", *sorted((DOCS / "steps").glob("*.md")))
BLOCK = re.compile(
    r"^```python (kernel|step|refused|run)([\w ]*)\n(.*?)^```\n(?:```text\n(.*?)^```$)?",
    flags=re.DOTALL | re.MULTILINE,
)
N, M, K = po.symbols("N M K")


@dataclass(frozen=True)
class Block:
    """A block of a page: what it is, its words, its code, the text after it, the page so far."""

    page: Path
    number: int
    kind: str
    words: tuple[str, ...]
    code: str
    text: str | None

    def __str__(self) -> str:
        return f"{self.page.stem}-{self.number}-{self.kind}"


def blocks(page: Path) -> tuple[Block, ...]:
    """The blocks of a page in order."""
    found = BLOCK.finditer(page.read_text(encoding="utf-8"))
    return tuple(
        Block(page, number, m[1], tuple(m[2].split()), m[3], m[4]) for number, m in enumerate(found)
    )


def kernels(page: Path) -> dict[str, po.Kernel]:
    """The kernels that a page defines, each in a file of its own name."""
    found: dict[str, po.Kernel] = {}
    for block in blocks(page):
        if block.kind == "kernel":
            name = block.code.removeprefix("def ").partition("(")[0]
            file = f"/docs/{page.stem}/{name}.py"
            lines = block.code.splitlines(keepends=True)
            linecache.cache[file] = (len(block.code), None, lines, file)
            scope: dict[str, Any] = {"np": np, "math": math, "po": po, "N": N, "M": M, "K": K}
            exec(compile(block.code, file, "exec", dont_inherit=True), scope)
            found[name] = po.kernel(cache=False)(scope[name])
    return found


def start(block: Block) -> Any:
    """The schedule that a block begins with."""
    name, *fp = block.words
    return original(kernels(block.page)[name], fp=fp[0] if fp else "reassociate")


def schedule(block: Block) -> Any:
    """The schedule that a block of steps makes."""
    scope = {"s": start(block), "po": po}
    if block.kind == "refused":
        return eval(block.code.strip(), scope)
    exec(block.code, scope)
    return scope["s"]


def outcome(block: Block, folder: Path) -> str:
    """What a block gives: loops, a refusal, or what it prints."""
    if block.kind == "run":
        return _printed(block, folder)
    if block.kind == "step":
        return loops(schedule(block)) + "\n"
    try:
        return f"accepted: {schedule(block)}\n"
    except po.PolyoptError as refusal:
        return f"{type(refusal).__name__}: {refusal}\n"


def _printed(block: Block, folder: Path) -> str:
    """What a block prints that is run after those before it on its page."""
    scope: dict[str, Any] = {"po": po, "np": np, "folder": folder, **kernels(block.page)}
    printed = io.StringIO()
    for one in blocks(block.page)[: block.number + 1]:
        if one.kind == "run":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(one.code, scope)
    return printed.getvalue()


def holds(block: Block, text: str) -> bool:
    """Whether a text is the one after a block, which the flag rewrites."""
    if os.environ.get("POLYOPT_UPDATE_GOLDEN") and block.text is not None:
        page = block.page.read_text(encoding="utf-8")
        match = list(BLOCK.finditer(page))[block.number]
        page = page[: match.start(4)] + text + page[match.end(4) :]
        block.page.write_text(page, encoding="utf-8")
        return True
    return text == (block.text or "")


def arguments(function: Any, size: int) -> list[Any]:
    """Arguments for a function's annotations; extents are a size and its neighbours."""
    rng = np.random.default_rng(size)
    sizes = {"N": size, "M": size + 1, "K": max(size - 1, 0)}
    return [
        rng.integers(-5, 6, [e.evaluate(sizes) for e in wanted.extents]).astype(float)
        if isinstance(wanted, ArrayType)
        else 3
        for wanted in inspect.get_annotations(function).values()
    ]
