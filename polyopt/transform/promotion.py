"""Which block of an array a subtree touches, and where the blocks of temporaries can stand.

Used twice: a vector loop that carries a reduction needs its target in an accumulator, and a
privatised scalar needs its copies at the deepest place from which they all can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import islpy as isl

from polyopt._isl import Frame, affine_from_aff
from polyopt.model.affine import Affine
from polyopt.model.scop import Access, Scop, Statement
from polyopt.model.tree import (
    Band,
    Mark,
    Member,
    Node,
    Region,
    Sequence,
    Tree,
    children,
    walk,
)
from polyopt.transform.legality import Level, Path

_LARGEST_BLOCK = 4096


@dataclass(frozen=True, slots=True)
class Promotion:
    """A block of `array` kept local just outside member `position` of the band at `path`
    (or around the node at `path`, where that is no band). `origin` is affine in the names
    `c0, c1, …` of the loops outside, outermost first, and in the parameters."""

    path: Path
    position: int
    array: str
    origin: tuple[Affine, ...]
    shape: tuple[int, ...]
    load: bool
    store: bool
    reduction: str | None
    targets: tuple[tuple[str, tuple[Affine, ...]], ...] = ()


@dataclass(frozen=True)
class Point:
    """A place on a path down the tree, with the loops passed on the way."""

    path: Path
    position: int
    outside: tuple[Member, ...]
    statements: tuple[str, ...]


def points(tree: Tree, users: frozenset[str]) -> Iterator[Point]:
    """The places from the root down that have all `users` below them, outermost first."""
    node: Node = tree.root
    path: Path = ()
    outside: tuple[Member, ...] = ()
    below = tree.statements
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


Wanted = Callable[[Statement, Access], bool]


def _is_target(statement: Statement, access: Access) -> bool:
    """Whether the access is the element that the statement updates."""
    return access.array == statement.array and access.subscripts == statement.subscripts


Restriction = Mapping[str, isl.Set]
"""Per statement the instances that reach a point, where that is not its whole domain."""


class Footprints:
    """Relations between the loops outside a point and the elements of an array below it."""

    def __init__(self, scop: Scop) -> None:
        self.scop = scop
        self.frames = {
            s.name: Frame(scop.parameter_names, s.name, s.iterators) for s in scop.statements
        }

    def elements(
        self,
        outside: tuple[Member, ...],
        users: list[Statement],
        array: str,
        *,
        wanted: Wanted = lambda _statement, _access: True,
        within: Restriction = MappingProxyType({}),
    ) -> isl.Map | None:
        """`{ loops outside → elements touched }`, by the wanted accesses of the users."""
        result: isl.Map | None = None
        for statement in users:
            frame = self.frames[statement.name]
            rows = [m.row(statement.name) for m in outside]
            domain = within.get(statement.name, statement.domain)
            domain = domain.intersect_params(self.scop.context)
            prefix = frame.access("prefix", rows).intersect_domain(domain)
            for access in statement.accesses:
                if access.array == array and wanted(statement, access):
                    part = prefix.reverse().apply_range(frame.access(array, access.subscripts))
                    result = part if result is None else result.union(part)
        return None if result is None else result.coalesce()

    def apart(
        self,
        outside: tuple[Member, ...],
        updates: list[Statement],
        users: list[Statement],
        array: str,
        within: Restriction = MappingProxyType({}),
    ) -> bool:
        """Whether, for fixed outer loops, only the updates' targets touch their elements."""
        targets = self.elements(outside, updates, array, wanted=_is_target, within=within)
        others = self.elements(
            outside, users, array, wanted=lambda s, a: not _is_target(s, a), within=within
        )
        return others is None or targets is None or targets.intersect(others).is_empty()

    def block(
        self,
        outside: tuple[Member, ...],
        users: list[Statement],
        array: str,
        *,
        targets_only: bool = False,
    ) -> tuple[tuple[Affine, ...], tuple[int, ...]] | None:
        """Origin and constant shape of the elements touched for fixed outer loops, or None."""
        wanted: Wanted = _is_target if targets_only else lambda _statement, _access: True
        elements = self.elements(outside, users, array, wanted=wanted)
        return None if elements is None else self._box(elements, len(outside))

    def full_block(
        self,
        outside: tuple[Member, ...],
        users: list[Statement],
        array: str,
        within: Restriction,
        wanted: Wanted = lambda _statement, _access: True,
    ) -> tuple[tuple[Affine, ...], tuple[int, ...]] | None:
        """The same where every element of the box is touched for all outer loops, else None."""
        elements = self.elements(outside, users, array, wanted=wanted, within=within)
        box = None if elements is None else self._box(elements, len(outside))
        if elements is None or box is None:
            return None
        return box if _fills(elements, box[1]) else None

    def _box(
        self, elements: isl.Map, depth: int
    ) -> tuple[tuple[Affine, ...], tuple[int, ...]] | None:
        rank = elements.dim(isl.dim_type.out)
        origin: list[Affine] = []
        shape: list[int] = []
        for dimension in range(rank):
            found = self._dimension(elements, dimension, depth)
            if found is None:
                return None
            origin.append(found[0])
            shape.append(found[1])
        return tuple(origin), tuple(shape)

    def _dimension(
        self, elements: isl.Map, dimension: int, depth: int
    ) -> tuple[Affine, int] | None:
        one = elements.project_out(
            isl.dim_type.out, dimension + 1, elements.dim(isl.dim_type.out) - dimension - 1
        ).project_out(isl.dim_type.out, 0, dimension)
        if one.is_single_valued():
            origin = self._function(one, depth)
            return None if origin is None else (origin, 1)
        low, high = one.lexmin_pw_multi_aff(), one.lexmax_pw_multi_aff()
        span = high.sub(low).get_pw_aff(0).max_val()
        origin = self._function(isl.Map.from_pw_multi_aff(low), depth)
        if origin is None or not span.is_int() or span.to_python() >= _LARGEST_BLOCK:
            return None
        return origin, int(span.to_python()) + 1

    def _function(self, relation: isl.Map, depth: int) -> Affine | None:
        simple = relation.gist_domain(relation.domain()).coalesce()
        function = isl.PwMultiAff.from_map(simple).coalesce().get_pw_aff(0)
        names = [f"c{i}" for i in range(depth)]
        pieces = function.get_pieces()
        found = {affine_from_aff(p[1], self.scop.parameter_names, names) for p in pieces}
        return found.pop() if len(found) == 1 else None


