"""Fusion of neighbouring nests that share data, where the estimate says that it pays."""

from __future__ import annotations

from collections.abc import Iterator

from polyopt.model.tree import Band, Node, Sequence, children
from polyopt.transform.auto.context import Search, attempt, name_of
from polyopt.transform.auto.temporaries import blocks_exist
from polyopt.transform.auto.tiles import may_contract
from polyopt.transform.edit import node_at, places
from polyopt.transform.legality import Path
from polyopt.transform.schedule import Schedule

_MOST_STATEMENTS = 40
_GAIN = 0.95


def fuse_neighbours(search: Search, schedule: Schedule) -> Schedule:
    """Fuse loops that follow one another, as deep as is legal, wherever it lowers the cost.

    Contractions stay alone, since their tiles gain more than fusion could.
    """
    if len(schedule.statements) > _MOST_STATEMENTS:
        return schedule
    cost = search.cost(schedule)
    changed = True
    while changed:
        changed = False
        for path, position in _neighbours(schedule.tree.root, ()):
            fused = _fused(schedule, path, position)
            if fused is None or not blocks_exist(fused):
                continue
            found = search.cost(fused)
            if found < cost * _GAIN:
                schedule, cost, changed = fused, found, True
                break
    return schedule


def _neighbours(node: Node, path: Path) -> Iterator[tuple[Path, int]]:
    """Sequences and positions of two loops that follow one another."""
    if isinstance(node, Sequence):
        for position in range(len(node.children) - 1):
            pair = node.children[position : position + 2]
            if all(isinstance(c.child, Band) for c in pair):
                yield path, position
    for number, child in enumerate(children(node)):
        yield from _neighbours(child, (*path, number))


def _fused(schedule: Schedule, path: Path, position: int) -> Schedule | None:
    """The two loops fused, and then those inside them while that is legal and they match."""
    parent = node_at(schedule.tree, path)
    if not isinstance(parent, Sequence):
        return None
    pair = parent.children[position : position + 2]
    names = [s for c in pair for s in c.statements]
    if any(may_contract(schedule.scop.statement(n)) for n in names):
        return None
    current = _fuse_at(schedule, (*path, position), (*path, position + 1))
    if current is None:
        return None
    while True:
        inner = _inner_pair(current, set(names))
        deeper = None if inner is None else _fuse_at(current, *inner)
        if deeper is None:
            return current
        current = deeper


def _fuse_at(schedule: Schedule, first: Path, second: Path) -> Schedule | None:
    found = places(schedule.tree)
    loops = [p for path in (first, second) for p in found if (p.path, p.position) == (path, 0)]
    if len(loops) != 2:
        return None
    a, b = (name_of(schedule, p) for p in loops)
    return attempt(schedule, lambda s: s.fuse(a, b))


def _inner_pair(schedule: Schedule, names: set[str]) -> tuple[Path, Path] | None:
    """The last two loops that follow one another just inside the fused loop."""
    for path, position in _neighbours(schedule.tree.root, ()):
        parent = node_at(schedule.tree, path)
        if (
            isinstance(parent, Sequence)
            and {s for c in parent.children for s in c.statements} == names
        ):
            return (*path, position), (*path, position + 1)
    return None
