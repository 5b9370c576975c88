"""What is read as a subscript is checked first: the loops of the kernel, with checks in them.

    for i in range(n):                              for i in range(n):
        for k in range(ptr[i], ptr[i + 1]):             for k in range(ptr[i], ptr[i + 1]):
            y[i] += val[k] * x[col[k]]       →              check k in val, k in col, col[k] in x

Only what no analysis can prove is checked: subscripts that are read from data, and those that
loops over data give. What needs an array that the kernel writes cannot be checked first; the
statement itself then checks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from polyopt.model.affine import Affine, Compare, Condition
from polyopt.model.expr import (
    Datum,
    Expr,
    Load,
    Logical,
    Select,
    Unary,
    children,
    data,
    loads,
)
from polyopt.model.indirection import condition_names, is_loose
from polyopt.model.nest import Assign, Branch, Loop, LoopNest, Node
from polyopt.model.types import bool_
from polyopt.source import Location


@dataclass(frozen=True, slots=True)
class Verify:
    """`0 <= index < extent`, where all of `when` hold: a subscript of `array` in `dimension`.

    `text` is the access.
    """

    array: str
    dimension: int
    index: Affine
    extent: Affine
    when: tuple[Expr, ...]
    text: str
    location: Location

    @property
    def names(self) -> frozenset[str]:
        """The iterators and parameters that the check depends on."""
        named = (Datum(w, "").names() for w in self.when)
        return self.index.names().union(*named)

    @property
    def reads(self) -> frozenset[str]:
        """The arrays that the check itself reads."""
        exprs = (*self.when, *data(self.index))
        return frozenset(load.array for e in exprs for load in loads(e))


@dataclass(frozen=True, slots=True)
class ScanLoop:
    """A loop of the kernel around checks."""

    variable: str
    lower: Affine
    upper: Affine
    step: int
    body: tuple[ScanNode, ...]


@dataclass(frozen=True, slots=True)
class ScanBranch:
    """An affine branch of the kernel around checks."""

    condition: Condition
    then: tuple[ScanNode, ...]
    otherwise: tuple[ScanNode, ...]


ScanNode = ScanLoop | ScanBranch | Verify


@dataclass(frozen=True)
class Scan:
    """The checks before anything is written, and per assignment, in textual order, its own."""

    nodes: tuple[ScanNode, ...]
    late: tuple[tuple[Verify, ...], ...]


def scan(nest: LoopNest) -> Scan:
    """The checks of a nest whose loop bounds are as they are written."""
    return _Scanner(nest).result()


class _Scanner:
    def __init__(self, nest: LoopNest) -> None:
        self.nest = nest
        local = (a.name for a in nest.arrays if a.kind == "local")
        self.written = frozenset((*_written(nest.body), *local))
        self.late: list[tuple[Verify, ...]] = []

    def result(self) -> Scan:
        nodes = self.block(self.nest.body, frozenset())
        return Scan(nodes, tuple(self.late))

    def block(self, nodes: Iterable[Node], loose: frozenset[str]) -> tuple[ScanNode, ...]:
        """The checks of a suite; `loose` are the loop variables that data bounds."""
        return tuple(found for node in nodes for found in self.node(node, loose))

    def node(self, node: Node, loose: frozenset[str]) -> Iterator[ScanNode]:
        match node:
            case Loop(variable, lower, upper, step, body):
                yield from self.bounds(node)
                inside = self.block(body, loose | {variable} if is_loose(node, loose) else loose)
                once = [v for v in inside if variable not in _names(v)]
                if once:
                    runs = Compare("<" if step > 0 else ">", lower, upper)
                    yield ScanBranch(runs, tuple(once), ())
                rest = tuple(v for v in inside if v not in once)
                if rest:
                    yield ScanLoop(variable, lower, upper, step, rest)
            case Branch(condition, then, otherwise):
                sides = self.block(then, loose), self.block(otherwise, loose)
                if any(sides):
                    yield ScanBranch(condition, *sides)
            case Assign():
                yield from self.assignment(node, loose)

    def bounds(self, loop: Loop) -> Iterator[Verify]:
        """The elements that a loop's bounds read: they are read wherever the loop stands."""
        for bound in (loop.lower, loop.upper):
            for expr in data(bound):
                yield from self.of(expr, (), loop.location, every=True, loose=frozenset())

    def assignment(self, node: Assign, loose: frozenset[str]) -> Iterator[Verify]:
        when: tuple[Expr, ...] = ()
        found: list[Verify] = []
        if node.guard is not None:
            found += self.of(node.guard, when, node.location, loose=loose)
            when = (node.guard,)
        target = Load(node.array, node.subscripts, self.nest.array(node.array).dtype)
        for expr in (node.value, target):
            found += self.of(expr, when, node.location, loose=loose)
        found = list(dict.fromkeys(found))
        late = tuple(v for v in found if v.reads & self.written)
        self.late.append(late)
        yield from (v for v in found if v not in late)

    def of(
        self,
        expr: Expr,
        when: tuple[Expr, ...],
        where: Location,
        *,
        loose: frozenset[str],
        every: bool = False,
    ) -> Iterator[Verify]:
        """The checks of an expression in the order in which it reads, under `when`."""
        match expr:
            case Select(condition, then, otherwise):
                yield from self.of(condition, when, where, loose=loose, every=every)
                for side, test in ((then, condition), (otherwise, _not(condition))):
                    yield from self.of(side, (*when, test), where, loose=loose, every=every)
            case Logical(op, left, right):
                yield from self.of(left, when, where, loose=loose, every=every)
                test = left if op == "and" else _not(left)
                yield from self.of(right, (*when, test), where, loose=loose, every=every)
            case _:
                for child in children(expr):
                    yield from self.of(child, when, where, loose=loose, every=every)
        if isinstance(expr, Load):
            for dimension, index in enumerate(expr.subscripts):
                if every or index.is_data or index.names() & loose:
                    yield self.check(expr, dimension, when, where)

    def check(self, load: Load, dimension: int, when: tuple[Expr, ...], where: Location) -> Verify:
        extent = self.nest.array(load.array).shape[dimension]
        text = f"{load.array}[{', '.join(map(str, load.subscripts))}]"
        return Verify(load.array, dimension, load.subscripts[dimension], extent, when, text, where)


