"""Where a construct stands in the user's source: one small value, carried by every artefact."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A span in a source file.

    `line` and `end_line` count from 1; `column` and `end_column` from 0, as `ast` gives them
    (the end column is exclusive). `text` is the source line itself, without its newline.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str = ""

    @property
    def short(self) -> str:
        """`smooth.py:7`, as messages and emitted comments cite it."""
        name = self.file.replace("\\", "/").rsplit("/", 1)[-1]
        return f"{name}:{self.line}"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column + 1}"


UNKNOWN = Location("<unknown>", 0, 0, 0, 0)
"""For artefacts made by the library itself, which no source line stands behind."""
