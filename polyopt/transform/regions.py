"""Regions: several parallel loops under one team of threads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

import islpy as isl

from polyopt._isl import Frame
from polyopt.errors import BadArgumentError
from polyopt.model.dependences import Dependences
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Filter, Member, Node, Region, Sequence, Tree, children
from polyopt.transform.edit import node_at, replace_at, resolve

PARALLEL = "parallel"
"""The kind of region that is one team of threads."""


def region(tree: Tree, loops: tuple[str, ...]) -> Tree:
    """Run parallel loops that follow one another under one team of threads.

    parallel for i: S1(i)        →    region:  for i shared out: S1(i)
    parallel for i: S2(i)                      barrier
                                               for i shared out: S2(i)

    The threads are woken once. Between two of the loops they wait for each other, but for where
    no dependence crosses: then the next loop begins at once. Always legal: no order is given up
    that a dependence needs.

    Raises NoSuchLoopError, and BadArgumentError where the loops do not follow one another
    directly, or one is not parallel.
    """
    call = f"region({', '.join(map(repr, loops))})".replace("'", '"')
    if len(loops) < 2:
        raise BadArgumentError(
            "region needs two loops or more that follow one another, such as "
            'region("S1.i", "S2.i").'
        )
    found = [resolve(tree, name) for name in loops]
    first = found[0].path
    parent = node_at(tree, first[:-1])
    wanted = [(*first[:-1], first[-1] + step) for step in range(len(loops))] if first else []
    outermost = all(place.position == 0 for place in found)
    if not isinstance(parent, Sequence) or [p.path for p in found] != wanted or not outermost:
        raise BadArgumentError(
            f"{call} needs outermost loops that follow one another directly in the same body, in "
            f"this order, and these do not. Distribute the loop around them, or name them all."
        )
    for name, place in zip(loops, found, strict=True):
        if not place.member.parallel or place.member.partials:
            raise BadArgumentError(
                f'{call}: "{name}" is not parallel. Mark it first: parallel("{name}").'
            )
    start, end = first[-1], first[-1] + len(loops)
    inside = parent.children[start:end]
    team = Filter(_union(inside), Region(PARALLEL, Sequence(inside)))
    items = (*parent.children[:start], team, *parent.children[end:])
    return replace_at(tree, first[:-1], Sequence(items))


def _union(items: tuple[Filter, ...]) -> tuple[tuple[str, str], ...]:
    """The instances of several filters together."""
    found: dict[str, str] = {}
    for name, text in (pair for item in items for pair in item.instances):
        both = name in found and found[name] and text
        found[name] = str(isl.Set(found[name]).union(isl.Set(text))) if both else text
    return tuple(found.items())


def barriers(
    scop: Scop, dependences: Dependences, around: tuple[Member, ...], parts: Sequence
) -> tuple[bool, ...]:
    """Whether the threads of a region must wait for each other behind each of its parts.

    They must before a part that depends on one since the last wait, in one iteration of the loops
    around. Behind the last part all wait.
    """
    needed = _crossing(scop, dependences, around, parts)
    found: list[bool] = []
    since = 0
    for part in range(1, len(parts.children)):
        wait = any((earlier, part) in needed for earlier in range(since, part))
        since = part if wait else since
        found.append(wait)
    return (*found, True)


def _crossing(
    scop: Scop, dependences: Dependences, around: tuple[Member, ...], parts: Sequence
) -> frozenset[tuple[int, int]]:
    """The pairs of parts of which the second depends on the first."""
    frames = {s.name: Frame(scop.parameter_names, s.name, s.iterators) for s in scop.statements}
    found: set[tuple[int, int]] = set()
    holders = [frozenset(item.statements) for item in parts.children]
    for dependence in dependences:
        ends = [
            (a, b)
            for a, first in enumerate(holders)
            for b, second in enumerate(holders)
            if a < b and dependence.source in first and dependence.sink in second
        ]
        if not ends:
            continue
        relation = dependence.relation
        for member in around:
            source = frames[dependence.source].pw_aff(member.row(dependence.source))
            sink = frames[dependence.sink].pw_aff(member.row(dependence.sink))
            relation = relation.intersect(source.eq_map(sink))
        if not relation.is_empty():
            found.update(ends)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Share:
    """A loop's place in a region: the region's number, from 1, and whether threads that are done
    with the loop go on to the next."""

    region: int
    nowait: bool


def shares(tree: Tree, scop: Scop, dependences: Dependences) -> dict[tuple[int, ...], Share]:
    """The bands whose outermost loops share the threads of regions, by their paths."""
    found: dict[tuple[int, ...], Share] = {}
    numbers = count(1)

    def visit(node: Node, path: tuple[int, ...], around: tuple[Member, ...]) -> None:
        if isinstance(node, Region) and node.kind == PARALLEL and isinstance(node.child, Sequence):
            number = next(numbers)
            waits = barriers(scop, dependences, around, node.child)
            for part, wait in enumerate(waits):
                found[*path, 0, part] = Share(number, not wait)
        inside = (*around, *node.members) if isinstance(node, Band) else around
        for number, child in enumerate(children(node)):
            visit(child, (*path, number), inside)

    visit(tree.root, (), ())
    return found
