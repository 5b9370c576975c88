"""The loop form: what lowering makes of a schedule, and all that a printer sees.

Every bound, index and condition is our own quasi-affine form; nothing of isl is left. Iterator
values of a statement instance are affines in the loop variables and parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from polyopt.model.affine import Affine, Atom, Condition
from polyopt.model.layout import Layout
from polyopt.source import Location
from polyopt.transform.array_sums import ArraySums
from polyopt.transform.blocks import Limit


@dataclass(frozen=True, slots=True)
class For:
    """`for (variable = lower; variable < upper; variable += step)`, step > 0.

    `loop` is the schedule member's name. `parallel`: iterations run on threads when the product
    of `work` (affines in parameters and outer loop variables, times `work_scale` operations)
    is large enough. `vector`: iterations are proved independent, or all their carried
    dependences are the reductions in `Promote(reduction=...)` nodes that wrap this loop.
    `unroll`: factor, 0 for none, -1 for full. `grid`: the dimension of an OpenCL launch that a
    parallel loop runs along, such as "group1" or "item0". `within`: where not None, the loop stays
    in the tile that starts at an affine of the loops outside and has that length, whatever its
    bounds are. `pipeline`: iterations may run on threads where each waits, before every iteration
    of a loop inside that is `synced`, until the iteration before has run all of its own up to that
    value. `region`: parallel loops next to one another with the same number, not 0, run under one
    team of threads. `nowait`: a thread that is done with such a loop may go on to the next one.
    `partials`: as in a schedule member. `sums`: the arrays of which each part of such a loop has a
    copy. `exit`: a bool local that ends the loop where
    it is false. `scan`: a recurrence that may run as a prefix operation.
    """

    variable: str
    lower: Affine
    upper: Affine
    step: int
    body: tuple[Node, ...]
    loop: str
    parallel: bool = False
    vector: bool = False
    unroll: int = 0
    grid: str = ""
    pipeline: bool = False
    synced: bool = False
    region: int = 0
    nowait: bool = False
    work: tuple[Affine, ...] = ()
    work_scale: int = 1
    within: tuple[Affine, int] | None = None
    partials: int = 0
    sums: ArraySums = ()
    exit: str = ""
    scan: bool = False


@dataclass(frozen=True, slots=True)
class If:
    """A condition on loop variables and parameters."""

    condition: Condition
    then: tuple[Node, ...]
    otherwise: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """One statement instance; `values[d]` is the value of the statement's iterator d.

    `straight`: minima, maxima and choices of its subscripts, as the statement writes them, of
    which it is known here what they come to.
    """

    statement: str
    values: tuple[Affine, ...]
    straight: tuple[tuple[Atom, Affine], ...] = ()


@dataclass(frozen=True, slots=True)
class Promote:
    """Keep a block of one array in a small local array (or, with shape (), a local scalar)
    while `body` runs.

    Within `body` every access to `array` lies in the block `origin[d] .. origin[d] + shape[d] - 1`
    (proved by lowering), so element `subscripts` is `name[subscripts - origin]`; dimensions of
    extent 1 are dropped. `load`: read the block before; `store`: write it back after.
    `reduction` names the operator (`add`, `mul`, `min`, `max`, `and`, `or`, `xor`) where a vector
    loop inside `body` accumulates into it across its iterations.
    `targets`: where not empty, only these accesses (statement, its subscripts as the statement
    writes them) are in the block, and every other access to the array in `body` is proved to
    touch other elements.
    `layout`: the block is a packed buffer of that layout in memory of its own, into which only
    what of the block lies in the array is read; `spans` are the extents of dimensions that sizes
    alone tell, where `shape` has 1. `ends`: where not empty, of the block only the
    elements before these are touched, read and written back, one a dimension.
    `limits`: the elements within these, and no others, are.
    `local`: to be held in the local memory of a work group, where the target has such.
    """

    array: str
    name: str
    origin: tuple[Affine, ...]
    shape: tuple[int, ...]
    body: tuple[Node, ...]
    load: bool
    store: bool
    reduction: str | None = None
    targets: tuple[tuple[str, tuple[Affine, ...]], ...] = ()
    layout: Layout | None = None
    ends: tuple[Affine, ...] = ()
    local: bool = False
    limits: tuple[Limit, ...] = ()
    spans: tuple[tuple[int, Affine], ...] = ()


@dataclass(frozen=True, slots=True)
class Comment:
    """A line for the reader of the emitted code."""

    text: str
    location: Location | None = None


Node = For | If | Instance | Promote | Comment


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside a node."""
    match node:
        case For(body=body) | Promote(body=body):
            return body
        case If(_, then, otherwise):
            return (*then, *otherwise)
        case _:
            return ()


def below(nodes: Iterable[Node]) -> Iterator[Node]:
    """Some nodes and everything in them, in textual order, what holds others before these."""
    for node in nodes:
        yield node
        yield from below(children(node))


@dataclass(frozen=True, slots=True)
class Loops:
    """The whole kernel body in loop form. `unused` lists local arrays that need no storage of
    their own, since every access to them is inside a `Promote` block; `apart` those of which each
    thread has its own."""

    body: tuple[Node, ...]
    unused: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()

    def __str__(self) -> str:
        from polyopt.emit.show import show_loops

        return show_loops(self)
