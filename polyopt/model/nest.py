"""The loop nest: what the front end makes of a Python function, before any polyhedron.

Invariants: loop variables on one path are distinct and differ from every parameter, array and
scalar argument; affines only name parameters and the loop variables around them; expressions are
fully typed; every array is declared in `arrays`; a data-dependent `if` has become guards on its
assignments (a condition that the branch could change is first stored in a local bool).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from polyopt.model.affine import Affine, Condition
from polyopt.model.arguments import Argument as Argument  # noqa: PLC0414 part of a nest
from polyopt.model.arguments import Parameter as Parameter  # noqa: PLC0414
from polyopt.model.arguments import Result as Result  # noqa: PLC0414
from polyopt.model.expr import Expr
from polyopt.model.types import DType
from polyopt.source import Location


@dataclass(frozen=True, slots=True)
class Array:
    """An array of the kernel. `shape` is affine in the parameters; scalar locals have rank 0.

    `kind` is "argument" or "local". A local array is uninitialised until statements fill it.
    """

    name: str
    dtype: DType
    shape: tuple[Affine, ...]
    kind: Literal["argument", "local"]
    location: Location


@dataclass(frozen=True, slots=True)
class Assumption:
    """A condition on the parameters that the analysis uses and the call checks."""

    condition: Condition
    text: str
    location: Location


FactKind = Literal["injective", "monotone", "within"]


@dataclass(frozen=True, slots=True)
class IndexFact:
    """What an assumption states of an index array that the kernel only reads.

    `limits` are those of "within": no element is below the first or not below the second.
    """

    kind: FactKind
    array: str
    text: str
    location: Location
    limits: tuple[Affine, Affine] | None = None


@dataclass(frozen=True, slots=True)
class DataBound:
    """A bound of a loop over data, and the name that it has in sets.

    `variable` is the loop's, and `is_lower` says which of its bounds it is.
    """

    name: str
    value: Affine
    variable: str
    is_lower: bool


@dataclass(frozen=True, slots=True)
class Loop:
    """`for variable in range(lower, upper, step)`; step is a non-zero constant.

    `flag`: a bool local, once false no iteration does anything, and it stays so.
    """

    variable: str
    lower: Affine
    upper: Affine
    step: int
    body: tuple[Node, ...]
    location: Location
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Exit:
    """A loop around a statement that ends once a flag is false, by its iterator.

    `endless`: only so.
    """

    iterator: str
    flag: str
    endless: bool


ENDLESS = Affine.integer(2**60)
"""The upper bound of a loop that only its flag ends."""


@dataclass(frozen=True, slots=True)
class Branch:
    """An `if` on an affine condition."""

    condition: Condition
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class Assign:
    """`array[subscripts] = value`, only where the data condition `guard` holds.

    An augmented assignment is written out: `x += e` has the value `Binary("add", Load(x), e)`.
    """

    array: str
    subscripts: tuple[Affine, ...]
    value: Expr
    guard: Expr | None
    label: str | None
    location: Location


Node = Loop | Branch | Assign


@dataclass(frozen=True, slots=True)
class LoopNest:
    """One specialised kernel. `parameters` are in the order of their first origin.

    `extents` lists, per array argument, its declared shape; a call checks each against the
    array it gets (an extent that is exactly one parameter defines that parameter the first time).
    `captured` are the frozen globals, for the cache key. `bounds` are the names given to loop
    bounds that are read from data, once they have names; `nonempty`: that such loops have
    iterations. `result` says what it returns.
    """

    name: str
    arguments: tuple[Argument, ...]
    parameters: tuple[Parameter, ...]
    arrays: tuple[Array, ...]
    assumptions: tuple[Assumption, ...]
    body: tuple[Node, ...]
    captured: tuple[tuple[str, str], ...]
    location: Location
    result: Result | None = None
    bounds: tuple[DataBound, ...] = ()
    nonempty: tuple[Condition, ...] = ()
    index_facts: tuple[IndexFact, ...] = ()

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The parameters' names in their fixed order, and those of bounds from data."""
        return (*(p.name for p in self.parameters), *(b.name for b in self.bounds))

    def array(self, name: str) -> Array:
        """The array of that name; KeyError where there is none."""
        return next(a for a in self.arrays if a.name == name)

    def __str__(self) -> str:
        from polyopt.model.show import show_nest

        return show_nest(self)