def _fills(elements: isl.Map, shape: tuple[int, ...]) -> bool:
    """Whether the elements of every outer iteration are a whole box of that shape."""
    filled = elements.lexmin()
    for dimension, extent in enumerate(shape):
        filled = _extended(filled, dimension, extent)
    return filled.is_subset(elements) and elements.is_subset(filled)


def _extended(elements: isl.Map, dimension: int, extent: int) -> isl.Map:
    """Each element with the `extent - 1` that follow it along a dimension."""
    space = elements.get_space().range().map_from_set()
    step = isl.Map.universe(space)
    out, in_ = isl.dim_type.out, isl.dim_type.in_
    for position in range(space.dim(out)):
        if position != dimension:
            step = step.equate(in_, position, out, position)
    local = isl.LocalSpace.from_space(space)
    ahead = isl.Constraint.alloc_inequality(local)
    ahead = ahead.set_coefficient_val(out, dimension, 1).set_coefficient_val(in_, dimension, -1)
    near = isl.Constraint.alloc_inequality(local).set_constant_val(extent - 1)
    near = near.set_coefficient_val(out, dimension, -1).set_coefficient_val(in_, dimension, 1)
    return elements.apply_range(step.add_constraint(ahead).add_constraint(near))


def accumulator(scop: Scop, tree: Tree, level: Level) -> tuple[Promotion, ...] | None:
    """The accumulators that make a loop's carried reductions safe to run in vector lanes.

    None where one is impossible: the target moves with the loop, or others touch its array.
    """
    footprints = Footprints(scop)
    found: list[Promotion] = []
    for array in dict.fromkeys(d.array for d in level.reductions):
        inside = set(level.member.statements)
        users = [
            s for s in scop.statements
            if s.name in inside and any(a.array == array for a in s.accesses)
        ]  # fmt: skip
        updates = [s for s in users if s.array == array]
        ops = {s.reduction.op for s in updates if s.reduction is not None}
        if len(ops) != 1 or any(s.reduction is None for s in updates):
            return None
        outside = _outside(tree, level)
        block = footprints.block(outside, updates, array, targets_only=True)
        if block is None or any(extent != 1 for extent in block[1]):
            return None
        if not footprints.apart(outside, updates, users, array):
            return None
        targets = tuple((s.name, s.subscripts) for s in updates)
        found.append(
            Promotion(
                level.path, level.position, array, block[0], (),
                load=True, store=True, reduction=ops.pop(), targets=targets,
            )
        )  # fmt: skip
    return tuple(found)


