"""Emitted C whose debugging information leads to the Python it was made from.

    /* jacobi.py:7   B[i] = A[i - 1] + A[i + 1]   S1 */
    #line 7 "/home/me/jacobi.py"
    B[i] = A[i - 1] + A[i + 1];
    #line 31 "<this file>"

Debuggers then stop at lines of the kernel, and profilers count by them. Loops, behind which no
line of Python stands any more, keep those of the C.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

THIS_FILE = "<this file>"
"""Stands for the name of the C file, which is known when it is written."""

_PLACE = re.compile(r" *+/\* (?P<file>\S[^:]*):(?P<line>\d+)   ")
_NO_STATEMENT = ("for (", "#", "/*", "}", "if (", "else")


def with_lines(source: str, files: Mapping[str, str]) -> str:
    """The source with `#line` directives; `files` gives the whole path of each file cited."""
    made = [f'#line 2 "{THIS_FILE}"']
    before = ""
    for line, place in _placed(source.split("\n"), files):
        if place:
            made.append(f"#line {place}")
        elif before:
            made.append(f'#line {len(made) + 2} "{THIS_FILE}"')
        made.append(line)
        before = place
    return "\n".join(made)


def named(source: str, path: str) -> str:
    """The source as it stands in the file `path`."""
    return source.replace(f'"{THIS_FILE}"', _quoted(path))


def _placed(lines: list[str], files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each line of C with the line of Python it comes from; "" for none."""
    place, base, in_comment, first = "", 0, False, False
    for line in lines:
        found = _PLACE.match(line)
        if found:
            known = found["file"] in files
            place = f"{found['line']} {_quoted(files[found['file']])}" if known else ""
            base, in_comment = _indent(line), True
        if in_comment:
            in_comment = "*/" not in line
            first = True
            yield line, ""
            continue
        if not line.strip() or _indent(line) < base or not (first or _continues(line, base)):
            place = ""
        first = False
        yield line, place


def _continues(line: str, base: int) -> bool:
    """Whether a line still is of the statement that began at the column `base`."""
    return _indent(line) > base or not line.lstrip().startswith(_NO_STATEMENT)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _quoted(path: str) -> str:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
