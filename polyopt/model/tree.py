"""The schedule tree: an order on statement instances, as a frozen value.

A tree is read top-down. A `Band` orders instances by its members' rows, outermost member first;
a `Sequence` orders its children one after another, each child holding the instances of its
filter; a `Leaf` orders nothing further. `Mark`s are carried by band members (parallel, vector,
unroll), `Region` stands around several loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from polyopt.model.affine import Affine


@dataclass(frozen=True)
class Member:
    """One schedule dimension: a loop. `rows` gives, per statement, its affine in the statement's
    iterators and the parameters. `aliases` are further names that resolve to this loop.

    `vector` and `unroll` are widths and factors; 0 for none, and for unroll -1 for full.
    `grid`: the dimension of an OpenCL launch that a parallel loop runs along, such as "group1".
    `pipeline`: iterations run on threads, each waiting at every step of the next loop of the band
    for the iteration before to have passed it. `partials`: the loop's reductions have partial
    results, one every so many iterations of a parallel loop, else so many side by side.
    `scan`: the loop is a recurrence that runs as a prefix operation.
    """

    name: str
    rows: tuple[tuple[str, Affine], ...]
    aliases: tuple[str, ...] = ()
    parallel: bool = False
    vector: int = 0
    unroll: int = 0
    grid: str = ""
    pipeline: bool = False
    partials: int = 0
    scan: bool = False

    def row(self, statement: str) -> Affine:
        """The row of a statement; KeyError where the member does not schedule it."""
        return self._by_statement[statement]

    @cached_property
    def _by_statement(self) -> dict[str, Affine]:
        return dict(self.rows)

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """The statements that the loop runs, in the order of its rows."""
        return tuple(name for name, _ in self.rows)


@dataclass(frozen=True, slots=True)
class Leaf:
    """The end of a path."""


@dataclass(frozen=True, slots=True)
class Band:
    """Consecutive schedule dimensions. Permutability is derived from dependences, not stored."""

    members: tuple[Member, ...]
    child: Node


@dataclass(frozen=True)
class Filter:
    """A child of a sequence. `instances` maps each statement to the isl text of the subset it
    holds, or to "" for all that reach this point."""

    instances: tuple[tuple[str, str], ...]
    child: Node

    @cached_property
    def statements(self) -> tuple[str, ...]:
        """The statements of which instances are held."""
        return tuple(name for name, _ in self.instances)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Children in order; their filters are disjoint and cover what reaches this point."""

    children: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A named point in the tree, such as a promoted buffer's scope."""

    name: str
    child: Node


@dataclass(frozen=True, slots=True)
class Region:
    """One parallel region, launch or barrier scope around its child."""

    kind: str
    child: Node


Node = Leaf | Band | Sequence | Mark | Region


@dataclass(frozen=True, slots=True)
class Tree:
    """The root: every statement of the model, and the order below.

    `labels` are further names of statements, (label, statement), as the kernel gives them.
    `others`: where this is part of a larger tree, the names that loops have outside of it.
    """

    statements: tuple[str, ...]
    root: Node
    labels: tuple[tuple[str, str], ...] = ()
    others: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return "\n".join(lines(self.root, self.statements))


def walk(node: Node) -> Iterator[Node]:
    """Every node, parents first, children in order."""
    yield node
    for child in children(node):
        yield from walk(child)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, filters looked through."""
    match node:
        case Leaf():
            return ()
        case Sequence(items):
            return tuple(f.child for f in items)
        case Band() | Mark() | Region():
            return (node.child,)


def with_children(node: Node, new: tuple[Node, ...]) -> Node:
    """The same node over other children; the very same where they are."""
    if all(old is child for old, child in zip(children(node), new, strict=True)):
        return node
    match node:
        case Leaf():
            return node
        case Sequence(items):
            pairs = zip(items, new, strict=True)
            return Sequence(tuple(f if f.child is c else replace(f, child=c) for f, c in pairs))
        case Band() | Mark() | Region():
            return replace(node, child=new[0])


def lines(node: Node, statements: tuple[str, ...], indent: str = "") -> list[str]:
    """The text form: one line a loop, `name: row` per group of statements that share it."""
    match node:
        case Leaf():
            return [indent + " ".join(statements)]
        case Band(members, child):
            text = []
            for member in members:
                text.append(indent + _member_text(member))
                indent += "  "
            return text + lines(child, statements, indent)
        case Sequence(items):
            text = []
            for item in items:
                conditions = [t for _, t in item.instances if t]
                text += [f"{indent}where {t}" for t in conditions]
                text += lines(item.child, item.statements, indent + ("  " if conditions else ""))
            return text
        case Mark(name, child):
            return [f"{indent}mark {name}", *lines(child, statements, indent)]
        case Region(kind, child):
            return [f"{indent}region {kind}", *lines(child, statements, indent)]


def _member_text(member: Member) -> str:
    groups: dict[Affine, list[str]] = {}
    for name, row in member.rows:
        groups.setdefault(row, []).append(name)
    rows = ", ".join(f"{' '.join(names)}: {row}" for row, names in groups.items())
    marks = [word for word, is_set in (("parallel", member.parallel),) if is_set]
    marks += ["pipeline"] if member.pipeline else []
    marks += [member.grid] if member.parallel and member.grid else []
    marks += [f"partials {member.partials}"] if member.partials else []
    marks += ["scan"] if member.scan else []
    marks += [f"vector {member.vector}"] if member.vector else []
    marks += [f"unroll {member.unroll}"] if member.unroll else []
    suffix = f"   {', '.join(marks)}" if marks else ""
    return f"{member.name} = [{rows}]{suffix}"
