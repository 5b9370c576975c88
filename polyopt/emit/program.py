"""What a printer hands to the runtime: source text, and how to call what it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from polyopt.model.affine import Condition
from polyopt.model.types import FpMode
from polyopt.source import Location


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on the parameters that the entry function tests before anything else.

    `error` names the exception that a failure raises; `message` is its text, in which
    `{name}` stands for the value of parameter `name` at the failing call.
    """

    condition: Condition
    error: Literal["bounds", "assumption"]
    message: str
    location: Location


def stride(array: str, dim: int) -> str:
    """The name of a stride among a program's values; no variable of a kernel has a blank."""
    return f"{array} stride {dim}"


def component(scalar: str, part: str) -> str:
    """The name of a complex argument's `part`, "real" or "imag", among a program's values."""
    return f"{scalar} {part}"


@dataclass(frozen=True, slots=True)
class CArgument:
    """One argument of the C entry function, in C order."""

    kind: Literal["parameter", "stride", "scalar", "array"]
    name: str
    ctype: str


@dataclass(frozen=True, slots=True)
class Program:
    """Emitted source. The entry function is

        int64_t symbol(parameters as int64_t …, strides as int64_t …, scalars by value …,
                       arrays as pointers …)

    It returns 0, `1 + i` where check i failed (nothing was touched), or -1 where scratch memory
    could not be had (nothing was touched). `libraries`: what to link with, as `-l` names.
    `layouts`: the arrays that are not taken in C's order, each with the dimension of stride 1 or
    -1; their strides in elements are arguments. `choosy`: lanes choose several values by one
    condition, and compute none of them under it.
    """

    source: str
    symbol: str
    arguments: tuple[CArgument, ...]
    checks: tuple[Check, ...]
    openmp: bool
    fp: FpMode
    libraries: tuple[str, ...] = ()
    layouts: tuple[tuple[str, int], ...] = ()
    choosy: bool = False
