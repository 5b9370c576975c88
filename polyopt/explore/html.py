"""HTML for notebooks: tables, chips and code with inline styles alone, since untrusted notebooks
and GitHub take away style sheets, scripts and inline SVG."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from polyopt.explore.style import BLUE, GREEN, GREY, MONO, ORANGE, PURPLE, RED

MOST = 96_000
"""Bytes of one display."""

_CELL = "text-align:left;padding:2px 10px 2px 0;vertical-align:top;white-space:nowrap"
_BLOCK = (
    f"font-family:{MONO};font-size:12px;line-height:1.45;text-align:left;margin:4px 0;"
    "white-space:pre;overflow-x:auto;tab-size:4"
)

COLOURS = {
    "parallel": GREEN,
    "vector": BLUE,
    "tiles": PURPLE,
    "pipeline": GREEN,
    "unrolled": ORANGE,
    "sequential": GREY,
    "flow": BLUE,
    "anti": ORANGE,
    "output": PURPLE,
    "reduction": GREEN,
    "broken": RED,
}


def page(*parts: str) -> str:
    """One display."""
    return f'<div style="text-align:left">{"".join(p for p in parts if p)}</div>'


def heading(text: str, note: str = "") -> str:
    """A line above a display."""
    grey = f' <span style="color:{GREY}">{escape(note)}</span>' if note else ""
    return f'<div style="margin:2px 0 6px 0"><b>{escape(text)}</b>{grey}</div>'


def chip(text: str, kind: str = "", title: str = "") -> str:
    """A word in a frame of its kind's colour."""
    colour = COLOURS.get(kind or text.split(maxsplit=1)[0], GREY)
    tip = f' title="{escape(title)}"' if title else ""
    frame = f"border:1px solid {colour};border-left:5px solid {colour};border-radius:3px"
    look = f"{frame};padding:0 5px;margin-right:4px;white-space:nowrap"
    return f'<span{tip} style="{look}">{escape(text)}</span>'


def code(text: str) -> str:
    """A piece of code within a text."""
    return f'<code style="background:none;padding:0">{escape(text)}</code>'


def block(inner: str, wrap: bool = False) -> str:
    """Lines of code, already HTML."""
    style = _BLOCK.replace("pre;", "pre-wrap;", 1) if wrap else _BLOCK
    return f'<pre style="{style}">{inner}</pre>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML."""
    top = "".join(f'<th style="{_CELL}">{escape(h)}</th>' for h in head)
    lines = ("".join(f'<td style="{_CELL}">{cell}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return (
        '<table style="border-collapse:collapse;font-size:13px;margin:0">'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )


def details(summary: str, inner: str) -> str:
    """A part that is shown on a click."""
    return f'<details><summary style="cursor:pointer">{escape(summary)}</summary>{inner}</details>'


_SIGNS = (
    (re.compile(r"<="), "≤"),
    (re.compile(r">="), "≥"),
    (re.compile(r"->"), "→"),
    (re.compile(r"\band\b"), "∧"),
    (re.compile(r"\bor\b"), "∨"),
    (re.compile(r"\bexists\b"), "∃"),
    (re.compile(r"(?<=\d)\*(?=\w)"), ""),
    (re.compile(r"-(?=\s?[\w(])"), "−"),
    (re.compile(r"\s*\*\s*"), "·"),
)
_FLOOR = re.compile(r"floor\(\(([^()]*)\)/(\d+)\)")
_NAME = re.compile(r"\b([a-zA-Z_]\w*'?)\b")


def typeset(text: str) -> str:
    """A set or relation of isl's as mathematics writes it: `0 ≤ i < N ∧ …`."""
    text = _FLOOR.sub(r"⌊(\1)/\2⌋", text)
    for pattern, sign in _SIGNS:
        text = pattern.sub(sign, text)
    text = re.sub(r"\{\s*:", "{ ", text)
    return "".join(
        f"<i>{part}</i>" if _NAME.fullmatch(part) else escape(part, quote=False)
        for part in _NAME.split(text)
    )


def plain(text: str) -> str:
    """A text as HTML."""
    return escape(text, quote=False)


def grey(text: str) -> str:
    """A remark."""
    return f'<span style="color:{GREY}">{escape(text, quote=False)}</span>'
