"""The host's part of an OpenCL program, as data: which kernels are launched, in which order.

    for t in range(T):                        Repeat t
        launch jacobi_2d_i over n - 2             Launch jacobi_2d_i
        launch jacobi_2d_i_2 over n - 2           Launch jacobi_2d_i_2

Launches run one after another: each sees what earlier ones wrote. Any number of work groups and
items gives the same results, since kernels ask for both; sizes given here are what is useful.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from polyopt.emit.program import CArgument, Program
from polyopt.model.affine import Affine, Condition
from polyopt.model.types import DType

MOST_ITEMS = 256
"""Work items of a group: what every GPU takes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What code is written for: a kind of device, the items that a group may have in all and along
    each dimension, and the bytes of its local memory; None where any number will do."""

    model: Literal["cpu", "gpu"]
    items: int = MOST_ITEMS
    along: tuple[int, ...] | None = None
    local: int | None = None

    def most(self, dimension: int) -> int:
        """The items that a group may have along a dimension."""
        along = (self.items,) if self.along is None else self.along[dimension : dimension + 1]
        return min((self.items, *along))


@dataclass(frozen=True, slots=True)
class Range:
    """The iterations `lower, lower + step, … < upper` that are shared out, in parameters and the
    variables of loops around the launch."""

    lower: Affine
    upper: Affine
    step: int = 1

    @property
    def trips(self) -> Affine:
        """How many there are; not positive where there are none."""
        return (self.upper - self.lower + (self.step - 1)).floordiv(self.step)

    def __str__(self) -> str:
        by = f" by {self.step}" if self.step != 1 else ""
        return f"{self.lower} .. {self.upper}{by}"


@dataclass(frozen=True, slots=True)
class Work:
    """About how many operations something takes: a product of affines, times a factor."""

    factors: tuple[Affine, ...] = ()
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel run.

    `arguments`: its values, then its arrays, in order. `groups` has one range per dimension of
    work groups, none for a single group; `items` the number of work items per dimension.
    `pieces`: groups take consecutive pieces of the one range, so that fewer groups do.
    `local`: what a group has of local memory, by name in bytes. `barriers` are those in the text;
    `registers` the arrays of which items keep elements in registers.
    """

    kernel: str
    arguments: tuple[CArgument, ...]
    groups: tuple[Range, ...] = ()
    items: tuple[int, ...] = (1,)
    pieces: bool = False
    work: Work = Work()
    local: tuple[tuple[str, int], ...] = ()
    barriers: int = 0
    registers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeat:
    """A sequential loop of launches."""

    variable: str
    range: Range
    body: tuple[HostNode, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Launches under a condition."""

    condition: Condition
    then: tuple[HostNode, ...]
    otherwise: tuple[HostNode, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """Many launches where the largest of them has work enough for the device, else one launch of
    one item that does the same."""

    work: Work
    many: tuple[HostNode, ...]
    one: Launch


HostNode = Launch | Repeat | Case | Choice


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array that kernels reach. `read` and `written`: whether any kernel does so; `copied_in`:
    whether its values before the call matter. Of local arrays the host allocates `shape`, one
    element where that is empty; where `apart`, that for each group that shares a loop."""

    name: str
    dtype: DType
    shape: tuple[Affine, ...]
    kind: Literal["argument", "local"]
    read: bool
    written: bool
    copied_in: bool = True
    apart: bool = False


@dataclass(frozen=True, slots=True)
class LaunchProgram(Program):
    """OpenCL C with what the host does. `arguments` are those of a call, as in C; `model` is what
    the code was written for."""

    buffers: tuple[Buffer, ...] = ()
    host: tuple[HostNode, ...] = ()
    model: Literal["cpu", "gpu"] = "cpu"


def launches(nodes: tuple[HostNode, ...]) -> Iterator[Launch]:
    """Every launch below some nodes, in textual order."""
    for node in nodes:
        match node:
            case Launch():
                yield node
            case Repeat(body=body):
                yield from launches(body)
            case Case(_, then, otherwise):
                yield from launches((*then, *otherwise))
            case Choice(many=many, one=one):
                yield from launches((*many, one))


def show_host(nodes: tuple[HostNode, ...], indent: str = "") -> list[str]:
    """The host's part for a reader, a line each."""
    lines: list[str] = []
    for node in nodes:
        match node:
            case Launch():
                lines.append(indent + _launch_text(node))
            case Repeat(variable, range_, body):
                lines += [f"{indent}for {variable} in {range_}:", *show_host(body, indent + "  ")]
            case Case(condition, then, otherwise):
                lines += [f"{indent}if {condition}:", *show_host(then, indent + "  ")]
                if otherwise:
                    lines += [f"{indent}else:", *show_host(otherwise, indent + "  ")]
            case Choice(work, many, one):
                size = " * ".join([*(f"({f})" for f in work.factors), str(work.scale)])
                lines += [f"{indent}if {size} is large:", *show_host(many, indent + "  ")]
                lines += [f"{indent}else:", *show_host((one,), indent + "  ")]
    return lines


def _launch_text(launch: Launch) -> str:
    if not launch.groups:
        return f"launch {launch.kernel}"
    share = "pieces of " if launch.pieces else ""
    over = " x ".join(f"{share}{range_}" for range_ in launch.groups)
    items = "" if launch.items == (1,) else f", {' x '.join(map(str, launch.items))} items each"
    return f"launch {launch.kernel} over {over}{items}"
