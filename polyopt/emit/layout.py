"""The look of C text: four blanks a level, braces on their statement's line, lines that fit."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import cgen

_OPENS = re.compile(r"^\s*(\} )?(for|if|else|while)\b")
_OPERATOR = re.compile(r", | [-+*/]?= | (?=(?:[-+*/|&<>?:]|&&|\|\||[<>=!]=) )")
_SEMICOLON = re.compile(r"; ")
_COMMA = re.compile(r", ")
_WIDTH = 100


class Branch(cgen.If):
    """An `if` whose `else` may be another one: printed as `else if`."""

    def generate(self, with_semicolon: bool = False) -> Iterator[str]:  # noqa: ARG002
        """The lines of the text."""
        yield f"if ({self.condition})"
        yield from self.then_.generate()
        if isinstance(self.else_, Branch):
            first, *rest = self.else_.generate()
            yield f"else {first}"
            yield from rest
        elif self.else_ is not None:
            yield "else"
            yield from self.else_.generate()


def tidy(text: str) -> str:
    """The text of cgen with braces joined, indentation doubled and long lines folded."""
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.lstrip(" ")
        indented = " " * (2 * (len(line) - len(bare))) + bare.rstrip()
        if bare == "{" and lines and _OPENS.match(lines[-1]):
            lines[-1] += " {"
        elif bare.startswith("else") and lines and lines[-1].lstrip() == "}":
            lines[-1] += f" {bare}"
        else:
            lines.append(indented)
    return "\n".join(folded for line in lines for folded in _fold(line))


def _fold(line: str) -> list[str]:
    """A long line over several: heads of functions below their bracket, others indented."""
    bare = line.lstrip(" ")
    if len(line) <= _WIDTH or bare.startswith("#"):
        return [line]
    depth = len(line) - len(bare)
    if bare.startswith("/*"):
        margin = " " * depth
        return textwrap.wrap(
            bare, _WIDTH, initial_indent=margin, subsequent_indent=f"{margin}   ",
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
    spots, margin = _OPERATOR, " " * (depth + 8)
    if bare.startswith("for ("):
        spots, margin = _SEMICOLON, " " * (depth + len("for ("))
    elif not depth and bare.endswith(")"):
        spots, margin = _COMMA, " " * (bare.index("(") + 1)
    result = [line]
    while len(result[-1]) > _WIDTH and (at := _break(result[-1], spots, len(margin) + 1)):
        last = result.pop()
        result += [last[:at].rstrip(), margin + last[at:]]
    return result


def _break(line: str, spots: re.Pattern[str], start: int) -> int | None:
    """The last spot that fits, of those in as few brackets as can be."""
    ends = [m.end() for m in spots.finditer(line, start, _WIDTH + 1)]
    depths = {end: _depth(line[:end]) for end in ends}
    least = min(depths.values(), default=0)
    return max((end for end in ends if depths[end] == least), default=None)


def _depth(text: str) -> int:
    """How many brackets are open at the end of a text."""
    return sum((c in "([") - (c in ")]") for c in text)
