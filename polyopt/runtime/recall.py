"""Specialisations that an earlier process has compiled, ready to be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from polyopt.errors import PolyoptError
from polyopt.runtime.arguments import layouts, types_of
from polyopt.runtime.bind import Entry
from polyopt.runtime.index import Answer, look, question, remember
from polyopt.runtime.load import load

if TYPE_CHECKING:
    from polyopt.frontend.source import FunctionSource


def recall(
    source: FunctionSource,
    names: Sequence[str],
    values: Sequence[object],
    same: Mapping[str, str],
    chosen: str | None,
    threads: int | None,
) -> tuple[str | None, Entry | None]:
    """The question that these values ask, and the entry that answers it; None for neither.

    `chosen` tells the options, all but the number of threads, or is None where no text does.

    The values' own types are asked for, whatever annotations say: those that the annotations
    refuse were refused before, so no answer to them was kept.
    """
    if chosen is None:
        return None, None
    try:
        types = types_of(source.name, names, values, None)
        asked = question(source, types, same, layouts(names, values), chosen)
        answer = None if asked is None else look(asked)
    except PolyoptError:  # said again, better, on the way to a compilation
        return None, None
    if answer is None or answer.interface is None:
        return asked, None
    try:
        library = load(answer.path, openmp=answer.program.openmp)
    except OSError:
        return asked, None
    return asked, Entry(answer.interface, answer.program, library, threads=threads)


def record(asked: str | None, entry: object) -> None:
    """Keep an entry that was just compiled for processes to come."""
    if asked is not None and isinstance(entry, Entry):
        remember(asked, Answer(entry.path, entry.interface, entry.program))
