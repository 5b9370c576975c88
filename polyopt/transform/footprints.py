"""Footprints: which elements of an array run below a place in the tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import MappingProxyType
from typing import Any

import islpy as isl

from polyopt._isl import Frame, affine_from_aff, one_form
from polyopt._spaces import integer
from polyopt.model.affine import Affine, All, Compare
from polyopt.model.dependences import Dependence
from polyopt.model.frames import frames
from polyopt.model.scop import Access, Scop, Statement
from polyopt.model.tree import Member
from polyopt.transform.copies import Wanted, any_of

_LARGEST_BLOCK = 4096


def is_target(statement: Statement, access: Access) -> bool:
    """Whether the access is the element that the statement updates."""
    return access.array == statement.array and access.subscripts == statement.subscripts


Block = tuple[tuple[Affine, ...], tuple[int, ...]]
"""Origin and constant shape of a box of elements."""

_Box = tuple[Block, tuple[Affine, ...]]
"""A box, and where what is touched of it ends; nothing where all of it is."""


@dataclass(frozen=True, slots=True)
class Home:
    """`is_whole`: no element is used in two iterations of the loops outside. `block`: the box
    that holds the elements of one iteration, where it has a constant shape."""

    is_whole: bool
    block: Block | None


@dataclass(frozen=True, slots=True)
class Filled:
    """A box that is touched as a whole: by all accesses, or by `targets_only` while others touch
    none of it; with `ends`, but for what of it lies at these or beyond, which are affines in the
    parameters, one a dimension."""

    block: Block
    targets_only: bool
    ends: tuple[Affine, ...]


Restriction = Mapping[str, tuple[str, ...]]
"""Per statement the isl texts of the subsets that reach a point; none for its whole domain."""


class Footprints:
    """Relations between the loops outside a point and the elements of an array below it.

    `before` has those of a model that differs in storage alone: what it found is kept. `flows` are
    the dependences along which values reach reads.
    """

    def __init__(
        self,
        scop: Scop,
        before: Footprints | None = None,
        flows: tuple[Dependence, ...] = (),
    ) -> None:
        self.scop = scop
        self.flows = flows
        self._homes: dict[object, Home] = {} if before is None else before._homes
        self._full: dict[object, Filled | None] = {}
        self.fillings: dict[object, Any] = {}
        self.packed: dict[object, tuple[Any, bool]] = {}
        self._domains: dict[tuple[str, tuple[str, ...]], isl.Set] = {}
        self.frames = frames(scop)

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
            rows = tuple(m.row(statement.name) for m in outside)
            domain = self._domain(statement, within.get(statement.name, ()))
            prefix = frame.access("prefix", rows).intersect_domain(domain)
            for access in statement.accesses:
                if access.array == array and wanted(statement, access):
                    part = prefix.reverse().apply_range(frame.access(array, access.subscripts))
                    result = part if result is None else result.union(part)
        return None if result is None else result.coalesce()

    def feeds(
        self,
        outside: tuple[Member, ...],
        inside: list[Statement],
        array: str,
        *,
        wanted: Wanted,
        within: Restriction,
    ) -> bool:
        """Whether a value that is written in an iteration of the loops outside reaches one of the
        wanted reads in the same iteration."""
        names = {s.name for s in inside}
        return any(
            not self.meeting(flow, flow.sink, wanted, outside, within).is_empty()
            for flow in self.flows
            if flow.array == array and {flow.source, flow.sink} <= names
        )

    def meeting(
        self,
        dependence: Dependence,
        reader: str,
        wanted: Wanted,
        outside: tuple[Member, ...] = (),
        within: Restriction = MappingProxyType({}),
    ) -> isl.Map:
        """The pairs of a dependence in which a wanted read of the `reader`, at one of its ends,
        meets what the other end writes, in one iteration of the loops outside."""
        reads = self.scop.statement(reader)
        at_sink = reader == dependence.sink and dependence.kind != "anti"
        writes = self.scop.statement(dependence.source if at_sink else dependence.sink)
        touched = tuple(
            a.subscripts for a in reads.accesses if a.array == dependence.array and wanted(reads, a)
        )
        if not touched:
            return isl.Map.empty(dependence.relation.get_space())
        written = self._held(outside, writes, (writes.subscripts,), dependence.array, within)
        read = self._held(outside, reads, touched, dependence.array, within)
        first, second = (written, read) if at_sink else (read, written)
        return first.apply_range(second.reverse()).intersect(dependence.relation)

    def _held(
        self,
        outside: tuple[Member, ...],
        statement: Statement,
        touched: tuple[tuple[Affine, ...], ...],
        array: str,
        within: Restriction,
    ) -> isl.Map:
        """`{ instance → [loops outside, element] }`, for each of some elements."""
        frame = self.frames[statement.name]
        rows = tuple(m.row(statement.name) for m in outside)
        domain = self._domain(statement, within.get(statement.name, ()))
        parts = [frame.access(array, (*rows, *subscripts)) for subscripts in touched]
        result = isl.Map.empty(parts[0].get_space())
        for part in parts:
            result = result.union(part)
        return result.intersect_domain(domain)

    def _domain(self, statement: Statement, texts: tuple[str, ...]) -> isl.Set:
        key = (statement.name, texts)
        if key not in self._domains:
            domain = statement.domain.intersect_params(self.scop.facts)
            for text in texts:
                domain = domain.intersect(isl.Set(text))
            self._domains[key] = domain
        return self._domains[key]

    def home(
        self,
        outside: tuple[Member, ...],
        users: list[Statement],
        array: str,
        copies: int | None = None,
    ) -> Home:
        """What a place inside some loops can be to an array's copies, which the first `copies`
        subscripts tell apart; with that, the block is of one copy."""
        rows = tuple((s.name, tuple(m.row(s.name) for m in outside)) for s in users)
        touched = tuple(a.subscripts for s in users for a in s.accesses if a.array == array)
        key = (array, rows, touched, copies)
        if key not in self._homes:
            elements = self.elements(outside, users, array)
            whole = elements is not None and elements.reverse().is_single_valued()
            block: Block | None = None
            if elements is not None and copies is not None:
                block = ((), ()) if _is_one_copy(elements, copies) else None
            elif elements is not None and whole:
                block = self.box(elements, len(outside))
            self._homes[key] = Home(whole, block)
        return self._homes[key]

    def apart(
        self,
        outside: tuple[Member, ...],
        updates: list[Statement],
        users: list[Statement],
        array: str,
        within: Restriction = MappingProxyType({}),
        but: Wanted = lambda _statement, _access: False,
    ) -> bool:
        """Whether, for fixed outer loops, only the updates' targets touch their elements, `but`
        for some accesses."""

        def other(statement: Statement, access: Access) -> bool:
            is_update = statement in updates and is_target(statement, access)
            return not is_update and not but(statement, access)

        targets = self.elements(outside, updates, array, wanted=is_target, within=within)
        others = self.elements(outside, users, array, wanted=other, within=within)
        return others is None or targets is None or targets.intersect(others).is_empty()

    def block(
        self,
        outside: tuple[Member, ...],
        users: list[Statement],
        array: str,
        *,
        targets_only: bool = False,
    ) -> Block | None:
        """Origin and constant shape of the elements touched for fixed outer loops, or None."""
        wanted: Wanted = is_target if targets_only else lambda _statement, _access: True
        elements = self.elements(outside, users, array, wanted=wanted)
        return None if elements is None else self.box(elements, len(outside))

    def full_block(
        self,
        outside: tuple[Member, ...],
        users: list[Statement],
        array: str,
        within: Restriction,
        copies: tuple[str, ...] = (),
    ) -> Filled | None:
        """The box of which every element that exists is touched for all outer loops; else None.

        What is read from `copies` that stand around it touches none.
        """
        rows = tuple((s.name, tuple(m.row(s.name) for m in outside)) for s in users)
        copies = tuple(c for c in copies if c.partition("[")[0] == array)
        key = (array, rows, tuple(within.get(s.name, ()) for s in users), copies)
        if key not in self._full:
            self._full[key] = self._find_full(outside, users, array, within, any_of(copies))
        return self._full[key]

    def access_block(
        self,
        outside: tuple[Member, ...],
        statement: Statement,
        access: Access,
        within: Restriction,
    ) -> Filled | None:
        """The box of which one access touches every element that exists; else None."""
        found = self.elements(
            outside, [statement], access.array, wanted=lambda _, a: a == access, within=within
        )
        box = self._filled(outside, found) or self._filled_to_ends(outside, found)
        return None if box is None else Filled(box[0], targets_only=True, ends=box[1])

    def _find_full(
        self,
        outside: tuple[Member, ...],
        users: list[Statement],
        array: str,
        within: Restriction,
        but: Wanted,
    ) -> Filled | None:
        all_ = self.elements(
            outside, users, array, wanted=lambda s, a: not but(s, a), within=within
        )
        writers = [s for s in users if s.array == array]
        targets = self.elements(outside, writers, array, wanted=is_target, within=within)
        for find in (self._filled, self._filled_to_ends):
            found = find(outside, all_)
            if found is not None:
                return Filled(found[0], targets_only=False, ends=found[1])
            found = find(outside, targets)
            if found is not None and self.apart(outside, writers, users, array, within, but):
                return Filled(found[0], targets_only=True, ends=found[1])
        return None

    def _filled(self, outside: tuple[Member, ...], elements: isl.Map | None) -> _Box | None:
        """The box of elements, where all of it is touched."""
        box = None if elements is None else self.box(elements, len(outside))
        if elements is None or box is None:
            return None
        return (box, ()) if _fills(elements, box[1]) else None

    def _filled_to_ends(self, outside: tuple[Member, ...], elements: isl.Map | None) -> _Box | None:
        """The box, where all of it is touched that lies before the last element touched at all."""
        box = None if elements is None else self.box(elements, len(outside))
        if elements is None or box is None or not box[1] or prod(box[1]) > _LARGEST_BLOCK:
            return None
        names = tuple(f"c{i}" for i in range(len(outside)))
        corner = Frame(self.scop.parameter_names, "prefix", names)
        first = elements.lexmin()
        if not first.is_subset(corner.access(elements.get_tuple_name(isl.dim_type.out), box[0])):
            return None  # a block from before the first element touched may begin outside the array
        touched = elements.range()
        ends = [self.end(touched, d) for d in range(len(box[1]))]
        known = tuple(end for end in ends if end is not None)
        if len(known) < len(ends):
            return None
        names = tuple(f"d{d}" for d in range(len(known)))
        frame = Frame(self.scop.parameter_names, None, names)
        inside = [Compare("<", Affine.name(n), end) for n, end in zip(names, known, strict=True)]
        before = frame.holds(All(tuple(inside))).set_tuple_name(touched.get_tuple_name())
        filled = boxes(first, box[1]).intersect_range(before)
        return (box, known) if filled.is_subset(elements) and elements.is_subset(filled) else None

    def end(self, touched: isl.Set, dimension: int) -> Affine | None:
        """The affine in the parameters after the greatest element along a dimension, where it has
        one form."""
        last = touched.dim_max(dimension)
        end = one_form(last.gist(last.domain()).coalesce(), self.scop.parameter_names)
        return None if end is None else end + 1

    def fixed_element(
        self,
        outside: tuple[Member, ...],
        inside: list[Statement],
        statement: Statement,
        access: Access,
        within: Restriction,
    ) -> tuple[Affine, ...] | None:
        """The one element that a read touches for fixed outer loops, where no write of the
        statements inside touches it then; else None."""
        read = self.elements(
            outside, [statement], access.array, wanted=lambda _, a: a == access, within=within
        )
        writes = self.elements(
            outside, inside, access.array, wanted=lambda _, a: a.kind != "read", within=within
        )
        if read is None or not read.is_single_valued():
            return None
        if writes is not None and not read.intersect(writes).is_empty():
            return None
        box = self.box(read, len(outside))
        return None if box is None else box[0]

    def box(self, elements: isl.Map, depth: int, limit: int = _LARGEST_BLOCK) -> Block | None:
        """The box around the elements for fixed outer loops, no extent of it above the limit."""
        rank = elements.dim(isl.dim_type.out)
        origin: list[Affine] = []
        shape: list[int] = []
        for dimension in range(rank):
            found = self.extent(elements, dimension, depth, limit)
            if found is None:
                return None
            origin.append(found[0])
            shape.append(found[1])
        return tuple(origin), tuple(shape)

    def extent(
        self, elements: isl.Map, dimension: int, depth: int, limit: int
    ) -> tuple[Affine, int] | None:
        """Where the box around the elements begins along a dimension, and its extent, where that
        is constant and not above the limit."""
        one = elements.project_out(
            isl.dim_type.out, dimension + 1, elements.dim(isl.dim_type.out) - dimension - 1
        ).project_out(isl.dim_type.out, 0, dimension)
        if one.is_single_valued():
            origin = self._function(one, depth)
            return None if origin is None else (origin, 1)
        try:
            low, high = one.lexmin_pw_multi_aff(), one.lexmax_pw_multi_aff()
        except isl.Error:  # unbounded, where a subscript is read from data
            return None
        first = low.get_pw_aff(0)
        for _, start in first.get_pieces():
            # The least element may have several forms, such as max(1, 64 c0): one that is never
            # above it will do, as long as the block stays bounded.
            origin = affine_from_aff(
                start, self.scop.parameter_names, [f"c{i}" for i in range(depth)]
            )
            base = isl.PwAff(start)
            below = _range(base.sub(first)).dim_max_val(0)
            span = _range(high.get_pw_aff(0).sub(base)).dim_max_val(0)
            if origin is None or not below.is_int() or integer(below) > 0 or not span.is_int():
                continue
            if integer(span) < limit:
                return origin, integer(span) + 1
        return None

    def _function(self, relation: isl.Map, depth: int) -> Affine | None:
        # The gist of the map itself may lose what makes it single-valued.
        function = isl.PwMultiAff.from_map(relation).get_pw_aff(0)
        function = function.gist(relation.domain()).coalesce()
        return one_form(function, self.scop.parameter_names, [f"c{i}" for i in range(depth)])


def _is_one_copy(elements: isl.Map, copies: int) -> bool:
    """Whether for fixed outer loops the first subscripts are one."""
    rank = elements.dim(isl.dim_type.out)
    first = elements.project_out(isl.dim_type.out, copies, rank - copies)
    return bool(first.is_single_valued())


def _range(function: isl.PwAff) -> isl.Set:
    """The values that a function takes."""
    return isl.Map.from_pw_aff(function).range()


def _fills(elements: isl.Map, shape: tuple[int, ...]) -> bool:
    """Whether the elements of every outer iteration are a whole box of that shape."""
    filled = boxes(elements.lexmin(), shape)
    return bool(filled.is_subset(elements) and elements.is_subset(filled))


def boxes(corners: isl.Map, shape: tuple[int, ...]) -> isl.Map:
    """Each element that a relation gives, with the box of that shape of which it is the first."""
    for dimension, extent in enumerate(shape):
        corners = _extended(corners, dimension, extent)
    return corners


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
