"""Legality: one function, read as the textbook has it.

A schedule is legal when every dependence runs forward: going down the tree, the first dimension
that tells source and sink apart must put the source first. A pair that no dimension tells apart,
or that one tells apart the wrong way, is a violation. A parallel or vector loop must tell no
dependent pair apart that the loops around it leave together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import islpy as isl

from polyopt._isl import Frame, coalesced
from polyopt.model.affine import Affine
from polyopt.model.dependences import Dependence, Dependences
from polyopt.model.frames import frames
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Leaf, Mark, Member, Node, Region, Sequence, Tree
from polyopt.model.types import FpMode
from polyopt.transform.copies import copied, reads_of
from polyopt.transform.distances import Distances
from polyopt.transform.footprints import Footprints

Path = tuple[int, ...]
"""A place in the tree: child numbers from the root."""


@dataclass(frozen=True)
class Breach:
    """A dependence that a tree breaks, and where: at an ordering, a parallel or a vector loop."""

    dependence: Dependence
    relation: isl.Map = field(compare=False, repr=False)
    where: str
    loop: str | None


@dataclass(frozen=True)
class Level:
    """What one band member does to the dependences that the loops outside leave to it.

    `carried`: dependences with a pair that this loop tells apart, outer loops equal.
    `reductions`: those of them that may be reordered, updates of one reduction.
    """

    path: Path
    position: int
    member: Member
    carried: tuple[Dependence, ...]
    reductions: tuple[Dependence, ...]

    @property
    def is_parallel(self) -> bool:
        """No pair of dependent instances lies in different iterations."""
        return not self.carried and not self.reductions

    @property
    def is_vector(self) -> bool:
        """Only reductions are carried."""
        return not self.carried


@dataclass(frozen=True)
class Verdict:
    """What the judge found: breaches (none: legal) and the facts of every loop."""

    breaches: tuple[Breach, ...]
    levels: tuple[Level, ...]

    @property
    def is_legal(self) -> bool:
        """Whether no dependence is broken."""
        return not self.breaches

    def confirmed(self) -> Verdict:
        """Without breaches of no pair: isl may not see that a relation is empty until it is read
        anew."""
        real = (b for b in self.breaches if not isl.Map(str(b.relation)).is_empty())
        return replace(self, breaches=tuple(real))


@dataclass(frozen=True)
class _Pending:
    """Pairs of a dependence that the loops passed so far leave together."""

    dependence: Dependence
    relation: isl.Map
    key: int


@dataclass(frozen=True)
class _Told:
    """What a loop, by its rows of `source` and `sink`, does to pairs: those in one iteration
    (None for none), and whether there are any others. `distance`: the iterations between all of
    them, where it is one number."""

    together: _Pending | None
    apart: bool
    source: Affine
    sink: Affine
    distance: int | None


_Pairing = tuple[int, Affine, Affine]
"""A pending dependence by number, and the rows of its source and its sink."""

_Subtree = tuple[int, Path, tuple[int, ...]]
"""A subtree by identity, its place, and the dependences that reach it."""

_Findings = tuple[list[Breach], list[Level], Node]


class _Memory:
    """What was computed of pending dependences, by their numbers; storage steps leave most."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Affine], isl.PwAff] = {}
        self.told: dict[tuple[int, int, int], _Told] = {}
        self.after: dict[_Pairing, isl.Map | None] = {}
        self.distances: dict[int, Distances] = {}
        self.crossed: dict[tuple[int, Affine, Affine, Affine, Affine], isl.Map | None] = {}
        self.parts: dict[tuple[int, str, bool], _Pending | None] = {}
        self.uncopied: dict[tuple[int, str], _Pending | None] = {}
        self.sets: dict[str, isl.Set] = {}
        self.numbers = count()
        self._first: dict[int, _Pending] = {}
        self._numbers: dict[Affine, int] = {}
        self._numbered: dict[int, tuple[Member, dict[str, int]]] = {}

    def numbered(self, member: Member) -> dict[str, int]:
        """Per statement the number of its row, the same for the same row."""
        if id(member) not in self._numbered:  # kept with its member, and so with its identity
            known = self._numbers
            found = {name: known.setdefault(row, len(known)) for name, row in member.rows}
            self._numbered[id(member)] = (member, found)
        return self._numbered[id(member)][1]

    def first(self, dependence: Dependence) -> _Pending:
        """All pairs of a dependence, always under the same number."""
        known = self._first.get(id(dependence))
        if known is None:
            known = _Pending(dependence, dependence.relation, next(self.numbers))
            self._first[id(dependence)] = known
        return known


