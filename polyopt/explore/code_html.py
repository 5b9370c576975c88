"""Code as HTML: emitted C with the statements of the kernel marked, and the kernel's own lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from polyopt.explore.html import MOST, block
from polyopt.explore.style import BLUE, GREEN, GREY, PURPLE, statement_style

_KEYWORDS = (
    *(
        "break",
        "case",
        "const",
        "continue",
        "double",
        "else",
        "float",
        "for",
        "if",
        "inline",
        "int",
    ),
    *("long", "restrict", "return", "signed", "sizeof", "static", "struct", "switch", "typedef"),
    *("unsigned", "void", "while", "bool", "char", "__kernel", "__global", "__local", "__private"),
    *("kernel", "global", "local", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t"),
    *("uint16_t", "uint32_t", "uint64_t", "size_t"),
)
_TOKEN = re.compile(
    r"(?P<comment>/\*.*?\*/|//[^\n]*)"
    r'|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<directive>^[ \t]*#[^\n]*)"
    rf"|(?P<keyword>\b(?:{'|'.join(_KEYWORDS)})\b)",
    re.DOTALL | re.MULTILINE,
)
_STYLES = {
    "comment": f"color:{GREY}",
    "string": f"color:{PURPLE}",
    "directive": f"color:{GREEN}",
    "keyword": f"color:{BLUE}",
}
_STATEMENT = re.compile(r"\b(S\d+[a-z]*)\s*\*/$")


def highlighted(text: str, places: Mapping[str, str] | None = None) -> str:
    """C as HTML; `places` are addresses of statements, to which their comments become links.

    A text too long for a display loses its colours first and then its end.
    """
    inner = _coloured(text, places or {}, tuple(_STYLES))
    if len(inner) > MOST:
        inner = _coloured(text, places or {}, ("comment", "directive"))
    if len(inner) > MOST:
        lines, room = [], MOST - 2000
        for line in escape(text, quote=False).splitlines():
            room -= len(line.encode()) + 1
            if room < 0:
                break
            lines.append(line)
        more = len(text.splitlines()) - len(lines)
        inner = "\n".join([*lines, f"… {more} more lines: print() shows them all"])
    return block(inner)


def _coloured(text: str, places: Mapping[str, str], kinds: Sequence[str]) -> str:
    parts, end = [], 0
    for found in _TOKEN.finditer(text):
        kind = found.lastgroup or ""
        if kind not in kinds:
            continue
        parts.append(escape(text[end : found.start()], quote=False))
        parts.append(_span(kind, found.group(), places))
        end = found.end()
    return "".join([*parts, escape(text[end:], quote=False)])


def _span(kind: str, text: str, places: Mapping[str, str]) -> str:
    inner = escape(text, quote=False)
    named = _STATEMENT.search(text) if kind == "comment" else None
    if named is None or named.group(1) not in places:
        return f'<span style="{_STYLES[kind]}">{inner}</span>'
    name = named.group(1)
    bar = f"border-left:5px solid {statement_colour(name)};padding-left:5px;color:inherit"
    return f'<a href="#{places[name]}" style="{bar};text-decoration:none">{inner}</a>'


def statement_colour(name: str) -> str:
    """The colour of a statement, as in the pictures."""
    digits = re.sub(r"\D", "", name)
    return statement_style(int(digits or 1) - 1)[1]


def numbered(
    lines: Iterable[tuple[int, str]], notes: Mapping[int, str], ids: Mapping[int, str]
) -> str:
    """Source lines with their numbers; `notes` are HTML behind some, `ids` names of some."""
    rows = []
    for number, text in lines:
        name = f' id="{ids[number]}"' if number in ids else ""
        note = f"   {notes[number]}" if number in notes else ""
        rows.append(
            f'<span{name} style="color:{GREY}">{number:4} </span>{escape(text, quote=False)}{note}'
        )
    return block("\n".join(rows))
