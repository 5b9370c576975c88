"""Blocks of arrays that stand at a place in the tree, and what that place has around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from polyopt.model.affine import Affine
from polyopt.model.layout import Layout
from polyopt.model.tree import Band, Mark, Member, Node, Region, Sequence, Tree, children
from polyopt.transform.edit import node_at
from polyopt.transform.footprints import Restriction
from polyopt.transform.legality import Path

Limit = tuple[tuple[int, ...], Affine]
"""A condition on elements: their subscripts times factors, plus an affine in the parameters, are
not negative."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """A block of `array` kept local just outside member `position` of the band at `path`
    (or around the node at `path`, where that is no band). `origin` is affine in the names
    `c0, c1, …` of the loops outside, outermost first, and in the parameters. With a `layout`, a
    packed buffer holds what of the block lies in the array; with `ends`, what lies before these is
    touched and no more; with `limits`, what is within these, and `instances` are all those of the
    one statement that run to fill the block. `spans`: what lies along these dimensions of a packed
    buffer, extents that sizes alone tell; their `shape` is 1."""

    path: Path
    position: int
    array: str
    origin: tuple[Affine, ...]
    shape: tuple[int, ...]
    load: bool
    store: bool
    reduction: str | None
    targets: tuple[tuple[str, tuple[Affine, ...]], ...] = ()
    layout: Layout | None = None
    ends: tuple[Affine, ...] = ()
    local: bool = False
    limits: tuple[Limit, ...] = ()
    instances: tuple[tuple[str, str], ...] = ()
    spans: tuple[tuple[int, Affine], ...] = ()


@dataclass(frozen=True)
class Point:
    """A place on a path down the tree, with the loops passed on the way."""

    path: Path
    position: int
    outside: tuple[Member, ...]
    statements: tuple[str, ...]


def points(tree: Tree, users: frozenset[str], start: Point | None = None) -> Iterator[Point]:
    """The places from the root, or from `start`, down that have all `users` below them, outermost
    first."""
    start = start or Point((), 0, (), tree.statements)
    path, outside, below = start.path, start.outside, start.statements
    node = node_at(tree, path)
    while True:
        yield Point(path, 0, outside, below)
        match node:
            case Band(members, child):
                for position, member in enumerate(members):
                    outside = (*outside, member)
                    if position + 1 < len(members):
                        yield Point(path, position + 1, outside, below)
                node, path = child, (*path, 0)
            case Mark(_, child) | Region(_, child):
                node, path = child, (*path, 0)
            case Sequence(items):
                inside = [i for i, f in enumerate(items) if users <= set(f.statements)]
                if not inside or any(t for _, t in items[inside[0]].instances):
                    return
                below = items[inside[0]].statements
                node, path = items[inside[0]].child, (*path, inside[0])
            case _:
                return


def parts(tree: Tree, users: frozenset[str], point: Point) -> tuple[Point, ...]:
    """The places in the parts of a sequence at a point that have some of the users below them;
    none where there is no sequence."""
    node = node_at(tree, point.path)
    if not isinstance(node, Sequence):
        return ()
    return tuple(
        Point((*point.path, number), 0, point.outside, part.statements)
        for number, part in enumerate(node.children)
        if users & set(part.statements)
    )


def statements_at(tree: Tree, path: Path) -> frozenset[str]:
    """The statements that reach a path."""
    node: Node = tree.root
    names = tree.statements
    for number in path:
        if isinstance(node, Sequence):
            names = node.children[number].statements
        node = children(node)[number]
    return frozenset(names)


def walk_to(tree: Tree, path: Path) -> tuple[tuple[Member, ...], Restriction, Node]:
    """The loops outside a path, the instances that reach it, and the node there."""
    node: Node = tree.root
    outside: tuple[Member, ...] = ()
    within: dict[str, tuple[str, ...]] = {}
    for number in path:
        if isinstance(node, Band):
            outside = (*outside, *node.members)
        if isinstance(node, Sequence):
            for name, text in node.children[number].instances:
                if text:
                    within[name] = (*within.get(name, ()), text)
        node = children(node)[number]
    return outside, within, node
