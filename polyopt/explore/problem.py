"""A schedule at one small problem size: the instances that a picture shows.

The size is picked so that every loop runs a few times, unless it is given. Where even the
smallest problem is too large to be drawn, the picture is of its first corner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import islpy as isl

from polyopt._isl import mangle, smallest_point
from polyopt.errors import BadArgumentError
from polyopt.kernel import Kernel, Specialization
from polyopt.model.points import Point, at_values, integer_pairs, integer_points, spans, within
from polyopt.transform.edit import statement_called
from polyopt.transform.schedule import Schedule

if TYPE_CHECKING:
    from polyopt.model.scop import Scop, Statement

MOST = 4000
"""Instances of one statement that are drawn; a window on them where there are more."""

_GROWTH = 80
_SIDES = {0: 1, 1: 8, 2: 6, 3: 4}


@dataclass(frozen=True)
class Problem:
    """`schedule` at the values `sizes`; `statements` are those drawn. `corner` holds, per
    statement of which only a part is drawn, the box of iterator values that is."""

    schedule: Schedule
    sizes: tuple[tuple[str, int], ...]
    statements: tuple[str, ...]
    corner: tuple[tuple[str, tuple[tuple[int, int] | None, ...]], ...] = ()

    @cached_property
    def points(self) -> dict[str, tuple[Point, ...]]:
        """The instances of each statement drawn."""
        scop, values = self.schedule.scop, dict(self.sizes)
        boxes = dict(self.corner)
        return {
            name: integer_points(within(scop.statement(name).domain, boxes.get(name, ())), values)
            for name in self.statements
        }

    def pairs(self, relation: isl.Map) -> tuple[tuple[Point, Point], ...]:
        """The pairs of a relation between instances that are drawn."""
        source = relation.get_tuple_name(isl.dim_type.in_)
        sink = relation.get_tuple_name(isl.dim_type.out)
        if source not in self.statements or sink not in self.statements:
            return ()
        boxes = dict(self.corner)
        for name, restrict in (
            (source, relation.intersect_domain),
            (sink, relation.intersect_range),
        ):
            if name in boxes:
                domain = within(self.schedule.scop.statement(name).domain, boxes[name])
                relation = restrict(domain)
        return integer_pairs(relation, dict(self.sizes))

    @property
    def caption(self) -> str:
        """`N = 6, M = 6`, and whether only a corner is drawn."""
        sizes = ", ".join(f"{n} = {v}" for n, v in self.sizes)
        part = f"the first instances of {', '.join(n for n, _ in self.corner)} only"
        return "; ".join([*([sizes] if sizes else []), *([part] if self.corner else [])])


def schedule_of(value: object) -> Schedule:
    """The schedule that is meant: itself, or a specialisation's source order.

    Raises BadArgumentError for anything else, and for a kernel without annotations.
    """
    if isinstance(value, Schedule):
        return value
    if isinstance(value, Kernel):
        return value.specialize().original
    if isinstance(value, Specialization):
        return value.original
    raise BadArgumentError(
        f"a picture is of a Schedule, or of a kernel or specialisation in source order, and this "
        f"is {value!r}"
    )


def problem(
    value: object,
    statement: str | None = None,
    sizes: Mapping[str, int] | None = None,
    least: Mapping[str, int] = MappingProxyType({}),
) -> Problem:
    """What to draw of a schedule; `least` iterations of some loops at least, where that can be.

    Raises BadArgumentError for sizes that the kernel does not have or take, NoSuchLoopError for
    an unknown statement.
    """
    schedule = schedule_of(value)
    every = schedule.scop.statements
    names = tuple(s.name for s in every)
    if statement is not None:
        names = (statement_called(schedule.tree, statement),)
    given = _checked(schedule.scop, sizes or {})
    drawn = tuple(s for s in every if s.name in names)
    values = _grown(schedule.scop, drawn, given, least)
    corner = tuple((s.name, box) for s in drawn if (box := _corner(s, values)) is not None)
    return Problem(schedule, tuple(values.items()), names, corner)


def _checked(scop: Scop, sizes: Mapping[str, int]) -> dict[str, int]:
    known = ", ".join(scop.parameter_names) or "none"
    for name, value in sizes.items():
        if name not in scop.parameter_names:
            raise BadArgumentError(f"{scop.name} has no size {name!r}. Its sizes are: {known}.")
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadArgumentError(f"the size {name} is an integer, not {value!r}")
    possible = scop.context
    for name, value in sizes.items():
        position = possible.find_dim_by_name(isl.dim_type.param, mangle(name))
        if position >= 0:
            possible = possible.fix_val(isl.dim_type.param, position, _val(value))
    if possible.is_empty():
        text = ", ".join(f"{n} = {v}" for n, v in sizes.items())
        raise BadArgumentError(
            f"{scop.name} is not called with {text}: its sizes satisfy {scop.context_text}"
        )
    return dict(sizes)


def _val(value: int) -> isl.Val:
    return isl.Val.int_from_si(isl.DEFAULT_CONTEXT, value)


def _grown(
    scop: Scop, drawn: tuple[Statement, ...], given: dict[str, int], least: Mapping[str, int]
) -> dict[str, int]:
    """Values of the parameters: the smallest that the context allows, grown until every loop
    runs often enough, as long as the context allows that too."""
    values = _smallest(scop, given)
    for _ in range(_GROWTH):
        short = {p for s in drawn for p in _short(s, values, least)} - given.keys()
        grown = {n: v + (n in short) for n, v in values.items()}
        if grown == values:
            break
        if not _fits(scop, grown):  # such as N = M: what the others then are at least
            grown = _smallest(scop, {**given, **{n: grown[n] for n in short}})
        if not _fits(scop, grown):
            grown = {n: v + (n not in given) for n, v in values.items()}
        if not _fits(scop, grown) or _count(drawn, grown) > MOST:
            break
        values = grown
    return _trimmed(scop, drawn, values, given, least)


def _trimmed(
    scop: Scop,
    drawn: tuple[Statement, ...],
    values: dict[str, int],
    given: dict[str, int],
    least: Mapping[str, int],
) -> dict[str, int]:
    """Values that are no larger than the loops need: they grew together."""

    def short(values: dict[str, int]) -> set[tuple[str, str]]:
        return {(s.name, p) for s in drawn for p in _short(s, values, least)}

    before = short(values)
    for name in sorted(values.keys() - given.keys() - {p for _, p in before}):
        smaller = {**values, name: values[name] - 1}
        while values[name] > 0 and _fits(scop, smaller) and short(smaller) == before:
            values, smaller = smaller, {**smaller, name: smaller[name] - 1}
    return values


def _smallest(scop: Scop, given: dict[str, int]) -> dict[str, int]:
    names = scop.parameter_names
    context = scop.context
    for name, value in given.items():
        position = context.find_dim_by_name(isl.dim_type.param, mangle(name))
        context = context.fix_val(isl.dim_type.param, position, _val(value))
    found = smallest_point(context, names) if names else None
    values = dict(found[0]) if found else dict.fromkeys(names, 0)
    return {**values, **given}


def _fits(scop: Scop, values: dict[str, int]) -> bool:
    context = scop.context
    for name, value in values.items():
        position = context.find_dim_by_name(isl.dim_type.param, mangle(name))
        context = context.fix_val(isl.dim_type.param, position, _val(value))
    return not context.is_empty()


def _short(statement: Statement, values: dict[str, int], least: Mapping[str, int]) -> Iterator[str]:
    """The parameters that bound those loops around a statement that run too few times."""
    rank = len(statement.iterators)
    ends = spans(statement.domain, values)
    for position in range(rank):
        span = ends[position] if ends else (0, -1)
        wanted = max(_SIDES.get(rank, 3), least.get(statement.iterators[position], 0))
        if span is None or span[1] - span[0] + 1 >= wanted:
            continue
        alone = statement.domain.project_out(isl.dim_type.set, position + 1, rank - position - 1)
        alone = alone.project_out(isl.dim_type.set, 0, position)
        for name in values:
            number = alone.find_dim_by_name(isl.dim_type.param, mangle(name))
            if number >= 0 and alone.involves_dims(isl.dim_type.param, number, 1):
                yield name


def _count(drawn: tuple[Statement, ...], values: dict[str, int]) -> int:
    """An upper bound of the instances of the largest statement."""
    return max((_box_size(spans(s.domain, values)) for s in drawn), default=0)


def _box_size(ends: tuple[tuple[int, int] | None, ...]) -> int:
    total = 1
    for span in ends:
        total *= MOST + 1 if span is None else span[1] - span[0] + 1
    return total


def _corner(
    statement: Statement, values: dict[str, int]
) -> tuple[tuple[int, int] | None, ...] | None:
    """The box to draw where all of a statement is too much: the first few of each loop."""
    ends = spans(statement.domain, values)
    if not ends or _box_size(ends) <= MOST:
        return None
    first = at_values(statement.domain, values).lexmin() if None not in ends else None
    side = max(2, int(MOST ** (1 / len(ends)) / 1.5))
    starts = (
        integer_points(first, {})[0] if first is not None else tuple(s[0] if s else 0 for s in ends)
    )
    return tuple((low, low + min(side, 16) - 1) for low in starts)
