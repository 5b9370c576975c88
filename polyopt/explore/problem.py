"""A schedule at one small problem size: the instances that a picture shows.

The size is picked so that every loop runs a few times, unless it is given. Where even the
smallest problem is too large to be drawn, the picture is of its first corner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

import islpy as isl

from polyopt._spaces import mangle
from polyopt.errors import BadArgumentError
from polyopt.kernel import Kernel, Specialization
from polyopt.model.nest import ENDLESS
from polyopt.model.points import (
    Point,
    at_values,
    integer_pairs,
    integer_points,
    least_values,
    runs_often,
    spans,
    within,
)
from polyopt.transform.edit import statement_called
from polyopt.transform.schedule import Schedule

if TYPE_CHECKING:
    from polyopt.model.scop import Scop, Statement

MOST_STATEMENTS = 9
MOST = 4000
"""Instances of one statement that are drawn; a window on them where there are more."""
_LARGEST = 2**31 - 1

_SIDES = {0: 1, 1: 8, 2: 6, 3: 4}
_SHORT_SIDES = {0: 1, 1: 6, 2: 4, 3: 3}
"""How often loops run by how many are around a statement; less where there are many statements."""

_MANY = 5
_OPEN = 3
"""Iterations that are drawn of a loop whose end nobody knows: a `while`."""


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

    @cached_property
    def _known(self) -> dict[int, tuple[isl.Map, tuple[tuple[Point, Point], ...]]]:
        """Pairs found so far, by the identity of their relation, which is kept with them."""
        return {}

    def pairs(self, relation: isl.Map) -> tuple[tuple[Point, Point], ...]:
        """The pairs of a relation between instances that are drawn."""
        if id(relation) not in self._known:
            self._known[id(relation)] = relation, self._pairs(relation)
        return self._known[id(relation)][1]

    def _pairs(self, relation: isl.Map) -> tuple[tuple[Point, Point], ...]:
        source = relation.get_tuple_name(isl.dim_type.in_)
        sink = relation.get_tuple_name(isl.dim_type.out)
        if source not in self.statements or sink not in self.statements:
            return ()
        boxes = dict(self.corner)
        for name, restrict in (
            (source, isl.Map.intersect_domain),
            (sink, isl.Map.intersect_range),
        ):
            if name in boxes:
                domain = within(self.schedule.scop.statement(name).domain, boxes[name])
                relation = restrict(relation, domain)
        return integer_pairs(relation, dict(self.sizes))

    @property
    def caption(self) -> str:
        """`N = 6, M = 6`, and whether only a corner is drawn."""
        used = {n for s in self.statements for n in _used(self.schedule.scop.statement(s))}
        sizes = ", ".join(f"{n} = {v}" for n, v in self.sizes if mangle(n) in used)
        part = f"the first instances of {', '.join(n for n, _ in self.corner)} only"
        count = len(self.schedule.scop.statements)
        some = f"{len(self.statements)} of {count} statements"
        is_part = 1 < len(self.statements) < count
        words = [sizes, part if self.corner else "", some if is_part else ""]
        return "; ".join(filter(None, words))


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
    always: Collection[str] = (),
) -> Problem:
    """What to draw of a schedule; `least` iterations of some loops at least, where that can be.

    Of many statements those in `always` are drawn and the ones in most loops.

    Raises BadArgumentError for sizes that the kernel does not have or take, NoSuchLoopError for
    an unknown statement.
    """
    schedule = schedule_of(value)
    every = schedule.scop.statements
    names = tuple(s.name for s in every)
    if statement is not None:
        names = (statement_called(schedule.tree, statement),)
    elif len(names) > MOST_STATEMENTS:
        depth = {s.name: len(s.iterators) for s in every}
        ranked = sorted(names, key=lambda n: (n not in always, -depth[n]))
        some = set(ranked[:MOST_STATEMENTS])
        names = tuple(n for n in names if n in some)
    given = checked_sizes(schedule.scop, sizes or {})
    drawn = tuple(s for s in every if s.name in names)
    values = _small(schedule.scop, drawn, given, least)
    corner = tuple((s.name, box) for s in drawn if (box := _corner(s, values)) is not None)
    return Problem(schedule, tuple(values.items()), names, corner)


def checked_sizes(scop: Scop, sizes: Mapping[str, int]) -> dict[str, int]:
    """Sizes at which the kernel can be called. Raises BadArgumentError for others."""
    known = ", ".join(scop.parameter_names) or "none"
    for name, value in sizes.items():
        if name not in scop.parameter_names:
            raise BadArgumentError(f"{scop.name} has no size {name!r}. Its sizes are: {known}.")
        if not isinstance(value, int) or isinstance(value, bool):
            raise BadArgumentError(f"the size {name} is an integer, not {value!r}")
        if abs(value) > _LARGEST:
            raise BadArgumentError(f"the size {name} is at most {_LARGEST}, not {value}")
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


def _small(
    scop: Scop, drawn: tuple[Statement, ...], given: dict[str, int], least: Mapping[str, int]
) -> dict[str, int]:
    """The smallest values at which every loop runs often enough, as far as that can be."""
    possible = scop.context
    for name, value in given.items():
        position = possible.find_dim_by_name(isl.dim_type.param, mangle(name))
        possible = possible.fix_val(isl.dim_type.param, position, _val(value))
    values: dict[str, int] = {}
    for share in (1.0, 0.6, 0.0):
        wanted = {name: round(share * times) for name, times in least.items()}
        found = least_values(_enough(drawn, possible, wanted), scop.parameter_names)
        values = {**(found or dict.fromkeys(scop.parameter_names, 0)), **given}
        if not least or _count(drawn, values) <= MOST:
            break
    return values


def _enough(drawn: tuple[Statement, ...], possible: isl.Set, least: Mapping[str, int]) -> isl.Set:
    """The sizes at which loops run often enough; what cannot be is given up, one by one."""
    sides = _SIDES if len(drawn) <= _MANY else _SHORT_SIDES
    for statement in drawn:
        rank = len(statement.iterators)
        for position, name in enumerate(statement.iterators):
            times = max(sides.get(rank, 3), least.get(name, 0))
            smaller = possible.intersect(runs_often(statement.domain, position, times))
            possible = possible if smaller.is_empty() else smaller.coalesce()
    return possible


def _used(statement: Statement) -> Iterator[str]:
    """The sizes, as isl names them, that bound the loops around a statement."""
    domain = statement.domain
    for position in range(domain.dim(isl.dim_type.param)):
        if domain.involves_dims(isl.dim_type.param, position, 1):
            yield domain.get_dim_name(isl.dim_type.param, position)


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
    counts = (min(side, 16) if _ends(span) else _OPEN for span in ends)
    return tuple((low, low + count - 1) for low, count in zip(starts, counts, strict=True))


def _ends(span: tuple[int, int] | None) -> bool:
    """Whether a loop has an end that sizes tell."""
    return span is not None and span[1] < ENDLESS.constant - 1
