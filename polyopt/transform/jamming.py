"""Unroll and jam: several iterations of an outer loop side by side in the innermost ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

import islpy as isl

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.scop import Scop
from polyopt.model.tree import (
    Band,
    Filter,
    Leaf,
    Mark,
    Member,
    Node,
    Region,
    Sequence,
    Tree,
)
from polyopt.transform.edit import (
    fresh_name,
    node_at,
    places,
    renamed,
    replace_at,
    resolve,
    restrict,
)
from polyopt.transform.ranges import Range, loops_around, range_of, range_over

_MOST = 64
"""Iterations side by side: far more than any machine has registers for."""

Instances = Mapping[str, isl.Set]


def unroll_and_jam(tree: Tree, scop: Scop, loop: str, factor: int) -> Tree:
    """Run `factor` iterations of a loop side by side in the loops inside it
    (Callahan, Cocke and Kennedy 1988; Allen and Kennedy 2001).

    for i: for j: S(i, j)    →    for i_tile over full strips:
                                      for j: S(4*i_tile, j); … S(4*i_tile + 3, j)
                                  the rest: for i_tile_edge: for i_edge: for j_edge: S

    The strips' point loop goes innermost, below every loop inside `loop`, also where several are
    inside one after the other; there it is unrolled wholly. The strips at the end that lack
    iterations run in the order before. Where a loop inside has other bounds for each iteration
    of the strip, as in a triangle, its points in which only some of the strip run stay a loop.
    Refused where a dependence forbids the interchange: one carried by `loop`, over a distance
    less than the factor, and backward in a loop inside.

    Raises NoSuchLoopError, and BadArgumentError for a factor that is not from 2 to 64.
    """
    if not isinstance(factor, int) or isinstance(factor, bool) or not 2 <= factor <= _MOST:
        raise BadArgumentError(
            f'unroll_and_jam: the factor of "{loop}" must be an integer from 2 to {_MOST}, '
            f"not {factor!r}."
        )
    place = resolve(tree, loop)
    band = node_at(tree, place.path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    found = range_of(tree, scop, place)
    start = begins_in_data(scop, place.member) or Affine.integer(found.start)
    span = factor * found.stride
    rows = tuple((s, (r - start).floordiv(span)) for s, r in place.member.rows)
    name = fresh_name(tree, f"{place.member.name}_tile")
    aliases = tuple(f"{a}_tile" for a in place.member.aliases)
    strip = Member(name, rows, aliases, place.member.parallel)
    point = replace(place.member, parallel=False, vector=0)
    rest = Band(band.members[place.position + 1 :], band.child)
    plain = Band((point, *rest.members), rest.child)
    members = (*band.members[: place.position], strip)
    stripped = replace_at(tree, place.path, Band(members, plain))
    inner = replace(place, position=place.position + 1, member=point)
    full, partial = _strips(range_of(stripped, scop, inner), factor, scop.context)
    parts = []
    if full:
        jam = _Jam(stripped, scop, point, factor, full)
        body = restrict(rest, frozenset(full))
        parts.append(_part(full, jam.pushed(body, loops_around(stripped, inner), tuple(full))))
    if partial:
        parts.append(_part(partial, renamed(stripped, plain, "edge")))
    return replace_at(tree, place.path, Band(members, Sequence(tuple(parts))))


def begins_in_data(scop: Scop, member: Member) -> Affine | None:
    """The first iteration of a loop whose range is read from data; None for any other loop."""
    bounds = {b.name: b for s, _ in member.rows for b in scop.statement(s).ranges if b.is_lower}
    for bound in bounds.values():
        if all(row == Affine.name(bound.variable) for _, row in member.rows):
            return Affine.name(bound.name)
    return None


def _strips(
    points: Range, factor: int, context: isl.Set
) -> tuple[dict[str, isl.Set], dict[str, isl.Set]]:
    """The instances of strips that have all their iterations, and the others."""
    full = points.holding(points.complete(factor))
    rest = {n: s.subtract(full[n]).coalesce() for n, s in points.instances.items()}
    return _some(full, context), _some(rest, context)


def _some(instances: Instances, context: isl.Set) -> dict[str, isl.Set]:
    """Those that the parameters' facts leave."""
    return {
        name: held
        for name, held in instances.items()
        if not held.intersect_params(context).is_empty()
    }


def _part(instances: Instances, body: Node) -> Filter:
    texts = tuple((name, str(held)) for name, held in instances.items())
    return Filter(texts, restrict(body, frozenset(instances)))


class _Jam:
    """Pushes the point loop of full strips to the ends of all paths below."""

    def __init__(self, tree: Tree, scop: Scop, point: Member, factor: int, full: Instances) -> None:
        self.tree, self.scop, self.point, self.full = tree, scop, point, full
        self.factor = factor
        self.made = {point.name}

    def pushed(self, node: Node, around: tuple[Member, ...], names: tuple[str, ...]) -> Node:
        """The subtree over some statements with the point loop innermost."""
        return self._pushed(node, around, names, self.point)

    def _pushed(
        self, node: Node, around: tuple[Member, ...], names: tuple[str, ...], point: Member
    ) -> Node:
        match node:
            case Leaf():
                return self._leaf(around, names, point)
            case Band(members, child):
                return Band(members, self._pushed(child, (*around, *members), names, point))
            case Mark() | Region():
                return replace(node, child=self._pushed(node.child, around, names, point))
            case Sequence(items):
                parts: list[Filter] = []
                for item in items:
                    # Parts of one statement: their point loops are told apart by name.
                    again = {s for f in parts for s in f.statements} & set(item.statements)
                    own = self._another(point) if again else point
                    child = self._pushed(item.child, around, item.statements, own)
                    parts.append(replace(item, child=child))
                return Sequence(tuple(parts))

    def _another(self, point: Member) -> Member:
        """The point loop under a name of its own."""
        taken = self.made | {
            n for p in places(self.tree) for n in (p.member.name, *p.member.aliases)
        }
        name = next(n for n in (f"{self.point.name}{i}" for i in count(2)) if n not in taken)
        self.made.add(name)
        return replace(point, name=name, aliases=())

    def _leaf(self, around: tuple[Member, ...], names: tuple[str, ...], point: Member) -> Node:
        """The point loop: unrolled, and apart where only some of a strip's iterations run."""
        held = {n: self.full[n] for n in names}
        whole, part = _strips(
            range_over(self.scop, held, around, point), self.factor, self.scop.context
        )
        keep = frozenset(names)
        unrolled = restrict(Band((replace(point, unroll=-1),), Leaf()), keep)
        plain = restrict(Band((point,), Leaf()), keep)
        if not part:
            return unrolled
        if not whole:
            return plain
        rest = renamed(self.tree, plain, "part")
        return Sequence((_part(whole, unrolled), _part(part, rest)))
