"""The shape of a launch: which loops run across groups and items, and how many of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from polyopt.emit.launches import Limits, Range
from polyopt.emit.loops import For, If, Node, Promote
from polyopt.emit.openmp import trip_bound
from polyopt.model.affine import Affine, extreme

_UNKNOWN_ITEMS = 64


def is_item(node: Node) -> TypeGuard[For]:
    """Whether a loop runs across the items of a group."""
    return isinstance(node, For) and node.parallel and node.grid.startswith("item")


def is_group(node: Node) -> TypeGuard[For]:
    """Whether a loop runs across groups."""
    return isinstance(node, For) and node.parallel and node.grid.startswith("group")


def has_items(node: Node) -> bool:
    """Whether items share what a node does; private copies are one item's own."""
    match node:
        case For(body=body):
            return is_item(node) or any(map(has_items, body))
        case If(_, then, otherwise):
            return any(map(has_items, (*then, *otherwise)))
        case Promote(body=body, load=load, layout=layout):
            return load and layout is None and any(map(has_items, body))
        case _:
            return False


def is_shared_copy(node: Node) -> TypeGuard[Promote]:
    """Whether a block is the private copy of a scalar: around launches the scalar's one buffer
    takes its place, since iterations of the host's loops come one after another."""
    return (
        isinstance(node, Promote)
        and not (node.load or node.store or node.targets or node.reduction or node.layout)
        and all(extent == 1 for extent in node.shape)
    )


def chain(node: For, kind: str) -> tuple[For, ...]:
    """Mapped loops that stand one directly inside the other, each along a dimension of its own."""
    found = [node]
    while len(found[-1].body) == 1:
        inner = found[-1].body[0]
        if not (isinstance(inner, For) and inner.parallel and inner.grid.startswith(kind)):
            break
        if inner.grid in {each.grid for each in found}:
            break
        found.append(inner)
    return tuple(found)


def _item_loops(nodes: tuple[Node, ...]) -> Iterator[For]:
    for node in nodes:
        match node:
            case For(body=body):
                if is_item(node):
                    yield node
                yield from _item_loops(body)
            case If(_, then, otherwise):
                yield from _item_loops((*then, *otherwise))
            case Promote(body=body) if has_items(node):
                yield from _item_loops(body)


def group_sizes(node: Node, limits: Limits) -> tuple[int, ...]:
    """The items of a group per dimension: the longest item loop's, within the most it may have."""
    loops = chain(node, "group") if is_group(node) else ()
    sizes = [1] * max([1, *(1 + int(each.grid[-1]) for each in loops)])
    for loop in _item_loops(loops[-1].body if loops else (node,)):
        number = int(loop.grid[-1])
        sizes += [1] * (number + 1 - len(sizes))
        sizes[number] = max(sizes[number], trip_bound(loop) or _UNKNOWN_ITEMS)
    left = limits.items
    for number, size in enumerate(sizes):
        sizes[number] = min(size, left, limits.most(number))
        left //= sizes[number]
    return tuple(sizes)


def group_ranges(node: Node) -> tuple[Range, ...]:
    """What the groups share out per dimension; of a loop whose bounds follow an outer one, as many
    groups as the longer of its ends needs."""
    if not is_group(node):
        return ()
    loops = chain(node, "group")
    ranges = {int(each.grid[-1]): _range(each, loops[:i]) for i, each in enumerate(loops)}
    none = Range(Affine(), Affine.integer(1))
    return tuple(ranges.get(d, none) for d in range(1 + max(ranges)))


def _range(node: For, around: tuple[For, ...]) -> Range:
    range_ = Range(node.lower, node.upper, node.step)
    for outer in reversed(around):
        if outer.variable in range_.lower.names() | range_.upper.names():
            ends = (outer.lower, outer.upper - 1)
            trips = [range_.trips.substitute({outer.variable: end}) for end in ends]
            range_ = Range(Affine(), extreme("max", trips))
    return range_
