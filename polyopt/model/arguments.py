"""What a call provides: light enough for calls of kernels that were compiled long ago."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from polyopt.model.types import ArgumentType, ScalarType


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument in call order. `same_as` names an earlier argument that is the same array.

    `made`: the call makes the array for a value that the kernel returns; these come last.
    """

    name: str
    type: ArgumentType
    same_as: str | None = None
    made: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """A value that a kernel returns, in the argument of that name.

    An array itself, or the one element of it as a scalar: Python's own where it is weak.
    """

    name: str
    scalar: ScalarType | None = None


@dataclass(frozen=True, slots=True)
class ReturnedTuple:
    """Several values that a kernel returns."""

    items: tuple[Result, ...]


Result = Returned | ReturnedTuple


@dataclass(frozen=True, slots=True)
class Parameter:
    """An integer size symbol and where its value comes from at a call.

    `origin` is ("argument", name, 0) for an integer argument, ("extent", array, dimension) for
    the first extent that is exactly this symbol.
    """

    name: str
    origin: tuple[Literal["argument", "extent"], str, int]
