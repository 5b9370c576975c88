"""Pivots: single iterations that hold up a whole loop, such as floyd-warshall's row and column k.

Where every dependence that a loop carries begins or ends at one iteration, given by the loops
outside, the loop is split around it. What is left may then be parallel or vector loops.
"""

from __future__ import annotations

import islpy as isl

from polyopt._spaces import integer
from polyopt.model.affine import Affine
from polyopt.transform.auto.context import attempt, name_of
from polyopt.transform.auto.marks import innermost
from polyopt.transform.edit import Place, places
from polyopt.transform.legality import Level
from polyopt.transform.schedule import Schedule

_MOST = 3


def split_at_pivots(schedule: Schedule) -> Schedule:
    """Split innermost loops, and then those around them, at their pivots."""
    for place in innermost(schedule):
        current = schedule
        for _ in range(_MOST):
            target = _held_up(current, place)
            if target is None:
                break
            new = _split(current, *target)
            if new is None:
                break
            current = new
        if current is not schedule and _gained(schedule, current):
            schedule = current
            break
    return schedule


def _held_up(schedule: Schedule, place: Place) -> tuple[Place, Affine] | None:
    """The innermost loop around a place that is neither parallel nor vector and has a pivot."""
    statements = set(place.member.statements)
    levels = [lv for lv in schedule.verdict.levels if statements <= set(lv.member.statements)]
    if len(statements) != 1:
        return None
    for level in reversed(levels):
        if level.is_vector or not level.carried:
            continue
        pivot = _pivot(schedule, level, levels)
        if pivot is None:
            return None
        found = next(
            p for p in places(schedule.tree) if (p.path, p.position) == (level.path, level.position)
        )
        return found, pivot
    return None


def _split(schedule: Schedule, place: Place, pivot: Affine) -> Schedule | None:
    name = name_of(schedule, place)
    known = {p.member.name for p in places(schedule.tree)}

    def steps(s: Schedule) -> Schedule:
        halves = s.split(name, at=str(pivot))
        rest = next(
            p
            for p in places(halves.tree)
            if p.member.name not in known and p.member.rows == place.member.rows
        )
        return halves.split(name_of(halves, rest), at=str(pivot + 1))

    return attempt(schedule, steps)


def _gained(before: Schedule, after: Schedule) -> bool:
    """Whether some innermost loop became a vector loop, or some loop parallel."""

    def count(schedule: Schedule) -> int:
        levels = schedule.verdict.levels
        return sum(lv.is_parallel for lv in levels)

    return count(after) > count(before)


def _pivot(schedule: Schedule, level: Level, levels: list[Level]) -> Affine | None:
    """The one value of the loop's iterator at which every carried dependence begins or ends."""
    name = levels[-1].member.statements[0]
    iterator = level.member.row(name).single_name
    outer = [
        lv
        for lv in levels
        if lv.path == level.path[: len(lv.path)]
        and (lv.path, lv.position) < (level.path, level.position)
        and name in lv.member.statements
    ]
    rows = [lv.member.row(name).single_name for lv in outer]
    if iterator is None or None in rows:
        return None
    iterators = schedule.scop.statement(name).iterators
    found: set[Affine] = set()
    if any({d.source, d.sink} != {name} for d in level.carried):
        return None
    for dependence in level.carried:
        relation = dependence.relation
        for row in rows:
            position = iterators.index(str(row))
            relation = relation.equate(isl.dim_type.in_, position, isl.dim_type.out, position)
        position = iterators.index(iterator)
        relation = relation.order_lt(isl.dim_type.in_, position, isl.dim_type.out, position)
        pieces: list[isl.BasicMap] = []
        relation.foreach_basic_map(pieces.append)
        for piece in pieces:
            sides = (piece.domain(), piece.range())
            options = {_fixed(schedule, side, iterators, iterator, rows) for side in sides}
            options.discard(None)
            if not options:
                return None
            found |= {o for o in options if o is not None}
    return found.pop() if len(found) == 1 else None


def _fixed(
    schedule: Schedule,
    side: isl.BasicSet,
    iterators: tuple[str, ...],
    iterator: str,
    outer: list[str | None],
) -> Affine | None:
    """What the iterator equals on one side, in outer iterators and parameters; else None."""
    position = iterators.index(iterator)
    names = schedule.scop.parameter_names
    for constraint in side.affine_hull().get_constraints():
        own = integer(constraint.get_coefficient_val(isl.dim_type.set, position))
        if not constraint.is_equality() or own not in (1, -1):
            continue
        terms = [
            (n, integer(constraint.get_coefficient_val(isl.dim_type.set, d)))
            for d, n in enumerate(iterators)
            if n != iterator
        ]
        if any(factor and n not in outer for n, factor in terms):
            continue
        terms += [
            (p, integer(constraint.get_coefficient_val(isl.dim_type.param, d)))
            for d, p in enumerate(names)
        ]
        constant = integer(constraint.get_constant_val())
        return Affine.of(terms, int(constant)) * -int(own)
    return None
