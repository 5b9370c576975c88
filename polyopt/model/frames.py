"""The isl spaces of a model's statements, each made once: steps judge many models of the same."""

from __future__ import annotations

from functools import lru_cache

from polyopt._isl import Frame
from polyopt.model.scop import Scop


def frames(scop: Scop) -> dict[str, Frame]:
    """The frame of each statement."""
    return {s.name: _frame(scop.parameter_names, s.name, s.iterators) for s in scop.statements}


@lru_cache(maxsize=1024)
def _frame(parameters: tuple[str, ...], name: str, iterators: tuple[str, ...]) -> Frame:
    return Frame(parameters, name, iterators)