class Judge:
    """Judges trees over one model; what it computes for a prefix of loops it remembers.

    `before` is the judge of a model that differs in storage alone, over the same domains.
    """

    def __init__(
        self, scop: Scop, dependences: Dependences, fp: FpMode, before: Judge | None = None
    ) -> None:
        self.scop = scop
        self.fp = fp
        self.dependences = dependences
        self._frames = frames(scop)
        self._memory: _Memory = _Memory() if before is None else before._memory
        self._subtrees: dict[_Subtree, _Findings] = {}
        self._first = [self._memory.first(d) for d in dependences.items]
        self.footprints: Footprints = Footprints(
            scop,
            None if before is None else before.footprints,
            dependences.of_kind("flow", "reduction"),
        )

    def frame(self, statement: str) -> Frame:
        """The isl frame of a statement."""
        return self._frames[statement]

    def may_reorder(self, dependence: Dependence) -> bool:
        """Whether the order of this dependence's pairs may be given up (their atomicity not)."""
        if dependence.kind != "reduction":
            return False
        reduction = self.scop.statement(dependence.source).reduction
        return self.fp != "strict" or (reduction is not None and reduction.exact)

    def judge(self, tree: Tree) -> Verdict:
        """Every breach, and the facts of every loop."""
        pending = list(self._first)
        breaches: list[Breach] = []
        levels: list[Level] = []
        self._node(tree.root, (), pending, breaches, levels)
        return Verdict(tuple(breaches), tuple(levels))

    def _node(
        self,
        node: Node,
        path: Path,
        pending: list[_Pending],
        breaches: list[Breach],
        levels: list[Level],
    ) -> None:
        """Judge a subtree, or remember it: steps leave most of a tree as it was."""
        key = (id(node), path, tuple(p.key for p in pending))
        if key not in self._subtrees:
            found: tuple[list[Breach], list[Level]] = ([], [])
            self._visit(node, path, pending, *found)
            # The node is kept, so that no other can come to have its identity.
            self._subtrees[key] = (*found, node)
        known = self._subtrees[key]
        breaches += known[0]
        levels += known[1]

    def _visit(
        self,
        node: Node,
        path: Path,
        pending: list[_Pending],
        breaches: list[Breach],
        levels: list[Level],
    ) -> None:
        match node:
            case Leaf():
                breaches += [
                    Breach(p.dependence, p.relation, "leaf", None)
                    for p in pending
                    if not self.may_reorder(p.dependence)
                ]
            case Band(members, child):
                for position, member in enumerate(members):
                    if member.pipeline:
                        breaches += self._pipeline(members[position:][:2], pending)
                    pending = self._member(member, path, position, pending, breaches, levels)
                self._node(child, (*path, 0), pending, breaches, levels)
            case Mark(name, child):
                what = copied(name)
                pending = pending if what is None else self._after_copy(what, pending)
                self._node(child, (*path, 0), pending, breaches, levels)
            case Region(_, child):
                self._node(child, (*path, 0), pending, breaches, levels)
            case Sequence():
                for position, (child, inside) in enumerate(self._sequence(node, pending, breaches)):
                    self._node(child, (*path, position), inside, breaches, levels)

    def _after_copy(self, what: str, pending: list[_Pending]) -> list[_Pending]:
        """The pairs that are left where reads were copied before: what is overwritten after a
        copy was made, its reads do not miss."""
        is_copied = reads_of(what)
        left: list[_Pending] = []
        for item in pending:
            dependence = item.dependence
            source = self.scop.statement(dependence.source)
            reads = [a for a in source.accesses if is_copied(source, a)]
            if dependence.kind != "anti" or not any(a.array == dependence.array for a in reads):
                left.append(item)
                continue
            key = (item.key, what)
            if key not in self._memory.uncopied:
                others = self.footprints.meeting(
                    dependence, source.name, lambda s, a: a.kind == "read" and not is_copied(s, a)
                )
                rest = item.relation.intersect(others)
                number = next(self._memory.numbers)
                found = None if rest.is_empty() else _Pending(dependence, rest, number)
                self._memory.uncopied[key] = found
            kept = self._memory.uncopied[key]
            left += [] if kept is None else [kept]
        return left

    def _member(
        self,
        member: Member,
        path: Path,
        position: int,
        pending: list[_Pending],
        breaches: list[Breach],
        levels: list[Level],
    ) -> list[_Pending]:
        left: list[_Pending] = []
        carried: list[Dependence] = []
        reductions: list[Dependence] = []
        rows = self._memory.numbered(member)
        for item in pending:
            dependence = item.dependence
            free = self.may_reorder(dependence)
            told = self._told(item, member, rows)
            if not free:
                backward = self._backward(item, told)
                if backward is not None:
                    breaches.append(Breach(dependence, backward, "order", member.name))
            if told.together is not None:
                left.append(told.together)
            if told.apart:
                (reductions if free else carried).append(dependence)
        levels.append(Level(path, position, member, tuple(carried), tuple(reductions)))
        breaches += self._mark_breaches(member, pending, rows)
        return left

    def _mark_breaches(
        self, member: Member, pending: list[_Pending], rows: dict[str, int]
    ) -> Iterator[Breach]:
        """The pairs in different iterations of a loop whose marks allow none."""
        if not (member.parallel or member.vector or member.partials):
            return
        mark = "parallel" if member.parallel else "vector"
        strict = member.parallel and not member.partials
        for item in pending:
            told = self._told(item, member, rows)
            if told.apart and (strict or not self.may_reorder(item.dependence)):
                yield Breach(item.dependence, _apart(item, told), mark, member.name)

    def _pipeline(self, members: tuple[Member, ...], pending: list[_Pending]) -> Iterator[Breach]:
        """Pairs that no wait of a pipeline orders: apart in both loops, and in opposite ways.

        An iteration waits at each step of the second loop for the one before, which has waited
        itself: so all pairs that are forward in both loops are in order, reductions included.
        """
        if len(members) == 1:  # no step to wait at: iterations wait for whole ones
            return
        for item in pending:
            wrong = self._crossed(item, *members)
            if wrong is not None:
                yield Breach(item.dependence, wrong, "pipeline", members[0].name)

    def _crossed(self, item: _Pending, first: Member, second: Member) -> isl.Map | None:
        """The pairs that are apart in two loops in opposite ways; None for none."""
        (a, b), (c, d) = (self._pair(item, m) for m in (first, second))
        key = (item.key, a, b, c, d)
        if key not in self._memory.crossed:
            source, sink = item.dependence.source, item.dependence.sink
            outer, inner = self._row(source, a), self._row(source, c)
            outer_sink, inner_sink = self._row(sink, b), self._row(sink, d)
            crossed = outer.lt_map(outer_sink).intersect(inner.gt_map(inner_sink))
            crossed = crossed.union(outer.gt_map(outer_sink).intersect(inner.lt_map(inner_sink)))
            wrong = item.relation.intersect(crossed)
            self._memory.crossed[key] = None if wrong.is_empty() else wrong
        return self._memory.crossed[key]

    def _row(self, statement: str, row: Affine) -> isl.PwAff:
        key = (statement, row)
        if key not in self._memory.rows:
            self._memory.rows[key] = self._frames[statement].pw_aff(row)
        return self._memory.rows[key]

    def _pair(self, item: _Pending, member: Member) -> tuple[Affine, Affine]:
        return member.row(item.dependence.source), member.row(item.dependence.sink)

    def _told(self, item: _Pending, member: Member, rows: dict[str, int]) -> _Told:
        """What a loop does to pairs; `rows` are the numbers of its rows."""
        source, sink = item.dependence.source, item.dependence.sink
        key = (item.key, rows[source], rows[sink])
        if key not in self._memory.told:
            self._memory.told[key] = self._tell(item, member.row(source), member.row(sink))
        return self._memory.told[key]

    def _tell(self, item: _Pending, source: Affine, sink: Affine) -> _Told:
        """By the dependence's own distances where they say it, else by sets."""
        distance = self._distances(item.dependence).of(source, sink)
        if distance is not None:
            together = item if distance == 0 else None
            return _Told(together, distance != 0, source, sink, distance)
        first = self._row(item.dependence.source, source)
        second = self._row(item.dependence.sink, sink)
        left = coalesced(item.relation.intersect(first.eq_map(second)))
        if left.is_empty():
            return _Told(None, True, source, sink, None)
        together = _Pending(item.dependence, left, next(self._memory.numbers))
        return _Told(together, not item.relation.is_subset(left), source, sink, None)

    def _distances(self, dependence: Dependence) -> Distances:
        known = self._memory.distances
        if id(dependence) not in known:  # which the memory keeps, and with it its identity
            source, sink = (self._frames[n] for n in (dependence.source, dependence.sink))
            known[id(dependence)] = Distances(dependence, source, sink)
        return known[id(dependence)]

    def _backward(self, item: _Pending, told: _Told) -> isl.Map | None:
        """The pairs that a loop runs backwards; None for none."""
        if told.distance is not None:
            return item.relation if told.distance < 0 else None
        key = (item.key, told.source, told.sink)
        if key not in self._memory.after:
            first = self._row(item.dependence.source, told.source)
            second = self._row(item.dependence.sink, told.sink)
            wrong = item.relation.intersect(first.gt_map(second))
            self._memory.after[key] = None if wrong.is_empty() else wrong
        return self._memory.after[key]

    def _sequence(
        self, node: Sequence, pending: list[_Pending], breaches: list[Breach]
    ) -> list[tuple[Node, list[_Pending]]]:
        inside: list[list[_Pending]] = [[] for _ in node.children]
        filters = [dict(child.instances) for child in node.children]
        holders: dict[str, list[int]] = {}
        for position, filter_ in enumerate(filters):
            for name in filter_:
                holders.setdefault(name, []).append(position)
        for item in pending:
            for i in holders[item.dependence.source]:
                for j in holders[item.dependence.sink]:
                    if i < j:
                        continue
                    part = self._between(item, filters[i], filters[j])
                    if part is None:
                        continue
                    if i == j:
                        inside[i].append(part)
                    elif not self.may_reorder(item.dependence):
                        breaches.append(Breach(item.dependence, part.relation, "order", None))
        return [(c.child, inside[i]) for i, c in enumerate(node.children)]

    def _between(
        self, item: _Pending, source: dict[str, str], sink: dict[str, str]
    ) -> _Pending | None:
        """The pairs from the instances of one filter to those of another."""
        first, second = source[item.dependence.source], sink[item.dependence.sink]
        part = self._within(item, first, at_source=True) if first else item
        return self._within(part, second, at_source=False) if part and second else part

    def _within(self, item: _Pending, text: str, *, at_source: bool) -> _Pending | None:
        """The pairs whose source, or sink, is among some instances."""
        key = (item.key, text, at_source)
        if key not in self._memory.parts:
            known = self._memory.sets
            held = known[text] if text in known else known.setdefault(text, isl.Set(text))
            relation = item.relation
            left = relation.intersect_domain(held) if at_source else relation.intersect_range(held)
            number = next(self._memory.numbers)
            found = None if left.is_empty() else _Pending(item.dependence, left, number)
            self._memory.parts[key] = found
        return self._memory.parts[key]


def _apart(item: _Pending, told: _Told) -> isl.Map:
    """The pairs that a loop tells apart."""
    together = told.together
    return item.relation if together is None else item.relation.subtract(together.relation)
