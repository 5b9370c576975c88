"""The ranges of loops: which instances reach one, and which run in its first or last iterations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import islpy as isl

from polyopt._isl import Frame
from polyopt._spaces import integer
from polyopt.model.affine import Affine
from polyopt.model.scop import Scop
from polyopt.model.tree import Member, Sequence, Tree
from polyopt.transform.edit import Place, node_at, places


def loops_around(tree: Tree, place: Place) -> tuple[Member, ...]:
    """The loops outside a loop, outermost first."""
    return tuple(
        p.member
        for p in places(tree)
        if p.path == place.path[: len(p.path)]
        and (p.path, p.position) < (place.path, place.position)
    )


def reaching(tree: Tree, scop: Scop, place: Place) -> dict[str, isl.Set]:
    """The instances that a loop runs, per statement: what the filters around it leave."""
    found = {name: scop.statement(name).domain for name in place.member.statements}
    for depth, number in enumerate(place.path):
        node = node_at(tree, place.path[:depth])
        if isinstance(node, Sequence):
            held = dict(node.children[number].instances)
            found = {
                name: instances.intersect(isl.Set(held[name])) if held[name] else instances
                for name, instances in found.items()
            }
    return found


@dataclass(frozen=True)
class Range:
    """A loop's iterations: `points` are those of the loops around it, then its own, and `to`
    takes the instances of each statement there. Consecutive ones are `stride` apart. `facts` is
    what holds of the parameters."""

    instances: Mapping[str, isl.Set]
    to: Mapping[str, isl.Map]
    points: isl.Set
    stride: int
    facts: isl.Set

    def holding(self, points: isl.Set) -> dict[str, isl.Set]:
        """The instances that run in some of the iterations."""
        return {
            name: self._among(instances, points.apply(self.to[name].reverse()))
            for name, instances in self.instances.items()
        }

    def _among(self, instances: isl.Set, chosen: isl.Set) -> isl.Set:
        """Those of the instances that are chosen, without what is known of the parameters."""
        return chosen.gist_params(self.facts).intersect(instances).coalesce()

    def near(self, end: int, count: int) -> isl.Set:
        """The first (`end` -1) or last (`end` 1) iterations, wherever the loops around stand."""
        own = self._own()
        limit = own.dim_min(0) if end < 0 else own.dim_max(0)
        limit = limit.add_constant_val(isl.Val(-end * (count - 1) * self.stride))
        side = isl.Map.lex_ge if end < 0 else isl.Map.lex_le
        reach = isl.Map.from_pw_aff(limit).set_tuple_name(isl.dim_type.out, "own")
        within = reach.apply_range(side(own.get_space().range()))
        return _points(own.intersect(within))

    def complete(self, count: int) -> isl.Set:
        """All iterations where they reach over `count` steps, the loops around standing still."""
        own = self._own()
        reach = own.dim_max(0).sub(own.dim_min(0))
        missing = reach.add_constant_val(isl.Val(-(count - 1) * self.stride))
        return _points(own.intersect_domain(missing.zero_set()))

    @property
    def start(self) -> int:
        """The least iteration, where that is the same number for all parameters; else 0."""
        least = self._own().range().dim_min(0).coalesce()
        values = {integer(piece.get_constant_val()) for _, piece in least.get_pieces()}
        return int(values.pop()) if len(values) == 1 and least.is_cst() else 0

    def _own(self) -> isl.Map:
        """From the points of the loops around to those of this one."""
        depth = self.points.dim(isl.dim_type.set) - 1
        moved = isl.Map.from_range(self.points).move_dims(
            isl.dim_type.in_, 0, isl.dim_type.out, 0, depth
        )
        return moved.set_tuple_name(isl.dim_type.out, "own")


def _points(own: isl.Map) -> isl.Set:
    return own.wrap().flatten().set_tuple_name("iteration")


def range_of(tree: Tree, scop: Scop, place: Place) -> Range:
    """The iterations of a loop over all its statements."""
    return range_over(scop, reaching(tree, scop, place), loops_around(tree, place), place.member)


def range_over(
    scop: Scop, instances: Mapping[str, isl.Set], around: tuple[Member, ...], member: Member
) -> Range:
    """The iterations that a loop inside others has over some instances."""
    to: dict[str, isl.Map] = {}
    points: isl.Set | None = None
    facts = scop.facts
    for name, held in instances.items():
        statement = scop.statement(name)
        frame = Frame(scop.parameter_names, name, statement.iterators)
        rows: list[Affine] = [m.row(name) for m in (*around, member)]
        to[name] = frame.access("iteration", rows)
        reached = held.intersect_params(facts).apply(to[name])
        points = reached if points is None else points.union(reached)
    if points is None:
        raise ValueError("a loop runs at least one statement")
    stride = points.get_stride(points.dim(isl.dim_type.set) - 1)
    return Range(instances, to, points.coalesce(), max(integer(stride), 1), facts)