def _names(node: ScanNode) -> frozenset[str]:
    """The iterators and parameters that some checks and the loops around them depend on."""
    match node:
        case Verify():
            return node.names
        case ScanLoop(lower=lower, upper=upper, body=body):
            return lower.names().union(upper.names(), *map(_names, body))
        case ScanBranch(condition, then, otherwise):
            return condition_names(condition).union(*map(_names, (*then, *otherwise)))


def _not(expr: Expr) -> Expr:
    return Unary("not", expr, bool_)


def _written(nodes: Iterable[Node]) -> Iterator[str]:
    for node in nodes:
        match node:
            case Assign(array=array):
                yield array
            case Loop(body=body):
                yield from _written(body)
            case Branch(then=then, otherwise=otherwise):
                yield from _written((*then, *otherwise))


def verifies(nodes: Iterable[ScanNode]) -> Iterator[Verify]:
    """Every check below some nodes, in order."""
    for node in nodes:
        match node:
            case Verify():
                yield node
            case ScanLoop(body=body):
                yield from verifies(body)
            case ScanBranch(then=then, otherwise=otherwise):
                yield from verifies((*then, *otherwise))


def without(nodes: Iterable[ScanNode], proved: frozenset[Verify]) -> tuple[ScanNode, ...]:
    """The checks but for those that are proved, and no loops around nothing."""
    found: list[ScanNode] = []
    for node in nodes:
        match node:
            case Verify():
                found += [] if node in proved else [node]
            case ScanLoop(body=body):
                inside = without(body, proved)
                found += [replace(node, body=inside)] if inside else []
            case ScanBranch(then=then, otherwise=otherwise):
                sides = without(then, proved), without(otherwise, proved)
                found += [replace(node, then=sides[0], otherwise=sides[1])] if any(sides) else []
    return tuple(found)