def _outside(tree: Tree, level: Level) -> tuple[Member, ...]:
    for point in points(tree, frozenset(level.member.statements)):
        if (point.path, point.position) == (level.path, level.position):
            return point.outside
    raise ValueError("the loop is in the tree")


def private_block(scop: Scop, tree: Tree, array: str) -> Promotion | None:
    """Where the copies of a privatised scalar stand: the deepest place that keeps every copy's
    whole life inside one iteration of the loops outside. None where no bounded block does."""
    footprints = Footprints(scop)
    users = [s for s in scop.statements if any(a.array == array for a in s.accesses)]
    names = frozenset(s.name for s in users)
    best: Promotion | None = None
    for point in points(tree, names):
        elements = footprints.elements(point.outside, users, array)
        if elements is None or not elements.reverse().is_single_valued():
            break
        block = footprints.block(point.outside, users, array)
        if block is not None:
            best = Promotion(
                point.path, point.position, array, block[0], block[1],
                load=False, store=False, reduction=None,
            )  # fmt: skip
    return best


def promoted_block(scop: Scop, tree: Tree, path: Path, array: str) -> Promotion | None:
    """The block of `array` that the subtree at `path` touches; None where it is not one full box
    of constant shape, or where a loop inside runs on threads."""
    outside, within, node = _walk_to(scop, tree, path)
    names = _statements(tree, path)
    users = [
        s for s in scop.statements
        if s.name in names and any(a.array == array for a in s.accesses)
    ]  # fmt: skip
    if not users or any(m.parallel for n in walk(node) if isinstance(n, Band) for m in n.members):
        return None
    footprints = Footprints(scop)
    writers = [s for s in users if s.array == array]
    block = footprints.full_block(outside, users, array, within)
    targets: tuple[tuple[str, tuple[Affine, ...]], ...] = ()
    if block is None and writers:
        block = footprints.full_block(outside, writers, array, within, wanted=_is_target)
        targets = tuple((s.name, s.subscripts) for s in writers)
        if not footprints.apart(outside, writers, users, array, within):
            return None
    if block is None:
        return None
    return Promotion(
        path, 0, array, block[0], block[1],
        load=True, store=bool(writers), reduction=None, targets=targets,
    )  # fmt: skip


def _statements(tree: Tree, path: Path) -> frozenset[str]:
    node: Node = tree.root
    names = tree.statements
    for number in path:
        if isinstance(node, Sequence):
            names = node.children[number].statements
        node = children(node)[number]
    return frozenset(names)


def _walk_to(
    scop: Scop, tree: Tree, path: Path
) -> tuple[tuple[Member, ...], Restriction, Node]:
    """The loops outside a path, the instances that reach it, and the node there."""
    node: Node = tree.root
    outside: tuple[Member, ...] = ()
    within = {s.name: s.domain for s in scop.statements}
    for number in path:
        if isinstance(node, Band):
            outside = (*outside, *node.members)
        if isinstance(node, Sequence):
            for name, text in node.children[number].instances:
                if text:
                    within[name] = within[name].intersect(isl.Set(text))
        node = children(node)[number]
    return outside, within, node
