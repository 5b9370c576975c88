"""The look of C text: four blanks a level, an opening brace on its statement's line."""

from __future__ import annotations

import re

_OPENS = re.compile(r"^\s*(for|if|else|while)\b")
_WIDTH = 100


def tidy(text: str) -> str:
    """The text of cgen with braces joined, indentation doubled, long heads of functions folded."""
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.lstrip(" ")
        indented = " " * (2 * (len(line) - len(bare))) + bare.rstrip()
        if bare == "{" and lines and _OPENS.match(lines[-1]):
            lines[-1] += " {"
        elif bare == "else" and lines and lines[-1].lstrip() == "}":
            lines[-1] += " else"
        else:
            lines.append(indented)
    return "\n".join(folded for line in lines for folded in _fold(line))


def _fold(line: str) -> list[str]:
    """A function's head over several lines, broken after commas."""
    if len(line) <= _WIDTH or line.startswith((" ", "#", "/", "}")) or "(" not in line:
        return [line]
    margin = " " * (line.index("(") + 1)
    result = [""]
    for part in re.split(r"(?<=, )(?![^\[]*\])", line):
        if result[-1].strip() and len(result[-1]) + len(part.rstrip()) > _WIDTH:
            result[-1] = result[-1].rstrip()
            result.append(margin)
        result[-1] += part
    return result
