"""When instances run: a schedule's time vectors, and the same order with smaller tiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import islpy as isl

from polyopt.explore.problem import Problem
from polyopt.model.affine import Affine, Atom, Floor
from polyopt.model.points import Function, Point, function_of, integer_points
from polyopt.model.tree import Band, Leaf, Mark, Member, Node, Region, Sequence, Tree, walk
from polyopt.transform.edit import places
from polyopt.transform.schedule import Schedule

SMALL = {1: (4,), 2: (2, 4), 3: (2, 4, 8), 4: (2, 4, 8, 16)}
"""What tiles of so many levels are drawn as, the innermost first."""

_LARGE = 6

Key = tuple[str, Point]
"""A statement and its iterators' values."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One place of a time vector: a loop's value, or a place in a sequence where `member` is
    None."""

    value: int
    member: Member | None


Time = tuple[Moment, ...]


def times(shown: Problem) -> dict[Key, Time]:
    """Each instance's time vector."""
    clock = _Clock(shown)
    return {
        (name, point): clock.of(name, point)
        for name, points in shown.points.items()
        for point in points
    }


class _Clock:
    """Reads the tree for one instance after the other."""

    def __init__(self, shown: Problem) -> None:
        self.shown = shown
        self.values = dict(shown.sizes)
        self._rows: dict[tuple[int, str], Function] = {}
        self._held: dict[tuple[str, str], frozenset[Point]] = {}

    def of(self, name: str, point: Point) -> Time:
        """The time vector of an instance."""
        found: list[Moment] = []
        node: Node = self.shown.schedule.tree.root
        while not isinstance(node, Leaf):
            match node:
                case Band(members, child):
                    found += [Moment(self._row(m, name)(point), m) for m in members]
                    node = child
                case Mark(_, child) | Region(_, child):
                    node = child
                case Sequence():
                    place, node = self._part(node, name, point)
                    found.append(Moment(place, None))
        return tuple(found)

    def _row(self, member: Member, name: str) -> Function:
        key = (id(member), name)
        if key not in self._rows:
            iterators = self.shown.schedule.scop.statement(name).iterators
            self._rows[key] = function_of(member.row(name), iterators, self.values)
        return self._rows[key]

    def _part(self, node: Sequence, name: str, point: Point) -> tuple[int, Node]:
        """The child that holds an instance."""
        holding = [(k, c) for k, c in enumerate(node.children) if name in c.statements]
        for place, child in holding[:-1]:
            text = dict(child.instances)[name]
            if not text or point in self._points(name, text):
                return place, child.child
        place, child = holding[-1]
        return place, child.child

    def _points(self, name: str, text: str) -> frozenset[Point]:
        if (name, text) not in self._held:
            domain = self.shown.schedule.scop.statement(name).domain
            held = integer_points(domain.intersect(isl.Set(text)), self.values)
            self._held[name, text] = frozenset(held)
        return self._held[name, text]


def steps(when: Mapping[Key, Time]) -> dict[Key, int]:
    """The step at which each instance runs, where every parallel loop has threads enough: its
    iterations start together, all else waits for what is before it."""
    found: dict[Key, int] = {}

    def run(items: list[tuple[Key, Time]], depth: int, start: int) -> int:
        if not items or len(items[0][1]) == depth:
            found.update((key, start) for key, _ in items)
            return 1
        parts: dict[int, list[tuple[Key, Time]]] = {}
        for item in items:
            parts.setdefault(item[1][depth].value, []).append(item)
        member = items[0][1][depth].member
        at_once, total = member is not None and member.parallel, 0
        for value in sorted(parts):
            taken = run(parts[value], depth + 1, start if at_once else start + total)
            total = max(total, taken) if at_once else total + taken
        return total

    run(list(when.items()), 0, 0)
    return found


def is_tile(member: Member) -> bool:
    """Whether a loop counts tiles: its rows are rounded down."""
    return any(isinstance(a, Floor) for _, row in member.rows for a, _ in row.terms)


# ---- smaller tiles ---------------------------------------------------------------------------


def shrunk(schedule: Schedule) -> tuple[Schedule, str]:
    """The same steps with tiles small enough to be drawn, and words that say so.

    Where tiles are small already, or parts of the order name instances by their tiles, it is the
    schedule itself.
    """
    tree = schedule.tree
    sizes = _sizes(tree)
    parts = any(t for n in walk(tree.root) if isinstance(n, Sequence) for t in _texts(n))
    if parts or all(size <= _LARGE for group in sizes.values() for size in group):
        return schedule, ""
    smaller = {(names, old): new for names, group in sizes.items() for old, new in _smaller(group)}
    words = dict.fromkeys(f"{old} as {new}" for (_, old), new in smaller.items() if old != new)
    root = _with_rows(tree.root, smaller)
    return replace(
        schedule, tree=replace(tree, root=root)
    ), f"tiles drawn smaller: {', '.join(words)}"


def _texts(node: Sequence) -> list[str]:
    return [text for child in node.children for _, text in child.instances if text]


def _sizes(tree: Tree) -> dict[frozenset[str], list[int]]:
    """The extents of tiles, per iterators that they round, innermost first."""
    found: dict[frozenset[str], set[int]] = {}
    for place in places(tree):
        for _, row in place.member.rows:
            for atom, _ in row.terms:
                if isinstance(atom, Floor):
                    found.setdefault(atom.numerator.names(), set()).add(atom.denominator)
    return {names: sorted(group) for names, group in found.items()}


def _smaller(group: list[int]) -> list[tuple[int, int]]:
    new = SMALL.get(len(group), tuple(2**k for k in range(1, len(group) + 1)))
    grown = all(b % a == 0 for a, b in pairwise(group))
    small = group[-1] <= _LARGE and grown
    return [(old, old if small else less) for old, less in zip(group, new, strict=True)]


def _with_rows(node: Node, smaller: Mapping[tuple[frozenset[str], int], int]) -> Node:
    match node:
        case Leaf():
            return node
        case Band(members, child):
            new = tuple(
                replace(m, rows=tuple((s, _row(row, smaller)) for s, row in m.rows))
                for m in members
            )
            return Band(new, _with_rows(child, smaller))
        case Mark(_, child) | Region(_, child):
            return replace(node, child=_with_rows(child, smaller))
        case Sequence(children):
            return Sequence(tuple(replace(c, child=_with_rows(c.child, smaller)) for c in children))


def _row(row: Affine, smaller: Mapping[tuple[frozenset[str], int], int]) -> Affine:
    terms: list[tuple[Atom, int]] = []
    for atom, factor in row.terms:
        if isinstance(atom, Floor):
            old = atom.denominator
            new = smaller[atom.numerator.names(), old]
            # A row that counts in iterations, such as 32*(i//32), keeps doing so.
            scaled = factor // old * new if factor % old == 0 else factor
            terms.append((replace(atom, denominator=new), scaled))
        else:
            terms.append((atom, factor))
    return Affine.of(terms, row.constant)


def largest_tiles(schedule: Schedule) -> dict[str, int]:
    """Per iterator the largest extent of a tile along it."""
    found: dict[str, int] = {}
    for names, group in _sizes(schedule.tree).items():
        for name in names:
            found[name] = max(group[-1], found.get(name, 0))
    return found
