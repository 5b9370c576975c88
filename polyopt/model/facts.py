"""What facts about index arrays say of dependences.

With `idx` injective, `y[idx[i]]` and `y[idx[j]]` are one element only where i is j. With `ptr`
monotone, the ranges from `ptr[i]` to `ptr[i + 1]` have no element in common but with themselves.
With `idx` within 0 and h, `y[idx[i]]` is no element of `y` from h on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

import islpy as isl

from polyopt._isl import Frame
from polyopt.model.affine import Affine, All, Compare
from polyopt.model.dependences import Dependence
from polyopt.model.expr import Binary, Cast, Const, Datum, Expr, Load
from polyopt.model.scop import Access, Scop, Statement


def sharpened(scop: Scop, found: Iterable[Dependence]) -> tuple[Dependence, ...]:
    """The dependences without the pairs that facts about index arrays exclude."""
    if not scop.index_facts:
        return tuple(found)
    facts = _Facts(scop)
    kept = (facts.sharpened(d) for d in found)
    return tuple(d for d in kept if d is not None)


@dataclass(frozen=True, slots=True)
class _Element:
    """`array[subscripts] + shift`, read as a subscript or a bound."""

    array: str
    subscripts: tuple[Affine, ...]
    shift: int


class _Facts:
    def __init__(self, scop: Scop) -> None:
        self.scop = scop
        self.injective = {f.array for f in scop.index_facts if f.kind == "injective"}
        self.monotone = {f.array for f in scop.index_facts if f.kind == "monotone"}
        self.limits = {f.array: f.limits for f in scop.index_facts if f.limits is not None}
        self.frames = {
            s.name: Frame(scop.parameter_names, s.name, s.iterators) for s in scop.statements
        }

    def sharpened(self, dependence: Dependence) -> Dependence | None:
        source = self.scop.statement(dependence.source)
        sink = self.scop.statement(dependence.sink)
        relation = dependence.relation
        accesses = [[a for a in s.accesses if a.array == dependence.array] for s in (source, sink)]
        for dimension in range(len(self.scop.array(dependence.array).shape)):
            same = self._same_place(accesses, dimension, source, sink)
            if same is not None:
                relation = relation.intersect(same)
            apart = self._in_other_rows(accesses, dimension, source, sink)
            if apart is not None:
                relation = relation.subtract(apart)
        if self.limits:
            sides = _ends(dependence, accesses)
            relation = self._in_range(relation, sides, source, sink)
        if relation.is_equal(dependence.relation):
            return dependence
        relation = relation.coalesce()
        if relation.is_empty():
            return None
        return replace(dependence, relation=relation, text=str(relation))

    def _in_range(
        self, relation: isl.Map, accesses: list[list[Access]], source: Statement, sink: Statement
    ) -> isl.Map:
        """The pairs of which some two accesses can meet, for all that ranges of indices say."""
        kept = None
        for before, after in product(*accesses):
            pairs = relation
            for one, other in zip(before.subscripts, after.subscripts, strict=True):
                pairs = pairs.intersect_domain(self._meeting(source, one, other))
                pairs = pairs.intersect_range(self._meeting(sink, other, one))
            kept = pairs if kept is None else kept.union(pairs)
        return relation if kept is None else kept

    def _meeting(self, statement: Statement, own: Affine, other: Affine) -> isl.Set:
        """The instances in which the subscript `own` may be one that `other` reads from data."""
        frame = self.frames[statement.name]
        limits, theirs = self._range(own), self._range(other)
        if theirs is None or (own.is_data and limits is None):
            return frame.universe()
        first, last = limits or (own, own + Affine.integer(1))
        return frame.holds(All((Compare("<", first, theirs[1]), Compare("<", theirs[0], last))))

    def _range(self, subscript: Affine) -> tuple[Affine, Affine] | None:
        found = _element(subscript)
        return None if found is None or found.shift else self.limits.get(found.array)

    def _same_place(
        self, accesses: list[list[Access]], dimension: int, source: Statement, sink: Statement
    ) -> isl.Map | None:
        """The pairs that read one element of an injective index array, where all accesses do."""
        sides = [{_element(a.subscripts[dimension]) for a in side} for side in accesses]
        if any(len(side) != 1 for side in sides):
            return None
        first, second = (side.pop() for side in sides)
        if first is None or second is None:
            return None
        is_one = (first.array, first.shift) == (second.array, second.shift)
        if not is_one or first.array not in self.injective:
            return None
        before = self.frames[source.name].access("at", first.subscripts)
        return before.apply_range(self.frames[sink.name].access("at", second.subscripts).reverse())

    def _in_other_rows(
        self, accesses: list[list[Access]], dimension: int, source: Statement, sink: Statement
    ) -> isl.Map | None:
        """The pairs at one place of the ranges of a monotone array, but in different ranges."""
        sides = [{a.subscripts[dimension] for a in side} for side in accesses]
        if any(len(side) != 1 for side in sides):
            return None
        rows = [self._row(s, side.pop()) for s, side in zip((source, sink), sides, strict=True)]
        first, second = rows
        if first is None or second is None or first.array != second.array:
            return None
        maps = []
        for names in ((first.place, second.place), (first.row, second.row)):
            before = self.frames[source.name].access("at", (names[0],))
            after = self.frames[sink.name].access("at", (names[1],))
            maps.append(before.apply_range(after.reverse()))
        return maps[0].subtract(maps[1])

    def _row(self, statement: Statement, subscript: Affine) -> _Row | None:
        """The range that a subscript `k` runs through, `array[row]` to `array[row + 1]`."""
        place = subscript.single_name
        bounds = {b.is_lower: _element(b.value) for b in statement.ranges if b.variable == place}
        lower, upper = bounds.get(True), bounds.get(False)
        if place is None or lower is None or upper is None or lower.array != upper.array:
            return None
        if lower.array not in self.monotone or lower.shift or upper.shift:
            return None
        row, after = lower.subscripts[0], upper.subscripts[0]
        is_next = after - row == Affine.integer(1)
        return _Row(lower.array, Affine.name(place), row) if is_next else None


def _ends(dependence: Dependence, accesses: list[list[Access]]) -> list[list[Access]]:
    """The accesses of source and sink that a dependence of this kind is between."""
    first, second = {"flow": (False, True), "anti": (True, False), "output": (False, False)}.get(
        dependence.kind, (None, None)
    )
    return [
        [a for a in side if reads is None or (a.kind == "read") == reads]
        for side, reads in zip(accesses, (first, second), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Row:
    array: str
    place: Affine
    row: Affine


def _element(value: Affine) -> _Element | None:
    """The element of an index array that a subscript is, with what is added to it."""
    atom = value.terms[0][0] if len(value.terms) == 1 and not value.constant else None
    if not isinstance(atom, Datum) or value.terms[0][1] != 1:
        return None
    return _of(atom.expr)


def _of(expr: Expr) -> _Element | None:
    match expr:
        case Cast(operand, dtype) if operand.dtype.is_integer and dtype.bits >= operand.dtype.bits:
            return _of(operand)
        case Load(array, subscripts) if subscripts and not any(s.is_data for s in subscripts):
            return _Element(array, subscripts, 0)
        case Binary("add" | "sub" as op, left, Const() as other):
            found = _of(left)
            if found is None:
                return None
            step = other.integer if op == "add" else -other.integer
            return replace(found, shift=found.shift + step)
        case _:
            return None
